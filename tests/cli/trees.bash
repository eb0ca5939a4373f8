# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# What the tests of copying share besides helpers.bash: a tree with something
# of everything, ways to compare, and waiting for something to be seen.

# shellcheck source=tests/cli/helpers.bash
. "${BASH_SOURCE[0]%/*}/helpers.bash"
export PCOPY BUILD

tool() { # NAME ARG...
  "$BUILD/tests/$1" "${@:2}"
}

# Under a tracer leaks cannot be looked for.
need_tracer() {
  need_strace
}

need_seccomp() {
  tool refuse openat2=ENOSYS -- true 2>/dev/null ||
    skip "may not filter system calls"
}

# A file of that many bytes, the same for the same name.
make_bytes() { # FILE SIZE
  (
    set +o pipefail
    yes "$1 of $2 bytes, all of them like this" | head -c "$2" >"$1"
  )
}

# A tree with something of everything. As root with owners and devices too.
make_varied_tree() { # DIR
  mkdir -p "$1/dir/below/deeper" "$1/empty dir" "$1/closed" "$1/shared" "$1/ro"
  (
    cd "$1" || exit 1
    : >empty
    echo small >small
    make_bytes one-buffer 262144
    make_bytes buffer-and-more 262145
    make_bytes large 3000000
    truncate -s 10M holes
    printf middle | dd of=holes bs=1 seek=5000000 conv=notrunc status=none
    for i in {1..150}; do
      echo "$i" >"dir/file $i"
    done
    echo x >dir/below/x
    echo y >dir/below/deeper/y
    echo secret >closed/secret
    echo ro >ro/file
    ln -s small link
    ln -s /nonexistent/absolute dangling
    ln -s .. dir/up
    ln -s loop loop
    mkfifo fifo
    ln large 'dir/large, too'
    ln dir/below/x dir/below/deeper/x
    ln dir/below/x closed/x
    ln -P dangling dir/dangling
    ln fifo dir/fifo
    echo 1 >-rf
    echo 2 >$'new\nline'
    echo 3 >$'\e[31mred'
    echo 4 >$'bad\xff\xfeutf8'
    echo 5 >"$(printf 'n%.0s' {1..255})"
    setfattr -n user.colour -v blue small 2>/dev/null
    setfattr -n user.colour -v green dir 2>/dev/null
    setfacl -m u:1234:r small 2>/dev/null
    if is_root; then
      chown 1234:2345 small dir/below 'dir/file 7'
      chown -h 1234:2345 link
      mknod device c 1 3 2>/dev/null
    fi
    chmod 4755 'dir/file 1'
    chmod 2755 'dir/file 2'
    chmod 0444 'dir/file 3'
    chmod 0600 large
    chmod 0777 'dir/file 4'
    chmod 2775 shared
    chmod 1777 'empty dir'
    # Before 1970, after 2038, and always with nanoseconds.
    touch -d '1931-05-06 07:08:09.123456789' 'dir/file 5'
    touch -d '1969-12-31 23:59:59.999999999 UTC' 'dir/file 6'
    touch -d '2045-01-02 03:04:05.000000001' 'dir/file 7'
    touch -h -d '2001-02-03 04:05:06.700800900' link dangling
    touch -a -d '2002-03-04 05:06:07.080900100' small
    touch -m -d '2003-04-05 06:07:08.090100200' small
    touch -d '1935-01-01 00:00:00.000000007' dir/below
    touch -d '2050-01-01 00:00:00.000000008' 'empty dir' dir
    chmod 0700 closed
    chmod 0555 ro
    touch -d '1999-12-31 23:59:59.5' .
  ) || return 1
}

# Removes trees, also those with directories that are not to be written.
remove() { # DIR...
  chmod -Rf u+rwx "$@" || true
  rm -rf "$@"
}

# Fails, and says how, unless DST is what a faithful copy of SRC is.
same_copy() { # SRC DST
  same_list "$1" "$2"
  rsync -aniHAX --delete --checksum --modify-window=-1 "$1/" "$2/" >rsync.out
  head -n 20 rsync.out
  [ ! -s rsync.out ]
  rm -f rsync.out
}

# The same without rsync, which reads and so changes access times; with -a
# these are compared, too.
same_list() { # [-a] SRC DST
  local option=()

  if [ "$1" = -a ]; then
    option=(-a)
    shift
  fi
  tool treelist "${option[@]}" "$1" >src.list
  tool treelist "${option[@]}" "$2" >dst.list
  diff src.list dst.list | head -n 20 >list.diff
  cat list.diff
  [ ! -s list.diff ]
  rm -f src.list dst.list list.diff
}

# Nothing that was not published is left anywhere below DIR.
no_litter() { # DIR
  run -0 find "$1" -name '.pcopy.*'
  [ -z "$output" ]
}

has_litter() { # DIR
  [ -n "$(find "$1" -name '.pcopy.*')" ]
}

# Waits until a command succeeds; fails when it never does.
wait_until() {
  local i

  for ((i = 0; i < 6000; i++)); do
    if "$@" >/dev/null 2>&1; then
      return 0
    fi
    sleep 0.01
  done
  echo "this never came true: $*"
  return 1
}

# The number in front of WORD in a summary ("1,234 copied, ..."); 0 if none.
count_of() { # WORD TEXT
  local n

  n=$(grep -oE "[0-9,]+ $1" <<<"$2" | tail -n 1 | tr -dc 0-9)
  echo "${n:-0}"
}

# ---- runs that are met half way ----

# Starts pcopy in the background, whose CALLS (linkat,renameat) come that much
# late, or return late with DELAY=delay_exit; behind the words in $WRAP. Sets
# pid. What it says goes to out and err.
WRAP=()
start_late() { # MILLISECONDS CALLS ARG...
  env --default-signal=INT,TERM,HUP strace -DDD -f -qq -o trace \
    -e trace="$2" -e inject="$2:${DELAY:-delay_enter}=${1}000" \
    "${WRAP[@]}" "$PCOPY" --stats "${@:3}" >out 2>err 3>&- &
  pid=$!
}

# Starts it so that each of its processes is stopped when it has made CALL, every
# time or, with ":when=N", the Nth time: no moment can be missed.
start_stopped() { # CALL ARG...
  local call=${1%%:*}

  : >trace
  env --default-signal=INT,TERM,HUP strace -DDD -f -qq -o trace \
    -e trace="$call${TRACED:+,$TRACED}" \
    -e inject="$call:signal=STOP${1#"$call"}" \
    "${WRAP[@]}" "$PCOPY" --stats "${@:2}" >out 2>err 3>&- &
  pid=$!
}

# How often one of them was stopped.
n_stops() {
  grep -c 'stopped by SIGSTOP' trace || true
}

has_stopped() { # [N]: times at least
  [ "$(n_stops)" -ge "${1:-1}" ]
}

# Continues whatever is stopped, until all has ended.
go_on() {
  while kill -0 "$pid" 2>/dev/null; do
    # shellcheck disable=SC2046
    kill -CONT "$pid" $(workers "$pid") 2>/dev/null || true
    sleep 0.01
  done
}

# For teardown: nothing stays behind when a test has failed half way.
kill_started() {
  local one

  # shellcheck disable=SC2046
  for one in ${pid:+$(workers "$pid")} ${pids-} ${pid-}; do
    if [ "$(readlink "/proc/$one/exe")" = "$(readlink -f "$PCOPY")" ]; then
      kill -KILL "$one" 2>/dev/null || true
    fi
  done
}

# Waits for it; fails unless it ended so.
ended() { # STATUS
  local status=0

  wait "$pid" || status=$?
  [ "$status" -eq "$1" ] || {
    echo "ended with $status, not $1:"
    cat err
    return 1
  }
}

workers() { # PID
  # Not the tracer, which starts as a child, too.
  ps -o pid=,comm= --ppid "$1" | awk '$2 ~ /^worker/ { print $1 }'
}

has_workers() { # PID
  [ -n "$(workers "$1")" ]
}

# Waits until none of the processes is left.
wait_gone() { # PID...
  local one

  for one; do
    wait_until fails kill -0 "$one"
  done
}

# How many regular files are under DIR.
n_files() { # DIR
  find "$1" -type f | wc -l
}

has_files() { # DIR [N]: as many at least
  [ "$(n_files "$1")" -ge "${2:-1}" ]
}

# What is in DST under a name of SRC is whole.
no_half_files() { # SRC DST
  local file

  find "$2" -type f ! -name '.pcopy.*' -printf '%P\n' >published
  while IFS= read -r file; do
    cmp "$1/$file" "$2/$file"
  done <published
}
