#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Sources and targets that are special: what cannot be held there is counted,
# what the target would add by itself is not in the copy, what is mounted inside
# the source, what can only be read.
# shellcheck disable=SC2030,SC2031,SC2154

load mounts

setup() {
  make_fs_room
}

teardown() {
  clear_fs_room
}

# ---- what the target would add ----

# A directory's default ACL, group, project and flags go on to what is made in
# it, and must not end up in the copy of what does not have them.
inherits_nothing() { # TYPE FLAG...
  local flag type=$1
  shift
  mount_new "$type" a
  cd a || return
  "$MAKETREE" -s src >left-out
  describe src seen
  mkdir parent
  chown 0:4711 parent
  chmod 2775 parent
  setfacl -d -m u:1:rwx,g:2:rwx,o::rwx parent
  for flag; do
    chattr +"$flag" parent
  done
  [ "$type" != xfs ] || chattr +P -p 99 parent
  mkdir parent/other

  run -0 "$PCOPY" --stats -j 4 src parent/dst
  same_to_all src seen parent/dst
  # Where it is already and has all that.
  mkdir parent/there
  cp -r src/. parent/there
  run -0 "$PCOPY" --stats -j 4 src parent/there
  same_to_all src seen parent/there
  run -0 "$PCOPY" --stats -j 1 src parent/there
  [[ $output == *'pcopy: 0 copied, '* && $output != *mended* ]]
}

@test "what a directory of ext4 passes on is not in a copy in it" {
  inherits_nothing ext4 d A
}

@test "what a directory of XFS passes on is not in a copy in it" {
  inherits_nothing xfs d A
}

@test "what a directory of btrfs passes on is not in a copy in it" {
  inherits_nothing btrfs C
}

# ---- what the target cannot hold ----

@test "what a file system cannot hold is said once, counted, and no failure" {
  local n_xattrs n_acls

  mount_new xfs a
  mkdir b
  mount -t ramfs -o noatime none b
  "$MAKETREE" -s a/src >left-out
  unlock_tree a/src
  n_acls=$(cd a/src && see_getfattr | grep -ac '^system\.posix_acl_')
  n_xattrs=$(cd a/src && see_getfattr | grep -acE '^(user|trusted|security)\.')

  run -0 "$PCOPY" --stats a/src b/dst
  echo "$output"
  [ "$(count_of ACLs "$output")" -eq "$n_acls" ]
  [ "$(count_of xattrs "$output")" -eq "$n_xattrs" ]
  [ "$(grep -c 'cannot all be kept here' <<<"$output")" -le 3 ]
  # The rest is kept, and not copied again.
  run -0 "$PCOPY" --stats a/src b/dst
  [[ $output == *'pcopy: 0 copied, '* && $output != *mended* ]]
  [ "$(count_of xattrs "$output")" -eq "$n_xattrs" ]

  # Asked for by name it is not as asked; not asked for, it is nothing.
  run -3 "$PCOPY" --stats --preserve=xattr a/src b/dst
  run -3 "$PCOPY" --stats --preserve=acl a/src b/dst
  run -0 "$PCOPY" --stats --preserve=times a/src b/dst
  run -0 "$PCOPY" --stats --no-preserve=xattr,acl,flags a/src b/dst
  [[ $output != *'not preserved'* ]]

  # Without its ACL a mode lets nobody do more.
  setfacl -R -b a/src/acls
  chmod 600 a/src/acls/denied
  chmod 604 a/src/acls/masked
  chmod 644 a/src/acls/{file,fifo}
  chmod 751 a/src/acls/both
  describe a/src seen find groups mtree
  same_to_all a/src seen b/dst find groups mtree
}

# As they were made before 2008: seconds only, up to January 2038.
@test "times that the target keeps in seconds only are no reason to copy again" {
  mount_new xfs a
  mount_new ext4 b noatime -I 128
  mkdir a/src
  echo text >a/src/file
  echo text >a/src/later
  ln -s x a/src/link
  mkfifo a/src/fifo
  mkdir a/src/dir
  touch -h -d '2020-01-02 03:04:05.678' a/src/{file,link,fifo,dir}
  touch -d '2100-01-02 03:04:05.678' a/src/later

  run -0 "$PCOPY" --stats a/src b/dst
  echo "$output"
  [ "$(stat -c %Y b/dst/file)" -eq "$(stat -c %Y a/src/file)" ]
  run -0 "$PCOPY" --stats a/src b/dst
  echo "$output"
  [[ $output == *'pcopy: 0 copied, '* && $output != *mended* ]]
  touch -d '2020-01-02 03:04:06.678' a/src/file
  run -0 "$PCOPY" --stats a/src b/dst
  [[ $output == *'pcopy: 1 copied, '* ]]
}

# An attribute that is too large for the target, when that has room.
@test "an attribute that is too large for the target" {
  mount_new xfs a
  mount_new ext4 b noatime -O ^ea_inode
  mkdir a/src
  echo text >a/src/file
  setfattr -n user.small -v 1 a/src/file
  setfattr -n user.large -v "$(printf '%20000s' x)" a/src/file
  setfattr -n user.too -v 1 a/src/file

  run "$PCOPY" --stats a/src b/dst
  echo "$status: $output"
  [ "$(cat b/dst/file)" = text ]
  [ "$(getfattr --only-values -n user.small b/dst/file)" = 1 ]
  [ "$(getfattr --only-values -n user.too b/dst/file)" = 1 ]
  [[ $output == *'not preserved: 1 xattr'* ]]
}

# ---- special sources ----

@test "a source that can only be read" {
  mount_new xfs a
  "$MAKETREE" a/src >left-out
  mount -o remount,ro a
  describe a/src seen
  mount_new xfs b

  run -0 "$PCOPY" --stats -j 8 a/src b/dst
  same_to_all a/src seen b/dst
}

@test "a source keeps its access times" {
  for type in ext4 xfs btrfs tmpfs; do
    mount_new $type $type strictatime
    "$MAKETREE" -s $type/src >left-out
    tool treelist -ax $type/src >before
    run -0 "$PCOPY" --stats -j 2 $type/src $type/dst
    tool treelist -ax $type/src >after
    cmp before after
    tool treelist -ax $type/dst >copy
    cmp before copy
    run -0 "$PCOPY" --stats -j 2 $type/src $type/dst
    tool treelist -ax $type/src >after
    cmp before after
  done
}

@test "what is mounted in the source is copied, and left out with -x" {
  mount_new xfs a
  mount_new ext4 other
  mkdir -p a/src/{mounted,again,below/tmpfs}
  echo one >other/file
  ln other/file other/link
  echo two >a/src/file
  : >a/src/bound
  mount --bind other a/src/mounted
  mount --bind other a/src/again
  mount --bind other/file a/src/bound
  mount -t tmpfs -o noatime none a/src/below/tmpfs
  "$MAKETREE" -s a/src/below/tmpfs/nasty a >left-out
  describe a/src seen

  run -0 "$PCOPY" --stats -j 4 a/src a/dst
  same_to_all a/src seen a/dst getfattr getfacl lsattr mtree
  run -0 "$PCOPY" --stats -x -j 4 a/src a/dst-x
  [ "$(cd a/dst-x && find . | sort | xargs)" = \
    '. ./again ./below ./below/tmpfs ./bound ./file ./mounted' ]
  umount -R a/src/below/tmpfs a/src/mounted a/src/again a/src/bound
}

# Sizes there say 0 or 4096, whatever there is to read.
@test "files of /proc and /sys have in the copy what cat reads" {
  local dir file n=0

  for dir in /proc/sys/kernel /sys/kernel/mm; do
    [ -d "$dir" ] || continue
    (cd "$dir" && find . -type f ! -name '*-nr' -printf '%P\n') >names
    mkdir before
    while read -r file; do
      cat "$dir/$file" >"before/${file//\//,}" 2>/dev/null ||
        rm "before/${file//\//,}"
    done <names
    run "$PCOPY" --stats -j 2 "$dir" dst
    # What cannot be read, or says another thing at each look, is no test.
    # shellcheck disable=SC2002
    while read -r file; do
      cat "$dir/$file" 2>/dev/null | cmp -s - "before/${file//\//,}" || continue
      cmp "before/${file//\//,}" "dst/$file"
      n=$((n + 1))
    done <names
    chmod -R u+rwX dst
    rm -rf dst before
  done
  [ "$n" -gt 50 ]
}

# ---- what only root may do ----

@test "a user keeps what he may, is told of the rest, and status 3 by name only" {
  mount_new xfs a
  cd a
  chmod 755 .
  mkdir src
  install -d -o 65534 -g 65534 home
  echo x >src/file
  echo x >src/setid
  chmod 6755 src/setid
  setcap cap_net_raw+ep src/file
  chattr +i src/file

  run -0 as_user "$PCOPY" --stats src home/dst
  echo "$output"
  [[ $output == *'not preserved: 1 xattr, 1 inode flag, 3 owners' ]]
  [ "$(stat -c '%a %U' home/dst/setid)" = '755 nobody' ]
  run -0 as_user "$PCOPY" --stats src home/dst
  [[ $output == *'pcopy: 0 copied, '*'3 owners' && $output != *mended* ]]
  run -3 as_user "$PCOPY" --stats --preserve=owner src home/dst
  run -3 as_user "$PCOPY" --stats --preserve=flags src home/dst
  run -3 as_user "$PCOPY" --stats --preserve=xattr src home/dst
  run -0 as_user "$PCOPY" --stats --preserve=all src home/dst
  run -0 as_user "$PCOPY" --stats --preserve=owner --no-preserve=owner src home/dst
  [[ $output != *owner* ]]
  chattr -i src/file
}
