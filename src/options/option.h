/* SPDX-License-Identifier: Apache-2.0 */
/* option.h - options are rows: getopt_long(3)'s grammar as pflag (and so Docker) reads it.
 *
 * Help, completion, manual pages, "did you mean" and the tests walk the same rows as the parser. An option group is one
 * file (opt_*.c); a command lists the groups that it takes. The programs `tare` and `tare-runtime` share this. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "oci/list.h"

#include <stdbool.h>
#include <stddef.h>

struct option;

/* One option as it was met on the command line. */
struct option_call {
	const struct option *row;
	struct arena *arena; /* what a setter keeps beyond the command line lives here */
	void *target;        /* the command's options structure; row->field is an offset into it */
	const char *text;    /* the value; lives as long as argv. NULL for an option without an argument */
	bool on;             /* such an option's state: --rm, --rm=false */
};

/* A setter checks the value and says what is allowed; the parser puts "--option value: " before its text. */
typedef int option_set_fn(const struct option_call *c, struct err *e);

struct option {
	const char *name; /* without the dashes */
	char letter;      /* 0: none */
	const char *arg;  /* placeholder of the argument in help and manual; NULL: a switch */
	const char *summary;
	option_set_fn *set;
	size_t field;
	const char *refused; /* why tare does not take it (set is NULL); a switch may still be switched off */
	const char *words;   /* the values for completion, parted by blanks: "none host" */
	bool hidden;         /* another spelling: parsed, but neither listed nor suggested */
	bool late;           /* Docker's client passes any value on: -EDOM when it is refused */
};

struct option_group {
	const char *title;
	const struct option *rows; /* sorted by name */
	size_t n;
};

#define OPTION_GROUP(name, heading, array) \
	const struct option_group name = { .title = (heading), .rows = (array), .n = sizeof(array) / sizeof *(array) }

/* What is left of a command line. */
struct operands {
	char **v;
	int n;
	bool help; /* --help was met: nothing after it was looked at */
};

enum {
	OPTIONS_STOP = 1,     /* the first operand ends the options as well (`run`) */
	OPTIONS_ONE_DASH = 2, /* "-name" is "--name", as Go's flag package has it, for whom runc is called */
};

/* options_parse - --name=value, --name value, -nvalue, -n=value, -n value, bundled switches (-di), "--" ends.
 *
 * groups ends with NULL. how: of OPTIONS_…. Later options win, or add. -EINVAL: the text starts with the option and its
 * value, "--memory 4x: invalid size: '4x'". -EDOM: the value can be read, but is nothing that there is (a late row, or its
 * setter says so); Docker tells the two apart by their exit statuses. */
int options_parse(const struct option_group *const *groups, unsigned how, struct arena *a, void *target, int argc,
		  char **argv, struct operands *ret, struct err *e);

/* option_find - by long name, hidden and refused ones too; NULL: none. */
const struct option *option_find(const struct option_group *const *groups, struct sv name);

/* nearest - of names, the one that `text` was probably meant to be; NULL: none is near. For options and commands. */
const char *nearest(struct sv text, const char *const *names, size_t n);

/* Setters that need no code of their own: the field at row->field becomes the value. */
option_set_fn option_text;   /* const char *  */
option_set_fn option_switch; /* bool */
option_set_fn option_i64;    /* int64_t; decimal, 0x, 0o and 0b as in Docker */
option_set_fn option_bytes;  /* int64_t; "64m" */
option_set_fn option_pair;   /* struct oci_pairs: KEY=VALUE is added, or replaces that of the same key */
option_set_fn option_words;  /* const char *: one of the words of the row */
option_set_fn option_none;   /* accepted; has no effect because it is so anyway */

/* LIST_PUT(arena, &list, item, e) - append a copy of item; 0 or -ENOMEM */
#define LIST_PUT(a, list, item, e)                                        \
	({                                                                \
		__typeof__((list)->v) put_ = LIST_ADD((a), (list));       \
		put_ ? (*put_ = (item), 0) : err_oom(e);                  \
	})
