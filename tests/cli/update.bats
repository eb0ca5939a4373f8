#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Copying onto what is there: what is skipped, mended, replaced, left alone.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154

load trees

setup() {
  make_room
}

teardown() {
  clear_room
}

# The inode numbers and change times of all but directories: equal lists mean
# that nothing was touched.
touched_list() { # DIR
  find "$1" ! -type d -printf '%P %i %C@\n' | sort
}

# Equal lists mean that no file was copied anew.
inode_list() { # DIR
  find "$1" -printf '%P %i\n' | sort
}

@test "a second run copies nothing, touches nothing and says so" {
  make_varied_tree src
  "$PCOPY" --stats -q src dst
  touched_list dst >before

  run -0 "$PCOPY" --stats src dst

  touched_list dst >after
  diff before after
  [[ "$output" == 'pcopy: 0 copied, '*' unchanged, '*' directories, 0 B in '* ]]
  [[ "$output" != *mended* ]]
  same_copy src dst
}

@test "a second run lists all as unchanged" {
  make_varied_tree src
  "$PCOPY" --stats -q src dst

  run -0 --separate-stderr "$PCOPY" --stats -vv src dst

  [ "$(cut -f 1 <<<"$output" | sort -u)" = unchanged ]
}

@test "touching one copies one" {
  make_varied_tree src
  "$PCOPY" --stats -q src dst
  inode_list dst | grep -v 'dir/file 9 ' >before
  touch -m 'src/dir/file 9'

  run -0 --separate-stderr "$PCOPY" --stats -v src dst

  [ "$(grep -v ^unchanged <<<"$output")" = $'copied\tdst/dir/file 9' ]
  [ "$(count_of copied "$stderr")" -eq 1 ]
  inode_list dst | grep -v 'dir/file 9 ' >after
  diff before after
  same_copy src dst
}

@test "a nanosecond of mtime is a change, and so is a byte of size" {
  mkdir src
  echo one >src/time
  echo one >src/size
  touch -d '2001-02-03 04:05:06.123456789' src/*
  "$PCOPY" --stats -q src dst
  touch -d '2001-02-03 04:05:06.123456788' src/time
  echo four >src/size
  touch -d '2001-02-03 04:05:06.123456789' src/size

  run -0 "$PCOPY" --stats src dst

  [ "$(count_of copied "$output")" -eq 2 ]
  same_copy src dst
}

@test "metadata of unchanged entries is mended, their content is not copied" {
  make_varied_tree src
  "$PCOPY" --stats -q src dst
  inode_list dst >before
  chmod 640 'dst/dir/file 9'
  chmod 600 'src/dir/file 10'
  chmod 711 dst/shared
  touch -d 2001-01-01 dst/dir dst
  touch -h -d 2001-01-01 dst/link

  run -0 --separate-stderr "$PCOPY" --stats src dst

  [ "$(count_of copied "$stderr")" -eq 0 ]
  [ "$(count_of 'mended)' "$stderr")" -eq 3 ]
  inode_list dst >after
  diff before after
  same_copy src dst
}

@test "owners of unchanged entries are mended, with their set-id bits" {
  need_root
  make_varied_tree src
  "$PCOPY" --stats -q src dst
  # Not what has links: in a directory of others it would be copied anew.
  find dst ! -type d -links 1 -exec chown -h 77:88 {} +
  chown 77:88 dst/shared dst/ro 'dst/empty dir'

  run -0 --separate-stderr "$PCOPY" --stats src dst

  [ "$(count_of copied "$stderr")" -eq 0 ]
  same_copy src dst
}

@test "what only the destination has is kept" {
  make_varied_tree src
  "$PCOPY" --stats -q src dst
  echo extra >dst/dir/extra
  mkdir dst/other

  run -0 "$PCOPY" --stats src dst

  [ "$(cat dst/dir/extra)" = extra ]
  [ -d dst/other ]
}

# Four destinations beside a newer and an older source, and a missing one.
make_ages() {
  mkdir src dst
  for name in newer older same missing; do
    echo "of src: $name" >"src/$name"
    echo "dst: $name" >"dst/$name"
  done
  echo 'of src: longer' >src/same
  rm dst/missing
  touch -d '2010-01-01' dst/* src/same
  touch -d '2010-01-01 00:00:00.000000001' src/newer
  touch -d '2009-12-31 23:59:59.999999999' src/older
}

# Says which of the destinations hold the source's content now.
replaced() {
  (cd dst && grep -l 'of src' -- * | xargs)
}

@test "by default all that differ are replaced" {
  make_ages

  run -0 "$PCOPY" --stats src dst

  [ "$(replaced)" = 'missing newer older same' ]
}

@test "-u replaces only what is older than its source" {
  make_ages

  run -0 "$PCOPY" --stats -u src dst

  [ "$(replaced)" = 'missing newer' ]
}

@test "--update=older is -u, --update alone is it, too" {
  make_ages
  cp -a dst dst.old

  run -0 "$PCOPY" --stats --update=older src dst
  [ "$(replaced)" = 'missing newer' ]
  rm -rf dst
  mv dst.old dst
  run -0 "$PCOPY" --stats --update src dst

  [ "$(replaced)" = 'missing newer' ]
}

@test "--update=changed is the default" {
  make_ages

  run -0 "$PCOPY" --stats --update=changed src dst

  [ "$(replaced)" = 'missing newer older same' ]
}

@test "--update=none leaves what exists, makes what is missing" {
  make_ages
  tool treelist dst | grep -v '^0' >before

  run -0 "$PCOPY" --stats --update=none src dst

  [ "$(replaced)" = missing ]
  tool treelist dst | grep -v -e '^0' -e '^1 missing' >after
  diff before after
}

@test "--update=all copies also what is the same" {
  make_varied_tree src
  "$PCOPY" --stats -q src dst
  inode_list dst | grep file >before

  run -0 "$PCOPY" --stats --update=all src dst

  [ "$(count_of copied "$output")" -gt 150 ]
  [ "$(count_of unchanged "$output")" -eq 0 ]
  inode_list dst | grep file >after
  run -0 awk 'NR == FNR { was[$0]; next } $0 in was' before after
  [[ "$output" != *'dir/file'* ]]
  same_copy src dst
}

@test "a symlink in the way of a file is replaced, not followed" {
  mkdir src dst
  echo new >src/file
  echo kept >kept
  ln -s ../kept dst/file

  run -0 "$PCOPY" --stats src dst

  [ "$(cat kept)" = kept ]
  same_copy src dst
}

@test "a symlink in the way of a directory: that one fails, nothing beyond it" {
  mkdir -p src/dir elsewhere dst
  echo x >src/dir/x
  echo y >src/y
  ln -s ../elsewhere dst/dir

  run -1 "$PCOPY" --stats src dst

  [[ "$output" == *'pcopy: dst/dir: is not a directory, its source is'* ]]
  [ -z "$(ls -A elsewhere)" ]
  [ -L dst/dir ]
  [ "$(cat dst/y)" = y ]
}

@test "a symlink that leads elsewhere is replaced, one that does not is kept" {
  mkdir src
  ln -s a src/same
  ln -s b src/other
  "$PCOPY" --stats -q src dst
  ln -sfn c dst/other
  touch -h -r src/other dst/other
  inode_list dst | grep same >before

  run -0 "$PCOPY" --stats src dst

  [ "$(count_of copied "$output")" -eq 1 ]
  inode_list dst | grep same >after
  diff before after
  same_copy src dst
}

@test "types that differ: file, symlink and fifo replace one another" {
  mkdir src dst
  echo file >src/was-link
  echo file >src/was-fifo
  ln -s was-link src/was-file
  mkfifo src/was-file2
  ln -s nowhere dst/was-link
  mkfifo dst/was-fifo
  echo old >dst/was-file
  echo old >dst/was-file2

  run -0 timeout 60 "$PCOPY" --stats src dst

  same_copy src dst
}

@test "a directory in the way of a file or a symlink: that one fails" {
  mkdir -p src dst/file dst/link
  echo x >src/file
  ln -s x src/link
  echo y >src/y
  echo mine >dst/file/mine

  run -1 "$PCOPY" --stats src dst

  [[ "$output" == *'pcopy: dst/file: is a directory, its source is not'* ]]
  [[ "$output" == *'pcopy: dst/link: is a directory, its source is not'* ]]
  [[ "$output" == *'2 failed'* ]]
  [ "$(cat dst/file/mine)" = mine ]
  [ "$(cat dst/y)" = y ]
}

@test "a file in the way of a directory: that one fails, with all below it" {
  mkdir -p src/dir/below dst
  echo x >src/dir/below/x
  echo y >src/y
  echo mine >dst/dir

  run -1 "$PCOPY" --stats src dst

  [[ "$output" == *'pcopy: dst/dir: is not a directory, its source is'* ]]
  [[ "$output" == *'1 failed'* ]]
  [ "$(cat dst/dir)" = mine ]
  [ "$(cat dst/y)" = y ]
}

@test "a dry run names the same that is in the way" {
  mkdir -p src/dir dst/file
  echo x >src/file
  echo mine >dst/dir

  run -1 "$PCOPY" --stats -n src dst

  [[ "$output" == *'pcopy: dst/dir: is not a directory, its source is'* ]]
  [[ "$output" == *'pcopy: dst/file: is a directory, its source is not'* ]]
}

@test "a file that is replaced gets a new inode: who has it open keeps the old" {
  mkdir src dst
  echo new >src/file
  echo what was there >dst/file
  exec 7<dst/file

  run -0 "$PCOPY" --stats src dst

  [ "$(cat <&7)" = 'what was there' ]
  exec 7<&-
  [ "$(cat dst/file)" = new ]
}

@test "other names of a replaced file keep the old content" {
  mkdir src dst
  echo new >src/file
  echo what was there >dst/file
  ln dst/file other

  run -0 "$PCOPY" --stats src dst

  [ "$(cat other)" = 'what was there' ]
}

@test "--inplace keeps the inode of an existing file, and its other names" {
  make_varied_tree src
  mkdir -p dst/dir
  echo old, and longer than the new one >'dst/dir/file 9'
  make_bytes dst/small 400000
  ln dst/small other
  inode=$(stat -c %i dst/small)

  run -0 "$PCOPY" --stats --inplace src dst

  same_list src dst
  [ "$(stat -c %i dst/small)" = "$inode" ]
  cmp src/small other
  run -0 "$PCOPY" --stats --inplace src dst
  [ "$(count_of copied "$output")" -eq 0 ]
}

@test "--inplace does not write through a symlink, nor into a fifo" {
  mkdir src dst
  echo new >src/link
  echo new >src/fifo
  echo kept >kept
  ln -s ../kept dst/link
  mkfifo dst/fifo

  run -0 timeout 60 "$PCOPY" --stats --inplace src dst

  [ "$(cat kept)" = kept ]
  same_copy src dst
}

@test "--inplace into a file of other rights ends with the source's" {
  mkdir src dst
  echo new >src/file
  echo old one >dst/file
  chmod 0644 dst/file
  ! is_root || chmod 0444 dst/file
  chmod 0751 src/file

  run -0 "$PCOPY" --stats --inplace src dst

  same_copy src dst
}

@test "extended attributes that the source has not are taken away" {
  mkdir src
  echo x >src/file
  setfattr -n user.mine -v 1 src/file || skip 'no extended attributes here'
  "$PCOPY" --stats -q src dst
  setfattr -n user.extra -v 2 dst
  setfattr -n user.other -v 3 src/file
  touch src/file

  run -0 "$PCOPY" --stats src dst

  same_copy src dst
}

@test "a file operand is updated by the same rules" {
  echo one >file
  "$PCOPY" --stats -q file copy
  before=$(stat -c %i copy)

  run -0 "$PCOPY" --stats file copy
  [[ "$output" == *'0 copied, 1 unchanged'* ]]
  [ "$(stat -c %i copy)" = "$before" ]
  echo longer >file
  touch -d 2001-01-01 file
  run -0 "$PCOPY" --stats -u file copy
  [ "$(cat copy)" = one ]
  run -0 "$PCOPY" --stats file copy

  [ "$(cat copy)" = longer ]
}

@test "a source that became another type takes the copy's place" {
  make_varied_tree src
  "$PCOPY" --stats -q src dst
  rm src/small src/link
  ln -s large src/small
  echo now a file >src/link

  run -0 "$PCOPY" --stats src dst

  same_copy src dst
}

@test "files that a snapshot shares stay shared when nothing has changed" {
  mkdir src
  echo one >src/a
  echo two >src/b
  run -0 "$PCOPY" --stats src dst
  cp -al dst snapshot

  run -0 "$PCOPY" --stats -v src dst

  [ "$(count_of copied "$output")" -eq 0 ]
  [ dst/a -ef snapshot/a ]
  [ dst/b -ef snapshot/b ]
}

@test "one inode that is the copy of two sources is taken apart" {
  mkdir src
  echo same >src/a
  cp -a src/a src/b
  run -0 "$PCOPY" --stats src dst
  ln -f dst/a dst/b

  run -0 "$PCOPY" --stats src dst

  fails [ dst/a -ef dst/b ]
  same_tree src dst
  run -0 "$PCOPY" --stats -v src dst
  [ "$(count_of copied "$output")" -eq 0 ]
}

@test "link groups that are crossed in the copy are put right" {
  mkdir src dst
  echo same >src/a
  cp -a src/a src/c
  ln src/a src/b
  ln src/c src/d
  cp -a src/a dst/a
  ln dst/a dst/c
  cp -a src/a dst/b
  ln dst/b dst/d

  run -0 "$PCOPY" --stats src dst

  [ dst/a -ef dst/b ]
  [ dst/c -ef dst/d ]
  fails [ dst/a -ef dst/c ]
  same_tree src dst
}

@test "what --update leaves alone lends no content to other names" {
  mkdir -p src/sub dst/sub
  echo new >src/a
  ln src/a src/sub/b
  ln src/a src/sub/c
  echo old >dst/a
  run -0 "$PCOPY" --stats --update=none src dst
  [ "$(cat dst/a dst/sub/b dst/sub/c)" = $'old\nnew\nnew' ]
  [ "$(stat -c %i dst/sub/b)" -eq "$(stat -c %i dst/sub/c)" ]
  # What has the content already may lead.
  rm -r dst/sub
  cp -a src/a dst/a
  run -0 "$PCOPY" --stats --update=none src dst
  [ "$(stat -c %i dst/a)" -eq "$(stat -c %i dst/sub/c)" ]
}

@test "-u leaves a newer file alone, also as a further name" {
  mkdir -p src dst
  echo source >src/a
  ln src/a src/b
  touch -d 2001-01-01 src/a
  echo newer >dst/b
  for _ in 1 2; do
    run -0 "$PCOPY" --stats -u src dst
    [ "$(cat dst/a dst/b)" = $'source\nnewer' ]
  done
}
