#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC1083,SC2016,SC2030,SC2031,SC2034,SC2154
# --each and --map: what outlives its job; how many jobs run; process 1.

load helpers

setup() {
  make_room
  mkfifo come go
  exec 7<>come 8<>go
}

teardown() { clear_room; }

# Waits until a process that was just started blocks SIGUSR1 and SIGUSR2.
blocks_them() { # PID
  until [ "$(($(sed -n 's/^SigBlk:./0x/p' "/proc/$1/status") & 0xa00))" -eq 2560 ]; do
    read -r -t 0.01 <> <(:) || true
  done
}

@test "what outlives its job may go on writing, however much" {
  local option
  for option in -q -k --lb --tag; do
    rm -f survived
    "$PCOPY" --each "$option" -a <(seq 1) -s '
      echo early
      { read -r _ <go; head -c 300000 /dev/zero && echo on stderr >&2 &&
        echo yes >survived; echo >come; } &' >out 2>err
    grep -q early out
    echo >&8
    read -r _ <&7
    [ -e survived ]
    fails grep -q stderr err
  done
}

@test "what outlives its job may go on writing while others run" {
  run -0 "$PCOPY" --each -q -j1 -k -a <(seq 3) -s '
    case $1 in
      1) { read -r _ <go; head -c 300000 /dev/zero && echo written >come; } & ;;
      2) echo >go; read -r word <come; echo "$word" ;;
      3) echo last
    esac' 7>&- 8>&-
  [ "$output" = $'written\nlast' ]
}

@test "the reader of late output ends with the writer" {
  "$PCOPY" --each -q -a <(seq 1) -s '{ read -r _ <go; } & echo $! >come'
  read -r writer <&7
  local i reader
  # The only other one that has the job's pipe.
  reader=$(pgrep -x pcopy-drain | while read -r pid; do
    [ "$(readlink "/proc/$pid/fd/0")" = "$(readlink "/proc/$writer/fd/1")" ] &&
      echo "$pid"
  done)
  [ -n "$reader" ]
  [ "$(readlink "/proc/$reader/cwd")" = / ]
  echo >&8
  for ((i = 0; i < 1000; i++)); do
    [ -e "/proc/$reader" ] || break
    read -r -t 0.01 <> <(:) || true
  done
  [ ! -e "/proc/$reader" ]
}

@test "--map: what is written late is not in the output" {
  mkdir src
  echo text >src/f
  "$PCOPY" --map -q src dst -- sh -c '
    cat; { read -r _ <go; echo LATE; echo >come; } &'
  [ "$(cat dst/f)" = text ]
  echo >&8
  read -r _ <&7
  [ "$(cat dst/f)" = text ]
  "$PCOPY" --map --check src dst
}

@test "--map: what is written late into {out} is not in the output" {
  mkdir src
  echo text >src/f
  head -c 3000000 /dev/urandom >src/big
  chmod 640 src/f
  "$PCOPY" --map -q -j1 src dst -- sh -c '
    exec 5>"$2"; cat "$1" >&5; { read -r _ <go; echo LATE >&5; echo >come; } &' \
    sh {} {out}
  printf '\n\n' >&8
  read -r _ <&7
  read -r _ <&7
  cmp src/f dst/f
  cmp src/big dst/big
  [ "$(stat -c %a dst/f)" = 640 ]
  "$PCOPY" --map --check src dst
}

@test "SIGUSR1: a job more at a time" {
  "$PCOPY" --each -q -j1 -a <(seq 4) -s 'echo x >come; read -r _ <go' &
  local run_pid=$!
  read -r _ <&7
  fails read -r -t 0.2 _ <&7
  kill -USR1 "$run_pid"
  read -r _ <&7
  kill -USR1 "$run_pid"
  read -r _ <&7
  printf '\n\n\n\n' >&8
  wait "$run_pid"
}

@test "SIGUSR2: a job fewer at a time, of those that wait, too" {
  "$PCOPY" --each -q -j3 -a <(seq 9) -s 'echo "$1" >come; read -r _ <go' &
  local run_pid=$! i
  for i in 1 2 3; do read -r _ <&7; done
  kill -USR2 "$run_pid"
  kill -0 "$run_pid"
  # Signals of one kind that are not read yet are one.
  while grep -q '^ShdPnd:.*[8]00$' "/proc/$run_pid/status"; do :; done
  kill -USR2 "$run_pid"
  while grep -q '^ShdPnd:.*[8]00$' "/proc/$run_pid/status"; do :; done
  printf '\n\n' >&8
  fails read -r -t 0.2 _ <&7
  echo >&8
  for i in 4 5 6 7 8 9; do
    read -r _ <&7
    fails read -r -t 0.02 _ <&7
    echo >&8
  done
  wait "$run_pid"
}

@test "SIGUSR1 and SIGUSR2 end no run: at the start, of --map, of a copy" {
  mkdir src
  echo 1 >src/1
  echo 2 >src/2
  local signal run_pid late=()
  if command -v strace >/dev/null && strace -o /dev/null true 2>/dev/null; then
    mapfile -t late < <(slowly 300)
  fi
  for signal in USR1 USR2; do
    mkfifo list
    "$PCOPY" --each -q -a list -- true &
    run_pid=$!
    # It waits for somebody to write the list.
    blocks_them "$run_pid"
    kill -"$signal" "$run_pid"
    seq 3 >list
    wait "$run_pid"
    rm list
    "$PCOPY" --map -q src "map.$signal" -- sh -c 'echo >come; read -r _ <go; cat' &
    run_pid=$!
    blocks_them "$run_pid"
    kill -"$signal" "$run_pid"
    printf '\n\n' >&8
    wait "$run_pid"
    cmp src/1 "map.$signal/1"
    cmp src/2 "map.$signal/2"
    [ "${#late[@]}" -gt 0 ] || continue
    "${late[@]}" "$PCOPY" -q src "copy.$signal" &
    run_pid=$!
    blocks_them "$run_pid"
    kill -"$signal" "$run_pid"
    wait "$run_pid"
    same_tree src "copy.$signal"
  done
}

@test "as process 1 the status is 128+n, for each way of running" {
  unshare -pf --mount-proc true 2>/dev/null || skip "no pid name spaces"
  mkdir src
  echo 1 >src/1
  echo 1 >list
  local signal mode number
  for mode in each map; do
    for signal in TERM INT HUP; do
      case $mode in
        each) set -- --each -q -a list -s 'echo >come; sleep 100' ;;
        map) set -- --map -q src dst -- sh -c 'echo >come; sleep 100' ;;
      esac
      env --default-signal=INT unshare -pf --mount-proc "$PCOPY" "$@" 2>/dev/null &
      read -r _ <&7
      number=$(kill -l "$signal")
      kill -"$signal" "$(pgrep -P $!)"
      local status=0
      wait $! || status=$?
      [ "$status" -eq $((128 + number)) ]
    done
  done
}
