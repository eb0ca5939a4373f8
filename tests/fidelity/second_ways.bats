#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# File systems by FUSE that refuse one way of doing a thing: there is another.
# shellcheck disable=SC2030,SC2031,SC2154

load ../cli/helpers
load ../tools/quirks

setup() {
  make_room
  need_mounts
  need_quirks
}

teardown() {
  clear_quirk
  clear_room
}

run_copy() { # ARG...
  run "$PCOPY" --stats "$@"
  echo "$output"
  [ -z "$(find . -name '.pcopy*' -o -name '.fuse_hidden*')" ]
}

make_files() { # DIR
  mkdir "$1"
  printf begin >"$1/holes"
  truncate -s 300000 "$1/holes"
  printf end >>"$1/holes"
  truncate -s 100000 "$1/all-hole"
  head -c 700000 /dev/urandom >"$1/big"
  echo short >"$1/short"
}

@test "files that do not seek are read and written from start to end" {
  make_files src
  quirk noseek
  run_copy src m/dst
  [ "$status" -eq 0 ]
  diff -r src back/dst
  run_copy --update=all --sparse=always src m/dst
  [ "$status" -eq 0 ]
  diff -r src back/dst
  run_copy --update=all --inplace src m/dst
  [ "$status" -eq 0 ]
  diff -r src back/dst
  run_copy m/dst out
  [ "$status" -eq 0 ]
  diff -r src out
  run_copy --update=all --sparse=always m/dst out
  [ "$status" -eq 0 ]
  diff -r src out
}

@test "neither a size nor an offset can be set" {
  make_files src
  quirk noseek truncate=ENOSYS
  run_copy src m/dst
  [ "$status" -eq 0 ]
  diff -r src back/dst
  run_copy --update=all --sparse=always src m/dst
  [ "$status" -eq 0 ]
  diff -r src back/dst
}

@test "a size that cannot be set" {
  make_files src
  quirk truncate=EPERM
  run_copy src m/dst
  [ "$status" -eq 0 ]
  diff -r src back/dst
  [ "$(stat -c %b back/dst/all-hole)" -le 16 ]
}

make_kinds() { # DIR
  mkdir -p "$1/dir"
  echo one >"$1/file"
  echo 1111 >"$1/same"
  echo 2222 >"$1/size"
  ln -s file "$1/link"
  ln -s /nowhere "$1/dir/dangling"
  mkfifo "$1/fifo"
  setfattr -n user.mine -v 1 "$1/file" "$1/dir" 2>/dev/null ||
    skip 'no attributes here'
  setfacl -m u:4321:rw "$1/same" || skip 'no ACLs here'
  chown -h 12:34 "$1/file" "$1/link" "$1/fifo"
  chmod 640 "$1/file" "$1/fifo"
  chmod 1750 "$1/dir"
  find "$1" -exec touch -hmad '2011-12-13 14:15:17.123456789' {} +
}

said() {
  sed -n 's/^pcopy: not preserved: //p' <<<"$output"
}

# What is not kept is said, by the first run as by each other one, and no run
# but the first has anything to do.
says_alike() { # LOSSES QUIRK...
  local losses=$1 flag
  shift
  for flag in -j1 -j4 --inplace; do
    rm -rf back
    quirk "$@"
    run_copy "$flag" src m/dst
    [ "$status" -eq 0 ]
    [ "$(said)" = "$losses" ]
    run_copy "$flag" src m/dst
    [ "$status" -eq 0 ]
    [[ $output == *'pcopy: 0 copied, 6 unchanged, '* ]]
    [ "$(said)" = "$losses" ]
    clear_quirk
  done
}

@test "what is taken and not kept is said by each run alike" {
  make_kinds src
  says_alike '3 modes' chmod=ignore
  says_alike '3 owners' chown=ignore
  says_alike '8 times' utimens=ignore
  says_alike '2 xattrs, 1 ACL' setxattr=ignore
  says_alike '5 modes, 3 owners' fixed
}

@test "removing an attribute that is taken, and not done, is a loss" {
  make_kinds src
  quirk removexattr=ignore
  run_copy src m/dst
  setfattr -x user.mine src/file
  run_copy src m/dst
  [ "$(said)" = '1 xattr' ]
  [[ $output == *'pcopy: 0 copied, 6 unchanged, '* ]]
}

@test "one number for all files: nothing is copied again" {
  make_kinds src
  ln src/file src/dir/hard
  quirk sameino
  run_copy src m/dst
  run_copy src m/dst
  [ "$status" -eq 0 ]
  [[ $output == *'pcopy: 0 copied, 7 unchanged'* ]]
}

@test "links at the target that may not be read are no failure" {
  make_kinds src
  quirk readlink=EPERM
  run_copy src m/dst
  run_copy src m/dst
  [ "$status" -eq 0 ]
  [[ $output == *'pcopy: 0 copied, 6 unchanged'* ]]
  ln -sfn /elsewhere src/link
  ln -sfn /somehow src/dir/dangling
  run_copy src m/dst
  [ "$status" -eq 0 ]
  [[ $output == *'pcopy: 2 copied, 4 unchanged'* ]]
  [ "$(readlink back/dst/link back/dst/dir/dangling)" = \
    $'/elsewhere\n/somehow' ]
}

@test "no rename: --inplace takes away what cannot be written over" {
  make_kinds src
  quirk norename
  run_copy src m/dst
  ln -sfn other src/link
  rm src/fifo src/dir/dangling src/file
  mknod src/fifo p
  mknod back/dst/file p
  echo file >src/dir/dangling
  ln -s link src/file
  rm back/dst/fifo
  ln -s x back/dst/fifo
  run_copy src m/dst
  [ "$status" -eq 1 ]
  [[ $output == *'link: cannot be renamed to its name (--inplace needs'* ]]
  run_copy --inplace src m/dst
  [ "$status" -eq 0 ]
  [ "$(readlink back/dst/link back/dst/file)" = $'other\nlink' ]
  [ -p back/dst/fifo ]
  [ "$(cat back/dst/dir/dangling)" = file ]
  run_copy --inplace src m/dst
  [[ $output == *'pcopy: 0 copied, '* ]]
}

@test "a sticky directory: what is another's is said to be that" {
  mkdir -m 1777 stk
  echo old >stk/f
  chmod 666 stk/f
  echo new >f
  run as_user "$PCOPY" f stk/
  [ "$status" -eq 1 ]
  [[ $output == *'belongs to another user and cannot be replaced'* ]]
  run as_user "$PCOPY" --inplace f stk/
  [ "$status" -eq 1 ]
  [[ $output == *'belongs to another user and cannot be replaced'* ]]
  [ "$(cat stk/f)" = old ]
}

@test "a link whose owner and times would go elsewhere gets none" {
  make_kinds src
  # Both ways of meeting: the file first, and the link first.
  ln -s dir/z src/0
  echo z >src/dir/z
  touch -d '2015-01-01' src/dir/z
  touch -hd '2012-01-01' src/0
  chown -h 77:88 src/0
  for flag in -j1 -j4; do
    rm -rf back
    quirk followlinks
    run_copy "$flag" src m/dst
    [ "$status" -eq 0 ]
    [ "$(said)" = '3 times, 2 owners' ]
    [ "$(stat -c '%u %Y' back/dst/dir/z back/dst/file)" = \
      "$(stat -c '%u %Y' src/dir/z src/file)" ]
    run_copy "$flag" src m/dst
    [ "$status" -eq 0 ]
    [[ $output == *'pcopy: 0 copied, 8 unchanged, '* ]]
    [ "$(said)" = '3 times, 2 owners' ]
    clear_quirk
  done
}

@test "a special file that becomes an empty one is taken away, and left out" {
  make_kinds src
  mknod src/dir/null c 1 3
  quirk emptynodes
  for flag in -j1 --inplace; do
    run_copy "$flag" src m/dst
    [ "$status" -eq 3 ]
    [[ $(said) == *'2 special files'* ]]
    [ ! -e back/dst/fifo ]
    [ ! -e back/dst/dir/null ]
  done
  # What is there stays, when it cannot be replaced.
  echo mine >back/dst/fifo
  run_copy src m/dst
  [ "$status" -eq 3 ]
  [ "$(cat back/dst/fifo)" = mine ]
}
