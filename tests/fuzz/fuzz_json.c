/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_json.c - any bytes as a JSON document: our reader and json-c must take the same and see the same in it.
 *
 * json-c also takes the bare words NaN and Infinity, and a number is a number to it as soon as strtod(3) likes it; that is
 * all that it may take and we not. */
#include "oci/json.h"
#include "oci/json_text.h"

#include "base/limits.h"
#include "base/scope.h"

#include <json-c/json.h>

#include <math.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int take(struct json_text *t, struct json_object **ret);

static int take_object(struct json_text *t, struct json_object *o)
{
	bool first = true;
	struct sv key;
	int r = json_text_enter(t);

	while (r == 0 && (r = json_text_key(t, &first, &key)) == 1) {
		struct json_object *value = NULL;

		r = take(t, &value);
		if (r == 0)
			json_object_object_add(o, key.p, value); /* json-c ends a key at a NUL, too */
	}
	return r;
}

static int take_array(struct json_text *t, struct json_object *o)
{
	bool first = true;
	int r = json_text_enter(t);

	while (r == 0 && (r = json_text_item(t, &first)) == 1) {
		struct json_object *value = NULL;

		r = take(t, &value);
		if (r == 0)
			json_object_array_add(o, value);
	}
	return r;
}

/* json-c: an integer that does not fit becomes the nearest that does */
static struct json_object *number(struct sv s)
{
	int64_t i;
	uint64_t u;
	int r;

	if (memchr(s.p, '.', s.n) || memchr(s.p, 'e', s.n) || memchr(s.p, 'E', s.n))
		return json_object_new_double(strtod(s.p, NULL));
	r = sv_i64(s, &i);
	if (r == 0)
		return json_object_new_int64(i);
	if (s.p[0] == '-')
		return json_object_new_int64(INT64_MIN);
	return json_object_new_uint64(sv_u64(s, &u) == 0 ? u : UINT64_MAX);
}

static int take(struct json_text *t, struct json_object **ret)
{
	struct sv s;
	bool flag;
	int r;

	switch (json_text_kind(t)) {
	case JSON_VALUE_NULL:
		return json_text_null(t);
	case JSON_VALUE_BOOL:
		r = json_text_bool(t, &flag);
		*ret = r < 0 ? NULL : json_object_new_boolean(flag);
		return r;
	case JSON_VALUE_NUMBER:
		r = json_text_number(t, &s);
		*ret = r < 0 ? NULL : number(s);
		return r;
	case JSON_VALUE_STRING:
		r = json_text_string(t, &s);
		*ret = r < 0 ? NULL : json_object_new_string_len(s.p, (int)s.n);
		return r;
	case JSON_VALUE_ARRAY:
		*ret = json_object_new_array();
		r = take_array(t, *ret);
		break;
	case JSON_VALUE_OBJECT:
		*ret = json_object_new_object();
		r = take_object(t, *ret);
		break;
	default:
		return json_text_skip(t);
	}
	if (r < 0)
		json_object_put(*ret);
	return r;
}

/* A blank behind it tells json-c that a number has ended. */
static bool theirs(struct sv text, struct json_object **ret)
{
	struct json_tokener *t = json_tokener_new_ex(LIMIT_DEPTH + 1);
	char *copy = malloc(text.n + 1);
	bool ok;

	if (text.n)
		memcpy(copy, text.p, text.n);
	copy[text.n] = ' ';
	json_tokener_set_flags(t, JSON_TOKENER_STRICT);
	*ret = json_tokener_parse_ex(t, copy, (int)text.n + 1);
	ok = json_tokener_get_error(t) == json_tokener_success && json_tokener_get_parse_end(t) >= text.n;
	json_tokener_free(t);
	free(copy);
	if (!ok) {
		json_object_put(*ret);
		*ret = NULL;
	}
	return ok;
}

static bool ours(struct sv text, struct json_object **ret, struct err *e)
{
	scoped_arena a = ARENA(LIMIT_ARENA_SPEC);
	struct json_text t;
	int r = json_text_init(&t, text, &a, e);

	*ret = NULL;
	if (r == 0)
		r = take(&t, ret);
	if (r == 0 && (r = json_text_end(&t)) < 0)
		json_object_put(*ret);
	if (r < 0)
		*ret = NULL;
	return r == 0;
}

static bool is_lenient(struct sv text, const struct err *ours)
{
	if (strstr(ours->msg, "a digit expected") || strstr(ours->msg, "a number that begins with 0"))
		return true;
	if (text.n && strchr(".eE+-", text.p[text.n - 1])) /* the same at the text's end */
		return true;
	return memmem(text.p, text.n, "NaN", 3) || memmem(text.p, text.n, "Infinity", 8);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sv text = { (const char *)data, size };
	struct json_object *a, *b;
	struct err e = { 0 };
	bool we = ours(text, &a, &e), they = theirs(text, &b);

	if (!we && (!e.code || !*e.msg))
		abort();
	if (we != they && !(they && is_lenient(text, &e)))
		abort();
	if (we && !json_object_equal(a, b))
		abort();
	json_object_put(a);
	json_object_put(b);
	return 0;
}
