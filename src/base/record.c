/* SPDX-License-Identifier: Apache-2.0 */
#include "base/record.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#define SHOWN 200 /* of a damaged line */
#define NUMBER_TEXT 24
#define ITEMS_FIRST 4

/* ---- writing ----------------------------------------------------------------------------------------------------- */

static void put_key(const struct record_form *f, const char *key, struct buf *b)
{
	buf_puts(b, key);
	buf_put(b, &f->between, 1);
}

void record_put(const struct record_form *f, const char *key, const char *value, struct buf *b)
{
	put_key(f, key, b);
	buf_puts(b, value);
	buf_put(b, &f->end, 1);
}

void record_begin(const struct record_form *f, struct buf *b)
{
	buf_puts(b, f->first);
	buf_put(b, &f->end, 1);
}

static size_t plain_size(enum record_kind kind)
{
	switch (kind) {
	case RECORD_FLAG:
		return sizeof(bool);
	case RECORD_INT:
	case RECORD_NAME:
		return sizeof(int);
	case RECORD_I64:
	case RECORD_U64:
		return sizeof(int64_t);
	default:
		return 0;
	}
}

static bool is_usual(const struct record_form *f, const struct record_row *row, const char *p)
{
	size_t n = f->usual ? plain_size(row->kind) : 0;

	return n && memcmp(p, (const char *)f->usual + row->at, n) == 0;
}

static int int_of(const char *p)
{
	int v;

	memcpy(&v, p, sizeof v);
	return v;
}

static const char *plain_text(const struct record_row *row, const char *p, char text[NUMBER_TEXT])
{
	int64_t v = 0;

	if (row->kind == RECORD_FLAG)
		return *(const bool *)p ? "true" : "false";
	if (row->kind == RECORD_NAME)
		return row->names->v[int_of(p)];
	if (row->kind == RECORD_INT)
		v = int_of(p);
	else
		memcpy(&v, p, sizeof v);
	(void)snprintf(text, NUMBER_TEXT, row->kind == RECORD_U64 ? "%llu" : "%lld", (long long)v);
	return text;
}

static void put_chars(const struct record_form *f, const struct record_row *row, const char *text, struct buf *b)
{
	size_t from;

	put_key(f, row->key, b);
	from = b->len;
	buf_puts(b, text);
	for (size_t i = from; i < b->len; i++)
		if (b->p[i] == '\n')
			b->p[i] = ' ';
	buf_put(b, &f->end, 1);
}

static void put_texts(const struct record_form *f, const struct record_row *row, const char *of, struct buf *b)
{
	const char *const *v;
	size_t n;

	memcpy(&v, of + row->at, sizeof v);
	memcpy(&n, of + row->count_at, sizeof n);
	for (size_t i = 0; i < n; i++)
		record_put(f, row->key, v[i], b);
}

static void put_row(const struct record_form *f, const struct record_row *row, const void *of, struct buf *b)
{
	const char *p = (const char *)of + row->at, *text;
	char number[NUMBER_TEXT];

	switch (row->kind) {
	case RECORD_TEXT:
		memcpy(&text, p, sizeof text);
		if (text)
			record_put(f, row->key, text, b);
		break;
	case RECORD_CHARS:
		put_chars(f, row, p, b);
		break;
	case RECORD_TEXTS:
		put_texts(f, row, of, b);
		break;
	case RECORD_EACH:
		break;
	case RECORD_OWN:
		if (row->put)
			row->put(f, row, of, b);
		break;
	default:
		if (!is_usual(f, row, p))
			record_put(f, row->key, plain_text(row, p, number), b);
	}
}

void record_put_rows(const struct record_form *f, unsigned group, const void *of, struct buf *b)
{
	for (size_t i = 0; i < f->n; i++)
		if (f->rows[i].group == group)
			put_row(f, &f->rows[i], of, b);
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

/* A list has room for ITEMS_FIRST, then for twice as many each time: its length says when it is full. */
static void *grow(struct arena *a, const void *old, size_t n, size_t size)
{
	void *v = arena_array(a, n ? 2 * n : ITEMS_FIRST, size);

	if (v && n)
		memcpy(v, old, n * size);
	return v;
}

int record_item(struct record_reader *r, void *list, size_t *n, const void *item, size_t size, size_t max,
		struct err *e)
{
	char *v;

	if (max && *n == max)
		return err_set(e, E2BIG, "more than %zu", max);
	memcpy(&v, list, sizeof v);
	if (*n == 0 || (*n >= ITEMS_FIRST && (*n & (*n - 1)) == 0))
		v = grow(r->a, v, *n, size);
	if (!v)
		return err_oom(e);
	memcpy(list, &v, sizeof v);
	memcpy(v + size * (*n)++, item, size);
	return 0;
}

static int take_number(const struct record_row *row, struct sv value, void *p)
{
	int64_t v;
	int small;

	if (row->kind == RECORD_U64)
		return sv_u64(value, p);
	if (sv_i64(value, &v) < 0 || (row->kind == RECORD_INT && (v < INT_MIN || v > INT_MAX)))
		return -EINVAL;
	small = (int)v;
	memcpy(p, row->kind == RECORD_INT ? (void *)&small : (void *)&v, plain_size(row->kind));
	return 0;
}

int record_name_find(const struct record_names *names, struct sv name)
{
	for (size_t i = 0; i < names->n; i++)
		if (sv_is(name, names->v[i]))
			return (int)i;
	return -1;
}

static int take_name(const struct record_row *row, struct sv value, void *p)
{
	int i = record_name_find(row->names, value);

	if (i < 0)
		return -EINVAL;
	memcpy(p, &i, sizeof i);
	return 0;
}

static size_t *count_of(const struct record_reader *r, const struct record_row *row)
{
	return (size_t *)(void *)((char *)r->of[row->group] + row->count_at);
}

static int take_each(struct record_reader *r, const struct record_row *row, struct sv text, void *list, struct err *e)
{
	size_t *n = count_of(r, row);
	char *item = arena_alloc(r->a, row->size), *v;
	int rc;

	if (!item)
		return err_oom(e);
	memcpy(item, &text.p, sizeof text.p);
	rc = record_item(r, list, n, item, row->size, row->max, e);
	if (rc < 0)
		return rc;
	memcpy(&v, list, sizeof v);
	r->of[row->opens] = v + row->size * (*n - 1);
	return 0;
}

static int take_row(struct record_reader *r, const struct record_row *row, struct sv value, struct err *e)
{
	char *p = (char *)r->of[row->group] + row->at;

	if (row->valid && !row->valid(value))
		return -EINVAL;
	switch (row->kind) {
	case RECORD_TEXT:
		memcpy(p, &value.p, sizeof value.p);
		return 0;
	case RECORD_CHARS:
		return sv_copy(value, p, row->size);
	case RECORD_TEXTS:
		return record_item(r, p, count_of(r, row), &value.p, sizeof value.p, row->max, e);
	case RECORD_EACH:
		return take_each(r, row, value, p, e);
	case RECORD_FLAG:
		*(bool *)p = sv_is(value, "true");
		return *(bool *)p || sv_is(value, "false") ? 0 : -EINVAL;
	case RECORD_NAME:
		return take_name(row, value, p);
	case RECORD_OWN:
		return row->take(r, row, value, e);
	default:
		return take_number(row, value, p);
	}
}

/* Lines come in the order in which they were written, or nearly so: the search goes on after the last one found. */
static const struct record_row *find(struct record_reader *r, struct sv key)
{
	const struct record_form *f = r->form;

	for (size_t n = 0; n < f->n; n++) {
		size_t i = r->next + n < f->n ? r->next + n : r->next + n - f->n;

		if (sv_is(key, f->rows[i].key)) {
			r->next = i;
			return &f->rows[i];
		}
	}
	return NULL;
}

static int take_line(struct record_reader *r, struct sv line, struct err *e)
{
	const struct record_row *row;
	struct sv key, value;
	bool whole = sv_cut(line, r->form->between, &key, &value);
	int rc = !whole && r->form->between == '=' ? -EINVAL : 0;

	if (!value.p)
		value = sv_from("");
	row = rc < 0 ? NULL : find(r, key);
	if (row)
		rc = r->of[row->group] ? take_row(r, row, value, e) : -EINVAL;
	if (rc == -E2BIG || rc == -ENOMEM)
		return err_wrap(e, rc, SV_FMT, SV_ARG(key));
	return rc < 0 ? err_set(e, EINVAL, "damaged line \"%.*s\"", (int)(line.n < SHOWN ? line.n : SHOWN), line.p) : 0;
}

static bool is_ours(const struct record_form *f, struct sv text, struct sv line)
{
	size_t version = strlen(f->first) - 1;

	if (f->end == '\0' && (text.n == 0 || text.p[text.n - 1]))
		return false; /* it was cut */
	if (!f->any_version)
		return sv_is(line, f->first);
	return line.n > version && memcmp(line.p, f->first, version) == 0;
}

int record_parse(struct record_reader *r, struct sv text, struct err *e)
{
	char *own = r->a ? arena_alloc(r->a, text.n + 1) : NULL;
	struct sv rest, line;
	int rc = 0;

	if (r->a && !own)
		return err_oom(e);
	if (own && text.n)
		memcpy(own, text.p, text.n);
	if (own)
		text.p = own;
	r->next = 0;
	rest = text;
	if (!sv_next(&rest, r->form->end, &line) || !is_ours(r->form, text, line))
		return err_set(e, EINVAL, "%s", r->form->stranger);
	while (rc == 0 && sv_next(&rest, r->form->end, &line)) {
		if (own)
			own[(size_t)(line.p - own) + line.n] = '\0';
		if (line.n)
			rc = take_line(r, line, e);
	}
	return rc;
}
