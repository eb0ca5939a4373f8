#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Workers that wait for a disk.
# shellcheck disable=SC2154 # run sets status

load ../cli/trees

setup() {
  make_room
  mkdir -p src/{1..40}
  for i in {1..40}; do
    for k in {1..10}; do
      echo "this is file $k" >"src/$i/$k"
    done
  done
}

teardown() {
  clear_room
}

# Each read takes as long as from a disk. Prints how many processes read.
n_readers() { # ARG...
  strace -f -qq -o trace -e trace=pread64 -e inject=pread64:delay_exit=3000 \
    "$PCOPY" --stats -q --reflink=never "$@" src dst
  awk '/this is file/ { print $1 }' trace | sort -u | wc -l
}

@test "more workers are started when those that are there wait for a disk" {
  need_tracer
  [ "$(nproc)" -lt 8 ] || skip 'has as many processors as that'

  run n_readers
  echo "$output"
  [ "$status" -eq 0 ]
  [ "$output" -gt "$(nproc)" ]
  [ "$output" -le 8 ]
  same_copy src dst
}

@test "with -j there are so many, however long they wait" {
  need_tracer

  run n_readers -j 2
  echo "$output"
  [ "$status" -eq 0 ]
  [ "$output" -eq 2 ]
  same_copy src dst
}
