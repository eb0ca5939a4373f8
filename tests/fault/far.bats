#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# File systems where each call is a round trip: the workers walk. deaths.bats,
# interrupt.bats and others run that way a second time (FAR=1); here is what
# only this way has.
# shellcheck disable=SC2016,SC2030,SC2031,SC2034,SC2154

load ../cli/trees

setup() {
  make_room
  mnt=''
}

teardown() {
  kill_started
  [ -z "$mnt" ] || fusermount3 -uz "$mnt"
  clear_room
}

# A directory "back" seen through a file system that is far, as "far".
mount_far() { # MICROSECONDS
  need cc pkg-config fusermount3
  pkg-config fuse3 2>/dev/null || skip "needs libfuse3"
  # shellcheck disable=SC2046
  cc -O1 -D_GNU_SOURCE -o "$ROOM/delayfs" "$HELPERS/../../bench/delayfs.c" \
    $(pkg-config --cflags --libs fuse3)
  mkdir back far
  ./delayfs -d "$1" back far 2>mount.err || skip "FUSE: $(cat mount.err)"
  mnt=$ROOM/far
}

# Directories of several levels and sizes, with links between them.
make_wide_tree() { # DIR
  local i

  mkdir -p "$1"/{a,b/c/d,e/f}
  for i in {1..200}; do
    echo "file $i" >"$1/a/$i"
  done
  for i in {1..30}; do
    echo "below $i" >"$1/b/c/d/$i"
    ln "$1/b/c/d/$i" "$1/e/f/link $i"
  done
  ln -s ../a "$1/b/to a"
  : >"$1/e/empty"
  chmod 0750 "$1/b"
  touch -d '2001-02-03 04:05:06.123456789' "$1/e/f" "$1/e" "$1/b/c"
}

# Runs pcopy the far way with workers killed; its status goes to $status.
far_with_kills() { # INJECTION ARG...
  need_tracer
  need_seccomp
  run strace -f -qq -o trace -e trace="${1%%:*}" -e inject="$1" \
    "$BUILD/tests/refuse" fstatfs=ENOSYS -- "$PCOPY" --stats "${@:2}"
}

@test "from, to and within a file system that is far" {
  mount_far 100
  make_wide_tree back/src
  make_wide_tree near

  run -0 "$PCOPY" --stats far/src far/dst
  same_copy back/src back/dst
  run -0 "$PCOPY" --stats far/src here -j 4
  same_copy back/src here
  run -0 "$PCOPY" --stats near far/there -j 1 --queue-depth 1
  same_copy near back/there
  run -0 "$PCOPY" --stats near far/there
  [[ "$output" == *'0 copied'* ]]
}

@test "32 workers, unless it is said how many, where a file system is far" {
  mount_far 100
  need_tracer
  mkdir back/src near

  [ "$(pool_size far/src dst)" -ge 32 ]
  [ "$(pool_size far/src dst -j 3)" -eq 3 ]
  [ "$(pool_size near dst2)" -eq "$(nproc)" ]
}

# How many processes a run forks.
pool_size() { # ARG...
  strace -f -qq -o forks -e trace=clone,clone3,fork "$PCOPY" --stats -q "$@"
  grep -cE '(clone|clone3|fork)\(.*= [0-9]+$' forks
}

@test "workers killed while they list directories lose no name" {
  make_wide_tree src
  for i in {1..40}; do
    mkdir -p "src/many/$i"
    echo "$i" >"src/many/$i/file"
  done

  # Each lists some directories, with two calls each, and dies at the next one:
  # so many that none of them meets three deaths.
  far_with_kills getdents64:signal=KILL:when=9 src dst -j 2

  echo "$output"
  [ "$status" -eq 0 ]
  [[ "$output" == *' workers died, '* ]]
  same_copy src dst
}

@test "a long listing goes on where its worker died" {
  mkdir src
  (
    cd src
    printf -v long '%0150d' 0
    seq -f "$long%.0f" 4000 | xargs touch
  )

  far_with_kills getdents64:signal=KILL:when=6 src dst -j 2

  echo "$output"
  [ "$status" -eq 0 ]
  [[ "$output" == *'pcopy: 4,000 copied, 1 directory, '*' died, '* ]]
  same_list src dst
}

@test "workers killed while they enter and finish directories" {
  make_wide_tree src

  for call in mkdirat:when=2 utimensat:when=40 fchown:when=9 statx:when=60; do
    remove dst
    far_with_kills "${call%:*}:signal=KILL:${call#*:}" src dst -j 2
    echo "$call: $output"
    [ "$status" -eq 0 ]
    same_copy src dst
  done
}

@test "a directory at whose listing three workers die is given up" {
  make_wide_tree src
  need_tracer
  need_seccomp

  run strace -f -qq -o trace -P src/b/c -e trace=getdents64 \
    -e inject=getdents64:signal=KILL \
    "$BUILD/tests/refuse" fstatfs=ENOSYS -- "$PCOPY" --stats src dst -j 2

  echo "$output"
  [ "$status" -eq 1 ]
  [ "$(grep -c '^pcopy: src/b/c/*: worker . (pid [0-9]*) died of signal 9, ' \
    <<<"$output")" -eq 3 ]
  [[ "$output" == *'given up'* ]]
  [ -d dst/b/c ] && [ ! -e dst/b/c/d ]
  cmp "src/e/f/link 3" "dst/e/f/link 3"
  # And the next run makes it whole.
  run -0 "$PCOPY" --stats src dst
  same_copy src dst
}

@test "killed where a file system is far: no half file, and the next run" {
  mount_far 2000
  make_wide_tree back/src

  "$PCOPY" --stats -q far/src far/dst -j 4 &
  wait_until has_files back/dst 3
  kill -KILL $!
  wait $! || true
  no_half_files back/src back/dst
  run -0 "$PCOPY" --stats far/src far/dst
  find back/dst -name '.pcopy.*' -delete
  diff -r back/src back/dst
}
