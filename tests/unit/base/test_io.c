/* SPDX-License-Identifier: Apache-2.0 */
#include "base/io.h"

#include "../test.h"
#include "../tmpdir.h"
#include "base/scope.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

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

static const enum io_disk disks[] = { IO_DISK_LATER, IO_DISK_SOON, IO_DISK_NOW };

TEST(a_file_is_replaced_whole_with_nothing_beside_it)
{
	for (size_t i = 0; i < ARRAY_LEN(disks); i++) {
		scoped_tmpdir t = tmpdir_new();
		scoped_buf b = BUF(64);
		struct stat st;
		scoped_fd old = -1;

		assert_int_equal(0, io_replace_at(t.fd, "file", "the first one", 13, 0644, disks[i], NULL));
		old = openat(t.fd, "file", O_RDONLY | O_CLOEXEC);
		assert_int_equal(0, io_replace_at(t.fd, "file", "second", 6, 0600, disks[i], NULL));
		assert_int_equal(0, io_read_fd(old, &b, NULL)); /* whoever had it open */
		assert_string_equal("the first one", b.p);
		b.len = 0;
		assert_int_equal(0, io_read_at(t.fd, "file", &b, NULL));
		assert_string_equal("second", b.p);
		assert_int_equal(0, fstatat(t.fd, "file", &st, 0));
		assert_int_equal(0600, st.st_mode & 07777);
		assert_int_equal(0, unlinkat(t.fd, "file", 0));
		assert_int_equal(0, rmdir(t.path)); /* nothing else is in it */
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(read_takes_a_file_up_to_the_ceiling_and_no_byte_more),
		RUN(an_empty_file_is_an_empty_text),
		RUN(a_file_is_replaced_whole_with_nothing_beside_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
