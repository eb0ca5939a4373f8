#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What is written about the options is what --help says of them.

load helpers

setup() {
  TOP=$HELPERS/../..
  "$PCOPY" --help | sed -n 's/^  \(-.*\|    --.*\)/\1/p' |
    sed -E 's/ {2,}[a-z].*//' >"$BATS_TEST_TMPDIR/help"
  long=$(grep -oE -- '--[a-z-]+' "$BATS_TEST_TMPDIR/help" | sort -u)
  short=$(grep -oE -- '^-[A-Za-z]' "$BATS_TEST_TMPDIR/help" | sort -u)
  [ "$(wc -l <<<"$long")" -ge 10 ]
  [ "$(wc -l <<<"$short")" -ge 6 ]
}

same() { # WHAT LONG SHORT
  diff <(echo "$long") <(sort -u <<<"$2") >&2 || { echo "$1"; return 1; }
  diff <(echo "$short") <(sort -u <<<"$3") >&2 || { echo "$1"; return 1; }
}

@test "the man page has an entry for each option, and for no other" {
  local entries
  entries=$(sed -n '/^.Sh OPTIONS/,/^.Ss/s/^\.It \(Fl .*\)/\1/p' "$TOP/pcopy.1")

  same pcopy.1 \
    "$(grep -oE 'Fl Fl [a-z-]+' <<<"$entries" | sed 's/Fl Fl /--/')" \
    "$(grep -oE 'Fl [A-Za-z]( |$)' <<<"$entries" | sed 's/Fl \(.\).*/-\1/')"
}

@test "bash completes each option, and no other" {
  local words
  words=$(sed -n "/_pcopy_words '-j/,/'$/p" "$TOP/completions/pcopy.bash")

  same pcopy.bash \
    "$(grep -oE -- '--[a-z-]+' <<<"$words")" \
    "$(grep -oE -- "[ ']-[A-Za-z]( |$)" <<<"$words" | grep -oE -- '-.')"
}

# What bash offers behind a line whose last word is being written.
completed() { # WORD...
  bash -c '
    compopt() { :; }
    . "$0"
    COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
    _pcopy
    printf "%s\n" "${COMPREPLY[@]}"' "$TOP/completions/pcopy.bash" "$@"
}

@test "bash completes each word of a list" {
  [ "$(completed pcopy --preserve = mo)" = mode ]
  [ "$(completed pcopy --preserve = mode,ti)" = mode,times ]
  [ "$(completed pcopy --no-preserve = mode,times,l)" = mode,times,links ]
  [ "$(completed pcopy --preserve = mode, | wc -l)" -eq 8 ]
}

@test "fish completes each word of a list" {
  need fish

  run -0 fish --no-config -c "source $TOP/completions/pcopy.fish
    complete -C 'pcopy --preserve=mode,ti'"

  [[ "$output" == *mode,times* ]]
}

@test "zsh completes each option, and no other" {
  local specs
  specs=$(sed -n "s/^  '\(.*\)/\1/p" "$TOP/completions/_pcopy" |
    sed -E "s/\[.*//; s/^\([^)]*\)'?//")

  same _pcopy \
    "$(grep -oE -- '--[a-z-]+[a-z]' <<<"$specs")" \
    "$(grep -oE -- '(^|[{,])-[A-Za-z]' <<<"$specs" | grep -oE -- '-.')"
}

@test "fish completes each option, and no other" {
  local lines
  lines=$(grep -vE 'mode (each|map)' "$TOP/completions/pcopy.fish")
  same pcopy.fish \
    "$(sed -nE 's/^complete.* -l ([a-z-]+).*/--\1/p' <<<"$lines")" \
    "$(sed -nE 's/^complete.* -s (.) .*/-\1/p' <<<"$lines")"
}

@test "the man page names each exit status" {
  local status
  for status in 0 1 2 3 4 5; do
    grep -qx ".It $status" "$TOP/pcopy.1"
    grep -q "^| $status | " "$TOP/README.md"
  done
  grep -qF 128+ "$TOP/pcopy.1"
}

@test "the examples of the man page run as they are shown" {
  rendered_examples pcopy.1 >"$BATS_TEST_TMPDIR/examples"
  cd "$BATS_TEST_TMPDIR"
  ln -s "$PCOPY" pcopy
  mkdir -p home/me backup srv build docs src
  echo 1 | tee home/me/a build/b docs/c src/d >/dev/null
  PATH=$PWD:$PATH
  # Their absolute paths begin here.
  sed -i "s, /, $PWD/,g" examples
  [ "$(wc -l <examples)" -ge 4 ]
  while read -r line; do
    [[ $line == pcopy\ * ]]
    run -0 sh -c "$line"
  done <examples
  diff -r home backup/home
  diff -r build srv/stage/build
  diff -r docs srv/stage/docs
  diff -r src dst
  grep -q 'copied' copy.log
}

@test "no macro of the man pages is left on the screen" {
  need mandoc
  local page
  for page in pcopy.1 pcopy-each.1 pcopy-map.1; do
    run -1 grep -nwE '(Ar|Fl|Nm|Cm|Pa|Xr|Sq|Dq|Op|Li|Pq) [^ ]' \
      <(mandoc -T utf8 "$TOP/$page" | col -bx)
  done
}

@test "no example loses a character on its way from the source to the screen" {
  local page
  for page in pcopy.1 pcopy-each.1 pcopy-map.1; do
    diff <(rendered_examples "$page") \
      <(sed -n '/^.Sh EXAMPLES/,/^.Sh SEE/p' "$TOP/$page" |
        sed -n '/^.Bd -literal/,/^.Ed/{/^.Bd/d;/^.Ed/d;p}' |
        sed "s/^\\\\&//; s/\\\\-/-/g; s/\\\\(aq/'/g; s/\\\\(dq/\"/g; s/\\\\(ti/~/g; s/\\\\e/\\\\/g")
    ! grep -q '^\.Dl' "$TOP/$page"
    grep -qx '.Os pcopy' "$TOP/$page"
  done
}
