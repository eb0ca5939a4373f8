#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# A good copy is changed in one respect of its content or metadata at a time: it
# is seen, and mended by an update run (spoil.bash).
# shellcheck disable=SC2030,SC2031,SC2154

load spoil

setup() {
  make_fs_room
}

teardown() {
  clear_fs_room
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
  # It goes with the owner, and comes back with him.
  check 'walker find getfattr getfacl mtree rsync' chown 1:0 dst/xattrs/capable

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

  run -1 "$PCOPY" --stats src dst
  echo "$output"
  [ "$(count_of failed "$output")" -eq 4 ]
  for entry in i i.d a a.d; do
    [[ $output == *"dst/flags/$entry: is immutable or append-only (see --force)"* ]]
  done
  describe dst after
  [ -z "$(seen_by dst now dst after)" ]
  run -0 "$PCOPY" --stats --force src dst
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

  run -1 "$PCOPY" --stats src dst
  echo "$output"
  describe dst after
  [ -z "$(seen_by dst now dst after)" ]
  run -0 "$PCOPY" --stats --force src dst
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

  run -0 "$PCOPY" --stats -j 8 src dst
  same_to_all src seen dst

  # With names that are taken, too.
  chattr -i dst/1/*
  for dir in {11..20}; do
    for file in a b c d e; do
      break_link "dst/$dir/$file"
    done
  done
  chattr +i dst/1/*
  run -0 "$PCOPY" --stats -j 8 --force src dst
  same_to_all src seen dst
}
