# SPDX-License-Identifier: MIT
# cmake -DPROGRAM=FILE -DEXPECTED=FILE -P check_output.cmake: does PROGRAM end
# with 0, having printed what EXPECTED holds, and nothing on standard error?
execute_process(COMMAND ${PROGRAM}
  RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE errors)
file(READ ${EXPECTED} expected)
if(NOT result STREQUAL 0)
  message(FATAL_ERROR "${PROGRAM} ended with ${result}\n${errors}")
endif()
if(NOT output STREQUAL expected)
  message(FATAL_ERROR "expected:\n${expected}\nprinted:\n${output}")
endif()
if(NOT errors STREQUAL "")
  message(FATAL_ERROR "on standard error:\n${errors}")
endif()
