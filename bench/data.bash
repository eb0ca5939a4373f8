# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034,SC2154,SC2164,SC2016
# bench/data.bash: the trees that are copied.

# The kernel source as a tree of its own, unpacked once.
unpack_linux() {
  local archive

  linux=${BENCH_LINUX:-$work/linux}
  [ ! -e "$linux/Makefile" ] || return 0
  archive=$(find /usr/src -name 'linux-source-*.tar.*' | sort -V | tail -n 1)
  mkdir -p "$linux"
  if [ -n "$archive" ]; then
    tar -xf "$archive" -C "$linux" --strip-components=1
  else
    echo 'no linux-source package: a made tree instead of the kernel' >&2
    "$programs/maketree" -s 1 -n 16000 -d 1000 -b 6000 -v "$linux/fs"
    "$programs/maketree" -s 2 -n 62000 -d 4000 -b 6000 -v "$linux/drivers"
    touch "$linux/Makefile"
    mkdir -p "$linux/net" "$linux/tools"
  fi
}

# put_tree DIR WHAT [ARG]...: makes DIR/src
put_tree() {
  local file i

  case $2 in
    linux)
      unpack_linux
      cp -a "$linux" "$1/src"
      ;;
    part) # some 13,000 files of it
      unpack_linux
      mkdir "$1/src"
      cp -a "$linux/fs" "$linux/net" "$linux/tools" "$1/src"
      ;;
    usr) cp -a "${BENCH_USR:-/usr/share}" "$1/src" ;;
    made) "$programs/maketree" "${@:3}" "$1/src" ;;
    shared) # 10 GiB in the room of one: extents are as many as in other files
      "$programs/maketree" -n 1 -b 536870912 "$1/src"
      file=$(echo "$1"/src/*)
      for ((i = 1; i < 20; i++)); do
        cp --reflink=always "$file" "$file.$i"
      done
      ;;
    lines) # items for a batch, numbered
      mkdir "$1/src"
      seq "$3" >"$1/src/list"
      ;;
    text) # 1 MiB of lines, and items for that many jobs
      mkdir "$1/src"
      seq -f '%063g' 16384 >"$1/src/text"
      seq "$3" >"$1/src/list"
      ;;
  esac
  sync -f "$1"
}

# Everything that is to be warm is; what the floor knows beforehand.
warm_up() {
  tar -C "$1" -cf - . | cat >/dev/null
  "$programs/floor" list "$1" "$work/list"
}
