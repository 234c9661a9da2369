/* SPDX-License-Identifier: Apache-2.0 */
/* buf.h - a growing byte buffer with a ceiling at birth. p is always NUL-terminated once anything was put.
 *
 * The first failure sticks: later puts do nothing, and buf_status() tells it. So a writer may put line after line and
 * ask once. -EMSGSIZE: past the ceiling. -ENOMEM: out of memory. */
#pragma once

#include "base/err.h"
#include "base/sv.h"

#include <stdarg.h>

struct buf {
	char *p;
	size_t len, cap, max;
	int failed; /* 0 or -errno */
};

#define BUF(max_bytes) ((struct buf){ .max = (max_bytes) })

int buf_put(struct buf *b, const void *data, size_t n);
int buf_puts(struct buf *b, const char *text);
int buf_putsv(struct buf *b, struct sv s);
int buf_fill(struct buf *b, char c, size_t n); /* n times c */
int buf_putf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int buf_vputf(struct buf *b, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));
int buf_room(struct buf *b, size_t n); /* room for n more bytes at p + len, not counted yet */
int buf_status(const struct buf *b, struct err *e);
struct sv buf_sv(const struct buf *b);
void buf_reset(struct buf *b); /* empty, keeps the memory */
void buf_done(struct buf *b);

#define scoped_buf SCOPED(buf_done) struct buf
