#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# One bad entry stops nothing else; what a user may not do is said; statuses.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154

load trees

setup() {
  make_room
}

teardown() {
  clear_room
}

# What as_user may change.
own() { # PATH...
  ! is_root || chown -hR 65534:65534 "$@"
}

make_own() { # DIR...
  mkdir -p "$@"
  own "$@"
}

@test "an unreadable file is named, the others are copied: status 1" {
  make_own place
  mkdir place/src
  echo secret >place/src/secret
  echo open >place/src/open
  chmod 000 place/src/secret

  run -1 as_user "$PCOPY" --stats place/src place/dst

  [[ "$output" == *'pcopy: place/src/secret: cannot open: Permission denied'* ]]
  [[ "$output" == *'1 failed'* ]]
  [ "$(cat place/dst/open)" = open ]
  [ ! -e place/dst/secret ]
}

@test "an unreadable directory is named and has its place: status 1" {
  make_own place
  mkdir -p place/src/closed place/src/open
  echo x >place/src/closed/x
  echo y >place/src/open/y
  chmod 0311 place/src/closed

  run -1 as_user "$PCOPY" --stats place/src place/dst

  [[ "$output" == *'pcopy: place/src/closed: cannot open directory: Permission denied'* ]]
  [[ "$output" == *'1 failed'* ]]
  [ "$(cat place/dst/open/y)" = y ]
  [ -d place/dst/closed ]
  [ "$(stat -c %a place/dst/closed)" = 311 ]
}

@test "a directory that can be listed but not entered: each entry is named" {
  make_own place
  mkdir -p place/src/listed
  echo x >place/src/listed/x
  echo y >place/src/y
  own place/src
  chmod 0400 place/src/listed

  run -1 as_user "$PCOPY" --stats place/src place/dst
  chmod 0700 place/src/listed

  [[ "$output" == *'place/src/listed'*'Permission denied'* ]]
  [ "$(cat place/dst/y)" = y ]
}

@test "a source operand that may not be read: status 2" {
  make_own place
  mkdir place/src
  chmod 000 place/src

  run -2 as_user "$PCOPY" --stats place/src place/dst

  [[ "$output" == *'pcopy: place/src: cannot open: Permission denied'* ]]
  [ ! -e place/dst ]
}

@test "a destination that may not be written: status 2" {
  make_own place
  mkdir place/src ro
  chmod 0555 ro

  run -2 as_user "$PCOPY" --stats place/src ro/dst

  [[ "$output" == *'pcopy: ro/dst: cannot create or open: Permission denied'* ]]
}

@test "a file into a directory that may not be written: status 1, named" {
  make_own place
  echo x >place/x
  mkdir ro
  chmod 0555 ro

  run -1 as_user "$PCOPY" --stats place/x ro/dst

  [[ "$output" == *'pcopy: ro/dst: cannot create: Permission denied'* ]]
}

@test "directories without write permission are copied with what is in them" {
  make_own place
  mkdir -p place/src/a/b/c
  echo x >place/src/a/b/c/x
  echo y >place/src/a/y
  own place/src
  chmod 0555 place/src/a/b/c place/src/a/b place/src/a place/src

  run -0 as_user "$PCOPY" --stats place/src place/dst

  same_list place/src place/dst
}

@test "directories without write permission are brought up to date" {
  make_own place
  mkdir -p place/src/a/b/c
  echo x >place/src/a/b/c/x
  own place/src
  chmod 0555 place/src/a/b/c place/src/a/b place/src/a place/src
  as_user "$PCOPY" --stats -q place/src place/dst
  chmod -R u+w place/src
  echo changed >place/src/a/b/c/x
  echo new >place/src/a/new
  mkdir place/src/a/b/newdir
  own place/src
  chmod 0555 place/src/a/b/c place/src/a/b place/src/a place/src

  run -0 as_user "$PCOPY" --stats place/src place/dst

  same_list place/src place/dst
  run -0 as_user "$PCOPY" --stats place/src place/dst
  [[ "$output" == *'0 copied, 2 unchanged, '* ]]
  same_list place/src place/dst
}

@test "directories of all permissions, made by an ordinary user" {
  make_own place
  mkdir place/src
  for mode in 0000 0100 0200 0300 0400 0500 0600 0700 0777 1777 2755; do
    mkdir "place/src/$mode"
    own place/src/$mode
    chmod "$mode" "place/src/$mode"
  done
  own place/src

  run as_user "$PCOPY" --stats -q place/src place/dst

  [ "$(cd place/src && stat -c '%n %a %Y' -- *)" = \
    "$(cd place/dst && stat -c '%n %a %Y' -- *)" ]
  # Those that cannot be listed are named: 0000 to 0300.
  [ "$status" -eq 1 ]
  [ "$(grep -c 'cannot open directory: Permission denied' <<<"$output")" -eq 4 ]
}

@test "files of others keep all but their owner, which is counted: status 0" {
  need_root
  make_own place
  mkdir src
  echo x >src/x
  echo y >src/y
  chmod 4755 src/x
  chmod 2755 src/y
  touch -d '2001-02-03 04:05:06.789' src/x src/y src

  run -0 as_user "$PCOPY" --stats src place/dst

  [[ "$output" == *'not preserved: 3 owners'* ]]
  [ "$(stat -c '%U %a %y' place/dst/x)" = "nobody 755 $(stat -c %y src/x)" ]
  [ "$(stat -c '%U %a %y' place/dst/y)" = "nobody 755 $(stat -c %y src/y)" ]
  [ "$(stat -c %y place/dst)" = "$(stat -c %y src)" ]
  # And again: what cannot be kept is no reason to copy anew, or to promise it.
  run -0 --separate-stderr as_user "$PCOPY" --stats -nvv src place/dst
  [ "$(cut -f 1 <<<"$output" | sort -u)" = unchanged ]
  [[ "$stderr" == *'2 unchanged'*'not preserved: 2 owners'* ]]
  [[ "$stderr" != *mended* ]]
  run -0 as_user "$PCOPY" --stats src place/dst
  [[ "$output" == *'0 copied, 2 unchanged'* ]]
}

@test "-n says of a group what the run then does" {
  need_root
  make_own place
  mkdir place/src
  touch place/src/{own,member,other}
  own place/src
  cp -a place/src place/dst
  chgrp 2001 place/src/member
  chgrp 2002 place/src/other
  user=(setpriv --reuid=65534 --regid=65534 --groups=2001)

  run -0 --separate-stderr "${user[@]}" "$PCOPY" --stats -n place/src place/dst
  planned=$(grep ^mend <<<"$output")
  run -0 --separate-stderr "${user[@]}" "$PCOPY" --stats -v place/src place/dst

  [ "$planned" = $'mend\tplace/dst/member' ]
  [ "$(grep ^mend <<<"$output")" = $'mended\tplace/dst/member' ]
}

@test "--inplace replaces a file that its owner may not write to" {
  make_own place
  mkdir place/src place/dst
  echo new >place/src/file
  echo old one >place/dst/file
  chmod 0444 place/dst/file
  own place

  run -0 as_user "$PCOPY" --stats --inplace place/src place/dst

  same_list place/src place/dst
}

@test "--inplace replaces a program that runs" {
  mkdir src
  echo new >src/program
  "$PCOPY" --stats -q src dst
  install /bin/sleep dst/program
  dst/program 1000 3>&- &
  pid=$!
  wait_until [ "/proc/$pid/exe" -ef dst/program ]

  run "$PCOPY" --stats --inplace src dst
  kill "$pid"

  [ "$status" -eq 0 ]
  same_list src dst
}

@test "a copy of one's own needs no privileges at all" {
  make_own place
  make_varied_tree place/src
  rm -f place/src/device
  own place/src
  chmod 4755 'place/src/dir/file 1'
  chmod 2755 'place/src/dir/file 2'

  run -0 as_user "$PCOPY" --stats place/src place/dst -j 4

  same_list place/src place/dst
}

@test "many errors: all are named, each once, and counted" {
  make_own place
  mkdir place/src
  for i in {1..200}; do
    echo "$i" >"place/src/$i"
  done
  chmod 000 place/src/*7

  run -1 as_user "$PCOPY" --stats place/src place/dst -j 4

  [ "$(grep -c 'cannot open: Permission denied' <<<"$output")" -eq 20 ]
  [ "$(sort <<<"$output" | uniq -d)" = '' ]
  [ "$(count_of copied "$output")" -eq 180 ]
  [ "$(count_of failed "$output")" -eq 20 ]
  [ "$(find place/dst -type f | wc -l)" -eq 180 ]
}

@test "-q still says what went wrong" {
  make_own place
  mkdir place/src
  echo secret >place/src/secret
  chmod 000 place/src/secret

  run -1 as_user "$PCOPY" --stats -q place/src place/dst

  [[ "${lines[0]}" == 'pcopy: place/src/secret: cannot open: Permission denied' ]]
}

@test "a failed entry outweighs one that was not copied as asked: status 1" {
  mkdir -p src dst/file
  echo x >src/file
  ln src/file src/other

  run -1 "$PCOPY" --stats src dst

  [ -d dst/file ]
}

@test "an output that cannot be written is a failure: status 1" {
  [ -e /dev/full ] || skip 'no /dev/full'
  mkdir src
  echo x >src/x

  run -1 bash -c '"$PCOPY" --stats -v src dst >/dev/full'

  [[ "$output" == *'standard output'*'No space left on device'* ]]
  same_list src dst
}

@test "a closed output, input and error do no harm" {
  make_varied_tree src

  run -0 bash -c '"$PCOPY" --stats -q src dst <&- >&- 2>&-'

  same_copy src dst
}

@test "descriptors that were inherited are not given to anybody or used" {
  make_varied_tree src

  run -0 bash -c 'exec 3<src/small 4>other 5<src; "$PCOPY" --stats -q src dst'

  [ ! -s other ]
  same_copy src dst
}

@test "few descriptors are enough" {
  make_varied_tree src

  run -0 bash -c 'ulimit -n 80; "$PCOPY" --stats -q src dst -j 2'

  same_copy src dst
}
