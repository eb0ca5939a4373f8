#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# One big file and two processes that fill it, of which one dies or fails.
# shellcheck disable=SC2016,SC2030,SC2031,SC2034,SC2154

load ../cli/trees

setup() {
  make_room
  case $(stat -f -c %T .) in
    ext2/ext3 | xfs) ;;
    *) skip 'a file is not split on this file system' ;;
  esac
  mkdir src
  seq 9000000 | head -c 60000000 >src/big
}

teardown() {
  kill_started
  clear_room
}

# The helper of the one worker that has something to do.
helper() {
  local worker

  for worker in $(workers "$pid"); do
    ps -o pid= --ppid "$worker"
  done | tr -d ' '
}

has_helper() {
  [ -n "$(helper)" ]
}

# Starts a copy that takes a while, and waits until there are two at the file.
start_shared() { # ARG...
  start_late 10 pwrite64 "$@"
  wait_until has_helper
  helper=$(helper)
  worker=$(ps -o ppid= -p "$helper" | tr -d ' ')
}

same_file() {
  cmp src/big dst/big
  same_list src dst
  no_litter dst
}

@test "a killed helper is told of, its range is copied by the worker: status 0" {
  need_tracer

  start_shared --reflink=never src dst -j 2
  kill -KILL "$helper"
  ended 0

  grep -F "pcopy: src/big: a second worker at it (pid $helper) died of signal 9, trying again" err
  grep -F '1 copied, 1 directory, ' err
  same_file
}

@test "a worker that is killed takes its helper with it, the file is copied again" {
  need_tracer

  start_shared --reflink=never src dst -j 2
  kill -KILL "$worker"
  wait_gone "$helper"
  ended 0

  grep -E "^pcopy: src/big: worker . \(pid $worker\) died of signal 9, trying again" err
  grep -F '1 copied, 1 directory, 1 worker died, ' err
  same_file
}

@test "both are killed, and the file has a temporary name" {
  need_tracer
  need_seccomp
  WRAP=("$BUILD/tests/refuse" "openat,2,O_TMPFILE=EOPNOTSUPP" --)

  start_shared --reflink=never src dst -j 2
  kill -KILL "$helper" "$worker"
  ended 0

  same_file
}

@test "kill -9 of the master: nobody is left, and nothing of the file" {
  need_tracer

  start_shared --reflink=never src dst -j 2
  kill -KILL "$pid"
  ended 137

  wait_gone "$helper" "$worker"
  [ "$(n_files dst)" -eq 0 ]
  run -0 "$PCOPY" --stats src dst
  same_file
}

@test "a signal to the master ends both, and nothing of the file is left" {
  need_tracer

  start_shared --reflink=never src dst -j 2
  kill -INT "$pid"
  ended 130

  wait_gone "$helper" "$worker"
  [ "$(n_files dst)" -eq 0 ]
  no_litter dst
}

@test "a source that changes while two copy it is copied again" {
  need_tracer

  start_shared --reflink=never src dst -j 2
  printf changed | dd of=src/big bs=1 seek=59000000 conv=notrunc status=none
  ended 0

  grep -F '1 copied, 1 directory, ' err
  same_file
}

@test "a source that is cut while two copy it is copied again" {
  need_tracer

  start_shared --reflink=never src dst -j 2
  truncate -s 40000000 src/big
  ended 0

  same_file
}

@test "a full disk while two copy: one message, nothing is left" {
  need_tracer

  run -1 strace -f -qq -o trace -e trace=pwrite64 \
    -e inject=pwrite64:error=ENOSPC:when=20+ \
    "$PCOPY" --stats --reflink=never src dst -j 2

  [ "$(grep -c 'dst/big: cannot write: No space left on device$' <<<"$output")" -eq 1 ]
  [ "$(grep -c '^pcopy: dst' <<<"$output")" -eq 1 ]
  [ "$(n_files dst)" -eq 0 ]
}

@test "holes stay holes, and content is all there, with two at a file" {
  truncate -s 400M src/big
  for at in 120 200 201 330; do
    seq 1000000 | head -c 5000000 |
      dd of=src/big bs=1M seek=$at conv=notrunc status=none
  done

  run -0 "$PCOPY" --stats --reflink=never src dst -j 2

  same_file
  [ "$(stat -c %b dst/big)" -le $(($(stat -c %b src/big) + 64)) ]
}
