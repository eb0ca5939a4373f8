#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What GNU coreutils tests of cp, where it has a meaning for pcopy, of content
# and attributes; see coreutils.bats.

load ../cli/trees

setup() {
  make_room
}

teardown() {
  clear_room
  [ -z "$other" ] || rm -rf "$other"
}

other=''

# A directory on another file system than $ROOM's.
need_other_file_system() {
  other=$(mktemp -d /dev/shm/pcopy-test.XXXXXX) || skip "needs /dev/shm"
  chmod 755 "$other"
  [ "$(stat -c %d "$other")" != "$(stat -c %d .)" ] ||
    skip "needs two file systems"
}

acls() { # DIR
  (cd "$1" && find . -print0 | sort -z | xargs -0 getfacl -n)
}

blocks() { # FILE
  stat -c %b "$1"
}

@test "acl: ACLs of files and directories, default ones, across file systems" {
  need setfacl getfacl
  need_other_file_system
  mkdir -p src/dir/below
  : >src/file
  setfacl -m u:12:rw,g:34:r src/file 2>/dev/null || skip "needs ACLs"
  setfacl -m u:12:rwx src/dir
  setfacl -d -m u:56:r,m::r src/dir/below

  run -0 "$PCOPY" --stats --preserve=acl src "$other/copy"
  run -0 "$PCOPY" --stats --preserve=acl "$other/copy" back

  diff <(acls src) <(acls "$other/copy")
  diff <(acls src) <(acls back)
}

@test "capability: kept, though the owner is set, too" {
  need_root
  echo text >file
  chown 1234 file
  setfattr -n security.capability \
    -v 0x0100000200040000000000000000000000000000 file ||
    skip "needs file capabilities"

  run -0 "$PCOPY" --stats --preserve=xattr,owner file copy
  diff <(getfattr -d -m - file | tail -n +2) <(getfattr -d -m - copy |
    tail -n +2)
  # The owner of what is up to date is put right, which takes them away first.
  chown 5678 copy
  setfattr -x security.capability copy 2>/dev/null || true
  run -0 "$PCOPY" --stats file copy
  diff <(getfattr -d -m - file | tail -n +2) <(getfattr -d -m - copy |
    tail -n +2)
}

@test "copy-FMR: a file of many extents" {
  python3 -c '
import os
for i in range(600):
    os.lseek(1, 4096, 1)
    os.write(1, b"a" * 1024)' >many

  for option in auto always never; do
    run -0 "$PCOPY" --stats --update=all --reflink=never --sparse=$option many copy
    cmp many copy
  done
}

@test "cp-a-selinux: labels are kept as the target takes them" {
  need_root
  echo text >file
  setfattr -n security.selinux -v system_u:object_r:tmp_t:s0 file 2>/dev/null ||
    skip "needs labels"

  run -0 "$PCOPY" --stats file copy
  [ "$(getfattr --only-values -n security.selinux copy)" = \
    system_u:object_r:tmp_t:s0 ]
}

@test "cp-mv-enotsup-xattr: lost, said, and counted; a failure is one" {
  need_seccomp
  mkdir src
  echo text >src/file
  setfattr -n user.x -v 1 src/file || skip "needs extended attributes"

  run -0 tool refuse fsetxattr=EOPNOTSUPP -- "$PCOPY" --stats src dst
  [[ $output == *'cannot all be kept here'* ]]
  [[ $output == *'not preserved: 1 xattr'* ]]
  [ "$(cat dst/file)" = text ]
  run -3 tool refuse fsetxattr=EOPNOTSUPP -- \
    "$PCOPY" --stats --preserve=xattr src dst2
  run -0 tool refuse fsetxattr=EOPNOTSUPP -- \
    "$PCOPY" --stats --no-preserve=xattr src dst3
  [[ $output != *xattr* ]]
  run -1 tool refuse fsetxattr=EIO -- "$PCOPY" --stats src dst4
  [[ $output == *'cannot set extended attribute'* ]]
  [ ! -e dst4/file ]
}

@test "nfs-removal-race: a destination that is said to be there and is not" {
  need_tracer
  echo text >file

  run -0 strace -f -qq -o /dev/null -e trace=linkat \
    -e inject=linkat:error=EEXIST:when=1 "$PCOPY" --stats file copy
  [ "$(cat copy)" = text ]
  no_litter .
}

@test "no-ctx: an attribute that is listed but not there" {
  need_tracer
  echo text >file
  setfattr -n user.x -v 1 file || skip "needs extended attributes"

  run -0 strace -f -qq -o /dev/null -e trace=fgetxattr \
    -e inject=fgetxattr:error=ENODATA "$PCOPY" --stats file copy
  [ "$(cat copy)" = text ]
}

@test "proc-short-read, proc-zero-len: what cat reads" {
  local file

  for file in cpuinfo filesystems devices; do
    run -0 "$PCOPY" --stats "/proc/$file" .
    sed '/MHz/d; /ogo[Mm][Ii][Pp][Ss]/d' "/proc/$file" >said
    sed '/MHz/d; /ogo[Mm][Ii][Pp][Ss]/d' "$file" >copied
    cmp said copied
    [ -s copied ]
  done
}

@test "reflink-auto: falls back; always fails across file systems" {
  need_other_file_system
  make_bytes "$other/a" 200000

  run -1 "$PCOPY" --stats --reflink=always "$other/a" b
  [[ $output == *'b: cannot share blocks'* ]]
  [ ! -e b ]
  no_litter .
  for options in --reflink=auto '--reflink=auto --sparse=always' \
    '--reflink=always --reflink=never'; do
    # shellcheck disable=SC2086
    run -0 "$PCOPY" --stats $options "$other/a" b
    cmp "$other/a" b
    rm b
  done
}

@test "reflink-perm: mode and time of a file that may share its blocks" {
  make_bytes file 200000
  touch -d '2009-08-28 19:00' file
  chmod 777 file
  umask 077

  run -0 "$PCOPY" --stats --reflink=auto file copy
  [ "$(stat -c '%a %y' copy)" = "$(stat -c '%a %y' file)" ]
}

@test "sparse, sparse-2: runs of zeros in every size" {
  local n first
  truncate -s 64K zeros
  tr '\0' U <zeros >text

  for first in zeros text; do
    for n in 1 3 4 16 17 64; do
      rm -f in
      for _ in 1 2 3; do
        head -c $((n * 1024)) "$first" >>in
        head -c $((n * 1024)) "$([ "$first" = zeros ] && echo text ||
          echo zeros)" >>in
      done
      run -0 "$PCOPY" --stats --update=all --sparse=always --reflink=never in out
      run -0 "$PCOPY" --stats --update=all --sparse=always --reflink=never out out2
      run -0 "$PCOPY" --stats --update=all --sparse=never out out3
      cmp in out && cmp in out2 && cmp in out3
      [ "$(blocks out2)" -le "$(blocks out)" ]
    done
  done
  # A hole at the end, with a byte behind it or without.
  printf x >k
  truncate -s 131073 k
  for option in auto always never; do
    run -0 "$PCOPY" --stats --update=all --reflink=never --sparse=$option k k2
    cmp k k2
  done
  [ "$(blocks k2)" -ge 256 ]
  # Holes come with the blocks that are shared, or without sharing.
  run -2 "$PCOPY" --stats --sparse=always --reflink=always k k3
}

@test "sparse-extents, fiemap-empty: room that is reserved but not written" {
  fallocate -l 1 -o 1 -n probe 2>/dev/null || skip "needs fallocate"
  fallocate -l 50M empty
  run -0 timeout 30 "$PCOPY" --stats --reflink=never empty copy
  [ "$(stat -c %s copy)" -eq 52428800 ]
  for option in auto always never; do
    for room in '-l 4194304' '-l 1048576 -o 4194304' '-l 1'; do
      head -c 5120 /dev/urandom >in
      truncate -s 2M in
      # shellcheck disable=SC2086
      fallocate $room -n in
      run -0 "$PCOPY" --stats --update=all --reflink=never --sparse=$option in out
      cmp in out
    done
  done
}

@test "sparse-extents-2: extents of many sizes and numbers" {
  local i j

  for i in 1 3 5 11 21; do
    for j in 1 2 31 100; do
      python3 -c '
import os, sys
n = int(sys.argv[1]) * 1024
for i in range(int(sys.argv[2])):
    os.lseek(1, n, 1)
    os.write(1, bytes([i + 1]) * n)' "$i" "$j" >in
      run -0 "$PCOPY" --stats --update=all --reflink=never --sparse=always in out
      cmp in out
      [ "$(blocks out)" -le $(($(blocks in) + 8 * j)) ]
    done
  done
}

@test "sparse-perf: a hole of 1 TiB takes no time" {
  truncate -s 1T f 2>/dev/null || skip "needs large files"
  printf end | dd of=f bs=1 seek=1099511627773 conv=notrunc status=none

  run -0 timeout 30 "$PCOPY" --stats --reflink=never f f2
  [ "$(stat -c %s f2)" -eq 1099511627776 ]
  [ "$(blocks f2)" -lt 1000 ]
  [ "$(tail -c 3 f2)" = end ]
}
