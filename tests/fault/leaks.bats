#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Descriptors and memory: master and workers give back what they took.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154

load ../cli/trees

setup() {
  make_room
}

teardown() {
  kill_started
  clear_room
}

is_asan() {
  grep -q __asan_init "$PCOPY"
}

# Runs pcopy under valgrind; a report per process in $1.PID.
under_valgrind() { # REPORTS ARG...
  valgrind -q --track-fds=yes --leak-check=full --log-file="$1.%p" \
    "$PCOPY" --stats "${@:2}"
}

# How many descriptors are open at the end of each process.
open_at_exit() { # REPORTS
  sed -n 's/.*FILE DESCRIPTORS: \([0-9]*\) open.*/\1/p' "$1".* | sort -n
}

@test "no descriptor and no memory is lost, in master and workers" {
  need valgrind
  is_asan && skip "not with AddressSanitizer"
  # What two workers have open when there was next to nothing to do.
  mkdir small
  echo x >small/x
  run -0 under_valgrind before small copy -j 2
  make_varied_tree src
  # What cannot be opened for writing cannot be written in place.
  find src -type f -exec chmod u+w {} +
  mkdir -p dst/dir dst/closed "dst/dir/file 7"
  echo in the way, and longer >"dst/dir/file 9"

  run -1 under_valgrind first src dst -j 2
  rmdir "dst/dir/file 7"
  run -0 under_valgrind second src dst -j 2
  run -0 under_valgrind third --inplace --update=all src dst -j 2

  same_list src dst
  for reports in first second third; do
    [ "$(open_at_exit $reports | wc -l)" -eq 3 ]
    [ "$(open_at_exit $reports)" = "$(open_at_exit before)" ]
    # Besides descriptors, and a call that valgrind does not know, silence.
    run grep -E 'lost|Invalid|uninitialised|ERROR SUMMARY: [1-9]' $reports.*
    [ -z "$output" ]
  done
}

@test "workers that die and are replaced cost the master no descriptor" {
  need_tracer
  mkdir src
  (cd src && seq 100 | xargs touch)

  start_stopped linkat:when=3 src dst -j 1
  wait_until has_stopped
  n_before=$(find "/proc/$pid/fd" -type l | wc -l)
  for n in 1 2 3 4; do
    kill -KILL "$(workers "$pid")"
    wait_until has_stopped $((n + 1))
  done
  n_after=$(find "/proc/$pid/fd" -type l | wc -l)
  go_on
  ended 0

  [ "$n_before" -eq "$n_after" ]
  same_copy src dst
}

@test "sanitizer builds look for leaks in the master and in each worker" {
  is_asan || skip "not built with AddressSanitizer"
  need cc
  mkdir src
  echo x >src/x
  # A library that loses memory, before the workers are forked.
  printf '%s\n' '#include <stdlib.h>' \
    'void *volatile lost;' \
    '__attribute__((constructor)) static void lose(void)' \
    '{ lost = malloc(4321); lost = NULL; }' >lose.c
  cc -shared -fPIC -o lose.so lose.c

  ASAN_OPTIONS=detect_leaks=1:log_path=$PWD/report LD_PRELOAD=$PWD/lose.so \
    run "$PCOPY" --stats src dst -j 2

  [ "$status" -ne 0 ]
  [ "$(grep -l 'Direct leak of 4321 byte' report.* | wc -l)" -eq 3 ]
}
