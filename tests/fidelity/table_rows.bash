# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# The rows of the table that tests/fidelity/table prints. A row is three things:
# a line in rows; make_WORD, which makes src in an empty directory; and
# show_WORD, whose output is the same for src and for a copy that keeps this.
# With change_WORD, which changes src, it is copied once more after that. Where
# more is needed, keeps_WORD TOOL does all.

# shellcheck disable=SC2034
# WORD|FILE SYSTEM|WHAT
rows='
content|xfs|content
proc|xfs|files of /proc, whose size is said to be 0
modes|xfs|permissions: of files
dir_modes|xfs|... of directories
setid|xfs|set-id and sticky bits
owner|xfs|owner and group: of files
dir_owner|xfs|... of directories
link_owner|xfs|... of symbolic links
mtime|xfs|mtime in nanoseconds: of files
dir_mtime|xfs|... of directories
link_mtime|xfs|... of symbolic links
old_mtime|xfs|... before 1970
late_mtime|xfs|... after 2038
atime|xfs|atime
source_atime|xfs|atime of the source: left alone
symlinks|xfs|symbolic links, dangling and looping
fifo|xfs|fifos
socket|xfs|sockets
devices|xfs|devices
links|xfs|hard links
operand_links|xfs|... across two operands
odd_links|xfs|... of symbolic links and fifos
holes|ext4|holes
odd_holes|ext4|... in small pieces
zeros|ext4|zeros that are no hole: not made one
terabyte|xfs|a byte behind a terabyte of nothing: in 10 s
reflink|btrfs|blocks shared with the source
user_xattr|xfs|extended attributes: user
dir_xattr|xfs|... of directories
trusted_xattr|xfs|... trusted
link_xattr|xfs|... of symbolic links
security_xattr|xfs|... security
long_xattr|xfs|... of 64 KiB
capability|xfs|file capabilities
acl|ext4|ACLs
default_acl|ext4|default ACLs
no_acl|ext4|no ACL, below a directory with a default one
nodump|ext4|inode flags: nodump, noatime
dir_flags|ext4|... of directories
locked|ext4|... immutable, append-only
nocow|btrfs|... no copy on write
project|xfs|project ids
bytes|xfs|names of any bytes
long_names|xfs|names of 255 bytes
deep|xfs|paths beyond PATH_MAX
again_content|xfs|A second run, after a change: content, of the same size and older
again_mode|xfs|... permissions
again_owner|xfs|... owner
again_ns|xfs|... mtime by a nanosecond
again_xattr|xfs|... an attribute is gone
again_acl|xfs|... an ACL is gone
again_parted|xfs|... links are separate files now
again_joined|xfs|... files are links now
again_type|xfs|... a file is a symbolic link now
again_flags|ext4|... inode flags
'

# ---- a copy ----

show_stat() { # FORMAT
  find . -mindepth 1 -printf "%P $1\n" | sort
}

make_content() {
  local size
  for size in 0 1 4096 100000 3000000; do
    yes "$size" | head -c "$size" >src/$size
  done
}
show_content() { find . -type f -exec sha256sum {} + | sort; }

make_proc() { cat /proc/version >src/expected; }
keeps_proc() {
  mkdir src
  mount --bind /proc/sys/kernel src
  copy "$1" dst
  umount src
  [ "$(cat dst/ostype)" = Linux ]
}

make_modes() {
  local mode
  for mode in 0000 0200 0444 0640 0755 0777; do
    echo x >src/$mode
    chmod $mode src/$mode
  done
}
show_modes() { show_stat %m; }

make_dir_modes() {
  local mode
  for mode in 0000 0200 0444 0640 0755 0777; do
    mkdir src/$mode
    chmod $mode src/$mode
  done
}
show_dir_modes() { show_stat %m; }

make_setid() {
  local mode
  for mode in 4755 2755 6711 1777 7777; do
    echo x >src/$mode
    chown 1234:2345 src/$mode
    chmod $mode src/$mode
  done
}
show_setid() { show_stat %m; }

make_owner() {
  echo x >src/file
  chown 1234:2345 src/file
}
show_owner() { show_stat %U:%G; }

make_dir_owner() {
  mkdir src/dir
  chown 1234:2345 src/dir
}
show_dir_owner() { show_stat %U:%G; }

make_link_owner() {
  ln -s nowhere src/link
  chown -h 1234:2345 src/link
}
show_link_owner() { show_stat %U:%G; }

make_mtime() {
  echo x >src/file
  touch -d '2020-01-02 03:04:05.123456789' src/file
}
show_mtime() { show_stat %T@; }

make_dir_mtime() {
  mkdir -p src/one/two
  echo x >src/one/two/file
  touch -d '2020-01-02 03:04:05.123456789' src/one/two src/one
}
show_dir_mtime() { find . -mindepth 1 -type d -printf '%P %T@\n' | sort; }

make_link_mtime() {
  ln -s nowhere src/link
  touch -h -d '2020-01-02 03:04:05.123456789' src/link
}
show_link_mtime() { show_stat %T@; }

make_old_mtime() {
  echo x >src/file
  echo x >src/just
  touch -d '1931-01-02 03:04:05.123456789' src/file
  touch -d '1969-12-31 23:59:59.999999999' src/just
}
show_old_mtime() { show_stat %T@; }

make_late_mtime() {
  echo x >src/file
  touch -d '2222-01-02 03:04:05.123456789' src/file
}
show_late_mtime() { show_stat %T@; }

make_atime() {
  echo x >src/file
  touch -d '2020-01-02 03:04:05.123456789' src/file
  touch -a -d '2021-01-02 03:04:05.123456789' src/file
}
show_atime() { show_stat %A@; }

keeps_source_atime() {
  local before
  mkdir src
  echo x >src/file
  touch -a -d '2001-01-02 03:04:05.123456789' src/file src
  before=$(stat -c %.9X src/file src)
  copy "$1" dst
  [ "$(stat -c %.9X src/file src)" = "$before" ]
}

make_symlinks() {
  ln -s /nowhere src/dangling
  ln -s loop src/loop
  ln -s .. src/up
  ln -s $'odd \xff' src/odd
}
show_symlinks() { show_stat '%y %l'; }

make_fifo() { mkfifo src/fifo; }
show_fifo() { show_stat %y; }

make_socket() {
  python3 -c 'import os, stat; os.mknod("src/socket", stat.S_IFSOCK | 0o644)'
}
show_socket() { show_stat %y; }

make_devices() {
  mknod src/char c 1 3
  mknod src/block b 7 200
}
show_devices() { find . -mindepth 1 -exec stat -c '%n %F %t %T' {} + | sort; }

make_links() {
  mkdir src/one src/two
  echo x >src/one/file
  ln src/one/file src/two/file
  ln src/one/file src/file
}
# The number of names, and that they are one inode.
show_links() {
  show_stat '%y %n'
  find . ! -type d -printf '%i\n' | sort -u | wc -l
}

make_operand_links() {
  mkdir src/one src/two
  echo x >src/one/file
  ln src/one/file src/two/file
}
keeps_operand_links() {
  mkdir src
  make_operand_links
  copy_two "$1"
  [ "$(cd src && show_links)" = "$(cd dst && show_links)" ]
}

make_odd_links() {
  mkdir src/one src/two
  ln -s nowhere src/one/link
  mkfifo src/one/fifo
  ln -P src/one/link src/one/fifo src/two
}
show_odd_links() { show_links; }

# By 64 KiB, as some tools find holes by looking for zeros.
make_holes() {
  truncate -s 3M src/all src/middle
  yes | head -c 1M | tee src/leading >src/trailing
  yes | head -c 1M >>src/middle
  dd if=src/leading of=src/middle bs=64K conv=notrunc status=none
  truncate -s 3M src/trailing
  dd if=src/trailing of=src/leading bs=64K seek=100 count=4 status=none
}
show_data() {
  local name
  find . -type f -print | sort | while read -r name; do
    echo "$name"
    xfs_io -r -c 'seek -ar 0' "$name"
  done
}
show_holes() { show_data; }

make_odd_holes() {
  local i
  for i in {1..20}; do
    printf 'piece %s' "$i" |
      dd of=src/file bs=1 seek=$((i * 40000)) conv=notrunc status=none
  done
  truncate -s 900001 src/file
}
show_odd_holes() { show_data; }

make_zeros() { head -c 1M /dev/zero >src/file; }
show_zeros() { show_stat %b; }

make_terabyte() {
  truncate -s 1T src/file
  echo end >>src/file
}
keeps_terabyte() {
  mkdir src
  make_terabyte
  limit=10 copy_in_time "$1"
  [ "$(stat -c %s src/file)" = "$(stat -c %s dst/file)" ] &&
    [ "$(stat -c %b dst/file)" -lt 1000 ] &&
    [ "$(tail -c 4 dst/file)" = end ]
}

make_reflink() {
  yes | head -c 1M >src/file
  sync src/file
}
keeps_reflink() {
  mkdir src
  make_reflink
  copy "$1" dst
  sync dst/file
  filefrag -v dst/file | grep -q shared
}

make_user_xattr() {
  echo x >src/file
  setfattr -n user.one -v 1 src/file
  setfattr -n user.none src/file
  setfattr -n user.binary -v 0x00ff src/file
}
show_xattrs() {
  getfattr -dR -m - -h -e hex . | sort
}
show_user_xattr() { show_xattrs; }

make_dir_xattr() {
  mkdir src/dir
  setfattr -n user.one -v 1 src/dir
}
show_dir_xattr() { show_xattrs; }

make_trusted_xattr() {
  echo x >src/file
  setfattr -n trusted.one -v 1 src/file
}
show_trusted_xattr() { show_xattrs; }

make_link_xattr() {
  ln -s nowhere src/link
  setfattr -h -n trusted.one -v 1 src/link
}
show_link_xattr() { show_xattrs; }

make_security_xattr() {
  echo x >src/file
  setfattr -n security.one -v 1 src/file
}
show_security_xattr() { show_xattrs; }

make_long_xattr() {
  echo x >src/file
  setfattr -n user.long -v "$(printf '%65536s' '')" src/file
}
show_long_xattr() { show_xattrs | sha256sum; }

make_capability() {
  echo x >src/file
  chown 1234 src/file
  setcap cap_net_raw+ep src/file
}
show_capability() { getcap -r . | sort; }

make_acl() {
  echo x >src/file
  setfacl -m u:1234:rw,g:2345:-,m::r src/file
}
show_acls() { getfacl -RPn . 2>/dev/null | sort; }
show_acl() { show_acls; }

make_default_acl() {
  mkdir -p src/dir/below
  setfacl -d -m u:1234:rw,o::- src/dir
}
show_default_acl() { show_acls; }

make_no_acl() {
  mkdir src/dir
  echo x >src/dir/file
}
keeps_no_acl() {
  mkdir src parent
  make_no_acl
  setfacl -d -m u:1234:rwx,o::rwx parent
  copy "$1" parent/dst
  [ "$(cd src && show_acls)" = "$(cd parent/dst && show_acls)" ]
}

show_flags() {
  find . -mindepth 1 -print0 | sort -z | xargs -0 lsattr -d |
    sed 's/^\([^ ]*\)[eI]/\1-/'
}
make_nodump() {
  echo x >src/file
  chattr +dA src/file
}
show_nodump() { show_flags; }

make_dir_flags() {
  mkdir src/dir
  chattr +dA src/dir
}
show_dir_flags() { show_flags; }

make_locked() {
  echo x >src/immutable
  echo x >src/append
  mkdir src/dir
  echo x >src/dir/file
  chattr +i src/immutable src/dir
  chattr +a src/append
}
show_locked() { show_flags; }

make_nocow() {
  : >src/file
  chattr +C src/file
  echo x >src/file
}
show_nocow() { show_flags; }

make_project() {
  echo x >src/file
  chattr -p 4711 src/file
}
show_project() { lsattr -dp ./*; }

make_bytes() {
  local i name
  for i in {1..255}; do
    printf -v name '%b' "\\x$(printf %02x "$i")"
    case $name in
      . | /) ;;
      *) echo "$i" >"src/$name" ;;
    esac
  done
}
show_bytes() { find . -mindepth 1 -print0 | sort -z | sha256sum; }

make_long_names() {
  echo x >"src/$(printf 'n%.0s' {1..255})"
  mkdir "src/$(printf 'd%.0s' {1..255})"
}
show_long_names() { show_stat %y; }

keeps_deep() {
  mkdir src
  "$BUILD/tests/deeptree" src 100 200
  "$BUILD/tests/treelist" src >src.list
  copy "$1" dst
  "$BUILD/tests/treelist" dst >dst.list
  cmp -s src.list dst.list
}

# ---- what a second run does ----

make_file() { # [TEXT]: always with the same times
  echo "${1:-x}" >src/file
  touch -d '2020-01-02 03:04:05.123456789' src/file
}

make_again_content() { make_file one; }
change_again_content() {
  echo two >src/file
  touch -d '2019-01-02' src/file
}
show_again_content() { cat file; }

make_again_mode() { make_file; }
change_again_mode() { chmod 4711 src/file; }
show_again_mode() { show_stat %m; }

make_again_owner() { make_file; }
change_again_owner() { chown 1234:2345 src/file; }
show_again_owner() { show_stat %U:%G; }

make_again_ns() { make_file; }
change_again_ns() { touch -d '2020-01-02 03:04:05.123456790' src/file; }
show_again_ns() { show_stat %T@; }

make_again_xattr() {
  make_file
  setfattr -n user.one -v 1 src/file
}
change_again_xattr() { setfattr -x user.one src/file; }
show_again_xattr() { show_xattrs; }

make_again_acl() {
  make_file
  setfacl -m u:1:rw src/file
}
change_again_acl() { setfacl -b src/file; }
show_again_acl() { show_acls; }

make_again_parted() {
  make_file
  ln src/file src/link
}
change_again_parted() {
  cp -a src/file src/copy
  mv src/copy src/link
}
show_again_parted() { show_links; }

make_again_joined() {
  make_file
  cp -a src/file src/link
}
change_again_joined() { ln -f src/file src/link; }
show_again_joined() { show_links; }

make_again_type() { make_file; }
change_again_type() { ln -sf nowhere src/file; }
show_again_type() { show_stat '%y %l'; }

make_again_flags() {
  make_file
  chattr +d src/file
}
change_again_flags() { chattr -d +A src/file; }
show_again_flags() { show_flags; }
