#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Names are bytes: any is copied, none reaches a terminal raw.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154

load trees

setup() {
  make_room
}

teardown() {
  clear_room
}

@test "names of every byte but / and NUL" {
  mkdir src
  for byte in {1..255}; do
    [ "$byte" -ne 47 ] || continue
    # shellcheck disable=SC2059
    name=$(printf "\\x$(printf %x "$byte")x")
    echo "$byte" >"src/$name"
  done

  run -0 "$PCOPY" --stats src dst

  [ "$(count_of copied "$output")" -eq 254 ]
  same_copy src dst
}

@test "names that look like options, patterns, or our own" {
  mkdir src
  echo x >src/-j
  echo x >src/--
  echo x >'src/*'
  echo x >src/...
  echo x >'src/~'
  echo x >'src/ '
  echo x >src/.pcopy.
  echo x >src/.pcopy.abcdefghijkl
  mkdir src/..a src/.pcopy.dir

  run -0 "$PCOPY" --stats src dst
  run -0 "$PCOPY" --stats src dst

  [[ "$output" == *'0 copied, 8 unchanged'* ]]
  same_copy src dst
}

@test "names of 255 bytes, of all types" {
  long=$(printf 'n%.0s' {1..254})
  mkdir -p "src/${long}d"
  echo x >"src/${long}f"
  echo y >"src/${long}d/${long}g"
  ln -s "$long" "src/${long}l"
  mkfifo "src/${long}p"

  run -0 "$PCOPY" --stats src dst
  same_copy src dst
  # Replaced, too: the name beside it must fit.
  echo longer >"src/${long}f"
  ln -sfn other "src/${long}l"
  touch -h -d 2001-01-01 "src/${long}l"
  run -0 "$PCOPY" --stats src dst

  [ "$(count_of copied "$output")" -eq 2 ]
  same_copy src dst
}

@test "operands of odd names" {
  mkdir $'src\n\xff'
  echo x >$'src\n\xff/x'

  run -0 "$PCOPY" --stats $'src\n\xff' $'dst\e[31m'
  run -0 "$PCOPY" --stats $'src\n\xff' into/

  same_copy $'src\n\xff' $'dst\e[31m'
  same_copy $'src\n\xff' into/$'src\n\xff'
}

# Lines that hold nothing that a terminal might obey.
is_plain() { # TEXT
  [ -z "$(LC_ALL=C tr -d '\n\t -~' <<<"$1")" ]
}

@test "odd names are quoted in the lists" {
  mkdir src
  echo x >src/$'new\nline'
  echo x >src/$'\e[31mred'
  echo x >src/$'bad\xff'
  echo x >src/$'c1\xc2\x9b31m'
  echo x >src/$'back\\slash\'quote\t'
  echo x >src/ü

  run -0 --separate-stderr "$PCOPY" --stats -v src dst

  [ "$(wc -l <<<"$output")" -eq 7 ]
  [[ "$output" == *$'copied\t$\'dst/new\\nline\''* ]]
  [[ "$output" == *$'copied\t$\'dst/\\x1b[31mred\''* ]]
  [[ "$output" == *$'copied\t$\'dst/bad\\xff\''* ]]
  [[ "$output" == *$'copied\t$\'dst/c1\\xc2\\x9b31m\''* ]]
  [[ "$output" == *$'copied\t$\'dst/back\\\\slash\\\'quote\\t\''* ]]
  [[ "$output" == *$'copied\tdst/ü'* ]]
  is_plain "${output//ü/}"
}

@test "what bash makes of a quoted name is the name" {
  name=$'all \x01\x1f\x7f\n\t\r\\ \' " $x `y` \xc3\xbc \xff'
  mkdir src
  echo x >"src/$name"

  run -0 --separate-stderr "$PCOPY" --stats -v src/"$name" dst/

  quoted=$(tail -n 1 <<<"$output" | cut -f 2-)
  eval "unquoted=$quoted"
  [ "$unquoted" = "dst/$name" ]
}

@test "odd names are quoted in messages" {
  mkdir -p src dst
  for name in $'new\nline' $'\e[31mred' $'bad\xff'; do
    echo x >"src/$name"
    mkdir "dst/$name"
  done

  run -1 "$PCOPY" --stats src dst
  is_plain "$output"
  [[ "$output" == *$'pcopy: $\'dst/new\\nline\': is a directory'* ]]
  [[ "$output" == *$'pcopy: $\'dst/\\x1b[31mred\': is a directory'* ]]
  [[ "$output" == *$'pcopy: $\'dst/bad\\xff\': is a directory'* ]]

  run -2 "$PCOPY" --stats $'no\nwhere' new
  [ "$output" = $'pcopy: $\'no\\nwhere\': cannot open: No such file or directory' ]
}
