#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Destinations that take no more, or nothing at all.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154

load ../cli/trees

setup() {
  make_room
  need_mounts
  mkdir src place
  for i in {1..40}; do
    make_bytes "src/$i" 100000
  done
  echo small >src/small
}

teardown() {
  clear_room
}

# Runs a script where mounts vanish with it; "place" is for them.
in_own_mounts() { # SCRIPT
  unshare -m bash -euo pipefail -c "bats_require_minimum_version() { :; }
    . '$BATS_TEST_DIRNAME/../cli/trees.bash'
    $1"
}

@test "a full file system: each file that has no room is named, the rest is whole" {
  in_own_mounts '
    mount -t tmpfs -o size=2m none place
    status=0
    "$PCOPY" --stats src place/dst -j 4 2>err || status=$?
    [ "$status" -eq 1 ]
    n=$(n_files place/dst)
    echo "$n files"
    [ "$n" -ge 10 ] && [ "$n" -lt 41 ]
    [ "$(grep -c "^pcopy: place/dst/[0-9a-z]*: cannot [a-z]*: No space left on device$" err)" -eq $((41 - n)) ]
    grep -q "pcopy: $n copied, 1 directory, $((41 - n)) failed" err
    no_half_files src place/dst
    [ -z "$(find place/dst -name ".pcopy.*")" ]

    # Once there is room the next run does what is left.
    mount -o remount,size=20m place
    "$PCOPY" --stats src place/dst 2>err
    grep -q "$((41 - n)) copied, $n unchanged" err
    same_copy src place/dst'
}

@test "a full file system keeps the old file that was to be replaced" {
  in_own_mounts '
    mount -t tmpfs -o size=1m none place
    mkdir src2
    echo old >src2/file
    "$PCOPY" --stats -q src2 place/dst
    make_bytes src2/file 2000000
    status=0
    "$PCOPY" --stats src2 place/dst 2>err || status=$?
    [ "$status" -eq 1 ]
    grep -q "^pcopy: place/dst/file: cannot write: No space left on device$" err
    [ "$(cat place/dst/file)" = old ]
    [ "$(ls -A place/dst)" = file ]'
}

@test "no inodes left: each entry is named" {
  ln -s small src/link
  mkdir src/dir
  in_own_mounts '
    mount -t tmpfs -o nr_inodes=20 none place
    status=0
    "$PCOPY" --stats src place/dst -j 2 2>err || status=$?
    [ "$status" -eq 1 ]
    grep -q "^pcopy: place/dst/[0-9]*: cannot create: No space left on device$" err
    n=$(find place/dst ! -type d | wc -l)
    [ "$n" -ge 10 ]
    grep -q "pcopy: $n copied" err
    no_half_files src place/dst'
}

@test "a read-only target that does not exist yet: status 2" {
  in_own_mounts '
    mount -t tmpfs -o ro none place
    status=0
    "$PCOPY" --stats src place/dst 2>err || status=$?
    cat err
    [ "$status" -eq 2 ]
    grep -q "^pcopy: place/dst: cannot create or open: Read-only file system$" err'
}

@test "a read-only target that differs: each entry is named, status 1" {
  in_own_mounts '
    mount -t tmpfs none place
    mkdir place/dst src/new
    mount -o remount,ro place
    status=0
    "$PCOPY" --stats src place/dst -j 2 2>err || status=$?
    [ "$status" -eq 1 ]
    [ "$(grep -c "^pcopy: place/dst/[0-9a-z]*: cannot create: Read-only file system$" err)" -eq 41 ]
    grep -q "^pcopy: place/dst/new: cannot create directory: Read-only file system$" err
    [ -z "$(ls -A place/dst)" ]'
}

@test "a read-only target that is the same already: status 0" {
  in_own_mounts '
    mount -t tmpfs none place
    "$PCOPY" --stats -q src place/dst
    mount -o remount,ro place
    "$PCOPY" --stats src place/dst 2>err || { cat err; exit 1; }
    grep -q "0 copied, 41 unchanged, 1 directory" err'
}

@test "a source that is read-only is copied" {
  in_own_mounts '
    mount -t tmpfs none place
    cp -a src place/src
    mount -o remount,ro place
    "$PCOPY" --stats -q place/src dst
    same_copy place/src dst'
}

@test "to another file system and back" {
  make_varied_tree src/varied
  # A tmpfs keeps these since Linux 6.6 only.
  setfattr -x user.colour src/varied/small 2>/dev/null || true
  setfattr -x user.colour src/varied/dir 2>/dev/null || true
  in_own_mounts '
    mount -t tmpfs none place
    "$PCOPY" --stats -q src place/there -j 2
    same_copy src place/there
    "$PCOPY" --stats -q place/there back -j 2
    same_copy src back'
}

@test "the destination inside the source by a bind mount: refused, nothing made" {
  mkdir -p src/inside "odd	name" dst
  in_own_mounts '
    mount --bind dst src/inside
    mount --bind src/inside "odd	name"
    for there in dst dst/new src/inside/new odd*name/ \
      "odd	name/new"; do
      status=0
      timeout 60 "$PCOPY" --stats src "$there" 2>err || status=$?
      [ "$status" -eq 5 ]
      grep -q "^pcopy: src: would be copied into itself" err
    done
    umount "odd	name"
    umount src/inside
    mkdir src/inside/deep
    mount --bind src/inside dst
    for there in dst dst/ dst/new dst/deep/new; do
      for more in -n -x -L --force; do
        status=0
        timeout 60 "$PCOPY" --stats src $more "$there" 2>err || status=$?
        [ "$status" -eq 5 ]
      done
    done
    [ "$(find src/inside)" = "src/inside
src/inside/deep" ]
    "$PCOPY" --stats -q src elsewhere
    [ -e elsewhere/inside/deep ]'
}
