/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/cpulist.h"

#include "../test.h"

#include <errno.h>

static const struct {
	const char *text;
	int rc;
	unsigned count;
} lists[] = {
	{ "0", 0, 1 },        { "0-3", 0, 4 },       { "0-3,7\n", 0, 5 },      { "1,1,1-2", 0, 2 },
	{ "", 0, 0 },         { "8191", 0, 1 },      { "8192", -ERANGE, 9 },   { "3-1", -EINVAL, 9 },
	{ "1,", -EINVAL, 9 }, { ",1", -EINVAL, 9 },  { "1-", -EINVAL, 9 },     { "-1", -EINVAL, 9 },
	{ "a", -EINVAL, 9 },  { "1 2", -EINVAL, 9 }, { "0-9999", -ERANGE, 9 }, { "0-18446744073709551616", -ERANGE, 9 },
};

TEST(list_is_parsed_whole_or_refused)
{
	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
		struct cpulist c = { .bits = { 0x1ff } };

		assert_int_equal(lists[i].rc, cpulist_parse(sv_from(lists[i].text), &c));
		assert_int_equal(lists[i].count, cpulist_count(&c));
	}
}

TEST(sets_are_compared_whatever_their_spelling)
{
	struct cpulist a, b;

	assert_int_equal(0, cpulist_parse(SV("0,1,2,5"), &a));
	assert_int_equal(0, cpulist_parse(SV("5,0-2"), &b));
	assert_true(cpulist_eq(&a, &b));
	assert_int_equal(0, cpulist_parse(SV("1,70"), &b));
	assert_false(cpulist_eq(&a, &b));
	assert_false(cpulist_is_subset(&b, &a));
	assert_int_equal(0, cpulist_parse(SV("0-80"), &a));
	assert_true(cpulist_is_subset(&b, &a));
	assert_false(cpulist_is_subset(&a, &b));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(list_is_parsed_whole_or_refused),
		RUN(sets_are_compared_whatever_their_spelling),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
