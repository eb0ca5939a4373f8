#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC1083,SC2154
# --each and --map that have nothing to do say so.

load helpers

setup() {
  make_room
  mkdir -p tree/sub
}

teardown() { clear_room; }

# ARGS end with 0 and say just this on stderr; with -q they say nothing.
says() { # TEXT ARG...
  local text=$1
  shift
  run -0 --separate-stderr "$PCOPY" "$@" </dev/null
  [ -z "$output" ]
  [ "$stderr" = "pcopy: $text" ]
  run -0 --separate-stderr "$PCOPY" -q "$@" </dev/null
  [ -z "$output$stderr" ]
}

@test "a list without items is named" {
  says 'no items in /dev/null' --each -a /dev/null -- echo
  says 'no items on standard input' --each -a - -- echo
  printf '\n\n' >'two lines'
  says 'no items in two lines' --each -a 'two lines' -- echo
}

@test "a tree without files is named, and so are several" {
  says 'no files below tree' --each tree -- echo
  mkdir more
  says 'no files below tree, more' --each tree more -- echo
  says 'no files below tree' --map tree out -- cat
}

@test "a filter that nothing passes is named as it was given" {
  : >tree/sub/a.txt
  says 'nothing matched -e jpg -e png below tree' \
    --each tree -e jpg -e png -- echo
  says "nothing matched -g b* -t l below tree" --each tree -g 'b*' -t l -- echo
  says 'nothing matched -e flac below tree' --map tree out -e flac -- cat
}

@test "with --else, too, a filter that nothing passes is said" {
  : >tree/sub/a.txt
  run -0 --separate-stderr "$PCOPY" --map tree out -e flac --else=copy -- cat
  [ "$stderr" = 'pcopy: nothing matched -e flac below tree' ]
  [ -e out/sub/a.txt ]
}

@test "a dry run says it, and a directory of the wanted type is a match" {
  : >tree/sub/a.txt
  says 'nothing matched -e flac below tree' --each --dry-run tree -e flac -- echo
  says 'nothing matched -e flac below tree' --map -n tree out -e flac -- cat
  run -0 --separate-stderr "$PCOPY" --each tree -t d -- echo
  [ "$output" = tree/sub ]
  [ -z "$stderr" ]
}

@test "what is up to date or done before is not nothing" {
  : >tree/sub/a.txt
  "$PCOPY" -q --map tree out -- cat
  run -0 --separate-stderr "$PCOPY" --map tree out -- cat
  [ -z "$stderr" ]
  "$PCOPY" --each --joblog log tree -- true
  run -0 --separate-stderr "$PCOPY" --each --joblog log --resume tree -- true
  [ -z "$stderr" ]
}

@test "what fails is said instead, and names do not reach the terminal raw" {
  run -1 --separate-stderr "$PCOPY" --each gone -- echo
  [[ $stderr == 'pcopy: gone: '* ]]
  fails grep -q matched <<<"$stderr"
  mkdir $'new\nline'
  says "no files below \$'new\\nline'" --each $'new\nline' -- echo
}

@test "on a terminal it takes the place of the line" {
  "$PTYRUN" -w 80 "$PCOPY" --each tree -- echo >out
  run screen out
  [ "${#lines[@]}" -eq 1 ]
  [[ $output == 'pcopy: no files below tree'* ]]
}
