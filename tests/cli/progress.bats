#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The progress line, read from a real terminal or from a file.

load helpers

setup() {
  make_room
}

teardown() {
  clear_room
}

# The percentages of FILE never go back and end in one 100.00.
sound_percents() { # FILE
  local last=0 percent n_all=0
  percents "$1" >all-percents
  while read -r percent; do
    [ "$percent" -ge "$last" ]
    last=$percent
    [ "$percent" -lt 10000 ] || n_all=$((n_all + 1))
  done <all-percents
  [ "$last" -eq 10000 ]
  [ "$n_all" -eq 1 ]
}

# No line of FILE fills the terminal's last column.
fits() { # FILE COLUMNS
  ! tr '\r' '\n' <"$1" | grep -aqE ".{$2}"
}

@test "a terminal shows percentages that never go back and end in one 100.00" {
  make_files src 3000
  on_terminal 80 src dst -j 2 >out
  sound_percents out
  same_tree src dst
}

@test "a run of an instant shows 100.00, too" {
  mkdir src
  on_terminal 80 src dst >out
  sound_percents out
}

@test "the line moves while files are copied, and is redrawn in place" {
  need_strace
  make_files src 200
  mapfile -t late < <(slowly 20)
  "$PTYRUN" -w 80 "${late[@]}" "$PCOPY" src dst -j 2 >out
  sound_percents out
  [ "$(sort -u all-percents | wc -l)" -ge 5 ]
  # One line of text: the summary.
  [ "$(wc -l <out)" -eq 1 ]
}

@test "a big file moves the percentage while it is copied" {
  need_strace
  mkdir src
  head -c 16M /dev/zero | tr '\0' x >src/big
  mapfile -t late < <(slowly 50 copy_file_range,pwrite64)
  "$PTYRUN" -w 80 "${late[@]}" "$PCOPY" src dst -j 1 >out
  sound_percents out
  [ "$(sort -u all-percents | wc -l)" -ge 3 ]
}

@test "no line is wider than the terminal" {
  local columns
  make_files src/a-directory-with-a-long-name/and-one-more-below-it 1000
  make_tree src/tree
  for columns in 20 33 40 80 132 200; do
    on_terminal "$columns" src "dst$columns" >out
    sed '$d' out >lines
    fits lines "$columns"
    # The summary may be longer, but it is not the line.
    sound_percents out
  done
}

@test "totals are at least, until they are known" {
  make_files src 20000
  on_terminal 120 src dst -j 2 >out
  drawn out | awk '
    /at least/ { if (known) exit 1; next }
    { known = 1 }
    END { exit !known }'
  drawn out | tail -1 | grep -q '^100.00 %  20,000 of 20,000 files  0 B of 0 B'
}

@test "the summary takes the place of the line" {
  make_tree src
  on_terminal 80 src dst >out
  run screen out
  [ "${#lines[@]}" -eq 1 ]
  [[ $output == "pcopy: "*" copied, 4 directories, "*" in 0:"* ]]
}

@test "messages do not mix with the line" {
  need_strace
  make_files src 100
  : >src/9/forbidden
  chmod 000 src/9/forbidden
  chmod 777 .
  mapfile -t late < <(slowly 20)
  status=0
  as_user "$PTYRUN" -w 80 "${late[@]}" "$PCOPY" src dst -j 2 >out || status=$?
  [ "$status" -eq 1 ]
  [ "$(percents out | wc -l)" -ge 3 ]
  run screen out
  fails grep -q '%' <<<"$output"
  [[ ${lines[0]} == "pcopy: src/9/forbidden: "*": Permission denied" ]]
  [[ ${lines[1]} == "pcopy: 100 copied, "*", 1 failed, "* ]]
}

@test "a list on the same terminal does not mix with the line" {
  make_files src 3000
  on_terminal 80 -v src dst >out
  screen out >lines
  [ "$(grep -c '^copied	dst/' lines)" -eq 3000 ]
  [ "$(grep -c '^directory	dst' lines)" -eq 11 ]
  fails grep -vE '^(copied|directory)	|^pcopy: ' lines
}

@test "an interrupted run never shows 100.00 and says how far it got" {
  need_strace
  make_files src 1000
  mapfile -t late < <(slowly 20)
  # What a shell starts in the background would ignore SIGINT.
  {
    env --default-signal=INT "$PTYRUN" -w 80 "${late[@]}" \
      "$PCOPY" src dst -j 2 &
    echo $! >pid
    wait $! || echo $? >status
  } 2>/dev/null | tee out | {
    # Once the line has been drawn twice, stop.
    IFS= read -r -d '%' _
    IFS= read -r -d '%' _
    kill -INT "$(cat pid)"
    cat >/dev/null
  }
  [ "$(cat status)" -eq 130 ]
  percents out >all-percents
  fails grep -qx 10000 all-percents
  screen out | grep -qE '^pcopy: interrupted by SIGINT at ~?[0-9.]+ % of '
}

@test "names never reach the terminal raw" {
  mkdir src
  : >"src/$(printf 'a\033[2Jb')"
  on_terminal 120 -v src dst >out
  fails grep -q "$(printf '\033')" out
  grep -qF "copied	\$'dst/a\\x1b[2Jb'" out
}

@test "always writes plain lines into a file" {
  make_files src 3000
  "$PCOPY" --progress=always src dst 2>err
  fails grep -q "$(printf '[\r\033]')" err
  sound_percents err
  # One for each whole percent at most, then the summary.
  [ "$(sed 's/..$//' all-percents | sort | uniq -d | wc -l)" -eq 0 ]
  [ "$(wc -l <err)" -eq "$(($(wc -l <all-percents) + 1))" ]
  tail -1 err | grep -q '^pcopy: 3,000 copied, 11 directories, '
}

@test "auto writes only the summary into a file" {
  make_tree src
  "$PCOPY" --progress=auto src dst 2>err
  [ "$(wc -l <err)" -eq 1 ]
  grep -q '^pcopy: ' err
}

@test "never draws nothing on a terminal" {
  make_tree src
  on_terminal 80 --progress=never src dst >out
  fails grep -q % out
  [ "$(wc -l <out)" -eq 1 ]
}

@test "quiet is silent on a terminal, and says what failed" {
  make_tree src
  on_terminal 80 -q src dst >out
  [ ! -s out ]
  on_terminal 80 -q src dst >out
  [ ! -s out ]
  run on_terminal 80 -q missing dst2
  [ "$status" -ne 0 ]
  [[ $output == "pcopy: missing: "* ]]
}
