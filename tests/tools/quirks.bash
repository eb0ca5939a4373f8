# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# shellcheck disable=SC2034  # QUIRK_PID is for the tests, too
# File systems with quirks, by FUSE, for one test at a time:
#
#     load ../cli/helpers
#     load ../tools/quirks
#     setup() { make_room; }
#     teardown() { clear_quirk; clear_room; }
#     quirk s1 nolink chmod=ENOSYS     (tests/tools/quirkfs.py lists them)
#
# The directory $ROOM/back is shown at $ROOM/m, to every user, with what was
# there before; what is in back is the truth. In tests/fidelity the mount is in
# a name space of its own and does not outlive even a killed test.

QUIRKFS=$(realpath "${BASH_SOURCE[0]%/*}")/quirkfs.py
QUIRK_PID=
QUIRK_PYTHON=

# The python3 that comes first may be one without the module.
quirk_python() {
  local python
  [ -z "$QUIRK_PYTHON" ] || return 0
  for python in /usr/bin/python3 python3; do
    if "$python" -c '
try: import fusepy
except ImportError: import fuse' 2>/dev/null; then
      QUIRK_PYTHON=$python
      return
    fi
  done
  return 1
}

need_quirks() {
  quirk_python || skip "needs python3-fusepy"
  if [ ! -r /dev/fuse ] || [ ! -w /dev/fuse ]; then
    skip "needs /dev/fuse"
  fi
}

quirk() { # QUIRK...
  local IFS=, line=
  need_quirks
  mkdir -p "$ROOM/back" "$ROOM/m"
  exec {QUIRK_FD}< <(
    exec "$QUIRK_PYTHON" "$QUIRKFS" "$ROOM/back" "$ROOM/m" "$*" \
      3>&- 2>"$ROOM.quirk"
  )
  QUIRK_PID=$!
  read -r line <&"$QUIRK_FD" || true
  exec {QUIRK_FD}<&-
  [ "$line" != ready ] || return 0
  line=$(cat "$ROOM.quirk")
  clear_quirk
  skip "may not mount by FUSE: $line"
}

# The server goes first: with it, whatever waits for it ends.
clear_quirk() {
  if [ -n "$QUIRK_PID" ]; then
    kill -KILL "$QUIRK_PID" 2>/dev/null || true
    wait "$QUIRK_PID" 2>/dev/null || true
    QUIRK_PID=
    umount -l "$ROOM/m" 2>/dev/null || fusermount -uz "$ROOM/m" || true
  fi
  rm -f "$ROOM.quirk"
}
