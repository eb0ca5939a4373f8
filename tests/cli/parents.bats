#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# --parents and --relative: a copy's name is the path of its source.
# shellcheck disable=SC2154

load helpers

setup() {
  make_room
  mkdir -p a/b/c a/d
  echo one >a/b/c/one
  echo two >a/b/two
  ln -s two a/b/link
  chmod 750 a/b
  chmod 2755 a/d
  echo three >a/d/three
  touch -hd '2001-02-03 04:05:06.123456789' a/b/c a/d a/b/link
  touch -d '2002-02-03 04:05:06.5' a/b
  touch -d '2003-02-03 04:05:06.25' a
}

teardown() {
  clear_room
}

refused() { # STATUS TEXT ARG...
  local before
  before=$(find . -printf '%p %y %i %T@ %C@\n' | sort)
  run -"$1" "$PCOPY" --stats "${@:3}"
  [[ "$output" == *"$2"* ]]
  [ "$(find . -printf '%p %y %i %T@ %C@\n' | sort)" = "$before" ]
}

@test "the path of a source is made below DST, with what its parents have" {
  need rsync
  mkdir cp
  cp -a --parents a/b/c cp

  run -0 "$PCOPY" --stats --parents a/b/c dst

  [[ "$output" == *' to dst/a/b/c' ]]
  same_tree cp/a dst/a
  rsync -aR a/b/c rsync
  same_tree rsync/a dst/a
}

@test "a file, a link and several sources that share parents" {
  need rsync
  rsync -aR a/b/two a/b/link a/d/three a/b/c rsync

  run -0 "$PCOPY" --stats --parents a/b/two a/b/link a/d/three a/b/c dst/

  [[ "$output" == *' to dst/' ]]
  same_tree rsync/a dst/a
  run -0 "$PCOPY" --stats --parents a/b/two a/b/link a/d/three a/b/c dst
  [[ "$output" == *'0 copied, 4 unchanged, '* ]]
  # A file system that does not say what it is is tried out in the directory.
  [ -n "${FAR:-}" ] || same_tree rsync/a dst/a
}

@test "with one worker and with four, and none of them left in between" {
  need rsync
  rsync -aR a/b/two a/d rsync

  run -0 "$PCOPY" --stats -j 1 --parents a/b/two a/d one
  run -0 "$PCOPY" --stats -j 4 --parents a/b/two a/d four

  same_tree rsync/a one/a
  same_tree rsync/a four/a
}

@test "absolute paths lose their slash; dots and slashes that say nothing go" {
  run -0 "$PCOPY" --stats --parents "$PWD/a/d" dst
  run -0 "$PCOPY" --stats --parents ./a/.//d/. other

  same_tree a/d "dst$PWD/a/d"
  same_tree a/d other/a/d
}

@test "--relative takes what is behind the marker, or all" {
  need rsync
  rsync -aR "$PWD/./a/d" ./a/./b/c rsync
  touch -d 2004-01-01 rsync

  run -0 "$PCOPY" --stats --relative "$PWD/./a/d" ./a/./b/c dst

  touch -d 2004-01-01 dst
  same_tree rsync dst
  run -0 "$PCOPY" --stats --relative a/b/two other
  cmp a/b/two other/a/b/two
  pushd a
  run -0 "$PCOPY" --stats --relative .././a/d ../third
  popd
  same_tree a/d third/a/d
}

@test "parents that are there keep what they have" {
  mkdir -p dst/a
  chmod 711 dst/a
  touch -d 2010-01-01 dst/a

  run -0 "$PCOPY" --stats --parents a/b/two dst

  [ "$(stat -c %a dst/a)" = 711 ]
  [ "$(stat -c %a dst/a/b)" = 750 ]
  [ "$(stat -c %Y dst/a/b)" = "$(stat -c %Y a/b)" ]
}

@test "parents that may not be written to are made with what is in them" {
  chmod 555 a/b a
  mkdir -m 777 dst

  run -0 as_user "$PCOPY" --stats --parents a/b/c dst
  chmod 755 a a/b

  [ "$(stat -c %a dst/a)" = 555 ]
  [ "$(stat -c %a dst/a/b)" = 555 ]
  cmp a/b/c/one dst/a/b/c/one
}

@test "a link among the source's parents is a directory of the copy" {
  ln -s a link

  run -0 "$PCOPY" --stats --parents link/b/two dst

  [ ! -L dst/link ]
  [ "$(stat -c %Y dst/link)" = "$(stat -c %Y a)" ]
  cmp a/b/two dst/link/b/two
}

@test "a link among the parents at DST is not followed, nor is a file taken" {
  mkdir dst away
  ln -s ../away dst/a
  refused 2 'pcopy: dst/a/b/two: cannot open the directory it goes into' \
    --parents a/b/two dst
  rm dst/a
  mkdir dst/a
  ln -s ../../away dst/a/b
  refused 2 'dst/a/b/two: cannot open the directory' --parents a/b/two dst
  rm dst/a/b
  echo file >dst/a/b
  refused 2 'dst/a/b/c: cannot open the directory' --force --parents a/b/c dst
  [ -z "$(ls -A away)" ]
}

@test ".. and nothing are no names: status 2" {
  refused 2 'pcopy: a/../a/d: has .. in' --parents a/../a/d dst
  refused 2 'has .. in' --relative a/./b/../d dst
  refused 2 'pcopy: .: has no name of its own' --parents . dst
  refused 2 'has no name of its own' --relative a/./ dst
  refused 2 'has no name of its own' --parents .. dst
}

@test "sources that meet, or of which one is in another's copy: status 2" {
  mkdir -p x/a/d

  refused 2 'x/./a/d: has the name of another source' \
    --relative a/d x/./a/d dst
  refused 2 'a/b: would be copied into another copy' --parents a a/b dst
  refused 2 'a/b/c/one: would be copied into another copy' \
    --parents a/b/c/one a/b dst
  mkdir 'a/b-c'
  run -0 "$PCOPY" --stats --parents a/b a/b-c dst
}

@test "a copy onto or into itself is seen through the parents: status 5" {
  refused 5 'source and destination are the same' --parents a/b .
  refused 5 'would be copied into itself' --parents a/b a/b/c
  refused 5 'would be copied into itself' --parents a a/b/c
}

@test "a dry run lists the parents that a run would make, and makes none" {
  refused 0 $'directory\tdst/a\ndirectory\tdst/a/b\n' -n --parents a/b/two dst
  [[ "$output" == *$'copy\tdst/a/b/two'* ]]
  mkdir -p dst/a
  refused 0 $'directory\tdst/a/b' -n --parents a/b/two a/d dst
}

@test "an interrupted run leaves no parent that only we may enter" {
  need_strace
  head -c 1000000 /dev/zero >a/d/big
  mapfile -t late < <(slowly 300 linkat,renameat,renameat2)

  "${late[@]}" timeout --preserve-status -s INT 1 "$PCOPY" --stats -j 1 \
    --parents a/d/big a/d/three a/b/two a/b/c/one a/b/link dst 2>err || true

  [ "$(stat -c %a dst/a)" = "$(stat -c %a a)" ]
  [ "$(stat -c %a dst/a/b)" = 750 ]
}

@test "--safe-links counts the parents as part of the tree" {
  ln -s ../../d/three a/b/c/in
  ln -s ../../../../x a/b/c/out

  run -0 "$PCOPY" --stats --safe-links --parents a/b/c dst

  [[ "$output" == *', 1 unsafe link left out, '* ]]
  [ -L dst/a/b/c/in ]
}
