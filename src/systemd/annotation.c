/* SPDX-License-Identifier: Apache-2.0 */
/* annotation.c - org.systemd.property.*: the part of GVariant's text format that properties of units are written in. */
#include "systemd/property.h"

#include "base/decimal.h"
#include "base/scope.h"

#include <string.h>

#define PREFIX "org.systemd.property."
#define ELEMENTS_MAX 256 /* of an array */

struct value {
	char signature[8];
	const char *words[ELEMENTS_MAX + 1];
	size_t n;
};

static const struct {
	const char *word;
	char type;
} types[] = {
	{ "boolean", 'b' }, { "byte", 'y' },   { "int16", 'n' },  { "uint16", 'q' }, { "int32", 'i' },
	{ "uint32", 'u' },  { "int64", 'x' },  { "uint64", 't' }, { "double", 'd' }, { "string", 's' },
};

static void skip_blanks(struct sv *s)
{
	while (s->n && (*s->p == ' ' || *s->p == '\t' || *s->p == '\n'))
		s->p++, s->n--;
}

static bool take_char(struct sv *s, char c)
{
	skip_blanks(s);
	if (!s->n || *s->p != c)
		return false;
	s->p++, s->n--;
	return true;
}

/* 'a', "a", with \' \" \\ \n \t */
static bool take_string(struct sv *s, struct arena *a, const char **ret)
{
	char quote = s->n ? *s->p : '\0', *out = arena_alloc(a, s->n + 1), *at = out;
	size_t i = 1;

	if (!out || (quote != '\'' && quote != '"'))
		return false;
	for (; i < s->n && s->p[i] != quote; i++) {
		char c = s->p[i];

		if (c == '\\' && i + 1 < s->n) {
			c = s->p[++i];
			c = c == 'n' ? '\n' : c == 't' ? '\t' : c;
		}
		if (c == '\0')
			return false;
		*at++ = c;
	}
	if (i == s->n)
		return false;
	s->p += i + 1, s->n -= i + 1;
	*ret = out;
	return true;
}

static struct sv take_word(struct sv *s)
{
	struct sv word = *s;
	size_t n = 0;

	while (n < s->n && (isalnum((unsigned char)s->p[n]) || strchr("+-._", s->p[n])))
		n++;
	word.n = n;
	s->p += n, s->n -= n;
	return word;
}

static bool number_fits(struct sv word, char type)
{
	static const struct {
		char type;
		int64_t least;
		uint64_t most;
	} ranges[] = {
		{ 'y', 0, UINT8_MAX },		{ 'n', INT16_MIN, INT16_MAX }, { 'q', 0, UINT16_MAX },
		{ 'i', INT32_MIN, INT32_MAX },	{ 'u', 0, UINT32_MAX },	       { 'x', INT64_MIN, INT64_MAX },
		{ 't', 0, UINT64_MAX },
	};
	int64_t i;
	uint64_t u;

	for (size_t k = 0; k < ARRAY_LEN(ranges); k++)
		if (ranges[k].type == type)
			return (sv_u64(word, &u) == 0 && u <= ranges[k].most) ||
			       (sv_i64(word, &i) == 0 && i < 0 && i >= ranges[k].least);
	return false;
}

static bool is_double(struct sv word)
{
	struct decimal d;

	if (word.n && (*word.p == '-' || *word.p == '+'))
		word.p++, word.n--;
	return decimal_take(&word, &d) && word.n == 0;
}

/* A type that is written before a value: "uint64 5". '\0': none. */
static char take_type(struct sv *s)
{
	struct sv rest = *s, word = take_word(&rest);

	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (sv_is(word, types[i].word)) {
			skip_blanks(&rest);
			*s = rest;
			return types[i].type;
		}
	return '\0';
}

/* One value that is no array. want: its type, '\0' whatever it looks like. */
static bool take_scalar(struct sv *s, char want, struct arena *a, char *ret_type, const char **ret)
{
	struct sv word;

	skip_blanks(s);
	if (!want)
		want = take_type(s);
	if (s->n && (*s->p == '\'' || *s->p == '"')) {
		*ret_type = 's';
		return (!want || want == 's') && take_string(s, a, ret);
	}
	word = take_word(s);
	if (sv_is(word, "true") || sv_is(word, "false"))
		*ret_type = 'b';
	else if (want && want != 'd' && want != 's' && want != 'b')
		*ret_type = number_fits(word, want) ? want : '\0';
	else
		*ret_type = !want && number_fits(word, 'i') ? 'i' : is_double(word) ? 'd' : '\0';
	*ret = arena_sv(a, word);
	return *ret && *ret_type && (!want || want == *ret_type);
}

static bool take_array(struct sv *s, char want, struct arena *a, struct value *v)
{
	char type = want;
	size_t n = 0;

	while (!take_char(s, ']')) {
		if (n == ELEMENTS_MAX || (n && !take_char(s, ',')) || !take_scalar(s, want, a, &type, &v->words[n + 1]))
			return false;
		want = type; /* the first says what the others are */
		n++;
	}
	if (!type)
		return false;
	(void)snprintf(v->signature, sizeof v->signature, "a%c", type);
	v->words[0] = arena_fmt(a, "%zu", n);
	v->n = n + 1;
	return v->words[0];
}

/* "@as ['a']": the type of an array, which an empty one needs */
static bool take_value(struct sv s, struct arena *a, struct value *v)
{
	char type = '\0';
	bool ok;

	skip_blanks(&s);
	if (sv_has_prefix(s, "@a") && s.n > 2) {
		type = s.p[2];
		s.p += 3, s.n -= 3;
	}
	if (take_char(&s, '[')) {
		ok = take_array(&s, type, a, v);
	} else {
		ok = !type && take_scalar(&s, '\0', a, &type, &v->words[0]);
		v->signature[0] = type;
		v->n = 1;
	}
	skip_blanks(&s);
	return ok && s.n == 0;
}

static bool is_property_name(const char *name)
{
	size_t n = strlen(name);

	return n > 2 && n < 100 && strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") == n;
}

static bool is_seconds(const char *name)
{
	size_t n = strlen(name);

	return n > 3 && strcmp(name + n - 3, "Sec") == 0 && islower((unsigned char)name[n - 4]);
}

/* TimeoutStopSec: 1.5 is TimeoutStopUSec: uint64 1500000 */
static int to_microseconds(struct arena *a, const char **name, struct value *v, struct err *e)
{
	struct sv text = sv_from(v->words[0]);
	struct decimal d;
	int64_t us;

	if (!strchr("idxutqny", v->signature[0]) || !decimal_take(&text, &d) || text.n ||
	    decimal_times(&d, 1000000, &us) < 0)
		return err_set(e, EINVAL, "not a number of seconds");
	*name = arena_fmt(a, "%.*sUSec", (int)strlen(*name) - 3, *name);
	v->words[0] = arena_fmt(a, "%lld", (long long)us);
	(void)snprintf(v->signature, sizeof v->signature, "t");
	return *name && v->words[0] ? 0 : err_oom(e);
}

static int annotation(struct unit_properties *l, const char *name, const char *text, struct err *e)
{
	struct value v = { 0 };
	int r = 0;

	if (!is_property_name(name))
		return err_set(e, EINVAL, "\"%s\" is not the name of a property", name);
	if (!take_value(sv_from(text), l->arena, &v))
		return err_set(e, EINVAL,
			       "\"%s\" is not a value in GVariant's text form ('text', true, uint64 5, ['a', 'b'])",
			       text);
	if (is_seconds(name))
		r = to_microseconds(l->arena, &name, &v, e);
	if (r == 0)
		unit_properties_add(l, name, v.signature, v.words, v.n);
	return r;
}

int unit_properties_annotations(struct unit_properties *l, const struct oci_pairs *annotations, struct err *e)
{
	for (size_t i = 0; i < annotations->n; i++) {
		const struct oci_pair *kv = &annotations->v[i];
		int r;

		if (strncmp(kv->key, PREFIX, strlen(PREFIX)) != 0)
			continue;
		r = annotation(l, kv->key + strlen(PREFIX), kv->value, e);
		if (r < 0)
			return err_wrap(e, r, "annotations[\"%s\"]", kv->key);
	}
	return 0;
}
