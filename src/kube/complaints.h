/* SPDX-License-Identifier: Apache-2.0 */
/* complaints.h - everything that is wrong with an object, in the API server's words: one alone, several as "[a, b]". */
#pragma once

#include "base/arena.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

#define COMPLAINTS_MAX 64 /* of one object; further ones are left out */

struct complaints {
	struct arena *a;
	const char *v[COMPLAINTS_MAX];
	size_t n;
	bool failed; /* out of memory */
};

void complain(struct complaints *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* complaints_text - NULL: out of memory. The whole of it, however long. */
const char *complaints_text(const struct complaints *c);

/* complaints_end - 0 when there are none; else -code, "<prefix>: <text>". -ENOMEM. */
int complaints_end(const struct complaints *c, int code, struct err *e, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
