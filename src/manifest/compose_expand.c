/* SPDX-License-Identifier: Apache-2.0 */
/* compose_expand.c - variables in the values of a compose file, and the file .env that they may come from. */
#include "manifest/compose.h"

#include "base/scope.h"
#include "oci/list.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#define EXPAND_DEPTH 8     /* of "${A:-${B:-${C}}}" */
#define EXPANDED_MAX 65536 /* bytes of one value */
#define DOTENV_MAX 4096    /* lines of .env that are read */

static bool is_name(char c, bool first)
{
	return c == '_' || isalpha((unsigned char)c) || (!first && isdigit((unsigned char)c));
}

/* The bracket that closes the one before p, over those inside. NULL: none. */
static const char *closing(const char *p)
{
	for (unsigned depth = 1; *p; p++) {
		depth += p[0] == '$' && p[1] == '{';
		if (*p == '}' && --depth == 0)
			return p;
	}
	return NULL;
}

static int expand(struct buf *out, struct sv text, const struct compose_outside *outside, unsigned depth);

/* "NAME", "NAME:-text" and its like. */
static int expand_braces(struct buf *out, struct sv inner, const struct compose_outside *outside, unsigned depth)
{
	char name[256];
	const char *value;
	bool empty_counts;
	size_t n = 0;

	while (n < inner.n && is_name(inner.p[n], n == 0))
		n++;
	if (!n || sv_copy((struct sv){ inner.p, n }, name, sizeof name) < 0)
		return -EINVAL;
	value = outside->variable(outside->context, name);
	inner = (struct sv){ inner.p + n, inner.n - n };
	empty_counts = inner.n && inner.p[0] == ':';
	if (empty_counts)
		inner = (struct sv){ inner.p + 1, inner.n - 1 };
	if (empty_counts && value && !*value)
		value = NULL;
	if (!inner.n)
		return empty_counts ? -EINVAL : buf_puts(out, value ? value : "");
	if (!strchr("-+?", inner.p[0]) || (inner.p[0] == '?' && !value))
		return -EINVAL;
	if (inner.p[0] == '+' ? !value : !!value)
		return buf_puts(out, value ? value : "");
	return expand(out, (struct sv){ inner.p + 1, inner.n - 1 }, outside, depth + 1);
}

/* What follows a dollar; *ret_used: bytes of it. */
static int expand_one(struct buf *out, struct sv rest, const struct compose_outside *outside, unsigned depth,
		      size_t *ret_used)
{
	char name[256];
	const char *end = rest.n && rest.p[0] == '{' ? closing(rest.p + 1) : NULL, *value;
	size_t n = 0;

	*ret_used = 1;
	if (rest.n && rest.p[0] == '$')
		return buf_puts(out, "$");
	if (rest.n && rest.p[0] == '{') {
		if (!end || end >= rest.p + rest.n)
			return -EINVAL;
		*ret_used = (size_t)(end - rest.p) + 1;
		return expand_braces(out, (struct sv){ rest.p + 1, *ret_used - 2 }, outside, depth);
	}
	while (n < rest.n && is_name(rest.p[n], n == 0))
		n++;
	*ret_used = n;
	if (!n || sv_copy((struct sv){ rest.p, n }, name, sizeof name) < 0)
		return -EINVAL;
	value = outside->variable(outside->context, name);
	return buf_puts(out, value ? value : "");
}

static int expand(struct buf *out, struct sv text, const struct compose_outside *outside, unsigned depth)
{
	if (depth > EXPAND_DEPTH)
		return -EINVAL;
	for (size_t i = 0; i < text.n;) {
		size_t used = 1;
		int r;

		if (text.p[i] != '$') {
			r = buf_put(out, text.p + i, 1);
		} else {
			i++;
			r = expand_one(out, (struct sv){ text.p + i, text.n - i }, outside, depth, &used);
		}
		if (r < 0)
			return r;
		i += used;
	}
	return 0;
}

const char *compose_expand(const char *text, const struct compose_outside *outside, struct arena *a)
{
	scoped_buf out = BUF(EXPANDED_MAX);

	if (!strchr(text, '$'))
		return text;
	if (expand(&out, sv_from(text), outside, 0) < 0)
		return NULL;
	return arena_sv(a, buf_sv(&out));
}

/* ---- .env ---------------------------------------------------------------------------------------------------------- */

/* What was said in lines before counts where the world outside says nothing. */
struct dotenv {
	const struct compose_outside *outside;
	struct arena *arena;
	struct oci_pairs *pairs;
};

static const char *variable_before(void *context, const char *name)
{
	const struct dotenv *d = context;
	const char *value = d->outside->variable(d->outside->context, name);

	for (size_t i = 0; !value && i < d->pairs->n; i++)
		if (strcmp(d->pairs->v[i].key, name) == 0)
			value = d->pairs->v[i].value;
	return value;
}

/* The character that \c stands for; a dollar keeps its backslash away from variables. */
static int put_escaped(struct buf *out, char c)
{
	static const char *const of[] = { "n\n", "t\t", "r\r" };

	for (size_t i = 0; i < ARRAY_LEN(of); i++)
		if (of[i][0] == c)
			return buf_put(out, &of[i][1], 1);
	if (c == '$')
		return buf_puts(out, "$$");
	if (c != '\\' && c != '"' && c != '\'')
		buf_puts(out, "\\");
	return buf_put(out, &c, 1);
}

/* Behind the quote; false: it is not closed on this line. */
static bool take_quoted(struct sv text, char quote, struct buf *out)
{
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] == quote)
			return true;
		if (text.p[i] == '\\' && quote == '"' && i + 1 < text.n)
			(void)put_escaped(out, text.p[++i]);
		else
			(void)buf_put(out, text.p + i, 1);
	}
	return false;
}

static struct sv without_remark(struct sv text)
{
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] == '#' && (i == 0 || text.p[i - 1] == ' ' || text.p[i - 1] == '\t'))
			return sv_trim((struct sv){ text.p, i });
	return text;
}

/* NULL: it is not written well, or no memory. */
static const char *dotenv_value(struct dotenv *d, struct sv text)
{
	const struct compose_outside before = { .context = d, .variable = variable_before };
	scoped_buf raw = BUF(EXPANDED_MAX);
	char quote = text.n ? text.p[0] : '\0';
	const char *value;

	if (quote == '\'' || quote == '"') {
		if (!take_quoted((struct sv){ text.p + 1, text.n - 1 }, quote, &raw))
			return NULL;
	} else {
		(void)buf_putsv(&raw, without_remark(text));
	}
	value = raw.failed ? NULL : arena_sv(d->arena, buf_sv(&raw));
	return !value || quote == '\'' ? value : compose_expand(value, &before, d->arena);
}

static int dotenv_line(struct dotenv *d, struct sv line)
{
	struct sv name, text;
	const char *key, *value;

	if (sv_has_prefix(line, "export "))
		line = sv_trim((struct sv){ line.p + 7, line.n - 7 });
	if (!line.n || line.p[0] == '#' || !sv_cut(line, '=', &name, &text))
		return 0;
	name = sv_trim(name);
	for (size_t i = 0; i < name.n; i++)
		if (!is_name(name.p[i], i == 0) && name.p[i] != '.' && name.p[i] != '-')
			return -EINVAL;
	key = name.n ? arena_sv(d->arena, name) : NULL;
	value = key ? dotenv_value(d, sv_trim(text)) : NULL;
	if (!key || !value)
		return -EINVAL;
	return pairs_set(d->arena, d->pairs, key, value);
}

int compose_dotenv(struct sv text, const struct compose_outside *outside, struct arena *a, struct oci_pairs *ret,
		   struct err *e)
{
	struct oci_pairs pairs = { 0 };
	struct dotenv d = { .outside = outside, .arena = a, .pairs = &pairs };
	struct sv line;
	unsigned n = 0;

	while (sv_next(&text, '\n', &line)) {
		int r = ++n > DOTENV_MAX ? -E2BIG : dotenv_line(&d, sv_trim(line));

		if (r == -E2BIG)
			return err_set(e, E2BIG, "more than %d lines", DOTENV_MAX);
		if (r == -ENOMEM)
			return err_oom(e);
		if (r < 0)
			return err_set(e, EINVAL, "line %u: expected NAME=VALUE", n);
	}
	*ret = pairs;
	return 0;
}
