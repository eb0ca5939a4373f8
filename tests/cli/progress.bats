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
  "$PTYRUN" -w 80 "${late[@]}" "$PCOPY" --stats src dst -j 2 >out
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
  "$PTYRUN" -w 80 "${late[@]}" "$PCOPY" --stats src dst -j 1 >out
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
  as_user "$PTYRUN" -w 80 "${late[@]}" "$PCOPY" --stats src dst -j 2 >out || status=$?
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
      "$PCOPY" --stats src dst -j 2 &
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
  screen out >shown
  grep -qE '^pcopy: interrupted by SIGINT at ~?[0-9.]+ % of ' shown
  # The line that was drawn last said the same.
  same_last_words "$(drawn out | tail -1)" "$(grep interrupted shown)"
}

# The line's percentage and total are those of the summary.
same_last_words() { # LINE SUMMARY
  local size='(at least )?[0-9.]+ [KMG]?i?B'
  sed -E "s/^ *(~?[0-9.]+ %).* of ($size)  .*/\1 of \2/" <<<"$1" >line-words
  sed -E "s/.* at (~?[0-9.]+ %) of ($size): .*/\1 of \2/" <<<"$2" >summary-words
  diff line-words summary-words
}

@test "interrupted while it walks, it says what it has found at least" {
  need_strace
  make_uneven
  mapfile -t late < <(slowly 300 getdents64)
  {
    env --default-signal=INT "${late[@]}" \
      "$PCOPY" --progress=always src dst -j 2 2>&1 &
    echo $! >pid
    wait $! || echo $? >status
  } | tee out | {
    IFS= read -r _
    kill -INT "$(cat pid)"
    cat >/dev/null
  }
  [ "$(cat status)" -eq 130 ]
  grep interrupted out >summary
  grep -qE 'SIGINT at ~[0-9.]+ % of at least ' summary
  same_last_words "$(drawn out | tail -1)" "$(cat summary)"
}

# 180 files: the eight directories have 5, 10, .. 40, the last one in four more.
make_uneven() {
  local i j dir
  for i in {1..8}; do
    for ((j = 0; j < i * 5; j++)); do
      dir=src/$i
      [ "$i" != 8 ] || dir=src/$i/$((j % 4))
      mkdir -p "$dir"
      echo x >"$dir/f$j"
    done
  done
}

# Each percentage is near that of the files: little above, or below by what the
# uneven tree may hide.
sound_estimates() { # FILE FILES
  drawn "$1" | sed -E 's/^ *(~?)([0-9.]+) %  ([0-9,]+) of .*/\2 \3 \1/' |
    tr -d , >estimates
  grep -q '~' estimates
  awk -v n="$2" '
    { percent = $1; true = $2 / n * 100 }
    percent > true + 25 || percent < true - 60 { print; bad = 1 }
    END { exit bad }' estimates
}

@test "while the walk goes on, the percentage is an estimate of the truth" {
  local j
  need_strace
  make_uneven
  mapfile -t late < <(slowly 100 getdents64)
  for j in 1 2; do
    rm -rf dst
    "${late[@]}" -e trace=getdents64,linkat -e inject=linkat:delay_exit=8000 \
      "$PCOPY" --progress=always src dst -j "$j" 2>out
    sound_percents out
    sound_estimates out 180
    # One worker walks and copies in turns: it takes long enough to see.
    [ "$j" -gt 1 ] || [ -n "${FAR:-}" ] || grep -q '[1-9].*~' estimates
    fails grep -E '~.* of [0-9,]+ files' out
  done
}

@test "files are files in the count, and directories are not" {
  mkdir -p src/a/b/c
  : >src/a/f
  ln -s f src/a/l
  mkfifo src/a/b/p
  ln src/a/f src/a/b/hard
  on_terminal 80 src dst >out
  drawn out | grep -q '^100.00 %  4 of 4 files'
  # An entry that is done twice is one all the same.
  mkdir -p src/x dst/x/y
  rm -r dst/a/f
  mkdir -p dst/a/f/in-the-way
  on_terminal 80 --force src dst >out
  drawn out | grep -q '^100.00 %  4 of 4 files'
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
  "$PCOPY" --stats --progress=always src dst 2>err
  fails grep -q "$(printf '[\r\033]')" err
  sound_percents err
  # One for each whole percent at most, then the summary.
  [ "$(sed 's/..$//' all-percents | sort | uniq -d | wc -l)" -eq 0 ]
  [ "$(wc -l <err)" -eq "$(($(wc -l <all-percents) + 1))" ]
  tail -1 err | grep -q '^pcopy: 3,000 copied, 11 directories, '
}

@test "auto writes only the summary into a file" {
  make_tree src
  "$PCOPY" --stats --progress=auto src dst 2>err
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
