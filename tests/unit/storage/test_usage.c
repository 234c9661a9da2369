/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/usage.h"

#include "../test.h"
#include "../scratch.h"

#include <errno.h>

TEST(files_are_counted_once_whatever_they_are_called)
{
	scoped_scratch s = scratch_new();
	int64_t bytes = 7;

	assert_int_equal(0, mkdirat(s.dir, "t", 0700));
	assert_int_equal(0, usage_count(s.dir, "t", &bytes, NULL));
	assert_int_equal(0, bytes);
	assert_int_equal(0, mkdirat(s.dir, "t/a", 0700));
	assert_int_equal(0, mkdirat(s.dir, "t/a/b", 0700));
	scratch_file(s.dir, "t/a/five", "12345");
	scratch_file(s.dir, "t/a/b/three", "123");
	assert_int_equal(0, linkat(s.dir, "t/a/five", s.dir, "t/again", 0));
	assert_int_equal(0, usage_count(s.dir, "t", &bytes, NULL));
	assert_int_equal(8, bytes);
}

TEST(links_lead_nowhere)
{
	scoped_scratch s = scratch_new();
	struct err e;
	int64_t bytes = 7;

	assert_int_equal(0, mkdirat(s.dir, "t", 0700));
	scratch_file(s.dir, "outside", "1234567890");
	assert_int_equal(0, symlinkat("..", s.dir, "t/up")); /* two bytes of its own */
	assert_int_equal(0, usage_count(s.dir, "t", &bytes, NULL));
	assert_int_equal(2, bytes);
	assert_int_equal(0, symlinkat("t", s.dir, "link"));
	bytes = 7;
	assert_true(usage_count(s.dir, "link", &bytes, &e) < 0);
	assert_int_equal(-ENOENT, usage_count(s.dir, "none", &bytes, &e));
	assert_string_equal("open none: No such file or directory", e.msg);
	assert_int_equal(7, bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(files_are_counted_once_whatever_they_are_called),
		RUN(links_lead_nowhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
