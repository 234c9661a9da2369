/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "base/scope.h"

#include "../test.h"

#define SEC 1000000000LL

static const struct {
	const char *text;
	int64_t ns; /* -1: it is no time */
} cases[] = {
	{ "1970-01-01T00:00:00Z", 0 },
	{ "2026-11-21T22:33:30.123456789Z", 1795300410 * SEC + 123456789 },
	{ "2026-11-21T22:33:30.1234567891Z", 1795300410 * SEC + 123456789 },
	{ "2026-11-21T22:33:30.5Z", 1795300410 * SEC + 500000000 },
	{ "2026-11-22T00:33:30+02:00", 1795300410 * SEC },
	{ "2026-11-21T17:03:30-05:30", 1795300410 * SEC },
	{ "0001-01-01T00:00:00Z", 0 },
	{ "9999-12-31T23:59:59Z", -1 },
	{ "2026-11-21T22:33:30", -1 },
	{ "2026-11-21T22:33:30.Z", -1 },
	{ "2026-11-21T22:33:30Zx", -1 },
	{ "2026-11-21T22:33:30+02", -1 },
	{ "2026-11-21", -1 },
	{ "2026-13-21T22:33:30Z", -1 },
	{ "now", -1 },
	{ "", -1 },
};

TEST(times_of_rfc3339_are_read)
{
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		int64_t ns = -1;
		bool ok = clock_parse_rfc3339(cases[i].text, &ns);

		if (ok != (cases[i].ns >= 0) || ns != cases[i].ns)
			fail_msg("%s: %d, %lld", cases[i].text, ok, (long long)ns);
	}
}

TEST(what_is_printed_is_read_again)
{
	char text[RFC3339_SIZE];
	int64_t ns = -1;

	assert_true(clock_parse_rfc3339(clock_rfc3339(1795300410 * SEC + 7, text), &ns));
	assert_int_equal(1795300410 * SEC + 7, ns);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(times_of_rfc3339_are_read),
		RUN(what_is_printed_is_read_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
