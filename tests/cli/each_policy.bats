#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC1083,SC2016,SC2030,SC2031,SC2034,SC2154
# --each: failures, time limits, signals, the job log. No process is left.

load helpers

setup() {
  make_room
  # A duration nobody else sleeps for.
  LONG=8$BATS_TEST_NUMBER$$
}

teardown() { clear_room; }

each() {
  "$PCOPY" --each "$@"
}

sleepers() {
  pgrep -xf "sleep $LONG" || true
}

# Killing is not waited for by everybody: the kernel may still be at it. And a
# process that was started may be on the way to what it will run.
so_many_sleep() { # N
  local i
  for ((i = 0; i < 6000; i++)); do
    [ "$(sleepers | wc -l)" -ne "$1" ] || return 0
    sleep 0.01
  done
  return 1
}

nobody_sleeps() {
  so_many_sleep 0
}

@test "failed jobs are named, the others run, the status is 1" {
  run -1 --separate-stderr each -k -a <(seq 3) -s 'echo "$1"; exit "$(($1 - 1))"'
  [ "$output" = $'1\n2\n3' ]
  [[ $stderr == *'2: exit status 1'* ]]
  [[ $stderr == *'3: exit status 2'* ]]
  [[ $stderr == *'1 ok, 2 failed'* ]]
}

@test "a job that a signal killed is named so" {
  run -1 each -a <(echo it) -s 'kill -USR1 $$'
  [[ $output == *'it: killed by signal 10'* ]]
}

@test "126 and 127 before any job starts" {
  touch plain
  run -127 each -a <(echo 1) --joblog log -- no-such-command
  run -127 each -a <(echo 1) -- ./none
  run -126 each -a <(echo 1) -- ./plain
  [ ! -e log ]
}

@test "a program named by the item can fail to start, and is named" {
  run -1 each -a <(printf '%s\n' ./none true) -- {}
  [[ $output == *'./none: cannot start the command: No such file'* ]]
  [[ $output == *'1 ok, 1 failed'* ]]
}

@test "a script needs a first line that says what runs it" {
  echo 'echo "$1"' >script
  chmod +x script
  run -1 each -a <(echo it) --joblog log -- ./script
  [[ $output == *'it: cannot start the command: Exec format error'* ]]
  [ "$(cut -f 7 log | tail -n 1)" -eq 126 ]
  run -0 each -a <(echo it) -- sh ./script
  [ "$output" = it ]
}

@test "--tries runs a job again, and shows the last try only" {
  run -0 each -a <(echo 1) --tries 3 -s \
    'echo x >>count; wc -l <count; [ "$(wc -l <count)" -eq 3 ]'
  [ "$output" = 3 ]
  rm count
  run -1 --separate-stderr each -a <(echo 1) --tries 2 -s 'echo x >>count; false'
  [ "$(wc -l <count)" -eq 2 ]
}

@test "--timeout kills what ignores SIGTERM, and what called setsid" {
  run -1 each -a <(echo it) --timeout 200ms --kill-after 100ms -s "
    trap '' TERM; setsid sleep $LONG & sleep $LONG & wait; wait"
  [[ $output == *'it: timed out'* ]]
  nobody_sleeps
}

@test "a daemon of a job that ended well is left alone, and not waited for" {
  each -j 1 -a <(seq 2) --timeout 20s -s "setsid sleep $LONG & echo \$1" >got
  [ "$(sort got | xargs)" = '1 2' ]
  so_many_sleep 2
  sleepers | xargs kill
}

@test "a killed job of the same worker does not take the daemon with it" {
  run -1 each -j 1 -k -a <(seq 2) --timeout 300ms -s "
    [ \$1 = 2 ] || { setsid sleep $LONG & exit; }
    exec sleep 3$LONG"
  so_many_sleep 1
  sleepers | xargs kill
}

@test "--halt soon stops starting, --halt now stops what runs" {
  run -1 each -j 1 -a <(seq 1000) --halt soon,fail=2 -- false
  [[ $output =~ halted:\ 0\ ok,\ [0-9]+\ failed,\ .*not\ run ]]

  mkfifo started
  run -1 each -j 2 -a <(seq 2) --halt now,fail=1 -s "
    if [ \$1 = 1 ]; then echo >started; exec sleep $LONG; fi
    read -r line <started; false"
  [[ $output == *'1 failed, 1 stopped'* ]]
  nobody_sleeps
}

@test "--halt now kills what ignores SIGTERM, and what called setsid" {
  mkfifo started
  run -1 each -j 2 -a <(seq 2) --halt now,fail=1 --kill-after 100ms -s "
    if [ \$1 = 1 ]; then
      trap '' TERM
      setsid sleep $LONG & echo >started
      while :; do sleep $LONG & wait; done
    fi
    read -r line <started; false"
  [[ $output == *'1 failed, 1 stopped'* ]]
  nobody_sleeps
}

@test "--halt never takes back what an alias says" {
  run -1 each --halt now,fail=1 --halt never -k -a <(seq 20) -s \
    'echo "$1"; false'
  [[ $output == *'0 ok, 20 failed in'* ]]
}

@test "--halt with a percentage" {
  run -1 each -j 1 -a <(seq 1000) --halt soon,fail=50% -s '[ "$1" -le 10 ]'
  # A worker may be some jobs ahead of the master.
  [[ $output =~ halted:\ 10\ ok,\ [0-9]+\ failed,\ .*not\ run ]]
}

@test "--failed lists the items, to be fed back" {
  printf '%s\0' good $'bad\none' bad2 >list
  run -1 each -0 -a list --failed failed -s 'case $1 in bad*) false; esac'
  [ "$(sort -z failed | tr '\0' ,)" = $'bad\none,bad2,' ]
  run -0 each -0 -a failed --failed again -- test -n
  [ ! -s again ]
}

@test "--joblog has the columns of GNU parallel" {
  run -1 each -j 1 -a <(printf '%s\n' a 'b c') --joblog log --timeout 30s \
    -s 'echo out; [ "$1" = a ] || exit 3'
  printf '%s\t' Seq Host Starttime JobRuntime Send Receive Exitval Signal |
    sed 's/$/Command/' >want
  head -n 1 log | diff - <(cat want; echo)
  sed -n 2p log | grep -qE \
    $'^1\t:\t[0-9]{10}\\.[0-9]{3}\t {1,6}[0-9]+\\.[0-9]{3}\t0\t4\t0\t0\tsh -c .* sh a$'
  sed -n 3p log | grep -qE $'^2\t:\t.*\t0\t4\t3\t0\tsh -c .* sh \'b c\'$'
}

@test "the log says how jobs were killed" {
  run -1 each -a <(echo 1) --joblog log -s 'kill -9 $$'
  cut -f 7,8 log | tail -n 1 | grep -qx $'0\t9'
  run -1 each -a <(echo 1) --joblog log --timeout 100ms -- sleep "$LONG"
  cut -f 7,8,9 log | tail -n 1 | grep -q $'^-1\t15\t'
}

@test "--resume goes by the command, whatever the order" {
  run -1 each -a <(seq 3) --joblog log -s '[ "$1" != 2 ]'
  printf '%s\n' 3 2 4 1 >list
  run -1 each -k -a list --joblog log --resume -s '[ "$1" != 2 ]'
  [[ $output == *'1 ok, 1 failed, 2 skipped'* ]]
  [ "$(tail -n +2 log | wc -l)" -eq 5 ]
}

@test "--resume copes with a line cut off, and with newlines in commands" {
  printf 'a\nb\0c\0' >list
  each -j 1 -0 -a list --joblog log -- true
  head -c -3 log >torn
  run -0 --separate-stderr each -0 -a list --joblog torn --resume -- echo
  cmp log <(cat log)
  [ "$(tail -n +2 torn | wc -l)" -eq 3 ]
  run -0 each -0 -a list --joblog log --resume -- true
  [ -z "$output" ]
}

@test "--resume refuses a file that is no log" {
  echo hello >log
  run -2 each -a <(echo 1) --joblog log --resume -- true
  [ "$(cat log)" = hello ]
}

# Starts a run of two jobs that sleep, with a process that called setsid each;
# it is its own process, as a shell's background job would ignore SIGINT.
start_sleepers() {
  mkfifo started
  exec 7<>started
  setsid env --default-signal=INT "$PCOPY" --each -j 2 -a <(seq 5) -s "
    setsid sleep $LONG & echo go >started; sleep $LONG" 2>errors &
  run_pid=$!
  read -r _ <&7
  read -r _ <&7
}

@test "SIGINT stops it all, by the same signal, and leaves nobody" {
  local status=0
  start_sleepers
  kill -INT "$run_pid"
  wait "$run_pid" || status=$?
  [ "$status" -eq 130 ]
  grep -q 'interrupted by SIGINT' errors
  nobody_sleeps
}

@test "SIGTERM as well; a second one does not wait" {
  local status=0
  mkfifo started
  exec 7<>started
  "$PCOPY" --each -a <(echo 1) --kill-after 1h -s "
    trap 'echo got >started' TERM; echo go >started
    while :; do sleep $LONG & wait; done" 2>errors &
  run_pid=$!
  read -r _ <&7
  kill -TERM "$run_pid"
  read -r _ <&7
  kill -TERM "$run_pid"
  wait "$run_pid" || status=$?
  [ "$status" -eq 143 ]
  nobody_sleeps
}

@test "when the master is killed, so is what it runs" {
  start_sleepers
  kill -KILL "$run_pid"
  wait "$run_pid" || true
  nobody_sleeps
}

@test "a killed worker costs its job one more try, and is named" {
  run -0 --separate-stderr each -j 1 -k -a <(seq 3) -s "
    if mkdir once; then setsid sleep $LONG & kill -9 \$PPID; sleep $LONG; fi
    echo \$1"
  [ "$output" = $'1\n2\n3' ]
  [[ $stderr == *'1: worker 1 (process '*') was killed by signal 9, tried again'* ]]
  nobody_sleeps
}

@test "a job whose workers die twice has failed, the others are done" {
  run -1 --separate-stderr each -j 1 -k -a <(seq 3) -s \
    '[ "$1" != 2 ] || kill -9 $PPID; echo $1'
  [ "$output" = $'1\n3' ]
  [[ $stderr == *'2: worker 1 (process '*', given up'* ]]
  [[ $stderr == *'2 ok, 1 failed, 2 workers died'* ]]
}

@test "a closed output stops the run" {
  # yes never ends: nor would this.
  run -0 bash -c "{ yes | '$PCOPY' --each -a - -- echo; echo \$? >status; } | head -n 1"
  [ "$(cat status)" -eq 1 ]
}

@test "a producer that is faster than the jobs waits for them" {
  local before=0 now=1
  mkfifo list go come
  exec 7<>go 8<>come
  # It would write 79 MB.
  seq 10000000 >list &
  feeder_pid=$!
  "$PCOPY" --each -j 2 -a list -s 'echo >come; read -r line <go' &
  run_pid=$!
  read -r _ <&8
  read -r _ <&8
  # Both jobs wait; in the end the producer does too.
  until [ "$now" -eq "$before" ]; do
    before=$now
    read -r -t 0.3 <> <(:) || true
    now=$(awk '/^wchar/ {print $2}' "/proc/$feeder_pid/io")
  done
  [ "$now" -lt 2000000 ]
  # Two workers with a shell each, whatever the number of items.
  [ "$(pgrep -P "$run_pid" | wc -l)" -eq 2 ]
  [ "$(pgrep -P "$(pgrep -d , -P "$run_pid")" | wc -l)" -eq 2 ]
  kill "$run_pid"
  wait "$run_pid" || true
  kill "$feeder_pid" 2>/dev/null || true
}

@test "a long list runs in little memory, also when the first job waits" {
  local anon_kib
  mkfifo go come
  exec 7<>go 8<>come
  seq 100000 >list
  "$PCOPY" --each -k -j 2 -n 10 -a list -s '
    [ "$1" != 1 ] || read -r line <go
    [ "$1" != 9001 ] || echo here >come
    echo "$1"' >got 2>errors &
  run_pid=$!
  # Nine hundred jobs have ended, and none may be shown yet.
  read -r _ <&8
  [ ! -s got ]
  anon_kib=$(awk '/^RssAnon/ {print $2}' "/proc/$run_pid/status")
  [ "$anon_kib" -lt 32768 ]
  echo >&7
  wait "$run_pid"
  [ "$(wc -l <got)" -eq 10000 ]
  diff <(awk 'NR % 10 == 1' list) got
}

# ---- pauses between tries ----

@test "a job is tried again after a pause, and others run meanwhile" {
  run -0 each -j1 --tries 2 --retry-delay 1s -s 'echo "$1" >>order
    [ "$1" != a ] || [ "$(sort -u order | wc -l)" -eq 2 ]' --args a b
  [ "$(cat order)" = $'a\nb\na' ]
}

@test "pauses grow, and each is as long as was asked for at least" {
  run -1 each --tries 4 --retry-delay 50ms --joblog log --args a -- false
  [ "$(wc -l <log)" -eq 5 ]
  awk -F '\t' 'NR > 2 && $3 - last < 0.05 * 2 ^ (NR - 3) - 0.002 { bad = 1 }
    { last = $3 } END { exit bad }' log
}

@test "with -k the order stays while a job waits for its next try" {
  run -0 each -k -j2 --tries 2 --retry-delay 100ms -s 'echo "$1"
    [ "$1" != a ] || [ -e again ] || { touch again; exit 1; }' --args a b c
  [ "$output" = $'a\nb\nc' ]
}

@test "a signal ends the pause at once" {
  "$PCOPY" --each --tries 2 --retry-delay 1h --joblog log --args a -- false 2>err &
  local run=$!
  until [ "$(grep -c . log 2>/dev/null)" = 2 ]; do sleep 0.01; done
  kill -TERM $run
  status=0
  wait $run || status=$?
  [ "$status" -eq 143 ]
  grep -q 'interrupted by SIGTERM' err
}

@test "a halt ends the pause at once" {
  run -0 each -j1 --tries 2 --retry-delay 1h --halt soon,success=1 \
    --args 1 0 -- sh -c 'exit {}'
}

@test "a pause without tries is refused, and --map has both" {
  run -2 each --retry-delay 1s --args a -- touch ran
  [[ $output == *'--retry-delay needs --tries'* ]]
  run -2 each --tries 2 --retry-delay soon --args a -- touch ran
  [[ $output == *"'soon' is not a duration"* ]]
  [ ! -e ran ]
  mkdir src
  echo text >src/a
  run -0 "$PCOPY" --map --tries 2 --retry-delay 10ms src dst -- \
    sh -c '[ -e again ] && cat || { touch again; exit 1; }'
  [ "$(cat dst/a)" = text ]
}

# ---- enough ----

@test "the first success ends the run with 0, whatever failed before" {
  run -0 --separate-stderr each -j1 --halt soon,success=1 -s '
    echo "$1"; exit "$1"' --args 1 0 1 2
  [ "${lines[0]}" = 1 ]
  [ "${lines[1]}" = 0 ]
  [[ $stderr == *'1: exit status 1'* ]]
}

@test "now terminates the others" {
  run -0 each -j3 --halt now,success=1 --args "$LONG" "$LONG" 0 -- sleep
  nobody_sleeps
}

@test "so many successes, and percent of those that ended" {
  run -0 each -j1 --halt soon,success=2 --joblog log -a <(seq 200) -- sh -c 'exit $(({} % 2))'
  [ "$(awk '$7 == 0 && NR > 1' log | wc -l)" -ge 2 ]
  [ "$(wc -l <log)" -lt 100 ]
  run -0 each -j1 --halt soon,success=50% --joblog log --args 1 0 0 1 0 1 1 1 1 1 1 1 -- sh -c 'exit {}'
}

@test "without so many successes the status is that of the jobs" {
  run -1 each --halt now,success=2 --args 1 0 1 -- sh -c 'exit {}'
  run -0 each --halt now,success=5 --args 0 0 -- sh -c 'exit {}'
}

@test "success as a reason to stop: what has no sense is refused" {
  local when
  for when in now,success=0 now,success=101% success=1 now,success= soon,success=x; do
    run -2 each --halt "$when" --args a -- touch ran
    [[ $output == *"$when"* ]] || return 1
  done
  [ ! -e ran ]
  run -2 "$PCOPY" --map --halt now,success=1 src dst -- cat
  [[ $output == *"success is no reason"* ]]
}
