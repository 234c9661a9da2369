/* SPDX-License-Identifier: Apache-2.0 */
/* arena.h - memory that is given back all at once: what a parsed document or a plan consists of.
 *
 * Zeroed memory, 16-byte aligned, with a ceiling at birth. Nothing in it is ever freed alone. */
#pragma once

#include "base/sv.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct arena_block;

struct arena {
	struct arena_block *last;
	size_t used, max;
};

#define ARENA(max_bytes) ((struct arena){ .max = (max_bytes) })

void *arena_alloc(struct arena *a, size_t n); /* NULL: out of memory, or past the ceiling */
bool arena_fits(const struct arena *a, size_t n); /* below the ceiling: then a NULL of arena_alloc() is of memory */
void *arena_array(struct arena *a, size_t count, size_t size); /* checks the product */
char *arena_sv(struct arena *a, struct sv s);                  /* NUL-terminated copy; NULL also for an embedded NUL */
char *arena_str(struct arena *a, const char *text);
char *arena_fmt(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
char *arena_vfmt(struct arena *a, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));
void arena_done(struct arena *a);

#define scoped_arena SCOPED(arena_done) struct arena
