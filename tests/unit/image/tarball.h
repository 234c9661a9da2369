/* SPDX-License-Identifier: Apache-2.0 */
/* tarball.h - tar archives made byte by byte, so that tests can say what no tar program would write. */
#pragma once

#include "base/buf.h"
#include "base/io.h"
#include "image/inflate.h"
#include "image/tar.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#define TARBALL BUF(64u << 20)

struct tar_entry {
	char type; /* '0' file, '1' hard link, '2' symbolic link, '3' and '4' devices, '5' directory, '6' fifo */
	const char *name, *link, *data;
	size_t size; /* of data; 0: strlen */
	unsigned mode, uid, gid, major, minor;
	long mtime;
};

static inline void tarball_pad(struct buf *b)
{
	static const char zeros[512];

	(void)buf_put(b, zeros, (512 - b->len % 512) % 512);
}

static inline void tarball_octal(char *to, int digits, unsigned long v)
{
	while (digits--) {
		to[digits] = (char)('0' + v % 8);
		v /= 8;
	}
}

static inline void tarball_header(struct buf *b, const struct tar_entry *en, size_t size)
{
	char h[513] = "";
	unsigned sum = 0;

	memcpy(h, en->name, strnlen(en->name, 100));
	tarball_octal(h + 100, 7, en->mode ? en->mode : 0644);
	tarball_octal(h + 108, 7, en->uid);
	tarball_octal(h + 116, 7, en->gid);
	tarball_octal(h + 124, 11, size);
	tarball_octal(h + 136, 11, (unsigned long)en->mtime);
	memset(h + 148, ' ', 8);
	h[156] = en->type;
	if (en->link)
		memcpy(h + 157, en->link, strnlen(en->link, 100));
	memcpy(h + 257,
	       "ustar\0"
	       "00",
	       8);
	tarball_octal(h + 329, 7, en->major);
	tarball_octal(h + 337, 7, en->minor);
	for (int i = 0; i < 512; i++)
		sum += (unsigned char)h[i];
	tarball_octal(h + 148, 6, sum);
	h[154] = '\0';
	(void)buf_put(b, h, 512);
}

static inline void tarball_add(struct buf *b, struct tar_entry en)
{
	size_t size = en.data ? (en.size ? en.size : strlen(en.data)) : 0;

	tarball_header(b, &en, size);
	if (size)
		(void)buf_put(b, en.data, size);
	tarball_pad(b);
}

struct pax {
	const char *key;
	const void *value;
	size_t size; /* 0: strlen */
};

/* A record's length counts itself. */
static inline void pax_record(struct buf *to, const struct pax *p)
{
	size_t size = p->size ? p->size : strlen(p->value), rest = strlen(p->key) + size + 3, total = rest + 1;

	while ((size_t)snprintf(NULL, 0, "%zu", total) + rest != total)
		total++;
	(void)buf_putf(to, "%zu %s=", total, p->key);
	(void)buf_put(to, p->value, size);
	(void)buf_puts(to, "\n");
}

/* The extended header of the next entry. */
static inline void tarball_pax_n(struct buf *b, const struct pax *p, size_t n)
{
	scoped_buf records = BUF(4u << 20);

	for (size_t i = 0; i < n; i++)
		pax_record(&records, &p[i]);
	tarball_add(b, (struct tar_entry){ 'x', "pax", .data = records.p, .size = records.len });
}

#define PAX(b, ...)                                                              \
	tarball_pax_n(b, (const struct pax[]){ __VA_ARGS__ },                    \
		      sizeof((const struct pax[]){ __VA_ARGS__ }) / sizeof(struct pax))

static inline void tarball_end(struct buf *b)
{
	static const char zeros[1024];

	(void)buf_put(b, zeros, sizeof zeros);
}

struct tarball_reader {
	const char *p;
	size_t left, step; /* step: at most so many bytes per read; 0: all */
};

static inline ssize_t tarball_read(void *arg, void *to, size_t n, struct err *e)
{
	struct tarball_reader *r = arg;

	if (r->step && n > r->step)
		n = r->step;
	if (n > r->left)
		n = r->left;
	memcpy(to, r->p, n);
	r->p += n;
	r->left -= n;
	return (ssize_t)n;
}

/* SPREAD(test): once more, with threads. */
static bool tarball_spread;

static inline int tarball_spread_on(void **state)
{
	(void)state;
	tarball_spread = true;
	return 0;
}

static inline int tarball_spread_off(void **state)
{
	(void)state;
	tarball_spread = false;
	return 0;
}

#define SPREAD(name) { #name " (with threads)", name, tarball_spread_on, tarball_spread_off, NULL }

/* The whole way: inflate, read, make. */
static inline int tarball_unpack(const struct buf *b, struct tree_options o, uint64_t *ret_bytes, struct err *e)
{
	struct tarball_reader reader = { b->p, b->len, 0 };
	scoped_inflate in = NULL;
	struct digest diff_id;
	int r = inflate_open((struct byte_source){ tarball_read, &reader }, UINT64_MAX, &in, e);

	if (o.max_entries == 0)
		o.max_entries = 100000;
	if (r == 0)
		r = tar_unpack(in, &o, tarball_spread, ret_bytes, e);
	return r == 0 ? inflate_end(in, &diff_id, e) : r;
}
