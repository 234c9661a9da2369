/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct arena_block {
	struct arena_block *before;
	size_t used, cap;
	alignas(16) char data[];
};

#define BLOCK_SIZE ((size_t)32600)

static struct arena_block *block_new(struct arena *a, size_t need)
{
	size_t cap = need > BLOCK_SIZE ? need : BLOCK_SIZE;
	struct arena_block *b = malloc(sizeof *b + cap);

	if (!b)
		return NULL;
	b->used = 0;
	b->cap = cap;
	b->before = a->last;
	a->last = b;
	return b;
}

bool arena_fits(const struct arena *a, size_t n)
{
	return n <= a->max && a->used <= a->max - n;
}

void *arena_alloc(struct arena *a, size_t n)
{
	struct arena_block *b = a->last;
	void *p;

	if (!arena_fits(a, n))
		return NULL;
	n = (n + 15) & ~(size_t)15;
	if (!b || n > b->cap - b->used)
		b = block_new(a, n);
	if (!b)
		return NULL;
	p = b->data + b->used;
	b->used += n;
	a->used += n;
	return memset(p, 0, n); /* each piece by itself: calloc(3) of musl looks at all pages of the block */
}

void *arena_array(struct arena *a, size_t count, size_t size)
{
	size_t n;

	return __builtin_mul_overflow(count, size, &n) ? NULL : arena_alloc(a, n);
}

char *arena_sv(struct arena *a, struct sv s)
{
	char *p;

	if (s.n && memchr(s.p, '\0', s.n))
		return NULL;
	p = arena_alloc(a, s.n + 1);
	if (p && s.n)
		memcpy(p, s.p, s.n);
	return p;
}

char *arena_str(struct arena *a, const char *text)
{
	return arena_sv(a, sv_from(text));
}

char *arena_vfmt(struct arena *a, const char *fmt, va_list ap)
{
	char text[256]; /* most are short: made once, and copied */
	va_list again;
	char *p;
	int n;

	va_copy(again, ap);
	n = vsnprintf(text, sizeof text, fmt, again);
	va_end(again);
	p = n < 0 ? NULL : arena_alloc(a, (size_t)n + 1);
	if (p && (size_t)n < sizeof text)
		memcpy(p, text, (size_t)n);
	else if (p)
		(void)vsnprintf(p, (size_t)n + 1, fmt, ap);
	return p;
}

char *arena_fmt(struct arena *a, const char *fmt, ...)
{
	va_list ap;
	char *p;

	va_start(ap, fmt);
	p = arena_vfmt(a, fmt, ap);
	va_end(ap);
	return p;
}

void arena_done(struct arena *a)
{
	while (a->last) {
		struct arena_block *b = a->last;

		a->last = b->before;
		free(b);
	}
	a->used = 0;
}
