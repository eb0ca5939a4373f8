#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# siege.bash LINKS STATE [OPTION]...: pcopy copies as root, over and over, while
# a swapper that runs as nobody exchanges entries of source and destination,
# which are nobody's; with LINKS other than 0 it may also link files of others,
# as if fs.protected_hardlinks were 0. With LINKS "still" there is no swapper
# and one run, of a source with a link to outside. STATE is what is made of the destination
# before each run: empty, older (files have another time) or wider (everything
# has mode 777). Ends with 1, and says why, when pcopy did what it must not do
# at any cost; see race.bats. Runs in the current directory, which is empty.
# shellcheck disable=SC2317 # most of it is called by way of the sentry
set -euo pipefail
bats_require_minimum_version() { :; } # this is not bats
# shellcheck source=tests/cli/trees.bash
. "$(dirname -- "${BASH_SOURCE[0]}")/../cli/trees.bash"

# Twice so long at least, each time beginning with whole trees.
: "${ATTACK_MS:=500}"

# Directories three deep with the same few names in each, so that whoever
# follows a link to another of them finds what he looks for.
make_prey() { # DIR TEXT
  local dir

  for dir in "$1" "$1"/{x,y} "$1"/{x,y}/{x,y}; do
    mkdir -p "$dir"
    (
      cd "$dir"
      for file in a b c; do
        echo "$2 $file" >"$file"
      done
      ln a h
      ln -s a l
      mkfifo p
      chmod 644 a
      chmod 600 b
      chmod 4755 c
      setfattr -n user.x -v 1 a 2>/dev/null || true
    )
  done
  make_bytes "$1/big" 300000
  # Same size, same time as what is linked to: an update takes it for current.
  find "$1" -type f -exec touch -d 2011-01-01 {} +
}

# One of everything that must not be touched.
make_outside() {
  mkdir outside linked
  echo CANARY >outside/open
  echo CANARY >outside/secret
  mkfifo outside/fifo
  mknod outside/device c 1 5 2>/dev/null || : >outside/device
  python3 -c 'import os; os.mknod("outside/socket", 0o140600)'
  make_prey outside/opendir CANARY
  make_prey outside/closeddir CANARY
  chmod 600 outside/secret outside/fifo outside/device
  chmod 700 outside/closeddir
  echo LINKED >linked/file
  touch -d '2011-01-01' linked/file
  chmod 640 linked/file
}

# All that can be said of it; of the file that is linked to, what linking does
# not change.
outside_state() {
  tool treelist outside
  find outside -printf '%p %i %n %C@\n' | sort
  stat -c '%f %u %g %s %y' linked/file
  getfattr -d -m - linked/file
  cat linked/file
}

# Makes work for the next run, while nothing moves: these tools go by paths.
change_dst() { # STATE SWAPPER
  local own=(find dst -mindepth 1 ! -samefile linked/file)

  kill -STOP "$2"
  wait_until grep -q '^State:.T' "/proc/$2/status"
  case $1 in
    empty) find dst -mindepth 1 -delete ;;
    older) "${own[@]}" -type f -exec touch -h -d 2001-01-01 {} + ;;
    wider) "${own[@]}" ! -type l -exec chmod 777 {} + ;;
    *) false ;;
  esac
  kill -CONT "$2"
}

# One run; what it says and how it ends must be what a run may say.
run_under_attack() { # [OPTION]...
  local status=0

  timeout -s KILL 60 "$PCOPY" --stats -j 3 "$@" src dst >out 2>&1 || status=$?
  case $status in
    0) ;;
    1 | 3) grep -q '^pcopy: [^:]*: .' out ;;
    *) false ;;
  esac || {
    echo "pcopy $*: status $status"
    cat out
    return 1
  }
  if grep -E 'Sanitizer|runtime error|died|bug|Assertion' out; then
    cat out
    return 1
  fi
}

# The swapper has been at it, some hundred times. It says so in lines.
has_swapped() {
  [ "$(wc -l <swaps)" -gt 3 ]
}

attack() { # LINKS STATE [OPTION]...
  local links=$1 state=$2 swapper end ok=true runs=0
  local words=(setpriv --reuid=65534 --regid=65534 --clear-groups)
  shift 2

  if [ "$links" = still ]; then
    rm -rf src dst
    mkdir -p src stash
    ln -s "$PWD/outside/open" src/link
    run_under_attack "$@"
    return
  fi
  if [ "$links" != 0 ]; then
    words+=(--inh-caps=+fowner --ambient-caps=+fowner
      "$BUILD/tests/swapper" -l linked/file)
  else
    words+=("$BUILD/tests/swapper")
  fi
  rm -rf src dst stash
  mkdir dst stash
  make_prey src prey
  [ "$state" = empty ] || cp -a src/. dst
  chown -hR 65534:65534 src dst stash
  "${words[@]}" stash "$PWD/outside" src dst >swaps &
  swapper=$!
  wait_until grep -q ready swaps
  end=$(($(date +%s%3N) + ATTACK_MS))
  while $ok && { [ "$(date +%s%3N)" -lt "$end" ] || ! has_swapped; }; do
    change_dst "$state" "$swapper"
    run_under_attack "$@" || ok=false
    runs=$((runs + 1))
  done
  kill "$swapper"
  wait "$swapper"
  echo "$runs runs, $(tail -n 1 swaps) exchanges"
  $ok
}

status=0
make_outside
before=$(outside_state)
export PATH BUILD PCOPY ATTACK_MS
export -f attack change_dst has_swapped run_under_attack make_prey make_bytes \
  wait_until
tool sentry outside -- bash -c 'attack "$@" && attack "$@"' attack "$@" ||
  status=1
diff <(echo "$before") <(outside_state) || status=1
if grep -rs -D skip CANARY src dst stash | grep .; then
  echo 'read outside'
  status=1
fi
exit "$status"
