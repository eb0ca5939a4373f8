#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016,SC2030,SC2031,SC2034,SC2154
# --each: the examples of pcopy-each(1) and docs/batch.md run as they stand
# there. What a machine for tests does not have is played by scripts.

load helpers

setup() {
  TOP=$HELPERS/../..
  make_room
  mkdir bin here
  ln -s "$PCOPY" bin/pcopy
  PATH=$ROOM/bin:$PATH
  # A file with "bad" in it is a bad one.
  play flac 'for file; do :; done; ! grep -q bad "$file"'
  play curl 'for url; do :; done; echo "$url" >"${url##*/}"'
  play scp 'cp "$2" "to-${3%:*}-${3#*:}"'
  play clang-tidy 'echo "tidy $2"'
  play cjpeg 'echo JPEG; cat'
  play convert 'for to; do :; done; cp "$1" "$to"'
  # A list that grows, and comes to an end after all.
  play tail 'cat queue'
  cd here || return
}

teardown() { clear_room; }

play() { # NAME SCRIPT
  printf '#!/bin/sh\n%s\n' "$2" >"bin/$1"
  chmod +x "bin/$1"
}

own() { # NAME SCRIPT
  (cd .. && play "$1" "$2")
  mv "../bin/$1" .
}

# The line of the file that holds the words, without comment.
example() { # FILE WORDS
  local lines
  lines=$(grep -F -- "$2" "$1")
  [ "$(wc -l <<<"$lines")" -eq 1 ] || { echo "not one line: $2" >&2; return 1; }
  sed -E 's/ +# .*//' <<<"$lines"
}

guide() { # WORDS
  bash -c "$(example "$TOP/docs/batch.md" "$1")"
}

manual() { # WORDS
  rendered_examples pcopy-each.1 >../manual
  bash -c "$(example ../manual "$1")"
}

@test "each example has a test here" {
  local n
  n=$(sed -n '/^## Examples/,/^```$/p' "$TOP/docs/batch.md" | grep -c 'pcopy --each')
  [ "$n" -eq "$(grep -cE '^ +(run -[0-9]+ )?guide ' "${BATS_TEST_FILENAME}")" ]
  n=$(rendered_examples pcopy-each.1 | grep -c 'pcopy --each')
  [ "$n" -eq "$(grep -cE '^ +(run -[0-9]+ )?manual ' "${BATS_TEST_FILENAME}")" ]
}

make_music() {
  mkdir music
  echo good >music/a.flac
  echo bad >$'music/b\nc.FLAC'
  echo bad >music/d.ogg
}

@test "guide: broken files" {
  make_music
  run -1 guide '--failed broken'
  [ "$(tr '\0' , <broken)" = $'music/b\nc.FLAC,' ]
  run -0 guide '-a broken -- rm'
  [ "$(find music -type f | wc -l)" -eq 2 ]
}

@test "manual: broken files" {
  make_music
  run -1 manual '--failed broken'
  run -0 manual '-a broken -- rm'
  [ "$(find music -type f | sort | xargs)" = 'music/a.flac music/d.ogg' ]
}

@test "sums in order" {
  make_files tree 500
  find tree -type f | sort >list
  cd tree
  run -0 guide '-n 200 . -- sha256sum'
  [ "$(wc -l <SUMS)" -ge 500 ]
  # But for the list itself, which grew meanwhile.
  grep -v SUMS SUMS >../sums
  sha256sum --check --quiet ../sums
  rm SUMS
  run -0 manual '-n 200 . -- sha256sum'
  [ "$(grep -vc SUMS SUMS)" -eq 500 ]
}

@test "as many as fit" {
  mkdir build
  touch build/a.o build/b.c
  guide '-n 0 -e o build'
  [ "$(ls build)" = b.c ]
}

@test "downloads, with a log to go on with" {
  printf '%s\0' http://host/a http://host/b >list
  guide '--tries 3 --timeout 30s'
  [ -s a ] && [ -s b ]
  rm a
  printf 'http://host/c\0' >>list
  run -0 guide '-a list --joblog log --resume'
  [ -s c ] && [ ! -e a ]
}

@test "columns" {
  touch x y
  printf 'x\tone\ny\ttwo\n' >pairs.tsv
  guide "-a pairs.tsv"
  [ "$(echo to-*)" = 'to-host-one to-host-two' ]
  printf 'x\tz\n' >pairs
  run -0 manual '-a pairs'
  [ -e z ]
}

@test "items from another program" {
  printf '1\n2\n' >'a b.c'
  run -0 guide "find . -name"
  [ "$output" = $'./a b.c\ttidy ./a b.c' ]
  run -0 manual 'find . -name'
  [ "$output" = $'./a b.c\t2' ]
}

@test "a script, with any name" {
  mkdir art
  echo x >'art/$(touch gone) "b.png'
  guide 'cjpeg -q 90'
  [ "$(cat 'art/$(touch gone) "b.jpg')" = $'JPEG\nx' ]
  [ ! -e gone ]
}

@test "stop at the first failure" {
  mkdir tests
  echo 'exit 3' >tests/a.sh
  run -1 guide '--halt now,fail=1'
  [[ $output == *'a.sh: exit status 3'* ]]
}

@test "as the lines come" {
  printf '%s\n' a b >queue
  printf '#!/bin/sh\necho "<$1>"\n' >handle
  chmod +x handle
  run -0 guide './handle {}'
  [ "$(sort <<<"$output" | xargs)" = '<a> <b>' ]
}

@test "items on the command line" {
  own deploy 'echo "to $1"'
  run -0 guide '-k --args dev'
  [ "$output" = $'to dev\nto test\nto prod' ]
}

@test "columns by name" {
  printf 'mail,name,first name\na@b,B,"A, B"\n' >people.csv
  own invite 'echo "$2 $4"'
  run -0 guide '--csv -a people'
  [ "$output" = 'a@b B' ]
  run -0 manual '--csv -a people'
  [ "$output" = 'a@b A, B' ]
}

@test "blocks of a stream" {
  printf 'fine\nERROR 1\nfine\nERROR 2\n' | gzip >log.gz
  run -0 guide '-k --pipe'
  [ "$output" = $'ERROR 1\nERROR 2' ]
  run -0 manual '-k --pipe'
  [ "$output" = $'ERROR 1\nERROR 2' ]
}

@test "the first one is enough" {
  printf 'a\nb\nc\n' >hosts
  own probe '[ "$1" = b ]'
  run -0 guide '--halt now,success=1'
  run -0 manual '--halt now,success=1'
  [ -e list ]
}

@test "a service that is busy" {
  echo busy/file >urls
  own curl 'for url; do :; done; echo "$url" >>asked
    [ "$(wc -l <asked)" -gt 1 ]'
  PATH=$PWD:$PATH
  run -0 manual '--retry-delay 1s'
  [ "$(cat asked)" = $'busy/file\nbusy/file' ]
}

@test "directories" {
  mkdir -p tree/sub
  guide 'chmod g+s'
  [ -g tree/sub ]
}

@test "thumbnails" {
  mkdir photos
  echo p >photos/a.jpg
  guide 'thumbnail 200x200'
  [ -e photos/a.thumb.png ]
}

@test "a file of output for each" {
  mkdir tests
  echo 'echo hello' >tests/a.sh
  guide '--results out --timeout 1m'
  [ "$(cat out/tests/a.sh.out)" = hello ]
  rm -r out
  manual '--results out --halt'
  [ "$(cat out/tests/a.sh.out)" = hello ]
}

@test "what would run" {
  mkdir photos
  touch 'photos/a b.jpg'
  run -0 manual '--dry-run photos'
  [ "$output" = "convert 'photos/a b.jpg' -resize 50% 'photos/a b.png'" ]
}
