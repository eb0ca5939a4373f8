#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Large: a sparse file beyond 4 GiB, many files in one directory, a tree deeper
# than any path.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154

load trees

setup() {
  make_room
}

teardown() {
  clear_room
}

# Bytes on the disk.
disk_bytes() { # FILE
  echo $(($(stat -c %b "$1") * 512))
}

@test "a sparse file of 5 GB, with data behind 2 and 4 GiB" {
  truncate -s 5G src
  for at in 0 2147483647 2147483648 4294967295 4294967296 5368709100; do
    printf 'at %s' "$at" |
      dd of=src bs=1 seek="$at" conv=notrunc status=none
  done
  [ "$(disk_bytes src)" -lt 1000000 ] || skip 'no holes here'

  run -0 timeout 60 "$PCOPY" --stats src dst

  [ "$(stat -c %s dst)" -eq 5368709120 ]
  [ "$(disk_bytes dst)" -lt 1000000 ]
  for at in 0 2147483648 4294967296 5368709100; do
    [ "$(dd if=dst bs=1 skip="$at" count=13 status=none | tr -d '\0')" = \
      "$(dd if=src bs=1 skip="$at" count=13 status=none | tr -d '\0')" ]
  done
  mkdir a b
  mv src a/file
  mv dst b/file
  [ "$(tool treelist a | tail -n 1)" = "$(tool treelist b | tail -n 1)" ]
}

@test "a sparse file with a hole at its end, in a tree, and in place" {
  mkdir src
  truncate -s 3G src/nothing src/start src/end
  echo start | dd of=src/start conv=notrunc status=none
  echo end | dd of=src/end bs=1M seek=3071 conv=notrunc status=none
  [ "$(disk_bytes src/nothing)" -lt 1000000 ] || skip 'no holes here'

  run -0 timeout 60 "$PCOPY" --stats src dst
  same_list src dst
  run -0 timeout 60 "$PCOPY" --stats --inplace --update=all src dst

  same_list src dst
  for file in nothing start end; do
    [ "$(disk_bytes dst/$file)" -lt 1000000 ]
  done
}

@test "20,000 files in one directory" {
  mkdir src
  (cd src && seq 20000 | xargs touch)
  for i in 1 9999 20000; do
    echo "$i" >"src/$i"
  done

  run -0 "$PCOPY" --stats src dst -j 4

  [[ "$output" == *'20,000 copied, 1 directory, '* ]]
  same_list src dst
  run -0 "$PCOPY" --stats src dst -j 4
  [[ "$output" == *'0 copied, 20,000 unchanged, 1 directory, '* ]]
}

@test "2,000 directories in one directory" {
  mkdir src
  (cd src && seq 2000 | xargs mkdir && seq -f '%g/file' 2000 | xargs touch)

  run -0 "$PCOPY" --stats src dst -j 4

  [[ "$output" == *'2,000 copied, 2,001 directories, '* ]]
  same_list src dst
}

@test "a chain of directories deeper than PATH_MAX" {
  mkdir src
  tool deeptree src 400 100

  run -0 "$PCOPY" --stats src dst -j 4

  [[ "$output" == *'80 copied, 401 directories, '* ]]
  same_list src dst
  run -0 "$PCOPY" --stats src dst -j 2
  [[ "$output" == *'0 copied, 80 unchanged, 401 directories, '* ]]
  same_list src dst
}

@test "a path longer than a slot of the queue" {
  mkdir src
  tool deeptree src 300 250

  run -0 "$PCOPY" --stats src dst -j 2 --queue-depth 1

  same_list src dst
  run -0 --separate-stderr "$PCOPY" --stats -n src other
  [ "$(grep -c '^copy' <<<"$output")" -eq 60 ]
}

@test "a chain of many directories with short names" {
  mkdir src
  tool deeptree src 1500 1

  run -0 "$PCOPY" --stats src dst -j 2

  same_list src dst
}

@test "an error far beyond PATH_MAX is named by its whole path" {
  mkdir src dst
  tool deeptree src 50 200
  tool deeptree dst 50 200
  # In the last directory a directory is in the way of the link.
  python3 - <<'END'
import os
fd = os.open("dst", os.O_RDONLY)
for _ in range(50):
    fd = os.open("d" * 200, os.O_RDONLY, dir_fd=fd)
os.unlink("link", dir_fd=fd)
os.mkdir("link", dir_fd=fd)
END

  run -1 "$PCOPY" --stats src dst

  [[ "$output" == *'pcopy: dst/ddd'*'ddd/link: is a directory, its source'* ]]
  line=$(grep -a 'is a directory, its source' <<<"$output")
  [ "${#line}" -gt 10050 ]
}

@test "many operands, more than there are descriptors" {
  mkdir src
  (cd src && seq 300 | xargs touch)

  run -0 bash -c 'ulimit -Sn 128; "$PCOPY" --stats -q src/* dst/'

  [ "$(find dst -type f | wc -l)" -eq 300 ]
}

@test "32 descriptors are enough for ten nested directories and four workers" {
  local dir=src i
  for i in {1..11}; do
    mkdir -p "$dir"
    echo "$i" >"$dir/file"
    ln "$dir/file" "src/link $i"
    dir=$dir/d
  done
  run -0 bash -c 'ulimit -n 32 && exec "$@"' - "$PCOPY" --stats src dst -j 4
  same_tree src dst
  run -0 bash -c 'ulimit -n 32 && exec "$@"' - "$PCOPY" --stats src dst -j 4
  [[ $output == *'pcopy: 0 copied'* ]]
}
