#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# A run that is stopped by a signal: what is left, what is said, going on.
# shellcheck disable=SC2016,SC2030,SC2031,SC2034,SC2054,SC2154

load trees

setup() {
  make_room
  mkdir src
  for dir in a b c; do
    mkdir "src/$dir"
    for i in {1..100}; do
      echo "file $i in $dir" >"src/$dir/$i"
    done
  done
  touch -d 2001-01-01 src/? src
}

teardown() {
  kill_started
  clear_room
}

# Stops a run in the middle; it ends by that signal and leaves things clean.
stop_by() { # SIGNAL STATUS
  start_late 50 linkat,renameat src dst -j 2
  wait_until has_files dst 5
  pids=$(workers "$pid")
  [ "$(wc -w <<<"$pids")" -eq 2 ]
  kill "-$1" "$pid"
  ended "$2"
  # shellcheck disable=SC2086
  wait_gone $pids
}

# Running it again does what is left to do, and that only.
does_the_rest() {
  local n

  n=$(n_files dst)
  [ "$n" -lt 300 ]
  run -0 "$PCOPY" --stats src dst
  [ "$(count_of unchanged "$output")" -eq "$n" ]
  [ "$(count_of copied "$output")" -eq $((300 - n)) ]
  same_copy src dst
}

@test "SIGINT, SIGTERM and SIGHUP end a run by that signal, and it goes on" {
  need_tracer
  for signal in 'INT 130' 'TERM 143' 'HUP 129'; do
    # shellcheck disable=SC2086
    stop_by $signal

    [[ "$(cat err)" == "pcopy: interrupted by SIG${signal% *} at "*" copied"* ]]
    [ "$(wc -l <err)" -eq 1 ]
    [ "$(count_of copied "$(cat err)")" -eq "$(n_files dst)" ]
    no_litter dst
    no_half_files src dst
    does_the_rest
    rm -rf dst
  done
}

@test "a directory that is not complete does not get its time" {
  need_tracer

  stop_by INT 130

  [[ "$(cat err)" != *director* ]]
  # Whole ones may have it.
  while IFS= read -r dir; do
    [ "$(n_files "dst/$dir")" -eq "$(n_files "src/$dir")" ]
  done < <(cd dst && find . -type d ! -newermt 2001-01-02)
}

@test "an interrupted run without unnamed files leaves no temporary ones" {
  need_tracer
  need_seccomp
  # shellcheck disable=SC2034 # the helpers use it
  WRAP=("$BUILD/tests/refuse" "openat,2,O_TMPFILE=EOPNOTSUPP" --)

  stop_by TERM 143

  no_litter dst
  no_half_files src dst
  does_the_rest
}

@test "-q still says that a run was interrupted" {
  need_tracer

  start_late 50 linkat src dst -j 2 -q
  wait_until has_files dst
  kill -INT "$pid"
  ended 130

  [[ "$(cat err)" == 'pcopy: interrupted by SIGINT at '* ]]
}

@test "a signal to the whole group, as from a terminal, is the same" {
  need_tracer

  setsid env --default-signal=INT strace -DDD -f -qq -o trace \
    -e trace=linkat -e inject=linkat:delay_enter=50000 \
    "$PCOPY" --stats src dst -j 2 >out 2>err 3>&- &
  pid=$!
  wait_until has_files dst 5
  kill -INT -- "-$pid"
  ended 130

  [[ "$(cat err)" == 'pcopy: interrupted by SIGINT at '* ]]
  [[ "$(cat err)" != *died* ]]
  no_litter dst
  does_the_rest
}

@test "a signal that was ignored when pcopy started stays ignored" {
  need_tracer

  # shellcheck disable=SC2064
  (
    trap '' INT
    exec strace -DDD -f -qq -o trace \
      -e trace=linkat -e inject=linkat:signal=STOP:when=1 \
      "$PCOPY" --stats src dst -j 2 >out 2>err 3>&-
  ) &
  pid=$!
  wait_until has_stopped
  kill -INT "$pid"
  go_on
  ended 0

  same_copy src dst
}

# The signal was taken by the program.
is_taken() { # PID
  [ "$(awk '/^(Shd|Sig)Pnd/ { n += $2 != "0000000000000000" }
    END { print n + 0 }' "/proc/$1/status")" -eq 0 ]
}

@test "a second signal ends a run at once, though a worker hangs" {
  need_tracer
  start_late 50 linkat src dst -j 2
  wait_until has_files dst
  pids=$(workers "$pid")
  # shellcheck disable=SC2086
  kill -STOP $pids

  kill -TERM "$pid"
  wait_until is_taken "$pid"
  kill -0 "$pid"
  kill -INT "$pid"
  ended 130

  # shellcheck disable=SC2086
  wait_gone $pids
  # The tracer may have something to say of a worker stopped twice.
  said=$(grep -v ^strace: err)
  [[ "$said" == 'pcopy: interrupted by SIGINT at '* ]]
  n=$(n_files dst)
  [ "$(count_of copied "$said")" -ge $((n - 2)) ]
  [ "$(count_of copied "$said")" -le "$n" ]
  no_litter dst
  does_the_rest
}

@test "a second signal leaves no temporary name, either" {
  need_tracer
  need_seccomp
  WRAP=("$BUILD/tests/refuse" openat,2,O_TMPFILE=EOPNOTSUPP --)
  start_late 50 renameat src dst -j 2
  wait_until has_files dst 3
  pids=$(workers "$pid")
  # shellcheck disable=SC2086
  kill -STOP $pids

  kill -TERM "$pid"
  wait_until is_taken "$pid"
  kill -INT "$pid"
  ended 130

  # shellcheck disable=SC2086
  wait_gone $pids
  no_litter dst
  does_the_rest
}

# A run whose worker is stopped; that goes on when the signal has arrived.
interrupt() {
  kill -INT "$pid"
  wait_until is_taken "$pid"
  go_on
  ended 130
}

@test "a big file that is interrupted is not there; in place it is, and mended" {
  need_tracer
  rm -rf src
  mkdir src
  make_bytes src/big 20000000

  start_stopped pwrite64,copy_file_range:when=2 src dst -j 1
  wait_until has_stopped
  interrupt
  [ -z "$(ls -A dst)" ]

  start_stopped pwrite64,copy_file_range:when=2 --inplace src dst -j 1
  wait_until has_stopped
  interrupt
  [ -s dst/big ]
  fails cmp src/big dst/big

  run -0 "$PCOPY" --stats src dst
  same_copy src dst
}

@test "a big file that is interrupted leaves no temporary name, either" {
  need_tracer
  need_seccomp
  WRAP=("$BUILD/tests/refuse" openat,2,O_TMPFILE=EOPNOTSUPP --)
  rm -rf src
  mkdir src
  make_bytes src/big 20000000

  start_stopped pwrite64,copy_file_range:when=2 src dst -j 1
  wait_until has_stopped
  has_litter dst
  interrupt

  [ -z "$(ls -A dst)" ]
}

@test "a dry run can be interrupted, too" {
  need_tracer

  start_late 20 statx -n src dst
  wait_until has_workers "$pid"
  kill -INT "$pid"
  ended 130

  [[ "$(cat err)" == *'interrupted by SIGINT'*'nothing changed'* ]]
  [ ! -e dst ]
}
