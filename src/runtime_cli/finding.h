/* SPDX-License-Identifier: Apache-2.0 */
/* finding.h - what `doctor` and `validate` have to say: rows of a table within 80 columns, or JSON. */
#pragma once

#include "runtime_cli/command.h"

#include <stdbool.h>

/* Most urgent last. */
#define FINDING_STATES(X) X(OK, "ok") X(SLOW, "slow") X(WEAK, "weak") X(MISSING, "missing") X(ERROR, "error")
enum finding_state {
#define X(id, text) FINDING_##id,
	FINDING_STATES(X)
#undef X
};

struct finding {
	const char *state, *check, *found;    /* check: a name, or a JSON path */
	const char *consequence, *remedy;     /* NULL when it is ok */
};

struct findings {
	struct finding *v;
	size_t n, cap;
	struct arena *arena;
	bool failed;
};

/* finding_add - texts are copied; found is a format */
void finding_add(struct findings *l, enum finding_state s, const char *check, const char *consequence,
		 const char *remedy, const char *found, ...) __attribute__((format(printf, 6, 7)));

/* findings_print - "table" or "json" (NULL: table). brief: without those that are ok. */
int findings_print(struct runtime *rt, const struct findings *l, const char *format, bool brief, struct err *e);

/* The option --format of such a command; its options structure starts with this. */
struct finding_options {
	const char *format;
	bool brief;
};
extern const struct option_group finding_group;
