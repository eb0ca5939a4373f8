#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC1083,SC2016,SC2030,SC2031,SC2034,SC2154
# --each: the progress line.

load helpers

setup() {
  make_room
  mkfifo come go
  exec 7<>come 8<>go
}

teardown() { clear_room; }

# Starts a run under a terminal; what it draws goes to the file out.
start_on_terminal() { # [ARG]...
  "$PTYRUN" -w 80 "$PCOPY" --each "$@" >out &
  run_pid=$!
}

# Waits until the run has drawn something.
drawn_like() { # PATTERN
  local i
  for ((i = 0; i < 3000; i++)); do
    tr '\r' '\n' <out | grep -aqE "$1" && return
    read -r -t 0.01 <> <(:) || true
  done
  return 1
}

@test "while the list is open there is a count, and no percentage" {
  mkfifo list
  start_on_terminal -j 1 -a list -- true
  exec 9>list
  seq 3 >&9
  drawn_like '3 done, 3\+ found'
  fails grep -q % out
  seq 2 >&9
  drawn_like '5 done, 5\+ found'
  # Nobody has it open for writing any more.
  exec 9>&-
  wait "$run_pid"
  drawn_like '100.00 %  5 of 5 done'
}

@test "a list counts by items" {
  start_on_terminal -j 1 -a <(seq 4) -s '[ "$1" != 4 ] || read -r line <go'
  drawn_like '75.00 %  3 of 4 done'
  echo >&8
  wait "$run_pid"
}

@test "a tree counts by bytes, and something for each file" {
  mkdir tree
  head -c 9000000 /dev/zero >tree/big
  head -c 1000000 /dev/zero >tree/small
  start_on_terminal -j 2 tree -s 'case $1 in *small) read -r line <go; esac'
  drawn_like '89\.7[0-9] %  1 of 2 done  8\.6 MiB of 9\.5 MiB'
  echo >&8
  wait "$run_pid"
}

@test "the job that runs longest is named, not the last that was started" {
  printf '%s\n' first 2 3 4 5 6 7 8 9 last >list
  start_on_terminal -j 2 -a list -s '
    case $1 in
      first) echo >come; read -r line <go ;;
      2) read -r line <come ;;
      last) read -r line <go ;;
    esac'
  drawn_like '80.00 %  8 of 10 done.* first'
  fails grep -q last out
  printf '\n\n' >&8
  wait "$run_pid"
}
