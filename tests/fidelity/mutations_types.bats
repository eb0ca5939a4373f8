#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The same for types, links, and what is in the way.
# shellcheck disable=SC2030,SC2031,SC2154

load spoil

setup() {
  make_fs_room
}

teardown() {
  clear_fs_room
}

@test "link targets and devices" {
  copied btrfs

  check 'walker find mtree rsync' replace dst/types/symlink ln -s elsewhere
  check 'walker find mtree rsync' replace dst/types/symlink ln -s file/
  check 'walker find mtree rsync' replace dst/symlinks/long ln -s short
  check 'walker mtree rsync' replace dst/types/char make_node 644 c 1 5
  check 'walker mtree rsync' replace dst/types/block make_node 644 b 8 200
  check 'walker find mtree' replace dst/types/block make_node 644 c 7 200
  check 'walker find mtree' replace dst/types/char make_node 644 b 1 3
  none_bad
}

@test "links" {
  copied xfs

  check 'walker find groups rsync' break_link dst/links/b/file
  check 'walker find groups rsync' break_link dst/links/a/file
  check 'walker find groups rsync' break_link dst/links/a/symlink
  check 'walker find groups rsync' break_link dst/links/b/fifo
  check 'walker find groups rsync' break_link dst/links/c/device
  check 'walker find groups getfacl mtree rsync' \
    join dst/types/socket dst/types/fifo
  none_bad
}

# a-1 b-2 c-3, a-2 b-3 c-1, a-3 b-1 c-2
trade_names() {
  local i group at=0

  mkdir held
  for i in 0 1 2; do
    set -- a b c
    shift "$i"
    ln "dst/$1-1" "held/$i"
  done
  for group in a b c; do
    for i in 1 2 3; do
      ln -f "held/$(((i + at) % 3))" "dst/$group-$i"
    done
    at=$((at + 2))
  done
  rm -r held
}

# Two groups of names become one, or trade places, or names of no group join
# one; all with the same content and times, so that nothing else tells.
@test "links the other way round" {
  local name

  mount_new xfs a
  cd a
  mkdir src
  for name in a b c d e; do
    echo same >src/$name-1
    ln src/$name-1 src/$name-2
    ln src/$name-1 src/$name-3
  done
  echo same >src/single-1
  echo same >src/single-2
  find src -exec touch -d '2020-01-01' {} +
  copied_src

  check 'walker find groups rsync' join dst/a-1 dst/b-1
  # rsync -H does not see what has more names than it should.
  check 'walker find groups' join dst/single-1 dst/single-2
  check 'walker find groups' join dst/a-1 dst/single-2
  spoilt 'walker find groups rsync' join dst/a-1 dst/b-2
  spoilt 'walker groups rsync' join dst/b-1 dst/a-2
  mended 'walker find groups rsync'
  # Each name has as many as it should, of the wrong group.
  spoilt 'walker groups rsync' with_mtime_of dst trade_names
  mended 'walker find groups rsync'
  for name in b c d e; do
    join dst/a-1 dst/$name-1
    join dst/a-1 dst/$name-2
    join dst/a-1 dst/$name-3
  done
  spoilt 'walker find groups' true
  mended 'walker find groups rsync'
  for name in src/*; do
    break_link "dst/${name#src/}"
  done
  spoilt 'walker find groups rsync' true
  mended 'walker find groups rsync'
  # Two groups with one inode that has fewer names than either.
  for name in src/*; do
    break_link "dst/${name#src/}"
  done
  join dst/a-1 dst/b-1
  join dst/c-2 dst/d-3
  join dst/d-1 dst/e-1
  join dst/d-1 dst/c-1
  spoilt 'walker find groups rsync' true
  mended 'walker find groups rsync'
  none_bad
}

@test "types" {
  copied btrfs

  check 'walker find getfacl lsattr mtree rsync' \
    replace dst/types/file ln -s file
  check 'walker find lsattr mtree rsync' replace dst/types/file mkfifo
  check 'walker find getfacl lsattr mtree blocks rsync' \
    replace dst/types/symlink make_file
  check 'walker find mtree rsync' replace dst/types/fifo make_socket
  check 'walker find mtree rsync' replace dst/types/fifo make_node 644 c 1 3
  check 'walker find lsattr mtree blocks rsync' \
    replace dst/types/fifo make_file
  check 'walker find getfacl mtree rsync' replace dst/types/fifo ln -s /etc
  check 'walker find mtree rsync' replace dst/types/char mkfifo
  check 'walker find getfacl lsattr mtree rsync' take_away dst/types/file
  check 'walker find getfacl lsattr mtree rsync' take_away dst/types/empty
  check 'walker find getfattr getfacl lsattr mtree rsync' take_away dst/xattrs
  none_bad
}

# ---- a directory is in the way, or is what is missing ----

refused() { # TEXT COMMAND [ARG]...: pcopy says TEXT and leaves DST as it is
  local text=$1
  shift
  "$@"
  describe dst now
  run -1 "$PCOPY" --stats src dst
  echo "$output"
  [[ $output == *"$text"* ]] || bad "it does not say: $text"
  describe dst after
  [ -z "$(seen_by dst now dst after)" ] || {
    bad 'something was changed'
    cat -v seen.txt
  }
  run -0 "$PCOPY" --stats -n --force src dst
  describe dst after
  [ -z "$(seen_by dst now dst after)" ] || {
    bad 'a dry run changed something'
    cat -v seen.txt
  }
  run "$PCOPY" --stats --force src dst
  [ "$status" -eq 0 ] || bad "status $status: $output"
  same_to_all src seen dst || bad "not put right"
}

make_full_dir() { # DIR
  mkdir -p "$1/below"
  echo mine >"$1/below/file"
  chattr +i "$1/below/file"
  chmod 0 "$1/below"
}

link_to_outside() { # ENTRY
  ln -s "$PWD/outside" "$1"
}

@test "a directory takes no other's place, nor the reverse, without --force" {
  copied ext4
  mkdir outside
  echo outside >outside/file
  describe outside untouched

  refused 'dst/types/file: is a directory, its source is not' \
    replace dst/types/file make_full_dir
  refused 'dst/types/fifo: is a directory, its source is not' \
    replace dst/types/fifo mkdir
  refused 'dst/types/symlink: is a directory, its source is not' \
    replace dst/types/symlink make_full_dir
  refused 'dst/links/b/file: is a directory, its source is not' \
    replace dst/links/b/file make_full_dir
  refused 'dst/types/empty: is not a directory, its source is' \
    replace dst/types/empty make_file
  refused 'dst/links: is not a directory, its source is' \
    replace dst/links mkfifo
  refused 'dst/links: is not a directory, its source is' \
    replace dst/links link_to_outside
  describe outside now
  [ -z "$(seen_by outside untouched outside now)" ]
  none_bad
}
