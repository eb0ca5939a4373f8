#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What a user may not set, and what a copy may not allow: other people's
# directories, read-only files with attributes, ACLs that are not there, no /proc.
# shellcheck disable=SC2016,SC2034,SC2154

load trees

setup() {
  make_room
  mkdir src
}

teardown() {
  clear_room
}

mode() { # FILE...
  stat -c %a "$@" | paste -sd' '
}

modes() { # DIR: of what make_acls has made there
  (cd "$1" && mode "${names[@]}")
}

need_acls() {
  setfacl -m u:4321:rw . 2>/dev/null || skip 'no ACLs here'
  setfacl -b .
}

need_attributes() {
  setfattr -n user.mine -v 1 . 2>/dev/null || skip 'no attributes here'
  setfattr -x user.mine .
}

# ---- other people's directories ----

@test "a shared directory of somebody else is copied into, run after run" {
  need_root
  mkdir -m 777 dst dst/sub
  mkdir src/sub
  echo one >src/one
  echo two >src/sub/two
  echo old and longer >dst/one
  chmod 666 dst/one
  chown -R 65534:65534 src

  for i in 1 2; do
    run -0 as_user "$PCOPY" --stats src dst
    [[ $output == *'dst'*': permissions cannot be kept here'* ]]
    [[ $output == *'not preserved: '*'time'*'mode'*'owner'* ]]
    [ "$(cat dst/one dst/sub/two)" = $'one\ntwo' ]
  done
  [[ $output == *' 0 copied, 2 unchanged, '* ]]
  # Directories lose by themselves, too.
  run -3 as_user "$PCOPY" --stats --preserve=mode src dst
}

@test "in place, a file of somebody else is replaced or written, never failed" {
  need_root
  mkdir -m 777 dst
  echo one >src/one
  echo old and longer >dst/one
  chmod 666 dst/one src/one
  chown -R 65534:65534 src

  run -0 as_user "$PCOPY" --stats --inplace src dst

  [ "$(cat dst/one)" = one ]
}

# ---- read-only, with attributes ----

@test "read-only files and directories get their attributes, new and mended" {
  need_attributes
  mkdir src/dir
  for name in 444 400 555; do
    echo text >"src/$name"
    setfattr -n user.mine -v 1 "src/$name"
    chmod "$name" "src/$name"
  done
  setfattr -n user.mine -v 1 src/dir
  chmod 555 src/dir
  ! is_root || chown -R 65534:65534 .
  run -0 as_user "$PCOPY" --stats src dst
  [[ $output != *'not preserved'* ]]
  same_copy src dst

  chmod u+w src/*
  setfattr -n user.mine -v 2 src/444 src/dir
  setfattr -x user.mine src/400
  setfattr -n user.other -v 2 src/555
  chmod u-w src/*
  run -0 as_user "$PCOPY" --stats src dst
  [[ $output == *'3 unchanged (3 mended)'* && $output != *'not preserved'* ]]
  same_copy src dst
  [ "$(mode dst/444 dst/400 dst/555 dst/dir)" = '444 400 555 555' ]

  # A mode that is not asked for is what it was.
  chmod u+w src/444
  setfattr -n user.mine -v 3 src/444
  run -0 as_user "$PCOPY" --stats --no-preserve=mode src dst
  [ "$(getfattr --only-values -n user.mine dst/444)" = 3 ]
  [ "$(mode dst/444)" = 444 ]
}

@test "a copy that is right, and that we may not read, is not mended" {
  need_root
  mkdir src/sub
  echo one >src/one
  echo two >src/sub/two
  chmod 600 src/one src/sub/two
  run -0 "$PCOPY" src dst
  chown -R 65534 src dst
  chown 0 dst/one dst/sub/two
  touch -r src dst
  touch -r src/sub dst/sub

  for i in first second; do
    run -0 as_user "$PCOPY" -v --stats src dst
    [[ $output == *' 0 copied, 2 unchanged, '* ]]
    [[ $output == *'not preserved: 2 owners'* ]]
  done
}

# ---- without its ACL ----

make_acls() {
  need_acls
  mkdir src/dir src/inherited
  touch src/{named,masked,denied,group}
  mkfifo src/fifo
  chmod 640 src/named src/fifo
  setfacl -m u:4321:rw src/named src/fifo
  setfacl -m u:4321:rw,g::rwx,m::r src/masked
  setfacl -m u:4321:-,o::r src/denied
  setfacl -m g:4321:-,o::r src/group
  setfacl -m u:4321:rwx,g::x,o::- src/dir
  setfacl -d -m u:4321:rwx src/inherited
  names=(named masked denied group fifo dir)
}

@test "without its ACL a mode lets nobody do more: not asked for" {
  make_acls

  run -0 "$PCOPY" --stats --no-preserve=acl src dst
  [ "$(modes dst)" = '640 644 600 640 640 710' ]
  [ -z "$(getfacl -sR dst)" ]
  rm -rf dst
  # And where nothing is listed.
  run -0 "$PCOPY" --stats --no-preserve=acl,xattr src dst
  [ "$(modes dst)" = '640 644 600 640 640 710' ]
  run -0 "$PCOPY" --stats --no-preserve=acl src dst
  [[ $output != *mended* ]]
}

@test "without its ACL a mode lets nobody do more: refused" {
  make_acls
  need_tracer

  for i in new again; do
    run -0 strace -f -qq -o trace -e trace=fsetxattr,setxattr \
      -e inject=fsetxattr,setxattr:error=EPERM "$PCOPY" --stats src dst
    [[ $output == *'not preserved: 7 ACLs'* ]]
    [ "$(modes dst)" = '640 644 600 640 640 710' ]
  done
  [[ $output == *' 0 copied, 5 unchanged, '* ]]
  run -0 "$PCOPY" --stats src dst
  [[ $output == *'(5 mended)'* ]]
  same_copy src dst
}

@test "an ACL that cannot be read leaves the owner's bits" {
  make_acls
  need_tracer

  run -0 strace -f -qq -o trace -e trace=fgetxattr,getxattr \
    -e inject=fgetxattr,getxattr:error=EACCES "$PCOPY" --stats src dst

  [[ $output == *'ACLs'* ]]
  [ "$(modes dst)" = '600 600 600 600 600 700' ]
}

@test "neither ACL nor mode can be set: a file is not born with more" {
  make_acls
  need_tracer

  run -0 strace -f -qq -o trace -e trace=fsetxattr,setxattr,fchmod \
    -e inject=fsetxattr,setxattr,fchmod:error=EPERM "$PCOPY" --stats src dst

  names=(named masked denied group)
  [ "$(modes dst)" = '640 644 600 640' ]
}

# ---- without /proc ----

in_chroot() { # CALL=ERRNO... -- ARG...
  local lib words=()

  while [ "$1" != -- ]; do
    words+=("$1")
    shift
  done
  [ ${#words[@]} -eq 0 ] || words=(/bin/refuse "${words[@]}" --)
  mkdir -p root/bin
  cp "$PCOPY" root/bin/pcopy
  cp "$BUILD/tests/refuse" root/bin/refuse
  while read -r lib; do
    mkdir -p "root${lib%/*}"
    cp "$lib" "root$lib"
  done < <(ldd "$PCOPY" "$BUILD/tests/refuse" | grep -o '/[^ ]*' | grep -v :)
  run -0 chroot root "${words[@]}" /bin/pcopy --stats "${@:2}"
}

@test "without /proc: symlinks, fifos, directories and ACLs, by new calls and old" {
  need_plain_build
  need_root
  need_seccomp
  need_acls
  [ -z "$FAR" ] || skip 'the walk by workers has a program of its own'
  mkdir -p root/src/dir
  ln -s nowhere root/src/link
  mkfifo root/src/fifo
  echo text >root/src/dir/file
  setfattr -h -n trusted.mine -v 1 root/src/link root/src/fifo || true
  setfacl -m u:4321:rx root/src/dir
  setfacl -m u:4321:rw root/src/fifo
  touch -hd '2001-02-03 04:05:06.5' root/src/{link,fifo,dir/file,dir,}

  # getxattrat and its kin, fchmodat2: kernels that do not know them.
  local calls
  for calls in '' '463=ENOSYS 464=ENOSYS 465=ENOSYS 466=ENOSYS' \
    '463=ENOSYS 464=ENOSYS 465=ENOSYS 466=ENOSYS 452=ENOSYS'; do
    # shellcheck disable=SC2086
    in_chroot $calls -- /src /dst
    [[ $output != *'not preserved'* ]]
    same_copy root/src root/dst
    # shellcheck disable=SC2086
    in_chroot $calls -- /src /dst
    [[ $output == *' 0 copied, 3 unchanged, '* ]]
    setfacl -b root/src/fifo
    # shellcheck disable=SC2086
    in_chroot $calls -- /src /dst
    same_copy root/src root/dst
    setfacl -m u:4321:rw root/src/fifo
    rm -rf root/dst
  done
}
