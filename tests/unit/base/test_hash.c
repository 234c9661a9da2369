/* SPDX-License-Identifier: Apache-2.0 */
#include "../test.h"

#include "base/hash.h"

/* Test vectors of the algorithm's authors. */
TEST(texts_have_the_sums_that_fnv_1a_gives)
{
	assert_int_equal(0x811c9dc5, hash_of(SV("")));
	assert_int_equal(0xe40c292c, hash_of(SV("a")));
	assert_int_equal(0xbf9cf968, hash_of(SV("foobar")));
	assert_int_equal(0xe40c292c, hash_byte(HASH_START, 'a'));
}

int main(void)
{
	static const struct CMUnitTest tests[] = { RUN(texts_have_the_sums_that_fnv_1a_gives) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
