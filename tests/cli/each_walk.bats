#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2030,SC2031,SC2154
# The walks of --each and --map: loops, mounts, and what vanishes meanwhile.

load helpers
load ../tools/quirks

setup() {
  make_room
  mkdir -p back/s/a/b
  echo one >back/s/one
  echo two >back/s/a/two
  echo three >back/s/a/b/three
}

teardown() {
  clear_quirk
  clear_room
}

each() {
  timeout 30 "$PCOPY" --each "$@"
}

map() {
  timeout 30 "$PCOPY" --map "$@"
}

# What is in the directories that lead back is found once.
names() {
  sort <<<"$output" | xargs
}

in_mounts() { # COMMANDS
  need_mounts
  unshare -m sh -ec "$1"
}

@test "a directory that holds itself is named and not entered" {
  quirk loop
  run -1 --separate-stderr each m/s -- echo '{r}'
  [ "$(names)" = 'a/b/three a/two one' ]
  [ "$(sort <<<"$stderr" | grep -c ': leads back into itself$')" -eq 3 ]
  [[ $stderr == *'m/s/a/loop: leads back into itself'* ]]

  run -1 --separate-stderr each -L -t d m/s -- echo '{r}'
  [ "$(names)" = 'a a/b' ]
}

@test "a directory that leads to the top of all is no endless walk" {
  quirk looptop
  run -1 --separate-stderr each m -- echo '{r}'
  [ "$(names)" = 's/a/b/three s/a/two s/one' ]
  [[ $stderr == *'m/s/a/b/top: leads back into itself'* ]]

  run -1 --separate-stderr map m/s d -- cat
  [[ $stderr == *': leads back into itself'* ]]
  [ "$(cat d/a/b/three)" = three ]
}

@test "a bind mount of a directory above is named and not entered" {
  need_mounts
  mkdir back/s/a/up
  run -1 --separate-stderr in_mounts "mount --bind back/s back/s/a/up
    timeout 30 '$PCOPY' --each back/s -- echo {r}"
  [ "$(names)" = 'a/b/three a/two one' ]
  [ "$(grep -c 'leads back into itself' <<<"$stderr")" -eq 1 ]
  [[ $stderr == *'pcopy: back/s/a/up: leads back into itself'* ]]

  run -1 --separate-stderr in_mounts "mount --bind back/s back/s/a/up
    timeout 30 '$PCOPY' --map back/s d -- cat"
  [[ $stderr == *'back/s/a/up: leads back into itself'* ]]
  [ "$(cat d/a/b/three)" = three ]
  [ ! -e d/a/up/one ]
}

@test "numbers that are all equal make no loop" {
  quirk sameino=all
  for options in '' -L -x; do
    # shellcheck disable=SC2086
    run -0 each $options m/s -- echo '{r}'
    [ "$(names)" = 'a/b/three a/two one' ]
  done
  run -0 map m/s d -- cat
  diff -r -x .pcopy-map back/s d
}

@test "numbers that change from look to look are no reason to stop" {
  quirk newino
  run -0 each -x m/s -- echo '{r}'
  [ "$(names)" = 'a/b/three a/two one' ]
  run -0 map m/s d -- cat
  diff -r -x .pcopy-map back/s d
}

@test "a link to a directory beside is entered with -L, one to above is not" {
  ln -s ../.. back/s/a/b/above
  ln -s a/b back/s/beside
  run -1 --separate-stderr each -L back/s -- echo '{r}'
  [ "$(names)" = 'a/b/three a/two beside/three one' ]
  [ "$(grep -c 'above: leads back into itself' <<<"$stderr")" -ge 1 ]
}

@test "-x leaves out what is mounted without opening it" {
  need_mounts
  need_strace
  mkdir -p back/s/mnt back/s/a/file
  touch back/s/a/f
  run -0 in_mounts "mount -t tmpfs none back/s/mnt
    touch back/s/mnt/inside
    mount --bind back/s/mnt/inside back/s/a/f
    strace -f -o trace -e trace=openat,openat2 \
      '$PCOPY' --each -x -t f -t d back/s -- echo {r}"
  [ "$(names)" = 'a a/b a/b/three a/file a/two one' ]
  fails grep '"mnt"' trace
}

@test "-x leaves out what only its owner may look at" {
  need_root
  need_mounts
  need_quirks
  need fusermount
  mkdir -p src/theirs other
  echo x >src/x
  # As what a desktop mounts: even root may not look at that of others.
  cat >private.py <<END
import sys
sys.path.insert(0, "${QUIRKFS%/*}")
from quirkfs import FUSE, QuirkFS, Quirks
FUSE(QuirkFS("$ROOM/other", Quirks([])), "$ROOM/src/theirs", foreground=True)
END
  "$QUIRK_PYTHON" private.py 3>&- >ready 2>errors &
  QUIRK_PID=$!
  ln -s src/theirs m
  until [ -s ready ]; do
    kill -0 "$QUIRK_PID" 2>/dev/null || skip "may not mount: $(cat errors)"
    sleep 0.02
  done
  fails as_user stat src/theirs
  run -0 --separate-stderr as_user "$PCOPY" --each -qx -t f -t d src -- echo '{r}'
  [ "$output" = x ]
  [ -z "$stderr" ]
  run -1 as_user "$PCOPY" --each src -- true
  [[ $output == *'src/theirs: read: Permission denied'* ]]
}

@test "a directory that vanished before it was read is named" {
  quirk ghost
  run -1 --separate-stderr each m/s -- echo '{r}'
  [ "$(names)" = 'a/b/three a/two one' ]
  [[ $stderr == *'pcopy: m/s/a/ghost: vanished'* ]]
  fails grep 'No such file' <<<"$stderr"
}

@test "where a directory vanished --delete deletes nothing" {
  touch back/s/keep
  run -0 map back/s d -- cat
  rm back/s/one
  quirk 'opendir=ENOENT@*/a'
  run -1 --separate-stderr map --delete m/s d -- cat
  [[ $stderr == *'pcopy: m/s/a: vanished'* ]]
  [[ $stderr == *'nothing is deleted'* ]]
  [ -e d/one ]
  clear_quirk
  run -0 map --delete back/s d -- cat
  [ ! -e d/one ]

  quirk ghost
  rm back/s/a/two
  run -1 --separate-stderr map --delete m/s d -- cat
  [[ $stderr == *'m/s/a/ghost: vanished'* ]]
  [[ $stderr == *'nothing is deleted'* ]]
  [ -e d/a/two ]
}

@test "where a directory cannot be read --delete deletes nothing" {
  chmod 777 . back back/s back/s/a
  run -0 as_user timeout 30 "$PCOPY" --map back/s d -- cat
  rm back/s/one
  chmod 000 back/s/a/b
  run -1 as_user timeout 30 "$PCOPY" --map --delete back/s d -- cat
  [[ $output == *'back/s/a/b: read: Permission denied'* ]]
  [[ $output == *'nothing is deleted'* ]]
  [ -e d/one ]
}

@test "a walk asks each directory once what it is" {
  need_strace
  run -0 strace -o trace -e trace=fstat,newfstatat,statx \
    "$PCOPY" --each back/s -- true
  [ "$(grep -cE 'S_IFDIR.*' trace)" -le 4 ]
}

@test "what the run writes is known where numbers are equal or not listed" {
  quirk sameino=all
  run -0 each --joblog m/s/a/log m/s -- echo '{r}'
  [ "$(names)" = 'a/b/three a/two one' ]
  clear_quirk
  rm back/s/a/log
  quirk s1
  run -0 each --joblog m/s/a/log --failed m/s/bad m/s -- echo '{r}'
  [ "$(names)" = 'a/b/three a/two one' ]
}
