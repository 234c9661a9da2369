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

TEST(trees_that_are_counted_together_share_their_files)
{
	scoped_scratch s = scratch_new();
	scoped_usage_counter c = NULL;
	struct usage first = { 0 }, second = { 0 }, self = { 0 };

	assert_int_equal(0, mkdirat(s.dir, "a", 0700));
	assert_int_equal(0, mkdirat(s.dir, "b", 0700));
	scratch_file(s.dir, "a/five", "12345");
	assert_int_equal(0, linkat(s.dir, "a/five", s.dir, "b/five", 0));
	scratch_file(s.dir, "b/two", "12");
	assert_int_equal(0, usage_counter_new(&c, NULL));
	assert_int_equal(0, usage_add(c, s.dir, "a", &first, NULL));
	assert_int_equal(0, usage_add(c, s.dir, "b", &second, NULL));
	assert_int_equal(0, usage_add(c, s.dir, "none", &second, NULL));
	assert_int_equal(5, first.bytes);
	assert_int_equal(1, first.files);
	assert_int_equal(2, second.bytes);
	assert_int_equal(1, second.files);
	assert_int_equal(0, usage_add_self(c, s.dir, "b", &self, NULL));
	assert_int_equal(0, self.files);
	assert_true(self.disk <= second.disk);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(files_are_counted_once_whatever_they_are_called),
		RUN(links_lead_nowhere),
		RUN(trees_that_are_counted_together_share_their_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
