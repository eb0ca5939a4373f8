#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# That the file system with quirks has them, seen without pcopy.

load ../cli/helpers
load ../tools/quirks

setup() {
  make_room
}

teardown() {
  clear_quirk
  clear_room
}

gives() { # TEXT COMMAND [ARG]...
  local text=$1 output
  shift
  output=$("$@" 2>&1) || true
  [[ $output == *"$text"* ]] || {
    printf '%s: %s\n' "$*" "$output"
    return 1
  }
}

@test "without quirks it is the directory that it shows" {
  need rsync
  make_tree back
  quirk
  same_tree back m
  cp -a m/sub m/again
  same_tree m/sub back/again
  mkfifo m/fifo
  ln m/one m/link
  [ "$(stat -c %i m/one)" = "$(stat -c %i m/link)" ]
  mv m/link m/fifo
  [ ! -p back/fifo ]
}

@test "operations are refused, by pattern or all" {
  quirk chmod=EPERM utimens=ENOSYS link=EOPNOTSUPP 'unlink=EACCES@*/kept' \
    'read=EIO@*/bad' rmdir=ignore
  : >m/one
  : >m/kept
  echo x >m/bad
  gives 'not permitted' chmod 600 m/one
  gives 'not supported' ln m/one m/two
  gives 'not implemented' touch -d 2001-01-01 m/one
  gives 'Permission denied' rm -f m/kept
  gives 'Input/output' cat m/bad
  rm m/one
  mkdir m/dir
  rmdir m/dir
  [ -d back/dir ]
}

@test "a quirk that is none is refused" {
  need_quirks
  mkdir back m
  gives 'no such quirk: nosuch' "$QUIRK_PYTHON" "$QUIRKFS" back m nosuch
}

@test "times are kept in steps" {
  quirk s1
  touch -d '2001-02-03 04:05:06.7' m/file
  [ "$(stat -c %.Y m/file)" = "$(date -d '2001-02-03 04:05:06' +%s.00)" ] ||
    [ "$(stat -c %Y.0 m/file)" = "$(stat -c %.1Y m/file)" ]
  clear_quirk
  quirk s2
  touch -d '1970-01-02' m/old
  [ "$(stat -c %y m/old | cut -d- -f1)" = 1980 ]
  touch -d '2001-02-03 04:05:07' m/odd
  [ "$(($(stat -c %Y m/odd) % 2))" = 0 ]
  [ "$(($(stat -c %X m/odd) % 86400))" = 0 ]
}

@test "names meet when case or form is folded" {
  quirk casefold normalize
  echo 1 >m/Name
  echo 2 >m/nAME
  [ "$(ls back)" = Name ]
  [ "$(cat m/NAME)" = 2 ]
  python3 -c 'import os; os.rename("m/NAME", "m/name")'
  [ "$(ls back)" = name ]
  touch "m/$(printf '\xc3\xbc')" "m/$(printf 'u\xcc\x88')"
  [ "$(find back -type f | wc -l)" = 2 ]
}

@test "inode numbers are no proof" {
  quirk newino
  touch m/a m/b
  [ "$(stat -c %i m/a)" != "$(stat -c %i m/a)" ]
  clear_quirk
  quirk sameino
  [ "$(stat -c %i:%h m/a)" = "$(stat -c %i:%h m/b)" ]
  clear_quirk
  quirk linkino
  ln m/a m/c
  [ "$(stat -c %i m/a)" != "$(stat -c %i m/c)" ]
  clear_quirk
  quirk loop looptop
  mkdir m/d
  [ -f m/d/loop/top/loop/a ]
  [ "$(stat -c %i m/d/loop)" = "$(stat -c %i m/d)" ]
}

@test "what was written is lost when it is closed" {
  quirk lateclose=EDQUOT
  gives 'quota exceeded' dd if=/dev/zero of=m/file bs=1 count=1
}

@test "a read that never ends is ended with the server" {
  quirk hang
  echo x >back/file
  cat m/file >/dev/null 2>&1 3>&- &
  clear_quirk
  ! wait $! || false
}

@test "the rest" {
  quirk badxattr=E2BIG nosymlink nospecial badnames norenameover twice ghost
  touch m/a m/b
  gives 'too long' getfattr -n user.bad m/a
  gives 'not permitted' ln -s a m/link
  gives 'not permitted' mkfifo m/fifo
  gives 'Invalid argument' touch m/a:b
  gives 'File exists' mv m/a m/b
  [ "$(find m -maxdepth 1 -name a 2>/dev/null | wc -l)" = 2 ]
  gives 'No such file' stat m/ghost
  clear_quirk
  quirk fixed zerosize shortread flip full=3
  gives 'No space' dd if=/dev/zero of=m/full bs=4 count=1
  echo abc >back/a
  chmod 600 m/a
  [ "$(stat -c %a:%s m/a)" = 755:0 ]
  [ "$(cat m/a)" = '`bc' ]
}
