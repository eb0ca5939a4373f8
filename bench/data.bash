# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034,SC2154,SC2164,SC2016
# bench/data.bash: file systems on loop devices, and the trees in them.
#
# Each file system is made anew for its case in a file in memory whose pages
# are all there beforehand, so that no run pays for their first touch.

mnt=$work/mnt

unmount() {
  if mountpoint -q "$mnt"; then
    umount "$mnt"
  fi
  rm -f "$work/image"
}

tidy_up() {
  cd /
  stop_slow_fs
  unmount
}

# make_fs TYPE MIB INODES [sparse]
make_fs() {
  unmount
  mkdir -p "$mnt"
  if [ "$1" = tmpfs ]; then
    mount -t tmpfs -o "size=$2m,nr_inodes=$3" bench "$mnt"
    return
  fi
  if [ "${4-}" = sparse ]; then
    truncate -s "$2M" "$work/image"
  else
    fallocate -l "$2M" "$work/image"
  fi
  case $1 in
    ext4)
      mkfs.ext4 -q -N "$3" -E lazy_itable_init=0,lazy_journal_init=0,nodiscard \
        "$work/image"
      ;;
    xfs) mkfs.xfs -q -K -f -i maxpct=90 "$work/image" ;;
    btrfs) mkfs.btrfs -q -K -f "$work/image" ;;
  esac
  mount -o loop "$work/image" "$mnt"
}

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
    "$programs/maketree" -s 1 -n 78000 -d 5000 -b 6000 -v "$linux"
    touch "$linux/Makefile"
  fi
}

# put_tree WHAT [ARG]...: makes $mnt/src
put_tree() {
  case $1 in
    linux)
      unpack_linux
      cp -a "$linux" "$mnt/src"
      ;;
    linux-part)
      unpack_linux
      mkdir "$mnt/src"
      cp -a "$linux/fs" "$linux/net" "$linux/tools" "$mnt/src"
      ;;
    made) "$programs/maketree" "${@:2}" "$mnt/src" ;;
  esac
  sync -f "$mnt"
  # Everything that is to be warm is.
  tar -C "$mnt/src" -cf - . | cat >/dev/null
  "$programs/floor" list "$mnt/src" "$work/list"
}

# ---- a file system where everything takes a while ----

start_slow_fs() { # DIR DELAY_US
  mkdir -p "$1" "$work/slow"
  "$programs/delayfs" -d "$2" "$1" "$work/slow"
}

stop_slow_fs() {
  if mountpoint -q "$work/slow"; then
    fusermount3 -u "$work/slow"
  fi
}
