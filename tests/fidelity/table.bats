#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# docs/fidelity.md says of pcopy what is so.

load mounts

TABLE=$(realpath "${BATS_TEST_DIRNAME:-.}")/table
PAGE=$(realpath "${BATS_TEST_DIRNAME:-.}/../../docs/fidelity.md")

setup() {
  make_fs_room
}

teardown() {
  clear_fs_room
}

# The names of rows, and the first tool's cells.
rows_of() {
  grep -E '^\| .+ \| (yes|no) \|' "$@" | cut -d '|' -f 2,3
}

@test "the table in docs/fidelity.md is what pcopy keeps" {
  need_fs ext4
  need_fs xfs
  need_fs btrfs
  "$TABLE" pcopy >table.md
  rows_of table.md >now
  sed -n '/<!-- table -->/,/<!-- end of table -->/p' "$PAGE" | rows_of >said
  diff said now
  [ "$(wc -l <now)" -gt 50 ]
  fails grep '| no' now
}
