/* SPDX-License-Identifier: MIT */
/* cli/each_values.h - the values of the options of --each
 *
 * Model     a function for each row of the table (cli/option_table.h) that
 *           takes a value: it checks the value and keeps it
 * Errors    -EINVAL with the problem said in parse->problem */
#ifndef CLI_EACH_VALUES_H
#define CLI_EACH_VALUES_H

#include "cli/option_table.h"

option_apply_fn each_apply_extension;
option_apply_fn each_apply_glob;
option_apply_fn each_apply_type;
option_apply_fn each_apply_list;
option_apply_fn each_apply_joblog;
option_apply_fn each_apply_failed;
option_apply_fn each_apply_script;
option_apply_fn each_apply_columns;
option_apply_fn each_apply_block;
option_apply_fn each_apply_items;
option_apply_fn each_apply_tries;
option_apply_fn each_apply_timeout;
option_apply_fn each_apply_kill_after;
option_apply_fn each_apply_retry_delay;
option_apply_fn each_apply_halt;
option_apply_fn each_apply_results;
option_apply_fn each_apply_load;
option_apply_fn each_apply_memfree;
option_apply_fn each_apply_delay;

#endif
