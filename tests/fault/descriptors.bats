#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Few descriptors: directories that are kept open make room for others.
# shellcheck disable=SC2154

load ../cli/trees

setup() {
  make_room
  local i at=src
  for i in {1..12}; do
    at+=/$i
    mkdir -p "$at"
    echo "$i" >"$at/file"
  done
  for i in {1..200}; do
    mkdir "src/dir$i"
    echo "$i" >"src/dir$i/file"
  done
}

teardown() {
  clear_room
}

limited() { # DESCRIPTORS ARG...
  (
    exec 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-
    ulimit -n "$1"
    exec "$PCOPY" "${@:2}"
  )
}

@test "hundreds of directories side by side, and a chain of them" {
  local limit
  [[ $(env) != *ASAN* ]] || skip 'a sanitizer has files of its own'
  for limit in '24 -j1' '32 -j1' '32 -j4' '40 -j16'; do
    rm -rf dst
    # shellcheck disable=SC2086
    run limited $limit --stats src dst
    echo "$limit: $status $output"
    [ "$status" -eq 0 ]
    diff -r src dst
    echo more >>src/dir7/file
    # shellcheck disable=SC2086
    run limited $limit --stats src dst
    [ "$status" -eq 0 ]
    [[ $output == *'pcopy: 1 copied, '* ]]
  done
}
