#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Holes stay holes, wherever and however large they are; blocks are shared where
# that can be.
# shellcheck disable=SC2030,SC2031,SC2154

load mounts

setup() {
  make_fs_room
}

teardown() {
  clear_fs_room
}

put_text() { # FILE OFFSET
  printf 'at %s' "$2" |
    dd of="$1" bs=64K oflag=seek_bytes seek="$2" conv=notrunc status=none
}

make_huge() { # DIR
  mkdir "$1"
  truncate -s 5G "$1/gigabytes"
  for at in 0 2147483640 2147483648 4294967290 4294967296 5368709100; do
    put_text "$1/gigabytes" "$at"
  done
  truncate -s 1T "$1/hole"
  truncate -s 1T "$1/byte-at-the-end"
  put_text "$1/byte-at-the-end" $((1024 * 1024 * 1024 * 1024 - 16))
}

# What reads through a terabyte cannot be asked.
huge_is_kept() { # FROM TO [OPTION]...
  local from=$1 to=$2
  shift 2
  describe "$from/src" seen walker find blocks data
  run -0 timeout 60 "$PCOPY" --stats "$@" "$from/src" "$to/dst"
  slack_blocks=64 same_to_all "$from/src" seen "$to/dst" \
    walker find blocks data
  rm -r "$to/dst"
}

@test "data beyond 4 GiB and at the end of a terabyte, on each file system" {
  for type in ext4 xfs btrfs tmpfs; do
    mount_new $type $type
    make_huge $type/src
    huge_is_kept $type $type
    huge_is_kept $type $type --reflink=never
    huge_is_kept $type $type --inplace --reflink=never
  done
  huge_is_kept ext4 xfs
  huge_is_kept xfs tmpfs
  huge_is_kept tmpfs btrfs
  huge_is_kept btrfs ext4
}

blocks_of() { # FILE
  stat -c %b "$1"
}

# 200 pieces of one block: as many blocks as in the source, or two more for each
# piece at most.
@test "the copy of a file of many pieces takes no more room" {
  mount_new ext4 ext4
  for i in {0..199}; do
    put_text ext4/pieces $((i * 163840 + 5000))
  done
  for type in xfs btrfs tmpfs; do
    mount_new $type $type
    run -0 "$PCOPY" --stats ext4/pieces $type/pieces
    cmp ext4/pieces $type/pieces
    [ "$(blocks_of $type/pieces)" -le $(($(blocks_of ext4/pieces) + 200 * 16)) ]
    run -0 "$PCOPY" --stats --reflink=never $type/pieces $type/copy
    cmp ext4/pieces $type/copy
    [ "$(blocks_of $type/copy)" -le $(($(blocks_of $type/pieces) + 200 * 16)) ]
    run -0 "$PCOPY" --stats $type/pieces ext4/copy-$type
    cmp ext4/pieces ext4/copy-$type
    [ "$(blocks_of ext4/copy-$type)" -le "$(blocks_of ext4/pieces)" ]
  done
}

@test "--sparse=always makes holes of zeros, --sparse=never fills them" {
  for type in ext4 xfs btrfs tmpfs; do
    mount_new $type $type
    cd $type
    mkdir src
    head -c 2M /dev/zero >src/zeros
    yes | head -c 1M >src/zeros-between
    head -c 1M /dev/zero >>src/zeros-between
    yes | head -c 10001 >>src/zeros-between
    truncate -s 2M src/hole
    put_text src/hole 1000000
    sync .
    describe src seen

    run -0 "$PCOPY" --stats --sparse=always src always
    same_to_all src seen always walker find getfattr mtree rsync
    [ "$(blocks_of always/zeros)" -eq 0 ]
    [ "$(blocks_of always/zeros-between)" -le 2200 ]
    [ "$(blocks_of always/hole)" -le 64 ]
    run -0 "$PCOPY" --stats --sparse=never src never
    same_to_all src seen never walker find getfattr mtree rsync
    for file in zeros hole; do
      [ "$(blocks_of never/$file)" -ge 4096 ]
    done
    run -0 "$PCOPY" --stats src auto
    same_to_all src seen auto walker data
    cd "$ROOM"
  done
}

@test "blocks that were set aside take no more room in the copy" {
  for type in ext4 xfs btrfs tmpfs; do
    mount_new $type $type
    cd $type
    mkdir src
    fallocate -l 3M src/aside
    : >src/aside-behind
    fallocate -n -l 3M src/aside-behind
    echo text >>src/aside-behind
    fallocate -l 3M src/aside-and-text
    put_text src/aside-and-text 2000000
    run -0 "$PCOPY" --stats --reflink=never src dst
    for file in src/*; do
      cmp "$file" "dst/${file#src/}"
      [ "$(blocks_of "dst/${file#src/}")" -le $(($(blocks_of "$file") + 16)) ]
    done
    cd "$ROOM"
  done
}

# Where each piece of a file is on the disk, and that others have it, too.
pieces() { # FILE
  filefrag -v "$1" | awk '$1 ~ /^[0-9]+:$/ { print $4, $5, $NF }'
}

@test "a copy shares its blocks on XFS and btrfs, holes and all" {
  for type in xfs btrfs; do
    mount_new $type $type
    cd $type
    mkdir src
    make_bytes src/large 1000000
    truncate -s 3M src/holes
    put_text src/holes 0
    make_bytes src/middle 300000
    dd if=src/middle of=src/holes bs=64K seek=16 conv=notrunc status=none
    sync .

    run -0 "$PCOPY" --stats src dst
    describe src seen
    same_to_all src seen dst
    for file in large holes middle; do
      pieces "src/$file" | grep -q shared
      [ "$(pieces "src/$file")" = "$(pieces "dst/$file")" ]
    done
    run -0 "$PCOPY" --stats --reflink=always src always
    same_to_all src seen always
    [ "$(pieces src/large)" = "$(pieces always/large)" ]
    # copy_file_range(2) would share them all the same.
    run -0 "$PCOPY" --stats --reflink=never src never
    sync .
    same_to_all src seen never
    for file in large holes middle; do
      fails grep -q shared < <(pieces "never/$file")
    done
    cd "$ROOM"
  done
}

@test "--reflink=always fails where blocks cannot be shared" {
  mount_new xfs xfs
  mount_new ext4 ext4
  mkdir src
  make_bytes xfs/large 1000000
  make_bytes ext4/large 1000000

  run -1 "$PCOPY" --stats --reflink=always xfs/large ext4/copy
  [[ $output == *'cannot share blocks'* ]]
  [ ! -e ext4/copy ]
  run -1 "$PCOPY" --stats --reflink=always ext4/large ext4/copy
  [[ $output == *'cannot share blocks'* ]]
  [ ! -e ext4/copy ]
  run -0 "$PCOPY" --stats --reflink=auto xfs/large ext4/copy
  cmp xfs/large ext4/copy
}
