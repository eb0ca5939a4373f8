#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Another user tries to open all that a run makes, while it makes it: at no
# instant does he read what its final permissions keep from him, or enter a
# directory before they let him. The run is slowed down at each system call, so
# that every state in between lasts for many of his tries.

load ../cli/trees

WATCHER=4242
VIA=() # what pcopy runs under
DELAY_MS=3

setup() {
  make_room
  need_root
  need_tracer
  need setpriv setfacl
  chmod 755 .
  umask 022
}

teardown() {
  clear_room
}

# Everything with SECRET in it, or named closed, is for others than WATCHER: by
# its own mode and owner, or by those of a directory above it.
make_secrets() { # DIR
  mkdir -p "$1"/open/closed "$1"/closed{700,750,owned,acl}
  (
    cd "$1" || exit 1
    echo everyone >open/file
    echo SECRET >mode600
    echo SECRET >mode640
    echo SECRET >owned
    echo SECRET >acl
    echo SECRET >open/linked
    ln open/linked linked
    yes SECRET | head -c 2000000 >big
    echo everyone >setid
    truncate -s 1M holes
    echo SECRET | dd of=holes bs=1 conv=notrunc status=none
    # For everyone, in directories that are not.
    for dir in closed* open/closed; do
      echo SECRET >"$dir/file"
      ln -s file "$dir/link"
    done
    chmod 600 mode600 big open/linked holes
    chmod 640 mode640
    chown 1234:1234 owned setid closedowned
    chmod 600 owned
    chmod 4755 setid
    setfacl -m "u:$WATCHER:-,u:77:r,g::r,o::-" acl
    chmod 700 closed700 closedowned open/closed
    chmod 750 closed750
    chmod 750 closedacl
    setfacl -m "u:$WATCHER:-,u:77:rx" closedacl
    touch -d 2012-03-04 big mode600
  ) || return 1
}

# A destination from before: the same names, open to everyone and WATCHER's.
make_wide() { # SRC DST
  local name

  cp -dr --no-preserve=all "$1" "$2"
  find "$2" -type f -exec sh -c 'for f; do echo old >"$f"; done' sh {} +
  find "$2" -type d -exec chmod 777 {} +
  find "$2" -type f -exec chmod 666 {} +
  chown -hR "$WATCHER:$WATCHER" "$2"
}

# WATCHER looks on while COMMAND runs; he may never enter directories whose name
# begins with CLOSED.
watch() { # CLOSED COMMAND [ARG]...
  local paths status=0 watcher closed=$1
  shift
  mapfile -t paths < <(cd src && find . -mindepth 1 -printf '%P\n')

  nice -n -10 setpriv --reuid=$WATCHER --regid=$WATCHER --clear-groups \
    "$BUILD/tests/peek" SECRET "$closed" dst . "${paths[@]}" >peeked &
  watcher=$!
  wait_until grep -q ready peeked
  "$@" >out 2>&1 || status=$?
  kill "$watcher" 2>/dev/null || true
  wait "$watcher" || status=1
  cat out peeked
  [ "$(sed -n 's/ refused//p' peeked)" -gt 100 ] && [ "$status" -eq 0 ]
}

# The calls that change anything, each some milliseconds late.
slow_pcopy() { # [OPTION]...
  local calls=%file,fchmod,fchown,fchownat,fsetxattr,fremovexattr,ftruncate
  calls+=,pwrite64,write,utimensat,ioctl,close

  timeout -s KILL 100 strace -f -qq -o /dev/null -e trace="$calls" \
    -e inject="$calls:delay_exit=$((DELAY_MS * 1000))" "${VIA[@]}" "$PCOPY" --stats -j 4 "$@" src dst
}

@test "a watcher sees what a careless copy leaves open" {
  make_secrets src
  careless() {
    cp -dr --no-preserve=all src dst
    wait_until grep -qE 'read:|entered:' peeked
  }

  run watch closed careless

  [[ $output == *read:* || $output == *entered:* ]]
}

@test "a copy made afresh" {
  make_secrets src

  watch closed slow_pcopy

  same_copy src dst
}

@test "a copy made afresh where there are no unnamed files" {
  need_seccomp
  make_secrets src

  VIA=("$BUILD/tests/refuse" "openat,2,O_TMPFILE=EOPNOTSUPP" --)
  watch closed slow_pcopy

  same_copy src dst
}

@test "files and directories that were open to all and the watcher's" {
  make_secrets src
  make_wide src dst

  watch / slow_pcopy

  same_copy src dst
}

@test "the same in place" {
  make_secrets src
  make_wide src dst

  watch / slow_pcopy --inplace

  same_copy src dst
}

@test "ACLs that let the watcher in" {
  make_secrets src
  make_wide src dst
  chown -hR root:root dst
  find dst -type f -exec setfacl -m "u:$WATCHER:rw,o::-,g::-" {} +
  find dst -type d -exec setfacl -m "u:$WATCHER:rwx,o::-,g::-" {} +
  setfacl -b dst dst/open
  chmod 755 dst dst/open

  watch / slow_pcopy

  same_copy src dst
}

@test "owners, modes and ACLs put right, of content that is as it should be" {
  mkdir src dst
  for name in given acl added setid; do
    echo SECRET >src/$name
    chmod 600 src/$name
  done
  chown 1234:$WATCHER src/given
  setfacl -m u:77:rw,g::- src/added
  cp -p src/* dst
  # Its group is the watcher's, before or afterwards; its mode, too, would let
  # him in, but never both at once.
  chown 1:1 dst/given
  chmod 640 dst/given
  chown 0:$WATCHER src/acl dst/acl src/added dst/added
  setfacl -m u:77:r,g::- dst/acl
  setfacl -b dst/added
  chmod 600 dst/added
  # Root's, and set-user-id only under its new owner.
  chown 1234 src/setid
  chmod 4711 src/setid
  chmod 711 dst/setid

  DELAY_MS=30
  watch / slow_pcopy

  grep -q '4 mended' out
  same_copy src dst
}
