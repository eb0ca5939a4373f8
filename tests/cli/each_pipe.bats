#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC1083,SC2016,SC2030,SC2031,SC2034,SC2154
# --each --pipe: blocks of standard input for commands.

load helpers

setup() { make_room; }

teardown() { clear_room; }

each() {
  "$PCOPY" --each "$@"
}

@test "blocks of whole lines, in order with -k, and none is lost" {
  seq 200000 >all
  run -0 each -k --pipe --block 64K -a all -s 'cat; echo end'
  grep -vx end <<<"$output" | cmp - all
  [ "$(grep -cx end <<<"$output")" -gt 15 ]
}

@test "a block has so many bytes at most, or one line" {
  printf '%s\n' aa bb cc a-long-one d e >all
  run -0 each -k --pipe --block 6 -a all -s 'tr "\n" ,; echo'
  [ "$output" = $'aa,bb,\ncc,\na-long-one,\nd,e,' ]
}

@test "the last line needs no end, and nothing is no job" {
  run -0 each --pipe -- od -An -c < <(printf 'a\nb')
  [ "$(xargs <<<"$output")" = 'a n b' ] || [[ $output == *'a  \n   b'* ]]
  run -0 each --pipe -- touch ran </dev/null
  [ ! -e ran ]
}

@test "records may end with NUL" {
  run -0 each -k -0 --pipe --block 4 -s 'tr "\0\n" ",/"; echo' < <(printf 'a\nb\0c\0d\0')
  [ "$output" = $'a/b,\nc,d,' ]
}

@test "a job need not read what it gets" {
  head -c 4000000 /dev/zero | tr '\0' '\n' >all
  run -0 each --pipe --block 1M -a all -- true
  run -0 each -k --pipe --block 1M -a all -- head -c 1
  run -0 each --pipe --block 1M -a all -s 'exec 0<&-'
}

@test "each try reads from the start" {
  run -0 each --pipe --tries 3 -s 'read -r line; echo "$line" >>seen
    [ "$(wc -l <seen)" -eq 3 ]' < <(printf 'one\ntwo\n')
  [ "$(cat seen)" = $'one\none\none' ]
}

@test "a job cannot change what its next try reads" {
  run -0 each --pipe --tries 2 -s 'cat >>seen; echo changed 1<>/proc/self/fd/0
    [ "$(wc -l <seen)" -eq 2 ]' < <(echo one)
  [ "$(cat seen)" = $'one\none' ]
}

@test "numbers, slots, the log, results, a dry run" {
  run -0 each -k --pipe --block 2 -- sh -c 'echo {#}$(cat)' < <(seq 3)
  [ "$output" = $'11\n22\n33' ]
  run -0 each -j1 --pipe --block 2 --joblog log --results out -- cat < <(seq 3)
  [ "$(wc -l <log)" -eq 4 ]
  [ "$(cat out/1.out out/2.out out/3.out)" = $'1\n2\n3' ]
  run -0 each --pipe --block 2 --dry-run -- cat -n < <(seq 3)
  [ "$output" = $'cat -n\ncat -n\ncat -n' ]
}

@test "a failed block is named by its number" {
  run -1 each -k --pipe --block 2 -- sh -c 'read n; exit $n' < <(printf '0\n3\n0\n')
  [[ $output == *'block 2: exit status 3'* ]]
  run -1 each --pipe --block 2 --halt soon,fail=1 -j1 -- false < <(seq 100000)
}

@test "a slow writer is waited for" {
  mkfifo pipe
  run -0 each -k --pipe --block 4 -- cat < <(for i in a b c; do echo "$i"; [ "$i" != b ] || cat pipe; done &
    echo slow >pipe; wait)
  [ "$output" = $'a\nb\nslow\nc' ]
}

@test "a long stream runs in little memory" {
  grep -q __asan_init "$PCOPY" && skip "not with AddressSanitizer"
  # 100 MB would not fit into what it may have.
  ulimit -v 100000
  run -0 each -j2 --pipe -s 'cat >/dev/null' < <(yes | head -c 100000000)
}

@test "a line may be longer than a block, and goes whole" {
  head -c 3000000 /dev/zero | tr '\0' x >all
  printf '\nb\n' >>all
  run -0 each -k --pipe --block 64K -a all -- wc -c
  [ "$(xargs <<<"$output")" = '3000001 2' ]
}

@test "a command that is too long is refused for each block" {
  # shellcheck disable=SC2046
  run -1 each -j1 --pipe --block 2 -- true $(seq 100000 200000) < <(seq 9)
  [[ $output == *'block 9: too long for a command line'* ]]
}

@test "the worker dies: the block is there for the next one" {
  run -0 each -j1 --pipe -s 'cat >>seen; [ -e again ] || { touch again; kill -9 $PPID; sleep 60; }
    cp seen whole' < <(echo block)
  [[ $output == *'tried again'* ]]
  [ "$(cat whole)" = $'block\nblock' ]
}

@test "what has no sense is refused, and nothing runs" {
  refuses() { # WORDS ARG...
    local words=$1
    shift
    run -2 each "$@" < <(echo a)
    [[ $output == *"$words"* ]] || return 1
    [ ! -e ran ]
  }
  refuses 'not '"'dir'" --pipe dir -- touch ran
  refuses 'there is no item for {}' --pipe -- touch ran {}
  refuses 'there is no item for {}' --pipe -- touch ran {/.}
  refuses '--block is for --pipe only' --block 1M -a list -- touch ran
  refuses 'contradicts -n' --pipe -n 2 -- touch ran
  refuses 'contradicts -d' --pipe -d , -- touch ran
  refuses 'contradicts -d' --pipe --csv -- touch ran
  refuses 'contradicts --failed' --pipe --failed f -- touch ran
  refuses '--pipe has for all' --pipe --joblog l --resume -- touch ran
  refuses "not 'a'" --pipe --args a -- touch ran
  refuses 'is not a size' --pipe --block big -- touch ran
  refuses 'is 0' --pipe --block 0 -- touch ran
}
