#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Targets by FUSE that keep less, or take names for the same: a second run
# copies nothing, nothing is lost without a word, no temporary name stays.
# shellcheck disable=SC2154

load ../cli/helpers
load ../tools/quirks

setup() {
  make_room
  need_mounts
  need_quirks
}

teardown() {
  clear_quirk
  clear_room
}

run_copy() { # ARG...
  run "$PCOPY" --stats "$@"
  echo "$output"
  [ -z "$(find back -name '.pcopy*')" ]
}

# What was copied once is not copied again, and changes still are.
converges() { # [ARG]...
  run_copy "$@" src m/dst
  [[ $output == *' copied, '* && $output != *failed* ]]
  run_copy "$@" -n src m/dst
  [[ $output != *' mend'* && $output != *' copy '* ]]
  run_copy "$@" src m/dst
  [[ $output == *'pcopy: 0 copied, '* && $output != *mended* ]]
  run_copy "$@" -u src m/dst
  [[ $output == *'pcopy: 0 copied, '* && $output != *mended* ]]
  echo changed >src/a
  run_copy "$@" src m/dst
  [[ $output == *'pcopy: 1 copied, '* ]]
  [ "$(cat back/dst/a)" = changed ]
}

make_src() {
  mkdir -p src/dir
  echo one >src/a
  echo two >src/dir/b
  echo three >src/dir/c
  ln -s a src/l
  touch -h -d '2020-01-02 03:04:05.123456789' src/a src/l
  touch -d '2021-01-02 03:04:07.999999999' src/dir/b src/dir
  touch -d '2022-01-02 03:04:08.500000001' src/dir/c
}

@test "times in steps: a second run copies nothing" {
  local step
  make_src
  for step in ns100 ms10 s1 s2 ns100,roundup s1,roundup s2,roundup; do
    echo "== $step"
    rm -rf back
    echo one >src/a
    touch -d '2020-01-02 03:04:05.123456789' src/a
    # shellcheck disable=SC2086
    IFS=, quirk ${step//,/ }
    converges -j 1
    clear_quirk
  done
}

# As NTFS without a user mapping, or exFAT: also of files with several names.
@test "permissions that are taken, but not kept: a second run copies nothing" {
  make_src
  ln src/dir/b src/b2
  chmod 640 src/a
  chown 12:34 src/a
  quirk fixed s2
  run_copy src m/dst
  run_copy src m/dst
  [[ $output == *'pcopy: 0 copied, '* && $output != *mended* ]]
  [[ $output == *'not preserved: '*' modes'* ]]
}

@test "names that meet: the first stays, the second fails, run after run" {
  local flag first
  mkdir src
  echo upper >src/README
  echo lower-case >src/readme
  for flag in -j1 -j4 --inplace; do
    echo "== $flag"
    rm -rf back
    quirk casefold
    run_copy $flag src m/dst
    [ "$status" -eq 1 ]
    [[ $output == *'has the name of another entry'* ]]
    [ "$(find back/dst -type f | wc -l)" -eq 1 ]
    first=$(ls back/dst)
    cmp src/"$first" back/dst/"$first"
    run_copy $flag src m/dst
    [ "$status" -eq 1 ]
    [[ $output == *'pcopy: 0 copied, 1 unchanged'* ]]
    [ "$(ls back/dst)" = "$first" ]
    cmp src/"$first" back/dst/"$first"
    clear_quirk
  done
}

@test "names that meet in a directory that was there, and was empty" {
  mkdir -p src back/dst
  echo upper >src/README
  echo lower-case >src/readme
  quirk casefold
  run_copy src m/dst
  [ "$status" -eq 1 ]
  cmp src/"$(ls back/dst)" back/dst/"$(ls back/dst)"
}

@test "names that meet: links, symlinks, fifos and directories" {
  mkdir -p src/d src/D
  echo in-d >src/d/f
  echo in-D >src/D/g
  ln -s 1 src/l
  ln -s 2 src/L
  mkfifo src/p src/P
  echo x >src/x
  ln src/x src/y
  ln src/x src/Y
  quirk casefold
  run_copy -j 2 src m/dst
  [ "$status" -eq 1 ]
  [[ $output == *', 4 failed, '* ]]
  # Nothing is mixed.
  [ "$(find back/dst -mindepth 2 -type f | wc -l)" -eq 1 ]
  [ "$(find back/dst | wc -l)" -eq 7 ]
}

@test "a name of another case that the source no longer has is updated" {
  mkdir src
  echo one >src/README
  quirk casefold
  run_copy src m/dst
  mv src/README src/readme
  echo two >src/readme
  run_copy src m/dst
  [ "$status" -eq 0 ]
  [ "$(cat back/dst/*)" = two ]
}

@test "composed and decomposed names that meet" {
  local nfc nfd
  nfc=$(printf 'caf\303\251') nfd=$(printf 'cafe\314\201')
  mkdir src
  echo nfc >src/"$nfc"
  echo decomposed >src/"$nfd"
  quirk normalize
  run_copy src m/dst
  [ "$status" -eq 1 ]
  [ "$(find back/dst -type f | wc -l)" -eq 1 ]
  run_copy src m/dst
  [ "$status" -eq 1 ]
  [[ $output == *'pcopy: 0 copied, 1 unchanged'* ]]
}

@test "a target that stores decomposed names: no failure, nothing again" {
  mkdir src
  echo one >src/"$(printf 'caf\303\251')"
  echo two >src/plain
  quirk normalize decompose
  run_copy src m/dst
  [ "$status" -eq 0 ]
  run_copy src m/dst
  [ "$status" -eq 0 ]
  [[ $output == *'pcopy: 0 copied, 2 unchanged'* ]]
}

@test "links with inode numbers of their own leave no temporary names" {
  make_src
  ln src/a src/a2
  ln src/a src/dir/a3
  quirk linkino
  run_copy src m/dst
  run_copy src m/dst
  [ "$status" -eq 0 ]
  [[ $output == *'pcopy: 0 copied, '* ]]
  [ back/dst/a -ef back/dst/a2 ]
}

@test "symlinks and special files that are not there: left out, and said" {
  make_src
  mkfifo src/p
  quirk nosymlink nospecial
  run_copy src m/dst
  [ "$status" -eq 3 ]
  [[ $output == *'not preserved: '*'1 symlink, 1 special file'* ]]
  run_copy src m/dst
  [ "$status" -eq 3 ]
  [[ $output == *'pcopy: 0 copied, '* ]]
}

@test "no rename: --inplace copies all, and again nothing" {
  make_src
  ln src/a src/a2
  quirk norename
  run_copy src m/dst
  [ "$status" -eq 1 ]
  [[ $output == *--inplace* ]]
  rm -rf back/dst
  run_copy --inplace src m/dst
  [ "$status" -eq 0 ]
  run_copy --inplace src m/dst
  [[ $output == *'pcopy: 0 copied, '* ]]
}

@test "names that the target cannot hold are said to be that" {
  mkdir -p src/"a:dir"
  echo x >src/"a:b"
  ln -s x src/"l:k"
  mkfifo src/"p?p"
  echo good >src/good
  quirk badnames
  run_copy src m/dst
  [ "$status" -eq 1 ]
  [ "$(grep -c 'has a name that the target cannot hold' <<<"$output")" -eq 4 ]
  [[ $output != *'not preserved'* ]]
  [ "$(ls back/dst)" = good ]
}

@test "directories that meet under one name while both are filled" {
  quirk casefold
  mkdir -p s/Dir s/dir
  echo x >s/Dir/f
  echo y >s/dir/f
  echo z >s/dir/g
  for i in 1 2 3 4 5 6; do
    run -1 "$PCOPY" --stats -j 4 s "m/d$i"
    [[ $output == *'has the name of another entry here'* ]]
    run -1 "$PCOPY" --stats -j 4 s "m/d$i"
    [[ $output == *'has the name of another entry here'* ]]
    [ "$(cat "back/d$i"/*/f | wc -l)" -eq 1 ]
  done
}
