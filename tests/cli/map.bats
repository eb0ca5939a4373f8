#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC1083,SC2016,SC2030,SC2031,SC2034,SC2154
# --map: outputs, their names, and when they are made again.

load helpers

setup() {
  make_room
  mkdir -p src/sub/deeper
  echo one >src/a.txt
  echo two >src/b.txt
  echo three >src/sub/c.txt
  echo four >src/sub/deeper/d.dat
}

teardown() { clear_room; }

map() {
  "$PCOPY" --map "$@"
}

# What a run with -v has done, without what is current.
done_by() { # ARG...
  map -v "$@" >list || return
  grep -v ^current list | sort || true
}

# All that is in a tree but pcopy's own.
names_in() { # DIR
  (cd "$1" && find . -path ./.pcopy-map -prune -o -mindepth 1 -print | sort)
}

no_litter() { # DIR
  diff <(ls -A "$1/.pcopy-map") <(printf '%s\n' lock record)
}

@test "without a placeholder the command is a filter" {
  map src dst --to '{r}.up' -- tr a-z A-Z

  [ "$(cat dst/sub/deeper/d.dat.up)" = FOUR ]
  [ "$(names_in dst)" = "$(cd src && find . -mindepth 1 -type d -print \
    -o -type f -printf '%p.up\n' | sort)" ]
  no_litter dst
}

@test "{} is the source, and what is printed the output" {
  map src dst -- sh -c 'cat; echo "<$1>"' sh {}
  [ "$(cat dst/sub/c.txt)" = '<src/sub/c.txt>' ]
}

@test "{out} is a file of the output's name, which the command writes" {
  run -0 map -k src dst -e txt --to 'x-{/}' -- \
    sh -c 'cp "$1" "$2"; echo "${2##*/}"' sh {} {out}

  [ "$(sort <<<"$output")" = $'x-a.txt\nx-b.txt\nx-c.txt' ]
  [ "$(cat dst/x-c.txt)" = three ]
  [ "$(names_in dst)" = $'./x-a.txt\n./x-b.txt\n./x-c.txt' ]
}

@test "names are made from the path below SRC" {
  map src d1 -e dat --to '{r.}.new' -- cat
  [ -f d1/sub/deeper/d.new ]
  map src d2 -e dat --to 'all/{//}/{/.}' -- cat
  [ -f d2/all/sub/deeper/d ]
  map src d3 -e txt --to './{//}//{/}' -- cat
  [ -f d3/a.txt ]
  [ -f d3/sub/c.txt ]
}

@test "any bytes are a name" {
  local name=$'src/sub/-x \n\'"$(touch oops)`\377'
  echo odd >"$name"
  map src dst --to '{r}.o' -- cat
  [ "$(cat "dst${name#src}.o")" = odd ]
  map src dst2 --to '{r}.o' -- cp {} {out}
  [ "$(cat "dst2${name#src}.o")" = odd ]
  [ ! -e oops ]
  [ "$(map src dst --to '{r}.o' -n -- cat | grep -cv ^current)" -eq 0 ]
}

@test "a DST that looks like an option is none to the command" {
  run -2 map src -x -- cp {} {out}
  run -0 map src ./-x -- cp {} {out}
  [ "$(cat ./-x/sub/deeper/d.dat)" = four ]
}

@test "a second run runs nothing" {
  map src dst --to '{r}.o' -- sh -c 'echo >>ran; cat'
  [ "$(wc -l <ran)" -eq 4 ]
  stat -c '%n %s %y' dst/.pcopy-map/record dst/* >before
  run -0 --separate-stderr map src dst --to '{r}.o' -- \
    sh -c 'echo >>ran; cat'
  [ -z "$output$stderr" ]
  [ "$(wc -l <ran)" -eq 4 ]
  # Nor does it write anything.
  diff before <(stat -c '%n %s %y' dst/.pcopy-map/record dst/*)
}

@test "what is not up to date is made again, and -n says why" {
  map src dst --to '{r}.o' -- cat
  echo longer >src/a.txt
  touch -d '1990-01-01' src/b.txt
  echo x >>dst/sub/c.txt.o
  rm dst/sub/deeper/d.dat.o
  echo new >src/sub/e

  run -0 map -n src dst --to '{r}.o' -- cat
  diff <(sort <<<"$output") <(sort <<'END'
make	dst/a.txt.o	source changed
make	dst/b.txt.o	source changed
make	dst/sub/c.txt.o	output changed
make	dst/sub/deeper/d.dat.o	output missing
make	dst/sub/e.o	new
END
)
  [ ! -e dst/sub/e.o ]
  [ "$(done_by src dst --to '{r}.o' -- cat | wc -l)" -eq 5 ]
  [ "$(cat dst/a.txt.o dst/sub/c.txt.o dst/sub/deeper/d.dat.o dst/sub/e.o)" = \
    $'longer\nthree\nfour\nnew' ]
  [ -z "$(done_by src dst --to '{r}.o' -- cat)" ]
}

@test "another command makes all again, unless --ignore-cmd" {
  map src dst -- cat
  run -0 map -n src dst -- rev
  [ "$(grep -c 'command changed$' <<<"$output")" -eq 4 ]

  [ -z "$(done_by src dst --ignore-cmd -- rev)" ]
  [ "$(done_by src dst -- rev | wc -l)" -eq 4 ]
  [ "$(cat dst/a.txt)" = eno ]
  [ -z "$(done_by src dst -- rev)" ]
}

@test "--stale=hash goes by the content" {
  need_hashes
  map --stale=hash src dst -- cat
  touch src/a.txt
  printf 'TWO\n' >src/b.txt
  touch -r dst/b.txt src/b.txt

  run -0 map -n --stale=hash src dst -- cat
  [ "$(grep -v ^current <<<"$output")" = \
    $'make\tdst/b.txt\tsource changed' ]
  [ "$(done_by --stale=hash src dst -- cat)" = $'made\tdst/b.txt' ]
  [ -z "$(done_by --stale=hash src dst -- cat)" ]
  # The times of then are on record now.
  [ -z "$(done_by src dst -- cat)" ]
}

@test "a content that is on record without a hash is made once more" {
  need_hashes
  map src dst -- cat
  [ "$(done_by --stale=hash src dst -- cat | wc -l)" -eq 4 ]
  [ -z "$(done_by --stale=hash src dst -- cat)" ]
}

@test "--stale=always makes all, --stale=auto what has changed" {
  map src dst -- cat
  [ "$(done_by --stale=always src dst -- cat | wc -l)" -eq 4 ]
  [ -z "$(done_by --stale=auto src dst -- cat)" ]
}

@test "-e and -g select, --else says what becomes of the others" {
  ln -s a.txt src/link
  map src d1 -e TXT --to '{r}.o' -- cat
  [ "$(names_in d1)" = $'./a.txt.o\n./b.txt.o\n./sub\n./sub/c.txt.o\n./sub/deeper' ]

  chmod 604 src/sub/deeper/d.dat
  touch -d 2001-02-03 src/sub/deeper/d.dat
  map src d2 -g '*.txt' --to '{r}.o' --else copy -- cat
  [ "$(stat -c '%a %Y' d2/sub/deeper/d.dat)" = \
    "$(stat -c '%a %Y' src/sub/deeper/d.dat)" ]
  [ "$(readlink d2/link)" = a.txt ]
  [ -z "$(done_by src d2 -g '*.txt' --to '{r}.o' --else copy -- cat)" ]
  chmod 640 src/sub/deeper/d.dat
  [ "$(done_by src d2 -g '*.txt' --to '{r}.o' --else copy -- cat)" = \
    $'copied\td2/sub/deeper/d.dat' ]
  [ "$(stat -c %a d2/sub/deeper/d.dat)" = 640 ]

  map src d3 -g '*.txt' --to '{r}.o' --else link -- cat
  [ d3/sub/deeper/d.dat -ef src/sub/deeper/d.dat ]
  [ -z "$(done_by src d3 -g '*.txt' --to '{r}.o' --else link -- cat)" ]
  no_litter d2
  no_litter d3
}

@test "outputs have the mode of their sources, and with --times their times" {
  chmod 640 src/a.txt
  chmod 4755 src/b.txt
  chmod 750 src/sub
  touch -d '2001-02-03 04:05:06.123456789' src/a.txt
  touch -d '2001-02-03 04:05:06.5' src/sub/deeper
  map src dst -- cat
  [ "$(stat -c %a dst/a.txt dst/b.txt dst/sub | xargs)" = '640 755 750' ]
  [ dst/a.txt -nt src/a.txt ]

  map --times src dst2 -- cat
  [ "$(stat -c %y dst2/a.txt)" = "$(stat -c %y src/a.txt)" ]
  [ "$(stat -c %y dst2/sub/deeper)" = "$(stat -c %y src/sub/deeper)" ]
  [ -z "$(done_by --times src dst2 -- cat)" ]
}

@test "a directory that may not be written to in the end can be worked in" {
  chmod 555 src/sub/deeper src/sub
  as_user true
  chmod 777 .
  run -0 as_user "$PCOPY" --map src dst -- cat
  [ "$(cat dst/sub/deeper/d.dat)" = four ]
  [ "$(stat -c %a dst/sub dst/sub/deeper | xargs)" = '555 555' ]
  echo five >src/sub/deeper/d.dat
  run -0 as_user "$PCOPY" --map src dst -- cat
  [ "$(cat dst/sub/deeper/d.dat)" = five ]
  [ "$(stat -c %a dst/sub dst/sub/deeper | xargs)" = '555 555' ]
}

@test "--delete removes outputs whose source is gone, and only those" {
  map src dst --to '{r}.o' -- cat
  rm -r src/b.txt src/sub
  echo mine >dst/sub/mine
  echo more >>dst/b.txt.o
  rm src/a.txt
  echo a >src/a.txt

  run -0 map -n --delete src dst --to '{r}.o' -- cat
  [ "$(grep -c ^delete <<<"$output")" -eq 2 ]
  [ -e dst/sub/c.txt.o ]
  map --delete src dst --to '{r}.o' -- cat
  [ "$(names_in dst)" = $'./a.txt.o\n./b.txt.o\n./sub\n./sub/mine' ]
  [ "$(cat dst/a.txt.o)" = a ]
  # What is off the record is not asked for again.
  run -0 map -n --delete src dst --to '{r}.o' -- cat
  [[ $output != *delete* ]]
}

@test "--delete removes copies and links, too, but not what another source makes" {
  mkdir s
  echo 1 >s/x.png
  echo 2 >s/y
  map s dst -e png -e jpg --to '{r.}.w' --else copy -- cat
  mv s/x.png s/x.jpg
  rm s/y
  map s dst -e png -e jpg --to '{r.}.w' --else copy --delete -- cat
  [ "$(names_in dst)" = ./x.w ]
}

@test "nothing is deleted when SRC is empty or could not be read" {
  mkdir s
  map src dst -- cat
  run -5 map --delete s dst -- cat
  [[ $output == *'s: is empty: all outputs would be deleted'* ]]

  chmod 777 .
  as_user "$PCOPY" --map src dst2 -- cat
  rm src/a.txt
  chmod 0 src/sub
  run -1 as_user "$PCOPY" --map --delete src dst2 -- cat
  [[ $output == *'nothing is deleted'* ]]
  [ -e dst2/a.txt ]
}

@test "--check finds outputs that are not what was made" {
  need_hashes
  map src dst --to '{r}.o' -- cat
  run -0 map --check src dst
  printf ONE >dst/a.txt.o
  echo >>dst/a.txt.o
  touch -r src/b.txt dst/a.txt.o
  rm dst/sub/c.txt.o

  run -4 map --check src dst
  [[ $output == *'dst/a.txt.o: is not as it was made'* ]]
  [[ $output == *'dst/sub/c.txt.o: is not there'* ]]
  [[ $output == *'2 as made, 2 different'* ]]
  mkdir other
  run -2 map --check src other
  [[ $output == *'no record'* ]]
}

@test "--adopt takes what is there for up to date, and makes the rest" {
  mkdir dst
  echo old >dst/a.txt
  [ "$(done_by --adopt src dst -- cat)" = "$(sort <<'END'
adopted	dst/a.txt
made	dst/b.txt
made	dst/sub/c.txt
made	dst/sub/deeper/d.dat
END
)" ]
  [ "$(cat dst/a.txt)" = old ]
  [ -z "$(done_by src dst -- cat)" ]
  rm src/a.txt src/b.txt
  map --delete src dst -- cat
  [ -e dst/a.txt ]
  [ ! -e dst/b.txt ]
}

@test "a tree that was made like this is a source, but for the record" {
  map src one -- rev
  map one two -- rev
  [ "$(cat two/sub/deeper/d.dat)" = four ]
  no_litter two
}

need_hashes() {
  "$PCOPY" --map --check src dst 2>&1 | grep -q libxxhash &&
    skip "built without libxxhash"
  true
}
