/* SPDX-License-Identifier: Apache-2.0 */
/* Decoding: the tables walk the text (json_text.h). Scalars are in json_scalar.c, printing in json_print.c. */
#include "oci/json_priv.h"

#include "base/scope.h"
#include "oci/runtime_spec.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#define LIST_START 8

/* ---- lists and maps ----------------------------------------------------------------------------------------- */

/* Room for one element more at the end of a list. */
static void *list_grow(struct json_decoder *d, struct json_list *l, size_t size)
{
	bool full = l->n == 0 || (l->n >= LIST_START && (l->n & (l->n - 1)) == 0); /* 0, 8, 16, 32 … */
	void *grown;

	if (full) {
		grown = arena_array(d->arena, l->n ? 2 * l->n : LIST_START, size);
		if (!grown)
			return NULL;
		if (l->n)
			memcpy(grown, l->v, l->n * size);
		l->v = grown;
	}
	return (char *)l->v + l->n++ * size;
}

static int decode_object(struct json_decoder *d, const struct json_path *p, const struct json_table *t, void *obj);

static int get_item(struct json_decoder *d, const struct json_path *p, const struct json_row *row, void *ret)
{
	switch (row->kind) {
	case JSON_TEXTS:
		return json_get_text(d, p, ret);
	case JSON_INTS:
		return json_get_int(d, p, 0, UINT32_MAX, ret);
	case JSON_CODEDS:
		return json_get_coded(d, p, row->codec, ret);
	default:
		json_init(row->table, ret);
		return decode_object(d, p, row->table, ret);
	}
}

static size_t item_size(const struct json_row *row)
{
	switch (row->kind) {
	case JSON_TEXTS:
		return sizeof(const char *);
	case JSON_INTS:
		return sizeof(int64_t);
	case JSON_CODEDS:
		return row->codec->size;
	default:
		return row->table->size;
	}
}

static int get_list(struct json_decoder *d, const struct json_path *p, const struct json_row *row,
		    struct json_list *ret)
{
	struct json_path at = { .up = p };
	struct json_list list = { 0 };
	bool first = true;
	int r;

	if (json_text_kind(&d->text) != JSON_VALUE_ARRAY)
		return json_mistyped(d, p, "an array");
	r = json_text_enter(&d->text);
	while (r == 0 && (r = json_text_item(&d->text, &first)) == 1) {
		void *item = list_grow(d, &list, item_size(row));

		at.index = list.n - 1;
		r = item ? get_item(d, &at, row, item) : err_oom(d->e);
	}
	if (r == 0 && row->kind == JSON_TEXTS && list.n) { /* grown memory is zeroed */
		r = list_grow(d, &list, sizeof(const char *)) ? 0 : err_oom(d->e);
		list.n--;
	}
	if (r == 0)
		*ret = list;
	return r;
}

static int by_key(const void *a, const void *b)
{
	const struct oci_pair *x = *(struct oci_pair *const *)a, *y = *(struct oci_pair *const *)b;
	int order = strcmp(x->key, y->key);

	return order ? order : (x > y) - (x < y);
}

/* Of a key that is given twice the last value counts, at the first one's place. */
static int pairs_unite(struct json_decoder *d, struct oci_pair *v, size_t *n)
{
	struct oci_pair **sorted = arena_array(d->arena, *n, sizeof *sorted);
	size_t kept = 0;

	if (!sorted)
		return err_oom(d->e);
	for (size_t i = 0; i < *n; i++)
		sorted[i] = &v[i];
	qsort(sorted, *n, sizeof *sorted, by_key);
	for (size_t i = *n - 1; i > 0; i--)
		if (strcmp(sorted[i]->key, sorted[i - 1]->key) == 0) {
			sorted[i - 1]->value = sorted[i]->value;
			sorted[i]->key = NULL;
		}
	for (size_t i = 0; i < *n; i++)
		if (v[i].key)
			v[kept++] = v[i];
	*n = kept;
	return 0;
}

static int get_key(struct json_decoder *d, const struct json_path *p, bool *first, const char **ret)
{
	struct sv key;
	int r = json_text_key(&d->text, first, &key);

	if (r == 1 && memchr(key.p, '\0', key.n))
		return json_fail(d, p, EINVAL, "a name with a NUL byte");
	if (r == 1)
		*ret = key.p;
	return r;
}

static int get_pairs(struct json_decoder *d, const struct json_path *p, struct oci_pairs *ret)
{
	struct json_path at = { .up = p };
	struct json_list list = { 0 };
	bool first = true;
	int r;

	if (json_text_kind(&d->text) != JSON_VALUE_OBJECT)
		return json_mistyped(d, p, "an object");
	r = json_text_enter(&d->text);
	while (r == 0 && (r = get_key(d, p, &first, &at.key)) == 1) {
		struct oci_pair *pair = list_grow(d, &list, sizeof *pair);

		if (!pair)
			return err_oom(d->e);
		pair->key = at.key;
		r = json_get_text(d, &at, &pair->value);
	}
	if (r == 0 && list.n > 1)
		r = pairs_unite(d, list.v, &list.n);
	if (r == 0)
		*ret = (struct oci_pairs){ list.v, list.n };
	return r;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void keys_unite(const char **v, size_t *n)
{
	size_t kept = 0;

	qsort(v, *n, sizeof *v, by_text);
	for (size_t i = 0; i < *n; i++)
		if (!kept || strcmp(v[kept - 1], v[i]) != 0)
			v[kept++] = v[i];
	*n = kept;
}

static int get_keys(struct json_decoder *d, const struct json_path *p, struct oci_strings *ret)
{
	struct json_list list = { 0 };
	const char *key, **place;
	bool first = true;
	int r;

	if (json_text_kind(&d->text) != JSON_VALUE_OBJECT)
		return json_mistyped(d, p, "an object");
	r = json_text_enter(&d->text);
	while (r == 0 && (r = get_key(d, p, &first, &key)) == 1) {
		place = list_grow(d, &list, sizeof *place);
		if (!place)
			return err_oom(d->e);
		*place = key;
		r = json_text_skip(&d->text);
	}
	if (r == 0 && list.n)
		keys_unite(list.v, &list.n);
	if (r == 0)
		*ret = (struct oci_strings){ list.v, list.n };
	return r;
}

/* A key that is given twice is refused: two objects would have to be united. */
static int check_members(struct json_decoder *d, const struct json_path *p, const char *v, size_t n, size_t size)
{
	for (size_t i = 1; i < n; i++) {
		const char *key = *(const char *const *)(const void *)(v + i * size);

		if (strcmp(key, *(const char *const *)(const void *)(v + (i - 1) * size)) == 0)
			return json_fail(d, &(struct json_path){ .up = p, .key = key }, EINVAL, "given twice");
	}
	return 0;
}

static int get_members(struct json_decoder *d, const struct json_path *p, const struct json_row *row,
		       struct json_list *ret)
{
	struct json_path at = { .up = p };
	struct json_list list = { 0 };
	bool first = true;
	int r;

	if (json_text_kind(&d->text) != JSON_VALUE_OBJECT)
		return json_mistyped(d, p, "an object");
	r = json_text_enter(&d->text);
	while (r == 0 && (r = get_key(d, p, &first, &at.key)) == 1) {
		void *item = list_grow(d, &list, row->table->size);

		if (!item)
			return err_oom(d->e);
		json_init(row->table, item);
		*(const char **)item = at.key;
		r = decode_object(d, &at, row->table, item);
	}
	if (r == 0 && list.n)
		qsort(list.v, list.n, row->table->size, by_text);
	if (r == 0)
		r = check_members(d, p, list.v, list.n, row->table->size);
	if (r == 0)
		*ret = list;
	return r;
}

/* ---- what is refused ---------------------------------------------------------------------------------------- */

/* Engines write empty sections of what they do not use. A scalar that is there asks for something. */
static int refuse(struct json_decoder *d, const struct json_path *p)
{
	enum json_value kind = json_text_kind(&d->text);
	struct json_path at = { .up = p };
	struct sv text = SV("?");
	bool first = true;
	int r;

	if (kind == JSON_VALUE_NULL)
		return json_text_null(&d->text);
	if (kind == JSON_VALUE_OBJECT) {
		r = json_text_enter(&d->text);
		while (r == 0 && (r = get_key(d, p, &first, &at.key)) == 1)
			r = refuse(d, &at);
		return r;
	}
	if (kind == JSON_VALUE_STRING)
		r = json_text_string(&d->text, &text);
	else if (kind == JSON_VALUE_ARRAY)
		r = (r = json_text_enter(&d->text)) < 0 ? r : json_text_item(&d->text, &first);
	else
		r = json_text_skip(&d->text);
	if (r < 0 || (kind == JSON_VALUE_STRING && text.n == 0) || (kind == JSON_VALUE_ARRAY && r == 0))
		return r;
	return json_fail(d, p, ENOTSUP, "not supported");
}

/* ---- objects ------------------------------------------------------------------------------------------------ */

static int decode_value(struct json_decoder *d, const struct json_path *p, const struct json_row *row, void *ret)
{
	switch (row->kind) {
	case JSON_TEXT:
		return json_get_text(d, p, ret);
	case JSON_BOOL:
		return json_get_bool(d, p, ret);
	case JSON_CHOICE:
		return json_get_choice(d, p, ret);
	case JSON_I64: /* the smallest number means "absent" here: refuse it */
		return json_get_int(d, p, INT64_MIN + 1, INT64_MAX, ret);
	case JSON_COUNT:
		return json_get_int(d, p, 0, INT64_MAX, ret);
	case JSON_U32:
		return json_get_int(d, p, 0, UINT32_MAX, ret);
	case JSON_U16:
		return json_get_int(d, p, 0, UINT16_MAX, ret);
	case JSON_LIMIT:
		return json_get_limit(d, p, ret);
	case JSON_U64:
		return json_get_u64(d, p, row, ret);
	case JSON_CODED:
		return json_get_coded(d, p, row->codec, ret);
	case JSON_PAIRS:
		return get_pairs(d, p, ret);
	case JSON_KEYS:
		return get_keys(d, p, ret);
	case JSON_OBJECT:
		return decode_object(d, p, row->table, ret);
	case JSON_MEMBERS:
		return get_members(d, p, row, ret);
	case JSON_REFUSED:
		return refuse(d, p);
	default:
		return get_list(d, p, row, ret);
	}
}

static const struct json_row *find_row(const struct json_table *t, struct sv key)
{
	for (size_t i = 0; i < t->count; i++)
		if (t->rows[i].key[0] == *key.p && sv_is(key, t->rows[i].key))
			return &t->rows[i];
	return NULL;
}

static bool is_empty(const struct json_row *row, const void *value)
{
	if (row->kind == JSON_TEXT)
		return **(const char *const *)value == '\0';
	if (row->kind == JSON_TEXTS)
		return ((const struct oci_strings *)value)->n == 0;
	return false;
}

static int check_required(struct json_decoder *d, const struct json_path *p, const struct json_table *t, uint64_t seen,
			  const char *obj)
{
	struct json_path at = { .up = p };

	for (size_t i = 0; i < t->count; i++) {
		const struct json_row *row = &t->rows[i];

		at.key = row->key;
		if (!(row->flags & JSON_REQUIRED))
			continue;
		if (!(seen & (UINT64_C(1) << i)))
			return json_fail(d, &at, EINVAL, "missing");
		if (is_empty(row, obj + row->offset))
			return json_fail(d, &at, EINVAL, "empty");
	}
	return 0;
}

static void row_clear(const struct json_row *row, char *obj);

/* One key with its value. *seen: rows that have a value. Null takes an earlier one away. */
static int decode_row(struct json_decoder *d, const struct json_path *p, const struct json_table *t,
		      const struct json_row *row, char *obj, uint64_t *seen)
{
	struct json_path at = { .up = p, .key = row->key };
	uint64_t bit = UINT64_C(1) << (row - t->rows);

	if (*seen & bit)
		row_clear(row, obj);
	*seen &= ~bit;
	if (json_text_kind(&d->text) == JSON_VALUE_NULL)
		return json_text_null(&d->text);
	*seen |= bit;
	return decode_value(d, &at, row, obj + row->offset);
}

static int decode_object(struct json_decoder *d, const struct json_path *p, const struct json_table *t, void *obj)
{
	const struct json_row *row;
	uint64_t seen = 0;
	bool first = true;
	struct sv key;
	int r;

	if (json_text_kind(&d->text) != JSON_VALUE_OBJECT)
		return json_mistyped(d, p, "an object");
	r = json_text_enter(&d->text);
	while (r == 0 && (r = json_text_key(&d->text, &first, &key)) == 1) {
		row = find_row(t, key);
		r = row ? decode_row(d, p, t, row, obj, &seen) : json_text_skip(&d->text);
	}
	if (r < 0)
		return r;
	if (t->has_present)
		*(bool *)((char *)obj + t->present) = true;
	return check_required(d, p, t, seen, obj);
}

/* ---- the document ------------------------------------------------------------------------------------------- */

static size_t row_size(const struct json_row *row)
{
	switch (row->kind) {
	case JSON_TEXT:
		return sizeof(const char *);
	case JSON_BOOL:
		return sizeof(bool);
	case JSON_CODED:
		return row->codec->size;
	case JSON_TEXTS:
	case JSON_INTS:
	case JSON_CODEDS:
	case JSON_PAIRS:
	case JSON_KEYS:
	case JSON_OBJECTS:
	case JSON_MEMBERS:
		return sizeof(struct json_list);
	case JSON_OBJECT:
	case JSON_REFUSED:
		return 0;
	default:
		return sizeof(int64_t);
	}
}

static void rows_clear(const struct json_table *t, char *obj)
{
	for (size_t i = 0; i < t->count; i++)
		row_clear(&t->rows[i], obj);
	if (t->has_present)
		*(bool *)(obj + t->present) = false;
}

/* As if the key were absent. */
static void row_clear(const struct json_row *row, char *obj)
{
	bool number = row->kind == JSON_CHOICE || (row->kind >= JSON_I64 && row->kind <= JSON_LIMIT);

	if (row->kind == JSON_OBJECT)
		rows_clear(row->table, obj + row->offset);
	else if (number && !(row->flags & JSON_ZERO))
		*(int64_t *)(obj + row->offset) = JSON_UNSET;
	else
		memset(obj + row->offset, 0, row_size(row));
}

void json_init(const struct json_table *t, void *obj)
{
	memset(obj, 0, t->size);
	rows_clear(t, obj);
}

int json_merge(struct sv text, const struct json_table *t, struct arena *a, void *obj, struct err *e)
{
	struct json_decoder d = { .arena = a, .e = e };
	int r = json_text_init(&d.text, text, a, e);

	if (r == 0)
		r = decode_object(&d, NULL, t, obj);
	return r < 0 ? r : json_text_end(&d.text);
}

int json_decode(struct sv text, const struct json_table *t, struct arena *a, void *ret, struct err *e)
{
	void *obj = arena_alloc(a, t->size);
	int r;

	if (!obj)
		return err_oom(e);
	json_init(t, obj);
	r = json_merge(text, t, a, obj, e);
	if (r == 0)
		memcpy(ret, obj, t->size);
	return r;
}
