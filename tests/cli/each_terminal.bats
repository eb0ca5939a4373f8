#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC1083,SC2016,SC2030,SC2031,SC2034,SC2154
# --each and --map: jobs and the terminal, ^C and ^Z.

load helpers

setup() {
  make_room
  mkfifo come go keys
  exec 7<>come 8<>go 9<>keys
}

teardown() {
  [ -z "$shell_pid" ] || kill -HUP "$shell_pid" 2>/dev/null || true
  clear_room
}

# An interactive shell under a terminal; what it shows goes to the file out.
start_shell() {
  HISTFILE='' "$PTYRUN" -k bash --norc --noprofile -i <&9 \
    >out 2>&1 3>&- 7>&- 8>&- 9>&- &
  shell_pid=$!
  type_in 'PS1="> "; bind "set enable-bracketed-paste off"; echo re""ady'
  shown '^ready'
}

end_shell() {
  type_in exit
  wait "$shell_pid"
  shell_pid=
}

type_in() { # LINE
  printf '%s\n' "$1" >&9
}

press() { # LETTER
  case $1 in
    C) printf '\003' >&9 ;;
    Z) printf '\032' >&9 ;;
  esac
}

# Waits until so many lines like that are in the output.
shown() { # PATTERN [N]
  local i
  for ((i = 0; i < 1000; i++)); do
    [ "$(tr '\r' '\n' <out | grep -acE -- "$1")" -ge "${2:-1}" ] && return
    read -r -t 0.01 <> <(:) || true
  done
  echo "not shown: $1"
  cat -A out
  return 1
}

# Waits until a process is in such a state.
is_in_state() { # PID STATE
  local i
  for ((i = 0; i < 1000; i++)); do
    grep -q "^State:.$2" "/proc/$1/status" && return
    read -r -t 0.01 <> <(:) || true
  done
  echo "$1 is not in state $2"
  return 1
}

@test "a job has no terminal, and asking for one fails at once" {
  run -1 "$PTYRUN" "$PCOPY" --each -j1 -a <(seq 2) -s 'stty -echo </dev/tty'
  [ "$(grep -c 'exit status' <<<"$output")" -eq 2 ]
  run -1 "$PTYRUN" "$PCOPY" --each -j2 -u -a <(seq 2) -s 'read -r x </dev/tty'
  [ "$(grep -c 'exit status' <<<"$output")" -eq 2 ]
  mkdir src
  echo 1 >src/one
  run -1 "$PTYRUN" "$PCOPY" --map -j1 src dst -- sh -c 'cat /dev/tty && cat'
  run -1 "$PTYRUN" "$PCOPY" --map -j1 src dst -- sh -c 'cat && cat </dev/tty'
  [ ! -e dst/one ]
}

@test "a job that sets the modes of its output, a terminal, is not stopped" {
  run -0 "$PTYRUN" "$PCOPY" --each -j2 -u -a <(seq 2) -s 'stty sane <&1'
}

@test "--tty, and -j1 -u: each job in turn is in the foreground" {
  local options
  for options in --tty '-j1 -u' '--tty -j1'; do
    seq 2 >list
    printf '%s\n' one two >words
    # shellcheck disable=SC2086
    run -0 "$PTYRUN" -k "$PCOPY" --each $options -a list -s '
      read -r word && echo "$1 $word" && stty -a </dev/tty >/dev/null &&
      read -r pid comm state ppid group session tty front rest </proc/$$/stat &&
      echo "group $((group - front))"' <words
    grep -q '^1 one' <<<"$output"
    grep -q '^2 two' <<<"$output"
    [ "$(grep -c '^group 0' <<<"$output")" -eq 2 ]
  done
}

@test "--tty of --map: the command of an output may ask" {
  mkdir src
  echo text >src/f
  printf 'answer\n' >words
  run -0 "$PTYRUN" -k "$PCOPY" --map --tty src dst -- \
    sh -c 'read -r x; cp "$1" "$2"; echo "$x" >>"$2"' sh {} {out} <words
  [ "$(cat dst/f)" = $'text\nanswer' ]
}

@test "--tty contradicts many jobs at a time and kept output" {
  local option
  for option in -j2 --lb -k --tag; do
    run -2 "$PCOPY" --each --tty "$option" -a list -- true
  done
  run -2 "$PCOPY" --each --tty --results dir -a list -- true
  run -2 "$PTYRUN" "$PCOPY" --each --tty -a - -- true
  [[ $output == *'read from the terminal'* ]]
}

@test "--tty without any terminal: jobs run as ever" {
  run -0 setsid -w "$PCOPY" --each --tty -a <(seq 2) -s 'cat; echo "$1"' </dev/null
  [ "$output" = $'1\n2' ]
}

@test "in the background a job gets no terminal, and takes none" {
  start_shell
  type_in "$PCOPY --each --tty -a <(seq 1) -s 'cat; cat /dev/tty; echo en\"\"ded' & wait; echo sta\"\"tus \$?"
  shown '^ended'
  shown '^status 0'
  end_shell
}

@test "^Z stops the jobs and fg continues them; time limits stand still" {
  start_shell
  type_in "$PCOPY --each -j2 --timeout 1500ms -a <(seq 2) -s 'echo \$\$ >come; read -r x <go; echo en\"\"ded'; echo sta\"\"tus \$?"
  read -r first <&7
  read -r second <&7
  press Z
  is_in_state "$first" T
  is_in_state "$second" T
  shown Stopped
  # Longer than the limit.
  type_in 'sleep 2; echo sle""pt'
  shown '^slept'
  printf '\n\n' >&8
  type_in 'fg; echo sta""tus $?'
  shown 'ended$' 2
  shown '^status 0'
  end_shell
}

@test "^Z: a job that ignores it is stopped as well, and none is started" {
  start_shell
  type_in "$PCOPY --each -j1 -a <(seq 3) -s 'trap \"\" TSTP; echo \$\$ >come; read -r x <go; echo en\"\"ded'; echo sta\"\"tus \$?"
  read -r first <&7
  press Z
  is_in_state "$first" T
  shown Stopped
  printf '\n\n\n' >&8
  type_in bg
  shown 'ended$' 3
  end_shell
}

@test "^Z at a job that has the terminal stops the run, fg hands it back" {
  start_shell
  type_in "$PCOPY --each --tty -a <(seq 1) -s 'echo \$\$ >come; read -r x; echo got \$x'; echo sta\"\"tus \$?"
  read -r job <&7
  press Z
  is_in_state "$job" T
  shown Stopped
  type_in fg
  is_in_state "$job" S
  type_in word
  shown '^got word'
  end_shell
}

@test "^C at a job that has the terminal ends the run" {
  start_shell
  type_in "$PCOPY --each --tty -a <(seq 5) -s 'echo x >come; exec sleep 100'; echo sta\"\"tus \$?"
  read -r _ <&7
  press C
  shown 'interrupted by SIGINT'
  type_in 'echo sta""tus $?'
  shown '^status 130'
  end_shell
}

@test "modes that a killed job has set are undone" {
  start_shell
  type_in "$PCOPY --each --tty -a <(seq 1) -s 'stty -echo; kill -9 \$\$'; stty -a | grep -ow -- '-*echo' | sed s/^/ec\"\"ho:/"
  shown '^echo:echo$'
  end_shell
}

@test "a job that is stopped is named once, and goes on" {
  "$PCOPY" --each -a <(seq 1) -s \
    'echo $$ >come; kill -STOP $$; echo x >come; kill -TSTP $$; echo ended' \
    >out 2>err 7>&- 8>&- 9>&- &
  local run_pid=$! job
  read -r job <&7
  is_in_state "$job" T
  kill -CONT "$job"
  read -r _ <&7
  is_in_state "$job" T
  kill -CONT "$job"
  wait "$run_pid"
  [ "$(cat out)" = ended ]
  [ "$(grep -c 'stopped by signal' err)" -eq 1 ]
}

@test "a job that stops for want of the terminal has failed" {
  local name
  for name in TTIN TTOU; do
    run -1 "$PCOPY" --each -a <(seq 2) -s "kill -$name "'$$; echo went on'
    [ "$(grep -c 'wants the terminal' <<<"$output")" -eq 2 ]
    [[ $output != *'went on'* ]]
  done
}

@test "a stopped job hears of the end, and what it started, too" {
  local end
  for end in kill timeout halt; do
    rm -f cleaned
    case $end in
      kill)
        "$PCOPY" --each -q -a <(seq 1) -s 'trap "touch cleaned; exit 1" TERM
          (echo x >come; kill -STOP $$); sleep 100' 7>&- 8>&- 9>&- &
        read -r _ <&7
        kill -TERM $!
        wait $! || true
        ;;
      timeout)
        run -1 "$PCOPY" --each --timeout 300ms -a <(seq 1) -s \
          'trap "touch cleaned; exit 1" TERM; kill -STOP $$; sleep 100'
        ;;
      halt)
        run -1 "$PCOPY" --each -j2 --halt now,fail=1 -a <(seq 2) -s \
          'trap "touch cleaned; exit 1" TERM
          case $1 in
            1) (echo x >come; kill -STOP $$); sleep 100 ;;
            2) read -r _ <come; exit 1 ;;
          esac' 7>&-
        ;;
    esac
    [ -e cleaned ]
  done
}
