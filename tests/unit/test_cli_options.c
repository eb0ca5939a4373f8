/* SPDX-License-Identifier: MIT */
#include "check.h"
#include "cli/options.h"
#include "mp/cpu.h"

#include <sched.h>

#define ARGS_MAX 16

/* Parses the words of line, which are divided by single blanks; "" is written
 * as <>. The words live as long as the process. */
static int parse(const char *line, struct options *options, struct buf *problem)
{
	static char text[512];
	static char *argv[ARGS_MAX + 1];
	int argc = 0;
	char *rest = text, *word;

	*options = (struct options){0};
	CHECK(strlen(line) < sizeof(text));
	memcpy(text, line, strlen(line) + 1);
	while ((word = strsep(&rest, " "))) {
		CHECK(argc < ARGS_MAX);
		argv[argc++] = strcmp(word, "<>") == 0 ? word + 2 : word;
	}
	argv[argc] = NULL;
	return options_parse(argc, argv, options, problem);
}

static struct options good(const char *line)
{
	struct options options;
	struct buf problem = {0};
	int rc = parse(line, &options, &problem);

	CHECK_STR(problem.data ? problem.data : "", "");
	CHECK_INT(rc, 0);
	buf_release(&problem);
	return options;
}

static void check_bad(const char *line, const char *want)
{
	struct options options;
	struct buf problem = {0};
	int rc = parse(line, &options, &problem);

	CHECK_INT(rc, -EINVAL);
	CHECK_STR(problem.data, want);
	buf_release(&problem);
}

/* Leaves this process n of the processors it has. */
static void use_processors(int n)
{
	cpu_set_t all, some;

	CHECK_INT(sched_getaffinity(0, sizeof(all), &all), 0);
	if (CPU_COUNT(&all) < n)
		SKIP("too few processors");
	CPU_ZERO(&some);
	for (size_t cpu = 0; cpu < CPU_SETSIZE && CPU_COUNT(&some) < n; cpu++) {
		if (CPU_ISSET(cpu, &all))
			CPU_SET(cpu, &some);
	}
	CHECK_INT(sched_setaffinity(0, sizeof(some), &some), 0);
}

CASE(two_operands_are_source_and_copy)
{
	struct options options = good("pcopy src dst");

	CHECK_INT(options.action, ACTION_COPY);
	CHECK_INT(options.operands.n_sources, 1);
	CHECK_STR(options.operands.sources[0], "src");
	CHECK_STR(options.operands.dst, "dst");
	CHECK(!options.operands.into_dst);
}

CASE(defaults_are_those_of_the_contract)
{
	struct options options = good("pcopy src dst");

	CHECK_INT(options.progress, PROGRESS_AUTO);
	CHECK(!options.is_quiet);
	CHECK_INT(options.n_verbose, 0);
	CHECK_INT(options.settings.n_workers, mp_cpu_count());
	CHECK_INT(options.settings.update, UPDATE_CHANGED);
	CHECK(options.settings.queue_depth >= 64);
	CHECK(!options.settings.is_dry_run);
	CHECK(!options.settings.is_one_file_system);
	CHECK(!options.settings.is_inplace);
	CHECK(!options.settings.lists_entries);
}

CASE(default_depth_grows_with_the_workers)
{
	CHECK_INT(good("pcopy -j 4 a b").settings.queue_depth, 64);
	CHECK_INT(good("pcopy -j 100 a b").settings.queue_depth, 200);
}

CASE(target_of_no_directory_is_the_copy)
{
	CHECK(!good("pcopy -T src dst/").operands.into_dst);
	CHECK(good("pcopy -T src dst").operands.is_exact);
	check_bad("pcopy -T a b c", "-T takes one SRC and one DST");
	check_bad("pcopy -T -t d a", "-t and -T contradict each other");
	check_bad("pcopy -T --relative a b",
	          "-T and --parents contradict each other");
}

CASE(paths_are_kept_in_a_directory)
{
	CHECK(good("pcopy --parents a/b dst").operands.into_dst);
	CHECK(good("pcopy --relative a/b dst").operands.makes_into);
	CHECK(!good("pcopy --mkpath a b").operands.into_dst);
	CHECK(good("pcopy --mkpath a b c").operands.makes_into);
	CHECK(!good("pcopy a b c").operands.makes_into);
}

CASE(slash_behind_dst_copies_into_it)
{
	CHECK(good("pcopy src dst/").operands.into_dst);
	CHECK(good("pcopy src /").operands.into_dst);
	CHECK(!good("pcopy src/ dst").operands.into_dst);
}

CASE(several_sources_are_copied_into_dst)
{
	struct options options = good("pcopy a b c");

	CHECK_INT(options.operands.n_sources, 2);
	CHECK_STR(options.operands.sources[1], "b");
	CHECK_STR(options.operands.dst, "c");
	CHECK(options.operands.into_dst);
}

CASE(target_directory_makes_every_operand_a_source)
{
	static const char *const lines[] = {
		"pcopy -t dir a b",
		"pcopy a -tdir b",
		"pcopy a b --target-directory=dir",
		"pcopy --target-directory dir a b",
	};

	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		struct options options = good(lines[i]);

		CHECK_INT(options.operands.n_sources, 2);
		CHECK_STR(options.operands.sources[0], "a");
		CHECK_STR(options.operands.dst, "dir");
		CHECK(options.operands.into_dst);
	}
	CHECK_INT(good("pcopy -t dir a").operands.n_sources, 1);
}

CASE(options_stand_anywhere)
{
	struct options options = good("pcopy src -n dst -j 4 -x");

	CHECK_INT(options.settings.n_workers, 4);
	CHECK(options.settings.is_dry_run);
	CHECK(options.settings.is_one_file_system);
	CHECK_STR(options.operands.sources[0], "src");
	CHECK_STR(options.operands.dst, "dst");
}

CASE(two_dashes_end_the_options)
{
	struct options options = good("pcopy -- -n -j");

	CHECK(!options.settings.is_dry_run);
	CHECK_STR(options.operands.sources[0], "-n");
	CHECK_STR(options.operands.dst, "-j");
}

CASE(a_lone_dash_is_an_operand)
{
	CHECK_STR(good("pcopy - dst").operands.sources[0], "-");
}

CASE(workers_may_be_a_number)
{
	CHECK_INT(good("pcopy -j 3 a b").settings.n_workers, 3);
	CHECK_INT(good("pcopy -j16 a b").settings.n_workers, 16);
	CHECK_INT(good("pcopy -j 1024 a b").settings.n_workers, 1024);
	CHECK_INT(good("pcopy -j 8 -j 2 a b").settings.n_workers, 2);
}

CASE(workers_may_be_a_share_of_the_processors)
{
	use_processors(2);

	CHECK_INT(good("pcopy a b").settings.n_workers, 2);
	CHECK_INT(good("pcopy -j 100% a b").settings.n_workers, 2);
	CHECK_INT(good("pcopy -j 50% a b").settings.n_workers, 1);
	CHECK_INT(good("pcopy -j 250% a b").settings.n_workers, 5);
	CHECK_INT(good("pcopy -j 1% a b").settings.n_workers, 1);
}

CASE(workers_may_be_all_processors_but_one)
{
	use_processors(2);

	CHECK_INT(good("pcopy -j -1 a b").settings.n_workers, 1);
	CHECK_INT(good("pcopy a b -j-1").settings.n_workers, 1);
}

CASE(there_is_at_least_one_worker)
{
	use_processors(1);

	CHECK_INT(mp_cpu_count(), 1);
	CHECK_INT(good("pcopy -j -1 a b").settings.n_workers, 1);
	CHECK_INT(good("pcopy -j 1% a b").settings.n_workers, 1);
}

CASE(wrong_numbers_of_workers_are_refused)
{
	check_bad("pcopy -j 0 a b", "-j: 0 is not 1 to 1024 workers");
	check_bad("pcopy -j 1025 a b", "-j: 1025 is not 1 to 1024 workers");
	check_bad("pcopy -j 99999999999999999999999 a b",
	          "-j: 99999999999999999999999 is not 1 to 1024 workers");
	check_bad("pcopy -j 99999999999999999999% a b",
	          "-j: 99999999999999999999% is not 1 to 1024 workers");
	check_bad("pcopy -j -2 a b",
	          "-j: '-2' is not a number, a percentage or -1");
	check_bad("pcopy -j x a b",
	          "-j: 'x' is not a number, a percentage or -1");
	check_bad("pcopy -j <> a b",
	          "-j: '' is not a number, a percentage or -1");
	check_bad("pcopy -j % a b",
	          "-j: '%' is not a number, a percentage or -1");
	check_bad("pcopy -j 4.5 a b",
	          "-j: '4.5' is not a number, a percentage or -1");
}

CASE(queue_depth_is_taken_and_bounded)
{
	CHECK_INT(good("pcopy --queue-depth 1 a b").settings.queue_depth, 1);
	CHECK_INT(good("pcopy --queue-depth=65536 a b").settings.queue_depth,
	          65536);
	check_bad("pcopy --queue-depth 0 a b",
	          "--queue-depth: 0 is not 1 to 65536 slots");
	check_bad("pcopy --queue-depth 65537 a b",
	          "--queue-depth: 65537 is not 1 to 65536 slots");
	check_bad("pcopy --queue-depth=-1 a b",
	          "--queue-depth: '-1' is not a number");
	check_bad("pcopy --queue-depth= a b",
	          "--queue-depth: '' is not a number");
}

CASE(update_rules_have_names)
{
	CHECK_INT(good("pcopy -u a b").settings.update, UPDATE_OLDER);
	CHECK_INT(good("pcopy --update a b").settings.update, UPDATE_OLDER);
	CHECK_INT(good("pcopy --update=changed a b").settings.update,
	          UPDATE_CHANGED);
	CHECK_INT(good("pcopy --update=older a b").settings.update,
	          UPDATE_OLDER);
	CHECK_INT(good("pcopy --update=all a b").settings.update, UPDATE_ALL);
	CHECK_INT(good("pcopy --update=none a b").settings.update, UPDATE_NONE);
	CHECK_INT(good("pcopy -u --update=all a b").settings.update,
	          UPDATE_ALL);
	check_bad("pcopy --update=some a b",
	          "--update: 'some' is none of changed, older, all, none");
}

CASE(letters_may_share_a_dash)
{
	struct options options = good("pcopy -uvxnj4 a b");

	CHECK_INT(options.settings.update, UPDATE_OLDER);
	CHECK_INT(options.settings.n_workers, 4);
	CHECK_INT(options.n_verbose, 1);
	CHECK(options.settings.is_one_file_system);
	CHECK(options.settings.is_dry_run);
}

CASE(flags_have_long_names)
{
	struct options options =
		good("pcopy --dry-run --one-file-system --inplace --verbose "
	             "a b");

	CHECK(options.settings.is_dry_run);
	CHECK(options.settings.is_one_file_system);
	CHECK(options.settings.is_inplace);
	CHECK_INT(options.n_verbose, 1);
	CHECK(good("pcopy --quiet a b").is_quiet);
	CHECK(good("pcopy -q a b").is_quiet);
}

CASE(entries_are_listed_for_verbose_and_dry_run)
{
	CHECK(good("pcopy -v a b").settings.lists_entries);
	CHECK(good("pcopy -n a b").settings.lists_entries);
	CHECK(good("pcopy -nq a b").settings.lists_entries);
	CHECK(!good("pcopy -q a b").settings.lists_entries);
}

CASE(progress_modes_have_names)
{
	CHECK_INT(good("pcopy --progress a b").progress, PROGRESS_ALWAYS);
	CHECK_INT(good("pcopy --progress=always a b").progress,
	          PROGRESS_ALWAYS);
	CHECK_INT(good("pcopy --progress=auto a b").progress, PROGRESS_AUTO);
	CHECK_INT(good("pcopy --progress=never a b").progress, PROGRESS_NEVER);
	check_bad("pcopy --progress=no a b",
	          "--progress: 'no' is none of auto, always, never");
}

CASE(contradictions_are_refused)
{
	check_bad("pcopy -q -v a b", "-q and -v contradict each other");
	check_bad("pcopy -q --progress a b",
	          "-q and --progress=always contradict each other");
	check_bad("pcopy -t x -t y a", "-t: given more than once");
	CHECK(good("pcopy -q --progress=never a b").is_quiet);
}

CASE(missing_and_empty_operands_are_refused)
{
	check_bad("pcopy", "no SRC given");
	check_bad("pcopy -n", "no SRC given");
	check_bad("pcopy src", "no DST given behind 'src'");
	check_bad("pcopy -t dir", "no SRC given");
	check_bad("pcopy <> dst", "an operand is empty");
	check_bad("pcopy src <>", "an operand is empty");
	check_bad("pcopy -t <> src", "-t: the name of DIR is empty");
	check_bad("pcopy --target-directory= src",
	          "--target-directory: the name of DIR is empty");
}

CASE(unknown_options_are_refused_by_name)
{
	check_bad("pcopy -Z a b", "unknown option '-Z'");
	check_bad("pcopy -nZ a b", "unknown option '-Z' in '-nZ'");
	check_bad("pcopy --zoom a b", "unknown option '--zoom'");
	check_bad("pcopy a b --zoom=3", "unknown option '--zoom=3'");
	check_bad("pcopy --ver a b", "ambiguous option '--ver'");
	check_bad("pcopy -\x80 a b", "unknown option $'-\\x80'");
	check_bad("pcopy --a\nb a b", "unknown option $'--a\\nb'");
}

CASE(values_are_needed_or_refused)
{
	check_bad("pcopy a b -j", "-j: needs a value");
	check_bad("pcopy a b -t", "-t: needs a value");
	check_bad("pcopy a b --queue-depth", "--queue-depth: needs a value");
	check_bad("pcopy --quiet=yes a b", "--quiet: takes no value");
}

CASE(help_and_version_need_nothing_else)
{
	CHECK_INT(good("pcopy --help").action, ACTION_HELP);
	CHECK_INT(good("pcopy --version").action, ACTION_VERSION);
	CHECK_INT(good("pcopy a --help --zoom").action, ACTION_HELP);
	check_bad("pcopy --zoom --help", "unknown option '--zoom'");
}

CASE(help_names_every_option_in_80_columns)
{
	static const char *const names[] = {
		"-j, --jobs=N",
		"--queue-depth=N",
		"-t, ",
		"--target-directory=DIR",
		"-u, ",
		"--update[=WHICH]",
		"--inplace",
		"-x, --one-file-system",
		"-n, --dry-run",
		"-v, --verbose",
		"-q, --quiet",
		"--progress[=WHEN]",
		"--help",
		"--version",
		"default: as many as there are processors",
	};
	struct buf text = {0};
	char *rest, *line;

	options_help(&text);

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		CHECK(strstr(text.data, names[i]));
	rest = text.data;
	while ((line = strsep(&rest, "\n")))
		CHECK(strlen(line) < 80);
	buf_release(&text);
}

int main(int argc, char **argv)
{
	return check_main(argc, argv);
}
