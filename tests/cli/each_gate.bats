#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC1083,SC2016,SC2030,SC2031,SC2034,SC2154
# --each: when a job may start: --load, --memfree, --delay, make's jobserver.

load helpers

setup() {
  make_room
  unset MAKEFLAGS
  LONG=7$BATS_TEST_NUMBER$$
}

teardown() { clear_room; }

each() {
  "$PCOPY" --each "$@"
}

# A jobserver of N tokens, as make sets one up.
start_jobserver() { # N
  mkfifo tokens
  exec 9<>tokens
  head -c "$1" /dev/zero | tr '\0' + >&9
  export MAKEFLAGS=" -j9 --jobserver-auth=fifo:$PWD/tokens"
}

# The tokens that are there, without waiting.
n_tokens() {
  local text='' c
  while read -r -t 0 -u 9; do
    IFS= read -r -N 1 -u 9 c
    text+=$c
  done
  printf '%s' "$text" >&9
  printf '%s\n' "${#text}"
}

tokens_become() { # N
  local i
  for ((i = 0; i < 1000; i++)); do
    [ "$(n_tokens)" -ne "$1" ] || return 0
    read -r -t 0.01 <> <(:) || true
  done
  return 1
}

# The most jobs that ran at a time, by marks that start and end write.
most_at_once() {
  awk '/start/ {n++; if (n > most) most = n} /end/ {n--} END {print most}' marks
}

MARKED='echo start >>marks; read -r line <gate; echo end >>marks'

@test "--delay lets time pass between two starts" {
  local before after
  before=$(date +%s%N)
  each -j 4 --delay 100ms -a <(seq 4) -- true
  after=$(date +%s%N)
  [ $((after - before)) -ge 300000000 ]
}

# Runs the command in a mount name space where FILE of /proc is a file here.
with_fake() { # FILE COMMAND...
  local file=$1
  shift
  unshare -m sh -c 'mount --bind "$1" "/proc/$1" && shift && exec "$@"' \
    sh "$file" "$@"
}

@test "--load waits until fewer tasks run" {
  need_mounts
  mkfifo fed
  # Three tasks run, and the one that looks.
  echo '0.00 0.00 0.00 4/99 1' >loadavg
  # Nothing starts while four are asked for less than: three and one that has
  # just started.
  with_fake loadavg "$PCOPY" --each -j 3 --load 3 -a - -s \
    'echo 0.00 0.00 0.00 1/99 1 >/proc/loadavg; echo "$1" >>ran' <fed &
  run_pid=$!
  exec 7>fed
  seq 3 >&7
  # It is looked at again and again: let it be for a while.
  read -r -t 0.3 <> <(:) || true
  [ ! -e ran ]
  echo '0.00 0.00 0.00 1/99 1' >loadavg
  exec 7>&-
  wait "$run_pid"
  [ "$(wc -l <ran)" -eq 3 ]
}

@test "--memfree waits until there is memory" {
  need_mounts
  mkfifo fed
  printf 'MemTotal: 9 kB\nMemAvailable:    1023 kB\n' >meminfo
  with_fake meminfo "$PCOPY" --each -j 3 --memfree 1M -a - -- \
    sh -c 'echo "$1" >>ran' sh <fed &
  run_pid=$!
  exec 7>fed
  seq 3 >&7
  read -r -t 0.3 <> <(:) || true
  [ ! -e ran ]
  printf 'MemTotal: 9 kB\nMemAvailable:    1024 kB\n' >meminfo
  exec 7>&-
  wait "$run_pid"
  [ "$(wc -l <ran)" -eq 3 ]
}

@test "a signal ends a run that waits for memory" {
  local status=0
  mkfifo fed
  "$PCOPY" --each --memfree 9999T -a - -- true <fed 2>errors &
  run_pid=$!
  exec 7>fed
  echo 1 >&7
  read -r -t 0.2 <> <(:) || true
  kill -TERM "$run_pid"
  wait "$run_pid" || status=$?
  [ "$status" -eq 143 ]
}

@test "a run that is stopping sleeps, though its time for a look has come" {
  need_strace
  mkfifo come
  exec 7<>come
  ASAN_OPTIONS=detect_leaks=0 strace -D -o calls -e trace=/epoll_p?wait \
    "$PCOPY" --each -j 2 --delay 200ms --kill-after 1s -a <(seq 9) -s "
    trap 'echo got >come' TERM; echo here >come
    while :; do sleep $LONG & wait; done" 2>errors &
  run_pid=$!
  read -r _ <&7
  kill -TERM "$run_pid"
  wait "$run_pid" || true
  # Ten ticks a second, and what happened.
  [ "$(wc -l <calls)" -lt 500 ]
}

@test "a jobserver's tokens bound the jobs, and are all given back" {
  start_jobserver 2
  mkfifo gate
  exec 8<>gate
  each -a <(seq 9) -s "$MARKED" &
  run_pid=$!
  # One job is free, two have tokens; fewer where there are fewer processors.
  seq 9 >&8
  wait "$run_pid"
  [ "$(grep -c end marks)" -eq 9 ]
  [ "$(most_at_once)" -le 3 ]
  [ "$(n_tokens)" -eq 2 ]
}

@test "without a token one job runs, and the others when one comes" {
  need_processors 2
  start_jobserver 0
  mkfifo come go
  exec 7<>come 8<>go
  each -a <(seq 2) -s 'echo here >come; read -r line <go' &
  run_pid=$!
  read -r _ <&7
  read -r -t 0.2 -u 7 && false
  # Another client gives one back.
  printf x >&9
  read -r _ <&7
  [ "$(n_tokens)" -eq 0 ]
  printf '1\n1\n' >&8
  wait "$run_pid"
  [ "$(n_tokens)" -eq 1 ]
  IFS= read -r -N 1 -u 9 byte
  [ "$byte" = x ]
}

# Two jobs that sleep, one of them with a token.
start_sleepers() {
  need_processors 2
  start_jobserver 1
  mkfifo come
  exec 7<>come
  setsid env --default-signal=INT "$PCOPY" --each --kill-after 1h \
    -a <(seq 9) -s "echo here >come; exec sleep $LONG" 2>errors &
  run_pid=$!
  read -r _ <&7
  read -r _ <&7
  [ "$(n_tokens)" -eq 0 ]
}

need_processors() { # N
  [ "$(nproc)" -ge "$1" ] || skip "needs $1 processors"
}

@test "tokens are given back after a signal" {
  local status=0
  start_sleepers
  kill -INT "$run_pid"
  wait "$run_pid" || status=$?
  [ "$status" -eq 130 ]
  [ "$(n_tokens)" -eq 1 ]
}

@test "tokens are given back when the master is killed, by its workers" {
  start_sleepers
  kill -KILL "$run_pid"
  wait "$run_pid" || true
  tokens_become 1
}

@test "tokens are given back when a job fails, times out, or halts the run" {
  start_jobserver 3
  run -1 each -a <(seq 20) -- false
  [ "$(n_tokens)" -eq 3 ]
  run -1 each --timeout 100ms -a <(seq 3) -- sleep "$LONG"
  [ "$(n_tokens)" -eq 3 ]
  run -1 each --halt now,fail=1 -a <(seq 3) -s \
    "[ \$1 = 1 ] || exec sleep $LONG; false"
  [ "$(n_tokens)" -eq 3 ]
}

@test "-j says how many jobs run: make is not asked" {
  start_jobserver 0
  mkfifo come go
  exec 7<>come 8<>go
  each -j 2 -a <(seq 2) -s 'echo here >come; read -r line <go' &
  run_pid=$!
  read -r _ <&7
  read -r _ <&7
  printf '1\n1\n' >&8
  wait "$run_pid"
}

@test "a jobserver of pipes, or one that is gone, is named and left alone" {
  export MAKEFLAGS=' -j2 --jobserver-auth=3,4'
  run -0 --separate-stderr each -a <(echo 1) -- echo
  [ "$output" = 1 ]
  [[ $stderr == *'MAKEFLAGS: this jobserver cannot be used'* ]]
  export MAKEFLAGS=" -j2 --jobserver-auth=fifo:$PWD/gone"
  run -0 --separate-stderr each -a <(echo 1) -- echo
  [[ $stderr == *'MAKEFLAGS: this jobserver cannot be used'* ]]
}

@test "the values are checked" {
  run -2 each --load 0 -a x -- true
  run -2 each --load x -a x -- true
  run -2 each --memfree 0 -a x -- true
  run -2 each --memfree 1Q -a x -- true
  run -2 each --delay soon -a x -- true
  run -0 each --load 100% --memfree 1K --delay 0 --dry-run -a <(echo) -- true
}
