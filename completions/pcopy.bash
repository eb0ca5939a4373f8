# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Completion of pcopy for bash; the options are those of pcopy(1).

_pcopy_words() { # WORDS
  mapfile -t COMPREPLY < <(compgen -W "$1" -- "$cur")
}

# Words with commas between them: what is before the last comma stays.
_pcopy_list() { # WORDS
  local before=

  [[ $cur == *,* ]] && before=${cur%,*},
  mapfile -t COMPREPLY < <(compgen -P "$before" -W "$1" -- "${cur##*,}")
}

# The options of --each; behind -- a command is completed as a file name.
_pcopy_each() {
  case $prev in
    -j | --jobs) _pcopy_words '1 2 4 8 16 50% 100% -1' ;;
    -t | --type) _pcopy_words 'f d l' ;;
    --halt) _pcopy_words 'never soon,fail=1 now,fail=1 soon,fail=10% now,success=1' ;;
    --progress) _pcopy_words 'auto always never' ;;
    *)
      if [[ $cur == -* ]]; then
        _pcopy_words '--arg-file= --args --null --columns= --csv --pipe --block=
          --extension= --glob=
          --type= --one-file-system --dereference --items= --script= --jobs=
          --queue-depth= --keep-order --lb --ungroup --tty --tag --results=
          --tries= --retry-delay= --timeout= --kill-after= --halt= --load=
          --memfree= --delay= --joblog= --resume --failed= --dry-run --verbose --quiet
          --progress= --help --version -h -V
          -a -0 -d -e -g -t -x -L -n -s -j -k -u -v -q'
        [[ ${COMPREPLY[0]-} == *= ]] && compopt -o nospace
      else
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
      fi
      ;;
  esac
}

# The options of --map.
_pcopy_map() {
  case $prev in
    -j | --jobs) _pcopy_words '1 2 4 8 16 50% 100% -1' ;;
    --to) _pcopy_words '{r} {r}.zst {r}.gz' ;;
    --else) _pcopy_words 'copy link skip' ;;
    --stale) _pcopy_words 'auto hash always' ;;
    --halt) _pcopy_words 'never soon,fail=1 now,fail=1 soon,fail=10%' ;;
    --progress) _pcopy_words 'auto always never' ;;
    *)
      if [[ $cur == -* ]]; then
        _pcopy_words '--map --to= --extension= --glob= --else= --stale=
          --ignore-cmd --times --delete --adopt --check --dry-run --verbose
          --jobs= --queue-depth= --keep-order --lb --ungroup --tty --tag
          --tries= --retry-delay= --timeout= --kill-after= --halt= --joblog=
          --failed= --quiet --progress= --help --version -h -V -e -g -n -v -j -k -u -q'
        [[ ${COMPREPLY[0]-} == *= ]] && compopt -o nospace
      else
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
      fi
      ;;
  esac
}

_pcopy() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
  local i

  # bash splits --update=older at the equals sign.
  if [[ $cur == '=' ]]; then
    cur=
  elif [[ $prev == '=' ]]; then
    prev=${COMP_WORDS[COMP_CWORD - 2]}
  else
    case $prev in
      --update | --progress) prev= ;; # their values follow an = only
    esac
  fi
  COMPREPLY=()

  for ((i = 1; i < COMP_CWORD; i++)); do
    if [[ ${COMP_WORDS[i]} == --each ]]; then
      _pcopy_each
      return
    fi
    if [[ ${COMP_WORDS[i]} == --map ]]; then
      _pcopy_map
      return
    fi
    if [[ ${COMP_WORDS[i]} == -- ]]; then
      compopt -o filenames
      mapfile -t COMPREPLY < <(compgen -f -- "$cur")
      return
    fi
  done

  case $prev in
    --preserve | --no-preserve)
      _pcopy_list 'mode owner times links xattr acl flags all'
      ;;
    --reflink | --sparse) _pcopy_words 'auto always never' ;;
    --update) _pcopy_words 'changed older all none' ;;
    --progress) _pcopy_words 'auto always never' ;;
    -j | --jobs) _pcopy_words '1 2 4 8 16 50% 100% -1' ;;
    --queue-depth) ;;
    -t | --target-directory)
      compopt -o filenames
      mapfile -t COMPREPLY < <(compgen -d -- "$cur")
      ;;
    *)
      if [[ $cur == -* ]]; then
        _pcopy_words '-j --jobs= --queue-depth= -t --target-directory=
          -T --no-target-directory --mkpath --parents --relative
          -n --dry-run -v --verbose -q --quiet -x --one-file-system -u
          --update= --preserve= --no-preserve= -L --dereference -H
          --safe-links --reflink= --sparse= --force --inplace --progress=
          --each --map -a --archive -r --recursive -p --help -h --version -V
          --stats'
        [[ ${COMPREPLY[0]-} == *= ]] && compopt -o nospace
      else
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
      fi
      ;;
  esac
}

complete -F _pcopy pcopy
