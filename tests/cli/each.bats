#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC1083,SC2016,SC2030,SC2031,SC2034,SC2154
# --each: items, the command, what is shown.

load helpers

setup() { make_room; }
teardown() { clear_room; }

each() {
  "$PCOPY" --each "$@"
}

@test "a command runs for each file of a tree, and a serial run agrees" {
  need xxhsum
  make_files tree 200
  make_tree tree/more

  each -j 3 tree -- xxhsum {} 2>/dev/null | sort >got
  find tree -type f -exec xxhsum {} \; 2>/dev/null | sort >want
  [ "$(wc -l <want)" -ge 200 ]
  diff got want
}

@test "-k shows output in the order of the items, as a serial run does" {
  seq 300 >list

  each -k -j 4 -a list -- sh -c 'echo "$1"; echo "e$1" >&2' sh \
    >got 2>errors

  diff got list
  diff errors <(sed s/^/e/ list)
}

@test "placeholders are the parts of the path, and nothing is parsed again" {
  mkdir -p 'top/a b'
  : >'top/a b/$(touch x) ; "q'\''.tar.gz'

  each -k -j 1 top -- printf '<%s>\n' {} {/} {//} {.} {/.} {r} {r.} '{#}' '{%}' \
    '{{}}' '{{/}}' '{print}' 'x{/}y{/}' -j 1 >got

  local base='$(touch x) ; "q'\''.tar'
  printf '<%s>\n' "top/a b/$base.gz" "$base.gz" 'top/a b' "top/a b/$base" \
    "$base" "a b/$base.gz" "a b/$base" 1 1 '{}' '{/}' '{print}' \
    "x$base.gzy$base.gz" -j 1 >want
  diff got want
  [ ! -e x ]
}

@test "without a placeholder the item is the last argument" {
  printf 'one\ntwo three' >list
  run -0 each -k -a list -- printf '[%s]' a
  [ "$output" = '[a][one][a][two three]' ]
}

@test "-a - reads standard input as it comes" {
  mkfifo in out
  each -a - -- cat {} >result <in &
  exec 7>in
  echo out >&7
  # The job runs while the list is open: it opens the other end.
  echo seen >out
  exec 7>&-
  wait $!
  [ "$(cat result)" = seen ]
}

@test "-0 takes names with newlines" {
  printf 'a\nb\0c\0' >list
  run -0 each -k -0 -a list -- printf '[%s]' {}
  [ "$output" = $'[a\nb][c]' ]
}

@test "-d splits columns; a missing one is empty" {
  printf 'h1\t80\nh2\n' >list
  run -0 each -k -d '\t' -a list -- echo '{2}:{1}:{}'
  [ "${lines[0]}" = $'80:h1:h1\t80' ]
  [ "${lines[1]}" = ':h2:h2' ]
}

@test "-e, -g and -t pick files" {
  mkdir -p d/sub.txt
  touch d/a.TXT d/b.txt d/c.md d/sub.txt/z
  ln -s a.TXT d/l.txt

  run -0 each -k -e txt -e .md d -- echo {/}
  [ "$(sort <<<"$output" | xargs)" = 'a.TXT b.txt c.md' ]
  run -0 each -k -g '[bc].*' d -- echo {/}
  [ "$(sort <<<"$output" | xargs)" = 'b.txt c.md' ]
  run -0 each -t d d -- echo {}
  [ "$output" = d/sub.txt ]
  run -0 each -k -t l -t d d -- echo {/}
  [ "$(sort <<<"$output" | xargs)" = 'l.txt sub.txt' ]
}

@test "-L takes links for what they lead to, and sees loops" {
  mkdir -p d/sub else
  touch d/f else/g
  ln -s f d/l
  ln -s ../else d/e
  ln -s nowhere d/dangling
  run -0 each d -- echo
  [ "$output" = d/f ]
  run -0 each -L d -- echo
  [ "$(sort <<<"$output" | xargs)" = 'd/e/g d/f d/l' ]
  run -0 each -L -t l d -- echo
  [ "$output" = d/dangling ]
  ln -s ../../d d/sub/up
  run -1 --separate-stderr each -L d -- echo
  [[ $stderr == *'d/sub/up: leads back into itself'* ]]
  [ "$(sort <<<"$output" | xargs)" = 'd/e/g d/f d/l' ]
}

@test "-x leaves out what is mounted inside" {
  need_mounts
  mkdir -p d/mnt d/plain
  touch d/plain/f
  run -0 unshare -m sh -c "mount -t tmpfs none d/mnt && touch d/mnt/g &&
    '$PCOPY' --each -x -t f -t d d -- echo && echo -- &&
    '$PCOPY' --each d/mnt -x -- echo"
  [ "$(sort <<<"$output" | xargs)" = '-- d/mnt/g d/plain d/plain/f' ]
}

@test "-n packs items, -n 0 as many as fit" {
  seq 5 >list
  run -0 each -k -n 2 -a list -- echo {} '{#}' -{}
  [ "${lines[0]}" = '1 2 1 -1 -2' ]
  [ "${lines[2]}" = '5 3 -5' ]

  seq 200000 >list
  # One at a time: what they write to 3 is not pcopy's to keep apart.
  each -j 1 -k -n 0 -a list -- sh -c 'echo "$#"; printf "%s\n" "$@" >&3' sh \
    3>many >counts
  [ "$(wc -l <counts)" -lt 30 ]
  [ "$(awk '{n += $1} END {print n}' counts)" -eq 200000 ]
  sort -n many | cmp - list
}

@test "-s runs a script with the item as its argument" {
  run -0 each -k -a <(printf '%s\n' 'a b' '$(id)') -s 'echo "<${1}>"'
  [ "${lines[0]}" = '<a b>' ]
  [ "${lines[1]}" = '<$(id)>' ]
}

@test "what jobs print does not mix: halves of lines of one stay together" {
  seq 20 >list
  each -j 4 -a list -s 'printf "%s-" "$1"; sh -c :; echo "$1"' >got
  [ "$(wc -l <got)" -eq 20 ]
  fails grep -vE '^([0-9]+)-\1$' got
}

@test "--lb shows whole lines while the job runs" {
  mkfifo go
  printf '1\n' >list
  mkfifo out
  each --lb -a list -s 'printf "half"; echo; printf half2; cat go' >out &
  exec 7<out
  read -r line <&7
  [ "$line" = half ]
  echo end >go
  read -r line <&7
  [ "$line" = half2end ]
  wait $!
}

@test "-u leaves the output to the commands" {
  mkfifo out
  mkfifo go
  each -u -a <(echo 1) -s 'printf now; cat go' >out &
  exec 7<out
  read -r -n 3 text <&7
  [ "$text" = now ]
  echo >go
  wait $!
}

@test "--tag names the item before each line" {
  run -0 each -k --tag -a <(seq 2) -s 'echo a; echo b'
  [ "$output" = $'1\ta\n1\tb\n2\ta\n2\tb' ]
}

@test "much output is kept in order in every mode" {
  local mode
  seq 12 >list
  for mode in --tag -k --lb; do
    each -j 3 "$mode" -a list -s \
      'yes "$1 xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" | head -n 20000' >got
    [ "$(wc -l <got)" -eq 240000 ]
    # Each line is a whole one of some job.
    fails grep -qvE '^([0-9]+	)?[0-9]+ x{43}$' got
  done
  each -k -a list -s 'head -c 300000 /dev/zero | tr "\0" "$1"' >got
  [ "$(wc -c <got)" -eq 3600000 ]
}

@test "a line longer than the memory for it comes whole with --lb" {
  run -0 each --lb -a <(echo 1) -s 'head -c 200000 /dev/zero | tr "\0" x; echo'
  [ "${#output}" -eq 200000 ]
}

@test "a spool that cannot be kept is a failure with a name" {
  local status=0
  TMPDIR=/nonexistent each -a <(echo item) -- head -c 200000 /dev/zero \
    >got 2>errors || status=$?
  [ "$status" -eq 1 ]
  grep -q 'item: its output cannot be kept' errors
}

@test "a full spool is a failure with a name" {
  need_mounts
  local status=0
  mkdir small
  unshare -m sh -c "mount -t tmpfs -o size=256k none small &&
    TMPDIR=$PWD/small '$PCOPY' --each -a - -- head -c 900000 /dev/zero" \
    <<<item >got 2>errors || status=$?
  [ "$status" -eq 1 ]
  grep -q 'item: its output cannot be kept in TMPDIR: No space left' errors
}

@test "standard input of a command is empty" {
  run -0 each -a <(echo 1) -s 'wc -c'
  [ "$output" -eq 0 ]
}

@test "an item that is too long fails alone" {
  { head -c 200000 /dev/zero | tr '\0' x; echo; echo short; } >list
  run -1 --separate-stderr each -a list -- echo
  [ "$output" = short ]
  [[ $stderr == *'record 1: too long'* ]]
}

@test "nothing to do is done" {
  mkdir empty
  run -0 each empty -- false
  run -0 each -a /dev/null -- false
}

@test "a path that is not there fails, the others are done" {
  : >there
  run -1 --separate-stderr each gone there -- echo
  [ "$output" = there ]
  [[ $stderr == *'gone: read: No such file'* ]]
}

@test "wrong usage is 2 and says why" {
  local words
  while read -r -a words; do
    run -2 each "${words[@]}"
    [[ $output == *"Try 'pcopy --each --help'"* ]]
  done <<'END'
-- true
. --
. -a x -- true
. -t x -- true
. -0 -- true
. -k -u -- true
. --lb -u -- true
. --tag -u -- true
. --halt now -- true
. --halt now,fail=0 -- true
. --halt now,fail=101% -- true
. --timeout x -- true
. --tries 0 -- true
. --resume -- true
. -s true -- true
-a x -L -- true
-a x -x -- true
. --wrong -- true
END
}

@test "a percentage is shown when the total is known, by count for a list" {
  seq 40 >list
  each -j 1 --progress=always -a list -- true 2>progress
  grep -q '^100.00 %  40 of 40 done' progress
}

@test "a tree's percentage counts bytes" {
  make_tree tree
  each -j 1 --progress=always tree -- true 2>progress
  grep -qE '^100.00 %  [0-9]+ of [0-9]+ done  ([0-9.]+ KiB) of \1' progress
}

@test "the man page and the shells know each option of --each, and no other" {
  local top=$HELPERS/../.. help
  help=$(each --help | grep -oE '^ {2}(-[A-Za-z0], | {4})--[a-z-]+' |
    grep -oE -- '--[a-z-]+' | grep -vxE -- '--(each|help|version)' | sort)
  [ "$(wc -l <<<"$help")" -ge 20 ]

  diff <(echo "$help") <(sed -n '/^.Sh OPTIONS/,/^.Ss/p' "$top/pcopy-each.1" |
    grep '^.It' | grep -oE 'Fl Fl [a-z-]+' | sed 's/Fl Fl /--/' |
    grep -vxE -- '--(help|version)' | sort)
  diff <(echo "$help") <(sed -n "/'--arg-file/,/'$/p" \
    "$top/completions/pcopy.bash" | grep -oE -- '--[a-z-]+' |
    grep -vxE -- '--(help|version)' | sort)
  diff <(echo "$help") <(sed -n '/--each\]}/,/^fi/s/\[.*//p' \
    "$top/completions/_pcopy" | grep -oE -- '--[a-z-]+[a-z]' |
    grep -vxE -- '--(each|help|version)' | sort -u)
  diff <(echo "$help") <(sed -nE "s/.*mode each' .*-l ([a-z-]+) .*/--\1/p" \
    "$top/completions/pcopy.fish" | sort)
}

@test "the letters of --each are the same in the man page and the shells" {
  local top=$HELPERS/../.. help
  help=$(each --help | sed -nE 's/^  (-[A-Za-z0-9]),.*/\1/p' | sort)
  diff <(echo "$help") <(sed -nE 's/^\.It Fl (.) .*/-\1/p' \
    <(sed -n '/^.Sh OPTIONS/,/^.Ss/p' "$top/pcopy-each.1") | sort)
  diff <(echo "$help") <(sed -n "/'--arg-file/,/'$/p" \
    "$top/completions/pcopy.bash" | tr -s "' " '\n' |
    grep -xE -- '-[A-Za-z0-9]' | sort)
  diff <(echo "$help") <(sed -nE \
    "s/^(.*mode each'|complete -c pcopy) -s (.) .*/-\2/p" \
    "$top/completions/pcopy.fish" | sort)
}
