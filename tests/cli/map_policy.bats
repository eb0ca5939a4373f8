#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC1083,SC2016,SC2030,SC2031,SC2034,SC2154
# --map: what is refused, what fails, and what is left then: nothing.

load helpers

setup() {
  make_room
  LONG=7$BATS_TEST_NUMBER$$
  mkdir -p src/sub
  echo one >src/a
  echo two >src/b
  echo three >src/sub/c
}

teardown() { clear_room; }

map() {
  "$PCOPY" --map "$@"
}

no_litter() { # DIR
  diff <(ls -A "$1/.pcopy-map") <(printf '%s\n' lock record)
}

# Starts a run whose jobs "echo >started", and waits for so many of them. It is
# its own process, as a shell's background job would ignore SIGINT.
start_map() { # N ARG...
  local i n=$1
  shift
  mkfifo started
  exec 7<>started
  setsid env --default-signal=INT "$PCOPY" --map "$@" 2>errors &
  run_pid=$!
  for ((i = 0; i < n; i++)); do
    read -r _ <&7
  done
  exec 7>&-
}

# Those that sleep for LONG: as many as that, at last.
so_many_sleep() { # N
  local i
  for ((i = 0; i < 6000; i++)); do
    [ "$(pgrep -cxf "sleep $LONG" || true)" -ne "$1" ] || return 0
    sleep 0.01
  done
  return 1
}

# ---- refused ----

@test "two sources with one output are refused before anything runs" {
  touch src/x.c src/x.h
  run -5 map src dst --to '{r.}.o' -- sh -c 'touch ran; cat'
  [[ $output == *'has the same output as src/x.'* ]]
  [ ! -e ran ]
  [ ! -e dst ]
}

@test "so are a converted and a copied one" {
  touch src/x.c src/x.c.z
  run -5 map src dst -e c --to '{r}.z' --else copy -- cat
  [ ! -e dst ]
  run -0 map src dst -e c --to '{r}.z' -- cat
}

@test "so are a file and a directory" {
  mkdir src/a.z
  run -5 map src dst --to '{r}.z' -- cat
  [[ $output == *'same output'* ]]
  [ ! -e dst ]
}

@test "SRC in DST, DST in SRC and SRC as DST are refused, by links, too" {
  ln -s src link
  mkdir src/in
  run -5 map src src/sub/dst -- cat
  run -5 map src link/dst -- cat
  run -5 map src link -- cat
  run -5 map src/sub src -- cat
  run -5 map link/sub src -- cat
  [ "$(find src | wc -l)" -eq 6 ]
}

@test "names that lead out of DST are refused" {
  mkdir src/...
  touch src/sub/...x src/.../f
  run -5 map src dst --to '../{r}' -- cat
  run -5 map src dst --to '/tmp/{r}' -- cat
  run -5 map src dst --to 'x/../../{/}' -- cat
  # The extension of the last component is all but two dots.
  run -5 map src dst --to '{r.}' -- cat
  [[ $output == *'src/sub/...x: its output would be outside of DST'* ]]
  [ ! -e dst ]
  rm src/sub/...x
  run -0 map src dst --to '{r}' -- cat
  [ -f dst/.../f ]
}

@test "an output cannot be what is pcopy's own" {
  run -5 map src dst --to '.pcopy-map/{/}' -- cat
  [[ $output == *'own'* ]]
  run -0 map src dst --to 'x/.pcopy-map/{/}' -- cat
}

@test "a symlink in DST is not followed" {
  mkdir dst elsewhere
  ln -s ../elsewhere dst/sub
  run -5 map src dst -- cat
  [ "$(find elsewhere dst | wc -l)" -eq 3 ]

  rm dst/sub
  ln -s ../elsewhere/a dst/a
  run -0 map src dst -- cat
  [ "$(cat dst/a)" = one ]
  [ ! -L dst/a ]
  [ -z "$(ls elsewhere)" ]
}

@test "a symlink put in the way while it runs makes jobs fail, and no more" {
  mkdir elsewhere
  run -1 map -j 1 src dst -g c -- \
    sh -c 'rmdir dst/sub; ln -s ../elsewhere dst/sub; cat'
  [[ $output == *'cannot open the directory of its output'* ]]
  [ -z "$(ls elsewhere)" ]
}

@test "two runs on one DST: the second is refused" {
  mkfifo go
  start_map 1 src dst -g a -- sh -c 'echo >started; cat go; cat'
  run -5 map src dst -- cat
  [[ $output == *'another run is at work there'* ]]
  echo x >go
  wait "$run_pid"
  run -0 map src dst -- cat
}

@test "what another user has put there is not believed" {
  need_root
  mkdir -p dst/.pcopy-map
  chown 65534 dst/.pcopy-map
  run -5 map src dst -- cat
  [[ $output == *'belongs to somebody else'* ]]
}

@test "wrong usage is told" {
  run -2 map src -- cat
  run -2 map src dst more -- cat
  run -2 map src dst
  run -2 map src dst --to '' -- cat
  run -2 map src dst --to '{#}' -- cat
  run -2 map src dst --to '{r}{out}' -- cat
  run -2 map src dst --else drop -- cat
  run -2 map src dst --stale=never -- cat
  run -2 map --check src dst -- cat
  run -2 map nothing dst -- cat
  run -2 map src/a dst -- cat
  run -2 map src no/dst -- cat
  [ ! -e dst ]
}

# ---- failed ----

@test "of a command that fails nothing stays, and the older output does" {
  map src dst -- cat
  echo more >>src/a
  run -1 map src dst --ignore-cmd -- sh -c 'cat; exit 3'
  [[ $output == *'src/a: exit status 3'* ]]
  [[ $output == *'0 made, 2 current, 1 failed'* ]]
  [ "$(cat dst/a)" = one ]
  no_litter dst
}

@test "an output that is missing or no file is not accepted" {
  run -1 map src dst -g a -- true {out}
  [[ $output == *'src/a: the command made no output'* ]]
  run -1 map src dst -g a -- mkdir {out}
  [[ $output == *'src/a: its output is not a regular file'* ]]
  run -1 map src dst -g a -- ln -s /etc/passwd {out}
  [[ $output == *'src/a: its output is not a regular file'* ]]
  [ "$(find dst -path dst/.pcopy-map -prune -o -type f -print)" = '' ]
  no_litter dst
}

@test "other files that a command leaves beside its output go away" {
  run -0 map src dst -- sh -c 'mkdir "$2.d"; : >"$2.d/tmp"; cp "$1" "$2"' \
    sh {} {out}
  [ "$(cat dst/sub/c)" = three ]
  no_litter dst
}

@test "a source that changes meanwhile gives no output" {
  run -1 map src dst -g a -- sh -c 'cat; echo more >>src/a'
  [[ $output == *'src/a: changed while the command ran'* ]]
  run -1 map src dst -g a -- sh -c 'cat "$1"; touch -d 2001-02-03 "$1"' sh {}
  [[ $output == *'changed while the command ran'* ]]
  run -1 map src dst -g a -- sh -c 'cat; mv src/a x; cp -p x src/a'
  [[ $output == *'changed while the command ran'* ]]
  run -1 map src dst -g a -- sh -c 'cat; rm src/a'
  [[ $output == *'changed while the command ran'* ]]
  [ ! -e dst/a ]
  no_litter dst
}

@test "a directory has the name of an output: it stays" {
  mkdir -p dst/a/full
  run -1 map src dst -- cat
  [[ $output == *'src/a: cannot give its output its name: Is a directory'* ]]
  [ -d dst/a/full ]
  [ "$(cat dst/b)" = two ]
}

@test "a full disk is told of, and the record stays readable" {
  need_mounts
  unshare -m bash -c '
    mkdir small && mount -t tmpfs -o size=200k none small &&
    for i in 1 2 3 4 5 6 7 8; do head -c 60000 /dev/urandom >src/$i; done
    "$1" --map src small/dst -- cat; echo "status $?"
    cd small/dst && for i in ?; do cmp $i ../../src/$i || exit; done
    ls -A .pcopy-map; rm 1 2
    "$1" --map ../../src . -- cat; echo "status $?"' sh "$PCOPY" >out 2>&1
  grep -q 'No space left on device' out
  [ "$(grep -cx 'status 1' out)" -eq 2 ]
  fails grep -q 'differ' out
  [ "$(grep -cxE 'lock|record' out)" -eq 2 ]
}

@test "--tries runs a job again that was not accepted" {
  run -0 map src dst -g a --tries 3 -- \
    sh -c 'echo >>tries; [ "$(wc -l <tries)" -ge 3 ] && cat'
  [ "$(cat dst/a)" = one ]
  [ "$(wc -l <tries)" -eq 3 ]
}

@test "--timeout kills the job with its children, and nothing stays" {
  run -1 map src dst -g a --timeout 300ms --kill-after 100ms -- \
    sh -c "trap '' TERM; setsid sleep $LONG & cat; sleep $LONG"
  [[ $output == *'src/a: timed out'* ]]
  so_many_sleep 0
  [ ! -e dst/a ]
  no_litter dst
}

@test "--halt=now stops the others" {
  run -1 map -j 3 src dst --halt now,fail=1 -- \
    sh -c "case \$1 in src/b) exit 1;; esac; exec sleep $LONG" sh {}
  [[ $output == *halted:* ]]
  so_many_sleep 0
  no_litter dst
}

@test "--failed lists sources, --joblog commands that a shell can run" {
  touch fail
  run -1 map src dst -g a -g b --joblog log --failed failed -- \
    sh -c 'cat; [ ! -e fail ] || exit 1'
  [ "$(tr '\0' '\n' <failed | sort)" = $'src/a\nsrc/b' ]
  [ "$(cut -f 7,8 log | tail -n +2 | sort -u)" = $'1\t0' ]
  rm fail
  cut -f 9 log | tail -n +2 | sh
  [ "$(cat dst/a dst/b)" = $'one\ntwo' ]
}

@test "a rejected output is logged as 255, with its path in the end" {
  run -1 map src dst -g a --joblog log -- true {} {out}
  [ "$(cut -f 7- log | tail -1)" = $'255\t0\ttrue src/a dst/a' ]
}

@test "GNU parallel runs again what our log says has failed" {
  need parallel
  run -1 map src dst -g a -g c --joblog log -- sh -c '[ -e ok ] && cat'
  touch ok
  parallel --will-cite --retry-failed --joblog log 2>/dev/null
  [ "$(cat dst/a dst/sub/c)" = $'one\nthree' ]
}

@test "what commands print is shown as with --each" {
  run -0 map -k --tag src dst -g a -g b -- sh -c 'cat; echo said >&2'
  [ "$(sort <<<"$output")" = $'src/a\tsaid\nsrc/b\tsaid' ]
  run -0 map -u src dst2 -g a -- sh -c 'echo hi; cp "$1" "$2"' sh {} {out}
  [ "$output" = hi ]
  run -0 map --lb src dst3 -g a -- sh -c 'cat; echo line >&2'
  [ "$output" = line ]
}

# ---- killed ----

@test "SIGINT ends the jobs and the run, and nothing half is left" {
  local status=0
  start_map 2 -j 2 src dst -- sh -c "cat; echo >started; exec sleep $LONG"
  kill -INT "$run_pid"
  wait "$run_pid" || status=$?
  [ "$status" -eq 130 ]
  grep -q 'interrupted by SIGINT' errors
  so_many_sleep 0
  no_litter dst
  [ "$(find dst -type f -not -path '*/.pcopy-map/*')" = '' ]
  run -0 map src dst -- cat
}

@test "a worker that is killed costs its job one more try" {
  run -0 map -j 1 src dst -g a -- \
    sh -c '[ -e once ] || { touch once; kill -9 $PPID; sleep 20; }; cat'
  [[ $output == *'killed by signal 9, tried again'* ]]
  [ "$(cat dst/a)" = one ]
  no_litter dst
}

@test "a job that a signal kills has failed" {
  run -1 map src dst -g a -- sh -c 'cat; kill -KILL $$'
  [[ $output == *'src/a: killed by signal 9'* ]]
  [ ! -e dst/a ]
  no_litter dst
}

@test "after kill -9 of all the next run sweeps up, and goes on" {
  start_map 2 -j 2 src dst -- sh -c "cat; echo >started; exec sleep $LONG"
  kill -9 "$run_pid"
  wait "$run_pid" || true
  so_many_sleep 0
  compgen -G 'dst/.pcopy-map/stage.*/*/*' >/dev/null
  # The last worker lets go of the lock when it is gone.
  until map src dst -- cat 2>errors; do grep -q 'another run' errors; done
  [ "$(cat dst/a dst/b dst/sub/c)" = $'one\ntwo\nthree' ]
  no_litter dst
}
