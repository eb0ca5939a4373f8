#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016 # what is planted is meant to stay as it is
# Each rule of rules.sh is silent on a small clean project and sees the one
# thing that is planted there.

setup() {
  rules=$BATS_TEST_DIRNAME/rules.sh
  top=$BATS_TEST_TMPDIR/project
  mkdir -p "$top"/{src/{base,mp,fs,engine,cli},tests/unit,examples,script}
  cp "$BATS_TEST_DIRNAME/../../.clang-format" "$top"
  spdx='/* SPDX-License-Identifier: MIT */'
  local floor
  for floor in base mp fs engine cli; do
    printf '%s\n#include "base/x.h"\n\nint %s_x = 1;\n' "$spdx" "$floor" \
      >"$top/src/$floor/x.c"
  done
  printf '#!/bin/sh\n# SPDX-License-Identifier: MIT\necho "$1"\n' \
    >"$top/script/x"
}

plant() { # FILE: standard input behind a licence line
  { echo "$spdx"; cat; } >"$top/$1"
}

sees() { # RULE FILE:LINE
  run "$rules" "$top" "$1"
  echo "$output"
  [ "$status" -eq 1 ]
  [[ $output == "$2: $1: "* ]]
  [ "${#lines[@]}" -eq 1 ]
}

is_silent() { # [RULE]...
  run "$rules" "$top" "$@"
  echo "$output"
  [ "$status" -eq 0 ]
  [ -z "$output" ]
}

@test "a clean project breaks no rule" {
  is_silent
}

@test "an unknown rule is an error" {
  run "$rules" "$top" nonsense
  [ "$status" -eq 2 ]
}

@test "format sees what clang-format would change" {
  clang-format --version | grep -q 'version 14\.' || skip 'not clang-format 14'
  plant src/fs/y.c <<<'int  y = 1;'
  sees format src/fs/y.c:2
}

@test "floors: no floor includes a higher one" {
  plant src/base/y.c <<<'#include "mp/queue.h"'
  sees floors src/base/y.c:2
}

@test "floors: fs and mp do not know each other" {
  plant src/fs/y.c <<<'#include "mp/queue.h"'
  sees floors src/fs/y.c:2
  rm "$top/src/fs/y.c"
  plant src/mp/y.c <<<'#include "fs/walk.h"'
  sees floors src/mp/y.c:2
}

@test "floors: nobody includes the command line" {
  plant src/engine/y.h <<<'#  include "cli/options.h"'
  sees floors src/engine/y.h:2
}

@test "floors: an include names its floor" {
  plant src/fs/y.c <<<'#include "walk.h"'
  sees floors src/fs/y.c:2
}

@test "floors: there are only the known ones" {
  mkdir "$top/src/sys"
  plant src/sys/y.c <<<'int y = 1;'
  sees floors src/sys/y.c:1
}

@test "floors: a test stands on its module's floor" {
  plant tests/unit/test_fs_y.c <<<'#include "engine/run.h"'
  sees floors tests/unit/test_fs_y.c:2
  plant tests/unit/test_fs_y.c <<<'#include "check.h"'
  is_silent floors
  plant tests/unit/test_engine_y.c <<<'#include "fs/walk.h"'
  is_silent floors
}

@test "floors: an example uses the library only" {
  plant examples/y.c <<<'#include "fs/walk.h"'
  sees floors examples/y.c:2
  plant examples/y.c <<<'#include "mp/mp.h"'
  is_silent floors
}

@test "length: 400 lines are allowed, 401 are not" {
  yes 'int y;' | head -n 399 | plant src/fs/y.c
  is_silent length
  yes 'int y;' | head -n 400 | plant src/fs/y.c
  sees length src/fs/y.c:401
}

@test "length: tests may have 600 lines" {
  yes 'int y;' | head -n 599 | plant tests/unit/y.c
  is_silent length
  yes 'int y;' | head -n 600 | plant tests/unit/y.c
  sees length tests/unit/y.c:601
}

@test "function: 80 lines are allowed, 81 are not" {
  { printf 'void y(void)\n{\n'; yes '	y();' | head -n 80; echo '}'; } |
    plant src/fs/y.c
  is_silent function
  { printf 'void y(void)\n{\n'; yes '	y();' | head -n 81; echo '}'; } |
    plant src/fs/y.c
  sees function src/fs/y.c:85
}

@test "banned: each call of the list is seen" {
  local call
  for call in strcpy strcat sprintf vsprintf strtok gmtime localtime system \
    gets alloca; do
    printf 'void y(char *a)\n{\n\t(void)%s(a);\n}\n' "$call" |
      plant src/cli/y.c
    sees banned src/cli/y.c:4
  done
}

@test "banned: comments, strings and longer names are not calls" {
  plant src/cli/y.c <<'END'
/* system() and
 * strcpy(a, b) are "banned */
const char *y = "system(1) \" gets(2)"; // strcat(a, b)
char z = '"', snprintf(a), gmtime_r(b), q->system(c);
END
  is_silent banned
}

@test "banned: code behind a comment is seen" {
  plant src/cli/y.c <<<'/* no */ int y = system(z); /* yes */'
  sees banned src/cli/y.c:2
}

@test "paths: calls by path are seen on the floors that copy" {
  local call
  for call in open stat lstat chmod chown mkdir rename unlink symlink \
    readlink truncate opendir lgetxattr setxattr; do
    printf 'int y = %s(p);\n' "$call" | plant src/engine/y.c
    sees paths src/engine/y.c:2
  done
  plant src/engine/y.c <<<'int y = openat(AT_FDCWD, p, O_RDONLY);'
  sees paths src/engine/y.c:2
}

@test "paths: calls by descriptor and other floors are free" {
  plant src/fs/y.c <<<'int y = openat(d, p, f) + fstat(d, s) + stage_open(x);'
  plant src/base/y.c <<<'int y = open(p, f);'
  plant src/engine/y.c <<<'int y = chmod(meta_proc_path(p, fd), m);'
  is_silent paths
}

@test "paths: a mark on the line or the one above lets it through" {
  plant src/fs/y.c <<<'int y = open(p, f); /* lint: path */'
  is_silent paths
  printf '/* lint: path */\nint y = open(p, f);\n' | plant src/fs/y.c
  is_silent paths
  printf '/* lint: path */\n\nint y = open(p, f);\n' | plant src/fs/y.c
  sees paths src/fs/y.c:4
}

@test "prints: only the ground floor and the command line may" {
  plant src/fs/y.c <<<'int y = fprintf(stderr, "y");'
  sees prints src/fs/y.c:2
  plant src/fs/y.c <<<'int y = snprintf(s, n, "y");'
  is_silent prints
  plant src/cli/y.c <<<'int y = fprintf(stderr, "y");'
  is_silent prints
}

@test "typedefs: a name in _t is seen" {
  plant src/base/y.h <<<'typedef int y_t;'
  sees typedefs src/base/y.h:2
  printf 'typedef struct {\n\tint a;\n} y_t;\n' | plant src/base/y.h
  sees typedefs src/base/y.h:4
  plant src/base/y.h <<<'typedef void y_t(int a);'
  sees typedefs src/base/y.h:2
}

@test "typedefs: the system's names may be used" {
  printf 'typedef int y_fn(size_t n);\nsize_t y;\n' | plant src/base/y.h
  is_silent typedefs
}

@test "spdx: a source without the line is seen" {
  echo 'int y = 1;' >"$top/src/fs/y.c"
  sees spdx src/fs/y.c:1
}

@test "spdx: a script has it on its second line" {
  printf '#!/bin/sh\necho\n' >"$top/script/y"
  sees spdx script/y:1
}

@test "shell: shellcheck reads scripts and helpers" {
  printf '#!/bin/sh\n# SPDX-License-Identifier: MIT\nrm $1\n' >"$top/script/y"
  sees shell script/y:3
}

@test "space: at line ends, and a missing newline" {
  plant src/fs/y.c <<<'int y; '
  sees space src/fs/y.c:2
  printf 'text' >"$top/README.md"
  rm "$top/src/fs/y.c"
  sees space README.md:0
}
