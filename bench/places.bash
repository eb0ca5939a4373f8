# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034,SC2154,SC2164,SC2016
# bench/places.bash: the file systems that cases run on.
#
# A place is made anew for its case. "here" is where the tools run, with src
# and dst in it; "back" is where their data is, for the oracle. Those in memory
# are images whose pages are all there beforehand, so that no run pays for
# their first touch. Nothing needs to be undone at a death: all this is in a
# mount namespace, on a tmpfs of its own. Only leash and disk are outside.

leash=/sys/fs/cgroup/blkio/pcopy-bench

# has_room MIB: a machine without swap must not be filled up
has_room() {
  local free

  free=$(awk '/^MemAvailable:/ { print int($2 / 1024) }' /proc/meminfo)
  if [ "$free" -lt $(($1 + 1024)) ]; then
    printf '%s: not run: needs %s MiB of memory and 1,024 more, %s are free\n' \
      "$name" "$1" "$free" >&2
    n_short=$((n_short + 1))
    return 1
  fi
}

# make_image TYPE MIB INODES: mounted at $back
make_image() {
  if [[ $1 = *-sparse ]]; then
    truncate -s "$2M" "$work/image"
  else
    fallocate -l "$2M" "$work/image"
  fi
  case $1 in
    ext4*)
      mkfs.ext4 -q -N "$3" -E lazy_itable_init=0,lazy_journal_init=0,nodiscard \
        "$work/image"
      ;;
    xfs*) mkfs.xfs -q -K -f -i maxpct=90 "$work/image" ;;
    btrfs*) mkfs.btrfs -q -K -f "$work/image" 2>/dev/null ;;
  esac
  mount -o loop "$work/image" "$back"
}

make_tmpfs() { # MIB INODES
  mount -t tmpfs -o "size=$1m,nr_inodes=$2" bench "$back"
}

# make_place TYPE MIB INODES
make_place() {
  back=$work/mnt here=$work/mnt is_cold=''
  mkdir -p "$back" "$work/far"
  case $1 in
    tmpfs) make_tmpfs "$2" "$3" ;;
    disk) back=$disk here=$disk is_cold=1 ;;
    throttled) make_image ext4 "$2" "$3" && is_cold=1 && tie_up ;;
    far) make_tmpfs "$2" "$3" && here=$work/far ;;
    sshfs) make_tmpfs "$2" "$3" && here=$work/far ;;
    *) make_image "$@" ;;
  esac
}

# go_far TYPE: when the tree is there
go_far() {
  case $1 in
    far) "$programs/delayfs" -d 1000 "$back" "$here" ;;
    sshfs) start_sshd && mount_sshfs ;;
  esac
}

leave_place() {
  cd /
  if [ -n "${is_tied-}" ]; then
    echo 0 >"$leash/../cgroup.procs"
    is_tied=''
  fi
  if mountpoint -q "$work/far"; then
    umount "$work/far"
  fi
  if mountpoint -q "$work/mnt"; then
    umount "$work/mnt"
  fi
  rm -rf "$work/image" "${disk:?}"/*
}

# ---- a slow disk: reads from the image are limited for all that we start ----

tie_up() {
  local device

  device=$(losetup -nO MAJ:MIN -j "$work/image" | tr -d ' ')
  mkdir -p "$leash"
  echo "$device 131072000" >"$leash/blkio.throttle.read_bps_device"
  echo "$device 3000" >"$leash/blkio.throttle.read_iops_device"
  echo 0 >"$leash/cgroup.procs"
  is_tied=1
}

remove_leash() {
  local i

  # The dead leave it a moment later.
  for ((i = 0; i < 50; i++)); do
    if [ ! -d "$leash" ] || rmdir "$leash" 2>/dev/null; then
      return
    fi
    sleep 0.1
  done
}

# ---- a server: an sshd of our own, on the loopback ----

start_sshd() {
  local dir=$work/ssh i

  mkdir -p "$dir" /run/sshd
  [ -e "$dir/key" ] || ssh-keygen -q -t ed25519 -N '' -f "$dir/key"
  cp "$dir/key.pub" "$dir/authorized"
  "$(command -v sshd)" -f /dev/null -h "$dir/key" -p 2422 -o PidFile=none \
    -o ListenAddress=127.0.0.1 -o AuthorizedKeysFile="$dir/authorized" \
    -o StrictModes=no -o PermitRootLogin=yes \
    -o Subsystem='sftp internal-sftp'
  for ((i = 0; i < 100; i++)); do
    if : 2>/dev/null <>/dev/tcp/127.0.0.1/2422; then
      return
    fi
    sleep 0.1
  done
  return 1
}

mount_sshfs() {
  sshfs -p 2422 -o IdentityFile="$work/ssh/key",StrictHostKeyChecking=no \
    -o UserKnownHostsFile=/dev/null,LogLevel=ERROR \
    "root@127.0.0.1:$back" "$here"
}

can_make_place() {
  case $1 in
    ext4* | xfs* | btrfs*) command -v "mkfs.${1%-sparse}" ;;
    throttled) [ -d "${leash%/*}" ] && command -v mkfs.ext4 ;;
    far) [ -x "$programs/delayfs" ] ;;
    sshfs) command -v sshfs && command -v sshd ;;
  esac >/dev/null
}
