#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Another process exchanges entries of source and destination for symlinks,
# fifos, devices, hard links and one another, as fast as it can, while pcopy
# copies as root: entries may fail, but nothing outside the two trees is opened,
# read into the copy, written or given other metadata, and pcopy always ends.
# See siege.bash.

load ../cli/trees

setup() {
  make_room
  need_root
  need setpriv python3
}

teardown() {
  clear_room
}

# In a file system of its own where that may be, so that nothing else on this
# machine, such as an indexer, is taken for the culprit.
siege() { # LINKS STATE [OPTION]...
  local script=$HELPERS/../hostile/siege.bash

  if unshare -m mount -t tmpfs none "$ROOM" 2>/dev/null; then
    # shellcheck disable=SC2016
    unshare -m bash -c 'mount -t tmpfs none "$1" && cd "$1" && shift &&
      bash "$@"' siege "$ROOM" "$script" "$@"
  else
    bash "$script" "$@"
  fi
}

survives() { # LINKS STATE [OPTION]...
  run siege "$@"
  # shellcheck disable=SC2154
  head -n 40 <<<"$output"
  # shellcheck disable=SC2154
  [ "$status" -eq 0 ]
}

@test "another user's trees, copied afresh" {
  survives 0 empty
}

@test "another user's trees, brought up to date" {
  survives 0 older
}

@test "another user's trees, metadata mended" {
  survives 0 wider
}

@test "another user's trees, with --force" {
  survives 0 older --force --update=all
}

@test "another user's trees, with --inplace" {
  survives 0 older --inplace
}

@test "hard links to outside files, copied afresh" {
  survives 1 empty
}

@test "hard links to outside files, mended or replaced" {
  survives 1 wider
}

@test "hard links to outside files, with --inplace" {
  survives 1 older --inplace --update=all
}

@test "hard links to outside files, without keeping links" {
  survives 1 wider --no-preserve=links
}

# The check of the checks: what the others must never see can be seen.
@test "a copy that follows links is seen to read outside, others are not" {
  run siege still empty -L

  echo "$output"
  [ "$status" -ne 0 ]
  [[ $output == *'watch '*': opened '* ]]
  [[ $output == *'read outside'* ]]
  survives still empty
}
