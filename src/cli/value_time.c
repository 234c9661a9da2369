/* SPDX-License-Identifier: Apache-2.0 */
/* value_time.c - moments: --since, --until, the filter until=. */
#include "cli/value.h"

#include "base/clock.h"
#include "base/scope.h"
#include "base/sv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *name; /* a longer one before its beginning */
	int64_t ns;
} units[] = {
	{ "ns", 1 }, { "us", 1000 }, { "µs", 1000 }, { "ms", 1000000 }, { "s", 1000000000 },
	{ "m", 60000000000 }, { "h", 3600000000000 },
};

/* "1h30m", "1.5s" as time.ParseDuration of Go; a sign was taken off. */
static bool duration(const char *text, int64_t *ret_ns)
{
	double sum = 0;

	if (!*text)
		return false;
	while (*text) {
		size_t digits = strspn(text, "0123456789."), i = 0;
		char *end;
		double n = strtod(text, &end);

		if (!digits || end != text + digits)
			return false;
		while (i < ARRAY_LEN(units) && strncmp(end, units[i].name, strlen(units[i].name)) != 0)
			i++;
		if (i == ARRAY_LEN(units))
			return false;
		sum += n * (double)units[i].ns;
		text = end + strlen(units[i].name);
	}
	if (sum >= (double)INT64_MAX)
		return false;
	*ret_ns = (int64_t)sum;
	return true;
}

/* "1700000000.25" */
static bool seconds(const char *text, int64_t *ret_ns)
{
	char nine[] = "000000000";
	struct sv whole, fraction;
	uint64_t sec, ns = 0;

	if (sv_cut(sv_from(text), '.', &whole, &fraction)) {
		memcpy(nine, fraction.p, fraction.n < 9 ? fraction.n : 9);
		if (sv_u64(sv_from(nine), &ns) < 0)
			return false;
	}
	if (sv_u64(whole, &sec) < 0 || sec > INT64_MAX / 1000000000 - 1)
		return false;
	*ret_ns = (int64_t)(sec * 1000000000 + ns);
	return true;
}

/* RFC 3339, or a beginning of it: "2026-11-21", "2026-11-21T22:33"; without an offset it is UTC. */
static bool date(const char *text, int64_t *ret_ns)
{
	static const char rest[] = "2000-01-01T00:00:00Z";
	char whole[64];
	size_t n = strlen(text);

	if (clock_parse_rfc3339(text, ret_ns))
		return true;
	if (n < 10 || n > 19 || (n > 10 && n < 13))
		return false;
	(void)snprintf(whole, sizeof whole, "%s%s", text, rest + n);
	return clock_parse_rfc3339(whole, ret_ns);
}

int value_moment(const char *text, int64_t now_ns, int64_t *ret_ns, struct err *e)
{
	int64_t ns;

	if (duration(text + (*text == '-'), &ns)) {
		*ret_ns = *text == '-' ? now_ns + ns : now_ns - ns;
		return 0;
	}
	if (date(text, &ns) || seconds(text, &ns)) {
		*ret_ns = ns;
		return 0;
	}
	return err_set(e, EINVAL, "neither a duration (10m, 1h30m) nor a time (2026-11-21T22:33:30Z, 1795300410)");
}
