#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Fifos, sockets, devices and symlinks at any place of source and destination:
# never opened for what is in them, never followed, replaced where something
# else is to be.

load ../cli/trees

setup() {
  make_room
}

teardown() {
  kill_started
  clear_room
}

# Every test must come back, whatever stands in its way.
pcopy() {
  timeout -s KILL 60 "$PCOPY" --stats "$@"
}

make_socket() { # FILE
  python3 -c 'import os, sys; os.mknod(sys.argv[1], 0o140644)' "$1"
}

kind() { # FILE...
  stat -c '%F %t:%T' "$@"
}

# One of every kind that is not a directory, named in DIR with PREFIX.
make_kinds() { # DIR PREFIX
  echo "file of $2" >"$1/$2file"
  ln -s "to $2" "$1/$2symlink"
  ln -s "$2loop" "$1/$2loop"
  mkfifo "$1/$2fifo"
  make_socket "$1/$2socket"
  if is_root; then
    mknod "$1/$2char" c 1 3
    mknod "$1/$2zero" c 1 5
    mknod "$1/$2block" b 7 200
  fi
}

@test "every kind takes the place of every other" {
  local kind was
  mkdir src dst
  make_kinds src ''
  for kind in src/*; do
    kind=${kind#src/}
    mkdir "src/for-$kind" "dst/for-$kind"
    make_kinds "dst/for-$kind" was-
    for was in dst/for-"$kind"/*; do
      cp -a "src/$kind" "src/for-$kind/${was##*/}"
    done
  done

  run -0 pcopy src dst

  same_copy src dst
  no_litter dst
  run -0 pcopy src dst
  [[ $output == *' 0 copied'* ]]
}

@test "a directory gives way to any kind only with --force, and the reverse" {
  local kind
  mkdir src dst src/dirs dst/dirs
  make_kinds src ''
  make_kinds dst/dirs ''
  for kind in dst/dirs/*; do
    mkdir -p "src/dirs/${kind##*/}/below" "dst/${kind##*/}/mine"
  done
  n=$(find src -mindepth 1 -maxdepth 1 ! -name dirs | wc -l)

  run -1 pcopy src dst
  [ "$(grep -c 'is a directory, its source is not' <<<"$output")" -eq "$n" ]
  [ "$(grep -c 'is not a directory, its source is' <<<"$output")" -eq "$n" ]
  [ -d dst/fifo/mine ]
  [ -p dst/dirs/fifo ]

  run -0 pcopy --force src dst
  same_copy src dst
  no_litter dst
}

@test "--inplace writes into none of them" {
  local kind
  mkdir src dst
  make_kinds dst ''
  for kind in dst/*; do
    echo "now a file" >"src/${kind##*/}"
  done
  echo victim >'to '
  ln -sf ../victim dst/symlink
  echo kept >victim

  run -0 pcopy --inplace src dst

  [ "$(cat victim)" = kept ]
  same_copy src dst
}

@test "each as an operand: copied, not opened" {
  mkdir src into
  make_kinds src ''

  for file in src/*; do
    run -0 pcopy "$file" "copy-of-${file##*/}"
    [ "$(kind "$file")" = "$(kind "copy-of-${file##*/}")" ]
  done
  run -0 pcopy src/* into/
  touch -r src into
  same_copy src into
}

# Anything but a file, a directory or a link that leads to one, or nowhere.
is_special() { # PATH
  [ -e "$1" ] && [ ! -f "$1" ] && [ ! -d "$1" ]
}

@test "a file onto each as an operand: it takes the place, by force if need be" {
  mkdir dst
  make_kinds dst ''
  echo new >file

  for there in dst/*; do
    if is_special "$there"; then
      before=$(kind "$there")
      run -5 pcopy file "$there"
      [ "$before" = "$(kind "$there")" ]
    fi
    run -0 pcopy --force file "$there"
    [ "$(stat -c %F "$there")" = 'regular file' ]
    [ "$(cat "$there")" = new ]
  done
  no_litter dst
}

@test "a directory onto each as an operand: status 2 or 5, it stays" {
  mkdir src dst
  make_kinds dst ''
  rm dst/loop

  for there in dst/*; do
    before=$(kind "$there")
    run pcopy src "$there"
    if is_special "$there"; then
      [ "$status" -eq 5 ]
    else
      [ "$status" -eq 2 ]
    fi
    [ "$before" = "$(kind "$there")" ]
  done
}

@test "sources that become fifos and devices are not waited for" {
  need_root
  need_tracer
  mkdir src
  for i in {1..30}; do
    echo "$i" >"src/$i"
  done

  start_stopped linkat:when=1 -j 1 src dst
  wait_until has_stopped
  for i in {1..30}; do
    rm "src/$i"
    if [ $((i % 2)) -eq 0 ]; then
      mkfifo "src/$i"
    else
      mknod "src/$i" c 1 5
    fi
  done
  go_on
  ended 3

  [ "$(grep -c 'pcopy: src/[0-9]*: is no longer a regular file' err)" -eq 29 ]
  run -0 find dst -type f -size +1
  [ -z "$output" ]
  no_litter dst
}

@test "symlinks at the destination: replaced by files, none followed" {
  mkdir -p src outside/dir dst
  echo victim >outside/file
  cp -a outside before
  for name in file dir nothing loop parent; do
    echo "new $name" >"src/$name"
  done
  ln -s ../outside/file dst/file
  ln -s ../outside/dir dst/dir
  ln -s ../outside/nothing dst/nothing
  ln -s loop dst/loop
  ln -s .. dst/parent

  run -0 pcopy src dst

  same_copy src dst
  same_list before outside
}

@test "symlinks to directories at the destination: replaced with --force only" {
  mkdir -p src/{dir,up,gone,self} outside dst
  for dir in src/*; do
    echo new >"$dir/file"
  done
  echo victim >outside/file
  cp -a outside before
  ln -s ../outside dst/dir
  ln -s .. dst/up
  ln -s ../nothing dst/gone
  ln -s . dst/self

  run -1 pcopy src dst
  [ "$(grep -c 'is not a directory, its source is' <<<"$output")" -eq 4 ]
  same_list before outside
  [ -L dst/dir ]

  run -0 pcopy --force src dst
  same_copy src dst
  same_list before outside
}

@test "DST may be a symlink to a directory, and one to that" {
  make_varied_tree src
  mkdir real
  ln -s real link
  ln -s "$PWD/link" further

  run -0 pcopy src further
  same_copy src real
  run -0 pcopy src link/
  same_copy src real/src
  [ "$(readlink link)" = real ]
  [ "$(readlink further)" = "$PWD/link" ]
}

@test "DST that is another user's link to what is not his is refused" {
  need_root
  mkdir src victim bobs
  echo text >src/file
  chown 65534 bobs
  ln -s victim trap
  ln -s bobs own
  chown -h 65534 trap own

  for operands in 'src trap' 'src trap/' 'src/file trap' '-t trap src' \
    'src src/file trap'; do
    # shellcheck disable=SC2086
    run -5 pcopy $operands
    [[ $output == *": is another user's link to"* ]]
    [ -z "$(ls -A victim)" ]
  done
  run -0 pcopy src own
  [ -e bobs/file ]
  # Who puts it there himself knows why.
  chown -h 0 trap
  run -0 pcopy src trap
  [ -e victim/file ]
}

@test "DST that is exchanged as soon as it is made" {
  need_root
  need_tracer
  mkdir src victim
  echo text >src/file
  chmod 700 victim

  for operands in 'src dst' 'src src/file dst/'; do
    # shellcheck disable=SC2086
    start_stopped mkdirat:when=1 $operands
    wait_until has_stopped
    mv dst moved
    ln -s victim dst
    go_on
    ended 2
    [ -z "$(ls -A victim)" ]
    [ "$(stat -c %a victim)" = 700 ]
    rm -rf dst moved
  done
}

@test "a hard link to another's file: that file is left alone" {
  need_root
  mkdir src dst
  for name in mended replaced inplace; do
    echo "text" >src/$name
    echo "text" >outside-$name
    touch -d 2011-01-01 src/$name outside-$name
    chmod 600 outside-$name
    ln outside-$name dst/$name
  done
  touch src/replaced
  chmod 666 src/*
  chown -R 65534 src
  chown 65534 dst
  before=$(stat -c '%n %f %u %g %s %y' outside-*)

  run -0 pcopy src dst
  same_copy src dst
  [ "$before" = "$(stat -c '%n %f %u %g %s %y' outside-*)" ]

  ln -f outside-inplace dst/inplace
  run -0 pcopy --inplace --update=all src dst
  same_copy src dst
  [ "$before" = "$(stat -c '%n %f %u %g %s %y' outside-*)" ]
  [ "$(cat outside-*)" = "$(printf 'text\ntext\ntext')" ]
}

@test "hard links among a user's own files are mended where they are" {
  need_root
  mkdir src
  echo text >src/a
  ln src/a src/b
  "$PCOPY" --stats -q src dst
  chown -R 65534:65534 src
  chmod 640 src/a
  before=$(stat -c %i dst/a)

  run -0 pcopy src dst
  [[ $output == *' 0 copied'* ]]
  chmod 600 src/a
  run -0 pcopy src dst

  [[ $output == *' 0 copied'* ]]
  [ "$(stat -c %i dst/a)" = "$before" ]
  same_copy src dst
}

@test "hard links of every kind, by an ordinary user, with /proc and without" {
  need_seccomp
  mkdir src to
  echo text >src/file
  ln -s nothing src/symlink
  mkfifo src/fifo
  for name in file symlink fifo; do
    ln -P src/$name src/$name-2
  done
  is_root && chown -hR 65534:65534 src to

  run -0 as_user "$PCOPY" --stats src to/copy
  same_copy src to/copy
  # As kernels before 6.10 do.
  run -0 as_user "$BUILD/tests/refuse" linkat,4,AT_EMPTY_PATH=ENOENT -- \
    "$PCOPY" --stats src to/copy2
  same_copy src to/copy2
  [ "$(stat -c %i to/copy2/* | sort -u | wc -l)" -eq 3 ]
}

@test "a leader that its directory's owner exchanges is not linked to" {
  need_root
  need_tracer
  mkdir -p src/his src/ours
  echo text >src/his/first
  chown 65534 src/his
  chmod 755 src/his
  ln src/his/first src/ours/second
  "$PCOPY" --stats -q src dst
  rm dst/*/*

  # Whichever leads, the other one has yet to come.
  start_stopped linkat:when=1 -j 1 src dst
  wait_until has_stopped
  if [ -e dst/his/first ]; then
    setpriv --reuid=65534 --clear-groups \
      sh -c 'echo planted >dst/his/.new && mv dst/his/.new dst/his/first'
  fi
  go_on
  # shellcheck disable=SC2154
  wait "$pid" || true

  cat err
  [ "$(cat dst/ours/second)" = text ]
}
