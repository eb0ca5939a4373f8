#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Sources that change while they are copied.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154

load ../cli/trees

setup() {
  make_room
  mkdir src
}

teardown() {
  kill_started
  [ -z "${writer-}" ] || kill "$writer" 2>/dev/null || true
  clear_room
}

# Starts pcopy with one worker, which is stopped when its first file is complete
# but for its name.
start_with_pause() { # ARG...
  start_stopped utimensat:when=1 "$@" -j 1
  wait_until has_stopped
}

# How often file times were set: once for each copy, once for the directory.
n_tries() {
  echo $(($(grep -c 'utimensat([0-9]' trace) - 1))
}

@test "a file that changes once while it is read is copied again: status 0" {
  need_tracer
  make_bytes src/file 100000

  start_with_pause src dst
  echo more >>src/file
  go_on
  ended 0

  [ "$(n_tries)" -eq 2 ]
  [[ "$(cat err)" == 'pcopy: 1 copied, 1 directory, '* ]]
  same_copy src dst
}

@test "a file that becomes shorter while it is read is copied again" {
  need_tracer
  make_bytes src/file 1000000

  start_with_pause src dst
  truncate -s 5 src/file
  go_on
  ended 0

  same_copy src dst
}

# How often the source was read from its start.
n_readings() {
  grep -c 'pread64(.*, 0) = ' trace || true
}

# Only the metadata of a file changes while it is read: the copy has that as it
# is then, and is not made twice.
changes_without_content() { # COMMAND [ARG]...
  make_bytes src/file 10000
  touch -d '2001-02-03 04:05:06.7' src/file
  TRACED=pread64 start_with_pause src dst --reflink=never
  "$@"
  go_on
  ended 0
  cat err
  [ "$(n_readings)" -eq 1 ]
  [[ "$(cat err)" == 'pcopy: 1 copied, 1 directory, '* ]]
  same_copy src dst
  rm -rf src/* dst outside
}

@test "a file that gets another mode while it is read is not read again" {
  need_tracer
  changes_without_content chmod 751 src/file
  changes_without_content chmod 4400 src/file
  if is_root; then
    changes_without_content chown 1234:2345 src/file
  fi
}

@test "a file that gets a link or attributes while it is read is not read again" {
  need_tracer
  changes_without_content ln src/file outside
  setfattr -n user.test -v 1 src || skip "needs user attributes"
  setfattr -x user.test src
  changes_without_content setfattr -n user.colour -v blue src/file
  changes_without_content setfacl -m u:1234:rw src/file
  changes_without_content setfacl -m u:1234:-,o::r src/file
  changes_without_content sh -c 'setfattr -n user.colour -v blue src/file
    setfattr -n user.more -v 1 src/file; chmod 600 src/file'
}

gives_up_attributes() { # COMMAND [ARG]...
  make_bytes src/file 10000
  setfattr -n user.colour -v blue src/file
  setfacl -m u:1234:rw src/file
  touch -d '2001-02-03 04:05:06.7' src/file
  start_with_pause src dst
  "$@"
  go_on
  ended 0
  same_copy src dst
  rm -rf src/* dst
}

@test "a file that gives up attributes while it is read: its copy has none" {
  need_tracer
  setfattr -n user.test -v 1 src || skip "needs user attributes"
  setfattr -x user.test src
  gives_up_attributes setfattr -x user.colour src/file
  gives_up_attributes setfacl -b src/file
}

@test "links made all the time while a file is read: status 0, read once" {
  need_tracer
  make_bytes src/file 10000
  touch -d '2001-02-03 04:05:06.7' src/file
  TRACED=pread64 start_stopped flistxattr src dst -j 1 --reflink=never
  for ((n = 1; n <= 4; n++)); do
    wait_until has_stopped "$n"
    ln src/file "link$n"
    # shellcheck disable=SC2046
    kill -CONT "$pid" $(workers "$pid")
  done
  go_on
  ended 0
  [ "$(n_readings)" -eq 1 ]
  cmp src/file dst/file
  [ "$(grep -c '^[0-9]* *flistxattr' trace)" -ge 4 ]
}

@test "a file that keeps changing is copied three times, kept and named: status 3" {
  need_tracer
  make_bytes src/file 100000
  echo x >src/other

  start_stopped utimensat src dst -j 1
  for ((n = 0; n < 5; n++)); do
    wait_until has_stopped $((n + 1))
    echo more >>src/file
    # shellcheck disable=SC2046
    kill -CONT "$pid" $(workers "$pid")
  done
  ended 3

  [[ "$(cat err)" == *'pcopy: src/file: kept changing while it was read'* ]]
  [[ "$(cat err)" == *'2 copied, 1 directory, 1 vanished or kept changing, '* ]]
  # Three of it, one of the other.
  [ "$(n_tries)" -eq 4 ]
  [ "$(stat -c %s dst/file)" -ge 100000 ]
  cmp -n "$(stat -c %s dst/file)" src/file dst/file
  no_litter dst
  # When it has come to rest the next run takes it.
  run -0 "$PCOPY" --stats src dst
  same_copy src dst
}

@test "a writer that never stops does not keep a copy from ending" {
  make_bytes src/file 1000000
  while :; do
    echo more and more and more and more and more and more and more
  done >>src/file 3>&- &
  writer=$!

  run timeout 60 "$PCOPY" --stats src dst
  kill "$writer"
  wait "$writer" || true
  writer=

  [[ "$status" == [03] ]]
  cmp -n "$(stat -c %s dst/file)" src/file dst/file
}

# The first file of a directory of five is being copied; sets the others.
pause_at_first() {
  local name

  for name in a b c d e; do
    echo "this is $name" >"src/$name"
  done
  start_with_pause src dst
  # shellcheck disable=SC2012,SC2207
  rest=($(cd src && ls -U | tail -n 4))
}

@test "files that vanish before their turn are named: status 3" {
  need_tracer

  pause_at_first
  rm "src/${rest[0]}" "src/${rest[3]}"
  go_on
  ended 3

  grep -Fx "pcopy: src/${rest[0]}: vanished: No such file or directory" err
  grep -Fx "pcopy: src/${rest[3]}: vanished: No such file or directory" err
  grep -F 'pcopy: 3 copied, 1 directory, 2 vanished or kept changing' err
  [ "$(n_files dst)" -eq 3 ]
}

@test "files that become something else before their turn are named: status 3" {
  need_tracer
  echo secret >outside

  pause_at_first
  rm "${rest[@]/#/src/}"
  mkfifo "src/${rest[0]}"
  ln -s ../outside "src/${rest[1]}"
  mkdir "src/${rest[2]}"
  python3 -c 'import socket, sys
socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "src/${rest[3]}"
  go_on
  ended 3

  for name in "${rest[@]}"; do
    grep -E "^pcopy: src/$name: is no longer a regular file" err
  done
  [ "$(n_files dst)" -eq 1 ]
  [ "$(find dst ! -type d | wc -l)" -eq 1 ]
}

@test "a destination that becomes a symlink is not written through" {
  need_tracer
  mkdir elsewhere

  pause_at_first
  for name in "${rest[@]}"; do
    ln -s "../elsewhere/$name" "dst/$name"
  done
  go_on
  ended 0

  [ -z "$(ls -A elsewhere)" ]
  rsync -aniH --checksum src/ dst/ >rsync.out
  [ ! -s rsync.out ]
}

@test "a destination directory that becomes a symlink is not followed" {
  need_tracer
  mkdir src/sub elsewhere
  echo x >src/sub/x
  echo y >src/sub/y

  # The master has made dst/sub and is stopped, as it reads src/sub.
  strace -DDD -f -qq -o trace -e trace=getdents64 -P "$PWD/src/sub" \
    -e inject=getdents64:signal=STOP:when=1 \
    "$PCOPY" --stats src dst -j 1 >out 2>err 3>&- &
  pid=$!
  wait_until has_stopped
  mv dst/sub dst/was
  ln -s ../elsewhere dst/sub
  go_on
  ended 1

  cat err
  grep -E '^pcopy: dst/sub: cannot open directory: ' err
  [ -z "$(ls -A elsewhere)" ]
}
