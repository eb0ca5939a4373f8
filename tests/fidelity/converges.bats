#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The content arrives on any target, and a second run copies nothing.

load ../cli/helpers
load ../tools/quirks

setup() {
  make_room
  mkdir -p src/sub
  echo one >src/one
  echo two >src/sub/two
  ln src/one src/sub/link
  chmod 640 src/one
  chmod 2750 src/sub
  touch -d '2011-12-13 14:15:17.123456789' src/one
  touch -d '2011-12-13 14:15:16.999999999' src/sub/two src/sub
}

teardown() {
  clear_quirk
  clear_room
}

converges() { # QUIRK...
  quirk "$@"
  "$PCOPY" --stats -j 4 src m/dst 2>said || {
    echo "$*: status $?"
    cat said
    return 1
  }
  diff -r src back/dst
  "$PCOPY" --stats -j 4 src m/dst 2>said
  grep -q '^pcopy: 0 copied, 3 unchanged' said || {
    echo "$*:"
    cat said
    return 1
  }
  diff -r src back/dst
  [ -z "$(find back -name '.pcopy*')" ]
  clear_quirk
  rm -rf back
}

@test "times in steps, cut or rounded up" {
  converges s1 nochmod
  converges s2 fixed
  converges ns100 nochown
  converges ms10 nolink
  converges s1 roundup
}

@test "times that cannot be set, or are not" {
  converges notimes
  converges permtimes noxattr
  converges utimens=ignore chmod=ignore chown=ignore
}

@test "identities that mean nothing" {
  converges newino newctime
  converges linkino
}
