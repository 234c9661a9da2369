/* SPDX-License-Identifier: Apache-2.0 */
/* The copy ends in a NUL, so no loop looks for the end: a NUL ends each of them, and only then it matters whether it is
 * the document's own. */
#include "oci/json_text.h"

#include "base/limits.h"
#include "oci/json.h"

#include <errno.h>
#include <string.h>

static int malformed(struct json_text *t, const char *what)
{
	size_t at = (size_t)(t->p - t->copy), line = 1, column = 1;

	if (t->p == t->end)
		what = "the text ends too early";
	for (size_t i = 0; i < at; i++) {
		column = t->original.p[i] == '\n' ? 1 : column + 1;
		line += t->original.p[i] == '\n';
	}
	return err_set(t->e, EINVAL, "not JSON: line %zu, column %zu: %s", line, column, what);
}

static void skip_blanks(struct json_text *t)
{
	while (*t->p == ' ' || *t->p == '\n' || *t->p == '\t' || *t->p == '\r')
		t->p++;
}

int json_text_init(struct json_text *t, struct sv document, struct arena *a, struct err *e)
{
	char *copy = document.n < SIZE_MAX ? arena_alloc(a, document.n + 1) : NULL;

	if (!copy)
		return err_oom(e);
	if (document.n)
		memcpy(copy, document.p, document.n);
	*t = (struct json_text){ .original = document, .copy = copy, .p = copy, .end = copy + document.n, .e = e };
	return 0;
}

int json_text_end(struct json_text *t)
{
	skip_blanks(t);
	return t->p == t->end ? 0 : malformed(t, "unexpected character");
}

enum json_value json_text_kind(struct json_text *t)
{
	skip_blanks(t);
	switch (*t->p) {
	case '{':
		return JSON_VALUE_OBJECT;
	case '[':
		return JSON_VALUE_ARRAY;
	case '"':
		return JSON_VALUE_STRING;
	case 't':
	case 'f':
		return JSON_VALUE_BOOL;
	case 'n':
		return JSON_VALUE_NULL;
	default:
		return *t->p == '-' || (*t->p >= '0' && *t->p <= '9') ? JSON_VALUE_NUMBER : JSON_VALUE_NONE;
	}
}

/* ---- strings ------------------------------------------------------------------------------------------------ */

static int hex4(const char *p)
{
	int v = 0;

	for (int i = 0; i < 4; i++) {
		char c = p[i];

		if (c >= '0' && c <= '9')
			v = v << 4 | (c - '0');
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			v = v << 4 | ((c | 0x20) - 'a' + 10);
		else
			return -1;
	}
	return v;
}

static char *put_utf8(char *to, unsigned c)
{
	if (c < 0x80) {
		*to++ = (char)c;
		return to;
	}
	if (c < 0x800) {
		*to++ = (char)(0xc0 | c >> 6);
	} else if (c < 0x10000) {
		*to++ = (char)(0xe0 | c >> 12);
		*to++ = (char)(0x80 | (c >> 6 & 0x3f));
	} else {
		*to++ = (char)(0xf0 | c >> 18);
		*to++ = (char)(0x80 | (c >> 12 & 0x3f));
		*to++ = (char)(0x80 | (c >> 6 & 0x3f));
	}
	*to++ = (char)(0x80 | (c & 0x3f));
	return to;
}

/* \uXXXX, or two that are a pair; half a pair is U+FFFD. t->p stands at the u; what it becomes is never longer. */
static int unescape_unicode(struct json_text *t, char **to)
{
	int c = hex4(t->p + 1), low = -1;

	if (c < 0)
		return malformed(t, "\\u and four hexadecimal digits expected");
	t->p += 5;
	if (c >= 0xd800 && c < 0xdc00 && t->p[0] == '\\' && t->p[1] == 'u')
		low = hex4(t->p + 2);
	if (low >= 0xdc00 && low < 0xe000) {
		c = 0x10000 + ((c - 0xd800) << 10 | (low - 0xdc00));
		t->p += 6;
	} else if (c >= 0xd800 && c < 0xe000) {
		c = 0xfffd;
	}
	*to = put_utf8(*to, (unsigned)c);
	return 0;
}

/* t->p stands behind the backslash */
static int unescape(struct json_text *t, char **to)
{
	static const char from[] = "\"\\/bfnrt", into[] = "\"\\/\b\f\n\r\t";
	const char *found = *t->p ? strchr(from, *t->p) : NULL;

	if (*t->p == 'u')
		return unescape_unicode(t, to);
	if (!found)
		return malformed(t, "no such escape");
	*(*to)++ = into[found - from];
	t->p++;
	return 0;
}

/* The rest of a string from its first escape on: it moves down. */
static int string_escaped(struct json_text *t, char **to)
{
	while (*t->p != '"') {
		char c = *t->p;

		if (c == '\\') {
			int r;

			t->p++;
			r = unescape(t, to);
			if (r < 0)
				return r;
			continue;
		}
		if (!c)
			return malformed(t, "a NUL byte");
		*(*to)++ = c;
		t->p++;
	}
	return 0;
}

int json_text_string(struct json_text *t, struct sv *ret)
{
	char *from = ++t->p, *to;
	int r = 0;

	while (*t->p != '"' && *t->p != '\\' && *t->p)
		t->p++;
	to = t->p;
	if (*t->p != '"')
		r = string_escaped(t, &to);
	if (r < 0)
		return r;
	t->p++;
	*to = '\0';
	*ret = (struct sv){ from, (size_t)(to - from) };
	return 0;
}

/* ---- other values ------------------------------------------------------------------------------------------- */

static int digits(struct json_text *t)
{
	if (*t->p < '0' || *t->p > '9')
		return malformed(t, "a digit expected");
	while (*t->p >= '0' && *t->p <= '9')
		t->p++;
	return 0;
}

int json_text_number(struct json_text *t, struct sv *ret)
{
	const char *from = t->p;
	int r;

	t->p += *t->p == '-';
	if (t->p[0] == '0' && t->p[1] >= '0' && t->p[1] <= '9')
		return malformed(t, "a number that begins with 0");
	r = digits(t);
	if (r == 0 && *t->p == '.') {
		t->p++;
		r = digits(t);
	}
	if (r == 0 && (*t->p == 'e' || *t->p == 'E')) {
		t->p++;
		t->p += *t->p == '+' || *t->p == '-';
		r = digits(t);
	}
	if (r == 0)
		*ret = (struct sv){ from, (size_t)(t->p - from) };
	return r;
}

static int word(struct json_text *t, const char *expected)
{
	for (; *expected; expected++, t->p++)
		if (*t->p != *expected)
			return malformed(t, "unexpected character");
	return 0;
}

int json_text_bool(struct json_text *t, bool *ret)
{
	bool yes = *t->p == 't';
	int r = word(t, yes ? "true" : "false");

	if (r == 0)
		*ret = yes;
	return r;
}

int json_text_null(struct json_text *t)
{
	return word(t, "null");
}

/* ---- objects and arrays ------------------------------------------------------------------------------------- */

int json_text_enter(struct json_text *t)
{
	if (t->depth == LIMIT_DEPTH)
		return malformed(t, "nesting too deep");
	t->depth++;
	t->p++;
	return 0;
}

/* 1: an element comes; 0: there is no more. After a comma there must be one: whoever takes it says so. */
static int element(struct json_text *t, bool *first, char close)
{
	skip_blanks(t);
	if (*t->p == close) {
		t->p++;
		t->depth--;
		return 0;
	}
	if (!*first && *t->p != ',')
		return malformed(t, "a comma or the end of the list expected");
	if (!*first)
		t->p++;
	*first = false;
	skip_blanks(t);
	return 1;
}

int json_text_item(struct json_text *t, bool *first)
{
	return element(t, first, ']');
}

int json_text_key(struct json_text *t, bool *first, struct sv *ret)
{
	int r = element(t, first, '}');

	if (r <= 0)
		return r;
	if (*t->p != '"')
		return malformed(t, "a quoted name expected");
	r = json_text_string(t, ret);
	if (r < 0)
		return r;
	skip_blanks(t);
	if (*t->p != ':')
		return malformed(t, "a colon expected");
	t->p++;
	return 1;
}

static int skip_elements(struct json_text *t, bool object)
{
	bool first = true;
	struct sv key;
	int r = json_text_enter(t);

	if (r < 0)
		return r;
	while ((r = object ? json_text_key(t, &first, &key) : json_text_item(t, &first)) == 1) {
		r = json_text_skip(t);
		if (r < 0)
			return r;
	}
	return r;
}

int json_text_skip(struct json_text *t)
{
	struct sv text;
	bool flag;

	switch (json_text_kind(t)) {
	case JSON_VALUE_NULL:
		return json_text_null(t);
	case JSON_VALUE_BOOL:
		return json_text_bool(t, &flag);
	case JSON_VALUE_NUMBER:
		return json_text_number(t, &text);
	case JSON_VALUE_STRING:
		return json_text_string(t, &text);
	case JSON_VALUE_ARRAY:
		return skip_elements(t, false);
	case JSON_VALUE_OBJECT:
		return skip_elements(t, true);
	default:
		return malformed(t, "unexpected character");
	}
}

/* ---- for errors --------------------------------------------------------------------------------------------- */

size_t json_text_at(struct json_text *t)
{
	skip_blanks(t);
	return (size_t)(t->p - t->copy);
}

struct sv json_text_since(const struct json_text *t, size_t from)
{
	return (struct sv){ t->original.p + from, (size_t)(t->p - t->copy) - from };
}
