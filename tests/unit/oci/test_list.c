/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/list.h"

#include "base/scope.h"

#include "../test.h"

#include <errno.h>

TEST(a_list_keeps_its_items_as_it_grows)
{
	scoped_arena a = ARENA(1 << 20);
	struct oci_strings l = { 0 };

	for (int i = 0; i < 100; i++)
		assert_int_equal(0, strings_addf(&a, &l, "%d", i));
	assert_int_equal(100, l.n);
	assert_string_equal("0", l.v[0]);
	assert_string_equal("99", l.v[99]);
	assert_true(strings_has(&l, "42"));
	assert_false(strings_has(&l, "100"));
}

TEST(a_full_arena_leaves_the_list_alone)
{
	scoped_arena a = ARENA(32);
	struct oci_strings l = { 0 };

	for (int i = 0; i < 4; i++)
		assert_int_equal(0, strings_add(&a, &l, "x"));
	assert_int_equal(-ENOMEM, strings_add(&a, &l, "x"));
	assert_int_equal(-ENOMEM, strings_add(&a, &l, NULL));
	assert_int_equal(4, l.n);
	assert_string_equal("x", l.v[3]);
}

TEST(a_pair_takes_the_place_of_the_same_key)
{
	scoped_arena a = ARENA(1 << 12);
	struct oci_pairs l = { 0 };

	assert_int_equal(0, pairs_set(&a, &l, "a", "1"));
	assert_int_equal(0, pairs_set(&a, &l, "b", "2"));
	assert_int_equal(0, pairs_set(&a, &l, "a", "3"));
	assert_int_equal(-ENOMEM, pairs_set(&a, &l, NULL, "4"));
	assert_int_equal(2, l.n);
	assert_string_equal("3", l.v[0].value);
	assert_string_equal("2", l.v[1].value);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(a_list_keeps_its_items_as_it_grows),
		RUN(a_full_arena_leaves_the_list_alone),
		RUN(a_pair_takes_the_place_of_the_same_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
