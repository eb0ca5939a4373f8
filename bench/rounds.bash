# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034,SC2154,SC2164,SC2016
# bench/rounds.bash: rounds of one case, and its table.

# Between runs: nothing of the last one is left to be done.
before_run() {
  if [ -z "$keeps_dst" ]; then
    rm -rf dst
  fi
  sync -f .
  if [ -n "$is_cold" ]; then
    echo 3 >/proc/sys/vm/drop_caches
  fi
}

# run_tool TOOL FILE [OPTION]...: appends what measure says to FILE
run_tool() {
  local cmd status=0

  tool_command "$1"
  before_run
  "$programs/measure" -s . "${@:3}" -- "${cmd[@]}" 3>>"$2.one" \
    >"$work/output" 2>&1 || status=$?
  printf '%s %s\n' "$1" "$(cat "$2.one")" >>"$2"
  rm -f "$2.one"
  if [ $status -ne 0 ]; then
    printf '%s ended with %d: %s\n' "$1" $status "$(tail -n 1 "$work/output")"
  fi >&2
}

# Once per tool: memory, and whether the result is the source.
check_tool() {
  run_tool "$1" "$work/memory" -m
  printf '%s %s\n' "$1" "$("$programs/compare" src dst 2>&1)" >>"$work/kept"
}

# run_rounds CASE TOOL...
run_rounds() {
  local tool round file=$work/times

  rm -f "$work"/{times,memory,kept}
  for tool in "${@:2}"; do
    check_tool "$tool"
  done
  for ((round = 0; round < rounds; round++)); do
    for tool in "${@:2}"; do
      run_tool "$tool" "$file"
    done
  done
  print_table "$1" | tee "$work/table"
  if [ -n "$save" ]; then
    { cat "$work/table" && printf '\nraw:\n' && cat "$file"; } \
      >"$top/bench/results/$1.txt"
  fi
}

head_line() {
  printf '%s: %s\n' "$1" "$(case_text "$1")"
  printf 'Linux %s, %s cores, %s, load %s, pcopy %s, %s rounds\n' \
    "$(uname -r)" "$(nproc)" "$(stat -f -c %T "$mnt")" \
    "$(cut -d' ' -f1 /proc/loadavg)" \
    "$(git -C "$top" describe --always --dirty 2>/dev/null || echo '?')" \
    "$rounds"
}

print_table() {
  head_line "$1"
  awk -v kept="$work/kept" -v memory="$work/memory" \
    -f "$top/bench/table.awk" "$work/times"
}
