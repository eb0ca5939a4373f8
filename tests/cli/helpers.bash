# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# What the .bats files share:
#
#     load helpers              (from another directory: load ../cli/helpers)
#     setup() { make_room; }
#     teardown() { clear_room; }
#
# A test starts in an empty directory of its own, $ROOM, that any user may
# enter. $PCOPY is the program and $BUILD the build directory, as ctest says or
# of the dev preset. A test that leaves a file name in no quotes means a name
# without blanks.

bats_require_minimum_version 1.5.0
export LC_ALL=C.UTF-8
# The limit of time is ctest's: the one of bats 1.8 now and then leaves a sleep
# behind that holds the output open until it ends.
unset BATS_TEST_TIMEOUT
umask 022

HELPERS=$(cd "${BASH_SOURCE[0]%/*}" && pwd)
BUILD=${BUILD:-$HELPERS/../../build/dev}
PCOPY=${PCOPY:-$BUILD/pcopy}
PTYRUN=$BUILD/tests/ptyrun

make_room() {
  ROOM=$(mktemp -d "${TMPDIR:-/tmp}/pcopy-test.XXXXXX")
  chmod 755 "$ROOM"
  [ -z "$FAR" ] || go_far
  cd "$ROOM" || return
  # A build may be where nobody but root can go, such as in his home.
  if is_root && ! as_user test -x "$PCOPY" 2>/dev/null; then
    install "$PCOPY" "$ROOM.pcopy"
    PCOPY=$ROOM.pcopy
  fi
}

# A file system that does not say what it is counts as far away, so that the
# workers walk: with FAR=1 all of pcopy's do not. Beside $ROOM, where any user
# may run it.
go_far() {
  mkdir -m 755 "$ROOM.far"
  cp "$PCOPY" "$ROOM.far/near"
  cp "$BUILD/tests/refuse" "$ROOM.far"
  PCOPY=$ROOM.far/pcopy
  printf '#!/bin/sh\nexec %s fstatfs=ENOSYS -- %s "$@"\n' \
    "$ROOM.far/refuse" "$ROOM.far/near" >"$PCOPY"
  chmod 755 "$PCOPY"
}

clear_room() {
  cd / || return
  chmod -R u+rwX "$ROOM" 2>/dev/null || true
  rm -rf "$ROOM" "$ROOM.pcopy" "$ROOM.far"
}

# What somebody copies from the page as man(1) shows it: the examples, a line
# each.
rendered_examples() { # PAGE
  need mandoc
  mandoc -T utf8 "$HELPERS/../../$1" | col -bx |
    sed -n '/^EXAMPLES/,/^[B-DF-Z]/s/^ \{11\}//p'
}

# ---- conditions ----

is_root() {
  [ "$(id -u)" -eq 0 ]
}

need_root() {
  is_root || skip "needs root"
}

need() { # COMMAND...
  local name
  for name; do
    command -v "$name" >/dev/null || skip "needs $name"
  done
}

# Tracing may be forbidden in a container.
need_strace() {
  need strace
  strace -o /dev/null true 2>/dev/null || skip "may not trace"
  # LeakSanitizer does not run under ptrace.
  export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0
}

# Sanitizers want /proc, and more than some limits allow.
need_plain_build() {
  ! grep -qa __asan_init "$PCOPY" || skip "not with sanitizers"
}

# A mount name space of its own, for file systems that vanish with the test.
need_mounts() {
  need_root
  unshare -m true 2>/dev/null || skip "may not mount"
}

need_space() { # DIR MIB
  local free
  free=$(df --output=avail -m "$1" | tail -1)
  [ "$free" -ge "$2" ] || skip "needs $2 MiB in $1"
}

# ---- running ----

# "! command" alone does not make a test fail.
fails() { # COMMAND [ARG]...
  ! "$@"
}

# Runs a command without privileges: as nobody if this is root.
as_user() { # COMMAND [ARG]...
  if is_root; then
    setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
  else
    "$@"
  fi
}

# Runs pcopy under a terminal so many columns wide; what it printed goes to
# the standard output.
on_terminal() { # COLUMNS [ARG]...
  local columns=$1
  shift
  "$PTYRUN" -w "$columns" "$PCOPY" "$@"
}

# Words to put before a command (mapfile -t words < <(slowly 20)): it publishes
# each file so many milliseconds late, or makes other system calls so, which
# makes a run long without much data. Leaks are not looked for, as that cannot
# be done under a tracer.
slowly() { # MILLISECONDS [CALLS]
  local calls=${2:-linkat,renameat,renameat2}
  printf '%s\n' env ASAN_OPTIONS=detect_leaks=0 \
    strace -DDD -f -qq -o /dev/null \
    -e trace="$calls" -e inject="$calls:delay_exit=${1}000"
}

# ---- trees ----

# A small tree of every type that is copied, with odd names and times.
make_tree() { # DIR
  mkdir -p "$1/sub/deeper" "$1/empty"
  printf 'one\n' >"$1/one"
  printf 'two\n' >"$1/sub/two"
  head -c 300000 /dev/zero | tr '\0' x >"$1/sub/deeper/big"
  : >"$1/sub/nothing"
  : >"$1/$(printf 'new\nline')"
  : >"$1/$(printf 'not \377 utf8')"
  : >"$1/ü 中"
  ln -s ../one "$1/sub/link"
  ln -s /nowhere "$1/dangling"
  chmod 640 "$1/one"
  chmod 2755 "$1/sub"
  touch -hd '2001-02-03 04:05:06.123456789' "$1/sub/link" "$1/sub/two"
  touch -d '2002-02-03 04:05:06.5' "$1/empty" "$1/sub"
}

# So many small files in 10 directories.
make_files() { # DIR N
  local i
  for i in 0 1 2 3 4 5 6 7 8 9; do
    mkdir -p "$1/$i"
    (cd "$1/$i" && seq "$(($2 / 10))" | xargs touch)
  done
}

# Fails, and shows how, unless two trees are the same to rsync: content, type,
# mode, owner, times in nanoseconds, links, and nothing beyond.
same_tree() { # SRC DST
  local differs
  differs=$(rsync -aniH --delete --checksum --modify-window=-1 \
    "$1/" "$2/" 2>&1)
  [ -z "$differs" ] || {
    printf '%s and %s differ:\n%s\n' "$1" "$2" "$differs"
    return 1
  }
}

# ---- what was printed ----

# The lines of a progress output, in place or not, one a line.
drawn() { # FILE
  tr '\r' '\n' <"$1" | grep -aE '^ *~?[0-9]+\.[0-9]{2} %'
}

# The percentages in it, in hundredths.
percents() { # FILE
  drawn "$1" | sed -E 's/^ *~?([0-9]+)\.([0-9]{2}) %.*/\1\2/; s/^0+(.)/\1/'
}

# What is left on the screen, blanks at the ends of lines taken off: a carriage
# return goes back to the first column, and what follows overwrites. For text
# of one byte a column.
screen() { # FILE
  awk '{
    n = split($0, parts, "\r")
    line = ""
    for (i = 1; i <= n; i++)
      line = parts[i] substr(line, length(parts[i]) + 1)
    sub(/ +$/, "", line)
    if (line != "") print line
  }' "$1"
}
