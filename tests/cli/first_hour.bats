#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What people type who come from cp, rsync, xargs and GNU parallel: it works,
# or one line says how it is said here, and nothing is touched.

load helpers

setup() {
  make_room
  mkdir -p src/sub
  echo 1 >src/a
  echo 2 >src/sub/b
}

teardown() { clear_room; }

refused() { # TEXT WORD...
  local text=$1
  shift
  run -2 "$PCOPY" "$@"
  [[ ${lines[0]} == "pcopy: "*"$text"* ]] || { echo "$output"; return 1; }
  [ "${#lines[@]}" -eq 2 ]
  [ ! -e dst ]
}

@test "options that name what is done anyway are accepted" {
  for word in -a -r -p -arp --archive --recursive -av -rv; do
    run -0 "$PCOPY" "$word" src dst
    diff -r src dst
    rm -r dst
  done
}

@test "letters that cp and rsync mean differently are never taken silently" {
  refused 'as in rsync: leave H, A and X out' -aHAX src dst
  refused 'as in cp: write -H as a word of its own' -aH src dst
  refused 'as in rsync: leave H' -HrX src dst
  refused "'-R' (as in cp: leave it out" -R src dst
  refused "'-R' in '-aR' (as in cp" -aR src dst
  refused 'sizes are shown for people anyway' -avh src dst
  refused "'-P' (as in rsync" -P src dst
  refused "'-P' in '-avP' (as in rsync" -avP src dst
  refused "'-l' (as in rsync" -l src dst
  ln -s src link
  run -0 "$PCOPY" -H link dst
  diff -r src dst
}

@test "letters behind a value belong to the value" {
  mkdir -- -aH
  run -0 "$PCOPY" -t -aH src
  diff -r src ./-aH/src
  run -0 "$PCOPY" -t-aH src
  run -0 "$PCOPY" src -- -aHAX
  diff -r src ./-aHAX
}

@test "an unknown option says how it is said here" {
  refused "'-z' in '-avz' (nothing is sent over a network" -avz src dst
  refused "'-A' (ACLs are kept anyway" -A src dst
  refused "'--partial' (the same command" --partial src dst
  refused "'--no-clobber' (here it is --update=none)" --no-clobber src dst
  refused "'--hard-links' (hard links are kept" --hard-links src dst
}

@test "an option with a slip is met with its name" {
  refused '(did you mean --recursive?)' --recursve src dst
  refused '(did you mean --preserve?)' --presrve=mode src dst
  refused '(did you mean --dry-run?)' --dryrun src dst
  refused '(did you mean --one-file-system?)' --one-filesystem src dst
  refused "unknown option '--nothing-like-it'" --nothing-like-it src dst
  [[ $output != *'did you mean'* ]]
}

@test "an option of another mode is met with that" {
  refused "'--tag' (it is an option of --each)" --tag src dst
  refused "'--stale=hash' (it is an option of --map)" --stale=hash src dst
  run -2 "$PCOPY" --each --adopt src -- true
  [[ $output == *"'--adopt' (it is an option of --map)"* ]]
}

@test "words of xargs and GNU parallel" {
  while IFS='|' read -r option answer; do
    run -2 "$PCOPY" --each "$option" src -- touch ran
    [[ ${lines[0]} == *"$answer"* ]] || { echo "$output"; return 1; }
  done <<'END'
-P|(here it is -j N)
-I|({} is the item, and cannot be called otherwise)
--retries|(here it is --tries N)
--colsep=,|(here it is -d SEP)
--bar|(here it is --progress=always)
--line-buffer|(here it is --lb)
--timout=3|(did you mean --timeout?)
END
  [ ! -e ran ]
}

@test "-h and -V are help and version, in each mode" {
  for mode in '' --each --map; do
    # shellcheck disable=SC2086
    [ "$("$PCOPY" $mode -h)" = "$("$PCOPY" $mode --help)" ]
    # shellcheck disable=SC2086
    [ "$("$PCOPY" $mode -V)" = "$("$PCOPY" $mode --version)" ]
  done
}

@test "-v and -n list what changes, -vv also what does not" {
  run -0 --separate-stderr "$PCOPY" -v src dst
  [ "$(sort <<<"$output")" = $'copied\tdst/a\ncopied\tdst/sub/b\ndirectory\tdst\ndirectory\tdst/sub' ]
  echo more >>src/a
  chmod 600 src/sub/b
  echo new >src/new
  run -0 --separate-stderr "$PCOPY" -n src dst
  [ "$(sort <<<"$output")" = $'copy\tdst/a\ncopy\tdst/new\nmend\tdst/sub/b' ]
  run -0 --separate-stderr "$PCOPY" -v src dst
  [ "$(sort <<<"$output")" = $'copied\tdst/a\ncopied\tdst/new\nmended\tdst/sub/b' ]
  for once in -v -n; do
    run -0 --separate-stderr "$PCOPY" "$once" src dst
    [ -z "$output" ]
  done
  for twice in -vv -nvv; do
    run -0 --separate-stderr "$PCOPY" "$twice" src dst
    [ "$(sort <<<"$output")" = $'unchanged\tdst/a\nunchanged\tdst/new\nunchanged\tdst/sub/b' ]
  done
  "$PCOPY" --map -q src out -- cat
  run -0 --separate-stderr "$PCOPY" --map -v src out -- cat
  [ -z "$output" ]
  run -0 --separate-stderr "$PCOPY" --map -vv src out -- cat
  [ "$(sort <<<"$output")" = $'current\tout/a\t\ncurrent\tout/new\t\ncurrent\tout/sub/b\t' ] ||
    [ "$(sort <<<"$output")" = $'current\tout/a\ncurrent\tout/new\ncurrent\tout/sub/b' ]
}
