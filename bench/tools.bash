# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034,SC2154,SC2164,SC2016
# bench/tools.bash: how each tool is told to make dst a copy of src. Runs in
# the directory that holds both; sets the array cmd.

shell_tool() {
  cmd=(bash -c "$1")
}

# The ones for trees, with a line on what each is.
tool_command() {
  case $1 in
    pcopy) cmd=("$pcopy" -q src dst) ;;
    old) cmd=("$old" -q src dst) ;;
    pcopy-j1) cmd=("$pcopy" -q -j1 src dst) ;;
    pcopy-inplace) cmd=("$pcopy" -q --inplace src dst) ;;
    pcopy-bare) cmd=("$pcopy" -q --inplace --no-preserve=all src dst) ;;
    pcopy-noreflink) cmd=("$pcopy" -q --reflink=never src dst) ;;
    old-noreflink) cmd=("$old" -q --reflink=never src dst) ;;
    floor) cmd=("$programs/floor" copy src "$work/list" dst) ;;
    floor-direct)
      cmd=("$programs/floor" copy -m direct src "$work/list" dst)
      ;;
    floor-rename)
      cmd=("$programs/floor" copy -m rename src "$work/list" dst)
      ;;
    floor-bare)
      cmd=("$programs/floor" copy -T -m direct src "$work/list" dst)
      ;;
    floor-p1) cmd=("$programs/floor" copy -p 1 src "$work/list" dst) ;;
    cp-a) cmd=(cp -a src dst) ;;
    cp-r) cmd=(cp -r src dst) ;;
    cp-noreflink) cmd=(cp -a --reflink=never src dst) ;;
    cp-reflink) cmd=(cp -a --reflink=always src dst) ;;
    dd) shell_tool 'mkdir dst && cd src && for f in *; do
      dd if="$f" of=../dst/"$f" bs=1M status=none; done' ;;
    rsync) cmd=(rsync -aHAXS src/ dst/) ;;
    rsync-a) cmd=(rsync -a src/ dst/) ;;
    tar) shell_tool 'mkdir dst && tar -C src -cf - . | tar -C dst -xpf -' ;;
    xargs)
      shell_tool 'mkdir dst && cd src &&
        find . -type d -print0 | (cd ../dst && xargs -0 mkdir -p) &&
        find . ! -type d -print0 |
        xargs -0 -r -P 2 -n 100 cp -a --parents -t ../dst'
      ;;
    parallel)
      shell_tool 'mkdir dst && cd src &&
        find . -mindepth 1 -maxdepth 1 -print0 |
        parallel -0 -j 2 rsync -aHAXS {} ../dst/'
      ;;
    rclone) cmd=(rclone copy --links --transfers 8 src dst) ;;
    fpsync) cmd=(fpsync -n 2 -o '-aHAXS' "$PWD/src/" "$PWD/dst/") ;;
    uutils) cmd=("$uutils_cp" -a src dst) ;;
    xcp) cmd=(xcp -r src dst) ;;
    cpz) cmd=(cpz src dst) ;;
    fcp) cmd=(fcp src dst) ;;
    rcp) cmd=(rcp src dst) ;;
    dsync) cmd=(mpirun --allow-run-as-root -n 4 dsync -q src dst) ;;
    *) die "no tool $1" ;;
  esac
}

uutils_cp=/usr/lib/cargo/bin/coreutils/cp

has_tool() {
  case $1 in
    old*) [ -n "$old" ] ;;
    pcopy* | floor* | xargs) ;;
    cp-* | dd) ;;
    rsync-a) command -v rsync ;;
    uutils) [ -x "$uutils_cp" ] ;;
    rcp) rcp --version 2>/dev/null | grep -q rcp ;;
    *) command -v "$1" ;;
  esac >/dev/null
}

available_tools() {
  local tool

  for tool in cp-a rsync tar xargs parallel rclone fpsync uutils xcp cpz \
    fcp rcp dsync; do
    if has_tool "$tool"; then
      echo "$tool"
    fi
  done
}

is_slow_tool() {
  case $1 in
    parallel | rclone | fpsync | uutils | dsync) ;;
    *) return 1 ;;
  esac
}

# wanted_tools TOOL...: of these, what is here and was asked for
wanted_tools() {
  local tool

  for tool in "$@"; do
    has_tool "$tool" || continue
    case $tool in
      pcopy | old | floor) ;;
      *)
        if [ -n "$only" ]; then
          [[ $only = *,$tool,* ]] || continue
        elif is_slow_tool "$tool" && [ -z "$others" ]; then
          continue
        fi
        ;;
    esac
    echo "$tool"
  done
}
