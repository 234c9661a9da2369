/* SPDX-License-Identifier: Apache-2.0 */
/* Printing by the tables of json.h. An object of which no field has a value is taken back, unless its row or its
 * presence says that it is to be shown. */
#include "oci/json.h"

#include "oci/runtime_spec.h"

#include <inttypes.h>
#include <string.h>

struct printer {
	struct buf *b;
	bool pretty;
	unsigned depth;
};

static const char *escape_of(unsigned char c)
{
	switch (c) {
	case '"':
		return "\\\"";
	case '\\':
		return "\\\\";
	case '\n':
		return "\\n";
	case '\t':
		return "\\t";
	case '\r':
		return "\\r";
	default:
		return NULL;
	}
}

void json_put_text(struct buf *out, struct sv text)
{
	size_t from = 0;

	(void)buf_puts(out, "\"");
	for (size_t i = 0; i < text.n; i++) {
		unsigned char c = (unsigned char)text.p[i];
		const char *escape = escape_of(c);

		if (c >= 0x20 && !escape)
			continue;
		(void)buf_put(out, text.p + from, i - from);
		if (escape)
			(void)buf_puts(out, escape);
		else
			(void)buf_putf(out, "\\u%04x", c);
		from = i + 1;
	}
	if (text.n > from)
		(void)buf_put(out, text.p + from, text.n - from);
	(void)buf_puts(out, "\"");
}

static void new_line(struct printer *p)
{
	if (!p->pretty)
		return;
	(void)buf_puts(p->b, "\n");
	for (unsigned i = 0; i < p->depth; i++)
		(void)buf_puts(p->b, "\t");
}

static void open_bracket(struct printer *p, const char *bracket)
{
	(void)buf_puts(p->b, bracket);
	p->depth++;
}

static void close_bracket(struct printer *p, const char *bracket, bool empty)
{
	p->depth--;
	if (!empty)
		new_line(p);
	(void)buf_puts(p->b, bracket);
}

static void put_comma(struct printer *p, bool *first)
{
	if (!*first)
		(void)buf_puts(p->b, ",");
	*first = false;
	new_line(p);
}

static void put_key(struct printer *p, bool *first, const char *key)
{
	put_comma(p, first);
	json_put_text(p->b, sv_from(key));
	(void)buf_puts(p->b, p->pretty ? ": " : ":");
}

static bool print_fields(struct printer *p, const struct json_table *t, const char *obj);

static void print_object(struct printer *p, const struct json_table *t, const char *obj)
{
	bool empty;

	open_bracket(p, "{");
	empty = !print_fields(p, t, obj);
	close_bracket(p, "}", empty);
}

static void print_coded(struct printer *p, const struct json_codec *c, const void *value)
{
	char scratch[128];
	const char *text = c->print(value, scratch);

	json_put_text(p->b, sv_from(text));
}

static void print_item(struct printer *p, const struct json_row *row, const char *items, size_t i)
{
	switch (row->kind) {
	case JSON_TEXTS:
		json_put_text(p->b, sv_from(((const char *const *)(const void *)items)[i]));
		break;
	case JSON_INTS:
		(void)buf_putf(p->b, "%" PRId64, ((const int64_t *)(const void *)items)[i]);
		break;
	case JSON_CODEDS:
		print_coded(p, row->codec, items + i * row->codec->size);
		break;
	default:
		print_object(p, row->table, items + i * row->table->size);
	}
}

static void print_list(struct printer *p, const struct json_row *row, const struct json_list *list)
{
	bool first = true;

	open_bracket(p, "[");
	for (size_t i = 0; i < list->n; i++) {
		put_comma(p, &first);
		print_item(p, row, list->v, i);
	}
	close_bracket(p, "]", list->n == 0);
}

static void print_pairs(struct printer *p, const struct oci_pairs *pairs)
{
	bool first = true;

	open_bracket(p, "{");
	for (size_t i = 0; i < pairs->n; i++) {
		put_key(p, &first, pairs->v[i].key);
		json_put_text(p->b, sv_from(pairs->v[i].value));
	}
	close_bracket(p, "}", pairs->n == 0);
}

static void print_members(struct printer *p, const struct json_row *row, const struct json_list *list)
{
	bool first = true;

	open_bracket(p, "{");
	for (size_t i = 0; i < list->n; i++) {
		const char *item = (const char *)list->v + i * row->table->size;

		put_key(p, &first, *(const char *const *)(const void *)item);
		print_object(p, row->table, item);
	}
	close_bracket(p, "}", list->n == 0);
}

static void print_keys(struct printer *p, const struct oci_strings *keys)
{
	bool first = true;

	open_bracket(p, "{");
	for (size_t i = 0; i < keys->n; i++) {
		put_key(p, &first, keys->v[i]);
		(void)buf_puts(p->b, "{}");
	}
	close_bracket(p, "}", keys->n == 0);
}

static void print_u64(struct printer *p, const struct json_row *row, uint64_t n)
{
	if (n == UINT64_MAX && (row->flags & JSON_SIGNED))
		(void)buf_puts(p->b, "-1");
	else
		(void)buf_putf(p->b, "%" PRIu64, n);
}

static void print_limit(struct printer *p, int64_t n)
{
	if (n == INT64_MAX)
		(void)buf_puts(p->b, "\"max\"");
	else
		(void)buf_putf(p->b, "%" PRId64, n);
}

/* An absent value of a row that is printed all the same. */
static bool is_null(const struct json_row *row, const void *value)
{
	if (!(row->flags & JSON_NULL))
		return false;
	return row->kind == JSON_TEXT ? !*(const char *const *)value : *(const int64_t *)value == JSON_UNSET;
}

static void print_value(struct printer *p, const struct json_row *row, const void *value)
{
	if (is_null(row, value)) {
		(void)buf_puts(p->b, "null");
		return;
	}
	switch (row->kind) {
	case JSON_TEXT:
		json_put_text(p->b, sv_from(*(const char *const *)value));
		break;
	case JSON_LIMIT:
		print_limit(p, *(const int64_t *)value);
		break;
	case JSON_BOOL:
		(void)buf_puts(p->b, *(const bool *)value ? "true" : "false");
		break;
	case JSON_CHOICE:
		(void)buf_puts(p->b, *(const int64_t *)value ? "true" : "false");
		break;
	case JSON_U64:
		print_u64(p, row, *(const uint64_t *)value);
		break;
	case JSON_CODED:
		print_coded(p, row->codec, value);
		break;
	case JSON_PAIRS:
		print_pairs(p, value);
		break;
	case JSON_KEYS:
		print_keys(p, value);
		break;
	case JSON_MEMBERS:
		print_members(p, row, value);
		break;
	case JSON_OBJECT:
		print_object(p, row->table, value);
		break;
	case JSON_TEXTS:
	case JSON_INTS:
	case JSON_CODEDS:
	case JSON_OBJECTS:
		print_list(p, row, value);
		break;
	default:
		(void)buf_putf(p->b, "%" PRId64, *(const int64_t *)value);
	}
}

/* What must be there to be read is printed, even if empty. */
static bool is_always(const struct json_row *row)
{
	return row->flags & (JSON_ALWAYS | JSON_REQUIRED);
}

static bool has_number(const struct json_row *row, int64_t n)
{
	return n != JSON_UNSET && (n != 0 || is_always(row) || !(row->flags & JSON_ZERO));
}

/* has_value - the field says more than its absence would. Objects without a presence of their own: asked later. */
static bool has_value(const struct json_row *row, const void *value)
{
	char scratch[128];

	if (is_null(row, value))
		return true;
	switch (row->kind) {
	case JSON_REFUSED:
		return false;
	case JSON_TEXT:
		return *(const char *const *)value;
	case JSON_BOOL:
		return *(const bool *)value || is_always(row);
	case JSON_U64:
		return *(const uint64_t *)value || is_always(row);
	case JSON_CODED:
		return row->codec->print(value, scratch);
	case JSON_OBJECT:
		return !row->table->has_present || *(const bool *)((const char *)value + row->table->present);
	case JSON_TEXTS:
	case JSON_INTS:
	case JSON_CODEDS:
	case JSON_PAIRS:
	case JSON_KEYS:
	case JSON_MEMBERS:
	case JSON_OBJECTS: /* every list has the layout of struct json_list */
		return ((const struct json_list *)value)->n || is_always(row);
	default:
		return has_number(row, *(const int64_t *)value);
	}
}

/* An object that is only a frame for its fields is printed to see whether there are any, and else taken back. */
static void print_frame(struct printer *p, const struct json_row *row, const char *value, bool *first)
{
	size_t mark = p->b->len;
	bool was_first = *first, some;

	put_key(p, first, row->key);
	open_bracket(p, "{");
	some = print_fields(p, row->table, value);
	close_bracket(p, "}", !some);
	if (some || is_always(row) || p->b->failed)
		return;
	p->b->len = mark;
	p->b->p[mark] = '\0';
	*first = was_first;
}

static bool print_fields(struct printer *p, const struct json_table *t, const char *obj)
{
	bool first = true;

	for (size_t i = 0; i < t->count; i++) {
		const struct json_row *row = &t->rows[i];
		const char *value = obj + row->offset;

		if (!has_value(row, value))
			continue;
		if (row->kind == JSON_OBJECT && !row->table->has_present) {
			print_frame(p, row, value, &first);
			continue;
		}
		put_key(p, &first, row->key);
		print_value(p, row, value);
	}
	return !first;
}

int json_encode(const struct json_table *t, const void *obj, bool pretty, struct buf *out, struct err *e)
{
	struct printer p = { .b = out, .pretty = pretty };

	print_object(&p, t, obj);
	if (pretty)
		(void)buf_puts(out, "\n");
	return buf_status(out, e);
}
