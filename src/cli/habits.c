/* SPDX-License-Identifier: MIT */
#include "cli/habits.h"

#include <errno.h>
#include <string.h>

struct habit {
	const char *name;
	const char *answer;
};

static const struct habit copy_habits[] = {
	{"-A", "ACLs are kept anyway: leave it out"},
	{"-D", "special files are copied anyway: leave it out"},
	{"-P", "as in rsync: leave it out, progress is shown on a terminal and "
               "the same command goes on with what was interrupted; as in "
               "cp: leave it out, links are not followed"},
	{"-R", "as in cp: leave it out, trees are copied whole; as in rsync: "
               "--relative"},
	{"-S", "holes are kept anyway; to make new ones: --sparse=always"},
	{"-W", "files are copied whole anyway: leave it out"},
	{"-X", "extended attributes are kept anyway: leave it out"},
	{"-b", "there are no backups of what is replaced"},
	{"-d", "links are not followed anyway: leave it out"},
	{"-f", "what cannot be opened is replaced anyway; for directories and "
               "locked entries: --force"},
	{"-g", "groups are kept anyway: leave it out"},
	{"-i", "nothing is asked; -n lists what would be done"},
	{"-l",
         "as in rsync: leave it out, symbolic links are copied anyway; as "
         "in cp: there is no copying by hard links"},
	{"-o", "owners are kept anyway: leave it out"},
	{"-s", "there is no copying by symbolic links"},
	{"-z", "nothing is sent over a network: leave it out"},
	{"--acls", "ACLs are kept anyway: leave it out"},
	{"--backup", "there are no backups of what is replaced"},
	{"--checksum", "contents are not compared, size and time are"},
	{"--compress", "nothing is sent over a network: leave it out"},
	{"--delete", "nothing is ever deleted"},
	{"--devices", "special files are copied anyway: leave it out"},
	{"--exclude", "there are no patterns: name what is to be copied"},
	{"--existing", "there is no such rule; see --update"},
	{"--hard-links", "hard links are kept anyway: leave it out"},
	{"--human-readable", "sizes are shown so anyway: leave it out"},
	{"--ignore-existing", "--update=none"},
	{"--include", "there are no patterns: name what is to be copied"},
	{"--info", "-v lists what is done, --progress shows how far it is"},
	{"--interactive", "nothing is asked; -n lists what would be done"},
	{"--itemize-changes", "-v lists what is done"},
	{"--link", "there is no copying by hard links"},
	{"--no-clobber", "--update=none"},
	{"--no-dereference", "links are not followed anyway: leave it out"},
	{"--owner", "owners are kept anyway: leave it out"},
	{"--partial", "the same command goes on with what was interrupted"},
	{"--perms", "permissions are kept anyway: leave it out"},
	{"--times", "times are kept anyway: leave it out"},
	{"--whole-file", "files are copied whole anyway: leave it out"},
	{"--xattrs", "extended attributes are kept anyway: leave it out"},
};

static const struct habit each_habits[] = {
	{"-I", "{} is the item, and cannot be called otherwise"},
	{"-N", "-n N"},
	{"-P", "-j N"},
	{"-S", "other machines are not used"},
	{"-X", "-n 0"},
	{"-i", "{} is the item"},
	{"-l", "-n N"},
	{"-m", "-n 0"},
	{"-o", "-u writes to the terminal at once"},
	{"-p", "nothing is asked; --dry-run lists what would be run"},
	{"-r", "nothing runs without items anyway: leave it out"},
	{"--bar", "--progress=always"},
	{"--colsep", "-d SEP"},
	{"--dryrun", "--dry-run"},
	{"--eta", "--progress=always"},
	{"--line-buffer", "--lb"},
	{"--linebuffer", "--lb"},
	{"--max-args", "-n N"},
	{"--max-procs", "-j N"},
	{"--no-run-if-empty",
         "nothing runs without items anyway: leave it out"},
	{"--resume-failed", "--resume runs what failed, too"},
	{"--retries", "--tries N"},
	{"--sshlogin", "other machines are not used"},
	{"--will-cite", "leave it out"},
};

static const struct habit each_words[] = {
	{":::", "--args ITEM... -- COMMAND"},
	{":::+", "-d SEP, with items of several columns {1} {2} .."},
	{"::::", "-a FILE -- COMMAND"},
	{"::::+", "-a FILE -d SEP, with columns {1} {2} .."},
};

static const char *answer_of(const struct habit *habits, size_t n,
                             const char *name)
{
	size_t len = strcspn(name, "=");

	for (size_t i = 0; i < n; i++) {
		if (strlen(habits[i].name) == len &&
		    strncmp(habits[i].name, name, len) == 0)
			return habits[i].answer;
	}
	return NULL;
}

static const char *habit_of(const struct parse *parse, const char *name)
{
	if (parse->options->mode == ACTION_COPY)
		return answer_of(copy_habits, ARRAY_LEN(copy_habits), name);
	return answer_of(each_habits, ARRAY_LEN(each_habits), name);
}

/* Changes of one letter, missing or surplus ones that make b of a (the distance
 * of Levenshtein); texts that are too long are as far as that. */
#define WORD_MAX 32
static size_t distance(const char *a, size_t a_len, const char *b)
{
	size_t b_len = strlen(b), row[WORD_MAX + 1];

	if (a_len > WORD_MAX || b_len > WORD_MAX)
		return WORD_MAX;
	for (size_t j = 0; j <= b_len; j++)
		row[j] = j;
	for (size_t i = 1; i <= a_len; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= b_len; j++) {
			size_t change = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			row[j] = min_size(min_size(row[j], row[j - 1]) + 1,
			                  change);
		}
	}
	return row[b_len];
}

/* The known name that is most like it, NULL if none is. */
static const char *most_like(const struct parse *parse, const char *name)
{
	size_t len = strcspn(name, "=");
	size_t best = len > 5 ? 3 : 2;
	const char *found = NULL;

	for (size_t i = 0; i < parse->n_rows; i++) {
		const char *known = parse->rows[i].name;
		size_t far = known ? distance(name, len, known) : WORD_MAX;

		if (far < best) {
			best = far;
			found = known;
		}
	}
	return found;
}

static bool has_name(const struct option_row *rows, size_t n, const char *name)
{
	size_t len = strcspn(name, "=");

	for (size_t i = 0; i < n; i++) {
		if (rows[i].name && strlen(rows[i].name) == len &&
		    strncmp(rows[i].name, name, len) == 0)
			return true;
	}
	return false;
}

/* The mode that has the option, if this one has not. */
static const char *other_mode(const char *name)
{
	if (has_name(option_table, OPTION_ROWS, name))
		return "an option of copying";
	if (has_name(each_table, EACH_ROWS, name))
		return "an option of --each";
	return has_name(map_table, MAP_ROWS, name) ? "an option of --map"
	                                           : NULL;
}

int habits_refuse(struct parse *parse, const char *name, const char *word)
{
	const char *answer = habit_of(parse, name);
	bool is_long = name[1] == '-';
	const char *like = is_long ? most_like(parse, name + 2) : NULL;
	const char *mode = is_long ? other_mode(name + 2) : NULL;

	(void)option_refuse_text(parse, "unknown option ", name, "");
	if (!is_long && strlen(word) > 2)
		(void)option_refuse_text(parse, " in ", word, "");
	if (answer)
		return option_refuse(parse, " (%s%s)",
		                     *answer == '-' ? "here it is " : "",
		                     answer);
	if (mode)
		return option_refuse(parse, " (it is %s)", mode);
	if (like)
		return option_refuse(parse, " (did you mean --%s?)", like);
	return option_refuse(parse, "%s", "");
}

/* The letters of a word such as -av, with the dash, up to one that takes the
 * rest, or the next word, as its value; *needs_value tells. */
static size_t n_letters(const struct parse *parse, const char *word,
                        bool *needs_value)
{
	size_t n = 1;

	for (; word[n] && !*needs_value; n++) {
		for (size_t i = 0; i < parse->n_rows; i++) {
			const struct option_row *row = &parse->rows[i];

			*needs_value |= row->letter == word[n] &&
			                row->value_rule == VALUE_NEEDED;
		}
	}
	return n;
}

static bool has_any(const char *word, size_t len, const char *letters)
{
	for (; *letters; letters++) {
		if (memchr(word, *letters, len))
			return true;
	}
	return false;
}

static int check_letters(struct parse *parse, const char *word, size_t len)
{
	bool is_copy = parse->options->mode == ACTION_COPY;

	if (len < 3)
		return 0;
	if (memchr(word, 'h', len)) {
		(void)option_refuse_text(parse, "", word, "");
		return option_refuse(
			parse, ": sizes are shown for people anyway, "
			       "leave the h out; for help write -h alone");
	}
	if (!is_copy || !memchr(word, 'H', len) || !has_any(word, len, "aArX"))
		return 0;
	(void)option_refuse_text(parse, "", word, "");
	return option_refuse(
		parse, ": as in rsync: leave H, A and X out, hard links, ACLs "
		       "and xattrs are kept anyway; as in cp: write -H as a "
		       "word of its own");
}

int habits_refuse_word(struct parse *parse, const char *word)
{
	const char *answer = answer_of(each_words, ARRAY_LEN(each_words), word);

	if (!answer)
		return 0;
	return option_refuse(parse, "%s is another tool's (here it is %s)",
	                     word, answer);
}

int habits_check(struct parse *parse, int argc, char *const *argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		const char *word = argv[i];
		bool needs_value = false;

		if (parse->options->mode != ACTION_COPY &&
		    habits_refuse_word(parse, word) < 0)
			return -EINVAL;
		if (word[0] != '-' || !word[1] || word[1] == '-')
			continue;
		size_t len = n_letters(parse, word, &needs_value);
		if (check_letters(parse, word, len) < 0)
			return -EINVAL;
		i += needs_value && !word[len];
	}
	return 0;
}
