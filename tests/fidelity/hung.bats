#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# A file system that answers no more while it is copied.
# shellcheck disable=SC2154 # status

load ../cli/helpers
load ../tools/quirks

setup() {
  make_room
}

teardown() {
  clear_quirk
  [ -z "$run_pid" ] || kill -KILL "$run_pid" 2>/dev/null || true
  clear_room
}

# Until the process has read the SIGTERM that it was sent.
heard() { # PID
  local pending
  until pending=$(awk '/^ShdPnd/ { print $2 }' "/proc/$1/status") &&
    [ $((0x$pending & 1 << 14)) -eq 0 ]; do
    kill -0 "$1"
  done
}

@test "a second signal does not wait for a worker that hangs in the kernel" {
  local status=0
  quirk
  seq 500 | (cd back && xargs touch)
  "$PCOPY" -j 2 m dst 2>err &
  run_pid=$!
  until [ -n "$(ls dst 2>/dev/null)" ]; do kill -0 "$run_pid"; done
  kill -STOP "$QUIRK_PID"
  kill -TERM "$run_pid"
  heard "$run_pid"
  kill -TERM "$run_pid"
  wait "$run_pid" || status=$?
  [ "$status" -eq 143 ]
  grep -qE '^pcopy: m.*: worker [01] \(pid [0-9]+\) hangs in the kernel, left behind' err
  grep -q 'interrupted by SIGTERM' err
}
