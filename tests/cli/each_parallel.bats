#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC1083,SC2016,SC2030,SC2031,SC2034,SC2154,SC2238
# --each: GNU parallel goes on with our job log, and we go on with its.

load helpers

setup() {
  parallel --version 2>/dev/null | grep -q '^GNU parallel' ||
    skip "needs GNU parallel"
  make_room
  export HOME=$PWD
}

teardown() { clear_room; }

each() {
  "$PCOPY" --each "$@"
}

# Ends well for an item once a file of its name is in the directory "may", and
# notes that it was called.
make_command() {
  mkdir may
  cat >command <<'END'
#!/bin/sh
printf '%s\0' "$1" >>called
[ -e "may/$1" ]
END
  chmod +x command
}

# The items the command was called with since the last time, in order.
called() {
  sort -z called | tr '\0' ,
  : >called
}

seqs() {
  tail -n +2 log | cut -f 1,7 | sort -n | tr '\t\n' ': '
}

@test "parallel --retry-failed runs what failed, and only that" {
  make_command
  printf '%s\n' a 'b c' "d'e" 'f"g$h' >list
  touch may/a "may/d'e"
  run -1 each -j 1 -a list --joblog log -- ./command
  [ "$(called)" = "a,b c,d'e,f\"g\$h," ]
  [ "$(seqs)" = '1:0 2:1 3:0 4:1 ' ]

  touch 'may/b c'
  run -1 parallel --retry-failed --joblog log
  [ "$(called)" = 'b c,f"g$h,' ]

  # And we go on with what parallel has written.
  touch 'may/f"g$h'
  run -0 each -j 1 -a list --joblog log --resume -- ./command
  [[ $output == *'1 ok, 3 skipped'* || -z $output ]]
  [ "$(called)" = 'f"g$h,' ]
  run -0 parallel --retry-failed --joblog log
  [ "$(called)" = '' ]
}

@test "parallel --retry-failed runs a command with a newline in it" {
  make_command
  printf 'a\nb\0c\0' >list
  run -1 each -j 1 -0 -a list --joblog log -- ./command
  called
  touch $'may/a\nb' may/c
  run -0 parallel --retry-failed --joblog log
  [ "$(called)" = $'a\nb,c,' ]
}

@test "parallel --resume-failed runs what failed and what never ran" {
  make_command
  printf '%s\n' a b c d e >list
  touch may/a may/c
  head -n 3 list | run -1 each -j 1 -a - --joblog log -- ./command
  [ "$(called)" = a,b,c, ]
  touch may/b may/d may/e
  run -0 parallel --resume-failed --joblog log ./command :::: list
  [ "$(called)" = b,d,e, ]
  [ "$(seqs)" = '1:0 2:0 2:1 3:0 4:0 5:0 ' ] ||
    [ "$(seqs)" = '1:0 2:1 2:0 3:0 4:0 5:0 ' ]
}

@test "parallel --resume runs what never ran" {
  make_command
  touch may/a may/b may/c
  run -0 each -a <(printf '%s\n' a b) --joblog log -- ./command
  called
  run -0 parallel --resume --joblog log ./command ::: a b c
  [ "$(called)" = c, ]
}

@test "--resume reads the log of parallel" {
  make_command
  touch may/a may/c
  run -1 parallel -j 1 --joblog log ./command ::: a b c
  [ "$(called)" = a,b,c, ]
  touch may/b
  run -0 each -a <(printf '%s\n' d c b a) --joblog log --resume \
    --dry-run -- ./command
  [ "$output" = $'./command d\n./command b' ]
  run -0 each -a <(printf '%s\n' c b a) --joblog log --resume -- ./command
  [ "$(called)" = b, ]
}

@test "the log of killed jobs means the same to parallel" {
  make_command
  cp command later
  # Neither shells nor sleeps go on without an exec.
  printf '#!/bin/sh\n[ "$1" = ok ] || { [ "$1" = 1 ] && kill -9 $$; }
    [ "$1" = ok ] || exec sleep 60' >command
  run -1 each -a <(printf '%s\n' 1 ok 2) --joblog log --timeout 300ms \
    -- ./command
  [ "$(cut -f 1,7,8 log | tail -n +2 | sort -n | tr '\t\n' ': ')" = \
    '1:0:9 2:0:0 3:-1:15 ' ]
  touch may/1 may/2
  cp later command
  run -0 parallel --retry-failed --joblog log
  [ "$(called)" = 1,2, ]
}
