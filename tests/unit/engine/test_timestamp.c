/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/timestamp.h"

#include "../test.h"

#include "base/scope.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SEC INT64_C(1000000000)
#define NOW (1795300410 * SEC)

static const struct {
	const char *text;
	int64_t ns;
} moments[] = {
	{ "10m", NOW - 600 * SEC },
	{ "1h30m", NOW - 5400 * SEC },
	{ "1h0.5m1.5s", NOW - 3630 * SEC - 1500000000 },
	{ ".5s", NOW - SEC / 2 },
	{ "1.s", NOW - SEC },
	{ "7ns", NOW - 7 },
	{ "7us", NOW - 7000 },
	{ "7\xc2\xb5s", NOW - 7000 },
	{ "100ms", NOW - SEC / 10 },
	{ "1.9ns", NOW - 1 },
	{ "-10m", NOW + 600 * SEC },
	{ "2026-11-21", 1795219200 * SEC - 3600 * SEC },
	{ "2026-11-21T22", 1795298400 * SEC - 3600 * SEC },
	{ "2026-11-21T22:33", 1795300380 * SEC - 3600 * SEC },
	{ "2026-11-21T22:33:30", NOW - 3600 * SEC },
	{ "2026-11-21T22:33:30.25", NOW - 3600 * SEC + SEC / 4 },
	{ "2026-11-21T22:33:30Z", NOW },
	{ "2026-11-22T00:33:30.5+02:00", NOW + SEC / 2 },
	{ "2026-11-21T21:33:30-01:00", NOW },
	{ "1795300410", NOW },
	{ "1795300410.25", NOW + SEC / 4 },
	{ "1795300410.1234567899", NOW + 123456789 },
	{ "0", 0 },
	{ "-1", -SEC },
	{ "2562047h", NOW - 2562047 * (3600 * SEC) },
};

/* In a zone east of Greenwich: who says none means the own one. */
TEST(a_moment_is_a_duration_seconds_or_a_date)
{
	(void)setenv("TZ", "XYZ-1", 1);
	tzset();
	for (size_t i = 0; i < ARRAY_LEN(moments); i++) {
		int64_t ns = 7;
		int r = timestamp_parse(sv_from(moments[i].text), NOW, &ns, NULL);

		if (r < 0 || ns != moments[i].ns)
			fail_msg("%s: %d, %lld", moments[i].text, r, (long long)ns);
	}
}

static const char *const none[] = {
	"",
	"-",
	"m",
	".",
	".s",
	"10x",
	"1.2.3s",
	"0x10s",
	"10 m",
	"1e3s",
	"+5m",
	"5m-",
	"1h 5m",
	"99999999999999h",
	"2562047.99999h",
	"2562048h",
	"9223372036854775808ns",
	"9223372036854775807ns1ns",
	"99999999999999999999",
	"9223372036",
	"-9223372037",
	"1795300410.",
	"1795300410.x",
	"1795300410.1x",
	"yesterday",
	"2026-11",
	"2026-13-01",
	"2026-00-01",
	"2026-11-32",
	"1969-12-31",
	"2201-01-01",
	"2026-11-21T",
	"2026-11-21T24",
	"2026-11-21T22:60",
	"2026-11-21T22:33:61",
	"2026-11-21T22:33:30.",
	"2026-11-21T22:33:30+2",
	"2026-11-21T22:33:30+24:00",
	"2026-11-21T22:33:30z",
	"2026-11-21 22:33:30",
	"2026-11-21T22:33:30ZZ",
};

TEST(anything_else_is_refused_and_changes_nothing)
{
	for (size_t i = 0; i < ARRAY_LEN(none); i++) {
		struct err e = { 0 };
		int64_t ns = 7;

		if (timestamp_parse(sv_from(none[i]), NOW, &ns, &e) != -EINVAL || ns != 7)
			fail_msg("taken for a moment: %s, %lld", none[i], (long long)ns);
		assert_non_null(strstr(e.msg, "failed to parse value as time or duration: \""));
	}
}

TEST(rfc3339_needs_all_of_it)
{
	static const char *const bad[] = { "", "2026-11-21", "2026-11-21T22:33:30", "10m", "2026-11-21T22:33:30Z " };
	int64_t ns = 7;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(-EINVAL, timestamp_rfc3339(sv_from(bad[i]), &ns));
	assert_int_equal(7, ns);
	assert_int_equal(0, timestamp_rfc3339(sv_from("2026-11-21T22:33:30.000000001Z"), &ns));
	assert_int_equal(NOW + 1, ns);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(a_moment_is_a_duration_seconds_or_a_date),
		RUN(anything_else_is_refused_and_changes_nothing),
		RUN(rfc3339_needs_all_of_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
