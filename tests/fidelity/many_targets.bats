#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What pcopy says of what it cannot keep is so, on file systems of many kinds,
# and a second run finds nothing to do there.

load mounts

TABLE=$(realpath "${BATS_TEST_DIRNAME:-.}")/targets_table

setup() {
  make_fs_room
}

teardown() {
  clear_fs_room
}

# One that is missing here is left out, and named.
honest() { # TARGET...
  need_fs ext4
  need rsync getfattr getfacl lsattr
  local result=0
  "$TABLE" "$@" || result=$?
  [ $result -ne 77 ] || skip "none of them can be mounted here"
  return $result
}

@test "what is lost is said, and a second run copies nothing: in the kernel" {
  honest ext4 xfs btrfs tmpfs overlay
}

@test "... by FUSE" {
  honest fuse-overlayfs mergerfs gocryptfs exfat-fuse bindfs
}
