/* SPDX-License-Identifier: Apache-2.0 */
#include "base/decimal.h"

#include <errno.h>
#include <string.h>

static struct sv take_digits(struct sv *s)
{
	struct sv digits = { s->p, 0 };

	while (s->n && s->p[0] >= '0' && s->p[0] <= '9') {
		digits.n++;
		s->p++;
		s->n--;
	}
	return digits;
}

bool decimal_take(struct sv *s, struct decimal *ret)
{
	*ret = (struct decimal){ .whole = take_digits(s) };
	if (s->n && s->p[0] == '.') {
		s->p++;
		s->n--;
		ret->fraction = take_digits(s);
	}
	return ret->whole.n + ret->fraction.n > 0;
}

int decimal_times(const struct decimal *d, uint64_t unit, int64_t *ret)
{
	unsigned __int128 fraction = 0, scale = 1, sum;
	uint64_t whole = 0;

	if (d->whole.n && sv_u64(d->whole, &whole) < 0)
		return -ERANGE;
	for (size_t i = 0; i < d->fraction.n && i < 18; i++) {
		fraction = fraction * 10 + (unsigned)(d->fraction.p[i] - '0');
		scale *= 10;
	}
	sum = (unsigned __int128)whole * unit + fraction * unit / scale;
	if (sum > INT64_MAX)
		return -ERANGE;
	*ret = (int64_t)sum;
	return 0;
}

/* "", "b", "k", "kb", "kib" … in any case; 0: no unit of ours */
static uint64_t byte_unit(struct sv s, unsigned kilo)
{
	static const char letters[] = "kmgtp";
	uint64_t unit = 1;
	const char *at;

	if (s.n == 0 || (s.n == 1 && (s.p[0] | 0x20) == 'b'))
		return 1;
	at = memchr(letters, s.p[0] | 0x20, sizeof letters - 1);
	if (!at || s.n > 3 || (s.n > 1 && (s.p[s.n - 1] | 0x20) != 'b') || (s.n == 3 && (s.p[1] | 0x20) != 'i'))
		return 0;
	for (const char *l = letters; l <= at; l++)
		unit *= kilo;
	return unit;
}

int size_parse(struct sv text, unsigned kilo, int64_t *ret)
{
	struct decimal d;
	uint64_t unit;

	if (text.n && text.p[0] == '+')
		text = (struct sv){ text.p + 1, text.n - 1 };
	if (!decimal_take(&text, &d))
		return -EINVAL;
	if (text.n && text.p[0] == ' ')
		text = (struct sv){ text.p + 1, text.n - 1 };
	unit = byte_unit(text, kilo);
	return unit ? decimal_times(&d, unit, ret) : -EINVAL;
}
