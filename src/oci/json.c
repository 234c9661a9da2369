/* SPDX-License-Identifier: Apache-2.0 */
/* Decoding: json-c makes a tree of the text, the tables walk it. Printing is in json_print.c. */
#include "oci/json.h"

#include "base/scope.h"
#include "oci/runtime_spec.h"

#include <json-c/json.h>

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>

/* Where we are in the document, as a chain of frames on the stack: costs nothing until there is an error. */
struct json_path {
	const struct json_path *up;
	const char *key; /* NULL: an index */
	size_t index;
};

struct decoder {
	struct sv text;
	struct arena *arena;
	struct err *e;
};

static void path_put(struct buf *b, const struct json_path *p)
{
	if (!p)
		return;
	path_put(b, p->up);
	if (!p->key)
		(void)buf_putf(b, "[%zu]", p->index);
	else
		(void)buf_putf(b, "%s%s", p->up ? "." : "", p->key);
}

static int fail(struct decoder *d, const struct json_path *p, int code, const char *text)
{
	scoped_buf b = BUF(4096);

	path_put(&b, p);
	return err_set(d->e, code, "%s: %s", b.len ? b.p : "document", text);
}

static const char *kind_name(struct json_object *v)
{
	switch (json_object_get_type(v)) {
	case json_type_null:
		return "null";
	case json_type_array:
		return "an array";
	case json_type_object:
		return "an object";
	case json_type_string:
		return "a string";
	default:
		return "a number";
	}
}

/* A short scalar is shown itself, what is longer by its kind. */
static int mistyped(struct decoder *d, const struct json_path *p, const char *expected, struct json_object *v)
{
	bool nested = json_object_is_type(v, json_type_array) || json_object_is_type(v, json_type_object);
	const char *shown = nested ? NULL : json_object_to_json_string_ext(v, JSON_C_TO_STRING_NOSLASHESCAPE);
	char text[160];

	if (!shown || strlen(shown) > 48)
		shown = kind_name(v);
	(void)snprintf(text, sizeof text, "expected %s, got %s", expected, shown);
	return fail(d, p, EINVAL, text);
}

/* ---- scalars ------------------------------------------------------------------------------------------------ */

static int get_sv(struct decoder *d, const struct json_path *p, struct json_object *v, struct sv *ret)
{
	struct sv s;

	if (!v) {
		*ret = SV("");
		return 0;
	}
	if (!json_object_is_type(v, json_type_string))
		return mistyped(d, p, "a string", v);
	s = (struct sv){ json_object_get_string(v), (size_t)json_object_get_string_len(v) };
	if (memchr(s.p, '\0', s.n))
		return fail(d, p, EINVAL, "text with a NUL byte");
	*ret = s;
	return 0;
}

static int get_text(struct decoder *d, const struct json_path *p, struct json_object *v, const char **ret)
{
	struct sv s;
	const char *copy;
	int r = get_sv(d, p, v, &s);

	if (r < 0)
		return r;
	copy = arena_sv(d->arena, s);
	if (!copy)
		return err_oom(d->e);
	*ret = copy;
	return 0;
}

static int get_int(struct decoder *d, const struct json_path *p, struct json_object *v, int64_t min, int64_t max,
		   int64_t *ret)
{
	char text[96];
	int64_t n;

	if (!json_object_is_type(v, json_type_int))
		return mistyped(d, p, "an integer", v);
	n = json_object_get_int64(v); /* saturates at INT64_MAX */
	if (n >= min && n <= max && (n < INT64_MAX || json_object_get_uint64(v) == INT64_MAX)) {
		*ret = n;
		return 0;
	}
	(void)snprintf(text, sizeof text, "%s is not between %" PRId64 " and %" PRId64, json_object_get_string(v), min,
		       max);
	return fail(d, p, EINVAL, text);
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* json-c turns an integer above UINT64_MAX into UINT64_MAX and tells nobody. So when that number turns up, the text is
 * searched for one that is larger: an integer of the document that does not fit. */
static bool has_too_large(struct sv text)
{
	bool quoted = false;
	uint64_t n;

	for (size_t i = 0; i < text.n; i++) {
		size_t from = i;

		if (text.p[i] == '"')
			quoted = !quoted;
		else if (quoted && text.p[i] == '\\')
			i++;
		if (quoted || !is_digit(text.p[i]) || (i && strchr(".eE+-", text.p[i - 1])))
			continue;
		while (i + 1 < text.n && is_digit(text.p[i + 1]))
			i++;
		if (i + 1 < text.n && strchr(".eE", text.p[i + 1]))
			continue;
		if (sv_u64((struct sv){ text.p + from, i + 1 - from }, &n) == -ERANGE)
			return true;
	}
	return false;
}

static int get_u64(struct decoder *d, const struct json_path *p, const struct json_row *row, struct json_object *v,
		   uint64_t *ret)
{
	bool no_limit;

	if (!json_object_is_type(v, json_type_int))
		return mistyped(d, p, "an integer", v);
	no_limit = (row->flags & JSON_SIGNED) && json_object_get_int64(v) == -1;
	if (json_object_get_int64(v) < 0 && !no_limit)
		return fail(d, p, EINVAL, "a number below 0");
	if (!no_limit && json_object_get_uint64(v) == UINT64_MAX && has_too_large(d->text))
		return fail(d, p, EINVAL, "a number above 18446744073709551615");
	*ret = no_limit ? UINT64_MAX : json_object_get_uint64(v);
	return 0;
}

static int get_bool(struct decoder *d, const struct json_path *p, struct json_object *v, bool *ret)
{
	if (!json_object_is_type(v, json_type_boolean))
		return mistyped(d, p, "true or false", v);
	*ret = json_object_get_boolean(v);
	return 0;
}

static int get_coded(struct decoder *d, const struct json_path *p, const struct json_codec *c, struct json_object *v,
		     void *ret)
{
	struct err inner = { 0 };
	struct sv s;
	int r = get_sv(d, p, v, &s);

	if (r < 0)
		return r;
	r = c->parse(s, ret, &inner);
	return r < 0 ? fail(d, p, -r, inner.msg) : 0;
}

/* ---- lists and maps ----------------------------------------------------------------------------------------- */

static int decode_object(struct decoder *d, const struct json_path *p, const struct json_table *t,
			 struct json_object *v, void *obj);

static int get_item(struct decoder *d, const struct json_path *p, const struct json_row *row, struct json_object *v,
		    void *ret)
{
	switch (row->kind) {
	case JSON_TEXTS:
		return get_text(d, p, v, ret);
	case JSON_INTS:
		return get_int(d, p, v, 0, UINT32_MAX, ret);
	case JSON_CODEDS:
		return get_coded(d, p, row->codec, v, ret);
	default:
		json_init(row->table, ret);
		return decode_object(d, p, row->table, v, ret);
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

static int get_list(struct decoder *d, const struct json_path *p, const struct json_row *row, struct json_object *v,
		    struct json_list *ret)
{
	size_t n, size = item_size(row);
	struct json_path at = { .up = p };
	char *items;
	int r;

	if (!json_object_is_type(v, json_type_array))
		return mistyped(d, p, "an array", v);
	n = json_object_array_length(v);
	items = n ? arena_array(d->arena, n, size) : NULL;
	if (n && !items)
		return err_oom(d->e);
	for (size_t i = 0; i < n; i++) {
		at.index = i;
		r = get_item(d, &at, row, json_object_array_get_idx(v, i), items + i * size);
		if (r < 0)
			return r;
	}
	*ret = (struct json_list){ items, n };
	return 0;
}

static int get_pairs(struct decoder *d, const struct json_path *p, struct json_object *v, struct oci_pairs *ret)
{
	struct oci_pairs list = { 0 };
	struct json_path at = { .up = p };
	struct oci_pair *pair;
	int r;

	if (!json_object_is_type(v, json_type_object))
		return mistyped(d, p, "an object", v);
	list.v = arena_array(d->arena, (size_t)json_object_object_length(v), sizeof *list.v);
	if (!list.v)
		return err_oom(d->e);
	json_object_object_foreach(v, key, value) {
		pair = &list.v[list.n++];
		at.key = key;
		pair->key = arena_str(d->arena, key);
		if (!pair->key)
			return err_oom(d->e);
		r = get_text(d, &at, value, &pair->value);
		if (r < 0)
			return r;
	}
	*ret = list;
	return 0;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int get_keys(struct decoder *d, const struct json_path *p, struct json_object *v, struct oci_strings *ret)
{
	struct oci_strings list = { 0 };

	if (!json_object_is_type(v, json_type_object))
		return mistyped(d, p, "an object", v);
	list.v = arena_array(d->arena, (size_t)json_object_object_length(v), sizeof *list.v);
	if (!list.v)
		return err_oom(d->e);
	json_object_object_foreach(v, key, value) {
		(void)value;
		list.v[list.n] = arena_str(d->arena, key);
		if (!list.v[list.n++])
			return err_oom(d->e);
	}
	qsort(list.v, list.n, sizeof *list.v, by_text);
	*ret = list;
	return 0;
}

/* ---- what is refused ---------------------------------------------------------------------------------------- */

/* Engines write empty sections of what they do not use. A scalar that is there asks for something. */
static bool asks_nothing(struct json_object *v)
{
	if (json_object_is_type(v, json_type_array))
		return json_object_array_length(v) == 0;
	if (json_object_is_type(v, json_type_string))
		return json_object_get_string_len(v) == 0;
	if (!json_object_is_type(v, json_type_object))
		return !v;
	json_object_object_foreach(v, key, value) {
		(void)key;
		if (!asks_nothing(value))
			return false;
	}
	return true;
}

static int refuse(struct decoder *d, const struct json_path *p, struct json_object *v)
{
	struct json_path at = { .up = p };

	if (asks_nothing(v))
		return 0;
	if (json_object_is_type(v, json_type_object)) {
		json_object_object_foreach(v, key, value) {
			at.key = key;
			if (!asks_nothing(value))
				return refuse(d, &at, value);
		}
	}
	return fail(d, p, ENOTSUP, "not supported");
}

/* ---- objects ------------------------------------------------------------------------------------------------ */

static int get_number(struct decoder *d, const struct json_path *p, const struct json_row *row, struct json_object *v,
		      void *ret)
{
	switch (row->kind) {
	case JSON_I64: /* the smallest number means "absent" here: refuse it */
		return get_int(d, p, v, INT64_MIN + 1, INT64_MAX, ret);
	case JSON_COUNT:
		return get_int(d, p, v, 0, INT64_MAX, ret);
	case JSON_U32:
		return get_int(d, p, v, 0, UINT32_MAX, ret);
	default:
		return get_int(d, p, v, 0, UINT16_MAX, ret);
	}
}

static int get_choice(struct decoder *d, const struct json_path *p, struct json_object *v, int64_t *ret)
{
	bool b = false;
	int r = get_bool(d, p, v, &b);

	if (r == 0)
		*ret = b;
	return r;
}

static int decode_value(struct decoder *d, const struct json_path *p, const struct json_row *row,
			struct json_object *v, void *ret)
{
	switch (row->kind) {
	case JSON_TEXT:
		return get_text(d, p, v, ret);
	case JSON_BOOL:
		return get_bool(d, p, v, ret);
	case JSON_CHOICE:
		return get_choice(d, p, v, ret);
	case JSON_U64:
		return get_u64(d, p, row, v, ret);
	case JSON_CODED:
		return get_coded(d, p, row->codec, v, ret);
	case JSON_PAIRS:
		return get_pairs(d, p, v, ret);
	case JSON_KEYS:
		return get_keys(d, p, v, ret);
	case JSON_OBJECT:
		return decode_object(d, p, row->table, v, ret);
	case JSON_REFUSED:
		return refuse(d, p, v);
	case JSON_TEXTS:
	case JSON_INTS:
	case JSON_CODEDS:
	case JSON_OBJECTS:
		return get_list(d, p, row, v, ret);
	default:
		return get_number(d, p, row, v, ret);
	}
}

static const struct json_row *find_row(const struct json_table *t, const char *key)
{
	for (size_t i = 0; i < t->count; i++)
		if (strcmp(t->rows[i].key, key) == 0)
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

static int check_required(struct decoder *d, const struct json_path *p, const struct json_table *t, uint64_t seen,
			  const char *obj)
{
	struct json_path at = { .up = p };

	for (size_t i = 0; i < t->count; i++) {
		const struct json_row *row = &t->rows[i];

		at.key = row->key;
		if (!(row->flags & JSON_REQUIRED))
			continue;
		if (!(seen & (UINT64_C(1) << i)))
			return fail(d, &at, EINVAL, "missing");
		if (is_empty(row, obj + row->offset))
			return fail(d, &at, EINVAL, "empty");
	}
	return 0;
}

static int decode_object(struct decoder *d, const struct json_path *p, const struct json_table *t,
			 struct json_object *v, void *obj)
{
	struct json_path at = { .up = p };
	const struct json_row *row;
	uint64_t seen = 0;
	int r;

	if (!json_object_is_type(v, json_type_object))
		return mistyped(d, p, "an object", v);
	json_object_object_foreach(v, key, value) {
		row = value ? find_row(t, key) : NULL;
		if (!row)
			continue;
		at.key = key;
		r = decode_value(d, &at, row, value, (char *)obj + row->offset);
		if (r < 0)
			return r;
		seen |= UINT64_C(1) << (row - t->rows);
	}
	if (t->has_present)
		*(bool *)((char *)obj + t->present) = true;
	return check_required(d, p, t, seen, obj);
}

/* ---- the document ------------------------------------------------------------------------------------------- */

static void tokener_end(struct json_tokener **t)
{
	if (*t)
		json_tokener_free(*t);
}

static void object_end(struct json_object **o)
{
	(void)json_object_put(*o);
}

static int malformed(struct sv text, size_t at, const char *what, struct err *e)
{
	size_t line = 1, column = 1;

	for (size_t i = 0; i < at && i < text.n; i++) {
		column = text.p[i] == '\n' ? 1 : column + 1;
		line += text.p[i] == '\n';
	}
	return err_set(e, EINVAL, "not JSON: line %zu, column %zu: %s", line, column, what);
}

static int tree_parse(struct sv text, struct json_object **ret, struct err *e)
{
	SCOPED(tokener_end) struct json_tokener *t = json_tokener_new_ex(JSON_DEPTH);
	struct json_object *root;
	enum json_tokener_error failed;
	size_t end;

	if (!t)
		return err_oom(e);
	if (text.n > INT_MAX)
		return err_set(e, EINVAL, "not JSON: more than %d bytes", INT_MAX);
	json_tokener_set_flags(t, JSON_TOKENER_STRICT);
	root = json_tokener_parse_ex(t, text.n ? text.p : "", (int)text.n);
	failed = json_tokener_get_error(t);
	end = json_tokener_get_parse_end(t);
	if (failed == json_tokener_success && end == text.n) {
		*ret = root;
		return 0;
	}
	(void)json_object_put(root);
	if (failed == json_tokener_continue)
		return malformed(text, text.n, "the text ends too early", e);
	return malformed(text, end, failed ? json_tokener_error_desc(failed) : "more after the document's end", e);
}

static void init_number(const struct json_row *row, void *value)
{
	bool unset = row->kind == JSON_CHOICE || (row->kind >= JSON_I64 && row->kind <= JSON_U16);

	if (unset && !(row->flags & JSON_ZERO))
		*(int64_t *)value = JSON_UNSET;
}

static void init_rows(const struct json_table *t, char *obj)
{
	for (size_t i = 0; i < t->count; i++) {
		const struct json_row *row = &t->rows[i];

		if (row->kind == JSON_OBJECT)
			init_rows(row->table, obj + row->offset);
		else
			init_number(row, obj + row->offset);
	}
}

void json_init(const struct json_table *t, void *obj)
{
	memset(obj, 0, t->size);
	init_rows(t, obj);
}

int json_decode(struct sv text, const struct json_table *t, struct arena *a, void *ret, struct err *e)
{
	SCOPED(object_end) struct json_object *root = NULL;
	struct decoder d = { .text = text, .arena = a, .e = e };
	void *obj;
	int r;

	r = tree_parse(text, &root, e);
	if (r < 0)
		return r;
	obj = arena_alloc(a, t->size);
	if (!obj)
		return err_oom(e);
	json_init(t, obj);
	r = decode_object(&d, NULL, t, root, obj);
	if (r < 0)
		return r;
	memcpy(ret, obj, t->size);
	return 0;
}
