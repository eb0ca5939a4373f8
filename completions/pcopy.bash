# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Completion of pcopy for bash; the options are those of pcopy(1).

_pcopy_words() { # WORDS
  mapfile -t COMPREPLY < <(compgen -W "$1" -- "$cur")
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
    if [[ ${COMP_WORDS[i]} == -- ]]; then
      compopt -o filenames
      mapfile -t COMPREPLY < <(compgen -f -- "$cur")
      return
    fi
  done

  case $prev in
    --preserve | --no-preserve)
      _pcopy_words 'mode owner times links xattr acl flags all'
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
          -n --dry-run -v --verbose -q --quiet -x --one-file-system -u
          --update= --preserve= --no-preserve= -L --dereference -H
          --reflink= --sparse= --force --inplace --progress=
          --help --version'
        [[ ${COMPREPLY[0]-} == *= ]] && compopt -o nospace
      else
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
      fi
      ;;
  esac
}

complete -F _pcopy pcopy
