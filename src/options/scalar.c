/* SPDX-License-Identifier: Apache-2.0 */
#include "options/scalar.h"

#include "base/decimal.h"
#include "base/scope.h"
#include "base/sv.h"

#include <errno.h>
#include <string.h>

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

int value_bool(const char *text, bool *ret, struct err *e)
{
	static const char *const yes[] = { "1", "t", "T", "TRUE", "true", "True" };
	static const char *const no[] = { "0", "f", "F", "FALSE", "false", "False" };

	for (size_t i = 0; i < ARRAY_LEN(yes); i++)
		if (strcmp(text, yes[i]) == 0 || strcmp(text, no[i]) == 0) {
			*ret = strcmp(text, yes[i]) == 0;
			return 0;
		}
	return err_set(e, EINVAL, "not a boolean (true or false)");
}

/* ---- integers ----------------------------------------------------------------------------------------------- */

static unsigned base_of(struct sv *digits)
{
	char c = digits->n > 1 && digits->p[0] == '0' ? digits->p[1] | 0x20 : 0;
	unsigned base = c == 'x' ? 16 : c == 'o' ? 8 : c == 'b' ? 2 : c ? 8 : 10;
	size_t skip = base == 10 ? 0 : c == 'x' || c == 'o' || c == 'b' ? 2 : 1;

	digits->p += skip;
	digits->n -= skip;
	return base;
}

static int digit_value(char c)
{
	if (is_digit(c))
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 99;
}

int value_i64(const char *text, int64_t *ret, struct err *e)
{
	bool minus = text[0] == '-';
	struct sv s = sv_from(text + (minus || text[0] == '+'));
	unsigned base = base_of(&s);
	uint64_t v = 0;
	bool over = false;

	for (size_t i = 0; i < s.n; i++) {
		int d = digit_value(s.p[i]);

		if (d >= (int)base)
			return err_set(e, EINVAL, "not an integer");
		over |= __builtin_mul_overflow(v, base, &v) || __builtin_add_overflow(v, (uint64_t)d, &v);
	}
	if (s.n == 0)
		return err_set(e, EINVAL, "not an integer");
	if (over || v > (uint64_t)INT64_MAX + minus)
		return err_set(e, EINVAL, "out of range: -9223372036854775808 to 9223372036854775807");
	*ret = minus ? (int64_t)(0 - v) : (int64_t)v;
	return 0;
}

int value_bytes(const char *text, int64_t *ret, struct err *e)
{
	int r = size_parse(sv_from(text), 1024, ret);

	if (r == -ERANGE)
		return err_set(e, EINVAL, "invalid size: '%.80s' (at most 9223372036854775807 bytes)", text);
	if (r < 0)
		return err_set(e, EINVAL, "invalid size: '%.80s' (a number and one of b, k, m, g, t, p: 512m, 1.5g)",
			       text);
	return 0;
}
