#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# A way of copying the bytes that is refused leads to the next one, whatever the
# reason; trouble with the disk fails the file.
# shellcheck disable=SC2030,SC2031,SC2154

load ../cli/trees

setup() {
  make_room
  mkdir src
  printf begin >src/holes
  truncate -s 300000 src/holes
  printf middle | dd of=src/holes bs=1 seek=150000 conv=notrunc status=none
  truncate -s 100000 src/all-hole
  cp --sparse=never src/holes src/zeros
  head -c 100000 /dev/urandom >src/dense
  echo short >src/short
}

teardown() {
  clear_room
}

refusing() { # CALLS ERRNO ARG...
  strace -f -qq -o trace -e trace="$1" -e inject="$1:error=$2" \
    "$PCOPY" --stats "${@:3}"
}

# Into a new tree and in place of an old one.
is_copied() { # CALLS ERRNOS ARG...
  local error
  for error in $2; do
    rm -rf dst
    run -0 refusing "$1" "$error" "${@:3}" src dst
    grep -q INJECTED trace
    diff -r src dst
    no_litter dst
    run -0 refusing "$1" "$error" --update=all "${@:3}" src dst
    diff -r src dst
  done
}

ODD='EPERM ENOSYS EACCES EOPNOTSUPP EAGAIN EBADF ESPIPE EINVAL EOVERFLOW ENOENT'

@test "holes that cannot be asked for: all is read" {
  need_tracer
  is_copied lseek "$ODD" -j1
}

@test "a size that cannot be set: the last byte is written" {
  need_tracer
  is_copied ftruncate "$ODD" -j1
  # Holes stay holes.
  [ "$(stat -c %b dst/all-hole)" -le 16 ]
  is_copied ftruncate EPERM -j1 --sparse=always
  [ "$(stat -c %b dst/zeros)" -lt "$(stat -c %b src/zeros)" ]
}

@test "blocks that cannot be shared, and a kernel that cannot copy" {
  need_tracer
  is_copied ioctl 'ENOENT EBUSY ENODATA ERANGE E2BIG EOVERFLOW' -j1 \
    --no-preserve=flags
  is_copied copy_file_range "$ODD EXDEV ERANGE" -j1
}

@test "trouble with the disk fails the file" {
  need_tracer
  local error
  for error in EIO ENOMEM ESTALE; do
    rm -rf dst
    run -1 refusing lseek "$error" src dst
    [[ $output == *'holes: cannot find data: '* ]]
    [ ! -e dst/holes ]
  done
  for error in EIO ENOSPC EDQUOT EFBIG EROFS; do
    rm -rf dst
    run -1 refusing ftruncate "$error" src dst
    [[ $output == *'holes: cannot set size: '* ]]
    [ ! -e dst/holes ]
  done
}
