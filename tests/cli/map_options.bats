#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC1083,SC2016,SC2030,SC2031,SC2034,SC2154
# --map: options that say how it runs and what it tells, what only looks, and
# what is written about options.

load helpers

setup() {
  make_room
  TOP=$HELPERS/../..
  mkdir -p src/sub
  echo one >src/a
  echo two >src/b
  echo three >src/sub/c
}

teardown() { clear_room; }

map() {
  "$PCOPY" --map "$@"
}

# All that can be seen of a tree, but for access times.
state_of() { # DIR
  find "$1" -printf '%p %y %m %s %T@ %C@ %i\n' | sort
}

# ---- what is written ----

options_in_help() {
  map --help | sed -n 's/^  \(-.*\|    --.*\)/\1/p' | sed -E 's/ {2,}[a-z].*//'
}

same_options() { # FILE-WITH-ALL-OF-THEM
  diff <(options_in_help | grep -oE -- '(^|[ ,])--?[A-Za-z][a-z-]*' |
    grep -oE -- '--?[A-Za-z][a-z-]*' | sort -u) <(sort -u "$1")
}

@test "the man page has an entry for each option, and for no other" {
  sed -n '/^.Sh OPTIONS/,/^.Sh FILES/s/^\.It \(Fl .*\)/\1/p' \
    "$TOP/pcopy-map.1" >entries
  {
    grep -oE 'Fl Fl [a-z-]+' entries | sed 's/Fl Fl /--/'
    sed 's/Fl Fl [a-z-]*//g' entries | grep -oE 'Fl [A-Za-z]( |$)' |
      sed 's/Fl \(.\).*/-\1/'
    echo --map
  } >found
  same_options found
}

@test "bash, zsh and fish complete each option, and no other" {
  sed -n '/^_pcopy_map()/,/^}/p' "$TOP/completions/pcopy.bash" |
    sed -n "/_pcopy_words '--map/,/'\$/p" |
    grep -oE -- "[ ']--?[A-Za-z][a-z-]*" | sed 's/^.//' >found
  same_options found

  sed -n '/\[(I)--map\]/,/^fi/p' "$TOP/completions/_pcopy" |
    sed -nE "s/^    '(.*)/\1/p" | sed -E "s/\[.*//; s/^\([^)]*\)'?//" |
    grep -oE -- '--?[A-Za-z][a-z-]*' | sed 's/-$//' >found
  same_options found

  grep -vE 'mode (copy|each)' "$TOP/completions/pcopy.fish" |
    sed -nE '/^complete/{
      s/^(.*) -s (.) (.*)$/-\2\n\1 \3/; s/(.*) -l ([a-z-]+) .*/--\2/p}' |
    grep -oE -- '^--?[A-Za-z][a-z-]*' | grep -vx -- --each >found
  grep -oE -- '-s [a-zA-Z0] ' <(grep -vE 'mode (copy|each)' \
    "$TOP/completions/pcopy.fish") | sed 's/-s \(.\) /-\1/' >>found
  same_options found
}

@test "--help and --version need no trees" {
  run -0 --separate-stderr map --help
  [[ $output == 'Usage: pcopy --map '* ]]
  [ -z "$stderr" ]
  run -0 map --version
  [ "$output" = "$("$PCOPY" --version)" ]
}

# ---- how it runs ----

@test "-j: so many jobs at a time" {
  run -0 map -j 1 src dst -- \
    sh -c 'mkdir alone && cat && rmdir alone'
  [ "$(cat dst/sub/c)" = three ]
  # Each of three waits for the others.
  run -0 timeout 60 "$PCOPY" --map -j 3 src dst -- sh -c 'cat; : >"here.$$"
    until [ "$(ls here.* | wc -l)" -ge 3 ]; do sleep 0.01; done'
}

@test "--queue-depth 1 is enough for many files" {
  make_files src 300
  run -0 map -j 2 --queue-depth 1 src dst -- cat
  [ "$(find dst -type f -not -path '*/.pcopy-map/*' | wc -l)" -eq 303 ]
}

@test "-k: what commands say comes in the order of the files" {
  map -j 1 src d1 -- sh -c 'cat; echo "$1" >&2' sh {} 2>order
  [ "$(wc -l <order)" -eq 3 ]
  FIRST=$(head -n 1 order) run -0 timeout 60 "$PCOPY" --map -j 3 -k src d2 -- \
    sh -c 'cat
    if [ "$1" = "$FIRST" ]; then
      until [ "$(ls | grep -c ^other)" -eq 2 ]; do sleep 0.01; done
    else
      : >"other.$$"
    fi
    echo "$1" >&2' sh {}
  [ "$output" = "$(cat order)" ]
}

@test "--progress tells how far it is, -q tells nothing" {
  run -0 map --progress=always src dst -- cat
  [[ $output == *'100.00 %'* ]]
  [[ $output == *'3 made in '* ]]
  run -0 map --progress=never src d2 -- cat
  [ -z "$output" ]
  run -0 map -q src d3 -- cat
  [ -z "$output" ]
  run -1 map -q src d4 -- false
  [[ $output == *'src/a: exit status 1'* ]]
  run -2 map -q -v src d5 -- cat
}

@test "--halt soon starts no more, and what was made stays" {
  make_files src 100
  run -1 map -j 1 --halt soon,fail=1 src dst -- \
    sh -c 'echo >>ran; [ "$(wc -l <ran)" -lt 5 ] && cat'
  [ "$(wc -l <ran)" -lt 20 ]
  [[ $output == *'halted: 4 made'* ]]
  run -0 map -vv src dst --ignore-cmd -- cat
  [ "$(grep -c ^current <<<"$output")" -eq 4 ]
}

@test "a command that is not there is told before anything is made" {
  touch plain
  run -127 map src dst -- no-such-command
  [[ $output == *'no-such-command: cannot run the command'* ]]
  run -126 map src dst -- ./plain
  [ ! -e dst ]
  # One that the source names is found when it is to run.
  run -1 map src dst -- ./{/}
  [ -d dst ]
}

# ---- what only looks ----

@test "-n and --check change nothing, not even a torn record" {
  map src dst -- cat
  echo more >>src/a
  rm src/b
  printf torn >>dst/.pcopy-map/record
  state_of dst >before
  run -0 map -n --delete src dst -- rev
  [ "$(sort <<<"$output")" = "$(printf '%s\n' \
    $'delete\tdst/b\tsource gone' $'make\tdst/a\tcommand changed' \
    $'make\tdst/sub/c\tcommand changed')" ]
  map --check src dst || [ "$?" -eq 2 ] # without hashes
  state_of dst >now
  diff before now

  rm dst/.pcopy-map/lock
  run -0 map -n src dst -- cat
  [ ! -e dst/.pcopy-map/lock ]
}

@test "-n without a DST makes none" {
  run -0 map -n src dst -- cat
  [ "$(cut -f 1,3 <<<"$output" | sort -u)" = $'make\tnew' ]
  [ ! -e dst ]
}

@test "-n and --check work where nothing can be written" {
  need_mounts
  map src dst -- cat
  echo more >>src/a
  run -0 unshare -m bash -c '
    mount --bind dst dst && mount -o remount,ro,bind dst || exit
    "$1" --map -nvv src dst -- cat || exit
    "$1" --map --check src dst || [ $? -eq 2 ]' sh "$PCOPY"
  [[ $output == *$'make\tdst/a\tsource changed'* ]]
  [[ $output == *$'current\tdst/b'* ]]
}

# ---- what could fool it ----

@test "a source that is as young as a clock tick is waited for" {
  # Whole seconds: a file system that has no more.
  local now
  now=$(date +%s)
  touch -d "@$now" src/a
  run -0 map src dst -- cat
  [ "$(date +%s)" -gt "$now" ]
}

@test "sources keep their access times, also when contents are compared" {
  touch -d 2001-02-03 src/a src/b src/sub/c src/sub src
  map --stale=hash src dst -- cat || [ "$?" -eq 2 ]
  map src dst2 -- cat
  touch -d 2002-02-03 -m src/a src/b
  map --stale=hash src dst -- cat || [ "$?" -eq 2 ]
  [ "$(stat -c %X src/a src/b src/sub/c | sort -u)" = \
    "$(date -d 2001-02-03 +%s)" ]
}

@test "symlinks in the place of what is pcopy's own are not followed" {
  mkdir -p dst elsewhere
  ln -s ../elsewhere dst/.pcopy-map
  run -2 map src dst -- cat
  [ -z "$(ls elsewhere)" ]

  rm dst/.pcopy-map
  mkdir -m 700 dst/.pcopy-map
  ln -s ../../elsewhere/file dst/.pcopy-map/record
  run -2 map src dst -- cat
  rm dst/.pcopy-map/*
  ln -s ../../elsewhere/file dst/.pcopy-map/lock
  run -2 map src dst -- cat
  [ -z "$(ls elsewhere)" ]

  rm dst/.pcopy-map/*
  chmod 770 dst/.pcopy-map
  run -5 map src dst -- cat
  [ -z "$(ls dst)" ]
}

@test "a directory of old unfinished outputs that is a symlink goes, not what it leads to" {
  mkdir -p elsewhere
  touch elsewhere/keep
  map src dst -- cat
  ln -s ../../elsewhere dst/.pcopy-map/stage.abc
  map src dst -- cat
  [ -e elsewhere/keep ]
  diff <(ls -A dst/.pcopy-map) <(printf '%s\n' lock record)
}
