#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What each option does, and each way to get the command line wrong.

load helpers

setup() {
  make_room
}

teardown() {
  clear_room
}

# A usage error: status 2, nothing on stdout, one line that says what is wrong
# and one that points to --help; and nothing was made.
# shellcheck disable=SC2154 # run sets stderr_lines
wrong_usage() { # MESSAGE [ARG]...
  local message=$1
  shift
  run --separate-stderr "$PCOPY" --stats "$@"
  echo "pcopy $*: $status: $stderr"
  [ "$status" -eq 2 ]
  [ -z "$output" ]
  [ "${#stderr_lines[@]}" -eq 2 ]
  [ "${stderr_lines[0]}" = "pcopy: $message" ]
  [ "${stderr_lines[1]}" = "Try 'pcopy --help' for more information." ]
  [ ! -e dst ]
}

inode() { # FILE
  stat -c %i "$1"
}

# An older and a newer destination file beside one of the same age and size.
make_ages() {
  mkdir src dst
  local name
  for name in older newer same; do
    echo "src $name" >"src/$name"
    echo "dst $name" >"dst/$name"
    touch -d 2020-01-01 "src/$name" "dst/$name"
  done
  touch -d 2019-01-01 dst/older
  touch -d 2021-01-01 dst/newer
  echo new >src/new
}

# Which of the four came from the source.
from_source() {
  grep -l -e '^src' -e '^new' dst/* | sed 's,dst/,,' | paste -sd' '
}

@test "operands that are missing, empty or alone are refused" {
  mkdir src
  wrong_usage "no SRC given"
  wrong_usage "no SRC given" -v
  wrong_usage "no SRC given" -t dst
  wrong_usage "no DST given behind 'src'" src
  wrong_usage "an operand is empty" src ''
  wrong_usage "an operand is empty" '' dst
  wrong_usage "-t: the name of DIR is empty" -t '' src
}

@test "unknown and ambiguous options are refused" {
  mkdir src
  wrong_usage "unknown option '-Z'" -Z src dst
  wrong_usage "unknown option '-Z' in '-vZ'" src dst -vZ
  wrong_usage "unknown option '--zoom'" --zoom src dst
  wrong_usage "unknown option '--zoom=1'" src dst --zoom=1
  wrong_usage "ambiguous option '--ver'" --ver src dst
  wrong_usage "unknown option \$'--\\x1b[2J'" "$(printf -- '--\033[2J')" src dst
}

@test "values that are missing, needless or wrong are refused" {
  mkdir src
  wrong_usage "-j: needs a value" src dst -j
  wrong_usage "--jobs: needs a value" src dst --jobs
  wrong_usage "-t: needs a value" src -t
  wrong_usage "--queue-depth: needs a value" src dst --queue-depth
  wrong_usage "--verbose: takes no value" src dst --verbose=2
  wrong_usage "-j: 0 is not 1 to 1024 workers" -j 0 src dst
  wrong_usage "-j: 1025 is not 1 to 1024 workers" -j 1025 src dst
  wrong_usage "-j: '-2' is not a number, a percentage or -1" -j -2 src dst
  wrong_usage "-j: 'many' is not a number, a percentage or -1" -jmany src dst
  wrong_usage "--queue-depth: 0 is not 1 to 65536 slots" \
    --queue-depth 0 src dst
  wrong_usage "--queue-depth: '1k' is not a number" --queue-depth 1k src dst
  wrong_usage "--update: 'some' is none of changed, older, all, none" \
    --update=some src dst
  wrong_usage "--progress: 'no' is none of auto, always, never" \
    --progress=no src dst
}

@test "contradictions are refused" {
  mkdir src
  wrong_usage "-q and -v contradict each other" -q -v src dst
  wrong_usage "-q and --progress=always contradict each other" \
    -q --progress src dst
  wrong_usage "-t: given more than once" -t dst -t dst src
}

@test "--help goes to stdout, names every option and fits 80 columns" {
  local option
  run --separate-stderr "$PCOPY" --help
  [ "$status" -eq 0 ]
  [ -z "$stderr" ]
  for option in -j --jobs --queue-depth -t --target-directory -u --update \
    --inplace -x --one-file-system -n --dry-run -v --verbose -q --quiet \
    --progress --help --version; do
    grep -qE -- "(^|[ ,])$option([ =,[]|\$)" <<<"$output"
  done
  fails grep -E '.{80}' <<<"$output"
  for option in --each --map; do
    run -0 "$PCOPY" "$option" --help
    fails grep -E '.{80}' <<<"$output"
  done
}

@test "--version is the name and a number, and what is built in" {
  run --separate-stderr "$PCOPY" --version
  [ "$status" -eq 0 ]
  [[ ${lines[0]} =~ ^pcopy\ [0-9]+\.[0-9]+\.[0-9]+$ ]]
  [[ ${lines[1]} =~ ^with(out)?\ libxxhash ]]
  [ "${#lines[@]}" -eq 2 ]
  [ -z "$stderr" ]
  mkdir -p tree
  if [[ ${lines[1]} == without* ]]; then
    run -2 "$PCOPY" --map --check tree none
    [[ $output == *'built without libxxhash'* ]]
  else
    run -2 "$PCOPY" --map --check tree none
    [[ $output != *libxxhash* ]]
  fi
}

@test "text that cannot be written is a failure" {
  local option
  for option in --help --version; do
    status=0
    "$PCOPY" "$option" >/dev/full 2>err || status=$?
    [ "$status" -eq 1 ]
    [ "$(cat err)" = \
      "pcopy: standard output: write: No space left on device" ]
    status=0
    "$PCOPY" "$option" >&- 2>err || status=$?
    [ "$status" -eq 1 ]
    grep -q '^pcopy: standard output: write: ' err
  done
}

@test "SRC DST makes DST the copy, again and again" {
  make_tree src
  "$PCOPY" --stats src dst
  same_tree src dst
  "$PCOPY" --stats src/ dst
  same_tree src dst
}

@test "options stand anywhere, and -- ends them" {
  make_tree src
  "$PCOPY" --stats src -j 2 dst -v >list
  same_tree src dst
  [ -s list ]
  mkdir -- -v
  "$PCOPY" --stats -- -v --help
  [ -d ./--help ]
}

@test "a slash behind DST, or several SRCs, copy into it" {
  make_tree src
  mkdir other
  "$PCOPY" --stats src dst/
  same_tree src dst/src
  "$PCOPY" --stats src other dst/
  same_tree src dst/src
  same_tree other dst/other
}

@test "-t takes the directory first" {
  make_tree src
  mkdir other into
  "$PCOPY" --stats -t into src other
  same_tree src into/src
  same_tree other into/other
  "$PCOPY" --stats src/one --target-directory=into
  cmp src/one into/one
}

@test "-j takes a number, a percentage or -1: the copy is the same" {
  local workers
  make_tree src
  for workers in 1 2 16 1% 100% -1; do
    "$PCOPY" --stats -j "$workers" src "dst$workers"
    same_tree src "dst$workers"
  done
  "$PCOPY" --stats -j-1 src dst
  same_tree src dst
}

@test "-j is the number of processes that copy" {
  need_strace
  make_files src 10
  ASAN_OPTIONS=detect_leaks=0 strace -f -qq -o trace \
    -e trace=fork,vfork,clone,clone3 "$PCOPY" --stats -j 5 src dst
  [ "$(grep -c 'clone\|fork' trace)" -eq 5 ]
}

@test "--queue-depth of one slot or very many: the copy is the same" {
  local depth
  make_tree src
  make_files src/many 500
  for depth in 1 2 4096; do
    "$PCOPY" --stats --queue-depth "$depth" -j 2 src "dst$depth"
    same_tree src "dst$depth"
  done
}

@test "-n changes nothing and lists what would be done" {
  make_tree src
  "$PCOPY" --stats -n src dst >list 2>err
  [ ! -e dst ]
  grep -qx 'copy	dst/sub/two' list
  grep -qx 'directory	dst/sub/deeper' list
  grep -q '^pcopy: dry run, nothing changed: 9 to copy, 4 dir' err
  "$PCOPY" --stats src dst
  echo change >src/one
  cp -a dst before
  "$PCOPY" --stats --dry-run src dst >list
  same_tree before dst
  [ "$(grep -c ^copy list)" -eq 1 ]
  grep -qx 'copy	dst/one' list
}

@test "-n and the run that follows list the same" {
  make_tree src
  mkdir dst
  cp -a src/one dst/one
  echo change >>dst/one
  "$PCOPY" --stats -n src dst | sort >would
  "$PCOPY" --stats -v src dst | sort >did
  diff <(sed 's/^copy	/copied	/' would) did
}

@test "-v lists each entry, quoted where it has to be" {
  make_tree src
  "$PCOPY" --stats -v src dst >list 2>err
  [ "$(wc -l <list)" -eq 13 ]
  grep -qxF "copied	\$'dst/new\\nline'" list
  grep -qxF "copied	\$'dst/not \\xff utf8'" list
  grep -qxF "copied	dst/ü 中" list
  "$PCOPY" --stats --verbose -v src dst >list
  [ "$(grep -c ^unchanged list)" -eq 9 ]
}

@test "-q says nothing of a success, and tells of a failure" {
  make_tree src
  run "$PCOPY" --stats -q src dst
  [ "$status" -eq 0 ]
  [ -z "$output" ]
  run --separate-stderr "$PCOPY" --stats --quiet src missing dst/
  [ "$status" -eq 1 ]
  [ -z "$output" ]
  [[ ${stderr_lines[0]} == "pcopy: missing: "*": No such file or directory" ]]
}

@test "-nq lists and says no more" {
  make_tree src
  run --separate-stderr "$PCOPY" --stats -nq src dst
  [ "$status" -eq 0 ]
  [ "${#lines[@]}" -eq 13 ]
  [ -z "$stderr" ]
}

@test "-x leaves out what is mounted inside" {
  need_mounts
  make_tree src
  mkdir src/mounted
  # shellcheck disable=SC2016
  unshare -m sh -ec '
    mount -t tmpfs none src/mounted
    : >src/mounted/inside
    "$0" -x src without
    "$0" src with
    test -e src/mounted/inside' "$PCOPY"
  [ -e with/mounted/inside ]
  [ ! -e without/mounted/inside ]
  cmp src/one without/one
}

@test "files of the same type, size and mtime are left alone" {
  make_ages
  "$PCOPY" --stats src dst
  [ "$(from_source)" = "new newer older" ]
}

@test "--update=changed is the default" {
  make_ages
  "$PCOPY" --stats --update=changed src dst
  [ "$(from_source)" = "new newer older" ]
}

@test "-u, --update and --update=older spare what is newer" {
  local option
  for option in -u --update --update=older; do
    make_ages
    "$PCOPY" "$option" src dst
    [ "$(from_source)" = "new older" ]
    rm -r src dst
  done
}

@test "--update=all replaces everything" {
  make_ages
  "$PCOPY" --stats --update=all src dst
  [ "$(from_source)" = "new newer older same" ]
}

@test "--update=none spares everything" {
  make_ages
  "$PCOPY" --stats --update=none src dst
  [ "$(from_source)" = "new" ]
}

@test "--inplace writes into the file that is there" {
  mkdir src dst
  echo new and longer >src/file
  echo old >dst/file
  before=$(inode dst/file)
  "$PCOPY" --stats --inplace src dst
  [ "$(inode dst/file)" = "$before" ]
  same_tree src dst
  echo short >src/file
  "$PCOPY" --stats src dst
  [ "$(inode dst/file)" != "$before" ]
  same_tree src dst
}

@test "a list that cannot be written fails the run, but the copy is made" {
  make_tree src
  status=0
  "$PCOPY" --stats -v src dst >/dev/full 2>err || status=$?
  [ "$status" -eq 1 ]
  [ "$(grep -c '^pcopy: standard output: write: No space left on device$' err)" \
    -eq 1 ]
  same_tree src dst
  status=0
  "$PCOPY" --stats -n src dst2 >/dev/full 2>err || status=$?
  [ "$status" -eq 1 ]
}

@test "a reader that is gone is a failure of the list" {
  mkfifo pipe
  make_tree src
  # Opened by both, then closed by the reader before anything is written.
  exec 7<>pipe
  exec 8>pipe
  exec 7>&-
  status=0
  "$PCOPY" --stats -v src dst >&8 2>err 8>&- || status=$?
  exec 8>&-
  [ "$status" -eq 1 ]
  grep -qx 'pcopy: standard output: write: Broken pipe' err
  same_tree src dst
}

@test "nothing ends up in a file when stdout and stderr are closed" {
  make_tree src
  status=0
  "$PCOPY" --stats -v src dst <&- >&- 2>&- || status=$?
  [ "$status" -eq 1 ]
  same_tree src dst
  status=0
  "$PCOPY" --stats src dst2 <&- 2>&- || status=$?
  [ "$status" -eq 0 ]
  same_tree src dst2
}

@test "on a terminal, a copy over a directory is noted once" {
  make_tree src
  on_terminal 80 src dst >out
  fails grep -q updating out
  on_terminal 80 src dst >out
  [ "$(grep -ac '^pcopy: updating dst (write dst/ to copy into it)$' out)" \
    -eq 1 ]
  on_terminal 80 src dst/ >out
  fails grep -q updating out
  [ "$(grep -ac '^pcopy: copying into dst as dst/src$' out)" -eq 1 ]
  on_terminal 80 -q src dst >out
  fails grep -q updating out
  on_terminal 80 src/one dst >out
  fails grep -q updating out
  "$PCOPY" --stats src dst 2>out
  fails grep -q updating out
}

@test "on a terminal, what goes into DST is noted before anything is copied" {
  make_tree src
  on_terminal 80 src new/ >out
  head -1 out | grep -ax 'pcopy: copying into new as new/src.*'
  [ "$(grep -ac copying out)" -eq 1 ]
  on_terminal 80 -n src new/ >out
  head -1 out | grep -ax 'pcopy: copying into new as new/src.*'
  on_terminal 80 src src/sub new/ >out
  fails grep -q copying out
  on_terminal 80 src src >out || true
  fails grep -q -e copying -e updating out
}

@test "the summary names where the copy went" {
  make_tree src
  mkdir dir
  run -0 "$PCOPY" --stats src bk
  [[ "$output" == *' to bk' ]]
  run -0 "$PCOPY" --stats src bk/
  [[ "$output" == *' to bk/src' ]]
  run -0 "$PCOPY" --stats src/one dir
  [[ "$output" == *' to dir/one' ]]
  run -0 "$PCOPY" --stats src src/one dir
  [[ "$output" == *' to dir/' ]]
  run -0 "$PCOPY" --stats -t dir src src/one
  [[ "$output" == *' to dir/' ]]
  run -0 "$PCOPY" --stats -n src "$(printf 'a\nb')"
  [[ "$output" == *" to \$'a\\nb'" ]]
}

@test "a usage error points to the help of its mode" {
  for mode in --each --map; do
    run --separate-stderr "$PCOPY" --stats $mode --nonsense
    [ "$status" -eq 2 ]
    [ "${stderr_lines[1]}" = "Try 'pcopy $mode --help' for more information." ]
  done
}
