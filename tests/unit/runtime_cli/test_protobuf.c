/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime_cli/protobuf.h"

#include "../test.h"
#include "base/scope.h"

#include <errno.h>

#define BYTES(text) ((struct sv){ text, sizeof text - 1 })

TEST(numbers_and_text_are_written_as_the_format_has_them)
{
	scoped_buf b = BUF(1024);

	pb_number(&b, 1, 150); /* the manual's own example */
	pb_text(&b, 2, "testing");
	pb_text(&b, 3, NULL);
	pb_number(&b, 16, UINT64_MAX);
	assert_int_equal(0, b.failed);
	assert_int_equal(3 + 9 + 12, b.len);
	assert_memory_equal("\x08\x96\x01\x12\x07testing\x80\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", b.p, b.len);
}

TEST(what_was_written_is_read)
{
	scoped_buf b = BUF(1024), inner = BUF(64);
	struct pb_field f;
	struct sv rest;

	pb_number(&inner, 2, 7);
	pb_number(&b, 536870911, 0);
	pb_bytes(&b, 5, buf_sv(&inner));
	rest = buf_sv(&b);
	assert_int_equal(1, pb_next(&rest, &f));
	assert_int_equal(536870911, f.number);
	assert_int_equal(0, f.value);
	assert_null(f.data.p);
	assert_int_equal(1, pb_next(&rest, &f));
	assert_int_equal(5, f.number);
	assert_int_equal(0, pb_next(&rest, &f));
	rest = f.data;
	assert_int_equal(1, pb_next(&rest, &f));
	assert_int_equal(2, f.number);
	assert_int_equal(7, f.value);
}

TEST(kinds_without_a_use_here_are_passed_over)
{
	struct sv rest = BYTES("\x09"
			       "12345678"
			       "\x15"
			       "1234"
			       "\x08\x01");
	struct pb_field f;

	assert_int_equal(1, pb_next(&rest, &f));
	assert_int_equal(8, f.data.n);
	assert_int_equal(1, pb_next(&rest, &f));
	assert_int_equal(4, f.data.n);
	assert_int_equal(1, pb_next(&rest, &f));
	assert_int_equal(1, f.value);
}

TEST(what_is_no_message_is_refused)
{
	static const struct sv bad[] = {
		BYTES("\x08"),
		BYTES("\x08\xff"),
		BYTES("\x12\x05"
		      "four"),
		BYTES("\x12"),
		BYTES("\x00\x01"),
		BYTES("\x0b"),
		BYTES("\x15\x01"),
		BYTES("\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"
		      "x"),
		BYTES("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"),
	};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct sv rest = bad[i];
		struct pb_field f;

		assert_int_equal(-EINVAL, pb_next(&rest, &f));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(numbers_and_text_are_written_as_the_format_has_them),
		RUN(what_was_written_is_read),
		RUN(kinds_without_a_use_here_are_passed_over),
		RUN(what_is_no_message_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
