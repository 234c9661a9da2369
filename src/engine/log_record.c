/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/log_record.h"

#include "engine/timestamp.h"

#include <errno.h>
#include <string.h>

static struct sv rest_of(struct sv s, size_t n)
{
	return (struct sv){ s.p + n, s.n - n };
}

static bool take_char(struct sv *s, char c)
{
	if (!s->n || s->p[0] != c)
		return false;
	*s = rest_of(*s, 1);
	return true;
}

static int hex4(struct sv s, unsigned *ret)
{
	unsigned v = 0;

	if (s.n < 4)
		return -EINVAL;
	for (size_t i = 0; i < 4; i++) {
		char c = s.p[i];
		int digit = c >= '0' && c <= '9' ? c - '0' :
			    c >= 'a' && c <= 'f' ? c - 'a' + 10 :
			    c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;

		if (digit < 0)
			return -EINVAL;
		v = v << 4 | (unsigned)digit;
	}
	*ret = v;
	return 0;
}

static void put_rune(struct buf *out, unsigned c)
{
	unsigned char b[4];
	size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

	if (n == 1) {
		b[0] = (unsigned char)c;
	} else {
		for (size_t i = n; i-- > 1; c >>= 6)
			b[i] = (unsigned char)(0x80 | (c & 0x3f));
		b[0] = (unsigned char)((0xf00 >> n & 0xf0) | c);
	}
	(void)buf_put(out, b, n);
}

/* After "\u": perhaps a pair of surrogates; one alone is U+FFFD, as Go has it. */
static int take_rune(struct sv *s, struct buf *out)
{
	unsigned c, low;

	if (hex4(*s, &c) < 0)
		return -EINVAL;
	*s = rest_of(*s, 4);
	if (c >= 0xd800 && c < 0xdc00 && s->n >= 6 && s->p[0] == '\\' && s->p[1] == 'u' &&
	    hex4(rest_of(*s, 2), &low) == 0 && low >= 0xdc00 && low < 0xe000) {
		c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
		*s = rest_of(*s, 6);
	}
	put_rune(out, c >= 0xd800 && c < 0xe000 ? 0xfffd : c);
	return 0;
}

static int take_escape(struct sv *s, struct buf *out)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char *at;

	if (!s->n)
		return -EINVAL;
	if (take_char(s, 'u'))
		return take_rune(s, out);
	at = memchr(from, s->p[0], sizeof from - 1);
	if (!at)
		return -EINVAL;
	*s = rest_of(*s, 1);
	return buf_put(out, to + (at - from), 1);
}

/* A string from its first quote; out NULL: only passed over. */
static int take_string(struct sv *s, struct buf *out)
{
	if (!take_char(s, '"'))
		return -EINVAL;
	while (s->n) {
		size_t n = 0;

		while (n < s->n && s->p[n] != '"' && s->p[n] != '\\')
			n++;
		(void)buf_put(out, s->p, n);
		*s = rest_of(*s, n);
		if (take_char(s, '"'))
			return 0;
		if (!take_char(s, '\\') || take_escape(s, out) < 0)
			return -EINVAL;
	}
	return -EINVAL;
}

/* An object without others in it: up to the brace outside of strings. */
static int take_object(struct sv *s, struct sv *ret)
{
	bool quoted = false;

	for (size_t i = 0; i < s->n; i++) {
		if (quoted && s->p[i] == '\\')
			i++;
		else if (s->p[i] == '"')
			quoted = !quoted;
		else if (!quoted && s->p[i] == '}') {
			*ret = (struct sv){ s->p, i + 1 };
			*s = rest_of(*s, i + 1);
			return 0;
		}
	}
	return -EINVAL;
}

/* What is not the text is short, and has no use for escapes. */
static int take_plain(struct sv *s, struct sv *ret)
{
	const char *end = s->n && s->p[0] == '"' ? memchr(s->p + 1, '"', s->n - 1) : NULL;

	if (!end)
		return -EINVAL;
	*ret = (struct sv){ s->p + 1, (size_t)(end - s->p) - 1 };
	*s = rest_of(*s, ret->n + 2);
	return 0;
}

static int take_field(struct sv *s, struct buf *text, struct log_record *r)
{
	struct sv name, value;

	if (take_plain(s, &name) < 0 || !take_char(s, ':'))
		return -EINVAL;
	if (sv_is(name, "log"))
		return take_string(s, text);
	if (sv_is(name, "attrs"))
		return s->n && s->p[0] == '{' ? take_object(s, &r->attrs) : -EINVAL;
	if (take_plain(s, &value) < 0)
		return -EINVAL;
	if (sv_is(name, "stream"))
		r->is_stderr = sv_is(value, "stderr");
	else if (sv_is(name, "time"))
		return timestamp_rfc3339(value, &r->time_ns);
	return 0;
}

int log_record_parse(struct sv line, struct buf *text, struct log_record *ret)
{
	struct log_record r = { .time_ns = 0 };

	buf_reset(text);
	line = sv_trim(line);
	if (!take_char(&line, '{'))
		return -EINVAL;
	do
		if (take_field(&line, text, &r) < 0)
			return -EINVAL;
	while (take_char(&line, ','));
	if (!take_char(&line, '}') || line.n || buf_status(text, NULL) < 0)
		return -EINVAL;
	r.text = buf_sv(text);
	*ret = r;
	return 0;
}

void log_attrs_print(struct sv attrs, struct buf *out)
{
	bool more = take_char(&attrs, '{') && attrs.n && attrs.p[0] == '"', first = true;

	while (more) {
		(void)buf_puts(out, first ? "" : ",");
		first = false;
		if (take_string(&attrs, out) < 0 || !take_char(&attrs, ':'))
			return;
		(void)buf_puts(out, "=");
		if (take_string(&attrs, out) < 0)
			return;
		more = take_char(&attrs, ',');
	}
}
