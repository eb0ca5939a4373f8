#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# --map killed again and again while it compresses a tree: the next run goes on
# where it was, and in the end the outputs are those of a run that nobody
# disturbed.

load ../cli/helpers

N=2000

setup() {
  make_room
  if command -v zstd >/dev/null; then
    PACK=(zstd -q -c)
    UNPACK=(zstd -d -q --rm)
    END=zst
  else
    PACK=(gzip -c)
    UNPACK=(gzip -d)
    END=gz
  fi
  mkdir src
  for ((i = 0; i < 10; i++)); do
    mkdir "src/$i"
    seq "${i}00000" "${i}99999" | split -d -a 3 -l "$((1000000 / N))" - "src/$i/"
  done
  chmod 640 src/3/*
  seed=$RANDOM
  RANDOM=$seed
  echo "seed $seed"
}

teardown() { clear_room; }

# In a session of its own, by which all that belongs to it are found.
start() {
  setsid "$PCOPY" --map -j 4 --to "{r}.$END" src dst -- "${PACK[@]}" \
    >list 2>errors &
  run_pid=$!
}

run_again() {
  "$PCOPY" --map -vv --to "{r}.$END" src dst -- "${PACK[@]}"
}

# What still runs, but for those that are dead and not yet waited for.
members() {
  ps -o pid=,stat= -s "$run_pid" | awk '$2 !~ /Z/ {print $1}'
}

n_outputs() {
  find dst -path dst/.pcopy-map -prune -o -type f -print 2>/dev/null | wc -l
}

# Until so many outputs are there, or the run has ended.
wait_for() { # N
  while [ "$(n_outputs)" -lt "$1" ] && kill -0 "$run_pid" 2>/dev/null; do
    sleep 0.005
  done
}

# Every output that is there is whole, whoever was killed.
outputs_are_whole() {
  rm -rf copy
  mkdir copy
  tar -C dst --exclude ./.pcopy-map -c . | tar -C copy -x
  find copy -type f -print0 | xargs -0r "${UNPACK[@]}"
  (cd copy && find . -type f -exec sha256sum {} +) >sums
  (cd src && sha256sum --quiet -c ../sums)
}

nothing_is_left() {
  diff <(ls -A dst/.pcopy-map) <(printf '%s\n' lock record)
}

all_is_made() {
  local n
  outputs_are_whole
  diff -r src copy
  diff <(cd src && find . -type d -printf '%p %m\n' \
    -o -printf "%p.$END %m\\n" | sort) \
    <(cd dst && find . -path ./.pcopy-map -prune -o -printf '%p %m\n' | sort)
  nothing_is_left

  run_again >list
  fails grep -v ^current list
  [ "$(wc -l <list)" -eq "$N" ]
  touch -d 2001-02-03 src/1/017 src/5/199 src/9/001
  run_again >list
  [ "$(grep -v ^current list | sort)" = "$(printf 'made\tdst/%s\n' \
    "1/017.$END" "5/199.$END" "9/001.$END")" ]
  nothing_is_left
}

nobody_is_left() {
  while [ -n "$(members)" ]; do sleep 0.01; done
}

# The victims may have ended in the meantime.
strike() { # PID...
  kill -KILL "$@" 2>/dev/null || true
}

# The others of a killed run may still have the lock for a moment.
go_on() {
  until run_again >list 2>errors; do
    grep -q 'another run is at work' errors
  done
}

@test "the master is killed, again and again" {
  local before=0
  for ((k = 0; k < 6; k++)); do
    start
    wait_for "$((before + RANDOM % (N / 6)))"
    strike "$run_pid"
    wait "$run_pid" || true
    nobody_is_left
    before=$(n_outputs)
  done
  outputs_are_whole
  go_on
  # What was done counts, but for what had not been told of.
  [ "$(grep -c ^current list)" -ge "$((before - 200))" ]
  all_is_made
}

@test "all processes of a run are killed at once, again and again" {
  local before=0
  for ((k = 0; k < 6; k++)); do
    start
    wait_for "$((before + RANDOM % (N / 6)))"
    # shellcheck disable=SC2046
    strike $(members)
    wait "$run_pid" || true
    nobody_is_left
    before=$(n_outputs)
  done
  outputs_are_whole
  go_on
  [ "$(grep -c ^current list)" -ge "$((before - 200))" ]
  all_is_made
}

@test "workers are killed, and the run goes on to its end" {
  local status=0 worker
  start
  for ((k = 0; k < 10; k++)); do
    wait_for "$((RANDOM % (N / 10) + k * N / 10))"
    worker=$(pgrep -P "$run_pid" | shuf -n 1) || break
    strike "$worker"
  done
  wait "$run_pid" || status=$?
  [ "$status" -eq 0 ]
  grep -q 'killed by signal 9, tried again\|died' errors
  nobody_is_left
  all_is_made
}

@test "commands are killed: their outputs fail, and the next run makes them" {
  local status=0
  # shellcheck disable=SC2016
  PACK=(sh -c '"$0" "$@" && { [ $(($$ / 4 % 50)) -gt 0 ] || [ -e calm ] ||
    kill -KILL $$; }' "${PACK[@]}")
  start
  wait "$run_pid" || status=$?
  [ "$status" -eq 1 ]
  grep -q 'killed by signal 9' errors
  [ "$(n_outputs)" -lt "$N" ]
  outputs_are_whole
  nothing_is_left
  touch calm
  go_on
  all_is_made
}

@test "a record that was cut and damaged costs work, and nothing else" {
  local size n
  run_again >list
  size=$(stat -c %s dst/.pcopy-map/record)
  truncate -s "$((size / 2 + 3))" dst/.pcopy-map/record
  printf XXXX | dd of=dst/.pcopy-map/record bs=1 seek="$((size / 4))" \
    conv=notrunc status=none
  run_again >list
  n=$(grep -c ^made list)
  [ "$n" -gt "$((N / 3))" ]
  [ "$n" -lt "$((N * 2 / 3))" ]
  all_is_made
}
