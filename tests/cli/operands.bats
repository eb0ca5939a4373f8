#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Which copy goes where, and what is refused before anything is made.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154

load trees

setup() {
  make_room
  mkdir -p src/sub
  echo one >src/one
  echo two >src/sub/two
}

teardown() {
  clear_room
}

# Runs pcopy, which must end with STATUS, say TEXT and leave all as it was.
refused() { # STATUS TEXT ARG...
  local before

  before=$(find . -printf '%p %y %i %T@ %C@\n' | sort)
  run -"$1" "$PCOPY" --stats "${@:3}"
  [[ "$output" == *"$2"* ]]
  [ "$(find . -printf '%p %y %i %T@ %C@\n' | sort)" = "$before" ]
}

@test "DST that does not exist becomes the copy" {
  run -0 "$PCOPY" --stats src dst

  same_copy src dst
  [ ! -e dst/src ]
}

@test "DST that exists is the copy still, not what it is put into" {
  "$PCOPY" --stats src dst
  echo more >src/more

  run -0 "$PCOPY" --stats src dst

  same_copy src dst
}

@test "an existing directory that is no copy keeps what else it holds" {
  mkdir dst
  echo mine >dst/mine

  run -0 "$PCOPY" --stats src dst

  [ "$(cat dst/mine)" = mine ]
  [ "$(cat dst/sub/two)" = two ]
}

@test "a slash behind DST puts the copy into it, be it there or not" {
  mkdir old

  run -0 "$PCOPY" --stats src old/
  run -0 "$PCOPY" --stats src new/
  run -0 "$PCOPY" --stats src/one file/

  same_copy src old/src
  same_copy src new/src
  [ "$(ls -A new)" = src ]
  [ "$(cat file/one)" = one ]
}

@test "a directory that is made to put copies into gets ordinary permissions" {
  umask 027

  run -0 "$PCOPY" --stats src new/

  [ "$(stat -c %a new)" = 750 ]
}

@test "slashes behind a directory SRC change nothing" {
  run -0 "$PCOPY" --stats src/ one
  run -0 "$PCOPY" --stats src/// two/

  same_copy src one
  same_copy src two/src
}

@test "several SRCs go into DIR under their own names" {
  run -0 "$PCOPY" --stats src src/one src/sub dst/

  same_copy src dst/src
  same_copy src/sub dst/sub
  [ "$(cat dst/one)" = one ]
}

@test "-t DIR takes all operands into DIR" {
  run -0 "$PCOPY" --stats -t dst src src/one
  run -0 "$PCOPY" --stats src/sub --target-directory=other
  run -0 "$PCOPY" --stats src/sub -t third/

  same_copy src dst/src
  same_copy src/sub other/sub
  same_copy src/sub third/sub
  [ "$(cat dst/one)" = one ]
}

@test "a file becomes DST, or goes into a directory DST" {
  mkdir dir

  run -0 "$PCOPY" --stats src/one copy
  run -0 "$PCOPY" --stats src/one dir
  run -0 "$PCOPY" --stats src/one dir/other

  cmp src/one copy
  cmp src/one dir/one
  cmp src/one dir/other
}

@test "a file replaces a file DST" {
  echo what was there >dst

  run -0 "$PCOPY" --stats src/one dst

  cmp src/one dst
}

@test ". and .. are sources by what they are, and have their own names" {
  pushd src/sub

  run -0 "$PCOPY" --stats . ../../dot
  run -0 "$PCOPY" --stats . ../../into/
  run -0 "$PCOPY" --stats .. ../../into/

  popd
  same_copy src/sub dot
  same_copy src/sub into/sub
  same_copy src into/src
}

@test ". as DST is this directory" {
  mkdir here
  pushd here

  run -0 "$PCOPY" --stats ../src .
  run -0 "$PCOPY" --stats ../src/sub/two .

  popd
  cmp src/one here/one
  cmp src/sub/two here/two
}

@test "a symlink SRC is copied as one; a slash behind it means its directory" {
  ln -s src link
  ln -s link chain

  run -0 "$PCOPY" --stats link copy
  run -0 "$PCOPY" --stats link/ slash
  run -0 "$PCOPY" --stats chain/// into/

  [ "$(readlink copy)" = src ]
  same_copy src slash
  same_copy src into/chain
  refused 2 'pcopy: src/one/: cannot open: Not a directory' src/one/ dst
  ln -s src/one file
  refused 2 'pcopy: file/: cannot open: Not a directory' file/ dst
}

@test "a symlink SRC copied again is the same symlink, wherever it leads" {
  ln -s src link
  mkdir other
  before=$(find src | sort)

  for link in src "$PWD/src" other nowhere; do
    ln -sfn "$link" link
    run -0 "$PCOPY" --stats link dst
    [ "$(readlink dst)" = "$link" ]
    run -0 "$PCOPY" --stats -n link dst
    [[ "$output" == *'unchanged'*dst* ]]
    run -0 "$PCOPY" --stats link dst
    [[ "$output" == *'0 copied, 1 unchanged'* ]]
    [ "$(readlink dst)" = "$link" ]
  done
  [ "$(find src | sort)" = "$before" ]
  [ -z "$(ls -A other)" ]
}

@test "-L and -H of a SRC that leads nowhere: an error, and no link is copied" {
  ln -s nowhere dangling
  ln -s loop loop

  for follow in -L -H; do
    refused 2 'pcopy: dangling: cannot open: No such file' $follow dangling dst
    refused 2 'pcopy: loop: cannot open: Too many levels' $follow loop dst
    run -1 "$PCOPY" --stats $follow dangling src/one loop "to$follow/"
    [[ "$output" == *'2 failed'* ]]
    [ "$(ls -A "to$follow")" = one ]
  done
  if is_root; then
    mkdir -m 700 closed
    echo secret >closed/file
    ln -s closed/file link
    mkdir -m 777 open
    run -2 as_user "$PCOPY" --stats -L link open/copy
    [[ "$output" == *'link: cannot open: Permission denied'* ]]
    [ -z "$(ls -A open)" ]
  fi
}

@test "several SRCs and a last word that is not there: status 2, nothing made" {
  ln -s nowhere dangling

  refused 2 'pcopy: dst: does not exist' src src/one dst
  refused 2 'pcopy: dst: does not exist' -n src src/one dst
  refused 2 'pcopy: dst: does not exist' --force src/one src/sub dst
  refused 2 'dangling' src src/one dangling
  run -0 "$PCOPY" --stats src src/one -t dst
  run -0 "$PCOPY" --stats src src/one other/
  same_copy src other/src
}

@test "a DST that is a symlink to a directory is that directory" {
  mkdir real
  ln -s real link

  run -0 "$PCOPY" --stats src link
  run -0 "$PCOPY" --stats src/sub/two link
  run -0 "$PCOPY" --stats src/sub link/

  [ -L link ]
  cmp src/one real/one
  cmp src/sub/two real/two
  same_copy src/sub real/sub
}

@test "a DST that is a symlink to a file, or to nothing, is replaced by a file" {
  echo kept >kept
  ln -s kept link
  ln -s nothing dangling

  run -0 "$PCOPY" --stats src/one link
  run -0 "$PCOPY" --stats src/one dangling

  [ ! -L link ]
  [ ! -L dangling ]
  cmp src/one link
  cmp src/one dangling
  [ "$(cat kept)" = kept ]
  [ ! -e nothing ]
}

@test "SRC may be reached through symlinks" {
  ln -s src link

  run -0 "$PCOPY" --stats link/sub dst

  same_copy src/sub dst
}

@test "operands may be absolute, and behind --" {
  mkdir -- -v

  run -0 "$PCOPY" --stats "$PWD/src" "$PWD/dst"
  run -0 "$PCOPY" --stats -- -v dst2

  same_copy src dst
  [ -d dst2 ]
}

@test "a missing SRC: status 2, nothing made" {
  refused 2 'pcopy: nowhere: cannot open: No such file or directory' nowhere dst
  refused 2 'pcopy: src/one/x: cannot open: Not a directory' src/one/x dst
  refused 2 'nor-there' nowhere nor-there dst/
}

@test "one of several SRCs missing: status 1, the others are copied" {
  run -1 "$PCOPY" --stats src nowhere src/one dst/

  [[ "$output" == *'pcopy: nowhere: cannot open: No such file or directory'* ]]
  [[ "$output" == *'1 failed'* ]]
  same_copy src dst/src
  cmp src/one dst/one
}

@test "DST in a directory that is missing, or that is a file: status 2" {
  refused 2 'pcopy: no/dst: cannot open the directory it is in' src no/dst
  refused 2 'pcopy: src/one/dst: cannot open' src src/one/dst
}

@test "DST that is no directory, and is to be one: status 2" {
  echo file >file
  ln -s nothing dangling

  refused 2 'pcopy: file: is not a directory, its source is' src file
  refused 2 'pcopy: file: is not a directory' src/one src/sub/two file
  refused 2 'pcopy: file: is not a directory' -t file src
  refused 2 'pcopy: file/: is not a directory' src/one file/
  refused 2 'dangling' src dangling
  refused 2 'dangling' -t dangling src
}

@test "two SRCs of one name: status 2" {
  mkdir -p a/x b/x

  refused 2 'pcopy: b/x: has the name of another source' a/x b/x dst/
  refused 2 'pcopy: a/../b/x/: has the name of another source' \
    a/x a/../b/x/ -t dst
}

@test "/ has no name to be put into DIR with: status 2" {
  refused 2 'pcopy: /: has no name of its own' / dst/
}

@test "a directory onto itself: status 5" {
  ln -s src link

  refused 5 'pcopy: src: source and destination are the same' src src
  refused 5 'source and destination are the same' src ./src/../src
  refused 5 'source and destination are the same' src link
  refused 5 'source and destination are the same' link/../src src
  refused 5 'source and destination are the same' src .//
}

@test "a file onto itself, by any of its names: status 5" {
  ln src/one hard
  ln -s src link

  refused 5 'pcopy: src/one: source and destination are the same' \
    src/one src/one
  refused 5 'source and destination are the same' src/one src
  refused 5 'source and destination are the same' src/one link/one
  refused 5 'source and destination are the same' src/one hard
  refused 5 'source and destination are the same' src/one src/sub/../
}

@test "a directory into itself, by any way: status 5" {
  ln -s src/sub link

  refused 5 'pcopy: src: would be copied into itself' src src/new
  refused 5 'would be copied into itself' src src/sub
  refused 5 'would be copied into itself' src src/
  refused 5 'would be copied into itself' src src/sub/
  refused 5 'would be copied into itself' src link
  refused 5 'would be copied into itself' src link/new
  refused 5 'would be copied into itself' . dst
  refused 5 'would be copied into itself' -t src/sub src
}

@test "one refusal among several SRCs, and nothing is made for the others" {
  mkdir other

  refused 5 'would be copied into itself' other src src/sub
}

@test "a dry run is refused as the run would be" {
  refused 5 'would be copied into itself' -n src src/new
  refused 2 'cannot open the directory it is in' -n src no/dst
}

@test "a copy over a directory that SRC is in leaves SRC whole" {
  mkdir -p a/b/b
  echo inner >a/b/b/inner
  echo file >a/b/file

  run -1 "$PCOPY" --stats a/b a

  [[ "$output" == *'is the source itself'* ]]
  [ "$(cat a/file)" = file ]
  [ "$(ls -A a/b)" = $'b\nfile' ]
  [ "$(cat a/b/b/inner)" = inner ]
}

# What DST is or leads to that is no file and no directory.
make_specials() {
  mkfifo fifo
  ln -s fifo to-fifo
  ln -s "$PWD/to-fifo" to-link
  ln -s /dev/null to-null
  ln -s /proc/self/fd/1 to-stdout
  if is_root && mknod char c 1 3 2>/dev/null; then
    mknod block b 7 99
  fi
  specials=(fifo to-fifo to-link to-null to-stdout)
  [ ! -e char ] || specials+=(char block)
  python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("socket")' &&
    specials+=(socket)
}

@test "DST that is no file and no directory, or leads there: status 5" {
  make_specials

  for there in "${specials[@]}"; do
    refused 5 "pcopy: $there: is, or leads to, a device" src/one "$there"
    refused 5 "pcopy: $there: is, or leads to, a device" -n src/one "$there"
    refused 5 "$there: is, or leads to, a device" src "$there"
    refused 5 "$there/: is, or leads to, a device" src/one "$there/"
    refused 5 "$there: is, or leads to, a device" src/one src "$there"
    refused 5 "$there: is, or leads to, a device" -t "$there" src/one
    refused 5 "$there: is, or leads to, a device" --update=all src/one "$there"
    refused 5 "$there: is, or leads to, a device" --inplace src/one "$there"
  done
  refused 5 'is, or leads to, a device' src/one /dev/null
  refused 5 'is, or leads to, a device' src/one /dev/stdout
  refused 5 'is, or leads to, a device' src/one /proc/self/fd/1
  [ -c /dev/null ]
}

@test "standard output that is a file is no DST" {
  ln -s /proc/self/fd/1 link

  "$PCOPY" --stats -q src/one link >out 2>err || status=$?

  [ "$status" -eq 5 ]
  [ ! -s out ]
  [ -L link ]
}

@test "--force replaces a DST that is no file and no directory" {
  make_specials

  for there in "${specials[@]}"; do
    run -2 "$PCOPY" --stats --force src/one "$there/"
    run -0 "$PCOPY" --stats --force src/one "$there"
    [ ! -L "$there" ]
    cmp src/one "$there"
  done
  [ -c /dev/null ]
}

@test "a fifo, a device or a link to one is copied again onto its copy" {
  make_specials

  for from in "${specials[@]}"; do
    run -0 "$PCOPY" --stats "$from" copy
    run -0 "$PCOPY" --stats "$from" copy
    [[ "$output" == *'0 copied, 1 unchanged'* ]]
    rm copy
  done
  ln -s /dev/zero other
  refused 5 'is, or leads to, a device' to-null other
  refused 5 'is, or leads to, a device' src/one other
}
