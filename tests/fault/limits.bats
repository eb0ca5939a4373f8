#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016 # scripts for other shells
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
    run -1 bash -c 'ulimit -f 100; exec "$PCOPY" -j "$1" src dst' bash "$n"
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
  run -1 bash -c 'ulimit -f 100; exec "$PCOPY" --inplace src dst'
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
