/* SPDX-License-Identifier: Apache-2.0 */
#include "base/sv.h"

#include "../test.h"

#include <errno.h>

static const struct {
	const char *text;
	int rc;
	uint64_t value;
} numbers[] = {
	{ "0", 0, 0 },
	{ "18446744073709551615", 0, UINT64_MAX },
	{ "18446744073709551616", -ERANGE, 7 },
	{ "", -EINVAL, 7 },
	{ "-1", -EINVAL, 7 },
	{ "1x", -EINVAL, 7 },
	{ " 1", -EINVAL, 7 },
};

TEST(u64_consumes_the_whole_text_or_fails)
{
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		uint64_t v = 7;

		assert_int_equal(numbers[i].rc, sv_u64(sv_from(numbers[i].text), &v));
		assert_true(v == numbers[i].value);
	}
}

TEST(i64_knows_its_smallest_number)
{
	int64_t v = 0;

	assert_int_equal(0, sv_i64(SV("-9223372036854775808"), &v));
	assert_true(v == INT64_MIN);
	assert_int_equal(-ERANGE, sv_i64(SV("9223372036854775808"), &v));
}

TEST(cut_splits_at_the_first)
{
	struct sv head, rest;

	assert_true(sv_cut(SV("10:cpu,cpuacct:/a:b"), ':', &head, &rest));
	assert_true(sv_is(head, "10"));
	assert_true(sv_is(rest, "cpu,cpuacct:/a:b"));
	assert_false(sv_cut(SV("plain"), ':', &head, &rest));
	assert_true(sv_is(head, "plain"));
	assert_int_equal(0, rest.n);
}

TEST(next_gives_empty_fields)
{
	struct sv s = SV("a,,b"), f;

	assert_true(sv_next(&s, ',', &f) && sv_is(f, "a"));
	assert_true(sv_next(&s, ',', &f) && sv_is(f, ""));
	assert_true(sv_next(&s, ',', &f) && sv_is(f, "b"));
	assert_false(sv_next(&s, ',', &f));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(u64_consumes_the_whole_text_or_fails),
		RUN(i64_knows_its_smallest_number),
		RUN(cut_splits_at_the_first),
		RUN(next_gives_empty_fields),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
