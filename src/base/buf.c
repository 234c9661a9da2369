/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define QUICKLY ((size_t)16 << 10)

int buf_room(struct buf *b, size_t n)
{
	size_t cap = b->cap ? b->cap : 256;
	char *p;

	if (b->failed)
		return b->failed;
	if (b->len > b->max || n > b->max - b->len)
		return b->failed = -EMSGSIZE;
	if (b->p && b->len + n < b->cap)
		return 0;
	while (cap <=
	       b->len + n) /* the small ones in few steps: each is copied, and is a new page for most allocators */
		cap *= cap < QUICKLY ? 4 : 2;
	p = realloc(b->p, cap);
	if (!p)
		return b->failed = -ENOMEM;
	b->p = p;
	b->cap = cap;
	return 0;
}

int buf_put(struct buf *b, const void *data, size_t n)
{
	int r = buf_room(b, n);

	if (r < 0)
		return r;
	if (n)
		memcpy(b->p + b->len, data, n);
	b->len += n;
	b->p[b->len] = '\0';
	return 0;
}

int buf_puts(struct buf *b, const char *text)
{
	return buf_put(b, text, strlen(text));
}

int buf_putsv(struct buf *b, struct sv s)
{
	return buf_put(b, s.p, s.n);
}

int buf_fill(struct buf *b, char c, size_t n)
{
	int r = buf_room(b, n);

	if (r < 0)
		return r;
	memset(b->p + b->len, c, n);
	b->len += n;
	b->p[b->len] = '\0';
	return 0;
}

/* Most texts are short: they are made once, and copied. */
int buf_vputf(struct buf *b, const char *fmt, va_list ap)
{
	char text[256];
	va_list again;
	int n, r;

	va_copy(again, ap);
	n = vsnprintf(text, sizeof text, fmt, again);
	va_end(again);
	if (n < 0)
		return b->failed = -EINVAL;
	if ((size_t)n < sizeof text)
		return buf_put(b, text, (size_t)n);
	r = buf_room(b, (size_t)n);
	if (r < 0)
		return r;
	(void)vsnprintf(b->p + b->len, (size_t)n + 1, fmt, ap);
	b->len += (size_t)n;
	return 0;
}

int buf_putf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	int r;

	va_start(ap, fmt);
	r = buf_vputf(b, fmt, ap);
	va_end(ap);
	return r;
}

int buf_status(const struct buf *b, struct err *e)
{
	if (b->failed == -EMSGSIZE)
		return err_set(e, EMSGSIZE, "more than %zu bytes", b->max);
	if (b->failed)
		return err_oom(e);
	return 0;
}

struct sv buf_sv(const struct buf *b)
{
	return (struct sv){ b->p, b->len };
}

void buf_reset(struct buf *b)
{
	b->len = 0;
	b->failed = 0;
}

void buf_done(struct buf *b)
{
	free(b->p);
	*b = BUF(b->max);
}
