#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC1083,SC2016,SC2030,SC2031,SC2034,SC2154
# --each --args: items on the command line.

load helpers

setup() { make_room; }

teardown() { clear_room; }

each() {
  "$PCOPY" --each "$@"
}

@test "words up to -- are the items, whatever they hold" {
  run -0 each -k --args a 'b  c' $'d\ne' '*' ' ' $'\xff' -- printf '<%s>'
  [ "$output" = $'<a><b  c><d\ne><*>< ><\xff>' ]
}

@test "words with a dash, and those that are options elsewhere, are items" {
  run -0 each -k --args -j2 --help -- printf '%s,' {}
  [ "$output" = '-j2,--help,' ]
  run -0 each -k --args --each ::: --args -a -- printf '%s,' {}
  [ "$output" = '--each,:::,--args,-a,' ]
}

@test "they go into jobs as those of a list" {
  run -0 each -k -n 2 --args a b c -- echo {#}: {}
  [ "$output" = $'1: a b\n2: c' ]
  run -0 each -k -n 0 --args a b c -- echo
  [ "$output" = 'a b c' ]
  run -0 each -k -d : --args u:v w -- echo '{2}{1}'
  [ "$output" = $'vu\nw' ]
  run -0 each -k --tag -s 'echo "[$1]"' --args x
  [ "$output" = $'x\t[x]' ]
}

@test "a path is a word like any other: nothing is walked" {
  mkdir -p tree/sub
  run -0 each -k --args tree/sub/x.y / -- echo {/} {//} {.} {r}
  [ "$output" = $'x.y tree/sub tree/sub/x tree/sub/x.y\n/ / / /' ]
}

@test "job log, going on, failed items, results by number" {
  run -1 each --joblog log --failed failed --args 0 1 -- sh -c 'exit {}'
  [ "$(tr '\0' , <failed)" = 1, ]
  run -0 each -k --joblog log --resume --dry-run --args 0 1 2 -- sh -c 'exit {}'
  [ "$output" = $'sh -c \'exit 1\'\nsh -c \'exit 2\'' ]
  run -0 each --results out --args .. a/b -- echo
  [ "$(cat out/1.out out/2.out)" = $'..\na/b' ]
}

@test "as many as the kernel lets through" {
  # shellcheck disable=SC2046
  run -0 each -k -n 0 --args $(seq 20000) -- sh -c 'echo $#' sh
  [ "$output" = 20000 ]
}

@test "what has no sense is refused, and nothing runs" {
  refuses() { # WORDS ARG...
    local words=$1
    shift
    run -2 each "$@" -- touch ran
    [[ $output == *"$words"* ]] || return 1
    [ ! -e ran ]
  }
  refuses 'no ITEM given behind --args' --args
  refuses 'an ITEM is empty' --args a ''
  refuses "--args contradicts the path 'dir'" dir --args a
  refuses 'contradict each other' -a list --args a
  refuses '-0 is for -a only' -0 --args a
  refuses '-e, -g and -t are for PATHs only' -e c --args a
  refuses '-x and -L are for PATHs only' -L --args a
  refuses 'taken for the value' --failed --args a
  refuses '--args: takes no value' --args=a b
}

@test "the option is that of --each" {
  run -2 "$PCOPY" --args a b
  [[ $output == *'it is an option of --each'* ]]
  run -2 "$PCOPY" --map --args a b -- cat
  [[ $output == *'it is an option of --each'* ]]
}

@test "::: of GNU parallel is named, and nothing runs" {
  says() { # WORDS ARG...
    local words=$1
    shift
    run -2 each "$@"
    [[ $output == *"$words"* ]] || return 1
    [ "$(grep -c . <<<"$output")" -eq 2 ]
  }
  says '::: is another tool'"'"'s (here it is --args ITEM... -- COMMAND)' touch {} ::: a b
  says '--args ITEM...' -j2 touch ::: a
  says '--args ITEM...' -- touch {} ::: a b
  says '{1} {2}' touch {1} :::+ a
  says '-a FILE' touch :::: list
  [ -z "$(ls)" ]
}

@test "::: behind the command is an argument where there are items" {
  run -0 each --args a -- echo :::
  [ "$output" = '::: a' ]
}
