# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034,SC2154,SC2164,SC2016
# bench/cases.bash: the cases. A line each: name, places (when there are several
# each makes a case NAME-PLACE), MiB and inodes of it, quick (q, or -), kind of
# run, tree with its arguments after colons, and what it is.

all_cases='
small   ext4,xfs,btrfs,tmpfs 6000 210000 q small part!linux      | the kernel source, warm
inplace ext4,xfs,btrfs,tmpfs 1500 60000 - inplace part          | a part of the kernel source, written in place
bare    ext4,xfs,btrfs,tmpfs 1500 60000 - bare part             | a part of the kernel source, content only
others  ext4                 2000 100000 - others part           | other tools, a part of the kernel source
usr     ext4                 4000 250000 - small usr             | /usr/share
update  ext4,xfs,btrfs,tmpfs 3600 210000 q update part!linux     | the kernel source, nothing to do
j1      ext4                 2000 100000 - j1 part               | one worker, a part of the kernel source
tiny    ext4,tmpfs           256 1000    q tiny made:-n:10:-b:1000 | 10 files
onedir  ext4,xfs,btrfs,tmpfs 2400 450000 - onedir made:-n:200000:-b:100 | 200,000 files in one directory
big2g   ext4,xfs,btrfs,tmpfs 4500 1000   - big made:-n:1:-b:2147483648 | one file of 2 GiB
mib     ext4,xfs,btrfs,tmpfs 6500 9000   q files made:-n:500:-b:1048576!made:-n:2000:-b:1048576 | files of 1 MiB
100mib  ext4,xfs,btrfs,tmpfs 6500 9000   - files made:-n:20:-b:104857600 | 20 files of 100 MiB
mix     ext4,xfs,btrfs,tmpfs 6500 9000   - files made:-n:2000:-b:524288:-B:1073741824 | 2,000 of 512 KiB, one of 1 GiB
reflink xfs-sparse,btrfs-sparse 30720 1000 - share shared        | blocks shared: 20 files, 10 GiB
empty-100k    ext4,tmpfs     700 210000  - many made:-n:100000:-d:100  | 100,000 empty files, 100 directories
empty-million ext4,tmpfs     3000 2100000 - many made:-n:1000000:-d:1000 | 1,000,000 empty files, 1,000 directories
list-million  ext4           1600 1100000 - list made:-n:1000000:-d:1000 | a dry run that lists 1,000,000 files
list-10m      ext4           4600 10100000 - list made:-n:10000000:-d:10000 | a dry run that lists 10,000,000 files
cold-disk     disk           0 0         - cold part             | a part of the kernel source, caches dropped
cold-throttled throttled     2000 100000 - cold part             | a part of the kernel source, caches dropped, 3,000 reads and 125 MiB a second
far-1ms  far                 512 10000   - far made:-n:800:-d:50:-b:4000  | 800 files where each operation takes 1 ms more
far-sshfs sshfs              512 10000   - far made:-n:800:-d:50:-b:4000  | 800 files on an sshd of the loopback
each-true tmpfs              64 100      - each lines:10000      | 10,000 jobs that do nothing
each-2k  tmpfs               64 100      - each-gnu lines:2000   | 2,000 jobs that do nothing, GNU parallel too
each-million tmpfs           64 100      - each-many lines:1000000 | 1,000,000 items, 1,000 to a job
each-10k tmpfs               64 100      - each-many lines:10000 | 10,000 items, 1,000 to a job
each-print tmpfs             64 100      - each-print text:1000  | 1,000 jobs that print 1 MiB each
'

# The first tool is what the others are compared with.
tools_of_kind() {
  case $1 in
    small) wanted_tools pcopy old floor floor-walk floor-rename cp-a \
      rsync xcp ;;
    inplace) wanted_tools pcopy-inplace old-inplace floor-direct cp-a ;;
    bare) wanted_tools pcopy-bare old-bare floor-bare cpz fcp cp-r ;;
    others) wanted_tools pcopy old cp-a cp-r tar xargs parallel rclone \
      fpsync uutils rcp dsync ;;
    update) wanted_tools pcopy old rsync rsync-a ;;
    j1) wanted_tools pcopy-j1 old-j1 floor-p1 cp-a ;;
    tiny) wanted_tools pcopy old pcopy-j1 floor-p1 cp-a ;;
    onedir) wanted_tools pcopy old floor cp-a cpz ;;
    big) wanted_tools pcopy-noreflink old-noreflink floor-big1 floor-big2 \
      cp-a cp-noreflink dd xcp-noreflink ;;
    files) wanted_tools pcopy-noreflink old-noreflink floor cp-noreflink \
      cp-a xcp-noreflink ;;
    share) wanted_tools pcopy old cp-reflink ;;
    many) wanted_tools pcopy old floor cp-a ;;
    list) wanted_tools pcopy-list old-list find rsync-list ;;
    cold) wanted_tools pcopy old pcopy-j8 floor cp-a rsync xcp ;;
    far) wanted_tools pcopy-j32 old-j32 pcopy pcopy-j1 cp-a ;;
    each) wanted_tools each xargs-each ;;
    each-gnu) wanted_tools each xargs-each gnu ;;
    each-many) wanted_tools each-1000 xargs-1000 gnu-1000 ;;
    each-print) wanted_tools each-print each-print-k each-print-lb \
      xargs-print gnu-print gnu-print-k gnu-print-lb ;;
    *) die "no kind $1" ;;
  esac
}

oracle_of_kind() {
  case $1 in
    each-print) echo whole_pieces ;;
    each*) echo same_items ;;
    list) echo listed_all ;;
    share) echo same_blocks ;;
    *) echo same_tree ;;
  esac
}

# for_each_case FUNCTION [ARG]...: with a case in the variables below
for_each_case() {
  local family places place name mib inodes in_quick kind tree text line lines

  mapfile -t lines < <(grep . <<<"$all_cases")
  for line in "${lines[@]}"; do
    read -r family places mib inodes in_quick kind tree _ text <<<"$line"
    for place in ${places//,/ }; do
      name=$family
      [ "$places" = "$place" ] || name=$family-${place%-sparse}
      "$@"
    done
  done
}

print_case() {
  printf '  %-20s %s%s\n' "$name" "$text" \
    "$(is_quick && echo ' (quick)')"
}

is_quick() {
  [ "$in_quick" = q ] && [[ $place = ext4 ]]
}

# Of a sparse image only what is written is there.
room_needed() {
  [[ $place = *sparse ]] && echo 1000 || echo "$mib"
}

run_case() {
  local keeps_dst='' is_cold='' fresh_mib='' back here clean_in tools rounds=$rounds
  local oracle place_text
  local quick_tree=${tree%!*}

  if ! can_make_place "$place"; then
    echo "$name: not run: what it needs is not here" >&2
    return
  fi
  has_room "$(room_needed)" || return 0
  echo "$name: making data" >&2
  make_place "$place" "$mib" "$inodes"
  tree=${tree#*!}
  if [ -n "$quick" ]; then
    tree=$quick_tree
  fi
  # shellcheck disable=SC2086 # fields are words
  put_tree "$back" ${tree//:/ }
  [[ $kind = list || $kind = share ]] || warm_up "$back/src"
  place_text=$(findmnt -n -o FSTYPE -T "$back")
  go_far "$place"
  clean_in=$here
  [ "$place" != far ] || clean_in=$back
  cd "$here"
  case $kind in
    update) "$pcopy" -q src dst && keeps_dst=1 ;;
    tiny) rounds=$((rounds * 8)) ;;
    big | files) fresh_mib=2500 ;;
    list) [ "$family" != list-10m ] || rounds=1 ;;
  esac
  oracle=$(oracle_of_kind "$kind")
  mapfile -t tools < <(tools_of_kind "$kind")
  run_rounds "$name" "${tools[@]}"
  leave_place
}

run_if_chosen() {
  local pattern

  if [ $# -eq 0 ]; then
    if [ -z "$quick" ] || is_quick; then
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
