#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# How a file gets its name, rung by rung: each way in turn is refused, by the
# file system or by what guards the process, and the next one is taken.

load ../cli/helpers

setup() {
  make_room
  need_strace
  mkdir src
  echo one >src/a
  echo 2 >src/b
  ln src/b src/c
  ln -s a src/l
}

teardown() {
  clear_room
}

# Runs pcopy with system calls refused.
refused() { # CALLS=ERROR... -- [ARG]...
  local words=()
  while [ "$1" != -- ]; do
    words+=(-e "inject=${1%=*}:error=${1#*=}")
    shift
  done
  shift
  run strace -f -qq -o trace -e trace=linkat,renameat,renameat2,openat,mknodat,symlinkat,getrandom,close,mkdirat,unlinkat \
    "${words[@]}" "$PCOPY" --stats "$@"
}

no_litter() { # DIR
  [ -z "$(find "$1" -name '.pcopy*')" ]
}

all_there() { # DIR
  [ "$(cat "$1"/{a,b,c})" = $'one\n2\n2' ]
  [ "$(readlink "$1/l")" = a ]
  no_litter "$1"
}

@test "where linkat is refused, by whatever, files are named and renamed" {
  local err
  for err in EACCES EPERM ENOSYS EOPNOTSUPP ENOENT EXDEV EINVAL; do
    rm -rf dst
    refused linkat=$err -- -j 2 src dst
    [ "$status" -eq 0 ]
    all_there dst
    [[ $output == *'not preserved: 1 hard link'* ]]
    # And where they replace older ones.
    echo newer >src/a
    refused linkat=$err -- src dst
    [ "$status" -eq 0 ]
    [ "$(cat dst/a)" = newer ]
    no_litter dst
    echo one >src/a
  done
}

@test "it is learned once: the next file is not tried that way" {
  touch src/{1,2,3,4}
  rm src/c
  refused linkat=EACCES -- -j 1 src dst
  [ "$status" -eq 0 ]
  [ "$(grep -c ' linkat(' trace)" -le 2 ]
}

@test "an error of the disk is no reason for another way" {
  local err
  rm src/c
  for err in ENOSPC EDQUOT EIO EROFS; do
    rm -rf dst
    refused linkat=$err -- -j 1 src dst
    [ "$status" -eq 1 ]
    [ ! -e dst/a ]
    no_litter dst
  done
}

@test "a file and a name that exchanges nothing in one step" {
  local err
  for err in ENOSYS EINVAL EPERM; do
    rm -rf dst
    refused linkat=EPERM renameat2=$err -- src dst
    [ "$status" -eq 0 ]
    all_there dst
  done
}

@test "no way to rename: the message names --inplace, which works" {
  refused linkat=ENOSYS renameat,renameat2=ENOSYS -- src dst
  [ "$status" -eq 1 ]
  [[ $output == *'dst/a: '*--inplace* ]]
  no_litter dst
  rm -rf dst
  refused linkat=ENOSYS renameat,renameat2=ENOSYS -- --inplace src dst
  [ "$status" -eq 0 ]
  all_there dst
}

@test "a name that is busy: the message names --inplace, which works" {
  need_mounts
  mkdir dst
  echo old >dst/a
  echo old >host
  run -1 unshare -m sh -c "mount --bind host dst/a && exec '$PCOPY' src dst"
  [[ $output == *'dst/a: '*--inplace* ]]
  no_litter dst
  run -0 unshare -m sh -c "mount --bind host dst/a && exec '$PCOPY' --inplace src dst"
  [ "$(cat host)" = one ]
}

@test "symlinks and special files that the target has not are left out, said once" {
  local err
  mkfifo src/fifo src/fifo2
  ln -s b src/l2
  for err in EPERM EOPNOTSUPP ENOSYS; do
    rm -rf dst
    refused symlinkat,mknodat=$err -- -j 1 src dst
    [ "$status" -eq 3 ]
    [[ $output == *'not preserved: 2 symlinks, 2 special files'* ]]
    [ "$(grep -c 'left out' <<<"$output")" -eq 2 ]
    [[ $output != *failed* ]]
    [ "$(cat dst/a)" = one ]
    no_litter dst
  done
  # A device that is refused to us alone is a failure.
  rm -rf dst
  refused symlinkat=ENOSPC -- src dst
  [ "$status" -eq 1 ]
}

@test "without random numbers" {
  rm -rf dst
  refused linkat=EPERM getrandom=ENOSYS -- src dst
  [ "$status" -eq 0 ]
  all_there dst
}

# Not sure to be on the disk: not to be taken for it.
@test "a file whose close failed is copied again" {
  rm src/b src/c src/l
  run -1 strace -f -qq -o trace -e trace=close -P "$ROOM/dst/a" \
    -e inject=close:error=EIO "$PCOPY" --stats --inplace src dst
  [[ $output == *'cannot close'* ]]
  run -0 "$PCOPY" --stats src dst
  [[ $output == *'pcopy: 1 copied'* ]]
  run -0 "$PCOPY" --stats src dst
  [[ $output == *'pcopy: 0 copied'* ]]

  # Also one that is as old as can be, and by age.
  touch -d @0 src/a
  run -1 strace -f -qq -o trace -e trace=close -P "$ROOM/dst/a" \
    -e inject=close:error=EDQUOT "$PCOPY" --stats --inplace src dst
  run -0 "$PCOPY" --stats --update=older src dst
  [[ $output == *'pcopy: 1 copied'* ]]
}

@test "two runs into one place leave no temporary names and no broken groups" {
  local n
  for _ in 1 2 3 4 5 6; do
    rm -rf dst
    "$PCOPY" --stats -q -j 2 src dst &
    "$PCOPY" --stats -q -j 2 src dst || true
    wait $! || true
    all_there dst
    n=$(stat -c %i dst/b dst/c | sort -u | wc -l)
    [ "$n" -eq 1 ]
  done
}
