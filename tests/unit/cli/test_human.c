/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/human.h"

#include "../test.h"

#define MINUTE 60LL
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

static const struct {
	int64_t seconds;
	const char *text;
} cases[] = {
	{ -5, "Less than a second" }, { 0, "Less than a second" }, { 1, "1 second" }, { 59, "59 seconds" },
	{ 60, "About a minute" }, { 119, "About a minute" }, { 120, "2 minutes" }, { HOUR - 1, "59 minutes" },
	{ HOUR, "About an hour" }, { HOUR + 29 * MINUTE, "About an hour" }, { HOUR + 30 * MINUTE, "2 hours" },
	{ 47 * HOUR, "47 hours" }, { 48 * HOUR, "2 days" }, { 13 * DAY, "13 days" }, { 14 * DAY, "2 weeks" },
	{ 59 * DAY, "8 weeks" }, { 60 * DAY, "2 months" }, { 729 * DAY, "24 months" }, { 730 * DAY, "2 years" },
};

TEST(durations_are_dockers_words)
{
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char text[HUMAN_SIZE];

		assert_string_equal(cases[i].text, human_duration(cases[i].seconds * 1000000000, text));
	}
}

static const struct {
	int64_t bytes;
	const char *text;
} sizes[] = {
	{ 0, "0B" },	       { 999, "999B" },	     { 1000, "1kB" },		    { 1983055, "1.98MB" },
	{ 123456789, "123MB" }, { 999900, "999.9kB" }, { 1600000000, "1.6GB" }, { INT64_MAX, "9.22EB" },
};

TEST(sizes_are_dockers_units)
{
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		char text[HUMAN_SIZE];

		assert_string_equal(sizes[i].text, human_bytes(sizes[i].bytes, text));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(durations_are_dockers_words),
		RUN(sizes_are_dockers_units),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
