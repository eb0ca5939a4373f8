#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Once it has started, pcopy names nothing in its trees but by one component
# from a directory it holds, and never through a symlink under that name: shown
# from what strace saw of all its processes, by calls.awk.

load ../cli/trees

setup() {
  make_room
  need_tracer
}

teardown() {
  clear_room
}

# What runs under the tracer, and what the checker says of that.
trace() { # COMMAND [ARG]...
  rm -f trace.*
  strace -ff -qq -y -o trace -e trace=%file,clone,clone3,fork,vfork "$@" \
    >out 2>&1 || true
}

check() { # ROOT...
  local roots
  roots=$(printf "$ROOM/%s:" "$@")
  awk -v roots="${roots%:}" -f "$HELPERS/../hostile/calls.awk" trace.*
}

# No call could be led astray, and there were many.
holds() { # ROOT...
  run check "$@"
  # shellcheck disable=SC2154
  head -n 20 <<<"$output"
  # shellcheck disable=SC2154
  [ "$status" -eq 0 ]
  [ "${output% calls}" -gt "${AT_LEAST:-200}" ]
}

is_seen() { # WHY ROOT...
  local why=$1
  shift
  run -1 check "$@"
  # shellcheck disable=SC2154
  [[ $output == *"$why"* ]]
}

# Everything, and directories enough to fall out of every cache.
make_nasty_tree() { # DIR
  local i

  make_varied_tree "$1"
  for i in {1..80}; do
    mkdir -p "$1/many/$i/below"
    echo "$i" >"$1/many/$i/below/file"
    ln "$1/many/$i/below/file" "$1/many/$i/link"
  done
  touch "$1/many/a>b" "$1/many/a, \"b\""
  mkdir "$1/many/<(,"
  touch "$1/many/<(,/x"
  tool deeptree "$1" 15 200 # as deep as strace can say
}

@test "a copy made afresh" {
  make_nasty_tree src
  trace "$PCOPY" --stats -j 3 src dst
  holds src dst
  same_copy src dst
}

@test "one that is brought up to date, and mended" {
  make_nasty_tree src
  "$PCOPY" --stats -q src dst
  chmod -R go+w dst
  find dst -name 'file*' -exec touch -d 2001-01-01 {} +
  setfattr -n user.more -v 1 dst/small dst/dir || true
  ln -sfn /nowhere dst/link
  trace "$PCOPY" --stats -j 3 src dst
  holds src dst
  same_copy src dst
}

@test "--force, with everything in the way of something else" {
  make_nasty_tree src
  mkdir -p dst/small/deep/er dst/link/x
  echo 1 >dst/dir
  ln -s / dst/many
  ln -s ../.. dst/closed
  mkfifo dst/shared
  trace "$PCOPY" --stats -j 3 --force src dst
  holds src dst
  same_copy src dst
}

@test "--inplace, links and attributes not kept, sources that vanish" {
  make_nasty_tree src
  cp -r src dst
  find dst -type f -exec touch -d 2001-01-01 {} +
  trace "$PCOPY" --stats -j 3 --inplace --no-preserve=links,xattr,acl src dst
  holds src dst
}

@test "without openat2 and unnamed files" {
  need_seccomp
  make_nasty_tree src
  trace "$BUILD/tests/refuse" openat2=ENOSYS \
    "openat,2,O_TMPFILE=EOPNOTSUPP" -- "$PCOPY" --stats -j 3 src dst
  holds src dst
  same_copy src dst
}

@test "by an ordinary user" {
  make_nasty_tree src
  mkdir to
  is_root && chown -R 65534 src to
  trace setpriv --reuid=65534 --regid=65534 --clear-groups \
    "$PCOPY" --stats -j 3 src to/dst
  holds src to/dst
}

@test "single files, into a directory" {
  make_varied_tree src
  mkdir dst
  (cd src && trace "$PCOPY" --stats -j 2 one-buffer link fifo holes ../dst/ &&
    mv trace.* out ..)
  AT_LEAST=20 holds src dst
  [ -p dst/fifo ]
}

@test "a copy that follows links is seen" {
  make_varied_tree src
  trace "$PCOPY" --stats -L src dst
  is_seen 'follows links' src dst
}

@test "tools that go by paths are seen" {
  mkdir src
  echo 1 >src/file
  trace bash -c '(:); : <src/file'
  is_seen 'not from a directory of the trees' src dst
  trace bash -c '(: <src/file)'
  is_seen 'not from a directory of the trees' src dst
}

@test "calls that may not be are seen, those that may be are not" {
  local d='3</r/src/a>' line why

  while IFS='|' read -r why line; do
    printf '%s = 0\n' "$line" >trace.1
    run awk -v roots=/r/src:/r/dst -f "$HELPERS/../hostile/calls.awk" trace.1
    echo "$line: $output"
    if [ "$why" = ok ]; then
      [ "$status" -eq 0 ] && [ "$output" = '1 calls' ]
    else
      [ "$status" -eq 1 ] && [[ $output == *"$why"* ]]
    fi
  done <<EOT
ok|openat($d, "x", O_RDONLY|O_NOFOLLOW)
ok|openat($d, "a>\", O_RDONLY, ", O_RDONLY|O_NOFOLLOW)
ok|openat($d, ".", O_RDWR|O_TMPFILE, 0600)
ok|openat(3</r/src>, "x", O_RDONLY|O_NOFOLLOW)
ok|openat2($d, "x/y", {flags=O_RDONLY, resolve=RESOLVE_NO_SYMLINKS|RESOLVE_BENEATH}, 24)
ok|statx($d, "", AT_EMPTY_PATH, STATX_BASIC_STATS, {stx_mode=S_IFREG})
ok|utimensat(5</r/dst/f>, NULL, [UTIME_NOW, UTIME_NOW], 0)
ok|symlinkat("/anywhere/../else", 5</r/dst>, "x")
ok|linkat(AT_FDCWD</r>, "/proc/self/fd/7", 5</r/dst>, "x", AT_SYMLINK_FOLLOW)
ok|chmod("/proc/self/fd/7", 0600)
follows links|openat($d, "x", O_RDONLY)
follows links|statx($d, "x", AT_STATX_SYNC_AS_STAT, STATX_BASIC_STATS, {})
follows links|linkat($d, "x", 5</r/dst>, "x", AT_SYMLINK_FOLLOW)
follows links|fchownat($d, "x", 0, 0, 0)
not one component|openat($d, "x/y", O_RDONLY|O_NOFOLLOW)
not one component|openat($d, "..", O_RDONLY|O_NOFOLLOW)
not one component|unlinkat($d, "/etc/passwd", 0)
not one component|renameat($d, "x", 5</r/dst>, "../x")
not from a directory|openat(AT_FDCWD</r/src>, "x", O_RDONLY|O_NOFOLLOW)
not from a directory|mkdirat(3</r/srcs>, "x", 0700)
not from a directory|mkdirat(3</r>, "x", 0700)
not kept beneath|openat2($d, "x/y", {flags=O_NOFOLLOW, resolve=RESOLVE_NO_SYMLINKS}, 24)
goes by a path|chmod("/r/dst/x", 0600)
goes by a path|setxattr("/proc/self/fd/7/x", "user.a", "", 0, 0)
not known|fchmodat($d, "x", 0600)
not known|open("/r/src/x", O_RDONLY|O_NOFOLLOW)
EOT
}
