# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# For the tests that spoil a good copy in one respect at a time: the oracles
# that can must see it, so that no test passes by not looking, and an update run
# must mend it.

# shellcheck source=tests/fidelity/mounts.bash
. "${BASH_SOURCE[0]%/*}/mounts.bash"

# From here on dst is a good copy of src.
copied_src() {
  n_bad=0
  describe src seen
  run -0 "$PCOPY" --stats src dst
  same_to_all src seen dst
}

copied() { # TYPE
  mount_new "$1" a
  cd a || return
  "$MAKETREE" -s src >/dev/null
  copied_src
}

bad() { # WHAT
  echo "$1"
  n_bad=$((n_bad + 1))
}

# Runs COMMAND, which spoils dst: just these oracles see that.
spoilt() { # ORACLES COMMAND [ARG]...
  local saw

  "${@:2}" || bad "cannot spoil: ${*:2}"
  describe dst now
  saw=$(seen_by src seen dst now)
  saw=${saw//$'\n'/ }
  [ "$saw" = "$1" ] || {
    bad "${*:2}: seen by '$saw', not by '$1'"
    cat -v seen.txt
  }
}

# The next run puts dst right, to two of the oracles that saw that it was not;
# all are asked in the end.
mended() { # ORACLES [OPTION]...
  local -a saw

  read -ra saw <<<"$1"
  shift
  run "$PCOPY" --stats "$@" src dst
  [ "$status" -eq 0 ] || bad "status $status: $output"
  same_to_all src seen dst "${saw[@]:0:2}" ||
    bad "not mended by: pcopy $*"
}

# Both.
check() { # ORACLES COMMAND [ARG]...
  spoilt "$@"
  mended "$1"
}

none_bad() {
  same_to_all src seen dst
  run -0 "$PCOPY" --stats src dst
  [[ $output == *'pcopy: 0 copied, '* && $output != *mended* ]]
  [ "$n_bad" -eq 0 ]
}

with_mtime_of() { # ENTRY COMMAND [ARG]...: which changes it
  local times
  times=$(stat -c '@%.9X @%.9Y' "$1")
  "${@:2}" || return
  touch -h -a -d "${times% *}" "$1"
  touch -h -m -d "${times#* }" "$1"
}

# ---- ways to spoil, each in nothing but its own respect ----

flip_byte() { # FILE
  printf '#' | dd of="$1" bs=1 conv=notrunc status=none
}

add_ns() { # ENTRY
  touch -h -m -d "@$(stat -c %.9Y "$1" | awk -F. '{
    printf "%s.%09d", $1, $2 + 1 }')" "$1"
}

# Something else under the same name, with the same times.
replace_now() { # ENTRY COMMAND [ARG]...: the entry is the last argument
  rm -r "$1"
  "${@:2}" "$1"
}

replace() { # ENTRY COMMAND [ARG]...
  local times

  times=$(stat -c '@%.9X @%.9Y' "$1")
  with_mtime_of "$(dirname "$1")" replace_now "$@"
  touch -h -a -d "${times% *}" "$1"
  touch -h -m -d "${times#* }" "$1"
}

break_link_now() { # ENTRY
  cp -a "$1" "$1.new"
  mv "$1.new" "$1"
}

break_link() { # ENTRY
  with_mtime_of "$(dirname "$1")" break_link_now "$1"
}

# The second becomes another name of the first.
join() { # ENTRY ENTRY
  with_mtime_of "$(dirname "$2")" ln -fP "$1" "$2"
}

take_away() { # ENTRY
  with_mtime_of "$(dirname "$1")" rm -rf "$1"
}

make_node() { # MODE TYPE MAJOR MINOR ENTRY
  mknod -m "$1" "$5" "$2" "$3" "$4"
}

make_socket() { # ENTRY
  python3 -c 'import os, stat, sys; os.mknod(sys.argv[1], stat.S_IFSOCK | 0o644)' \
    "$1"
}

make_file() { # ENTRY
  install -m 644 /dev/null "$1"
}
