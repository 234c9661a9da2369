/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"

#include "../test.h"
#include "base/scope.h"

#include <errno.h>
#include <string.h>

TEST(short_and_long_texts_are_formatted_alike)
{
	for (int n = 250; n < 262; n++) {
		scoped_buf b = BUF(4096);

		assert_int_equal(0, buf_putf(&b, "%*d|%s", n, 7, "x"));
		assert_int_equal(n + 2, b.len);
		assert_int_equal(n + 2, strlen(b.p));
		assert_string_equal("7|x", b.p + n - 1);
	}
}

TEST(a_formatted_text_past_the_ceiling_is_refused)
{
	scoped_buf b = BUF(300), few = BUF(4);

	assert_int_equal(0, buf_putf(&b, "%300d", 1));
	assert_int_equal(-EMSGSIZE, buf_putf(&b, "%d", 1));
	assert_int_equal(300, b.len);
	assert_int_equal(-EMSGSIZE, buf_putf(&few, "%d", 12345));
	assert_int_equal(0, few.len);
}

TEST(filled_up_to_the_ceiling)
{
	scoped_buf b = BUF(5);

	assert_int_equal(0, buf_puts(&b, "a"));
	assert_int_equal(0, buf_fill(&b, '.', 0));
	assert_int_equal(0, buf_fill(&b, '.', 4));
	assert_string_equal("a....", b.p);
	assert_int_equal(-EMSGSIZE, buf_fill(&b, '.', 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(short_and_long_texts_are_formatted_alike),
		RUN(a_formatted_text_past_the_ceiling_is_refused),
		RUN(filled_up_to_the_ceiling),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
