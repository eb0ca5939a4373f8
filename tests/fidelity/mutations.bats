#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# A good copy is changed in one respect at a time: the oracles that can must see
# it, so that no test passes by not looking, and an update run must mend it.
# shellcheck disable=SC2030,SC2031,SC2154

load mounts

setup() {
  make_fs_room
}

teardown() {
  clear_fs_room
}

copied() { # TYPE
  n_bad=0
  mount_new "$1" a
  cd a || return
  "$MAKETREE" -s src >/dev/null
  describe src seen
  run -0 "$PCOPY" src dst
  same_to_all src seen dst
}

bad() { # WHAT
  echo "$1"
  n_bad=$((n_bad + 1))
}

# Runs COMMAND, which spoils dst: just these oracles see that.
spoilt() { # ORACLES COMMAND [ARG]...
  local saw

  "${@:2}" || bad "cannot spoil: ${*:2}"
  describe dst now
  saw=$(seen_by src seen dst now)
  saw=${saw//$'\n'/ }
  [ "$saw" = "$1" ] || {
    bad "${*:2}: seen by '$saw', not by '$1'"
    cat -v seen.txt
  }
}

# The next run puts dst right, to two of the oracles that saw that it was not;
# all are asked in the end.
mended() { # ORACLES [OPTION]...
  local -a saw

  read -ra saw <<<"$1"
  shift
  run "$PCOPY" "$@" src dst
  [ "$status" -eq 0 ] || bad "status $status: $output"
  same_to_all src seen dst "${saw[@]:0:2}" ||
    bad "not mended by: pcopy $*"
}

# Both.
check() { # ORACLES COMMAND [ARG]...
  spoilt "$@"
  mended "$1"
}

none_bad() {
  same_to_all src seen dst
  run -0 "$PCOPY" src dst
  [[ $output == *'pcopy: 0 copied, '* && $output != *mended* ]]
  [ "$n_bad" -eq 0 ]
}

with_mtime_of() { # ENTRY COMMAND [ARG]...: which changes it
  local times
  times=$(stat -c '@%.9X @%.9Y' "$1")
  "${@:2}" || return
  touch -h -a -d "${times% *}" "$1"
  touch -h -m -d "${times#* }" "$1"
}

# ---- ways to spoil, each in nothing but its own respect ----

flip_byte() { # FILE
  printf '#' | dd of="$1" bs=1 conv=notrunc status=none
}

add_ns() { # ENTRY
  touch -h -m -d "@$(stat -c %.9Y "$1" | awk -F. '{
    printf "%s.%09d", $1, $2 + 1 }')" "$1"
}

# Something else under the same name, with the same times.
replace_now() { # ENTRY COMMAND [ARG]...: the entry is the last argument
  rm -r "$1"
  "${@:2}" "$1"
}

replace() { # ENTRY COMMAND [ARG]...
  local times

  times=$(stat -c '@%.9X @%.9Y' "$1")
  with_mtime_of "$(dirname "$1")" replace_now "$@"
  touch -h -a -d "${times% *}" "$1"
  touch -h -m -d "${times#* }" "$1"
}

break_link_now() { # ENTRY
  cp -a "$1" "$1.new"
  mv "$1.new" "$1"
}

break_link() { # ENTRY
  with_mtime_of "$(dirname "$1")" break_link_now "$1"
}

# The second becomes another name of the first.
join() { # ENTRY ENTRY
  with_mtime_of "$(dirname "$2")" ln -fP "$1" "$2"
}

take_away() { # ENTRY
  with_mtime_of "$(dirname "$1")" rm -rf "$1"
}

@test "content, size and times" {
  copied xfs

  check 'walker find mtree data rsync' truncate -s 900000 dst/types/file
  check 'walker find mtree rsync' truncate -s 5 dst/types/file
  check 'walker find mtree rsync' add_ns dst/types/file
  check 'walker find mtree rsync' add_ns dst/types/fifo
  check 'walker find mtree rsync' add_ns dst/types/symlink
  check 'walker find mtree rsync' add_ns dst/types/empty
  check 'walker find mtree rsync' add_ns dst
  # What size and time do not show is for --update=all.
  spoilt 'walker mtree rsync' with_mtime_of dst/types/file \
    flip_byte dst/types/file
  mended 'walker mtree rsync' --update=all --force
  spoilt 'find' touch -a -d '2001-01-01' dst/types/file
  mended find --update=all --force
  spoilt 'blocks data' with_mtime_of dst/holes/middle \
    fallocate -l 1M dst/holes/middle
  mended 'blocks data' --update=all --force
  none_bad
}

@test "permissions and owners" {
  copied ext4

  check 'walker find getfacl mtree rsync' chmod 600 dst/types/file
  check 'walker find getfacl mtree rsync' chmod 700 dst/types/empty
  check 'walker find getfacl mtree rsync' chmod 4644 dst/types/file
  check 'walker find getfacl mtree rsync' chmod 2755 dst/types/empty
  check 'walker find getfacl mtree rsync' chmod 1755 dst/types/empty
  check 'walker find getfacl mtree rsync' chmod 600 dst/types/fifo
  check 'walker find getfacl mtree rsync' chmod 600 dst/types/char
  check 'walker find getfacl mtree rsync' chmod 0 dst
  check 'walker find getfacl mtree rsync' chown 1:0 dst/types/file
  check 'walker find getfacl mtree rsync' chown 0:1 dst/types/file
  check 'walker find getfacl mtree rsync' chown 1:0 dst/types/empty
  check 'walker find getfacl mtree rsync' chown 1:0 dst/types/socket
  check 'walker find mtree rsync' chown -h 1:0 dst/types/symlink
  check 'walker find mtree rsync' chown -h 0:1 dst/symlinks/dangling
  none_bad
}

@test "attributes, ACLs and capabilities" {
  copied btrfs

  check 'walker getfattr rsync' setfattr -n user.colour -v red dst/xattrs/file
  check 'walker getfattr rsync' setfattr -x user.colour dst/xattrs/file
  check 'walker getfattr rsync' setfattr -n user.more dst/xattrs/file
  check 'walker getfattr rsync' setfattr -n user.more -v 1 dst/xattrs/dir
  check 'walker getfattr rsync' setfattr -x user.dir dst/xattrs/dir
  check 'walker getfattr rsync' setfattr -x trusted.pcopy dst/xattrs/file
  check 'walker getfattr rsync' setfattr -n trusted.more -v 1 dst/xattrs/fifo
  check 'walker getfattr rsync' setfattr -x trusted.pcopy dst/xattrs/fifo
  check 'walker getfattr rsync' \
    setfattr -h -x trusted.link dst/symlinks/dangling
  check 'walker getfattr rsync' \
    setfattr -h -n trusted.link -v other dst/symlinks/dangling
  check 'walker getfattr rsync' setfattr -x security.pcopy dst/xattrs/dir
  check 'walker getfattr rsync' setcap -r dst/xattrs/capable
  check 'walker getfattr rsync' setcap cap_chown+ep dst/xattrs/capable

  check 'walker getfattr getfacl rsync' setfacl -m u:1234:rwx,m::rw dst/acls/file
  check 'walker getfattr getfacl rsync' setfacl -m u:99:r,m::rw dst/acls/file
  check 'walker find getfattr getfacl mtree rsync' setfacl -b dst/acls/file
  check 'walker getfattr getfacl rsync' setfacl -m g::rwx,m::rw dst/acls/masked
  check 'walker getfattr getfacl rsync' setfacl -m u:1:r,m::r dst/types/file
  check 'walker getfattr getfacl rsync' setfacl -x u:1234 -m m::rw dst/acls/fifo
  check 'walker getfattr getfacl rsync' setfacl -k dst/acls/default
  check 'walker getfattr getfacl rsync' setfacl -d -m u:7:r dst/acls/plain
  check 'walker getfattr getfacl rsync' setfacl -d -m u:7:r dst/acls/both
  none_bad
}

@test "inode flags and project ids" {
  copied xfs

  check 'walker lsattr' chattr -d dst/flags/d
  check 'walker lsattr' chattr +A dst/flags/d
  check 'walker lsattr' chattr -A dst/flags/A.d
  check 'walker lsattr' chattr +S dst/types/empty
  check 'walker lsattr' chattr -i dst/flags/i
  check 'walker lsattr' chattr -a dst/flags/a
  check 'walker lsattr' chattr -i dst/flags/i.d
  check 'walker lsattr' chattr -a dst/flags/a.d
  check 'walker lsattr' chattr -p 5 dst/flags/project
  check 'walker lsattr' chattr -p 0 dst/flags/projects
  check 'walker lsattr' chattr -P dst/flags/projects
  check 'walker lsattr' chattr -p 9 dst/types/file
  none_bad
}

@test "inode flags of btrfs" {
  copied btrfs

  check 'walker lsattr' chattr -C dst/flags/C.d
  check 'walker lsattr' chattr +C dst/types/empty
  check 'walker getfattr lsattr rsync' chattr -c dst/flags/c
  check 'walker lsattr' chattr -m dst/flags/m.d
  # Nothing but a new file can have it, or be without.
  check 'walker lsattr' replace dst/flags/C cp -a src/flags/C
  none_bad
}

# Without --force nothing happens to it, and that is said.
@test "what is locked is mended if that is asked for" {
  copied ext4

  for entry in i i.d a a.d; do
    chattr -ai "dst/flags/$entry"
    chmod 600 "dst/flags/$entry"
    chattr +"${entry%.d}" "dst/flags/$entry"
  done
  describe dst now
  [ "$(seen_by src seen dst now | xargs)" = 'walker find getfacl mtree rsync' ]

  run -1 "$PCOPY" src dst
  echo "$output"
  [ "$(count_of failed "$output")" -eq 4 ]
  for entry in i i.d a a.d; do
    [[ $output == *"dst/flags/$entry: is immutable or append-only (see --force)"* ]]
  done
  describe dst after
  [ -z "$(seen_by dst now dst after)" ]
  run -0 "$PCOPY" --force src dst
  none_bad
}

@test "what is in a locked directory is replaced if that is asked for" {
  copied xfs

  for entry in i.d a.d; do
    chattr -ai "dst/flags/$entry"
    echo other >"dst/flags/$entry/file"
    chattr +"${entry%.d}" "dst/flags/$entry"
  done
  chattr -i dst/flags/linked-i dst/flags/i.d
  rm dst/flags/i.d/linked-i
  chattr +i dst/flags/linked-i dst/flags/i.d
  chattr +i dst
  describe dst now

  run -1 "$PCOPY" src dst
  echo "$output"
  describe dst after
  [ -z "$(seen_by dst now dst after)" ]
  run -0 "$PCOPY" --force src dst
  chattr -i src
  none_bad
}

# Each other name lifts the lock for a moment: many workers do not undo that.
@test "files that are locked and have many names" {
  mount_new xfs a
  cd a
  mkdir -p src/{1..20}
  for file in a b c d e; do
    echo "$file" >"src/1/$file"
    for dir in {2..20}; do
      ln "src/1/$file" "src/$dir/$file"
    done
  done
  chattr +i src/1/*
  describe src seen

  run -0 "$PCOPY" -j 8 src dst
  same_to_all src seen dst

  # With names that are taken, too.
  chattr -i dst/1/*
  for dir in {11..20}; do
    for file in a b c d e; do
      break_link "dst/$dir/$file"
    done
  done
  chattr +i dst/1/*
  run -0 "$PCOPY" -j 8 --force src dst
  same_to_all src seen dst
}

make_node() { # MODE TYPE MAJOR MINOR ENTRY
  mknod -m "$1" "$5" "$2" "$3" "$4"
}

@test "link targets and devices" {
  copied btrfs

  check 'walker find mtree rsync' replace dst/types/symlink ln -s elsewhere
  check 'walker find mtree rsync' replace dst/types/symlink ln -s file/
  check 'walker find mtree rsync' replace dst/symlinks/long ln -s short
  check 'walker mtree rsync' replace dst/types/char make_node 644 c 1 5
  check 'walker mtree rsync' replace dst/types/block make_node 644 b 8 200
  check 'walker find mtree' replace dst/types/block make_node 644 c 7 200
  check 'walker find mtree' replace dst/types/char make_node 644 b 1 3
  none_bad
}

@test "links" {
  copied xfs

  check 'walker find groups rsync' break_link dst/links/b/file
  check 'walker find groups rsync' break_link dst/links/a/file
  check 'walker find groups rsync' break_link dst/links/a/symlink
  check 'walker find groups rsync' break_link dst/links/b/fifo
  check 'walker find groups rsync' break_link dst/links/c/device
  check 'walker find groups getfacl mtree rsync' \
    join dst/types/socket dst/types/fifo
  none_bad
}

# a-1 b-2 c-3, a-2 b-3 c-1, a-3 b-1 c-2
trade_names() {
  local i group at=0

  mkdir held
  for i in 0 1 2; do
    set -- a b c
    shift "$i"
    ln "dst/$1-1" "held/$i"
  done
  for group in a b c; do
    for i in 1 2 3; do
      ln -f "held/$(((i + at) % 3))" "dst/$group-$i"
    done
    at=$((at + 2))
  done
  rm -r held
}

# Two groups of names become one, or trade places, or names of no group join
# one; all with the same content and times, so that nothing else tells.
@test "links the other way round" {
  local name

  mount_new xfs a
  cd a
  mkdir src
  for name in a b c d e; do
    echo same >src/$name-1
    ln src/$name-1 src/$name-2
    ln src/$name-1 src/$name-3
  done
  echo same >src/single-1
  echo same >src/single-2
  find src -exec touch -d '2020-01-01' {} +
  describe src seen
  n_bad=0
  run -0 "$PCOPY" src dst
  same_to_all src seen dst

  check 'walker find groups rsync' join dst/a-1 dst/b-1
  # rsync -H does not see what has more names than it should.
  check 'walker find groups' join dst/single-1 dst/single-2
  check 'walker find groups' join dst/a-1 dst/single-2
  spoilt 'walker find groups rsync' join dst/a-1 dst/b-2
  spoilt 'walker groups rsync' join dst/b-1 dst/a-2
  mended 'walker find groups rsync'
  # Each name has as many as it should, of the wrong group.
  spoilt 'walker groups rsync' with_mtime_of dst trade_names
  mended 'walker find groups rsync'
  for name in b c d e; do
    join dst/a-1 dst/$name-1
    join dst/a-1 dst/$name-2
    join dst/a-1 dst/$name-3
  done
  spoilt 'walker find groups' true
  mended 'walker find groups rsync'
  for name in src/*; do
    break_link "dst/${name#src/}"
  done
  spoilt 'walker find groups rsync' true
  mended 'walker find groups rsync'
  none_bad
}

make_socket() { # ENTRY
  python3 -c 'import os, stat, sys; os.mknod(sys.argv[1], stat.S_IFSOCK | 0o644)' \
    "$1"
}

make_file() { # ENTRY
  install -m 644 /dev/null "$1"
}

@test "types" {
  copied btrfs

  check 'walker find getfacl lsattr mtree rsync' \
    replace dst/types/file ln -s file
  check 'walker find lsattr mtree rsync' replace dst/types/file mkfifo
  check 'walker find getfacl lsattr mtree blocks rsync' \
    replace dst/types/symlink make_file
  check 'walker find mtree rsync' replace dst/types/fifo make_socket
  check 'walker find mtree rsync' replace dst/types/fifo make_node 644 c 1 3
  check 'walker find lsattr mtree blocks rsync' \
    replace dst/types/fifo make_file
  check 'walker find getfacl mtree rsync' replace dst/types/fifo ln -s /etc
  check 'walker find mtree rsync' replace dst/types/char mkfifo
  check 'walker find getfacl lsattr mtree rsync' take_away dst/types/file
  check 'walker find getfacl lsattr mtree rsync' take_away dst/types/empty
  check 'walker find getfattr getfacl lsattr mtree rsync' take_away dst/xattrs
  none_bad
}

# ---- a directory is in the way, or is what is missing ----

refused() { # TEXT COMMAND [ARG]...: pcopy says TEXT and leaves DST as it is
  local text=$1
  shift
  "$@"
  describe dst now
  run -1 "$PCOPY" src dst
  echo "$output"
  [[ $output == *"$text"* ]] || bad "it does not say: $text"
  describe dst after
  [ -z "$(seen_by dst now dst after)" ] || {
    bad 'something was changed'
    cat -v seen.txt
  }
  run -0 "$PCOPY" -n --force src dst
  describe dst after
  [ -z "$(seen_by dst now dst after)" ] || {
    bad 'a dry run changed something'
    cat -v seen.txt
  }
  run "$PCOPY" --force src dst
  [ "$status" -eq 0 ] || bad "status $status: $output"
  same_to_all src seen dst || bad "not put right"
}

make_full_dir() { # DIR
  mkdir -p "$1/below"
  echo mine >"$1/below/file"
  chattr +i "$1/below/file"
  chmod 0 "$1/below"
}

link_to_outside() { # ENTRY
  ln -s "$PWD/outside" "$1"
}

@test "a directory takes no other's place, nor the reverse, without --force" {
  copied ext4
  mkdir outside
  echo outside >outside/file
  describe outside untouched

  refused 'dst/types/file: is a directory, its source is not' \
    replace dst/types/file make_full_dir
  refused 'dst/types/fifo: is a directory, its source is not' \
    replace dst/types/fifo mkdir
  refused 'dst/types/symlink: is a directory, its source is not' \
    replace dst/types/symlink make_full_dir
  refused 'dst/links/b/file: is a directory, its source is not' \
    replace dst/links/b/file make_full_dir
  refused 'dst/types/empty: is not a directory, its source is' \
    replace dst/types/empty make_file
  refused 'dst/links: is not a directory, its source is' \
    replace dst/links mkfifo
  refused 'dst/links: is not a directory, its source is' \
    replace dst/links link_to_outside
  describe outside now
  [ -z "$(seen_by outside untouched outside now)" ]
  none_bad
}
