#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# A dry run foretells what the run does: the same list and the same status.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154

load trees

setup() {
  make_room
}

teardown() {
  clear_room
}

# A source of every kind, hard links included.
make_src() {
  mkdir -p src/dir/sub src/empty
  echo file >src/file
  echo first >src/first
  ln src/first src/second
  ln src/first src/dir/third
  echo below >src/dir/sub/below
  ln -s file src/link
  mkfifo src/fifo
}

# What is done to each entry, and what goes wrong with it.
told() { # OUTPUT
  grep -vE '^pcopy: (dry run, nothing changed: )?[0-9,]+ (copied|to copy)' \
    <<<"$1" | sed -E 's/^copied\t/copy\t/; s/^mended\t/mend\t/' | sort
}

# Makes dst by a function, foretells and runs.
foretold() { # FUNCTION [ARG]...
  local make=$1 dry dry_status
  shift
  rm -rf dst
  "$make"
  run "$PCOPY" --stats -n "$@"
  dry=$(told "$output")
  dry_status=$status
  run "$PCOPY" --stats -v "$@"
  if [ "$status" -ne "$dry_status" ] || [ "$(told "$output")" != "$dry" ]; then
    echo "$make: pcopy $*: foretold $dry_status, was $status"
    diff <(echo "$dry") <(told "$output")
    return 1
  fi
}

missing() { :; }

a_copy() {
  cp -a src dst
}

# Everything is something else.
crossed() {
  mkdir -p dst/file/x dst/first dst/second/y dst/link dst/fifo/z
  echo file >dst/dir
  echo file >dst/empty
}

crossed_links() {
  mkdir dst
  ln -s nowhere dst/dir
  ln -s . dst/empty
  mkfifo dst/file
  mkdir dst/second dst/first
}

later_links_taken() {
  mkdir -p dst/dir/third/x dst/second
  ln -s nowhere dst/first
}

a_file() {
  echo file >dst
}

a_fifo() {
  mkfifo dst
}

a_dangling_link() {
  ln -s nowhere dst
}

@test "a dry run foretells the run in every state of DST" {
  make_src

  for state in missing a_copy crossed crossed_links later_links_taken a_file \
    a_fifo a_dangling_link; do
    for more in '' --force --inplace --update=all --update=none -u \
      '--force --inplace' '--no-preserve=links --force'; do
      # shellcheck disable=SC2086
      foretold "$state" $more src dst
    done
    foretold "$state" src/file dst
    foretold "$state" --force src/file dst
    foretold "$state" --force src/first src/second src/link dst
    foretold "$state" src/first src/second src/dir dst/
    foretold "$state" --force -t dst src/fifo src/empty src/file
    foretold "$state" --force src/dir dst -j 1
    foretold "$state" src/link dst
    foretold "$state" src/fifo dst
  done
}

# Content, metadata and a link are to be changed in entries that are locked.
locked() {
  cp -a src dst
  echo other >dst/file
  chmod 600 dst/first
  rm dst/second && cp -a dst/first dst/second
  chattr +i dst/file dst/second
  chattr +a dst/first
}

unlocked() { # COMMAND...
  local rc=0
  "$@" || rc=$?
  chattr -R -ia dst 2>/dev/null || true
  return "$rc"
}

@test "a dry run foretells what is immutable or append-only" {
  need_root
  make_src
  touch probe
  chattr +i probe 2>/dev/null || skip "no inode flags here"
  chattr -i probe
  for options in '' --force --inplace --update=all '-j 1 --force'; do
    # shellcheck disable=SC2086
    unlocked foretold locked src dst $options
  done
}
