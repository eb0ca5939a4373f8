#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# --each and --map as people run them: records in the tree that is walked,
# names that meet, habits of other tools, readers that leave.
# shellcheck disable=SC2016,SC2238

load helpers

setup() { make_room; }
teardown() { clear_room; }

each() {
  "$PCOPY" --each -q "$@"
}

map() {
  "$PCOPY" --map -q "$@"
}

# ---- what a run writes is none of its items ----

@test "the records of --map are no items, at whatever depth" {
  mkdir -p src tree/deep
  echo 1 >src/x
  map src tree/a -- cat
  map src tree/deep/b -- cat
  run -0 each tree -- echo
  [ "$(sort <<<"$output")" = $'tree/a/x\ntree/deep/b/x' ]
  run -0 each -t d tree -- echo
  [[ $output != *.pcopy-map* ]]
  map tree copy -- cat
  [ "$(find copy -name x | sort)" = $'copy/a/x\ncopy/deep/b/x' ]
  [ ! -e copy/a/.pcopy-map ]
}

@test "logs, lists and results in the tree are no items" {
  mkdir -p d/logs
  echo 1 >d/x
  touch d/logs/job d/failed
  for _ in 1 2; do
    run -0 each --joblog d/logs/job --failed d/failed --results d/res d \
      -s 'echo "$1" >>ran; echo "$1"'
  done
  [ "$(cat ran)" = $'d/x\nd/x' ]
}

@test "the file that standard output goes to is no item" {
  mkdir d
  seq 1000 | split -l 100 - d/
  each -j 1 d -- cat >d/all
  [ "$(wc -l <d/all)" -eq 1000 ]
  map --joblog d/log d out -- cat 2>d/err
  [ ! -e out/log ]
  [ ! -e out/err ]
}

@test "a path that is given stands for itself, whatever it is" {
  echo 1 >log
  run -0 each --joblog log log -- echo
  [ "$output" = log ]
}

# ---- names of results ----

@test "results that have no place are found before the job runs" {
  mkdir -p t/a.out t/b.err t/sub
  touch t/a t/a.out/x t/b t/b.err/y t/c.out "t/sub/$(printf 'x%.0s' {1..252})"
  run -1 each --results r t -s 'echo "$1" >>ran; echo "$1"'
  [ "$(sort ran)" = $'t/a\nt/b\nt/c.out' ]
  [[ $output == *"t/a.out/x: its output cannot be put into its files: File"* ]]
  [[ $output == *"t/b.err/y: its output"* ]]
  [[ $output == *"File name too long"* ]]
  [ "$(cat r/t/a.out)" = t/a ]
}

@test "of two items with one name for their results the second does not run" {
  mkdir t
  touch t/z
  run -1 each --results r t ./t/z -s 'echo "$1" >>ran; echo'
  [ "$(wc -l <ran)" -eq 1 ]
  [[ $output == *"t/z: its output cannot be put into its files: File exists"* ]]
}

@test "a directory that stands where a result is to be" {
  mkdir -p r/x.err
  touch x
  run -1 each --results r --tries 3 --joblog log x -- touch ran
  [ ! -e ran ]
  grep -qE $'\t255\t0\ttouch ran x$' log
  [[ $output == *"x: its output cannot be put into its files: Is a directory"* ]]
}

@test "results above what is walked are refused" {
  mkdir t
  touch t/x
  run -2 each --results t t -- touch ran
  [[ $output == *"is in the directory of --results"* ]]
  run -2 each --results . t -- touch ran
  [ ! -e ran ]
  run -0 each --results . t/x -- echo
  [ "$(cat t/x.out)" = t/x ]
}

# ---- filters ----

@test "an extension may have dots in it" {
  mkdir d
  touch d/a.tar.gz d/B.TAR.GZ d/b.gz d/c.tar d/.tar.gz d/tar.gz d/xtar.gz
  run -0 each -k -e tar.gz d -- echo
  [ "$(sort <<<"$output")" = $'d/B.TAR.GZ\nd/a.tar.gz' ]
  run -0 each -e .tar.gz -e tar d -- echo
  [ "$(sort <<<"$output")" = $'d/B.TAR.GZ\nd/a.tar.gz\nd/c.tar' ]
}

@test "a filter that can match nothing is refused" {
  touch x
  run -2 each -g 'src/*.c' . -- touch ran
  [[ $output == *"-g: 'src/*.c' has a slash in it"* ]]
  run -2 each -e a/b . -- touch ran
  run -2 each -e '*.gz' . -- touch ran
  [[ $output == *"is a pattern, which is for -g"* ]]
  run -2 map -g a/b . out -- touch ran
  [ ! -e ran ] && [ ! -e out ]
}

# ---- commands ----

@test "a command in one string is named once, and nothing runs" {
  touch a b
  for text in 'touch ran {}' 'nosuch {}' 'touch ran' 'sh -c "touch ran"'; do
    run -2 each a b -- "$text"
    [[ $output == *"the command is one word, '$text': leave the quotes out"* ]]
    [ "${#lines[@]}" -eq 2 ]
    run -2 map . out -- "$text"
    [[ $output == *"the command is one word, '$text'"* ]]
    [ ! -e out ]
  done
  [ ! -e ran ]
}

@test "a program with blanks in its name is no command in one string" {
  mkdir 'my tools'
  printf '#!/bin/sh\necho "<$1>"\n' >'my tools/show it'
  chmod +x 'my tools/show it'
  touch x
  run -0 each x -- './my tools/show it'
  [ "$output" = '<x>' ]
  PATH="$PATH:$PWD/my tools" run -0 each x -- 'show it'
  [ "$output" = '<x>' ]
}

@test "a program that cannot be run is named once, with its name" {
  seq 50 >list
  printf '#!/no/such/shell\n' >script
  chmod +x script
  run -127 each -j 2 -a list -- ./script {}
  [[ ${lines[0]} == *"./script: cannot run the command: No such file"* ]]
  [ "$(grep -c script <<<"$output")" -eq 1 ]
  run -127 each -a list -- nosuch {}
  [[ $output == *"nosuch: cannot run the command"* ]]
}

@test "any POSIX shell reads the list of a dry run" {
  mkdir d
  (
    cd d
    touch -- 'a b' "q'q" 'd"d' '$HOME' '`x`' $'tab\tx' $'nl\nx' -n '~' \
      $'\033[31m' $'end\n\n' $'\n' $'-\t-' $'100%\001' $'back\\slash\n' \
      $'\xff\xfe' 'ünï' ' ' '#' '!x' 'a=b'
  )
  each -n 0 d -- printf '<%s>\n' {} >real
  each --dry-run -n 0 d -- printf '<%s>\n' {} >list
  for shell in sh bash dash; do
    command -v "$shell" >/dev/null || continue
    "$shell" <list >by_shell
    cmp real by_shell
  done
  run grep -c $'\033' list
  [ "$output" = 0 ]
}

# ---- readers ----

@test "with -u, a reader that leaves ends the run" {
  seq 3000 >list
  touch ran
  each -u -j 2 -a list -s 'echo "line $1"; echo >>ran' 2>err | head -n 1
  [ "$(wc -l <ran)" -lt 1000 ]
  [ "$(grep -c 'signal 13' err)" -lt 20 ]
  grep -q 'standard output: write: Broken pipe' err
}

@test "what nobody reads of stderr costs no result" {
  seq 300 >list
  need_root
  script='echo "$1"; echo e >&2'
  each -j 2 -a list -s "$script" >full 2>/dev/full
  each -j 2 -a list -s "$script" >closed 2>&-
  each -j 2 -a list -s "$script" 2> >(exec true) >gone
  for file in full closed gone; do
    [ "$(wc -l <"$file")" -eq 300 ]
  done
}

# ---- going on ----

@test "of equal records as many run again as the log does not have" {
  printf 'x\nx\ny\nx\n' >list
  each -j 1 -a list --joblog log -s 'echo "$1" >>ran'
  head -n 3 log >cut && mv cut log
  : >ran
  each -j 1 -a list --joblog log --resume -s 'echo "$1" >>ran'
  [ "$(sort ran | tr '\n' ' ')" = 'x y ' ]
  : >ran
  each -j 1 -a list --joblog log --resume -s 'echo "$1" >>ran'
  [ ! -s ran ]
}

# ---- --delete of --map ----

@test "an empty directory of SRC that has outputs is not taken at its word" {
  mkdir -p s/disk/deep s/other
  touch s/disk/f1 s/disk/deep/f2 s/other/o
  map s d -- cat
  rm -r s/disk/* s/other/o
  touch s/other/p
  run -5 map --delete s d -- cat
  [[ $output == *"s/disk is empty: --delete would remove"* ]] ||
    [[ $output == *"s/disk: is empty: --delete would remove"* ]]
  [ -e d/disk/f1 ] && [ -e d/disk/deep/f2 ] && [ -e d/other/o ]
  [ ! -e d/other/p ]
  run -5 map --delete -n s d -- cat
  rmdir s/disk
  run -0 map --delete s d -- cat
  [ "$(find d -name .pcopy-map -prune -o -type f -print)" = d/other/p ]
}

@test "the guard of --delete holds for a mounted disk that is away" {
  need_root
  unshare -m true 2>/dev/null || skip "no mount name spaces"
  mkdir -p s/disk
  touch s/keep
  run -0 unshare -m sh -c "mount -t tmpfs none s/disk && touch s/disk/x &&
    '$PCOPY' --map -q s d -- cat"
  [ -e d/disk/x ]
  run -5 map --delete s d -- cat
  [ -e d/disk/x ]
}
