#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC1083,SC2016,SC2030,SC2031,SC2034,SC2154,SC2238
# --each: what GNU parallel's manual, parallel_alternatives(7), asks of tools
# like it under "Testing other tools". A test each, by the names used there.

load helpers

setup() {
  make_room
  mkdir tmp
  export TMPDIR=$PWD/tmp
}

teardown() { clear_room; }

each() {
  "$PCOPY" --each "$@"
}

# A program of this text.
command_of() { # TEXT
  printf '#!/bin/bash\n%s\n' "$1" >command
  chmod +x command
}

@test "MIX: what two jobs print stays apart, parts of lines too" {
  local mode
  # A letter three hundred thousand times, without a newline, in turn.
  command_of 'many() { head -c 300000 /dev/zero | tr "\\0" "$1"; printf " "; }
    many a; many b >&2; many c; many d >&2; many e; many f >&2; echo; echo >&2'
  for mode in '' -k --lb; do
    # shellcheck disable=SC2086
    seq 30 | each -q -j 8 $mode -a - -- ./command >long 2>long-err
    tr -s ace <long >out
    tr -s bdf <long-err >err
    [ "$(sort out | uniq -c | xargs)" = '30 a c e' ] || fail_in "$mode"
    [ "$(sort err | uniq -c | xargs)" = '30 b d f' ] || fail_in "$mode"
  done
}

fail_in() { # WHAT
  echo "with '$1'"
  return 1
}

@test "STDERRMERGE: standard error stays apart from standard output" {
  command_of 'echo stdout; echo stderr >&2; echo stdout; echo stderr >&2'
  echo | each -q -0 -a - -- ./command >out 2>err
  [ "$(cat out)" = $'stdout\nstdout' ]
  [ "$(cat err)" = $'stderr\nstderr' ]
}

# The most memory that a process of the command had, in KiB.
peak_kib() { # COMMAND...
  python3 -c 'import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True)
usage = resource.getrusage(resource.RUSAGE_CHILDREN)
print(usage.ru_maxrss, file=sys.stderr)' "$@"
}

@test "RAM: output is not limited by memory" {
  command_of 'head -c 32M /dev/zero'
  seq 20 >list
  peak_kib "$PCOPY" --each -q -j 4 -k -a list -- ./command 2>peak | wc -c >got
  [ "$(cat got)" -eq $((20 << 25)) ]
  [ "$(cat peak)" -lt 262144 ]
}

@test "DISKFULL: output that cannot be kept is a failure, and never cut short" {
  need_mounts
  command_of 'head -c 9M /dev/zero | tr "\0" X; echo; echo Final output'
  # Three have room for a MiB or so each, if at all.
  TMPDIR=small run -1 --separate-stderr unshare -m bash -c \
    "mkdir small && mount -t tmpfs -o size=2M none small &&
    seq 3 | '$PCOPY' --each -j 3 -a - -- ./command | tr -s X >out
    exit \${PIPESTATUS[1]}"
  [ "$(grep -c 'its output cannot be kept in TMPDIR: No space' \
    <<<"$stderr")" -eq 3 ]
  [[ $stderr == *'0 ok, 3 failed'* ]]
  fails grep -q Final out
}

@test "CLEANUP: kill -9 leaves no file" {
  mkfifo come
  exec 8<>come
  "$PCOPY" --each -j 3 -a <(seq 3) -s \
    'head -c 300000 /dev/zero; echo >come; sleep 70' >out &
  run_pid=$!
  read -r _ <&8
  read -r _ <&8
  kill -KILL "$run_pid"
  wait "$run_pid" || true
  [ -z "$(ls tmp)" ]
}

@test "SPCCHAR: names of any characters reach the command" {
  local name='My brother'\''s 12" *** record  (costs $$$).jpg'
  touch "$name"
  run -0 each -e jpg . -- stat -c %n
  [ "$output" = "./$name" ]
  run -0 each -a <(echo "$name") -- stat -c %n
  [ "$output" = "$name" ]
  run -0 each -a <(echo "$name") -s 'stat -c %n "$1"'
  [ "$output" = "$name" ]
}

@test "COMPOSED: several commands for an item are a script" {
  run -0 each -a <(echo bar) -s 'echo foo; echo "$1"'
  [ "$output" = $'foo\nbar' ]
}

@test "ONEREP: the item can stand more than once" {
  run -0 each -a <(echo bar) -- echo {} foo {} x{}y{}
  [ "$output" = 'bar foo bar xbarybar' ]
}

@test "INPUTSIZE: as long as the kernel lets an argument be" {
  { head -c 131000 /dev/zero | tr '\0' x; echo; } >list
  each -a list -- echo {} | cmp - list
  # Longer than that is said, and the others go on.
  { head -c 40000000 /dev/zero | tr '\0' x; echo; echo short; } >list
  run -1 each -a list -- echo
  [[ $output == *'too long'* ]]
  [[ $output == *$'\n'short$'\n'* || ${lines[0]} = short ]]
}

@test "NUMWORDS: lines of many words are no slower than others" {
  local started
  command_of 'yes "$(seq 1000)" | head -c 2M'
  started=$SECONDS
  seq 30 | each -q -a - -- ./command >out
  [ "$(stat -c %s out)" -eq $((30 << 21)) ]
  [ $((SECONDS - started)) -lt 60 ]
}

# The line has 4 GB with LINE_MB=5000, which takes half a minute and the room.
@test "4GB: a line of any length comes whole" {
  local mb=${LINE_MB:-300} mode
  need_space . $((2 * mb))
  for mode in '' --lb; do
    # shellcheck disable=SC2086
    each $mode -a <(echo 1) -s \
      "head -c ${mb}000000 /dev/zero | tr '\\0' a" | wc -lc >got
    [ "$(xargs <got)" = "0 ${mb}000000" ]
  done
}
