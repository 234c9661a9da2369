/* SPDX-License-Identifier: Apache-2.0 */
#include "base/duration.h"

#include "base/scope.h"

#include <errno.h>

#define SECOND INT64_C(1000000000)

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool take(struct sv *s, char c)
{
	if (!s->n || s->p[0] != c)
		return false;
	*s = (struct sv){ s->p + 1, s->n - 1 };
	return true;
}

bool duration_fraction(struct sv *s, int64_t *ret_ns)
{
	int64_t unit = SECOND / 10, ns = 0;
	size_t n = 0;

	for (; n < s->n && is_digit(s->p[n]); n++, unit /= 10)
		ns += unit * (s->p[n] - '0');
	*s = (struct sv){ s->p + n, s->n - n };
	*ret_ns = ns;
	return n > 0;
}

static bool take_unit(struct sv *s, int64_t *ret_ns)
{
	static const struct {
		const char *name;
		int64_t ns;
	} units[] = { { "ns", 1 },	{ "us", 1000 },	      { "\xc2\xb5s", 1000 }, { "ms", 1000000 },
		      { "s", SECOND }, { "m", 60 * SECOND }, { "h", 3600 * SECOND } };

	for (size_t i = 0; i < ARRAY_LEN(units); i++)
		if (sv_has_prefix(*s, units[i].name)) {
			size_t n = sv_from(units[i].name).n;

			*s = (struct sv){ s->p + n, s->n - n };
			*ret_ns = units[i].ns;
			return true;
		}
	return false;
}

/* One "5.5s" of a duration; "5.s" and ".5s" are as good. Whole numbers are exact, a fraction to the nanosecond. */
static bool take_part(struct sv *s, int64_t *total)
{
	int64_t v = 0, fraction = 0, unit, part;
	size_t n = 0;

	for (; n < s->n && is_digit(s->p[n]); n++)
		if (__builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, s->p[n] - '0', &v))
			return false;
	*s = (struct sv){ s->p + n, s->n - n };
	if (!(take(s, '.') && duration_fraction(s, &fraction)) && n == 0)
		return false;
	if (!take_unit(s, &unit) || __builtin_mul_overflow(v, unit, &part))
		return false;
	return !__builtin_add_overflow(part, (int64_t)((__int128)fraction * unit / SECOND), &part) &&
	       !__builtin_add_overflow(*total, part, total);
}

bool duration_signed(struct sv s, int64_t *ret_ns)
{
	bool minus = take(&s, '-');
	int64_t total = 0;

	if (!s.n)
		return false;
	while (s.n)
		if (!take_part(&s, &total))
			return false;
	*ret_ns = minus ? -total : total;
	return true;
}

int duration_parse(struct sv text, int64_t *ret_ns, struct err *e)
{
	int64_t ns;

	if (!text.n || text.p[0] == '-' || !duration_signed(text, &ns))
		return err_set(e, EINVAL, "invalid duration \"" SV_FMT "\": 500ms, 10s, 1h30m",
			       (int)(text.n < 40 ? text.n : 40), text.n ? text.p : "");
	*ret_ns = ns;
	return 0;
}
