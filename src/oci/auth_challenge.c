/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/auth_challenge.h"

#include "base/scope.h"

#include <string.h>
#include <strings.h>

static bool is_token_char(char c)
{
	return c > ' ' && c < 127 && !strchr("()<>@,;:\\\"/[]?={}", c);
}

static void skip(struct sv *s, const char *what)
{
	while (s->n && strchr(what, s->p[0]) && s->p[0]) {
		s->p++;
		s->n--;
	}
}

static struct sv take_token(struct sv *s)
{
	struct sv t = { s->p, 0 };

	while (t.n < s->n && is_token_char(s->p[t.n]))
		t.n++;
	s->p += t.n;
	s->n -= t.n;
	return t;
}

/* A quoted string without its quotes and escapes, or a token. ret NULL: nobody asked for it. */
static int take_value(struct sv *s, char *ret, size_t size, struct err *e)
{
	bool quoted = s->n && s->p[0] == '"';
	size_t n = 0, i = quoted;

	for (; i < s->n && (quoted ? s->p[i] != '"' : is_token_char(s->p[i])); i++) {
		if (quoted && s->p[i] == '\\' && i + 1 < s->n)
			i++;
		if (s->p[i] == '\0')
			return err_set(e, EINVAL, "WWW-Authenticate: a zero byte in it");
		if (ret && n + 1 >= size)
			return err_set(e, ERANGE, "WWW-Authenticate: a value of more than %zu bytes", size - 1);
		if (ret)
			ret[n++] = s->p[i];
	}
	if (quoted && i >= s->n)
		return err_set(e, EINVAL, "WWW-Authenticate: a quote is missing");
	i += quoted;
	s->p += i;
	s->n -= i;
	if (ret)
		ret[n] = '\0';
	return 0;
}

static bool names(struct sv name, const char *text)
{
	return name.n == strlen(text) && strncasecmp(name.p, text, name.n) == 0;
}

static int take_parameter(struct sv name, struct sv *s, struct auth_challenge *c, struct err *e)
{
	const struct {
		const char *name;
		char *to;
		size_t size;
	} wanted[] = { { "realm", c->realm, sizeof c->realm },
		       { "service", c->service, sizeof c->service },
		       { "scope", c->scope, sizeof c->scope } };

	for (size_t i = 0; i < ARRAY_LEN(wanted); i++)
		if (names(name, wanted[i].name))
			return take_value(s, wanted[i].to, wanted[i].size, e);
	return take_value(s, NULL, 0, e);
}

/* Up to the next scheme: a word that no "=" follows. */
static int take_parameters(struct sv *header, struct auth_challenge *c, struct err *e)
{
	for (;;) {
		struct sv s = *header, name;
		int r;

		skip(&s, " \t,");
		name = take_token(&s);
		skip(&s, " \t");
		if (name.n == 0 || s.n == 0 || s.p[0] != '=')
			return 0;
		skip(&s, "= \t");
		r = take_parameter(name, &s, c, e);
		if (r < 0)
			return r;
		*header = s;
	}
}

int auth_challenge_next(struct sv *header, struct auth_challenge *ret, struct err *e)
{
	struct auth_challenge c = { 0 };
	struct sv s = *header, scheme;
	int r;

	skip(&s, " \t,");
	if (s.n == 0)
		return 0;
	scheme = take_token(&s);
	if (scheme.n == 0 || scheme.n >= sizeof c.scheme)
		return err_set(e, EINVAL, "WWW-Authenticate: no scheme in it");
	for (size_t i = 0; i < scheme.n; i++)
		c.scheme[i] = scheme.p[i] >= 'A' && scheme.p[i] <= 'Z' ? (char)(scheme.p[i] + 32) : scheme.p[i];
	r = take_parameters(&s, &c, e);
	if (r < 0)
		return r;
	*header = s;
	*ret = c;
	return 1;
}
