#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016
# The examples of pcopy-map(1) and docs/batch.md, as they stand there. What may
# not be installed, and has no part in it, is played by a script.

load helpers

setup() {
  make_room
  need zstd gzip
  TOP=$HELPERS/../..
  mkdir -p src/sub music photos logs bin
  seq 1000 >src/numbers
  seq 2000 >src/sub/more
  echo tune >music/a.flac
  echo cover >music/cover.jpg
  echo pixels >photos/x.jpg
  echo words >photos/readme
  seq 100 >logs/today
  ln -s "$PCOPY" bin/pcopy
  player ffmpeg 'while [ "$1" != -i ]; do shift; done; cat "$2" >"$5"'
  player vipsthumbnail '[ "$2 $3 $4" = "--size 400x400 -o" ] && cat "$1" >"$5"'
  PATH=$PWD/bin:$PATH
  "$PCOPY" --map --check src nothing 2>&1 | grep -q libxxhash &&
    skip "built without libxxhash"
  true
}

teardown() { clear_room; }

player() { # NAME SCRIPT
  printf '#!/bin/sh -e\n%s\n' "$2" >"bin/$1"
  chmod 755 "bin/$1"
}

# Runs line N of the examples in a shell.
example() { # N
  sh -c "$(sed -n "$1p" examples)"
}

is_packed() { # DIR
  [ "$(zstd -qdc "$1/numbers.zst")" = "$(seq 1000)" ]
  [ "$(zstd -qdc "$1/sub/more.zst")" = "$(seq 2000)" ]
}

@test "the examples of the man page" {
  rendered_examples pcopy-map.1 >examples
  [ "$(wc -l <examples)" -eq 5 ]

  example 1
  is_packed dst
  example 2
  [ "$(cat phone/a.opus phone/cover.jpg)" = $'tune\ncover' ]
  rm music/a.flac
  example 2
  [ "$(ls phone)" = cover.jpg ]
  run -0 example 3
  [ "$output" = $'make\tarchive/today.gz\tnew' ]
  [ ! -e archive ]
  touch src/numbers
  example 4
  is_packed dst
  echo >>dst/numbers.zst
  run -4 example 5
  [[ $output == *'dst/numbers.zst: is not as it was made'* ]]
}

@test "the examples of docs/batch.md" {
  sed -n '/^# A tree from/,$s/^pcopy --map/&/p' "$TOP/docs/batch.md" >examples
  [ "$(wc -l <examples)" -eq 7 ]

  example 1
  is_packed dst
  example 2
  [ "$(cat phone/a.opus phone/cover.jpg)" = $'tune\ncover' ]
  example 3
  [ "$(cat thumbs/x.jpg)" = pixels ]
  [ "$(ls thumbs)" = x.jpg ]
  run -0 example 4
  [ "$output" = $'make\tarch/today.gz\tnew' ]
  example 5
  is_packed dst
  rm -r dst/.pcopy-map
  run -0 example 6
  is_packed dst
  run -0 example 7
}
