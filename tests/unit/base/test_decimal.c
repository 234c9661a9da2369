/* SPDX-License-Identifier: Apache-2.0 */
#include "base/decimal.h"

#include "../test.h"

#include <errno.h>

static const struct {
	const char *text;
	unsigned kilo;
	int rc;
	int64_t value; /* 7 = untouched on failure */
} sizes[] = {
	{ "1024", 1024, 0, 1024 },
	{ "10m", 1000, 0, 10000000 },
	{ "10m", 1024, 0, 10485760 },
	{ "1.5k", 1000, 0, 1500 },
	{ "2 GiB", 1024, 0, INT64_C(2) << 30 },
	{ "+1kb", 1000, 0, 1000 },
	{ ".5p", 1000, 0, 500000000000000 },
	{ "9223372036854775807", 1000, 0, INT64_MAX },
	{ "9223372036854775808", 1000, -ERANGE, 7 },
	{ "10000p", 1000, -ERANGE, 7 },
	{ "", 1000, -EINVAL, 7 },
	{ "m", 1000, -EINVAL, 7 },
	{ "-1", 1000, -EINVAL, 7 },
	{ "1x", 1000, -EINVAL, 7 },
	{ "1 m ", 1000, -EINVAL, 7 },
};

TEST(sizes_count_in_the_unit_that_is_asked_for)
{
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		int64_t v = 7;

		assert_int_equal(sizes[i].rc, size_parse(sv_from(sizes[i].text), sizes[i].kilo, &v));
		assert_true(v == sizes[i].value);
	}
	assert_int_equal(-EINVAL, size_parse((struct sv){ 0 }, 1024, &(int64_t){ 0 }));
}

int main(void)
{
	const struct CMUnitTest tests[] = { RUN(sizes_count_in_the_unit_that_is_asked_for) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
