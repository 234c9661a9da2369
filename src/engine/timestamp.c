/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/timestamp.h"

#include "base/duration.h"

#include <errno.h>
#include <time.h>

#define SECOND INT64_C(1000000000)
#define SECONDS_MAX (INT64_MAX / SECOND)

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

/* exactly n digits */
static bool take_number(struct sv *s, size_t n, int low, int high, int *ret)
{
	int v = 0;

	if (s->n < n)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (!is_digit(s->p[i]))
			return false;
		v = v * 10 + (s->p[i] - '0');
	}
	*s = (struct sv){ s->p + n, s->n - n };
	*ret = v;
	return v >= low && v <= high;
}

static bool take_date(struct sv *s, struct tm *t)
{
	if (!take_number(s, 4, 1970, 2200, &t->tm_year) || !take(s, '-') || !take_number(s, 2, 1, 12, &t->tm_mon) ||
	    !take(s, '-') || !take_number(s, 2, 1, 31, &t->tm_mday))
		return false;
	t->tm_year -= 1900;
	t->tm_mon--;
	t->tm_isdst = -1;
	return true;
}

/* HH, HH:MM, HH:MM:SS, HH:MM:SS.n */
static bool take_time(struct sv *s, struct tm *t, int64_t *ret_ns)
{
	*ret_ns = 0;
	if (!take_number(s, 2, 0, 23, &t->tm_hour))
		return false;
	if (!take(s, ':'))
		return true;
	if (!take_number(s, 2, 0, 59, &t->tm_min))
		return false;
	if (!take(s, ':'))
		return true;
	return take_number(s, 2, 0, 60, &t->tm_sec) && (!take(s, '.') || duration_fraction(s, ret_ns));
}

/* "Z", "+02:00", "" for the local zone */
static bool take_zone(struct sv *s, struct tm *t, int64_t *ret_s)
{
	int sign, hours, minutes;

	if (!s->n) {
		*ret_s = mktime(t);
		return true;
	}
	if (take(s, 'Z')) {
		*ret_s = timegm(t);
		return true;
	}
	sign = take(s, '+') ? 1 : take(s, '-') ? -1 : 0;
	if (!sign || !take_number(s, 2, 0, 23, &hours) || !take(s, ':') || !take_number(s, 2, 0, 59, &minutes))
		return false;
	*ret_s = timegm(t) - sign * (hours * 3600 + minutes * 60);
	return true;
}

int timestamp_rfc3339(struct sv s, int64_t *ret_ns)
{
	struct tm t = { 0 };
	int64_t ns, sec;

	if (!take_date(&s, &t) || !take(&s, 'T') || !take_time(&s, &t, &ns) || !s.n || !take_zone(&s, &t, &sec) || s.n)
		return -EINVAL;
	*ret_ns = sec * SECOND + ns;
	return 0;
}

static bool local_time(struct sv s, int64_t *ret_ns)
{
	struct tm t = { 0 };
	int64_t ns = 0, sec;

	if (!take_date(&s, &t) || (take(&s, 'T') && !take_time(&s, &t, &ns)) || !take_zone(&s, &t, &sec) || s.n)
		return false;
	*ret_ns = sec * SECOND + ns;
	return true;
}

static bool unix_time(struct sv s, int64_t *ret_ns)
{
	struct sv whole, rest;
	int64_t sec, ns = 0;
	bool point = sv_cut(s, '.', &whole, &rest);

	if (sv_i64(whole, &sec) < 0 || sec < -SECONDS_MAX || sec >= SECONDS_MAX)
		return false;
	if (point && (!duration_fraction(&rest, &ns) || rest.n))
		return false;
	*ret_ns = sec * SECOND + ns;
	return true;
}

int timestamp_parse(struct sv text, int64_t now_ns, int64_t *ret_ns, struct err *e)
{
	int64_t ns, then;

	if (duration_signed(text, &ns) && !__builtin_sub_overflow(now_ns, ns, &then)) {
		*ret_ns = then;
		return 0;
	}
	if (unix_time(text, ret_ns) || timestamp_rfc3339(text, ret_ns) == 0 || local_time(text, ret_ns))
		return 0;
	return err_set(e, EINVAL, "failed to parse value as time or duration: \"%.*s\"",
		       (int)(text.n > 60 ? 60 : text.n), text.p ? text.p : "");
}
