#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # scripts for other shells; run sets stderr
#
# What a process may have is less than pcopy would like: processes, descriptors,
# bytes of a file, processors.

load ../cli/helpers

setup() {
  make_room
  export PCOPY
}

teardown() {
  [ -z "$run_pid" ] || kill "$run_pid" 2>/dev/null || true
  clear_room
}

# ---- bytes of a file ----

@test "a file beyond the limit of its size is named once, and the others are copied" {
  local n
  mkdir src
  head -c 300000 /dev/zero | tr '\0' x >src/big
  head -c 200000 /dev/urandom >src/big2
  echo small >src/small
  for n in 1 4; do
    rm -rf dst
    run -1 bash -c 'ulimit -f 100; exec "$PCOPY" --stats -j "$1" src dst' bash "$n"
    [ "$(grep -c 'big: .*File too large' <<<"$output")" -eq 1 ]
    [ "$(grep -c 'big2: .*File too large' <<<"$output")" -eq 1 ]
    fails grep died <<<"$output"
    [ "$(cat dst/small)" = small ]
    [ -z "$(find dst -name 'big*' -o -name '.pcopy.*')" ]
  done
}

@test "a file that is written in place may be beyond the limit, too" {
  mkdir src dst
  head -c 300000 /dev/zero | tr '\0' x >src/big
  echo old >dst/big
  echo small >src/small
  run -1 bash -c 'ulimit -f 100; exec "$PCOPY" --stats --inplace src dst'
  [[ $output == *'big: '*'File too large'* ]]
  fails grep died <<<"$output"
  [ "$(cat dst/small)" = small ]
}

@test "commands die of the limit of a file's size as they do elsewhere" {
  run -1 bash -c 'ulimit -f 8
    echo big | "$PCOPY" --each -a - -- dd if=/dev/zero of={} bs=64k count=4'
  [[ $output == *'killed by signal 25'* ]]
}

# ---- processors ----

# Runs a command in a group that may use so much of 100 ms of a processor.
with_quota() { # MICROSECONDS COMMAND...
  unshare -m bash -c '
    quota=$1; shift
    mount -t tmpfs none /sys/fs/cgroup && mkdir /sys/fs/cgroup/job || exit 99
    mkdir /sys/fs/cgroup/job/of
    echo "0::/job/of" >groups
    echo "30 21 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw" >mounts
    echo "max 100000" >/sys/fs/cgroup/job/of/cpu.max
    echo "$quota 100000" >/sys/fs/cgroup/job/cpu.max
    mount --bind groups "/proc/$$/cgroup"
    mount --bind mounts "/proc/$$/mountinfo"
    exec "$@"' bash "$@"
}

n_jobs_at_a_time() { # MICROSECONDS [ARG]...
  local quota=$1
  shift
  seq 12 >list
  with_quota "$quota" "$PCOPY" --each "$@" -a list -s \
    'mkdir run.$$; ls -d run.* | wc -l; sleep 0.02; rmdir run.$$' |
    sort -n | tail -1
}

@test "by default there are as many jobs as a quota of a group above allows" {
  need_mounts
  [ "$(nproc)" -ge 2 ] || skip "needs two processors"
  with_quota 100000 true || skip "may not mount"
  [ "$(n_jobs_at_a_time 100000)" -eq 1 ]
  [ "$(n_jobs_at_a_time 30000)" -eq 1 ]
  # Half of the processors that the quota is worth.
  [ "$(n_jobs_at_a_time 200000 -j 50%)" -eq 1 ]
  # What is asked for is done.
  [ "$(n_jobs_at_a_time 100000 -j 3)" -gt 1 ]
}

@test "--memfree waits until a group has memory" {
  need_mounts
  seq 3 >list
  unshare -m bash -c '
    mount -t tmpfs none /sys/fs/cgroup || exit 99
    echo "30 21 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw" >mounts
    echo 3000000 >/sys/fs/cgroup/memory.max
    echo 2500000 >/sys/fs/cgroup/memory.current
    printf "anon 1\ninactive_file 0\n" >/sys/fs/cgroup/memory.stat
    mount --bind mounts "/proc/$$/mountinfo" || exit 99
    touch ready
    exec "$PCOPY" --each --memfree 1M -a list -- \
      sh -c "echo \$1 >>ran" sh' &
  run_pid=$!
  until [ -e ready ]; do kill -0 "$run_pid" || skip "may not mount"; done
  read -r -t 0.3 <> <(:) || true
  [ ! -e ran ]
  printf 'anon 1\ninactive_file 2000000\n' >stat
  nsenter -t "$run_pid" -m cp "$ROOM/stat" /sys/fs/cgroup/memory.stat
  wait "$run_pid"
  [ "$(wc -l <ran)" -eq 3 ]
}

# ---- processes ----

# Words to put before a command that may have so many processes, as a user of
# whom there are no other ones, dead ones included.
few_processes() { # N
  local user=$((100000 + RANDOM * 16 + RANDOM % 16))
  few=(setpriv "--reuid=$user" "--regid=$user" --clear-groups
    bash -c 'ulimit -u "$1"; shift; exec "$@"' bash "$1")
}

@test "workers that cannot be started are missed once, and the rest copies all" {
  need_root
  mkdir src dst
  chmod 777 dst
  seq 200 | (cd src && xargs touch)
  few_processes 4
  run -0 "${few[@]}" "$PCOPY" --stats -j 8 src dst/x
  [ "$(grep -c 'workers: only 3 of 8 could be started: ' <<<"$output")" -eq 1 ]
  diff -r src dst/x
}

@test "without a single worker the master copies, and hears signals" {
  need_plain_build
  need_root
  mkdir -p src/a/b/c dst
  chmod 777 dst
  for dir in src src/a src/a/b src/a/b/c; do
    seq 100 | (cd "$dir" && xargs touch)
  done
  ln src/a/1 src/a/b/link
  head -c 3000000 /dev/urandom >src/a/big
  few_processes 1
  run -0 "${few[@]}" "$PCOPY" --stats -j 4 src dst/x
  [[ $output == *'workers: only 0 of 4 could be started: '* ]]
  diff -r src dst/x
  [ dst/x/a/1 -ef dst/x/a/b/link ]
  # Where workers would walk, too.
  few_processes 1
  run -0 "${few[@]}" "$BUILD/tests/refuse" fstatfs=ENOSYS -- \
    "$PCOPY" --stats src dst/y
  diff -r src dst/y

  truncate -s 2G src/huge
  local status=0
  few_processes 1
  "${few[@]}" "$PCOPY" --stats --sparse=never -q src dst/z 2>/dev/null &
  run_pid=$!
  until [ -d dst/z ]; do kill -0 "$run_pid"; done
  kill -TERM "$run_pid"
  wait "$run_pid" || status=$?
  [ "$status" -eq 143 ]
}

@test "--each waits for processes instead of failing items" {
  need_root
  seq 60 >list
  for n in 12 11 5 3; do
    few_processes "$n"
    run -0 --separate-stderr "${few[@]}" "$PCOPY" --each -q -j 10 \
      -a list -- perl -e 'select undef, undef, undef, 0.01; print "$ARGV[0]\n"' {}
    [ "$(sort -n <<<"$output")" = "$(cat list)" ]
    [ "$(grep -c '^pcopy: workers: ' <<<"$stderr")" -eq 1 ]
  done
}

@test "a stop signal ends the wait for a process" {
  need_root
  local status=0
  seq 5 >list
  few_processes 2
  "${few[@]}" "$PCOPY" --each -q -j 2 -a list -- sleep 60 2>err &
  run_pid=$!
  until grep -q 'only 1 of 2' err 2>/dev/null; do kill -0 "$run_pid"; done
  kill -TERM "$run_pid"
  wait "$run_pid" || status=$?
  [ "$status" -eq 143 ]
}

@test "a program that is written just now is waited for" {
  cp "$(type -P true)" program
  exec 7>>program
  seq 3 >list
  "$PCOPY" --each -q -j 2 -a list -- ./program 2>err 7>&- &
  run_pid=$!
  read -r -t 0.2 <> <(:) || true
  exec 7>&-
  wait "$run_pid"
  [ ! -s err ]
}

@test "as many workers start as there are items" {
  need_strace
  seq 3 >list
  strace -f -qq -o trace -e trace=clone,clone3,fork,vfork \
    "$PCOPY" --each -q -j 200 -a list -- true
  # A worker and a command for each.
  [ "$(grep -cE '(clone|fork).* = [0-9]+$|resumed.* = [0-9]+$' trace)" -le 6 ]
}

# ---- descriptors ----

@test "--each runs fewer at a time where descriptors are few" {
  seq 50 >list
  for n in 64 40 32; do
    run -0 --separate-stderr bash -c 'ulimit -n "$1"
      exec "$PCOPY" --each -q -j 40 -a list -- echo {}' bash "$n"
    [ "$(sort -n <<<"$output")" = "$(cat list)" ]
    [[ $stderr == 'pcopy: jobs: only '*' of 40 at a time: Too many open files' ]]
  done
}

@test "ten directories in each other are copied with 32 descriptors" {
  mkdir -p src/1/2/3/4/5/6/7/8/9/10
  for dir in src src/1/2/3/4/5 src/1/2/3/4/5/6/7/8/9/10; do
    seq 50 | (cd "$dir" && xargs touch)
  done
  run -0 bash -c 'ulimit -n 32; exec "$PCOPY" -q -j 4 src dst'
  [[ $output == 'pcopy: workers: only '?' of 4 at a time: Too many open files' ]]
  diff -r src dst
}

@test "commands have the limit of descriptors that pcopy was given" {
  seq 4 >list
  ulimit -Sn 200
  run -0 "$PCOPY" --each -q -j 100 -a list -s 'ulimit -n'
  [ "$(sort -u <<<"$output")" = 200 ]
}

# ---- calls that are refused ----

@test "where a call for waiting is refused there is a second way" {
  mkdir src
  seq 100 | (cd src && xargs touch)
  seq 3 >list
  for refused in poll=EPERM poll=ENOSYS waitid=EPERM waitid=ENOSYS \
    pidfd_open=EPERM pidfd_open=EACCES pidfd_send_signal=EPERM \
    epoll_wait=ENOSYS; do
    rm -rf dst
    run -0 "$BUILD/tests/refuse" "$refused" -- "$PCOPY" --stats -q -j 3 src dst
    [ -z "$output" ]
    diff -r src dst
    run -0 "$BUILD/tests/refuse" "$refused" -- \
      "$PCOPY" --each -q -j 2 -a list -- echo {}
    [ "$(sort <<<"$output")" = "$(cat list)" ]
  done
}

# ---- readers ----

@test "a standard error that would block loses no message" {
  mkdir dst
  touch there
  seq -f 'none%05g-with-a-long-name-to-fill-the-pipe' 2000 >names
  {
    status=0
    # The flag belongs to the pipe, whoever shares it.
    # shellcheck disable=SC2046
    perl -MFcntl -e 'fcntl STDERR, F_SETFL, O_WRONLY | O_NONBLOCK; exec @ARGV' \
      "$PCOPY" there $(cat names) dst/ 2>&1 || status=$?
    echo "$status" >status
  } | { read -r -t 0.3 <> <(:) || true; cat >err; }
  [ "$(cat status)" -eq 1 ]
  [ "$(grep -c '^pcopy: none.*: No such file' err)" -eq 2000 ]
}

@test "a reader that does not read leaves signals alive" {
  local arguments status
  mkdir src
  (cd src && seq -f 'file%05g-with-a-long-name-to-fill-the-pipe' 3000 | xargs touch)
  seq 3000 >list
  mkfifo fifo
  exec 7<>fifo
  for arguments in '-v src dst' '-n src dst' '--each -a list -- printf %100d {}' \
    '--each -a list -- ls /nowhere/{}'; do
    rm -rf dst
    status=0
    # shellcheck disable=SC2086
    "$PCOPY" $arguments >fifo 2>fifo 7>&- &
    run_pid=$!
    # It has written and waits: the pipe is full.
    until perl -e 'vec($w, 7, 1) = 1; open F, ">&=7"; exit(select(undef, $w, undef, 0) > 0)'; do
      kill -0 "$run_pid"
    done
    kill -TERM "$run_pid"
    wait "$run_pid" || status=$?
    [ "$status" -eq 143 ]
    timeout 0.2 cat <&7 >/dev/null || true
  done
}

# ---- signals ----

# Until the process has read the SIGTERM that it was sent.
heard() { # PID
  local pending
  until pending=$(awk '/^ShdPnd/ { print $2 }' "/proc/$1/status") &&
    [ $((0x$pending & 1 << 14)) -eq 0 ]; do
    kill -0 "$1"
  done
}

n_wakes() { # PID
  awk '/ctxt_switches/ { n += $2 } END { print n }' "/proc/$1/status"
}

@test "after a first signal the master sleeps while a worker does not move" {
  local worker status=0
  # More jobs than the queue takes.
  for n in {1..40}; do
    mkdir -p "src/$n"
    truncate -s 2G "src/$n/huge"
  done
  "$PCOPY" -j 2 --queue-depth 1 --sparse=never --reflink=never src dst 2>err &
  run_pid=$!
  until [ -d dst ] && worker=$(pgrep -o -P "$run_pid"); do
    kill -0 "$run_pid"
  done
  kill -STOP "$worker"
  kill -TERM "$run_pid"
  heard "$run_pid"
  before=$(n_wakes "$run_pid")
  read -r -t 0.5 <> <(:) || true
  # The timer of the progress line wakes it ten times a second.
  [ $(($(n_wakes "$run_pid") - before)) -lt 100 ]
  kill -TERM "$run_pid"
  wait "$run_pid" || status=$?
  [ "$status" -eq 143 ]
  [ -z "$(find dst -name '.pcopy.*')" ]
}
