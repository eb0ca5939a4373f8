#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What GNU coreutils tests of cp, where it has a meaning for pcopy: a case each,
# named as the script there; what concerns content and attributes is in
# coreutils_content.bats. docs/testing.md says which others are covered
# elsewhere, and which do not apply. Where the two programs differ on purpose,
# the case says so.

load ../cli/trees

setup() {
  make_room
}

teardown() {
  clear_room
  [ -z "$other" ] || rm -rf "$other"
}

other=''

# A directory on another file system than $ROOM's.
need_other_file_system() {
  other=$(mktemp -d /dev/shm/pcopy-test.XXXXXX) || skip "needs /dev/shm"
  chmod 755 "$other"
  [ "$(stat -c %d "$other")" != "$(stat -c %d .)" ] ||
    skip "needs two file systems"
}

same_inode() { # FILE FILE...
  [ "$(stat -c %i "$@" | sort -u | wc -l)" -eq 1 ]
}

@test "abuse: nothing is written through a symlink that was just copied" {
  mkdir a b c
  ln -s ../t a/1
  echo payload >b/1

  for there in '' yes; do
    rm -f t
    [ -z "$there" ] || echo kept >t
    # Two sources of one name are refused at once; one after the other, the
    # link is replaced.
    run -2 "$PCOPY" --stats a/1 b/1 c/
    run -0 "$PCOPY" --stats a/1 c/
    run -0 "$PCOPY" --stats b/1 c/
    [ ! -L c/1 ]
    [ "$(cat t 2>/dev/null)" = "${there:+kept}" ]
  done
}

@test "cp-HL: -H follows operands only, -L all" {
  mkdir src dst
  echo f >f
  ln -s f slink
  ln -s nothing src/dangling
  ln -s ../f src/slink

  run -0 "$PCOPY" --stats -H slink src dst/
  [ -f dst/slink ] && [ ! -L dst/slink ]
  [ -L dst/src/slink ]
  [ "$(readlink dst/src/dangling)" = nothing ]
  run -1 "$PCOPY" --stats -L slink src dst2/
  [ ! -L dst2/src/slink ] && [ "$(cat dst2/src/slink)" = f ]
  [[ $output == *'src/dangling: cannot stat'* ]]
}

@test "cp-deref: two symlinks to one directory, with -L" {
  mkdir a b c
  echo text >c/file
  ln -s ../c a
  ln -s ../c b

  run -0 "$PCOPY" --stats -L a b d/
  [ "$(cat d/a/c/file d/b/c/file)" = "$(printf 'text\ntext')" ]
}

@test "cp-i: nothing is asked, whatever standard input is" {
  echo new >file
  echo old one >there
  chmod 400 there

  echo n | "$PCOPY" --stats -q file there
  [ "$(cat there)" = new ]
}

@test "cross-dev-symlink: a symlink to another file system is replaced" {
  need_other_file_system
  echo there >"$other/file"
  mkdir src dst
  echo here >src/file
  ln -s "$other/file" dst/file

  run -0 "$PCOPY" --stats src dst
  [ "$(cat dst/file "$other/file")" = "$(printf 'here\nthere')" ]
  run -0 "$PCOPY" --stats "$other/file" dst/file
  [ "$(cat dst/file)" = there ]
}

@test "deref-slink, thru-dangling: a file takes the place of a symlink DST" {
  echo new >f
  echo kept >target
  ln -s target slink
  ln -s no-such dangle
  ln -s loop loop

  for option in '' --force --inplace; do
    for there in slink dangle loop; do
      cp -d $there copy
      # shellcheck disable=SC2086
      run -0 "$PCOPY" --stats $option f copy
      [ ! -L copy ] && [ "$(cat copy)" = new ]
      rm copy
    done
  done
  [ ! -e no-such ]
  [ "$(cat target)" = kept ]
}

@test "dir-rm-dest: a directory over itself from before, with --force" {
  mkdir d e
  run -0 "$PCOPY" --stats --force d e/
  run -0 "$PCOPY" --stats --force d e/
  [ -d e/d ]
}

@test "dir-slash, trailing-slash: what a slash means" {
  mkdir dir1 dir2
  touch dir1/file

  # Behind SRC it means nothing; behind DST that it is put into.
  run -0 "$PCOPY" --stats dir1/ dir2/
  [ -e dir2/dir1/file ] && [ ! -e dir2/file ]
  run -0 "$PCOPY" --stats dir1/ dir3
  [ -e dir3/file ]
  run -0 "$PCOPY" --stats dir1/file new/
  [ -e new/file ]
  run -2 "$PCOPY" --stats dir1/file dir1/file/
}

@test "dir-vs-file: a directory does not replace a file, nor the reverse" {
  mkdir dir
  echo text >file

  run -2 "$PCOPY" --stats dir file
  [ "$(cat file)" = text ]
  run -2 "$PCOPY" --stats --force dir file
  [ "$(cat file)" = text ]
}

@test "duplicate-sources: one source twice is refused, in any spelling" {
  mkdir dst
  echo text >file

  run -2 "$PCOPY" --stats file file dst/
  run -2 "$PCOPY" --stats file ./file dst/
  [ -z "$(ls -A dst)" ]
}

@test "existing-perm-dir: modes that are not kept stay as they are" {
  mkdir -p src/dir dst/dir
  echo text >src/dir/file
  chmod 775 src/dir
  chmod 700 dst/dir

  run -0 "$PCOPY" --stats --no-preserve=mode src dst
  [ "$(stat -c %a dst/dir)" = 700 ]
  run -0 "$PCOPY" --stats src dst
  [ "$(stat -c %a dst/dir)" = 775 ]
}

@test "fail-perm: what fails does not spoil the mode of its directory" {
  mkdir -p src/D to
  touch src/a F
  chmod 0 src/a
  chmod 500 src
  mkdir -p closed/D
  ln -s closed/D symlink
  is_root && chown -R 65534 src to closed . F
  chmod 0 closed

  run -1 as_user "$PCOPY" --stats src to/copy
  [[ $output == *'src/a: cannot open'* ]]
  [ "$(stat -c %a to/copy)" = 500 ]
  run -2 as_user "$PCOPY" --stats F symlink
  [[ $output == *'symlink: cannot open'* ]]
  run -2 as_user "$PCOPY" --stats -t symlink F
}

@test "into-self: refused before anything is made" {
  mkdir a dir
  ln -s dir link

  for operands in 'dir dir/' 'dir dir/copy' 'a dir dir/' 'dir dir/a/b/..' \
    'dir link/copy' '. dir/copy' 'dir dir'; do
    # shellcheck disable=SC2086
    run "$PCOPY" --stats $operands
    [ "$status" -eq 5 ] || [ "$status" -eq 2 ]
    [ -z "$(ls -A dir)" ]
  done
  run -5 "$PCOPY" --stats a dir dir/
}

@test "keep-directory-symlink: a symlink to a directory is not entered" {
  mkdir -p src/dir dst elsewhere
  echo new >src/dir/file
  ln -s ../elsewhere dst/dir

  run -1 "$PCOPY" --stats src dst
  [[ $output == *'dst/dir: is not a directory, its source is'* ]]
  [ -z "$(ls -A elsewhere)" ]
}

@test "link-preserve: hard links among operands, with -L, and none" {
  mkdir d
  touch a d/a
  ln a b
  ln d/a d/b

  run -0 "$PCOPY" --stats a b c/
  same_inode c/a c/b
  run -0 "$PCOPY" --stats -L d e
  same_inode e/a e/b
  run -0 "$PCOPY" --stats --no-preserve=links d f
  fails same_inode f/a f/b
  # The first run's links are taken apart, or made, by the next.
  run -0 "$PCOPY" --stats d f
  same_inode f/a f/b
}

@test "link-symlink, preserve-slink-time: symlinks keep their times" {
  ln -s nothing link
  touch -hd '2001-02-03 04:05:06.7' link

  run -0 "$PCOPY" --stats link copy
  # Reading a symlink may change when it was last read.
  [[ $(stat -c %x copy) == '2001-02-03 04:05:06.700000000'* ]]
  [[ $(stat -c %y copy) == '2001-02-03 04:05:06.700000000'* ]]
}

@test "no-deref-link, same-file: no combination of names loses the file" {
  local operands option

  for operands in 'foo symlink' 'symlink foo' 'foo foo' 'sl1 sl2' \
    'foo hardlink' 'hlsl sl2' 'hlsl sl1' 'foo dir/foo' 'dir/foo foo'; do
    for option in '' --force --inplace --update=all -L -H \
      '-L --inplace --update=all --force' '-n'; do
      mkdir d
      cd d || return
      echo XYZ >foo
      ln -s foo symlink
      ln foo hardlink
      ln -s foo sl1
      ln -s foo sl2
      ln -P sl1 hlsl
      mkdir dir
      ln -s ../foo dir/foo
      # shellcheck disable=SC2086
      run "$PCOPY" --stats $option $operands
      echo "$option $operands: $status, $output"
      [ "$status" -eq 0 ] || [ "$status" -eq 5 ]
      [ "$(cat foo)" = XYZ ]
      [ "$(cat hardlink)" = XYZ ]
      [ ! -L foo ]
      cd .. && rm -rf d
    done
  done
}

@test "non-utf8-name: in any locale" {
  local name=$'bad\xff\xfename' locale
  mkdir "$name"
  touch "$name"/{file1,file2}

  for locale in C C.UTF-8 fr_FR.ISO-8859-1; do
    LC_ALL=$locale run -0 "$PCOPY" --stats "$name/." "target $locale"
    [ -e "target $locale/file1" ] && [ -e "target $locale/file2" ]
  done
}

@test "perm: permissions are the source's, whatever is there and the umask" {
  local mask there
  touch src
  chmod 450 src

  for mask in 0 2 31 37 77; do
    for there in '' 600 644 677 707 770; do
      rm -f dst
      [ -z "$there" ] || install -m "$there" /dev/null dst
      (umask $mask && "$PCOPY" --stats -q src dst)
      [ "$(stat -c %a dst)" = 450 ]
    done
  done
}

@test "preserve-2, preserve-mode: lists of attributes" {
  mkdir src
  touch src/file
  chmod 601 src/file
  umask 022

  run -0 "$PCOPY" --stats --preserve=mode,owner --preserve=links src a
  run -2 "$PCOPY" --stats --preserve=mode,none src b
  run -2 "$PCOPY" --stats --preserve= src b
  [ ! -e b ]
  # The last word counts.
  run -0 "$PCOPY" --stats --no-preserve=mode --preserve=all src c
  [ "$(stat -c %a c/file)" = 601 ]
  chmod 666 src/file
  run -0 "$PCOPY" --stats --preserve=all --no-preserve=mode src d
  [ "$(stat -c %a d/file)" = 644 ]
}

@test "preserve-gid: a user keeps the groups he is in" {
  need_root
  mkdir src
  touch src/{own,member,other}
  chown 1234:2001 src/member
  chown 1234:2002 src/other
  chown 1234:1234 src/own .
  chmod 2755 src/member src/other src/own
  cp "$PCOPY" .pcopy

  run -0 setpriv --reuid=1234 --regid=1234 --groups=2001 ./.pcopy src dst
  [ "$(stat -c %g:%a dst/own)" = 1234:2755 ]
  [ "$(stat -c %g:%a dst/member)" = 2001:2755 ]
  # Set-group-id is not for another group.
  [ "$(stat -c %g:%a dst/other)" = 1234:755 ]
}

@test "preserve-link: links at the destination are mended, with -u, too" {
  local first option
  mkdir s
  touch s/f
  ln s/f s/missing
  ln s/f s/there
  ln s/f s/older
  ln s/f s/newer

  for option in --update=changed -u; do
    for first in f missing; do
      rm -rf t
      mkdir t
      touch -r s/f t/$first
      ln t/$first t/there
      touch -d '1 hour ago' t/older
      touch -d '1 hour' t/newer
      run -0 "$PCOPY" --stats $option s t
      # cp replaces the newer file by a link even with -u, whatever is in it.
      [ "$option" != -u ] || rm t/newer
      same_inode t/*
    done
  done
}

@test "r-vs-symlink: symlinks are copied as such, dangling ones, too" {
  echo abc >foo
  ln -s foo slink
  ln -s no-such-file no-file

  run -0 "$PCOPY" --stats slink bar
  [ "$(readlink bar)" = foo ]
  run -0 "$PCOPY" --stats no-file junk
  [ "$(readlink junk)" = no-such-file ]
}

@test "readonly-dir: directories without write permission, by their owner" {
  mkdir -p a/b/c/d
  echo text >a/b/c/d/file
  chmod -R a-w a
  is_root && chown -R 65534 a .

  run -0 as_user "$PCOPY" --stats a copy
  [ "$(cat copy/b/c/d/file)" = text ]
  run -0 find copy -perm /222
  [ -z "$output" ]
}

@test "slink-2-slink: two symlinks to one target are not one file" {
  touch file
  ln -s file a
  ln -s file b
  ln -s nothing c
  ln -s nothing d

  run -0 "$PCOPY" --stats -u a b
  run -0 "$PCOPY" --stats -u c d
  [ "$(readlink a b c d)" = "$(printf 'file\nfile\nnothing\nnothing')" ]
}

@test "special-bits: set-id bits, by root and by another user" {
  need_root
  mkdir src to
  touch src/{a,b,c}
  chmod u=rwxs,go= src/a
  chmod u=rwx,g=sx,o= src/b
  chmod a=r,ug+sx src/c
  chmod a=rwx,+t src
  chown 65534 to

  run -0 "$PCOPY" --stats src dst
  same_copy src dst
  # They are for the owner who gave them.
  run -0 as_user "$PCOPY" --stats src/c to/c
  [ "$(stat -c %A to/c)" = -r-xr-xr-- ]
}

@test "special-f: a fifo over a file, and over a fifo" {
  mkfifo fifo
  touch e

  for option in '' --force; do
    # shellcheck disable=SC2086
    run -0 timeout 60 "$PCOPY" --stats $option fifo e
    [ -p e ]
  done
}

@test "src-base-dot: the content of a directory, into this one" {
  mkdir x y
  touch x/file
  cd y || return

  run -0 "$PCOPY" --stats ../x/. .
  [ -e file ]
  run -0 "$PCOPY" --stats -q ../x/. .
  [ -z "$output" ]
}

@test "symlink-slash: with a slash behind it, it is the directory" {
  mkdir dir
  ln -s dir symlink

  run -0 "$PCOPY" --stats symlink/ copy
  [ -d copy ] && [ ! -L copy ]
  run -0 "$PCOPY" --stats -H symlink/ copy2
  [ -d copy2 ] && [ ! -L copy2 ]
}
