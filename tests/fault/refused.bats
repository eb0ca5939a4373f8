#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Metadata that is refused, when it is read or put on: the content is there, the
# loss is counted and said, and only trouble with the disk fails an entry.
# shellcheck disable=SC2030,SC2031,SC2154

load ../cli/trees

setup() {
  make_room
  mkdir -p src/dir
  echo one >src/file
  echo two >src/dir/two
  ln -s file src/link
  mkfifo src/fifo
  chmod 751 src/dir
  chmod 640 src/file src/fifo
  touch -hd '2001-02-03 04:05:06.5' src/file src/link src/fifo src/dir/two
  touch -d '2001-02-03 04:05:06.5' src/dir src
  ! is_root || chown -hR 1234:2345 src
}

teardown() {
  clear_room
}

need_attributes() {
  setfattr -n user.mine -v 1 src/file 2>/dev/null || skip 'no attributes here'
  setfattr -n user.mine -v 1 src/dir
  setfacl -m u:4321:rw src/file src/fifo || skip 'no ACLs here'
  setfacl -m u:4321:rwx src/dir
}

has_content() { # DST
  [ "$(cat "$1/file" "$1/dir/two")" = $'one\ntwo' ]
  [ "$(readlink "$1/link")" = file ]
  [ -p "$1/fifo" ]
}

# Runs pcopy with the calls refused.
refusing() { # CALLS ERRNO ARG...
  strace -f -qq -o trace -e trace="$1" -e inject="$1:error=$2" \
    "$PCOPY" --stats "${@:3}"
}

# New and over what is there, near and far, nothing of the content is lost, and
# what was is named and counted.
is_lost() { # WHAT SUMMARY CALLS ERRNO... [-- ARG...]
  local what=$1 summary=$2 calls=$3 errors=() error

  shift 3
  while [ $# -gt 0 ] && [ "$1" != -- ]; do
    errors+=("$1")
    shift
  done
  for error in "${errors[@]}"; do
    rm -rf dst
    run refusing "$calls" "$error" "${@:2}" src dst
    grep -q INJECTED trace
    echo "$calls $error: $status $output"
    [ "$status" -eq 0 ]
    [[ $output == *"$what"* ]]
    [[ $output =~ 'not preserved: '.*"$summary" ]]
    has_content dst
    no_litter dst

    run refusing "$calls" "$error" "${@:2}" src dst
    echo "again: $status $output"
    [ "$status" -eq 0 ]
    has_content dst
  done
}

REFUSALS=(EPERM ENOSYS EACCES EINVAL EOVERFLOW EOPNOTSUPP EAGAIN EINTR)

@test "an owner that is refused is lost, whatever the reason" {
  need_root
  need_tracer
  chmod 6751 src/file

  is_lost 'owners cannot be kept here' owner fchownat "${REFUSALS[@]}"

  [ "$(stat -c '%u %a' dst/file)" = '0 751' ]
  run -3 refusing fchownat EOVERFLOW --preserve=owner src dst
}

@test "a mode that is refused is lost, and nothing is open wider" {
  need_tracer
  chmod 4640 src/file

  is_lost 'permissions cannot be kept here' mode fchmod \
    "${REFUSALS[@]}"

  [ $((0$(stat -c %a dst/file) & ~0640)) -eq 0 ]
  run -3 refusing fchmod EACCES --preserve=mode src dst
}

@test "times that are refused are lost" {
  need_tracer

  is_lost 'times cannot all be kept here' time utimensat "${REFUSALS[@]}"

  rm -rf dst
  run -3 refusing utimensat EACCES --preserve=times src dst
}

@test "attributes that are refused are lost: to list, read and set" {
  need_tracer
  need_attributes

  is_lost 'extended attributes cannot all be kept here' xattr \
    flistxattr,listxattr EACCES ENOSYS E2BIG EPERM
  is_lost 'extended attributes cannot all be kept here' xattr \
    fgetxattr,getxattr EACCES EOVERFLOW EPERM EINVAL
  is_lost 'extended attributes cannot all be kept here' xattr \
    fsetxattr,setxattr "${REFUSALS[@]}" E2BIG ERANGE
  run -3 refusing fsetxattr EACCES --update=all --preserve=xattr src dst
  run -3 refusing fsetxattr,setxattr EACCES --update=all --preserve=acl src dst
}

@test "an attribute and an ACL that cannot be removed are lost" {
  need_tracer
  need_attributes
  "$PCOPY" --stats -q src dst
  setfattr -x user.mine src/file
  setfacl -b src/file src/fifo
  chmod 640 src/file src/fifo

  for error in EPERM EACCES EOPNOTSUPP; do
    run -0 refusing fremovexattr,removexattr "$error" src dst
    [[ $output == *'not preserved: 1 xattr, 2 ACLs'* ]]
    # Whom the ACL names is let in by nothing any more.
    [ "$(stat -c %a dst/file)" = 600 ]
    run -3 refusing fremovexattr,removexattr "$error" --preserve=acl src dst
    [[ $output == *' 4 unchanged, '* ]]
  done
  run -0 "$PCOPY" --stats src dst
  same_copy src dst
}

@test "flags that are refused are lost" {
  need_tracer
  chattr +d src/file src/dir 2>/dev/null || skip 'no inode flags here'

  is_lost 'inode flags cannot all be kept here' 'inode flag' ioctl \
    EPERM EACCES EOVERFLOW
  chattr -d src/file src/dir
}

@test "trouble with the disk fails the entry, new and over what is there" {
  need_tracer
  need_attributes
  local call error

  for call in fchmod utimensat flistxattr fgetxattr fsetxattr; do
    for error in EIO ENOMEM EROFS; do
      rm -rf dst
      run refusing "$call" "$error" src dst
      [ "$status" -eq 1 ]
      [ ! -e dst/file ]
    done
  done
  "$PCOPY" --stats -q src dst
  setfattr -x user.mine src/file
  chmod 600 src/file
  for call in fchmod flistxattr fremovexattr; do
    run refusing "$call" EDQUOT src dst
    [ "$status" -eq 1 ]
  done
  run -0 "$PCOPY" --stats src dst
  same_copy src dst
}

@test "no descriptor left for an entry: it fails, and loses nothing in silence" {
  need_tracer
  need_attributes
  chattr +d src/file 2>/dev/null || true

  # The fifo's own, to ask it for its ACL.
  run -1 strace -f -qq -o trace -e trace=openat -P fifo \
    -e inject=openat:error=EMFILE:when=2+ "$PCOPY" --stats src dst
  [[ $output == *'fifo: cannot open: Too many open files'* ]]
  rm -rf dst
  "$PCOPY" --stats -q src dst
  for error in EMFILE ENFILE ENOMEM EIO; do
    run -1 strace -f -qq -o trace -e trace=openat -P file \
      -e inject=openat:error="$error":when=1 "$PCOPY" --stats src dst
    [[ $output == *'src/file: cannot open: '* ]]
    run -1 strace -f -qq -o trace -e trace=openat -P file \
      -e inject=openat:error="$error":when=2 "$PCOPY" --stats src dst
    [[ $output == *'dst/file: cannot open: '* ]]
  done
}

@test "a source that cannot be opened in an update has failed, a gone one not" {
  need_root
  need_tracer
  chown -hR 65534:65534 .
  as_user "$PCOPY" --stats -q src dst
  chown 0 src/file
  chmod 600 src/file
  run -1 as_user "$PCOPY" --stats src dst
  [[ $output == *'src/file: cannot open: Permission denied'* ]]
  run -3 strace -f -qq -o trace -e trace=openat -P file \
    -e inject=openat:error=ENOENT "$PCOPY" --stats src dst
  [[ $output == *'src/file: was replaced meanwhile'* ]]
}
