#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# A copy is faithful, whatever the workers and the queue are.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154

load trees

setup() {
  make_room
}

teardown() {
  clear_room
}

@test "a tree with something of everything" {
  make_varied_tree src

  run -0 "$PCOPY" --stats src dst

  same_list -a src dst
  same_copy src dst
}

@test "the source's access times stay as they are" {
  make_varied_tree src
  tool treelist -a src >before

  run -0 "$PCOPY" --stats src dst
  run -0 "$PCOPY" --stats --update=all src dst

  tool treelist -a src >after
  diff before after
}

# The same tree and the same status, with one worker, with many, with a queue
# of one slot: git's three modes.
same_in_all_modes() { # STATUS
  local mode n=0

  for mode in '-j 1' '-j 4' '-j 16' '-j 1 --queue-depth 1' \
    '-j 4 --queue-depth 1' '--queue-depth=1 -j 16'; do
    n=$((n + 1))
    # shellcheck disable=SC2086
    run --separate-stderr -"$1" "$PCOPY" --stats $mode src "dst$n" -v
    sed "s/ in [0-9:]* .*//; s/dst$n/dst/g" <<<"$stderr" | sort >"stderr$n"
    sort <<<"${output//dst$n/dst}" >"stdout$n"
    diff stderr1 "stderr$n"
    diff stdout1 "stdout$n"
    same_list dst1 "dst$n"
  done
}

@test "a tree in all modes: the same copy, messages and status" {
  make_varied_tree src

  same_in_all_modes 0

  same_copy src dst1
}

@test "a tree that fails in part, in all modes: the same" {
  make_varied_tree src
  # What cannot be copied: a file and a directory whose names are taken.
  for n in {1..6}; do
    mkdir -p "dst$n/dir/file 9" "dst$n/ro"
    echo in the way >"dst$n/closed"
    rmdir "dst$n/ro"
    touch -d 2001-02-03 "dst$n/closed" "dst$n/dir/file 9"
  done

  same_in_all_modes 1

  grep -F 'dst/closed: is not a directory, its source is' stderr1
  grep -F 'dst/dir/file 9: is a directory, its source is not' stderr1
}

@test "a file in all modes" {
  make_bytes file 3000000
  touch -d '1931-05-06 07:08:09.123456789' file

  for mode in '-j 1' '-j 4' '-j 16' '--queue-depth 1'; do
    rm -rf out
    # shellcheck disable=SC2086
    run -0 "$PCOPY" --stats $mode file out
    cmp file out
    [ "$(stat -c '%y %a %u %g' file)" = "$(stat -c '%y %a %u %g' out)" ]
    [[ "$output" == *'1 copied'* ]]
  done
}

@test "an empty tree" {
  mkdir src
  chmod 3751 src
  touch -d '2001-02-03 04:05:06.789' src

  run -0 "$PCOPY" --stats src dst

  same_list -a src dst
  [[ "$output" == *'0 copied'*'1 directory'* ]]
}

@test "an empty file" {
  : >file

  run -0 "$PCOPY" --stats file copy

  [ -f copy ]
  [ ! -s copy ]
}

@test "files of sizes around the buffer's" {
  mkdir src
  for size in 1 4095 4096 4097 262143 262144 262145 524288 1048577; do
    make_bytes "src/$size" "$size"
  done

  run -0 "$PCOPY" --stats src dst -j 2

  diff -r src dst
}

@test "permissions do not depend on the umask" {
  mkdir src
  echo x >src/open
  chmod 0666 src/open
  chmod 0777 src
  umask 077

  run -0 "$PCOPY" --stats src dst

  [ "$(stat -c %a dst dst/open)" = $'777\n666' ]
}

@test "times before 1970 and after 2038, to the nanosecond, of all types" {
  mkdir -p src/dir
  echo x >src/file
  ln -s file src/link
  local stamps=(1921-03-04T05:06:07.123456789 1969-12-31T23:59:59.000000001Z
    1970-01-01T00:00:00Z 2038-01-19T03:14:08.999999999Z
    2106-02-07T06:28:16.000000005Z)
  for stamp in "${stamps[@]}"; do
    touch -h -d "$stamp" src/file src/link src/dir src

    run -0 "$PCOPY" --stats src "$stamp"

    same_list src "$stamp"
  done
}

@test "set-id and sticky bits survive a change of owner" {
  need_root
  mkdir src
  echo x >src/setuid
  echo x >src/setgid
  chown 1234:2345 src src/*
  chmod 4755 src/setuid
  chmod 2755 src/setgid
  chmod 3777 src

  run -0 "$PCOPY" --stats src dst

  same_list src dst
}

@test "long symlinks, odd targets" {
  mkdir src
  ln -s "$(printf 'x%.0s' {1..4000})" src/long
  ln -s $'\n\e\xff' src/odd
  ln -s / src/root
  ln -s . src/here

  run -0 "$PCOPY" --stats src dst

  same_list src dst
}

@test "special files are made, not read" {
  mkdir src
  mkfifo -m 0622 src/fifo
  python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("src/socket")'
  touch -d '2001-02-03 04:05:06.789' src/fifo src/socket

  run -0 timeout 60 "$PCOPY" --stats src dst

  same_list src dst
}

@test "devices are made, not read" {
  need_root
  mkdir src
  mknod src/null c 1 3 || skip 'devices are refused here'
  mknod src/tape b 9 250
  chmod 0642 src/null

  run -0 timeout 60 "$PCOPY" --stats src dst

  same_list src dst
}

@test "-x leaves out what is mounted in SRC, and keeps its place" {
  need_root
  need_mounts
  mkdir -p src/mounted src/dir
  echo x >src/dir/x

  run -0 unshare -m sh -euc '
    mount -t tmpfs none src/mounted
    echo there >src/mounted/file
    "$PCOPY" --stats -x src without
    "$PCOPY" --stats src with'

  [ -d without/mounted ]
  [ -z "$(ls -A without/mounted)" ]
  [ "$(cat without/dir/x)" = x ]
  [ "$(cat with/mounted/file)" = there ]
}

@test "-v lists each entry, and what was done to it" {
  mkdir -p src/dir
  echo x >src/x
  ln -s x src/dir/link

  run -0 --separate-stderr "$PCOPY" --stats -v src dst

  [ "$(sort <<<"$output")" = "$(printf '%s\n' \
    $'copied\tdst/dir/link' $'copied\tdst/x' \
    $'directory\tdst' $'directory\tdst/dir')" ]

  run -0 --separate-stderr "$PCOPY" --stats src/x one -v

  [ "$output" = $'copied\tone' ]
}

@test "-n changes nothing, and lists what the run then does" {
  make_varied_tree src
  # Which name of an inode is found first is chance where several walk; all of
  # them are to be there, or none.
  rm -f src/closed/x src/large src/dangling src/fifo
  mkdir dst
  "$PCOPY" --stats -q src/dir dst/dir
  echo changed and longer >'dst/dir/file 9'
  chmod 600 'dst/dir/file 8'
  rm 'dst/dir/file 10'
  tool treelist dst >before

  run -0 --separate-stderr "$PCOPY" --stats -n src dst
  sed 's/^copy\t/copied\t/; s/^mend\t/mended\t/' <<<"$output" | sort >planned
  [[ "$stderr" == *'dry run, nothing changed'* ]]
  tool treelist dst >after
  run -0 --separate-stderr "$PCOPY" --stats -v src dst
  sort <<<"$output" >made

  diff before after
  diff planned made
  grep -F 'file 9' made
}

@test "-n of a copy that does not exist yet makes nothing at all" {
  make_varied_tree src

  run -0 --separate-stderr "$PCOPY" --stats -n src dst
  sed 's/^copy\t/copied\t/; s/^mend\t/mended\t/' <<<"$output" | sort >planned
  [ ! -e dst ]
  run -0 --separate-stderr "$PCOPY" --stats -n src new/
  [ ! -e new ]
  run -0 --separate-stderr "$PCOPY" --stats -v src dst
  sort <<<"$output" >made

  diff planned made
}

@test "-q says nothing when all is well" {
  make_varied_tree src

  run -0 "$PCOPY" --stats -q src dst

  [ -z "$output" ]
}

@test "several sources at once are all copied whole" {
  make_varied_tree a
  mkdir b
  for i in {1..300}; do
    echo "$i" >"b/$i"
  done

  run -0 "$PCOPY" --stats a b a/large dst/ -j 4 --queue-depth 1

  same_copy a dst/a
  same_copy b dst/b
  cmp a/large dst/large
}
