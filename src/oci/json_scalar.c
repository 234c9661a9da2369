/* SPDX-License-Identifier: Apache-2.0 */
/* json_scalar.c - texts, numbers, choices; and what is said of a value that is none of them. */
#include "oci/json_priv.h"

#include "base/scope.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

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

int json_fail(struct json_decoder *d, const struct json_path *p, int code, const char *text)
{
	scoped_buf b = BUF(4096);

	path_put(&b, p);
	return err_set(d->e, code, "%s: %s", b.len ? b.p : "document", text);
}

static const char *kind_name(enum json_value kind)
{
	switch (kind) {
	case JSON_VALUE_NULL:
		return "null";
	case JSON_VALUE_ARRAY:
		return "an array";
	case JSON_VALUE_OBJECT:
		return "an object";
	case JSON_VALUE_STRING:
		return "a string";
	default:
		return "a number";
	}
}

static int expected(struct json_decoder *d, const struct json_path *p, const char *what, struct sv got)
{
	char text[160];

	(void)snprintf(text, sizeof text, "expected %s, got " SV_FMT, what, SV_ARG(got));
	return json_fail(d, p, EINVAL, text);
}

/* A short scalar is shown itself, what is longer by its kind. */
int json_mistyped(struct json_decoder *d, const struct json_path *p, const char *what)
{
	enum json_value kind = json_text_kind(&d->text);
	size_t at = json_text_at(&d->text);
	struct sv got;
	int r = json_text_skip(&d->text);

	if (r < 0)
		return r;
	got = json_text_since(&d->text, at);
	return expected(d, p, what, got.n > 48 || kind >= JSON_VALUE_ARRAY ? sv_from(kind_name(kind)) : got);
}

/* ---- scalars ------------------------------------------------------------------------------------------------ */

/* In a list or as the value of a pair null is the empty text. */
static int get_sv(struct json_decoder *d, const struct json_path *p, struct sv *ret)
{
	enum json_value kind = json_text_kind(&d->text);
	struct sv s = SV("");
	int r;

	if (kind != JSON_VALUE_STRING && kind != JSON_VALUE_NULL)
		return json_mistyped(d, p, "a string");
	r = kind == JSON_VALUE_NULL ? json_text_null(&d->text) : json_text_string(&d->text, &s);
	if (r < 0)
		return r;
	if (memchr(s.p, '\0', s.n))
		return json_fail(d, p, EINVAL, "text with a NUL byte");
	*ret = s;
	return 0;
}

int json_get_text(struct json_decoder *d, const struct json_path *p, const char **ret)
{
	struct sv s;
	int r = get_sv(d, p, &s);

	if (r == 0)
		*ret = s.p;
	return r;
}

static int get_number(struct json_decoder *d, const struct json_path *p, struct sv *ret)
{
	struct sv s;
	int r;

	if (json_text_kind(&d->text) != JSON_VALUE_NUMBER)
		return json_mistyped(d, p, "an integer");
	r = json_text_number(&d->text, &s);
	if (r < 0)
		return r;
	for (size_t i = 0; i < s.n; i++)
		if (strchr(".eE", s.p[i]))
			return expected(d, p, "an integer", s);
	*ret = s;
	return 0;
}

int json_get_int(struct json_decoder *d, const struct json_path *p, int64_t min, int64_t max, int64_t *ret)
{
	char text[160];
	struct sv s;
	int64_t n;
	int r = get_number(d, p, &s);

	if (r < 0)
		return r;
	if (sv_i64(s, &n) == 0 && n >= min && n <= max) {
		*ret = n;
		return 0;
	}
	(void)snprintf(text, sizeof text, "%.*s%s is not between %" PRId64 " and %" PRId64, s.n > 48 ? 48 : (int)s.n,
		       s.p, s.n > 48 ? "..." : "", min, max);
	return json_fail(d, p, EINVAL, text);
}

int json_get_u64(struct json_decoder *d, const struct json_path *p, const struct json_row *row, uint64_t *ret)
{
	struct sv s;
	int64_t below;
	int r = get_number(d, p, &s);

	if (r < 0)
		return r;
	if (s.p[0] != '-')
		return sv_u64(s, ret) == 0 ? 0 : json_fail(d, p, EINVAL, "a number above 18446744073709551615");
	if (sv_i64(s, &below) < 0 || below < -1 || (below == -1 && !(row->flags & JSON_SIGNED)))
		return json_fail(d, p, EINVAL, "a number below 0");
	*ret = (uint64_t)below;
	return 0;
}

int json_get_bool(struct json_decoder *d, const struct json_path *p, bool *ret)
{
	if (json_text_kind(&d->text) != JSON_VALUE_BOOL)
		return json_mistyped(d, p, "true or false");
	return json_text_bool(&d->text, ret);
}

int json_get_coded(struct json_decoder *d, const struct json_path *p, const struct json_codec *c, void *ret)
{
	struct err inner = { 0 };
	struct sv s;
	int r = get_sv(d, p, &s);

	if (r < 0)
		return r;
	r = c->parse(s, ret, &inner);
	return r < 0 ? json_fail(d, p, -r, inner.msg) : 0;
}

int json_get_limit(struct json_decoder *d, const struct json_path *p, int64_t *ret)
{
	struct sv word;
	int r;

	if (json_text_kind(&d->text) != JSON_VALUE_STRING)
		return json_get_int(d, p, INT64_MIN + 1, INT64_MAX, ret);
	r = json_text_string(&d->text, &word);
	if (r == 0 && !sv_is(word, "max"))
		return expected(d, p, "an integer or \"max\"", word);
	if (r == 0)
		*ret = INT64_MAX;
	return r;
}

int json_get_choice(struct json_decoder *d, const struct json_path *p, int64_t *ret)
{
	bool b = false;
	int r = json_get_bool(d, p, &b);

	if (r == 0)
		*ret = b;
	return r;
}
