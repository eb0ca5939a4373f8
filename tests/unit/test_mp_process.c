/* SPDX-License-Identifier: MIT */
#include "check.h"

#include "mp/process.h"

static int give(void *arg)
{
	return *(int *)arg;
}

CASE(exit_code_is_what_the_function_returned)
{
	for (int want = 0; want < 256; want++) {
		struct mp_process *process;
		int code = -1;

		CHECK_INT(mp_process_start(give, &want, NULL, &process), 0);
		CHECK_INT(mp_process_join(process, -1), 0);
		CHECK_INT(mp_process_exit_code(process, &code), 0);
		CHECK_INT(code, want);
		mp_process_destroy(process);
	}
}

int main(int argc, char **argv)
{
	return check_main(argc, argv);
}
