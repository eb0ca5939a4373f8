#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC1083,SC2016,SC2030,SC2031,SC2034,SC2154
# --each: --results, --verbose, --dry-run.

load helpers

setup() { make_room; }
teardown() { clear_room; }

each() {
  "$PCOPY" --each "$@"
}

@test "--results makes files under the names of the items, where there is output" {
  mkdir -p 'tree/sub dir'
  touch tree/a 'tree/sub dir/b.txt' tree/quiet
  run -0 each --results out tree -s '
    case $1 in
      *quiet) ;;
      */a) echo one; echo two >&2 ;;
      *) head -c 300000 /dev/zero ;;
    esac'
  [ -z "$output" ]
  [ "$(cat out/tree/a.out)" = one ]
  [ "$(cat out/tree/a.err)" = two ]
  [ "$(stat -c %s 'out/tree/sub dir/b.txt.out')" -eq 300000 ]
  [ "$(find out -type f | wc -l)" -eq 3 ]
  # With the permissions that any new file gets.
  [ "$(stat -c %a out/tree/a.out)" = "$(printf %o $((0666 & ~$(umask))))" ]
}

@test "--results clears the names of what leads out of the directory" {
  touch x
  run -0 each --results out ./x "$PWD/x" -- echo
  [ "$(cat out/x.out)" = ./x ]
  [ "$(cat "out$PWD/x.out")" = "$PWD/x" ]
  run -2 each --results out ../x -- echo
  [[ $output == *"'../x' has .. in it"* ]]
}

@test "--results replaces what an earlier run left, and removes it too" {
  touch x
  each --results out x -s 'echo old; echo old >&2'
  each --results out x -s 'echo new'
  [ "$(cat out/x.out)" = new ]
  [ ! -e out/x.err ]
}

@test "--results of a list, or of several items, go by the number" {
  run -0 each --results out -a <(printf 'http://a/b\n../c\n') -- echo
  [ "$(cat out/1.out)" = http://a/b ]
  [ "$(cat out/2.out)" = ../c ]
  touch a b c
  run -0 each --results packed -n 2 a b c -- echo
  [ "$(cat packed/1.out packed/2.out)" = $'a b\nc' ]
}

@test "--results of a job that fails are there, and only of its last try" {
  run -1 each --results out --tries 2 -a <(echo 1) -s \
    'echo x >>n; wc -l <n; echo why >&2; false'
  [ "$(cat out/1.out)" = 2 ]
  [ "$(cat out/1.err)" = why ]
}

@test "output that cannot be put into its files makes the job fail" {
  touch a b
  run -1 --separate-stderr each --results out --joblog log a b -s \
    'echo "$1"; [ "$1" = b ] || mkdir out/a.out'
  [[ $stderr == *'a: its output cannot be put into its files: Is a directory'* ]]
  [[ $stderr == *'1 ok, 1 failed'* ]]
  [ "$(cat out/b.out)" = b ]
  grep -qE $'\t255\t0\tsh -c .* sh a$' log
  # Neither is anything else left there.
  [ "$(find out -type f | wc -l)" -eq 1 ]
}

@test "a job that fails besides is said to have done both" {
  run -1 --separate-stderr each --results out --joblog log -a <(echo item) -s \
    'echo; mkdir out/1.out; exit 3'
  [ "$(grep -c 'item: its output cannot be put into its files: Is a' \
    <<<"$stderr")" -eq 1 ]
  [ "$(grep -c 'item: exit status 3' <<<"$stderr")" -eq 1 ]
  [ "$(cut -f 7 log | tail -n 1)" -eq 3 ]
}

@test "--results of an earlier run stay where the run was cut off" {
  mkfifo come
  exec 7<>come
  mkdir out
  echo old >out/1.out
  echo old >out/2.out
  "$PCOPY" --each -j 1 --results out -a <(seq 2) -s \
    'echo new; echo go >come; exec sleep 70' 2>errors &
  run_pid=$!
  read -r _ <&7
  kill -TERM "$run_pid"
  wait "$run_pid" || true
  [ "$(cat out/1.out out/2.out)" = $'old\nold' ]
}

@test "results on a full file system are a failure with a name" {
  need_mounts
  mkdir small
  run -1 unshare -m sh -c "mount -t tmpfs -o size=256k none small &&
    '$PCOPY' --each --results small -a - -s 'head -c 900000 /dev/zero'" <<<item
  [[ $output == *'item: its output cannot be put into its files: No space left'* ]]
}

@test "a directory for results that cannot be made is said before the start" {
  touch file
  run -2 each --results file/x -a <(echo 1) -- touch
  [[ $output == *'file/x: open: Not a directory'* ]]
}

@test "-v lists each command on stderr when it starts, as bash reads it" {
  printf 'a b\0c\nd\0' >list
  run -0 --separate-stderr each -v -j 1 -0 -a list -- printf '%s{%}' '{#}' {}
  [ "${stderr_lines[0]}" = "printf %s1 1 'a b'" ]
  [ "${stderr_lines[1]}" = "printf %s1 2 \$'c\\nd'" ]
  # A try each.
  run -1 --separate-stderr each -v --tries 3 -a <(echo 1) -- false
  [ "$(grep -c '^false 1$' <<<"$stderr")" -eq 3 ]
}

@test "--dry-run lists the commands in order and touches nothing" {
  seq 2000 >list
  : >log
  run -0 --separate-stderr each --dry-run -n 2 --joblog log --failed failed \
    --results out --delay 1h -a list -- touch {} 'a b'
  [ "${#lines[@]}" -eq 1000 ]
  [ "${lines[0]}" = "touch 1 2 'a b'" ]
  [ "${lines[999]}" = "touch 1999 2000 'a b'" ]
  [ -z "$stderr" ]
  [ ! -s log ] && [ ! -e failed ] && [ ! -e out ] && [ ! -e 1 ]
  # What it lists does it.
  bash <<<"$output"
  [ -e 2000 ]
}

@test "--dry-run leaves out what the log says is done, and leaves the log" {
  each -a <(seq 2) --joblog log -- true
  cp log before
  run -0 each --dry-run -a <(seq 3) --joblog log --resume -- true
  [ "$output" = 'true 3' ]
  cmp log before
  run -0 each --dry-run -a <(seq 1) --joblog none --resume -- true
  [ ! -e none ]
}

@test "--dry-run says it too when there is no such command" {
  run -127 each --dry-run -a <(seq 2) -- no-such-command
}

@test "options that contradict each other are refused" {
  local words
  while read -r -a words; do
    run -2 each -a list "${words[@]}" -- true
    [[ $output == *contradict* ]]
  done <<'END'
--results d -k
--results d -u
--results d --lb
--results d --tag
-q -v
END
}
