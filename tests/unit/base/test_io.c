/* SPDX-License-Identifier: Apache-2.0 */
#include "base/io.h"

#include "../test.h"
#include "base/scope.h"

#include <string.h>
#include <sys/mman.h>

static int file_of(size_t n)
{
	int fd = memfd_create("test", MFD_CLOEXEC);

	assert_true(fd >= 0);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(1, write(fd, "x", 1));
	assert_int_equal(0, lseek(fd, 0, SEEK_SET));
	return fd;
}

static const struct {
	size_t file, ceiling;
	int rc;
} reads[] = {
	{ 0, 1, 0 },         { 1, 1, 0 },
	{ 2, 1, -EMSGSIZE }, { 100, 256, 0 },
	{ 256, 256, 0 },     { 257, 256, -EMSGSIZE },
	{ 4096, 4096, 0 },   { 4097, 4096, -EMSGSIZE },
	{ 9000, 9000, 0 },   { 9001, 9000, -EMSGSIZE },
};

TEST(read_takes_a_file_up_to_the_ceiling_and_no_byte_more)
{
	for (size_t i = 0; i < ARRAY_LEN(reads); i++) {
		scoped_fd fd = file_of(reads[i].file);
		scoped_buf b = BUF(reads[i].ceiling);

		assert_int_equal(reads[i].rc, io_read_fd(fd, &b, NULL));
		assert_true(b.len <= reads[i].ceiling);
		if (reads[i].rc == 0)
			assert_int_equal(reads[i].file, b.len);
	}
}

TEST(an_empty_file_is_an_empty_text)
{
	scoped_fd fd = file_of(0);
	scoped_buf b = BUF(16);

	assert_int_equal(0, io_read_fd(fd, &b, NULL));
	assert_string_equal("", b.p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(read_takes_a_file_up_to_the_ceiling_and_no_byte_more),
		RUN(an_empty_file_is_an_empty_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
