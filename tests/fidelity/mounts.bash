# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# File systems for one test, in images that use little room:
#
#     setup() { make_fs_room; }
#     teardown() { clear_fs_room; }
#     mount_new ext4 a          (a new one at $ROOM/a)
#
# tests/fidelity/apart gives a .bats file a mount name space of its own, so that
# nothing stays mounted even after a kill.

# shellcheck source=tests/fidelity/oracles.bash
. "${BASH_SOURCE[0]%/*}/oracles.bash"
MAKETREE=$(realpath "${BASH_SOURCE[0]%/*}")/maketree
export MAKETREE

# In memory if there is room, as disks here are slow.
make_fs_room() {
  local TMPDIR=${TMPDIR:-/tmp} free

  free=$(df --output=avail -m /dev/shm 2>/dev/null | tail -n 1)
  if [ "${free:-0}" -gt 2000 ]; then
    TMPDIR=/dev/shm
  fi
  make_room
}

clear_fs_room() {
  local dir

  cd / || return
  for dir in "$ROOM"/*/; do
    if mountpoint -q "$dir"; then
      umount -l "$dir"
    fi
  done
  rm -rf "$ROOM" "$ROOM.pcopy" "$ROOM.far"
}

need_fs() { # TYPE
  need_mounts
  if [ "$1" != tmpfs ]; then
    need "mkfs.$1"
    grep -qw "$1" /proc/filesystems || skip "this kernel has no $1"
  fi
}

# Looks change no access times unless OPTIONS say otherwise.
mount_new() { # TYPE NAME [OPTIONS [MKFS-OPTION]...]
  local type=$1 name=$2 options=${3:-noatime}
  local -a args

  shift 2
  [ $# -eq 0 ] || shift
  need_fs "$type"
  mkdir "$name"
  case $type in
    ext4) args=(-q -F -O ea_inode) ;;
    xfs) args=(-q -f) ;;
    btrfs) args=(-q -f) ;;
    tmpfs)
      mount -t tmpfs -o "size=1G,$options" none "$name"
      return
      ;;
  esac
  truncate -s 1G "$name.img"
  "mkfs.$type" "${args[@]}" "$@" "$name.img" >/dev/null
  mount -t "$type" -o "loop,$options" "$name.img" "$name" ||
    skip "may not mount a $type image"
}
