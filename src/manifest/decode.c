/* SPDX-License-Identifier: Apache-2.0 */
#include "manifest/decode.h"

#include "base/limits.h"
#include "base/scope.h"

#include <stdarg.h>
#include <string.h>

/* Where in the document: the frames of the way down. */
struct frame {
	const struct frame *above;
	const char *key; /* NULL: index counts */
	size_t index;
};

#define PATH_MAX_BYTES 300

static void put_path(const struct frame *f, struct buf *out)
{
	if (!f)
		return;
	put_path(f->above, out);
	if (f->key)
		(void)buf_putf(out, "%s%.60s", out->len ? "." : "", f->key);
	else
		(void)buf_putf(out, "[%zu]", f->index);
}

static __attribute__((format(printf, 4, 5))) int wrong(const struct decoding *d, const struct node *n,
						       const struct frame *f, const char *fmt, ...)
{
	scoped_buf path = BUF(PATH_MAX_BYTES), text = BUF(400);
	va_list ap;

	put_path(f, &path);
	va_start(ap, fmt);
	(void)buf_vputf(&text, fmt, ap);
	va_end(ap);
	return err_set(d->e, EINVAL, "line %u, column %u: %s: %s", n->line, n->column, path.len ? path.p : "document",
		       text.p ? text.p : "");
}

static int expected(const struct decoding *d, const struct node *n, const struct frame *f, const char *what)
{
	char sketch[64];

	return wrong(d, n, f, "expected %s, got %s", what, node_sketch(n, sketch));
}

static int remark(const struct decoding *d, const struct node *n, const struct frame *f, bool unknown)
{
	scoped_buf path = BUF(PATH_MAX_BYTES);
	struct oci_strings *l = &d->remarks->texts;
	const char *text;

	put_path(f, &path);
	text = arena_fmt(d->a, unknown ? "line %u, column %u: unknown field \"%s\"" :
					 "line %u, column %u: %s: not supported",
			 n->line, n->column, path.p ? path.p : "");
	if (!text)
		return err_oom(d->e);
	if (d->remarks->strict)
		return err_set(d->e, EINVAL, "%s", text);
	if (l->n >= LIMIT_KUBE_REMARKS)
		return 0;
	if (!l->v)
		l->v = arena_array(d->a, LIMIT_KUBE_REMARKS, sizeof *l->v);
	if (!l->v)
		return err_oom(d->e);
	l->n++;
	l->v[l->n - 1] = l->n == LIMIT_KUBE_REMARKS ? "further ones are not listed" : text;
	return 0;
}

/* ---- scalars ------------------------------------------------------------------------------------------------ */

static int decode_text(const struct decoding *d, const struct node *n, const struct frame *f, const char **ret)
{
	bool truth;

	if (n->kind != NODE_SCALAR)
		return expected(d, n, f, "a string");
	if (node_is_number(n) || node_bool(n, &truth) || node_is_null(n))
		return wrong(d, n, f, "expected a string, got %.40s (quotes make it one)",
			     node_is_null(n) ? "nothing" : n->text);
	*ret = n->text;
	return 0;
}

static int decode_word(const struct decoding *d, const struct node *n, const struct frame *f, const struct field *row,
		       const char **ret)
{
	struct sv rest = sv_from(row->words), word;
	const char *text;
	int r = decode_text(d, n, f, &text);

	if (r < 0)
		return r;
	while (sv_next(&rest, ' ', &word))
		if (sv_is(word, text)) {
			*ret = text;
			return 0;
		}
	return wrong(d, n, f, "Unsupported value: \"%.60s\": supported values: %s", text, row->words);
}

static int decode_bool(const struct decoding *d, const struct node *n, const struct frame *f, int64_t *ret)
{
	bool v;

	if (!node_bool(n, &v))
		return expected(d, n, f, "true or false");
	*ret = v;
	return 0;
}

static int decode_int(const struct decoding *d, const struct node *n, const struct frame *f, const struct field *row,
		      int64_t *ret)
{
	char sketch[64];
	int64_t v;

	if (!node_i64(n, &v) || v < row->low || v > row->high)
		return wrong(d, n, f, "expected a number from %lld to %lld, got %s", (long long)row->low,
			     (long long)row->high, node_sketch(n, sketch));
	*ret = v;
	return 0;
}

static int decode_port(const struct decoding *d, const struct node *n, const struct frame *f, const char **ret)
{
	int64_t v;

	if (!node_i64(n, &v))
		return decode_text(d, n, f, ret);
	if (v < 1 || v > 65535)
		return wrong(d, n, f, "%lld: must be between 1 and 65535, inclusive", (long long)v);
	*ret = n->text;
	return 0;
}

static int decode_amount(const struct decoding *d, const struct node *n, const struct frame *f, struct quantity *ret)
{
	struct err e = { 0 };

	if (n->kind != NODE_SCALAR)
		return expected(d, n, f, "a quantity");
	if (quantity_parse(sv_from(n->text), ret, &e) < 0)
		return wrong(d, n, f, "\"%.60s\": %s", n->text, e.msg);
	return 0;
}

/* ---- collections -------------------------------------------------------------------------------------------- */

static int decode_texts(const struct decoding *d, const struct node *n, const struct frame *f, struct oci_strings *ret)
{
	int r = 0;

	if (n->kind != NODE_SEQUENCE)
		return expected(d, n, f, "a list of strings");
	ret->v = arena_array(d->a, n->n + 1, sizeof *ret->v);
	if (!ret->v)
		return err_oom(d->e);
	for (; r == 0 && ret->n < n->n; ret->n++)
		r = decode_text(d, n->items[ret->n], &(struct frame){ f, NULL, ret->n }, &ret->v[ret->n]);
	return r;
}

/* What every list looks like. */
struct list {
	void *v;
	size_t n;
};

static int decode_ints(const struct decoding *d, const struct node *n, const struct frame *f, const struct field *row,
		       struct list *ret)
{
	int r = 0;

	if (n->kind != NODE_SEQUENCE)
		return expected(d, n, f, "a list of numbers");
	ret->v = arena_array(d->a, n->n + 1, sizeof(int64_t));
	if (!ret->v)
		return err_oom(d->e);
	for (; r == 0 && ret->n < n->n; ret->n++)
		r = decode_int(d, n->items[ret->n], &(struct frame){ f, NULL, ret->n }, row,
			       (int64_t *)ret->v + ret->n);
	return r;
}

static int decode_pairs(const struct decoding *d, const struct node *n, const struct frame *f, struct oci_pairs *ret)
{
	int r = 0;

	if (n->kind != NODE_MAPPING)
		return expected(d, n, f, "an object of strings");
	ret->v = arena_array(d->a, n->n + 1, sizeof *ret->v);
	if (!ret->v)
		return err_oom(d->e);
	for (; r == 0 && ret->n < n->n; ret->n++) {
		struct oci_pair *p = &ret->v[ret->n];

		p->key = n->keys[ret->n]->text;
		p->value = "";
		if (!node_is_null(n->items[ret->n]))
			r = decode_text(d, n->items[ret->n], &(struct frame){ f, p->key, 0 }, &p->value);
	}
	return r;
}

static int decode_amounts(const struct decoding *d, const struct node *n, const struct frame *f,
			  struct resource_list *ret)
{
	int r = 0;

	if (n->kind != NODE_MAPPING)
		return expected(d, n, f, "an object of quantities");
	if (n->n > LIMIT_KUBE_RESOURCES)
		return wrong(d, n, f, "more than %d resources", LIMIT_KUBE_RESOURCES);
	for (size_t i = 0; r == 0 && i < n->n; i++) {
		struct quantity q;

		r = decode_amount(d, n->items[i], &(struct frame){ f, n->keys[i]->text, 0 }, &q);
		if (r == 0 && resource_set(d->a, ret, n->keys[i]->text, &q) < 0)
			r = err_oom(d->e);
	}
	return r;
}

/* ---- objects ------------------------------------------------------------------------------------------------ */

static int decode_fields(const struct decoding *d, const struct node *n, const struct frame *f,
			 const struct fields *table, char *obj);

static int decode_objects(const struct decoding *d, const struct node *n, const struct frame *f,
			  const struct fields *table, struct list *ret)
{
	int r = 0;

	if (n->kind != NODE_SEQUENCE)
		return expected(d, n, f, "a list");
	ret->v = arena_array(d->a, n->n + 1, table->size);
	if (!ret->v)
		return err_oom(d->e);
	for (; r == 0 && ret->n < n->n; ret->n++)
		r = decode_fields(d, n->items[ret->n], &(struct frame){ f, NULL, ret->n }, table,
				  (char *)ret->v + ret->n * table->size);
	return r;
}

static int decode_pointer(const struct decoding *d, const struct node *n, const struct frame *f,
			  const struct fields *table, void **ret)
{
	*ret = arena_alloc(d->a, table->size);
	return *ret ? decode_fields(d, n, f, table, *ret) : err_oom(d->e);
}

static int decode_value(const struct decoding *d, const struct node *n, const struct frame *f, const struct field *row,
			char *obj)
{
	void *value = obj + row->offset;

	switch (row->kind) {
	case FIELD_TEXT:
		return decode_text(d, n, f, value);
	case FIELD_WORD:
		return decode_word(d, n, f, row, value);
	case FIELD_BOOL:
		return decode_bool(d, n, f, value);
	case FIELD_INT:
		return decode_int(d, n, f, row, value);
	case FIELD_PORT:
		return decode_port(d, n, f, value);
	case FIELD_TEXTS:
		return decode_texts(d, n, f, value);
	case FIELD_INTS:
		return decode_ints(d, n, f, row, value);
	case FIELD_PAIRS:
		return decode_pairs(d, n, f, value);
	case FIELD_AMOUNT:
		*(bool *)(obj + row->size) = true;
		return decode_amount(d, n, f, value);
	case FIELD_AMOUNTS:
		return decode_amounts(d, n, f, value);
	case FIELD_OBJECT:
		return decode_fields(d, n, f, row->table, value);
	case FIELD_POINTER:
		return decode_pointer(d, n, f, row->table, value);
	case FIELD_OBJECTS:
		return decode_objects(d, n, f, row->table, value);
	case FIELD_ASIDE:
		return remark(d, n, f, false);
	case FIELD_REFUSED:
		return n->kind == NODE_SEQUENCE && !n->n ? 0 : wrong(d, n, f, "not supported");
	case FIELD_IGNORED:
		return 0;
	}
	return 0;
}

static void set_absent(const struct fields *table, char *obj)
{
	memset(obj, 0, table->size);
	for (size_t i = 0; i < table->n; i++) {
		const struct field *row = &table->v[i];

		if (row->kind == FIELD_INT || row->kind == FIELD_BOOL)
			*(int64_t *)(void *)(obj + row->offset) = FIELD_UNSET;
		else if (row->kind == FIELD_OBJECT)
			set_absent(row->table, obj + row->offset);
	}
}

static const struct field *row_of(const struct fields *table, const char *key)
{
	for (size_t i = 0; i < table->n; i++)
		if (strcmp(table->v[i].key, key) == 0)
			return &table->v[i];
	return NULL;
}

static int check_required(const struct decoding *d, const struct node *n, const struct frame *f,
			  const struct fields *table)
{
	for (size_t i = 0; i < table->n; i++) {
		const struct node *there = table->v[i].required ? node_member(n, table->v[i].key) : n;

		if (!there || (there != n && node_is_null(there)))
			return wrong(d, n, &(struct frame){ f, table->v[i].key, 0 }, "Required value");
	}
	return 0;
}

static int decode_fields(const struct decoding *d, const struct node *n, const struct frame *f,
			 const struct fields *table, char *obj)
{
	int r;

	if (n->kind != NODE_MAPPING)
		return expected(d, n, f, "an object");
	set_absent(table, obj);
	r = check_required(d, n, f, table);
	for (size_t i = 0; r == 0 && i < n->n; i++) {
		const struct field *row = row_of(table, n->keys[i]->text);
		struct frame here = { f, n->keys[i]->text, 0 };

		if (!row)
			r = remark(d, n->keys[i], &here, true);
		else if (!node_is_null(n->items[i]))
			r = decode_value(d, n->items[i], &here, row, obj);
	}
	return r;
}

int decode_object(const struct decoding *d, const struct node *n, const struct fields *table, void *obj)
{
	return decode_fields(d, n, NULL, table, obj);
}
