#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# File systems by FUSE that refuse one way of doing a thing: there is another.
# shellcheck disable=SC2154

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
