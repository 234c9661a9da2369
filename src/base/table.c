/* SPDX-License-Identifier: Apache-2.0 */
#include "base/table.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#define GAP 2
#define LOWEST 8

struct table_row {
	struct table_row *next;
	const char *cells[];
};

/* ---- text --------------------------------------------------------------------------------------------------- */

/* Bytes of the character at p: a control character and what is not UTF-8 count as one byte. */
static size_t character(const unsigned char *p)
{
	size_t n = p[0] >= 0xf0 && p[0] < 0xf5 ? 4 :
		   p[0] >= 0xe0 && p[0] < 0xf0 ? 3 :
		   p[0] >= 0xc2 && p[0] < 0xe0 ? 2 :
						 1;

	for (size_t i = 1; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 1;
	return n;
}

static bool is_shown(const unsigned char *p, size_t n)
{
	if (n == 1)
		return *p >= ' ' && *p < 0x7f;
	return n > 2 || p[0] != 0xc2 || p[1] >= 0xa0; /* U+0080 to U+009F are control characters as well */
}

/* Bytes of printable ASCII at its beginning: a column each. */
static size_t plain(const char *text)
{
	size_t n = 0;

	while (text[n] >= ' ' && text[n] < 0x7f)
		n++;
	return n;
}

static unsigned columns_of(const char *text)
{
	unsigned n = (unsigned)plain(text);

	for (const unsigned char *p = (const unsigned char *)text + n; *p; p += character(p))
		n++;
	return n;
}

static void put_text(struct buf *out, const char *text, unsigned width)
{
	unsigned left = columns_of(text), at = 0;
	size_t n_plain = plain(text);

	if (!text[n_plain] && n_plain <= width) {
		buf_put(out, text, n_plain);
		return;
	}
	for (const unsigned char *p = (const unsigned char *)text; *p; left--, at++) {
		size_t n = character(p);

		if (at + 1 == width && left > 1) {
			buf_puts(out, "…");
			return;
		}
		if (is_shown(p, n))
			buf_put(out, p, n);
		else
			buf_puts(out, "?");
		p += n;
	}
}

/* ---- table -------------------------------------------------------------------------------------------------- */

void table_init(struct table *t, struct arena *a, const struct table_column *columns, unsigned n)
{
	*t = (struct table){ .arena = a, .columns = columns, .n = n < TABLE_COLUMNS ? n : TABLE_COLUMNS };
}

static void widen(struct table *t, unsigned i, const char *text)
{
	unsigned n = columns_of(text);

	if (n > t->width[i])
		t->width[i] = n;
}

void table_row(struct table *t, const char *const *cells)
{
	struct table_row *row = arena_alloc(t->arena, sizeof *row + t->n * sizeof *row->cells);

	for (unsigned i = 0; row && i < t->n; i++) {
		row->cells[i] = arena_str(t->arena, cells[i]);
		if (!row->cells[i])
			row = NULL;
		else
			widen(t, i, row->cells[i]);
	}
	if (!row) {
		t->failed = -ENOMEM;
		return;
	}
	if (t->last)
		t->last->next = row;
	else
		t->first = row;
	t->last = row;
}

/* Of a line, as it is or with all cut to their least width. */
static unsigned line_width(const struct table *t, bool least)
{
	unsigned sum = 0;

	for (unsigned i = 0; i < t->n; i++) {
		unsigned w = t->width[i], cut = t->columns[i].least;

		if (!t->left_out[i])
			sum += GAP + (least && cut && cut < w ? cut : w);
	}
	return sum ? sum - GAP : 0;
}

/* Leave out columns, the most dispensable first, until the others can be made to fit. */
static void leave_out(struct table *t, unsigned width)
{
	while (line_width(t, true) > width) {
		unsigned out = t->n;

		for (unsigned i = 0; i < t->n; i++)
			if (t->columns[i].drop && !t->left_out[i] &&
			    (out == t->n || t->columns[i].drop > t->columns[out].drop))
				out = i;
		if (out == t->n)
			return;
		t->left_out[out] = true;
	}
}

/* Take from the widest column that may be cut, one character at a time, until the line fits or nothing can give. */
static void cut(struct table *t, unsigned width, unsigned lowest)
{
	for (unsigned sum = line_width(t, false); sum > width; sum--) {
		unsigned widest = t->n;

		for (unsigned i = 0; i < t->n; i++) {
			unsigned least = t->columns[i].least;

			if (!t->left_out[i] && least && t->width[i] > (least < lowest ? least : lowest) &&
			    (widest == t->n || t->width[i] > t->width[widest]))
				widest = i;
		}
		if (widest == t->n)
			return;
		t->width[widest]--;
	}
}

static void fit(struct table *t, unsigned width)
{
	leave_out(t, width);
	cut(t, width, UINT_MAX);
	cut(t, width, LOWEST);
}

/* The last cell that is not empty ends the line. */
static void put_line(const struct table *t, const char *const *cells, struct buf *out)
{
	unsigned last = t->n;

	while (last && (t->left_out[last - 1] || !*cells[last - 1]))
		last--;
	for (unsigned i = 0; i < last; i++) {
		unsigned shown = columns_of(cells[i]);

		if (t->left_out[i])
			continue;
		put_text(out, cells[i], t->width[i]);
		if (shown > t->width[i])
			shown = t->width[i];
		if (i + 1 < last)
			buf_fill(out, ' ', t->width[i] - shown + GAP);
	}
	buf_puts(out, "\n");
}

void table_left_out(const struct table_column *columns, unsigned n, unsigned width, bool ret[TABLE_COLUMNS])
{
	struct table t;

	table_init(&t, NULL, columns, n);
	for (unsigned i = 0; i < t.n; i++)
		widen(&t, i, columns[i].title);
	if (width)
		leave_out(&t, width);
	memcpy(ret, t.left_out, sizeof t.left_out);
}

int table_print(struct table *t, unsigned width, bool titles, struct buf *out, struct err *e)
{
	const char *title[TABLE_COLUMNS];

	if (t->failed)
		return err_oom(e);
	for (unsigned i = 0; i < t->n; i++) {
		title[i] = t->columns[i].title;
		if (titles)
			widen(t, i, title[i]);
	}
	if (width)
		fit(t, width);
	if (titles)
		put_line(t, title, out);
	for (const struct table_row *row = t->first; row; row = row->next)
		put_line(t, row->cells, out);
	return buf_status(out, e);
}
