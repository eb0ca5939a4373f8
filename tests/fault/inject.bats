#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# System calls that fail: the entry is named with what failed and why, nothing
# half made is left, all else is copied, and the next run heals.
# shellcheck disable=SC2016,SC2030,SC2031,SC2034,SC2054,SC2154

load ../cli/trees

setup() {
  make_room
  mkdir -p src/dir src/empty
  for i in {1..20}; do
    echo "this is file $i" >"src/$i"
    echo "this is file $i in dir" >"src/dir/$i"
  done
  echo victim >src/victim
  ln -s target src/link
  mkfifo src/fifo
  HERE=$PWD
}

teardown() {
  clear_room
}

# The calls of one entry fail: MESSAGE is said, DST/NAME is not there.
one_fails() { # MESSAGE NAME INJECTION STRACE-ARG... [-- PCOPY-ARG...]
  local message=$1 name=$2 injection=$3 said words=()

  shift 3
  while [ $# -gt 0 ] && [ "$1" != -- ]; do
    words+=("$1")
    shift
  done
  run -1 strace -f -qq -o trace -e trace="${injection%%:*}" \
    -e inject="$injection" "${words[@]}" "${WRAP[@]}" "$PCOPY" --stats src dst "${@:2}"
  said=$(grep -v -e ' copied, ' -e '^pcopy: not preserved' <<<"$output")
  [ "$said" = "pcopy: $message" ] || {
    echo "said: $said"
    return 1
  }
  [[ "$output" == *', 1 failed, '* ]]
  [ ! -e "dst/$name" ] && [ ! -L "dst/$name" ]
  rsync -aniH --checksum --exclude="/$name" src/ dst/ | grep -v '^\.d' >rsync.out ||
    true
  cat rsync.out
  [ ! -s rsync.out ]
  no_litter dst
  run -0 "$PCOPY" --stats src dst
  same_copy src dst
  rm -rf dst
}

@test "the source of a file: open, stat, read, holes" {
  need_tracer

  one_fails 'src/victim: cannot open: Input/output error' victim \
    openat:error=EIO -P victim
  one_fails 'src/victim: cannot stat: Input/output error' victim \
    statx:error=EIO -P victim
  one_fails 'src/victim: cannot stat: Input/output error' victim \
    statx:error=EIO -P "$HERE/src/victim"
  one_fails 'src/victim: cannot read: Input/output error' victim \
    pread64:error=EIO -P "$HERE/src/victim"
  truncate -s 1M src/victim
  one_fails 'src/victim: cannot find data: Input/output error' victim \
    lseek:error=EIO -P "$HERE/src/victim"
  one_fails 'src/victim: cannot list extended attributes: Input/output error' \
    victim flistxattr:error=EIO -P "$HERE/src/victim"
}

@test "the second half of a file cannot be read, or written: it is not there" {
  need_tracer
  make_bytes src/victim 3000000
  # So that the bytes are read, and written, whatever can be shared or copied
  # by the kernel here.
  one_fails 'src/victim: cannot read: Input/output error' victim \
    pread64:error=EIO:when=5+ -P "$HERE/src/victim" -- --sparse=always
  rm -rf src/*[0-9] src/dir
  one_fails 'dst/victim: cannot write: No space left on device' victim \
    pwrite64:error=ENOSPC:when=5+ -- --sparse=always -j 1
}

@test "the kernel cannot copy the second half of a file: it is not there" {
  need_tracer
  case $(stat -f -c %T .) in
    ext2/ext3 | tmpfs) ;;
    *) skip 'the kernel is not asked to copy here' ;;
  esac
  make_bytes src/victim 3000000
  one_fails 'dst/victim: cannot write: No space left on device' victim \
    copy_file_range:error=ENOSPC:when=5+ -P "$HERE/src/victim"
  one_fails 'dst/victim: cannot write: Input/output error' victim \
    copy_file_range:error=EIO:when=2 -P "$HERE/src/victim"

  # What it does not support, or says is the end, is read and written.
  for result in error=EXDEV error=EINVAL error=EPERM retval=0; do
    remove dst
    run -0 strace -f -qq -o trace -e trace=copy_file_range \
      -e inject="copy_file_range:$result:when=3+" "$PCOPY" --stats src dst
    grep -q INJECTED trace
    same_copy src dst
  done
}

@test "the source of a directory: open, stat, list" {
  need_tracer
  rm -rf src/dir/*

  for injection in openat:error=EIO getdents64:error=EIO; do
    run -1 strace -f -qq -o trace -e trace="${injection%%:*}" -P dir \
      -P "$HERE/src/dir" -e inject="$injection" "$PCOPY" --stats src dst
    [[ "$output" == 'pcopy: src/dir: cannot '*' directory: Input/output error'* ]]
    [[ "$output" == *', 1 failed, '* ]]
    [ "$(cat dst/victim)" = victim ]
    run -0 "$PCOPY" --stats src dst
    same_copy src dst
    rm -rf dst
  done
}

@test "a listing that fails in the middle: what came before is copied" {
  need_tracer
  (cd src/dir && seq 9000 | xargs touch)

  run -1 strace -f -qq -o trace -e trace=getdents64 -P "$HERE/src/dir" \
    -e inject=getdents64:error=EIO:when=2 "$PCOPY" --stats src dst

  [[ "$output" == *'pcopy: src/dir: cannot read directory: Input/output error'* ]]
  [ "$(cat dst/victim)" = victim ]
  [ "$(n_files dst/dir)" -gt 0 ]
  [ "$(n_files dst/dir)" -lt 9000 ]
  run -0 "$PCOPY" --stats src dst
  same_copy src dst
}

@test "a file that cannot be made, named, or given its metadata" {
  need_tracer
  ! is_root || chown 1234:2345 src/victim
  chmod 4755 src/victim

  # Only one worker, and only one file: the victim's calls have no path.
  rm -rf src/*[0-9] src/dir src/empty src/link src/fifo
  # And nothing but the times to set of the directory.
  chmod 700 src
  one_fails 'dst/victim: cannot publish: Input/output error' victim \
    linkat:error=EIO
  one_fails 'dst/victim: cannot write: Disk quota exceeded' victim \
    pwrite64:error=EDQUOT -- -j 1
  one_fails 'dst/victim: cannot set permissions: Input/output error' victim \
    fchmod:error=EIO:when=1 -- -j 1
  if is_root; then
    one_fails 'dst/victim: cannot set owner: Input/output error' victim \
      fchownat:error=EIO:when=1 -- -j 1
  fi
  # In place the name is known.
  run -1 strace -f -qq -o trace -e trace=utimensat -P "$HERE/dst/victim" \
    -e inject=utimensat:error=EIO "$PCOPY" --stats --inplace src dst
  [[ "$output" == *'pcopy: dst/victim: cannot set times: Input/output error'* ]]
}

@test "a file that fails leaves no temporary one, where these have names" {
  need_tracer
  need_seccomp
  WRAP=("$BUILD/tests/refuse" openat,2,O_TMPFILE=EOPNOTSUPP --)
  rm -rf src/*[0-9] src/dir src/empty src/link src/fifo

  one_fails 'src/victim: cannot read: Input/output error' victim \
    pread64:error=EIO -P "$HERE/src/victim"
  one_fails 'dst/victim: cannot write: No space left on device' victim \
    pwrite64:error=ENOSPC -- -j 1
  one_fails 'dst/victim: cannot publish: Input/output error' victim \
    renameat2:error=EIO
}

@test "a file that replaces another and fails leaves the old one" {
  need_tracer
  "$PCOPY" --stats -q src dst
  echo changed, and longer than it was >src/victim

  for injection in linkat:error=EIO renameat,renameat2:error=EIO pwrite64:error=ENOSPC; do
    run -1 strace -f -qq -o trace -e trace="${injection%%:*}" \
      -e inject="$injection" "$PCOPY" --stats src dst
    [[ "$output" == *'pcopy: dst/victim: cannot '* ]]
    [ "$(cat dst/victim)" = victim ]
    no_litter dst
  done

  run -0 "$PCOPY" --stats src dst
  same_copy src dst
}

@test "a close that fails is an error of that file" {
  need_tracer

  run -1 strace -f -qq -o trace -e trace=close -P "$HERE/dst/victim" \
    -e inject=close:error=EIO "$PCOPY" --stats --inplace src dst

  [[ "$output" == *'pcopy: dst/victim: cannot close: Input/output error'* ]]
  [[ "$output" == *', 1 failed, '* ]]
}

@test "symlinks, fifos and directories that cannot be made" {
  need_tracer

  one_fails 'dst/link: cannot create: No space left on device' link \
    symlinkat:error=ENOSPC -P link
  one_fails 'src/link: cannot read link: Input/output error' link \
    readlinkat:error=EIO -P link
  one_fails 'dst/fifo: cannot create: Operation not permitted' fifo \
    mknodat:error=EPERM -P fifo
  one_fails 'dst/empty: cannot create directory: Disk quota exceeded' empty \
    mkdirat:error=EDQUOT -P empty
  one_fails 'dst/dir: cannot create directory: No space left on device' dir \
    mkdirat:error=ENOSPC -P dir
}

@test "metadata of a directory that cannot be set: it is named, all is in it" {
  need_tracer
  chmod 0751 src/empty
  is_root && chown 1234:2345 src/empty

  for injection in fchmod utimensat fchownat; do
    is_root || [ "$injection" != fchownat ] || continue
    run -1 strace -f -qq -o trace -e trace="$injection" -P "$HERE/dst/empty" \
      -e inject="$injection":error=EIO "$PCOPY" --stats src dst
    [[ "$output" == *'pcopy: dst/empty: cannot set '*': Input/output error'* ]]
    [[ "$output" == *', 1 failed, '* ]]
    run -0 "$PCOPY" --stats src dst
    same_copy src dst
    rm -rf dst
  done
}

@test "an owner that may not be set is counted, not failed" {
  need_root
  need_tracer
  chown 1234:2345 src/victim src/dir
  chown -h 1234:2345 src/link
  chmod 6755 src/victim

  run -0 strace -f -qq -o trace -e trace=fchownat \
    -e inject=fchownat:error=EPERM "$PCOPY" --stats src dst

  [[ "$output" == *'not preserved: 3 owners'* ]]
  # Set-id bits of another owner are not kept.
  [ "$(stat -c '%u %a' dst/victim)" = '0 755' ]
  run -0 "$PCOPY" --stats src dst
  same_copy src dst
}

# NAME is listed, and CALL says that it is not there.
one_vanishes() { # NAME CALL [ARG]...
  run -3 strace -f -qq -o trace -e trace="$2" -P "$1" \
    -e inject="$2":error=ENOENT "$PCOPY" --stats src dst "${@:3}"
  echo "$output"
  [ "$(grep -c . <<<"$output")" -eq 2 ]
  [[ "$output" == "pcopy: src/$1: vanished: No such file or directory"* ]]
  [[ "$output" == *', 1 vanished or kept changing, '* ]]
  [ ! -e "dst/$1" ] && [ ! -L "dst/$1" ]
  [ "$(cat dst/7)" = 'this is file 7' ]
  rm -rf dst
}

@test "what was listed and has vanished is named, a directory once: status 3" {
  need_tracer

  one_vanishes victim openat
  one_vanishes victim statx
  one_vanishes link statx
  one_vanishes fifo statx
  one_vanishes dir openat
  rm src/link
  one_vanishes victim statx -L
  one_vanishes dir openat -L
}

@test "a link that leads nowhere has not vanished: with -L it fails" {
  run -1 "$PCOPY" --stats -L src dst
  [[ "$output" == *'pcopy: src/link: cannot stat: No such file or directory'* ]]
  [[ "$output" != *vanished* ]]
}

@test "a listing that a signal interrupts goes on" {
  need_tracer

  run -0 strace -f -qq -o trace -e trace=getdents64 \
    -e inject=getdents64:error=EINTR:when=1+2 "$PCOPY" --stats src dst
  same_copy src dst
}

@test "a run that cannot start: status 2, no process is left" {
  need_tracer

  for injection in timerfd_create:error=EMFILE epoll_create1:error=EMFILE \
    signalfd4:error=EMFILE eventfd2:error=EMFILE; do
    run strace -f -qq -o trace -e trace="${injection%%:*}" \
      -e inject="$injection" "$PCOPY" --stats src dst
    [ "$status" -eq 2 ]
    [ "${lines[-1]}" = 'pcopy: workers: cannot start: Too many open files' ]
    [ "$(n_files dst)" -eq 0 ]
    rm -rf dst
  done
}

@test "where no process can be started the copy is made all the same" {
  need_tracer

  for err in EAGAIN ENOMEM; do
    run -0 strace -f -qq -o trace -e trace=clone,clone3,fork,vfork \
      -e inject=clone,clone3,fork,vfork:error=$err "$PCOPY" --stats src dst
    [[ "$output" == *workers* ]]
    same_copy src dst
    rm -rf dst
  done
}

# The fast ways are refused, and so others are taken.
with_refusals() { # REFUSAL...
  need_seccomp
  make_varied_tree src/varied
  run -0 "$BUILD/tests/refuse" "$@" -- "$PCOPY" --stats src dst -j 2
  no_litter dst
  same_copy src dst
  # And over what is there.
  touch -h src/varied/dir/*
  run -0 "$BUILD/tests/refuse" "$@" -- "$PCOPY" --stats src dst -j 2
  no_litter dst
  same_copy src dst
}

@test "without openat2" {
  with_refusals openat2=ENOSYS
}

@test "with openat2 refused by a filter" {
  with_refusals openat2=EPERM
}

@test "without unnamed files" {
  with_refusals openat,2,O_TMPFILE=EOPNOTSUPP
}

@test "without links to unnamed files by descriptor: by /proc" {
  with_refusals linkat,4,AT_EMPTY_PATH=ENOENT
  remove dst src/varied
  with_refusals linkat,4,AT_EMPTY_PATH=EPERM
}

@test "without shared blocks and inode flags" {
  with_refusals ioctl=ENOTTY
}

@test "without access times that stay" {
  with_refusals openat,2,O_NOATIME=EPERM openat2=ENOSYS
}

@test "without any of these" {
  with_refusals openat2=ENOSYS openat,2,O_TMPFILE=EOPNOTSUPP ioctl=ENOTTY \
    openat,2,O_NOATIME=EPERM copy_file_range=ENOSYS
}

@test "without a way to copy attributes: counted, not failed" {
  need_seccomp
  setfattr -n user.mine -v 1 src/victim || skip 'no extended attributes here'

  run -0 "$BUILD/tests/refuse" fsetxattr=EOPNOTSUPP -- "$PCOPY" --stats src dst

  [[ "$output" == *'not preserved: 1 xattr'* ]]
}

@test "a directory that cannot be closed to others: what it leaves out is said" {
  need_tracer
  chmod 700 src/dir
  mkdir -p dst/dir
  chmod 777 dst/dir

  run -1 strace -f -qq -o trace -e trace=chmod,fchmodat \
    -e inject=chmod,fchmodat:error=EIO "$PCOPY" --stats src dst
  echo "$output"
  [[ $output == *'dst/dir: cannot be closed to others, so what is to be in it is left out: '* ]]
  [ "$(n_files dst/dir)" -eq 0 ]
  [ "$(cat dst/7)" = 'this is file 7' ]
}
