# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034,SC2154,SC2164,SC2016
# bench/tools.bash: how each tool is told to make dst a copy of src, or to run
# $job for each line of src/list. Runs in the directory that holds both; sets
# the array cmd.

uutils_cp=/usr/lib/cargo/bin/coreutils/cp

shell_tool() {
  cmd=(bash -c "$1")
}

tool_command() {
  case $1 in
    pcopy | old) our_command "$1" ;;
    pcopy-* | old-*) our_command "${1%%-*}" "${1#*-}" ;;
    floor*) floor_command "${1#floor}" ;;
    each* | xargs-* | gnu*) batch_command "$1" ;;
    *) their_command "$1" ;;
  esac
}

our_command() { # pcopy|old VARIANT
  local program=$pcopy

  [ "$1" = pcopy ] || program=$old
  cmd=("$program" -q)
  case ${2-} in
    '') ;;
    j*) cmd+=("-$2") ;;
    inplace) cmd+=(--inplace) ;;
    bare) cmd+=(--inplace --no-preserve=all) ;;
    noreflink) cmd+=(--reflink=never) ;;
    list) shell_tool "'$program' -n -q src dst >'$work/output'" && return ;;
    *) die "no tool $1-$2" ;;
  esac
  cmd+=(src dst)
}

floor_command() { # VARIANT
  local big='mkdir dst && f=$(ls src) &&'

  cmd=("$programs/floor" copy)
  case $1 in
    '') ;;
    -direct) cmd+=(-m direct) ;;
    -rename) cmd+=(-m rename) ;;
    -bare) cmd+=(-T -m direct) ;;
    # And somebody has to walk, who asks for the size of each file.
    -walk)
      shell_tool "find src -size +999G & '$programs/floor' copy src '$work/list' dst; wait"
      return
      ;;
    -p1) cmd+=(-p 1) ;;
    -big*)
      shell_tool "$big '$programs/floor' big -p ${1#-big} src/\$f dst/\$f"
      return
      ;;
    *) die "no tool floor$1" ;;
  esac
  cmd+=(src "$work/list" dst)
}

their_command() {
  case $1 in
    cp-a) cmd=(cp -a src dst) ;;
    cp-r) cmd=(cp -r src dst) ;;
    cp-noreflink) cmd=(cp -a --reflink=never src dst) ;;
    cp-reflink) cmd=(cp -a --reflink=always src dst) ;;
    dd) shell_tool 'mkdir dst && cd src && for f in *; do
      dd if="$f" of=../dst/"$f" bs=1M status=none; done' ;;
    rsync) cmd=(rsync -aHAXS src/ dst/) ;;
    rsync-a) cmd=(rsync -a src/ dst/) ;;
    rsync-list) shell_tool "rsync -an -v src/ dst/ >'$work/output'" ;;
    find) shell_tool "find src >'$work/output'" ;;
    tar) shell_tool 'mkdir dst && tar -C src -cf - . | tar -C dst -xpf -' ;;
    xargs)
      shell_tool 'mkdir dst && cd src &&
        find . -type d -print0 | (cd ../dst && xargs -0 mkdir -p) &&
        find . ! -type d -print0 |
        xargs -0 -r -P 2 -n 100 cp -a --parents -t ../dst'
      ;;
    parallel)
      shell_tool 'mkdir dst && cd src &&
        find . -mindepth 1 -maxdepth 2 -print0 |
        parallel -0 -j 2 -n 100 rsync -aHAXSR {} ../dst/'
      ;;
    rclone) cmd=(rclone copy --links --transfers 8 src dst) ;;
    fpsync) cmd=(fpsync -n 2 -o '-lptgoDHAXS' "$PWD/src/" "$PWD/dst/") ;;
    uutils) cmd=("$uutils_cp" -a src dst) ;;
    xcp) cmd=(xcp -r src dst) ;;
    xcp-noreflink) cmd=(xcp -r --reflink never src dst) ;;
    cpz) cmd=(cpz src dst) ;;
    fcp) cmd=(fcp src dst) ;;
    rcp) cmd=(rcp --preserve src dst) ;;
    dsync)
      cmd=(mpirun --allow-run-as-root --oversubscribe -n 4
        dsync -q src dst)
      ;;
    *) die "no tool $1" ;;
  esac
}

# For each item a job of its own; each1000 and the like: so many at a time.
batch_command() {
  local each="'$pcopy' --each -q -j 2 -a src/list"
  local gnu='parallel --will-cite -j 2 -a src/list'

  case $1 in
    each) shell_tool "$each -- $job >'$work/output'" ;;
    xargs-each) shell_tool "xargs -a src/list -n 1 -P 2 $job >'$work/output'" ;;
    gnu) shell_tool "$gnu $job >'$work/output'" ;;
    each-1000) shell_tool "$each -n 1000 -- $job >'$work/output'" ;;
    xargs-1000)
      shell_tool "xargs -a src/list -n 1000 -P 2 $job >'$work/output'"
      ;;
    gnu-1000) shell_tool "$gnu -n 1000 $job >'$work/output'" ;;
    each-print) shell_tool "$each -s 'cat src/text' | $reader" ;;
    each-print-k) shell_tool "$each -k -s 'cat src/text' | $reader" ;;
    each-print-lb) shell_tool "$each --lb -s 'cat src/text' | $reader" ;;
    gnu-print) shell_tool "$gnu 'cat src/text; : {}' | $reader" ;;
    gnu-print-k) shell_tool "$gnu -k 'cat src/text; : {}' | $reader" ;;
    gnu-print-lb) shell_tool "$gnu --lb 'cat src/text; : {}' | $reader" ;;
    xargs-print)
      shell_tool "xargs -a src/list -n 1 -P 2 sh -c 'cat src/text' | $reader"
      ;;
    *) die "no tool $1" ;;
  esac
}

has_tool() {
  case $1 in
    old*) [ -n "$old" ] ;;
    pcopy* | floor* | xargs* | each* | cp-* | dd | find) ;;
    gnu* | parallel) parallel --version </dev/null | grep -q GNU ;;
    uutils) [ -x "$uutils_cp" ] ;;
    rcp) rcp --help | grep -q preserve ;;
    dsync) command -v dsync && command -v mpirun ;;
    *) command -v "${1%%-*}" ;;
  esac >/dev/null 2>&1
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

# wanted_tools TOOL...: the first, and of the others what is here and wanted
wanted_tools() {
  local tool

  for tool in "$@"; do
    if [ "$tool" = "$1" ] ||
      { has_tool "$tool" && [[ -z $only || $only = *,$tool,* ]]; }; then
      echo "$tool"
    fi
  done
}
