# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Ways to see whether two trees are the same, each by another program, since
# each is blind to something:
#
#   walker   tests/tools/treelist: everything but atimes, any depth
#   find     type, mode, owner, links, size, times, device, link target
#   groups   which names are one inode (find)
#   getfattr extended attributes
#   getfacl  ACLs
#   lsattr   inode flags and project ids
#   mtree    type, mode, owner, size, time, link, device, SHA-256
#   blocks   room on the disk (find)
#   data     where the data of files with holes is (xfs_io)
#   rsync    everything but inode flags, holes, block or character device
#
# rsync compares the trees themselves; the others describe one each. Trees are
# mounted with noatime, so that looking changes nothing; what changes access
# times all the same must not look at them.

# shellcheck source=tests/cli/trees.bash
. "${BASH_SOURCE[0]%/*}/../cli/trees.bash"
export PATH="$PATH:/usr/sbin:/sbin"

oracles=(walker find groups getfattr getfacl lsattr mtree blocks data rsync)

# ---- one tree, as each sees it ----

# XFS shows root how it stores ACLs.
see_walker() {
  tool treelist -x . | sed -E 's/ trusted\.SGI_ACL_[^ ]*//g' | tr '\n' '\0'
}

# A directory's size and link count are the file system's own affair.
see_find() {
  find . \( -type d -printf '%P %y %m %U:%G %T@ %A@\0' \) -o \
    -printf '%P %y %m %U:%G %n %s %T@ %A@ %l\0' | sort -z
}

# Each name with the first name of its inode.
see_groups() {
  find . ! -type d -links +1 -printf '%i %P\0' | sort -z -k 2 |
    awk 'BEGIN { RS = ORS = "\0" } {
      inode = $1
      sub(/^[0-9]+ /, "")
      if (!(inode in first)) first[inode] = $0
      print $0 " = " first[inode]
    }'
}

# Paragraphs, in the order of their names; the attributes come in any order.
see_getfattr() {
  getfattr -dR -m '^[^t]|^t[^r]|^trusted\.([^S]|S[^G])' -h -e hex . | awk 'BEGIN { RS = ""; ORS = "\0"; FS = "\n" } {
    for (i = 3; i <= NF; i++)
      for (j = i; j > 2 && $(j - 1) > $j; j--) {
        swap = $j
        $j = $(j - 1)
        $(j - 1) = swap
      }
    line = $1
    for (i = 2; i <= NF; i++) line = line "\n" $i
    print line
  }' | sort -z
}

see_getfacl() {
  getfacl -RPn . 2>/dev/null |
    awk 'BEGIN { RS = ""; ORS = "\0" } { print }' | sort -z
}

# Those of an extent tree, an index, data in the inode or verity are not the
# user's. The name itself is left alone.
see_lsattr() {
  find . \( -type f -o -type d \) -print0 | sort -z |
    xargs -0 lsattr -dp 2>/dev/null |
    sed -E ':more; s/^( *[0-9]+ [^ ]*)[eINV]/\1-/; t more' | tr '\n' '\0'
}

see_mtree() {
  mtree -c -k type,uid,gid,mode,link,size,time,device,sha256 -p . |
    grep -v '^#' | sed -E '/type=dir/s/ size=[0-9]+//' | tr '\n' '\0'
}

see_blocks() {
  find . -type f -printf '%P %b\0' | sort -z
}

# Of what has fewer blocks than its size needs; in bytes, whatever is a hole.
see_data() {
  find . -type f -size +64k -printf '%s %b %p\0' | sort -z -k 3 |
    while read -rd '' size blocks name; do
      [ $((blocks * 512)) -lt "$size" ] || continue
      printf '%s\n' "$name"
      xfs_io -r -c 'seek -ar 0' "$name" | grep -v Whence
    done | tr '\n' '\0'
}

# Looks at DIR in each way, or in those named, into files in OUT.
describe() { # DIR OUT [ORACLE]...
  local dir=$1 out oracle

  mkdir -p "$2"
  out=$(realpath "$2")
  shift 2
  [ $# -gt 0 ] || set -- "${oracles[@]}"
  for oracle; do
    [ "$oracle" != rsync ] || continue
    # Some say of some entries that they cannot; what they print counts. A line
    # an entry, or several.
    (cd "$dir" && "see_$oracle") 2>"$out/$oracle.err" |
      tr '\n\0' '\1\n' >"$out/$oracle" || true
  done
}

# ---- two trees ----

# Blocks may differ by a few for each piece of data.
compare_blocks() { # OUT OUT: those that differ by more
  awk -v slack="${slack_blocks:-160}" '{
    blocks = $NF
    sub(/ [0-9]+$/, "")
    if (NR == FNR) was[$0] = blocks
    else if (!($0 in was)) print "more: " $0
    else if (was[$0] - blocks > slack || blocks - was[$0] > slack)
      print $0 ": " was[$0] " " blocks
  }' "$1/blocks" "$2/blocks"
}

compare_rsync() { # DIR DIR
  rsync -aniHAXS --delete --checksum --modify-window=-1 \
    --filter='-x trusted.SGI_ACL_*' "$1/" "$2/" 2>&1
}

have_same_text() { # FILE FILE
  local one two

  IFS= read -rd '' one <"$1" || true
  IFS= read -rd '' two <"$2" || true
  [ "$one" = "$two" ]
}

# What one oracle sees between two trees that were described; nothing if they
# are the same.
compare() { # ORACLE DIR OUT DIR OUT
  case $1 in
    rsync) compare_rsync "$2" "$4" ;;
    blocks) compare_blocks "$3" "$5" ;;
    *)
      have_same_text "$3/$1" "$5/$1" ||
        diff -a "$3/$1" "$5/$1" | tr '\1' '\n'
      ;;
  esac
}

# The oracles, of those named or all, that see a difference; details in
# seen.txt.
seen_by() { # DIR OUT DIR OUT [ORACLE]...
  local -a args=("${@:1:4}")
  local oracle

  shift 4
  [ $# -gt 0 ] || set -- "${oracles[@]}"
  : >seen.txt
  for oracle; do
    compare "$oracle" "${args[@]}" >seen.one || true
    if [ -s seen.one ]; then
      echo "$oracle"
      {
        echo "== $oracle"
        head -c 2000 seen.one | head -n 15
      } >>seen.txt
    fi
  done
}

# Fails, and says who saw what, unless DST is the same as SRC to each oracle.
# SRC has been described into OUT.
same_to_all() { # SRC OUT DST [ORACLE]...
  local saw
  local src=$1 out=$2 dst=$3

  shift 3
  describe "$dst" described.dst "$@"
  saw=$(seen_by "$src" "$out" "$dst" described.dst "$@")
  [ -z "$saw" ] && return 0
  printf '%s and %s differ to: %s\n' "$src" "$dst" "${saw//$'\n'/ }"
  cat -v seen.txt
  return 1
}

# ---- clearing away ----

# Lets a tree with locked entries be removed.
unlock_tree() { # DIR...
  find "$@" \( -type f -o -type d \) -print0 2>/dev/null |
    xargs -0r chattr -f -ai 2>/dev/null || true
}
