# SPDX-License-Identifier: MIT
# What every target is compiled with: warnings, sanitizers, hardening.

add_library(pcopy_flags INTERFACE)

target_compile_options(pcopy_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion
  -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition -Wcast-qual
  -Wwrite-strings -Wpointer-arith -Wundef -Wvla -Wformat=2
  -Wimplicit-fallthrough -Wswitch-enum -Wnull-dereference -Wdouble-promotion
  -fno-common)
if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
  target_compile_options(pcopy_flags INTERFACE
    -Wlogical-op -Wduplicated-cond -Wduplicated-branches -Wjump-misses-init)
elseif(CMAKE_C_COMPILER_ID STREQUAL "Clang")
  target_compile_options(pcopy_flags INTERFACE
    -Wmissing-variable-declarations -Wcomma -Wunreachable-code-aggressive)
endif()

option(PCOPY_WERROR "Warnings are errors" OFF)
if(PCOPY_WERROR)
  target_compile_options(pcopy_flags INTERFACE -Werror)
endif()

set(PCOPY_SANITIZE "" CACHE STRING "-fsanitize= list, such as address,undefined")
if(PCOPY_SANITIZE)
  target_compile_options(pcopy_flags INTERFACE
    -fsanitize=${PCOPY_SANITIZE} -fno-sanitize-recover=all
    -fno-omit-frame-pointer)
  target_link_options(pcopy_flags INTERFACE -fsanitize=${PCOPY_SANITIZE})
endif()

option(PCOPY_COVERAGE "Count which lines the tests run" OFF)
if(PCOPY_COVERAGE)
  add_library(coverage_exit STATIC cmake/coverage_exit.c)
  target_compile_options(pcopy_flags INTERFACE --coverage
    -fprofile-update=atomic)
  target_link_options(pcopy_flags INTERFACE --coverage -Wl,--wrap=_exit)
  target_link_libraries(pcopy_flags INTERFACE coverage_exit)
endif()

option(PCOPY_HARDEN "Hardening of release builds" OFF)
if(PCOPY_HARDEN)
  target_compile_options(pcopy_flags INTERFACE
    -D_FORTIFY_SOURCE=3 -fstack-protector-strong -fstack-clash-protection)
  target_link_options(pcopy_flags INTERFACE -Wl,-z,relro,-z,now)
endif()
