#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What DST is reached by, who may have put it there, and what it keeps.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154

load trees

setup() {
  make_room
  mkdir -p src/sub
  echo one >src/one
  echo two >src/sub/two
}

teardown() {
  clear_room
}

# Every way by which pcopy could go through another user's link to victim.
traps() { # LINK
  printf '%s\n' "$1" "$1/" "$1/." "$1/./" "$1/sub" "$1/sub/" "$1/sub/.." \
    "$1/sub/new" "$1/new" "./$1/new" "$PWD/$1/sub" "to-$1" "to-$1/." \
    "to-$1/sub/new" "to-to-$1/sub" "sub-$1" "sub-$1/new"
}

@test "another user's link anywhere in DST is refused, and nothing is made" {
  need_root
  mkdir -m 1777 shared
  mkdir -m 755 plain
  mkdir -p victim/sub
  chown 65534 plain
  before=$(find victim | sort)

  for trap in shared/rel shared/abs plain/rel; do
    case $trap in
    */rel) ln -s ../victim "$trap" ;;
    */abs) ln -s "$PWD/victim" "$trap" ;;
    esac
    chown -h 65534 "$trap"
    name=${trap##*/}
    rm -f "to-$name" "to-to-$name" "sub-$name" "$name"
    ln -s "$trap" "$name"
    ln -s "$name" "to-$name"
    ln -s "$PWD/to-$name" "to-to-$name"
    ln -s "$trap/sub" "sub-$name"
    while read -r dst; do
      for from in src src/one '-n src' '--force src' 'src src/one'; do
        # shellcheck disable=SC2086
        run "$PCOPY" --stats $from "$dst"
        [ "$status" -eq 5 ] || [[ $from == 'src src/one' && $status == 2 ]]
      done
    done < <(traps "$name"; traps "$trap" | grep -v '^\(to\|sub\)-')
    run -5 "$PCOPY" --stats -t "$trap/sub" src
  done
  [ "$(find victim | sort)" = "$before" ]
}

@test "a link that ends in a slash, or in the root, is no way around" {
  need_root
  mkdir victim bobs
  chown 65534 bobs
  ln -s "$PWD/victim/" slash
  ln -s / root
  ln -s //"$PWD"/victim// slashes
  chown -h 65534 slash root slashes

  run -5 "$PCOPY" --stats src slash/new
  run -5 "$PCOPY" --stats src slashes/new
  run -5 "$PCOPY" --stats src "root$PWD/victim/new"
  run -5 "$PCOPY" --stats src "root/$PWD/bobs/new"
  [ -z "$(ls -A victim)$(ls -A bobs)" ]
}

@test "links of root, of oneself, and to what is their owner's are followed" {
  need_root
  mkdir -m 755 real bobs
  mkdir -m 777 shared
  mkdir -m 755 bobs/sub
  chown -R 65534 bobs
  ln -s ../real shared/roots
  ln -s ../bobs shared/bobs
  chown -h 65534 shared/bobs

  run -0 "$PCOPY" --stats src shared/roots/new
  run -0 "$PCOPY" --stats src shared/bobs/new
  run -0 "$PCOPY" --stats src shared/bobs/sub/../again
  same_copy src real/new
  same_copy src bobs/new
  same_copy src bobs/again
  run -0 as_user "$PCOPY" --stats src shared/bobs/sub/mine
  ln -s ../bobs/sub shared/root-to-bob
  run -0 as_user "$PCOPY" --stats src shared/root-to-bob/./his
  diff -r src bobs/sub/mine
  diff -r src bobs/sub/his
}

@test "links in circles, and many in a row" {
  ln -s b a
  ln -s a b
  run -2 "$PCOPY" --stats src a/new
  [[ "$output" == *'Too many levels'* ]]
  mkdir real
  ln -s real 0
  for i in {1..39}; do
    ln -s "$((i - 1))" "$i"
  done
  run -0 "$PCOPY" --stats src 39/new
  same_copy src real/new
}

@test "directories that may only be searched serve as parents and as DST" {
  mkdir -p hall/room deep
  echo text >hall/file
  mkdir hall/tree
  echo leaf >hall/tree/leaf
  as=(as_user)
  if is_root; then
    chown -R 65534:65534 hall src
    chmod 777 .
  fi
  chmod 711 hall deep
  # Neither may be read by its owner, who is the user.
  chmod 311 hall

  run -0 "${as[@]}" "$PCOPY" --stats src hall/copy
  run -0 "${as[@]}" "$PCOPY" --stats src/one hall/copied
  run -0 "${as[@]}" "$PCOPY" --stats src/one src/sub hall/
  run -0 "${as[@]}" "$PCOPY" --stats hall/file taken
  run -0 "${as[@]}" "$PCOPY" --stats hall/tree tree
  run -0 "${as[@]}" "$PCOPY" --stats -n hall/tree hall/room
  chmod 700 hall
  same_copy src hall/copy
  same_copy src/sub hall/sub
  cmp src/one hall/copied
  cmp src/one hall/one
  [ "$(cat taken tree/leaf)" = 'text
leaf' ]
  chmod 311 hall
  # It cannot be listed.
  run -2 "${as[@]}" "$PCOPY" --stats hall dst
  [[ "$output" == *'hall: cannot open: Permission denied'* ]]
  [ ! -e dst ]
}

@test "a DST that may be written to but not read becomes the copy" {
  mkdir -m 311 dst
  if is_root; then
    chown 65534:65534 dst
    chown -R 65534:65534 src
  fi

  run -0 as_user "$PCOPY" --stats src dst
  same_copy src dst
  chmod 311 dst src/sub
  chmod 755 src/sub
  run -0 as_user "$PCOPY" --stats src dst
  same_copy src dst
  [[ "$output" == *'0 copied, 2 unchanged'* ]]
}

@test "another's DST that may be written to but not read takes a copy" {
  need_root
  mkdir -m 733 dst
  chmod o+rX -R src

  run as_user "$PCOPY" --stats src dst
  [ "$(cat dst/one dst/sub/two)" = 'one
two' ]
  [ "$(stat -c %a dst)" = 733 ]
}

@test "a directory made to go into is what mkdir makes there" {
  mkdir -m 2775 group acl
  if is_root; then
    chgrp 1234 group
  fi
  for mask in 022 002 077; do
    (
      umask "$mask"
      mkdir "group/mkdir$mask"
      "$PCOPY" --stats -q src "group/pcopy$mask/"
      "$PCOPY" --stats -q -t "group/also$mask" src/one
    )
    for made in pcopy also; do
      [ "$(stat -c '%a %g %u' "group/mkdir$mask")" = \
        "$(stat -c '%a %g %u' "group/$made$mask")" ]
    done
  done
}

@test "a directory made to go into gets the default ACL" {
  need setfacl
  mkdir acl
  setfacl -d -m u:1234:rwx,g::rx,o::- acl 2>/dev/null || skip "no ACLs here"

  umask 077
  mkdir acl/mkdir
  run -0 "$PCOPY" --stats src acl/pcopy/

  [ "$(getfacl -c acl/mkdir)" = "$(getfacl -c acl/pcopy)" ]
}

kept() { # DIR
  stat -c '%a %u %g %Y' "$1"
  ! command -v getfacl >/dev/null || getfacl -cp "$1" 2>/dev/null
}

@test "a sticky DST keeps its own owner, permissions and times" {
  mkdir -m 1777 shared
  mkdir -m 3770 team
  chmod 700 src
  touch -d 2002-02-03 src
  if is_root; then
    chown 1234:1234 src
  fi

  for dst in shared team; do
    touch -d 2001-02-03 "$dst"
    before=$(stat -c '%a %u %g' "$dst")
    for i in 1 2; do
      run -0 "$PCOPY" --stats src "$dst"
      [ "$(grep -c "$dst: is shared" <<<"$output")" -eq 1 ]
      [ "$(stat -c '%a %u %g' "$dst")" = "$before" ]
    done
    [ "$(stat -c %Y "$dst")" != "$(stat -c %Y src)" ]
    [[ "$output" == *'0 copied, 2 unchanged'* ]]
    same_copy src/sub "$dst/sub"
  done
  touch -d 2001-02-03 shared
  before=$(kept shared)
  run -0 "$PCOPY" --stats -n src shared
  run -0 "$PCOPY" --stats src shared
  run -0 "$PCOPY" --stats --force src shared
  run -0 "$PCOPY" --stats src src/one -t shared
  [ "$(stat -c '%a %u %g' shared)" = "$(head -1 <<<"$before" | cut -d' ' -f1-3)" ]
}

@test "a sticky DST that is met under a source's name keeps its own, too" {
  mkdir -m 755 top
  mkdir -m 1777 top/src

  run -0 "$PCOPY" --stats src top/
  [ "$(stat -c %a top/src)" = 1777 ]
  run -0 "$PCOPY" --stats -t top src
  [ "$(stat -c %a top/src)" = 1777 ]
}

@test "the copy of a sticky directory is brought up to date" {
  chmod 1777 src
  run -0 "$PCOPY" --stats src dst
  echo more >src/more
  touch -d 2001-02-03 src

  run -0 "$PCOPY" --stats src dst

  [[ "$output" != *'is shared'* ]]
  same_copy src dst
}

@test "the root directory keeps its own" {
  need_plain_build
  need_mounts
  [ -z "$FAR" ] || skip "a script cannot be run there"
  unshare -m bash -euc '
    mkdir place
    mount -t tmpfs none place
    mkdir -p place/{lib,lib64,usr,bin,src}
    for dir in lib lib64 usr bin; do
      [ ! -e "/$dir" ] || mount --rbind "/$dir" "place/$dir"
    done
    cp "$0" place/pcopy
    chmod 700 src
    cp -a src place/
    touch -d 2001-02-03 place
    chmod 755 place
    chroot place /pcopy /src /. 2>err || { cat err; exit 1; }
    grep -q "^pcopy: /\.: is shared" err
    [ "$(stat -c %a place)" = 755 ]
    [ -e place/sub/two ]
  ' "$PCOPY"
}

@test "--no-preserve=mode: what is new is as cp makes it, what exists keeps its own" {
  mkdir -m 2755 parent
  chmod 700 src/sub
  chmod 4755 src/one
  mkfifo -m 600 src/fifo
  for mask in 022 077 002; do
    (
      umask "$mask"
      "$PCOPY" --stats -q --no-preserve=mode src "new$mask"
      cp -r --no-preserve=mode src "cp$mask"
    )
    for name in . one sub sub/two fifo; do
      [ "$(stat -c %a "new$mask/$name")" = "$(stat -c %a "cp$mask/$name")" ]
    done
  done
  (umask 077; "$PCOPY" --stats -q --no-preserve=mode,owner src parent/copy)
  [ "$(stat -c %a parent/copy/sub)" = 2700 ]

  chmod 640 new022/one
  chmod 604 new022/sub/two
  chmod 711 new022/sub
  chmod 751 new022
  for more in -v --inplace --update=all; do
    echo "$more" >>src/one
    echo "$more" >>src/sub/two
    run -0 "$PCOPY" --stats --no-preserve=mode $more src new022
    cmp src/one new022/one
    [ "$(cd new022 && stat -c %a . one sub sub/two)" = '751
640
711
604' ]
  done
}

@test "with -x, DST may be on a file system that is mounted in SRC" {
  need_mounts
  mkdir -p root/etc root/mnt
  echo 1 >root/etc/a
  run -0 unshare -m sh -c '
    mount -t tmpfs none root/mnt && mkdir root/mnt/disk &&
    "$1" -x root root/mnt/disk/copy && "$1" -x root root/mnt/disk/ &&
    find root/mnt | sort' sh "$PCOPY"
  [[ $output == *root/mnt/disk/copy/etc/a* ]]
  [[ $output == *root/mnt/disk/root/etc/a* ]]
  [[ $output != *copy/mnt/disk* ]]
  run -5 unshare -m sh -c '
    mount -t tmpfs none root/mnt && "$1" root root/mnt/copy' sh "$PCOPY"
  run -5 "$PCOPY" --stats -x root root/etc/copy
}
