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

# Status, text that is said, command: in this order, each on what the ones
# before have left.
transcript() {
  cat <<'END'
2|no SRC given|pcopy
2|no DST given behind 'src'|pcopy src
2|no PATH|pcopy --each
0||pcopy -h
0|copied|pcopy -av src one
0||pcopy -r src one
0|0 copied|pcopy --stats src one
0||pcopy src/ two/
2|unknown option '-z'|pcopy -avz src three
2|ACLs|pcopy -aHAX src three
2|sizes are shown|pcopy -avh --progress src three
2|did you mean --recursive?|pcopy --recursve src three
2|ever deleted|pcopy --delete src one
2|no patterns|pcopy --exclude=*.o src one
2|--mkpath|pcopy src missing/deep/dst
0||pcopy --mkpath src missing/deep/dst
2|x|pcopy src/a src/sub x
5|the same|pcopy src src
5|into itself|pcopy src src/sub/copy
5|/dev/null|pcopy src/a /dev/null
0||pcopy src/a one
1|cannot open|pcopy src/a nothing one/
0|dry run|pcopy -n src four
2|one word|pcopy --each src -- "wc -l {}"
2|here it is -n N|pcopy --each src wc -l
2|no COMMAND given behind --|pcopy --each src wc
127|cannot run the command|pcopy --each src -- wcc -l
2|here it is -j N|pcopy --each -P 4 src -- wc -l
0|src/a|pcopy --each src -- wc -l
2|COMMAND|pcopy --map src five
0||pcopy --map src five -- cat
END
}

@test "the first hour, word for word" {
  mkdir bin
  ln -s "$PCOPY" bin/pcopy
  PATH=$PWD/bin:$PATH
  while IFS='|' read -r want text line; do
    status=0
    output=$(sh -c "$line" 2>&1 </dev/null) || status=$?
    if [ "$status" -ne "$want" ] || [[ $output != *"$text"* ]]; then
      echo "$line: status $status, not $want with: $text"
      echo "$output"
      return 1
    fi
  done < <(transcript)
  diff -r src two/src
  diff -r src missing/deep/dst
  [ ! -e three ] && [ ! -e four ] && [ ! -e x ]
}

@test "a run without trouble says nothing to a pipe, and sums up in a log" {
  run -0 "$PCOPY" src dst
  [ -z "$output" ]
  run -0 "$PCOPY" src dst
  [ -z "$output" ]
  for option in --stats -v; do
    run -0 "$PCOPY" "$option" src dst
    [[ $output == *'0 copied, 2 unchanged'* ]]
  done
  "$PCOPY" src dst 2>log
  grep -q '0 copied, 2 unchanged' log
  run -0 "$PCOPY" -q --stats src dst
  [ -z "$output" ]
  run -0 "$PTYRUN" "$PCOPY" --progress=never src dst
  [[ $output == *'0 copied, 2 unchanged'* ]]
  # Trouble is summed up anyway.
  chmod 000 src/a
  if is_root; then
    run -1 "$PCOPY" src nothing dst/
  else
    run -1 "$PCOPY" src dst
  fi
  [[ $output == *' failed'* ]]
}
