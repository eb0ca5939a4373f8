#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC1083,SC2016,SC2030,SC2031,SC2034,SC2154
# --each --csv: columns by their names.

load helpers

setup() { make_room; }

teardown() { clear_room; }

each() {
  "$PCOPY" --each "$@"
}

@test "columns by name and by number, in any order" {
  printf 'name,size,"unit, long"\na,1,kg\n"b, c",2,"m ""x"""\n' >list
  run -0 each -k --csv -a list -- printf '<%s|%s|%s|%s>\n' {size} {name} '{unit, long}' {1}
  [ "$output" = $'<1|a|kg|a>\n<2|b, c|m "x"|b, c>' ]
  run -0 each -k --csv -a list -- echo '{name}{size}-{{name}}-{#}'
  [ "$output" = $'a1-{name}-1\nb, c2-{name}-2' ]
}

@test "records over lines, line ends of Windows, a byte order mark, no last newline" {
  printf '\xef\xbb\xbf"id",text\r\n1,"two\r\nlines"\r\n\r\n2,end' >list
  run -0 each -k --csv -a list -- printf '[%s:%s]\n' {id} {text}
  [ "$output" = $'[1:two\r\nlines]\n[2:end]' ]
}

@test "fields are bytes: no shell, no second look" {
  printf 'a,b\n$(touch ran),{a}\n"; touch ran; {b}",*\n' >list
  run -0 each -k --csv -a list -- printf '%s %s\n' {a} {b}
  [ "$output" = $'$(touch ran) {a}\n; touch ran; {b} *' ]
  [ ! -e ran ]
}

@test "another separator; records that are short or long" {
  printf 'a;b;c\n1\n1;2;3;4\n' >list
  run -0 each -k --csv -d ';' -a list -- echo '<{a}|{b}|{c}>'
  [ "$output" = $'<1||>\n<1|2|3>' ]
  printf 'a\tb\n"x\ty"\tz\n' >list
  run -0 each --csv -d '\t' -a list -- printf '%s,%s' {b} {a}
  [ "$output" = $'z,x\ty' ]
}

@test "names that are built-in placeholders elsewhere are columns" {
  printf 'r,out,2024\nx,y,z\n' >list
  run -0 each --csv -a list -- echo {r} {out} {2024} {3}
  [ "$output" = 'x y z z' ]
}

@test "a name that is none is refused with those that are, and nothing runs" {
  printf 'name,full size\nx,1\n' >list
  run -2 each --csv -a list -- touch {nmae}
  [[ $output == *'{nmae}: is no column; they are {name} {full size}; for the text itself write {{nmae}}'* ]]
  run -2 each --csv -a list -- touch x{3}
  [[ $output == *'{3}: is no column'* ]]
  printf 'a,b,a\n1,2,3\n' >list
  run -2 each --csv -a list -- touch {a}
  [[ $output == *'{a}: is the name of several columns'* ]]
  [ "$(ls)" = list ]
  run -0 each --csv -a list -- echo {3}{b}
  [ "$output" = 32 ]
}

@test "what looks like no name stays as it is" {
  printf 'n\n1\n' >list
  run -0 each --csv -a list -- printf '%s,' '{ print }' '{a,b}' '{print $1}' '{}' {n}
  [ "$output" = '{ print },{a,b},{print $1},1,1,' ]
}

@test "a quote that is not closed is named, the records before run" {
  printf 'a\n1\n"2\n3\n' >list
  run -1 each --csv -a list -- echo {a}
  [[ $output == *'record 3: a quote has no end'* ]]
  [ "${lines[0]}" = 1 ] || [ "${lines[1]}" = 1 ]
  printf '"a\n1\n' >list
  run -2 each --csv -a list -- touch {a}
  [[ $output == *'record 1: a quote has no end'* ]]
  [ "$(ls)" = list ]
}

@test "nothing, and a header alone, are no jobs" {
  run -0 each --csv -a /dev/null -- touch {x}
  echo 'x,y' >list
  run -0 each --csv -a list -- touch {x}
  [ "$(ls)" = list ]
}

@test "it comes through a fifo, and failed records can be fed back" {
  mkfifo pipe
  { printf 'na'; printf 'me,status\n"a\n'; printf 'b",1\n'; printf 'c,0\n'; } >pipe &
  run -1 each --csv -a - --failed failed -- sh -c 'exit {status}' <pipe
  [ "$(cat failed)" = $'name,status\n"a\nb",1' ]
  run -0 each --csv -a failed -- printf '%s' {name}
  [ "$output" = $'a\nb' ]
}

@test "several in a job, job log and going on" {
  printf 'n\na\n"b"\nc\n' >list
  run -0 each -k -n 2 --csv -a list --joblog log -- echo -{n}
  [ "$output" = $'-a -b\n-c' ]
  run -0 each -n 2 --csv -a list --joblog log --resume -- echo -{n}
  [ -z "$output" ]
}

@test "what has no sense is refused" {
  refuses() { # WORDS ARG...
    local words=$1
    shift
    run -2 each "$@" -- touch ran
    [[ $output == *"$words"* ]] || return 1
    [ ! -e ran ]
  }
  touch list
  refuses '--csv is for -a only' --csv .
  refuses '--csv is for -a only' --csv --args a
  refuses 'contradict each other' --csv -0 -a list
  refuses 'one byte' --csv -d '::' -a list
  refuses 'one byte' --csv -d '"' -a list
}
