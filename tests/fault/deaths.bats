#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Processes that are killed in the middle of a copy.
# shellcheck disable=SC2016,SC2030,SC2031,SC2034,SC2054,SC2154

load ../cli/trees

setup() {
  make_room
  mkdir src
  for i in {1..40}; do
    echo "this is file $i" >"src/$i"
  done
}

teardown() {
  kill_started
  clear_room
}

# Runs pcopy with signals injected; its status goes to $status.
with_kills() { # INJECTION ARG...
  run strace -f -qq -o trace -e trace="${1%%:*}" -e inject="$1" \
    "${WRAP[@]}" "$PCOPY" --stats "${@:2}"
}

@test "a killed worker is named, its file is tried again: status 0" {
  need_tracer

  # Each worker dies at its 15th file: after 14, and 14 more, 12 are left.
  with_kills linkat:signal=KILL:when=15 src dst -j 1

  echo "$output"
  [ "$status" -eq 0 ]
  [ "$(grep -cE '^pcopy: src/[0-9]+: worker 0 \(pid [0-9]+\) died of signal 9, trying again$' \
    <<<"$output")" -eq 2 ]
  [[ "$output" == *'pcopy: 40 copied, 1 directory, 2 workers died, '* ]]
  same_copy src dst
}

@test "killed workers leave no temporary file, where these have names" {
  need_tracer
  need_seccomp
  WRAP=("$BUILD/tests/refuse" "openat,2,O_TMPFILE=EOPNOTSUPP" --)

  with_kills renameat,renameat2:signal=KILL:when=15 src dst -j 1

  [ "$status" -eq 0 ]
  [[ "$output" == *'40 copied, 1 directory, 2 workers died, '* ]]
  no_litter dst
  same_copy src dst
}

@test "a replacement that is killed leaves the old file, or the new one" {
  need_tracer
  mkdir dst
  for i in {1..40}; do
    echo "what was there before, $i" >"dst/$i"
  done

  with_kills renameat,renameat2:signal=KILL:when=9 src dst -j 2

  [ "$status" -eq 0 ]
  [[ "$output" == *died* ]]
  no_litter dst
  same_copy src dst
}

# With many deaths chance lets three of them come at the same file: then just
# these files were given up, and the next run has them.
after_three_deaths() {
  local given_up

  [ "$status" -eq 1 ]
  given_up=$(grep -c ' died of signal 9, given up$' <<<"$output")
  [[ "$output" == *" directories, $given_up failed, "* ]]
  run "$PCOPY" --stats --update src dst
  [ "$status" -eq 0 ]
}

# Kills workers again and again at each of these calls; nothing is lost, and no
# link. The master makes few enough of them.
kill_at_all_calls() {
  make_varied_tree src/varied
  for call in openat:when=60 pwrite64:when=20 utimensat:when=30 close:when=150 \
    pread64:when=33 flistxattr:when=30 linkat:when=11 symlinkat:when=2 \
    renameat,renameat2:when=7; do
    remove dst
    with_kills "${call%:*}:signal=KILL:${call#*:}+200" src dst -j 2
    echo "$call: $output"
    [ "$status" -eq 0 ] || after_three_deaths
    no_litter dst
    same_copy src dst
  done
}

@test "workers killed at system calls of all kinds lose nothing" {
  need_tracer

  kill_at_all_calls
}

@test "workers killed at system calls of all kinds, without unnamed files" {
  need_tracer
  need_seccomp
  WRAP=("$BUILD/tests/refuse" openat,2,O_TMPFILE=EOPNOTSUPP --)

  kill_at_all_calls
}

@test "a worker killed right after it published a file: it is there once" {
  need_tracer

  start_stopped linkat:when=3 src dst -j 1
  wait_until has_stopped
  [ "$(n_files dst)" -eq 3 ]
  kill -KILL "$(workers "$pid")"
  go_on
  ended 0

  grep -F '40 copied, 1 directory, 1 worker died, ' err
  no_litter dst
  same_copy src dst
}

@test "a file at which three workers die is given up, the rest is copied" {
  need_tracer

  run strace -f -qq -o trace -P 17 -e trace=linkat \
    -e inject=linkat:signal=KILL "$PCOPY" --stats src dst -j 2

  echo "$output"
  [ "$status" -eq 1 ]
  [ "$(grep -c '^pcopy: src/17: worker . (pid [0-9]*) died of signal 9, trying again$' \
    <<<"$output")" -eq 2 ]
  [ "$(grep -c '^pcopy: src/17: worker . (pid [0-9]*) died of signal 9, given up$' \
    <<<"$output")" -eq 1 ]
  [[ "$output" == *'39 copied, 1 directory, 1 failed, 3 workers died, '* ]]
  [ ! -e dst/17 ]
  no_litter dst
  # And the next run makes it whole.
  run -0 "$PCOPY" --stats src dst
  same_copy src dst
}

@test "several files at which workers die are each given up" {
  need_tracer

  run strace -f -qq -o trace -P 3 -P 17 -P 31 -e trace=linkat \
    -e inject=linkat:signal=KILL "$PCOPY" --stats src dst -j 2 --queue-depth 1

  [ "$status" -eq 1 ]
  [ "$(grep -c 'given up$' <<<"$output")" -eq 3 ]
  [[ "$output" == *'37 copied, 1 directory, 3 failed, 9 workers died, '* ]]
  [ "$(n_files dst)" -eq 37 ]
}

@test "a worker that crashes is like one that is killed" {
  need_tracer
  ulimit -c 0

  run strace -f -qq -o trace -P 17 -e trace=linkat \
    -e inject=linkat:error=EIO:signal=SEGV "$PCOPY" --stats src dst -j 2

  [ "$status" -eq 1 ]
  [ ! -e dst/17 ]
  [[ "$output" == *'39 copied, 1 directory, 1 failed, 3 workers died, '* ]]
}

@test "kill -9 of a worker from outside" {
  need_tracer

  # A file system that does not say what it is has its times tried out first.
  start_stopped utimensat:when=4 src dst -j 1
  wait_until has_stopped
  [ -n "${FAR:-}" ] || [ "$(n_files dst)" -eq 3 ]
  killed=$(workers "$pid")
  kill -KILL "$killed"
  go_on
  ended 0

  grep -E "^pcopy: src/[0-9]+: worker 0 \(pid $killed\) died of signal 9" err
  grep -F '40 copied, 1 directory, 1 worker died, ' err
  same_copy src dst
}

@test "a worker that dies with nothing in hand is named, too" {
  [ -z "${FAR:-}" ] || skip "there it is a worker that finds things"
  need_tracer

  # The master is stopped before it has found anything; it has looked at what
  # is above SRC and DST by then.
  start_stopped getdents64:when=5 src dst -j 2
  wait_until has_stopped
  killed=$(workers "$pid" | head -n 1 | tr -d ' ')
  kill -KILL "$killed"
  go_on
  ended 0

  grep -E "^pcopy: workers: worker . \(pid $killed\) died of signal 9, between files$" err
  grep -F '40 copied, 1 directory, 1 worker died, ' err
  same_copy src dst
}

@test "kill -9 of all workers at once" {
  need_tracer

  start_stopped linkat:when=3 src dst -j 4 --queue-depth 1
  wait_until has_stopped
  # shellcheck disable=SC2046
  kill -KILL $(workers "$pid")
  go_on
  ended 0

  grep -E '40 copied, 1 directory, [1-4] workers? died, ' err
  same_copy src dst
}

@test "kill -9 of the master: the workers die, too, and no half file is left" {
  need_tracer
  make_bytes src/big 3000000

  start_stopped linkat:when=3 src dst -j 4
  wait_until has_stopped
  pids=$(workers "$pid")
  kill -KILL "$pid"
  ended 137

  # shellcheck disable=SC2086
  wait_gone $pids
  no_half_files src dst
  no_litter dst
  run -0 "$PCOPY" --stats src dst
  same_copy src dst
}

@test "kill -9 of the master while workers wait for work" {
  [ -z "${FAR:-}" ] || skip "there it is a worker that finds things"
  need_tracer
  # The master is stopped before it has found anything; it has looked at what
  # is above SRC and DST by then.
  start_stopped getdents64:when=5 src dst -j 4
  wait_until has_stopped
  pids=$(workers "$pid")
  kill -KILL "$pid"
  ended 137

  # shellcheck disable=SC2086
  wait_gone $pids
  no_half_files src dst
  run -0 "$PCOPY" --stats src dst
  same_copy src dst
}

@test "after kill -9 of everything a temporary file may stay, no half file" {
  need_tracer
  need_seccomp
  WRAP=("$BUILD/tests/refuse" "openat,2,O_TMPFILE=EOPNOTSUPP" --)

  start_stopped utimensat:when=5 src dst -j 2
  wait_until has_stopped
  has_litter dst
  # shellcheck disable=SC2046
  kill -KILL $(workers "$pid") "$pid"
  ended 137

  wait_until fails pgrep -P "$pid"
  no_half_files src dst
  run -0 "$PCOPY" --stats src dst
  find dst -name '.pcopy.*' -delete
  touch -r src dst
  same_copy src dst
}
