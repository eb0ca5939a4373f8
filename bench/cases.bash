# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034,SC2154,SC2164,SC2016
# bench/cases.bash: the cases. A case is a line: name, file system, MiB of it,
# inodes, quick (q, or -), kind of run, tree, and what it is.

small_tools=(pcopy old floor floor-direct floor-rename cp-a cp-r rsync tar
  xargs pcopy-inplace pcopy-bare floor-bare parallel rclone fpsync uutils xcp
  cpz fcp rcp dsync)
big_tools=(pcopy-noreflink old-noreflink cp-noreflink dd xcp)

all_cases='
small-ext4    ext4  5120 400000 q small linux             | the kernel source, warm
small-xfs     xfs   5120 400000 - small linux             | the same
small-btrfs   btrfs 6144 400000 - small linux             | the same
small-tmpfs   tmpfs 5120 400000 - small linux             | the same
update-ext4   ext4  5120 400000 q update linux            | nothing to do
update-tmpfs  tmpfs 5120 400000 - update linux            | nothing to do
one-ext4      ext4  5120 1000 -   big made:-n:1:-b:2147483648 | one file of 2 GiB
one-xfs       xfs   5120 1000 -   big made:-n:1:-b:2147483648 | the same
one-tmpfs     tmpfs 5120 1000 -   big made:-n:1:-b:2147483648 | the same
mib-ext4      ext4  5120 9000 q   big made:-n:2000:-b:1048576 | 2,000 files of 1 MiB
mib-xfs       xfs   5120 9000 -   big made:-n:2000:-b:1048576 | the same
mib-tmpfs     tmpfs 5120 9000 -   big made:-n:2000:-b:1048576 | the same
large-ext4    ext4  5120 9000 -   big made:-n:20:-b:104857600 | 20 files of 100 MiB
half-ext4     ext4  5120 50000 -  big made:-n:2000:-b:524288:-B:1073741824 | 2,000 of 512 KiB, one of 1 GiB
flat-ext4     ext4  4096 900000 - small made:-n:200000:-b:100 | 200,000 files in one directory
flat-xfs      xfs   4096 900000 - small made:-n:200000:-b:100 | the same
million-ext4  ext4  8192 2500000 - many made:-n:1000000:-d:1000 | 1,000,000 empty files, 1,000 directories
million-tmpfs tmpfs 8192 2500000 - many made:-n:1000000:-d:1000 | the same
share-xfs     xfs   30720 1000 -  share made:-n:2:-b:1073741824 | reflinks: 2 files of 1 GiB
share-btrfs   btrfs 30720 1000 -  share made:-n:2:-b:1073741824 | the same
share-small-xfs xfs 5120 400000 - share linux             | reflinks: the kernel source
tiny-ext4     ext4  256 1000 q    tiny made:-n:10:-b:1000 | 10 files
tiny-tmpfs    tmpfs 256 1000 -    tiny made:-n:10:-b:1000 | the same
'

# for_each_case FUNCTION [ARG]...: with a case in the variables below
for_each_case() {
  local name fs mib inodes in_quick kind tree text

  # shellcheck disable=SC2034 # read by the functions called
  while read -r name fs mib inodes in_quick kind tree _ text; do
    [ -z "$name" ] || "$@"
  done <<<"$all_cases"
}

# shellcheck disable=SC2154 # set by for_each_case
print_case() {
  printf '  %-16s %-6s %s%s\n' "$name" "$fs" "$text" \
    "$([ "$in_quick" = q ] && echo ' (quick)')"
}

case_text() {
  for_each_case eval "[ \"\$name\" != '$1' ] || printf '%s, %s' \"\$text\" \"\$fs\""
}

tools_of_kind() {
  case $1 in
    small) wanted_tools "${small_tools[@]}" ;;
    update) wanted_tools pcopy old rsync rsync-a ;;
    many) wanted_tools pcopy old floor cp-a rsync ;;
    big) wanted_tools "${big_tools[@]}" ;;
    share) wanted_tools pcopy old cp-reflink cp-a ;;
    tiny) wanted_tools pcopy old pcopy-j1 floor-p1 cp-a ;;
  esac
}

# shellcheck disable=SC2154
run_case() {
  local keeps_dst='' is_cold='' tools rounds=$rounds

  if [ -n "$quick" ] && [ "$tree" = linux ]; then
    tree=linux-part
  fi
  echo "$name: making data" >&2
  make_fs "$fs" "$mib" "$inodes" "$([ "$kind" != share ] || echo sparse)"
  # shellcheck disable=SC2086 # fields are words
  put_tree ${tree//:/ }
  cd "$mnt"
  if [ "$kind" = update ]; then
    "$pcopy" -q src dst
    keeps_dst=1
  elif [ "$kind" = tiny ]; then
    rounds=$((rounds * 8))
  fi
  mapfile -t tools < <(tools_of_kind "$kind")
  run_rounds "$name" "${tools[@]}"
  cd /
  unmount
}

run_if_chosen() {
  local pattern

  if [ $# -eq 0 ]; then
    if [ -z "$quick" ] || [ "$in_quick" = q ]; then
      run_case
    fi
    return
  fi
  for pattern in "$@"; do
    # shellcheck disable=SC2053 # a pattern
    if [[ $name == $pattern ]]; then
      n_run=$((n_run + 1))
      run_case
      return
    fi
  done
}

run_cases() {
  local n_run=0

  for_each_case run_if_chosen "$@"
  if [ $# -gt 0 ] && [ $n_run -eq 0 ]; then
    die "no such case: $* (see --list)"
  fi
}
