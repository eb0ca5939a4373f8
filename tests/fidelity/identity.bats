#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Device and inode number are evidence, not proof: file systems on which numbers
# are not unique, change, or lead in circles; and mounts that are left out.
# shellcheck disable=SC2154

load ../cli/trees
load ../tools/quirks

setup() {
  make_room
}

teardown() {
  ! mountpoint -q "$ROOM/src/mnt" || umount -l "$ROOM/src/mnt"
  clear_quirk
  clear_room
}

# Files, some of them with further names, in nested directories.
make_linked() { # DIR
  mkdir -p "$1/a/b/c"
  echo one >"$1/a/one"
  echo two, longer >"$1/a/b/two"
  echo three >"$1/a/b/c/three"
  ln "$1/a/one" "$1/a/b/c/one too"
  ln "$1/a/b/two" "$1/two too"
  ln -s ../one "$1/a/b/link"
  mkfifo "$1/a/fifo"
}

same_content() { # SRC DST
  diff -r --no-dereference --exclude=fifo "$1" "$2"
}

@test "files that all have one inode number keep their content" {
  make_linked back/s
  quirk sameino=all
  run -0 "$PCOPY" --stats m/s d -j 4
  same_content back/s d
  run -0 "$PCOPY" --stats m/s d
  [[ $output == *'pcopy: 0 copied'* ]]
  [ "$(stat -c %i d/a/one)" = "$(stat -c %i "d/a/b/c/one too")" ]
  run -0 "$PCOPY" --stats m/s m/t
  same_content back/s back/t
  # What is there already is no source that is met again.
  echo changed >back/s/a/one
  run -0 "$PCOPY" --stats m/s m/t
  same_content back/s back/t
}

@test "links are kept where each look shows another ctime" {
  make_linked back/s
  quirk newctime
  run -0 "$PCOPY" --stats m/s d
  same_content back/s d
  [ "$(stat -c %h d/a/one)" -eq 2 ]
  [ "$(stat -c %h d/two\ too)" -eq 2 ]
}

@test "a file that is written to while its names are met is one file" {
  need_tracer
  mkdir -p src/a src/b
  echo text >src/a/file
  ln src/a/file src/b/file
  # The master is stopped as it has seen the first name.
  start_stopped getdents64:when=4 src dst -j 1
  wait_until has_stopped
  echo more >>src/a/file
  go_on
  ended 0
  [ "$(stat -c %i dst/a/file)" = "$(stat -c %i dst/b/file)" ]
  cmp src/a/file dst/b/file
}

@test "inode numbers that change: new, again, in place, by force, far away" {
  make_linked s
  make_linked back/s
  quirk newino
  for option in '' --inplace --force -j1; do
    run -0 "$PCOPY" --stats m/s d $option
    same_content back/s d
    run -0 "$PCOPY" --stats s m/d $option
    echo more >>s/a/b/two
    run -0 "$PCOPY" --stats s m/d $option
    same_content s back/d
    same_content s m/d
    rm -rf d back/d
  done
}

@test "a directory that leads back to one above is told and not entered" {
  make_linked back/s
  for kind in loop looptop; do
    quirk $kind
    run -1 timeout 20 "$PCOPY" --stats m/s d -j 2
    [[ $output == *': leads back into itself'* ]]
    cmp back/s/a/b/two d/a/b/two
    rm -rf d
    clear_quirk
  done
}

@test "a bind mount of a directory above is told and not entered" {
  need_mounts
  make_linked src
  mkdir src/mnt
  mount --bind src src/mnt
  run -1 timeout 20 "$PCOPY" --stats src dst
  [[ $output == *'pcopy: src/mnt: leads back into itself'* ]]
  [ ! -e dst/mnt/a ]
  run -1 timeout 20 "$PCOPY" --stats src dst
  umount src/mnt
}

@test "-x leaves a mount out without opening it" {
  need_mounts
  need_tracer
  make_linked src
  mkdir src/mnt
  mount -t tmpfs -o mode=750 none src/mnt
  echo x >src/mnt/x
  run -0 strace -f -qq -y -o trace -e trace=open,openat,openat2 \
    "$PCOPY" --stats -x src dst
  [ -d dst/mnt ] && [ ! -e dst/mnt/x ]
  [ "$(stat -c %a dst/mnt)" = 750 ]
  run grep -E '"[^"]*mnt[^"]*", [^)]*O_RDONLY|src/mnt>' trace
  echo "$output"
  fails grep -vE 'O_PATH|/dst|resumed>' <<<"$output"
  run -0 "$PCOPY" --stats -x src dst
  [[ $output == *'pcopy: 0 copied'* ]]
}

@test "-x leaves out a mount that only its owner may enter" {
  need_mounts
  need bindfs
  make_linked src
  mkdir src/mnt inner out
  echo x >inner/x
  chown -R 65534 src out
  bindfs --no-allow-other inner src/mnt || skip "may not mount by FUSE"
  fails as_user stat src/mnt
  run -0 as_user "$PCOPY" --stats -x src out/dst
  [ -d out/dst/mnt ] && [ ! -e out/dst/mnt/x ]
  [ "$(stat -c %a out/dst/mnt)" = 700 ]
  same_content src/a out/dst/a
  run -0 as_user "$PCOPY" --stats -x src out/dst
  [[ $output == *'pcopy: 0 copied'* ]]
  run -1 as_user "$PCOPY" --stats src out/all
}
