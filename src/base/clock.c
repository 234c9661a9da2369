/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static int64_t now(clockid_t which)
{
	struct timespec t;

	clock_gettime(which, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

int64_t clock_real_ns(void)
{
	return now(CLOCK_REALTIME);
}

int64_t clock_monotonic_ns(void)
{
	return now(CLOCK_MONOTONIC);
}

const char *clock_rfc3339(int64_t real_ns, char ret[RFC3339_SIZE])
{
	time_t sec = (time_t)(real_ns / 1000000000);
	struct tm tm;
	size_t n;

	if (real_ns <= 0 || !gmtime_r(&sec, &tm)) {
		(void)snprintf(ret, RFC3339_SIZE, "0001-01-01T00:00:00Z");
		return ret;
	}
	n = strftime(ret, RFC3339_SIZE, "%Y-%m-%dT%H:%M:%S", &tm);
	(void)snprintf(ret + n, RFC3339_SIZE - n, ".%09dZ", (int)(real_ns % 1000000000));
	return ret;
}

/* ---- RFC 3339 ----------------------------------------------------------------------------------------------- */

/* ".5": the digits after the ninth are left out. NULL: no digit. */
static const char *fraction(const char *p, int64_t *ret_ns)
{
	int64_t unit = 100000000;
	const char *first = p + 1;

	if (*p != '.')
		return p;
	for (p = first; *p >= '0' && *p <= '9'; p++, unit /= 10)
		*ret_ns += (*p - '0') * unit;
	return p > first ? p : NULL;
}

/* "Z" or "+02:00", and nothing behind it. */
static bool offset(const char *p, int64_t *ret_sec)
{
	struct tm tm = { 0 };
	const char *end;

	if (strcmp(p, "Z") == 0)
		return true;
	if (*p != '+' && *p != '-')
		return false;
	end = strptime(p + 1, "%H:%M", &tm);
	*ret_sec = (*p == '-' ? -1 : 1) * (tm.tm_hour * 3600LL + tm.tm_min * 60LL);
	return end && *end == '\0';
}

#define SEC_MAX (INT64_MAX / 1000000000 - 1)

bool clock_parse_rfc3339(const char *text, int64_t *ret_real_ns)
{
	int64_t ns = 0, ahead = 0, sec;
	struct tm tm = { 0 };
	const char *p = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);

	p = p ? fraction(p, &ns) : NULL;
	if (!p || !offset(p, &ahead))
		return false;
	sec = (int64_t)timegm(&tm) - ahead;
	if (sec > SEC_MAX)
		return false;
	*ret_real_ns = sec < 0 ? 0 : sec * 1000000000 + ns;
	return true;
}
