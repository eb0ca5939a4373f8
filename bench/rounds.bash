# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034,SC2154,SC2164,SC2016
# bench/rounds.bash: rounds of one case, and its table.

# A virtual machine gives free pages back to its host, and pays for each when it
# touches it again: as much as for copying it three times. So that no tool pays
# for what another one has left, each finds the pages it needs touched.
have_free_pages() {
  fallocate -l "${fresh_mib}M" "$work/fresh"
  rm -f "$work/fresh"
}

# Between runs: nothing of the last one is left to be done.
before_run() {
  if [ -z "$keeps_dst" ]; then
    rm -rf "$clean_in/dst"
  fi
  sync -f "$here"
  if [ -n "$fresh_mib" ]; then
    have_free_pages
  fi
  if [ -n "$is_cold" ]; then
    echo 3 >/proc/sys/vm/drop_caches
  fi
}

# run_tool TOOL FILE [OPTION]...: appends what measure says to FILE
run_tool() {
  local cmd status=0

  tool_command "$1"
  before_run
  "$programs/measure" -s "$here" "${@:3}" -- "${cmd[@]}" 3>"$work/one" \
    >"$work/said" 2>&1 || status=$?
  printf '%s %s\n' "$1" "$(cat "$work/one")" >>"$2"
  if [ $status -ne 0 ]; then
    printf '%s ended with %d: %s\n' "$1" $status "$(tail -n 1 "$work/said")"
  fi >&2
}

# ---- oracles: is the result what it has to be ----

same_tree() {
  "$programs/compare" "$back/src" "$back/dst" 2>&1
}

# Blocks that are shared need not be read.
same_blocks() {
  local file

  for file in src/*; do
    if ! cmp -s <(extents "$file") <(extents "dst/${file##*/}"); then
      echo 'other blocks'
      return
    fi
  done
  echo same
}

extents() {
  filefrag -v "$1" | awk '$1 ~ /^[0-9]+:$/ { print $2, $3, $4, $5, $6 }'
}

same_items() {
  local lost

  lost=$(tr ' ' '\n' <"$work/output" | sort | comm -3 - <(sort src/list) | wc -l)
  [ "$lost" = 0 ] && echo same || echo "$lost items"
}

whole_pieces() {
  awk -v n="$(wc -l <src/list)" '{ print ($1 == n * 16384 ? "same" : "lines") \
    ($2 ? ", torn lines " $2 : "") ($3 ? ", mixed jobs " $3 : "") }' \
    "$work/output"
}

# As awk: lines, of which not as long as all are, and not behind the one that
# is before it in its job.
count_pieces='awk "length != 63 { torn++ } \$0 - last != 1 && last - \$0 != 16383 { apart++ } { last = \$0 }
  END { print NR, torn + 0, (apart > 1 ? apart : 0) }"'

listed_all() {
  local n

  n=$(grep -c . "$work/output")
  [ "$n" -ge "$(find src | wc -l)" ] && echo same || echo "$n names"
}

# Once per tool: memory, and what the oracle says.
check_tool() {
  local job=echo reader="$count_pieces >'$work/output'"

  run_tool "$1" "$work/memory" -m
  printf '%s %s\n' "$1" "$($oracle)" >>"$work/kept"
}

# run_rounds CASE TOOL...
run_rounds() {
  local tool round job=true reader='cat >/dev/null'

  rm -f "$work"/{times,memory,kept}
  for tool in "${@:2}"; do
    check_tool "$tool"
  done
  for ((round = 0; round < rounds; round++)); do
    for tool in "${@:2}"; do
      run_tool "$tool" "$work/times"
    done
  done
  print_table "$1" | tee "$work/table"
  if [ -n "$save" ]; then
    mkdir -p "$top/bench/results"
    {
      cat "$work/table"
      printf '\nseconds to the prompt, with syncfs, user, system, own, others:\n'
      cut -d ' ' -f 1-7 "$work/times"
    } >"$top/bench/results/$1.txt"
  fi
}

# ---- the table ----

version_of() {
  case $1 in
    cp-a) cp --version ;;
    rsync) rsync --version ;;
    gnu* | parallel) parallel --version </dev/null ;;
    xcp | fcp | rclone) "$1" --version ;;
  esac 2>/dev/null | sed -n '1s/^/; /p' | tr -d '\n' || :
}

head_line() {
  local tool

  printf '%s: %s\n' "$1" "$text"
  printf 'Linux %s, %s cores (%s), %s MiB, %s, %s\n' "$(uname -r)" "$(nproc)" \
    "$(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -n 1)" \
    "$(awk '/^MemTotal:/ { print int($2 / 1024) }' /proc/meminfo)" \
    "$place_text" "$(date -u +%F)"
  printf 'pcopy %s, %s rounds' "$commit" "$rounds"
  for tool in "${@:2}"; do
    version_of "$tool"
  done
  printf '\n'
}

# The last that changed the program, when it is built.
commit() {
  if [ "$pcopy" != "$top/build/release/pcopy" ]; then
    "$pcopy" --version
  elif ! git -C "$top" log -1 --format=%h -- src 2>/dev/null; then
    echo '?'
  elif ! git -C "$top" diff --quiet HEAD -- src; then
    echo 'and changes'
  fi | paste -s -d ' '
}

print_table() {
  head_line "$1" "${tools[@]}"
  awk -v kept="$work/kept" -v memory="$work/memory" \
    -f "$top/bench/table.awk" "$work/times"
}
