#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# On XFS files are made in rooms, directories of the workers: what happens to
# these when somebody dies or is stopped.
# shellcheck disable=SC2154

load mounts

setup() {
  make_fs_room
  mount_new xfs disk
  cd disk || return
  mkdir src
  for i in {1..40}; do
    echo "this is file $i" >"src/$i"
  done
}

teardown() {
  kill_started
  clear_fs_room
}

@test "nothing is left of rooms; a copy that is there needs none" {
  run -0 "$PCOPY" --stats src dst -j 3
  no_litter dst
  same_copy src dst
  rm dst/7
  echo more >>src/8
  run -0 "$PCOPY" --stats src dst -j 3
  [[ $output == *'pcopy: 2 copied, '* ]]
  no_litter dst
  same_copy src dst
}

@test "killed workers leave nothing in their rooms" {
  need_tracer

  run strace -f -qq -o ../trace -e trace=renameat,renameat2,utimensat \
    -e inject=renameat,renameat2:signal=KILL:when=15 \
    -e inject=utimensat:signal=KILL:when=29 "$PCOPY" --stats src dst -j 1

  echo "$output"
  [ "$status" -eq 0 ]
  [[ $output == *'pcopy: 40 copied, 1 directory, '*'workers died, '* ]]
  no_litter dst
  same_copy src dst
}

@test "a run that is stopped takes its rooms away" {
  need_tracer

  start_stopped renameat2:when=3 src dst -j 2
  wait_until has_stopped
  kill -INT "$pid"
  go_on
  ended 130

  [ "$(n_files dst)" -lt 40 ]
  no_litter dst
  no_half_files src dst
}

@test "after kill -9 of the master rooms may stay, no half file" {
  need_tracer

  start_stopped utimensat:when=5 src dst -j 2
  wait_until has_stopped
  # shellcheck disable=SC2046
  kill -KILL "$pid" $(workers "$pid")
  wait "$pid" || true

  no_half_files src dst
  run -0 find dst -mindepth 1 -type d ! -name '.pcopy.*'
  [ -z "$output" ]
  [ "$(find dst -name '.pcopy.*' -type f | wc -l)" -le 2 ]
  run -0 "$PCOPY" --stats src dst
  rm -r dst/.pcopy.*
  touch -r src dst
  same_copy src dst
}
