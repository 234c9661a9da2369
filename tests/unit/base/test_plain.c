/* SPDX-License-Identifier: Apache-2.0 */
#include "base/plain.h"

#include "../test.h"

#include <stdio.h>

static const char *plain(const char *text)
{
	static char copy[64];

	(void)snprintf(copy, sizeof copy, "%s", text);
	assert_ptr_equal(copy, text_plain(copy));
	return copy;
}

TEST(what_a_terminal_obeys_is_shown)
{
	assert_string_equal("a?[2Jb", plain("a\033[2Jb"));
	assert_string_equal("???", plain("\n\t\177"));
	assert_string_equal("??31m", plain("\302\23331m"));
	assert_string_equal("????", plain("\302\200\302\237"));
}

TEST(everything_else_stays)
{
	assert_string_equal("", plain(""));
	assert_string_equal("web ~ (1)", plain("web ~ (1)"));
	assert_string_equal("gr\303\274n \302\240\302\251", plain("gr\303\274n \302\240\302\251"));
	assert_string_equal("\302", plain("\302"));
	assert_null(text_plain(NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(what_a_terminal_obeys_is_shown),
		RUN(everything_else_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
