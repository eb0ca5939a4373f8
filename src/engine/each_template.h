/* SPDX-License-Identifier: MIT */
/* engine/each_template.h - a command with placeholders
 *
 * Model     the arguments of the command line are cut into text and
 *           placeholders once; an argument for a job is then put together by
 *           copying bytes. What comes out is never looked at again: no shell,
 *           no second expansion, whatever the names hold.
 *
 *           {} {/} {//} {.} {/.}  path, base, directory, both without extension
 *           {r} {r.}              path below its root
 *           {1} {2} ..            columns
 *           {name}                a column, if they have names
 *           {#} {%}               number of the job, slot it runs in
 *           {out}                 item->out, if the template knows of it
 *           {{x}}                 the text {x}, where {x} is a placeholder
 *           anything else         stays as it is; but with names of columns
 *                                 what looks like one has to be one
 *
 *           A command without a placeholder of the item gets {} at its end.
 *           An argument with such a placeholder stands once for each item of
 *           a job, any other one once. The slot is known to the worker alone:
 *           it is left out, and where it belongs is told to the caller.
 * Lifetime  template_init .. template_release; the words are borrowed
 * Errors    none; running out of memory ends the process (base/buf.h) */
#ifndef ENGINE_EACH_TEMPLATE_H
#define ENGINE_EACH_TEMPLATE_H

#include "base/base.h"
#include "base/buf.h"
#include "engine/each_item.h"

struct each_argument;

/* Borrowed. */
struct each_columns {
	struct each_text separator;
	bool is_csv; /* one byte separates, quotes count, columns have names */
	struct each_text header; /* the record with the names */
};

struct each_template {
	struct each_argument *arguments;
	size_t n_arguments;
	struct each_columns columns;
	struct each_text unknown; /* the first {name} that is no column .. */
	bool is_twice;            /* .. or several */
	bool has_slot;
	bool knows_out; /* {out} is a placeholder */
	bool has_item;  /* a placeholder of the item, {out} aside */
	bool has_out;
};

/* The first n_literal words are taken as they are. */
void each_template_init(struct each_template *template,
                        const char *const *words, size_t n_words,
                        size_t n_literal, struct each_columns columns);
/* The same, but a command without a placeholder stays as it is. */
void each_template_init_bare(struct each_template *template,
                             const char *const *words, size_t n_words,
                             size_t n_literal);
/* The same with {out}; a command without a placeholder stays as it is. */
void each_template_init_out(struct each_template *template,
                            const char *const *words, size_t n_words);
/* Appends the columns as they are written in a command. */
void each_template_list_names(const struct each_template *template,
                              struct buf *out);

void each_template_release(struct each_template *template);

/* True when the argument stands once for each item. */
bool each_template_repeats(const struct each_template *template,
                           size_t argument);

/* The text of an argument without any placeholder, or NULL. */
const char *each_template_constant(const struct each_template *template,
                                   size_t argument);

/* Appends an argument and its NUL to out. The places in out at which the slot
 * belongs are appended to marks as uint32_t. item may be NULL where the
 * argument does not repeat. */
void each_template_expand(const struct each_template *template, size_t argument,
                          const struct each_item *item, uint64_t number,
                          struct buf *out, struct buf *marks);

#endif
