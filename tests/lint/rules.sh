#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# tests/lint/rules.sh [TOP [RULE]...]: prints FILE:LINE: RULE: what, for every
# place under TOP (this project) that breaks a rule, and ends with 1 if any
# does. selftest.bats shows that each rule sees what it is for. The rules:
#
#   format    C is as clang-format 14 writes it
#   floors    a floor includes itself and the ones below: base, mp and fs,
#             engine, cli; tests of a floor likewise; examples base and mp
#   length    files have at most 400 lines, tests 600
#   function  functions have at most 80 lines
#   banned    no strcpy, system, .. (c_lines.awk has the list)
#   paths     src/fs and src/engine go by descriptors; where there is no other
#             way, the line or the one above says /* lint: path, and why */;
#             proc_path() makes the path of a descriptor
#   prints    src/mp, src/fs and src/engine do not print
#   typedefs  no name of ours ends in _t
#   spdx      the first line of a source (of a script the second) names the
#             licence
#   shell     shellcheck has nothing to say
#   space     no space at line ends, a newline at the end of the file
set -euo pipefail

here=$(cd -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")" && pwd)
all_rules=(format floors length function banned paths prints typedefs spdx
  shell space)
status=0

fault() { # FILE LINE RULE WHAT
  printf '%s:%s: %s: %s\n' "$@"
  status=1
}

is_script() {
  [ "$(head -c 2 -- "$1" | tr -d '\0')" = '#!' ]
}

check_format() {
  local tool=clang-format-14 output

  command -v "$tool" >/dev/null || tool=clang-format
  if ! "$tool" --version | grep -q 'version 14\.'; then
    echo "format: not checked, this is not clang-format 14" >&2
  elif ! output=$("$tool" --dry-run -Werror -- "${c_files[@]}" 2>&1); then
    grep ': error: ' <<<"$output" |
      sed -E 's/:[0-9]+: error: .*/: format: clang-format would change this/'
    status=1
  fi
}

check_length() {
  local lines file limit

  while read -r lines file; do
    case $file in
      *.1) continue ;; # a man page is as long as its options are many
      tests/*) limit=600 ;;
      *) limit=400 ;;
    esac
    if [ "$lines" -gt "$limit" ]; then
      fault "$file" "$lines" length "more than $limit lines"
    fi
  done < <(wc -l -- "${sources[@]}" | grep -v ' total$')
}

check_spdx() {
  local file line text='SPDX-License-Identifier: MIT'

  for file in "${sources[@]}"; do
    line=$(sed -n '1{/^#!\|^#compdef/!{p;q}};2{p;q}' -- "$file")
    case $file:$line in
      *.[ch]:"/* $text */") ;;
      *.[ch]:*) fault "$file" 1 spdx "not /* $text */" ;;
      *:*"$text") ;;
      *) fault "$file" 1 spdx "no $text" ;;
    esac
  done
}

check_shell() {
  local output

  if [ ${#shell_files[@]} -gt 0 ] &&
    ! output=$(shellcheck -x -f gcc -- "${shell_files[@]}"); then
    sed -E 's/^([^:]+:[0-9]+):[0-9]+:/\1: shell:/' <<<"$output"
    status=1
  fi
}

check_space() {
  local file

  if grep -nIE '[[:space:]]+$' -- "${files[@]}" |
    sed -E 's/^([^:]+:[0-9]+):.*/\1: space: at the end of the line/' |
    grep .; then
    status=1
  fi
  for file in "${files[@]}"; do
    if [ -s "$file" ] && [ -n "$(tail -c 1 -- "$file" | tr '\0' x)" ]; then
      fault "$file" 0 space "no newline at the end"
    fi
  done
}

check_c_lines() { # RULE...
  local found

  found=$(awk -v rules=" $* " -f "$here/c_lines.awk" -- "${c_files[@]}")
  if [ -n "$found" ]; then
    printf '%s\n' "$found"
    status=1
  fi
}

cd -- "${1:-$here/../..}"
if [ $# -gt 1 ]; then
  rules=("${@:2}")
else
  rules=("${all_rules[@]}")
fi

files=() c_files=() shell_files=() sources=()
while IFS= read -r -d '' file; do
  file=${file#./}
  files+=("$file")
  case $file in
    *.[ch]) c_files+=("$file") ;;
    *.bats | *.bash | *.sh) shell_files+=("$file") ;;
    *.cmake | *.fish | *.1 | *.awk | *CMakeLists.txt) ;;
    .clang-* | completions/*) ;;
    *)
      is_script "$file" || continue
      case $(head -n 1 -- "$file") in
        */sh | *bash | *bats) shell_files+=("$file") ;;
      esac
      ;;
  esac
  sources+=("$file")
done < <(find . \( -path ./build -o -path ./.git \) -prune -o -type f -print0 |
  sort -z)

c_rules=()
for rule in "${rules[@]}"; do
  case $rule in
    format) [ ${#c_files[@]} -eq 0 ] || check_format ;;
    length) [ ${#sources[@]} -eq 0 ] || check_length ;;
    spdx) [ ${#sources[@]} -eq 0 ] || check_spdx ;;
    shell) check_shell ;;
    space) [ ${#files[@]} -eq 0 ] || check_space ;;
    floors | function | banned | paths | prints | typedefs) c_rules+=("$rule") ;;
    *)
      echo "no such rule: $rule" >&2
      exit 2
      ;;
  esac
done
if [ ${#c_rules[@]} -gt 0 ] && [ ${#c_files[@]} -gt 0 ]; then
  check_c_lines "${c_rules[@]}"
fi
exit $status
