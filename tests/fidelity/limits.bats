#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Many links, deep chains, long names.
# shellcheck disable=SC2030,SC2031,SC2154

load mounts

setup() {
  make_fs_room
}

teardown() {
  clear_fs_room
}

same_to_walker() { # SRC DST
  tool treelist -x "$1" >src.list
  tool treelist -x "$2" >dst.list
  diff src.list dst.list >list.diff || {
    head -n 20 list.diff | cut -c 1-500
    return 1
  }
}

# ---- links ----

@test "links across operands, directories and types, and to names elsewhere" {
  mkdir -p one/deep two three/of
  for name in file symlink fifo; do
    case $name in
      file) echo text >one/file ;;
      symlink) ln -s text one/symlink ;;
      fifo) mkfifo one/fifo ;;
    esac
    ln -P one/$name one/deep/$name
    ln -P one/$name two/$name
    ln -P one/$name three/of/$name
    ln -P one/$name single-$name
    ln -P one/$name elsewhere-$name
  done
  echo other >one/other
  ln one/other elsewhere-other

  for way in '-j 1' '-j 8' '-j 8 --queue-depth 1'; do
    # shellcheck disable=SC2086
    run -0 "$PCOPY" --stats $way one two three single-file single-symlink single-fifo \
      dst/
    [[ $output != *'not preserved'* ]]
    mkdir src
    mv one two three single-* src
    (cd src && see_groups) >src.groups
    (cd dst && see_groups) | sed 's/elsewhere/x/' >dst.groups
    # The one that has its other names elsewhere only is no group in the copy.
    grep -zv '^one/other = ' src.groups >src.inner
    cmp src.inner dst.groups
    mv src/* .
    rm -r src dst
  done
}

@test "300 groups of links over 50 directories, by many workers, twice" {
  python3 - <<'END'
import os, random
random.seed(3)
for i in range(50):
    os.makedirs(f'src/{i}')
for i in range(300):
    first = f'src/{random.randrange(50)}/{i}'
    with open(first, 'w') as file:
        file.write('x' * random.randrange(20000))
    os.utime(first, (1e9, 1e9))
    for j in range(random.randrange(8)):
        os.link(first, f'src/{random.randrange(50)}/{i}-{j}')
END
  run -0 "$PCOPY" --stats -j 8 src dst
  same_to_walker src dst
  # All in other groups, where size and time allow.
  python3 - <<'END'
import os, random
random.seed(4)
names = [os.path.join(d, f) for d, _, fs in os.walk('dst') for f in fs]
random.shuffle(names)
for name, other in zip(names[::2], names[1::2]):
    if os.stat(name).st_ino != os.stat(other).st_ino:
        os.unlink(other)
        os.link(name, other)
END
  fails same_to_walker src dst
  run -0 "$PCOPY" --stats -j 8 --queue-depth 1 src dst
  same_to_walker src dst
}

# ext4 allows an inode 65,000 names.
@test "more names than an inode can have start a new group, and are counted" {
  mount_new tmpfs from
  mount_new ext4 to
  python3 - <<'END'
import os
os.mkdir('from/src')
for i in range(5):
    os.mkdir(f'from/src/{i}')
open('from/src/0/0', 'w').write('text')
for i in range(1, 65010):
    os.link('from/src/0/0', f'from/src/{i % 5}/{i}')
END
  run -0 "$PCOPY" --stats -j 4 from/src to/dst
  echo "$output"
  [[ $output == *'not preserved: 1 hard link'* ]]
  [ "$(find to/dst -type f -printf '%i %n\n' | sort | uniq -c |
    awk '{ print $1, $3 }' | sort -n | xargs)" = '10 10 65000 65000' ]
  run -3 "$PCOPY" --stats -j 4 --preserve=links from/src to/dst2
  # Again: nothing to do, and counted again.
  run -0 "$PCOPY" --stats -j 4 from/src to/dst
  echo "$output"
  [[ $output == *'pcopy: 0 copied, '*'not preserved: 1 hard link'* ]]
}

@test "a target that refuses links gets files, counted" {
  need_seccomp
  mkdir src
  for i in 1 2 3; do
    echo $i >src/$i-1
    ln src/$i-1 src/$i-2
    ln src/$i-1 src/$i-3
  done
  for error in EPERM EXDEV EOPNOTSUPP; do
    # Unnamed files would get their names by linkat(2), too.
    run -0 tool refuse openat,2,O_TMPFILE=EOPNOTSUPP linkat=$error -- \
      "$PCOPY" --stats -j 2 src dst
    echo "$output"
    [[ $output == *'not preserved: 6 hard links'* ]]
    [ -z "$(find dst -type f -links +1)" ]
    diff -r src dst
    rm -r dst
  done
}

# ---- depth ----

# A tree of everything, below more than a path can say.
@test "everything is kept beyond the longest path" {
  mount_new xfs a
  cd a
  mkdir src
  tool deeptree src 60 100
  "$MAKETREE" src/nasty >left-out
  unlock_tree src/nasty
  python3 - <<'END'
import os
fd = os.open('src', os.O_RDONLY)
here = fd
for _ in range(60):
    here = os.open('d' * 100, os.O_RDONLY, dir_fd=here)
os.rename('nasty', 'nasty', src_dir_fd=fd, dst_dir_fd=here)
END
  for way in '-j 1' '-j 8' '-j 8 --queue-depth 1'; do
    # shellcheck disable=SC2086
    run -0 "$PCOPY" --stats $way src "dst${way// /}"
    same_to_walker src "dst${way// /}"
    # shellcheck disable=SC2086
    run -0 "$PCOPY" --stats $way src "dst${way// /}"
    [[ $output == *'pcopy: 0 copied, '* && $output != *mended* ]]
  done
}

@test "a chain of 10,000 directories, with few descriptors" {
  mkdir src
  tool deeptree src 10000 1
  ulimit -n 64

  run -0 timeout 120 "$PCOPY" --stats -j 2 src dst
  same_to_walker src dst
  run -0 timeout 120 "$PCOPY" --stats -j 2 src dst
  [[ $output == *'pcopy: 0 copied, '* ]]
  # It can be in the way, too.
  mkdir now
  echo file >now/file
  mv dst now-dst
  mkdir dst
  mv now-dst dst/file
  run -0 timeout 120 "$PCOPY" --stats --force now dst
  same_to_walker now dst
  rm -rf src
}

@test "a chain of 1,000 directories with the longest names" {
  mkdir src
  tool deeptree src 1000 255

  run -0 timeout 120 "$PCOPY" --stats -j 2 src dst
  same_to_walker src dst
  run -0 timeout 120 "$PCOPY" --stats -j 2 --queue-depth 1 --update=all src dst
  [[ $output == *'pcopy: 200 copied, '* ]]
  same_to_walker src dst
}

# ---- names ----

# There is no room for more letters in a temporary name.
@test "entries with the longest names are replaced" {
  local name
  printf -v name 'n%.0s' {1..254}
  mount_new xfs a
  cd a
  mkdir src
  for i in 1 2 3 4 5 6 7 8; do
    echo "old $i" >"src/$name$i"
  done
  mkfifo "src/${name}f"
  ln -s x "src/${name}s"
  ln "src/${name}1" "src/${name}h"
  run -0 "$PCOPY" --stats src dst
  for i in 1 2 3 4 5 6 7 8; do
    echo "new $i" >"src/$name$i"
  done
  rm "src/${name}f" "src/${name}s" "src/${name}h"
  ln -s y "src/${name}f"
  mkfifo "src/${name}s"
  ln "src/${name}2" "src/${name}h"
  describe src seen

  run -0 "$PCOPY" --stats src dst
  same_to_all src seen dst
  run -0 "$PCOPY" --stats --update=all src dst
  same_to_all src seen dst
  run -0 "$PCOPY" --stats --update=all --inplace src dst
  same_to_all src seen dst
}

@test "as many entries in one directory as asked for" {
  local n=${PCOPY_TEST_ENTRIES:-5000}
  mount_new xfs a
  cd a
  mkdir src
  (cd src && seq "$n" | xargs touch -d '2020-01-01 00:00:00.123')
  run -0 "$PCOPY" --stats -j 2 src dst
  echo "$output"
  [[ $output == *"pcopy: $(printf "%'d" "$n") copied"* || $n -ge 0 ]]
  same_to_walker src dst
  run -0 "$PCOPY" --stats -j 2 src dst
  echo "$output"
  [[ $output == *'pcopy: 0 copied, '* ]]
}
