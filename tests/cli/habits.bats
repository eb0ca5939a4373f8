#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The table of README.md for those who come from cp and rsync: what stands on
# the right does what stands on the left.
# shellcheck disable=SC2016,SC2154

load helpers

setup() {
  need rsync
  make_room
  sed -n '/^## Coming from/,/^## How/s/^| `\([^`]*\)` | `\([^`]*\)` |.*/\1|\2/p' \
    "$HELPERS/../../README.md" >rows
  mkdir bin
  ln -s "$PCOPY" bin/pcopy
  PATH=$ROOM/bin:$PATH
}

teardown() {
  clear_room
}

# src, dir, and a dst that has an older and a newer file, if it is to be there.
make_place() { # DIR HAS_DST
  mkdir -p "$1/src/sub" "$1/dir"
  echo top >"$1/one"
  echo one >"$1/src/one"
  echo two >"$1/src/sub/two"
  echo hard >"$1/src/hard"
  ln "$1/src/hard" "$1/src/sub/hard"
  ln -s one "$1/src/link"
  ln -s /nowhere "$1/src/out"
  chmod 750 "$1/src/sub"
  chmod 640 "$1/src/one"
  touch -hd 2020-01-01 "$1/one" "$1/src/one" "$1/src/sub/two" "$1/src/hard" \
    "$1/src/link" "$1/src/out"
  touch -d 2020-01-02 "$1/src/sub" "$1/src"
  [ "$2" = new ] || {
    mkdir -p "$1/dst/sub"
    echo older >"$1/dst/one"
    echo newer >"$1/dst/sub/two"
    touch -d 2019-01-01 "$1/dst/one"
    touch -d 2021-01-01 "$1/dst/sub/two"
    touch -d 2022-01-01 "$1/dst/sub" "$1/dst"
  }
}

# What two places differ in: cp -r and rsync without -H keep less than pcopy.
differs() { # LEFT_COMMAND
  case $1 in
    'cp -r '*) rsync -rlnic --delete there/ here ;;
    rsync\ -aH*) rsync -aHniX --delete --checksum there/ here ;;
    rsync*) rsync -aniO --delete --checksum there/ here ;;
    *) rsync -aHniXO --delete --checksum --modify-window=-1 there/ here ;;
  esac
}

check_row() { # LEFT RIGHT HAS_DST
  rm -rf here there
  make_place there "$3"
  make_place here "$3"
  (cd there && eval "$1") >out 2>&1
  (cd here && eval "$2") >>out 2>&1
  differs "$1" >found
  [ ! -s found ] || {
    echo "$1 | $2 ($3):"
    cat found out
    return 1
  }
}

check_rows() { # HAS_DST
  local left right n=0
  while IFS='|' read -r left right; do
    n=$((n + 1))
    # cp would put a copy into a dst that is there.
    [ "$1" = new ] || [ "$n" -gt 3 ] || continue
    check_row "$left" "$right" "$1"
  done <rows
  [ "$n" -ge 16 ]
}

@test "each row makes what it says where there is no dst" {
  check_rows new
}

@test "each row makes what it says of a dst that is there" {
  check_rows there
}

@test "the man page has the same rows" {
  local left right
  sed 's/\\-/-/g' "$HELPERS/../../pcopy.1" >page
  while IFS='|' read -r left right; do
    grep -qF ".It Li \"$left\" Ta Li \"$right\"" page
  done <rows
}
