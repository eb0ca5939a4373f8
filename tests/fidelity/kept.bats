#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# A copy of a tree of everything is the same to every oracle: on each file
# system, from one to another, with one worker and many, as root and not.
# shellcheck disable=SC2030,SC2031,SC2154

load mounts

setup() {
  make_fs_room
}

teardown() {
  clear_fs_room
}

ways=('-j 8' '-j 1' '-j 8 --queue-depth 1')
user=65534

# Copies src to DST in each way; a second run must find nothing to do.
copy_in_each_way() { # DST [COMMAND]: which runs another one
  local way dst
  local -a asked=()

  describe src seen
  for way in "${ways[@]}"; do
    dst=$1dst${way//[ -]/_}
    # shellcheck disable=SC2086
    run -0 ${2-} "$PCOPY" --stats $way src "$dst"
    echo "$output"
    [[ $output != *'not preserved'* ]]
    same_to_all src seen "$dst" "${asked[@]}"
    # After the first one these will do.
    asked=(walker find groups data)
  done
  # shellcheck disable=SC2086
  run -0 ${2-} "$PCOPY" --stats $way src "$dst"
  echo "$output"
  [[ $output == *'pcopy: 0 copied, '* && $output != *mended* ]]
  same_to_all src seen "$dst"
}

kept() { # TYPE [TYPE]
  mount_new "$1" a
  if [ $# -gt 1 ]; then
    mount_new "$2" b
  fi
  cd a || return
  "$MAKETREE" src ${2:+../b} >left-out
  cat left-out
  copy_in_each_way "${2:+../b/}"
}

@test "everything is kept on ext4" {
  kept ext4
}

@test "everything is kept on XFS" {
  kept xfs
}

@test "everything is kept on btrfs" {
  kept btrfs
}

@test "everything is kept on tmpfs" {
  kept tmpfs
}

@test "everything is kept from ext4 to XFS" {
  kept ext4 xfs
}

@test "everything is kept from XFS to tmpfs, but not how XFS stores ACLs" {
  kept xfs tmpfs
  getfattr -R -h -m trusted.SGI_ACL src | grep -q SGI
  run -0 getfattr -R -h -m trusted.SGI_ACL ../b
  [ -z "$output" ]
}

@test "everything is kept from btrfs to ext4" {
  kept btrfs ext4
}

@test "everything is kept in place, and where files need a name at once" {
  need_seccomp
  mount_new xfs a
  cd a
  "$MAKETREE" src >left-out
  describe src seen

  run -0 "$PCOPY" --stats -j 4 --inplace src in-place
  same_to_all src seen in-place
  run -0 "$PCOPY" --stats -j 4 --inplace --update=all --force src in-place
  same_to_all src seen in-place
  run -0 tool refuse openat,2,O_TMPFILE=EOPNOTSUPP openat2=ENOSYS -- \
    "$PCOPY" --stats -j 4 src named
  same_to_all src seen named
  run -0 tool refuse openat,2,O_TMPFILE=EOPNOTSUPP -- \
    "$PCOPY" --stats -j 4 --update=all --force src named
  same_to_all src seen named
}

# A tree of symlinks to everything in another one.
@test "what -L leads to is kept like what is there itself" {
  mount_new xfs a
  cd a
  "$MAKETREE" src >left-out
  unlock_tree src
  find src -type l -delete
  cp -as "$PWD/src" view
  describe src seen

  run -0 "$PCOPY" --stats -L -j 8 view dst
  # The directories are the view's own, which has no flags.
  same_to_all src seen dst groups getfattr getfacl data rsync
  run -0 "$PCOPY" --stats -L -j 1 view dst
  [[ $output == *'pcopy: 0 copied, '* && $output != *mended* ]]
}

# ---- not as root ----

kept_by_user() { # TYPE
  mount_new "$1" a
  cp "$MAKETREE" .
  install -d -o "$user" -g "$user" a/home
  cd a/home || return
  as_user "$ROOM/maketree" src >left-out
  cat left-out
  copy_in_each_way '' as_user
}

@test "a user's own tree is kept on XFS" {
  kept_by_user xfs
}

@test "a user's own tree is kept on btrfs" {
  kept_by_user btrfs
}

# What a user can neither read nor make.
refused_to_user() { # DIR
  as_user find "$1" -depth \( -type f ! -readable -o -type c -o -type b \
    -o -type d ! \( -readable -executable \) \) -print0 2>/dev/null || true
}

# Turns a tree of root's into what a user's copy of it has to be. n_refused is
# set.
make_users_view() { # DIR
  local name attribute

  n_refused=0
  unlock_tree "$1"
  refused_to_user "$1" >refused
  while read -rd '' name; do
    if as_user test -d "$name" -a -r "$name"; then # its entries are known
      n_refused=$((n_refused + $(find "$name" -mindepth 1 | wc -l)))
    else
      n_refused=$((n_refused + 1))
    fi
    if [ -d "$name" ]; then
      find "$name" -mindepth 1 -delete
    else
      rm "$name"
    fi
  done <refused
  find "$1" ! -type l -perm /6000 -exec chmod ug-s {} +
  chown -hR "$user:$user" "$1"
  while read -rd '' name; do
    for attribute in trusted.pcopy trusted.link trusted.loop security.pcopy \
      security.capability; do
      setfattr -h -x "$attribute" "$name" 2>/dev/null || true
    done
  done < <(find "$1" -print0)
  while read -rd '' name; do
    touch -r "src/${name#"$1"}" "$name"
  done < <(find "$1" -type d -print0)
}

@test "a user's copy of root's tree has all that a user may have" {
  local way n_refused

  mount_new xfs a
  cd a
  "$MAKETREE" src >left-out
  "$MAKETREE" ref >/dev/null
  chmod 755 src ref
  install -d -o "$user" -g "$user" home
  make_users_view ref
  describe ref seen

  for way in "${ways[@]}"; do
    # shellcheck disable=SC2086
    run -1 as_user "$PCOPY" --stats $way src home/dst
    echo "$output"
    [ "$(count_of failed "$output")" -eq "$n_refused" ]
    [[ $output == *'not preserved: 3 xattrs, 5 inode flags, '*' owners' ]]
    same_to_all ref seen home/dst
    rm -r home/dst
  done
}
