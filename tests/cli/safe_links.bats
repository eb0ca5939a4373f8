#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# --safe-links: symlinks that lead out of the tree are left out and counted.
# shellcheck disable=SC2154

load helpers

setup() {
  make_room
  mkdir -p src/sub/deep
  echo one >src/one
  ln -s one src/plain
  ln -s sub/deep src/down
  ln -s .. src/sub/top
  ln -s ../../one src/sub/deep/up
  ln -s nothing src/sub/dangling
}

teardown() {
  clear_room
}

links() { # DIR
  find "$1" -type l -printf '%P\n' | sort
}

@test "links within the tree are kept, whether or not they lead anywhere" {
  run -0 "$PCOPY" --stats --safe-links src dst

  [[ "$output" != *'left out'* ]]
  same_tree src dst
}

@test "links that lead out are left out, counted, and no failure" {
  links src >kept
  ln -s /etc/passwd src/abs
  ln -s ../out src/out
  ln -s ../../../x src/sub/deep/far

  run -0 "$PCOPY" --stats --safe-links src dst

  [[ "$output" == *', 3 unsafe links left out, '* ]]
  diff <(links dst) kept
}

@test "a link that climbs behind a name leads out: the name may be a link" {
  ln -s ../../.. src/sub/deep/high
  ln -s sub/../one src/behind

  run -0 "$PCOPY" --stats --safe-links src dst

  [[ "$output" == *', 2 unsafe links left out, '* ]]
  [ ! -L dst/behind ]
  [ ! -L dst/sub/deep/high ]
}

@test "what goes into DIR may lead to what stands beside it there" {
  mkdir other
  ln -s ../other src/beside
  ln -s ../../x src/out

  run -0 "$PCOPY" --stats --safe-links src other dst/

  [[ "$output" == *', 1 unsafe link left out, '* ]]
  [ "$(readlink dst/src/beside)" = ../other ]
  [ ! -L dst/src/out ]
}

@test "-v and -n name them" {
  ln -s / src/abs

  run -0 "$PCOPY" --stats --safe-links -n src dst
  [[ "$output" == *$'left out\tdst/abs'* ]]
  [[ "$output" == *', 1 unsafe link left out'* ]]
  run -0 "$PCOPY" --stats --safe-links -v src dst
  [[ "$output" == *$'left out\tdst/abs'* ]]
}

@test "a link as operand is judged, too" {
  ln -s /etc/passwd abs
  ln -s ../x out
  ln -s src in

  run -0 "$PCOPY" --stats --safe-links abs dst
  [[ "$output" == *'0 copied, 1 unsafe link left out, '* ]]
  run -0 "$PCOPY" --stats --safe-links abs out in dir/

  [ ! -L dst ]
  [ "$(links dir)" = in ]
}

@test "an update leaves alone what an unsafe link is in the place of" {
  ln -s /etc/passwd src/abs
  "$PCOPY" --stats src dst

  run -0 "$PCOPY" --stats --safe-links src dst

  [[ "$output" == *'0 copied, '*', 1 unsafe link left out, '* ]]
  [ "$(readlink dst/abs)" = /etc/passwd ]
}

@test "names of one symlink are judged each where it stands" {
  ln -s ../plain src/sub/link
  ln src/sub/link src/link
  ln src/sub/link src/sub/deep/link

  run -0 "$PCOPY" --stats -j 1 --safe-links src dst

  [[ "$output" == *', 1 unsafe link left out, '* ]]
  [ ! -L dst/link ]
  [ dst/sub/link -ef dst/sub/deep/link ] || [ "$(stat -c %h dst/sub/link)" = 2 ]
}

@test "with -L there are no links to leave out" {
  ln -s "$PWD/src/one" src/abs
  rm src/sub/top src/sub/dangling

  run -0 "$PCOPY" --stats -L --safe-links src dst

  [[ "$output" != *'left out'* ]]
  cmp src/one dst/abs
}

@test "what is left out is what rsync leaves out" {
  need rsync
  ln -s / src/abs
  ln -s ../out src/out
  ln -s ../../x src/sub/two
  ln -s ../../../x src/sub/deep/three
  ln -s deep/../../x src/sub/behind

  "$PCOPY" --stats --safe-links src dst
  rsync -a --safe-links src/ other
  diff <(links dst) <(links other)

  "$PCOPY" --stats --safe-links src into/
  rsync -a --safe-links src beside
  diff <(links into) <(links beside)
}
