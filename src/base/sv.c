/* SPDX-License-Identifier: Apache-2.0 */
#include "base/sv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct sv sv_from(const char *text)
{
	return (struct sv){ text, text ? strlen(text) : 0 };
}

bool sv_eq(struct sv a, struct sv b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* Most are told apart by their first byte: tables are walked with this. */
bool sv_is(struct sv s, const char *text)
{
	for (size_t i = 0; i < s.n; i++)
		if (text[i] == '\0' || text[i] != s.p[i])
			return false;
	return text[s.n] == '\0';
}

bool sv_has_prefix(struct sv s, const char *prefix)
{
	size_t n = strlen(prefix);

	return s.n >= n && (n == 0 || memcmp(s.p, prefix, n) == 0);
}

bool sv_has_suffix(struct sv s, const char *suffix)
{
	size_t n = strlen(suffix);

	return s.n >= n && (n == 0 || memcmp(s.p + (s.n - n), suffix, n) == 0);
}

static bool cut_at(struct sv s, const char *at, struct sv *ret_head, struct sv *ret_rest)
{
	size_t n;

	if (!at) {
		*ret_head = s;
		*ret_rest = (struct sv){ NULL, 0 };
		return false;
	}
	n = (size_t)(at - s.p);
	*ret_head = (struct sv){ s.p, n };
	*ret_rest = (struct sv){ at + 1, s.n - n - 1 };
	return true;
}

bool sv_cut(struct sv s, char c, struct sv *ret_head, struct sv *ret_rest)
{
	return cut_at(s, s.n ? memchr(s.p, c, s.n) : NULL, ret_head, ret_rest);
}

bool sv_rcut(struct sv s, char c, struct sv *ret_head, struct sv *ret_rest)
{
	return cut_at(s, s.n ? memrchr(s.p, c, s.n) : NULL, ret_head, ret_rest);
}

bool sv_next(struct sv *s, char c, struct sv *ret_field)
{
	if (!s->p)
		return false;
	sv_cut(*s, c, ret_field, s);
	return true;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

struct sv sv_trim(struct sv s)
{
	while (s.n && is_blank(s.p[0]))
		s = (struct sv){ s.p + 1, s.n - 1 };
	while (s.n && is_blank(s.p[s.n - 1]))
		s.n--;
	return s;
}

int sv_u64(struct sv s, uint64_t *ret)
{
	uint64_t v = 0;

	if (s.n == 0)
		return -EINVAL;
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return -EINVAL;
	for (size_t i = 0; i < s.n; i++)
		if (__builtin_mul_overflow(v, 10u, &v) || __builtin_add_overflow(v, (uint64_t)(s.p[i] - '0'), &v))
			return -ERANGE;
	*ret = v;
	return 0;
}

int sv_i64(struct sv s, int64_t *ret)
{
	bool minus = s.n && s.p[0] == '-';
	uint64_t v;
	int r;

	r = sv_u64(minus ? (struct sv){ s.p + 1, s.n - 1 } : s, &v);
	if (r < 0)
		return r;
	if (v > (uint64_t)INT64_MAX + (minus ? 1 : 0))
		return -ERANGE;
	*ret = minus ? (int64_t)(0 - v) : (int64_t)v;
	return 0;
}

char *sv_dup(struct sv s)
{
	char *copy;

	if (s.n && memchr(s.p, '\0', s.n))
		return NULL;
	copy = malloc(s.n + 1);
	if (!copy)
		return NULL;
	if (s.n)
		memcpy(copy, s.p, s.n);
	copy[s.n] = '\0';
	return copy;
}

int sv_copy(struct sv s, char *ret, size_t cap)
{
	if (s.n >= cap)
		return -ERANGE;
	if (s.n)
		memcpy(ret, s.p, s.n);
	ret[s.n] = '\0';
	return 0;
}
