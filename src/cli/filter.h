/* SPDX-License-Identifier: Apache-2.0 */
/* filter.h - --filter NAME=VALUE of the commands that list something: one row for each name.
 *
 * Filters of one name are alternatives, different names must all hold, as in Docker; of a row with `all` (label) each one
 * must hold. */
#pragma once

#include "cli/option.h"
#include "oci/runtime_spec.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct filter {
	const struct filter_row *row;
	const char *value;
	int64_t number; /* what check() or the command made of the value */
};

struct filter_row {
	const char *name;
	/* Is it a value of this filter? May set f->number. The text says what is allowed. NULL: any is. */
	int (*check)(struct filter *f, struct err *e);
	bool (*holds)(const struct filter *f, const void *object);
	bool all;
};

/* A command's options hold one; its init() sets rows. */
struct filters {
	const struct filter_row *rows;
	size_t n_rows;
	struct {
		struct filter *v;
		size_t n;
	} given;
};

#define FILTERS(array) ((struct filters){ .rows = (array), .n_rows = sizeof(array) / sizeof *(array) })

/* filter_set - the option's setter; row->field is the offset of a struct filters. */
option_set_fn filter_set;
/* filter_add - of a row that is there: an operand that means the same. */
int filter_add(struct filters *f, const char *name, const char *value, struct arena *a, struct err *e);

bool filters_hold(const struct filters *f, const void *object);
bool filters_has(const struct filters *f, const char *name); /* was one of this name given? */

/* filter_check_bool - a row's check: value_bool(), as f->number */
int filter_check_bool(struct filter *f, struct err *e);
/* filter_label - "key" or "key=value" */
bool filter_label(const char *wanted, const struct oci_pairs *labels);
