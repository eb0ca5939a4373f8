#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# --mkpath makes what is missing above DST; -T says that DST is the copy.
# shellcheck disable=SC2154

load helpers

setup() {
  make_room
  make_tree src
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

@test "without it, missing parents are refused, with a hint" {
  refused 2 'pcopy: a/b/dst: cannot open the directory it is in (see --mkpath)' \
    src a/b/dst
  refused 2 '(see --mkpath)' -n src a/dst
  refused 2 '(see --mkpath)' -t a/b src src/one
}

@test "all missing parents are made, for each form of DST" {
  mkdir there

  run -0 "$PCOPY" --stats --mkpath src a/b/c/dst
  run -0 "$PCOPY" --stats --mkpath src there/d/into/
  run -0 "$PCOPY" --stats --mkpath src/one "$PWD/e/f/file"
  run -0 "$PCOPY" --stats --mkpath -t g/h src src/one
  run -0 "$PCOPY" --stats --mkpath src src/one i/j
  run -0 "$PCOPY" --stats --mkpath --parents src/sub/two k/l

  same_tree src a/b/c/dst
  same_tree src there/d/into/src
  cmp src/one e/f/file
  same_tree src g/h/src
  same_tree src i/j/src
  cmp src/sub/two k/l/src/sub/two
  run -0 "$PCOPY" --stats --mkpath src a/b/c/dst
  [[ "$output" == *'0 copied, '* ]]
}

@test "they are what mkdir -p makes: umask, set-gid, default ACL" {
  mkdir mine theirs
  chmod 2755 mine theirs
  ! command -v setfacl >/dev/null || setfacl -d -m u:65534:rwx mine theirs ||
    true
  for mask in 022 077 777; do
    umask "$mask"
    mkdir -p "theirs/$mask/b"
    run -0 "$PCOPY" --stats --mkpath src/one "mine/$mask/b/c"
    umask 022
    [ "$(stat -c %a "mine/$mask")" = "$(stat -c %a "theirs/$mask")" ]
  done
  umask 022
  [ "$(stat -c %a mine/022/b)" = "$(stat -c %a theirs/022/b)" ]
}

@test "a dry run makes none of them" {
  refused 0 $'copy\ta/b/file' -n --mkpath src/one a/b/file
  refused 0 $'directory\ta/b/dst\n' -n --mkpath src a/b/dst
  refused 0 $'directory\ta/b/src\n' -n --mkpath src a/b/
  refused 0 $'copy\tnew/one' -n src/one new/
}

@test "what is in the way, or leads nowhere, is no parent: status 2" {
  echo file >file
  ln -s nowhere dangling

  refused 2 'file/x/dst: cannot open' --mkpath src file/x/dst
  refused 2 'dangling/x/dst: cannot create' --mkpath src dangling/x/dst
  [ ! -e nowhere ]
}

@test "DST inside SRC is refused before its parents are made: status 5" {
  refused 5 'would be copied into itself' --mkpath src src/new/er/dst
  refused 5 'would be copied into itself' --mkpath src src/sub/a/b/
}

@test "the same name above a missing parent is not taken for DST" {
  mkdir -p dst
  echo mine >dst/mine

  run -0 "$PCOPY" --stats --mkpath src/one a/dst
  run -0 "$PCOPY" --stats --mkpath src b/dst

  cmp src/one a/dst
  same_tree src b/dst
}

@test "-T: DST is the copy, with a slash, too; of a directory or a file" {
  mkdir dst
  ln -s sub link

  run -0 "$PCOPY" --stats -T src dst/
  run -0 "$PCOPY" --stats --no-target-directory src new/
  run -0 "$PCOPY" --stats -T src/one file
  run -0 "$PCOPY" --stats -T src/sub/two file

  same_tree src dst
  same_tree src new
  cmp src/sub/two file
  run -0 "$PCOPY" --stats -T link copy
  run -0 "$PCOPY" --stats -T link copy
  [ "$(readlink copy)" = sub ]
}

@test "-T: a file does not go into a directory: status 2" {
  mkdir dir
  ln -s dir link

  refused 2 'pcopy: dir: is a directory, its source is not' -T src/one dir
  refused 2 'pcopy: dir/: is a directory, its source is not' -T src/one dir/
  refused 2 'pcopy: link: is a directory, its source is not' -T src/one link
  refused 2 'is a directory, its source is not' --force -T src/one dir
  refused 2 'is a directory, its source is not' -T src/sub/link dir
  refused 2 'new/: has a slash behind it' -T src/one new/
}

@test "-T takes two operands, and no other word on where copies go" {
  refused 2 '-T takes one SRC and one DST' -T src src/one dst
  refused 2 '-t and -T contradict each other' -T src -t dst
  refused 2 '-T and --parents contradict each other' -T --parents src dst
}
