/* SPDX-License-Identifier: Apache-2.0 */
#include "base/scope.h"
#include "cli/value.h"

#include "../test.h"

#include <errno.h>

#define SEC 1000000000LL
#define NOW (1795300410 * SEC)

static const struct {
	const char *text;
	int64_t ns; /* -1: it is none */
} cases[] = {
	{ "10m", NOW - 600 * SEC },
	{ "1h30m", NOW - 5400 * SEC },
	{ "1.5s", NOW - SEC - SEC / 2 },
	{ "100ms", NOW - SEC / 10 },
	{ "-10m", NOW + 600 * SEC },
	{ "2026-11-21", 1795219200 * SEC },
	{ "2026-11-21T22", 1795298400 * SEC },
	{ "2026-11-21T22:33", 1795300380 * SEC },
	{ "2026-11-21T22:33:30", NOW },
	{ "2026-11-21T22:33:30Z", NOW },
	{ "2026-11-22T00:33:30.5+02:00", NOW + SEC / 2 },
	{ "1795300410", NOW },
	{ "1795300410.25", NOW + SEC / 4 },
	{ "1795300410.1234567890", NOW + 123456789 },
	{ "0", 0 },
	{ "", -1 },
	{ "-", -1 },
	{ "m", -1 },
	{ "10", 10 * SEC },
	{ "10x", -1 },
	{ "1.2.3s", -1 },
	{ "0x10s", -1 },
	{ "10 m", -1 },
	{ "1e3s", -1 },
	{ "99999999999999h", -1 },
	{ "99999999999999", -1 },
	{ "1795300410.x", -1 },
	{ "yesterday", -1 },
	{ "2026-11", -1 },
	{ "2026-11-31T99", -1 },
};

TEST(moments_are_durations_times_or_seconds)
{
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		int64_t ns = -1;
		int r = value_moment(cases[i].text, NOW, &ns, NULL);

		if (r != (cases[i].ns < 0 ? -EINVAL : 0) || ns != cases[i].ns)
			fail_msg("%s: %d, %lld", cases[i].text, r, (long long)ns);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(moments_are_durations_times_or_seconds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
