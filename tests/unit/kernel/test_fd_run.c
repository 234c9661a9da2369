/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/fd_run.h"

#include "../test.h"
#include "base/scope.h"

#include <fcntl.h>
#include <stdbool.h>

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

/* n descriptors from `first` on */
static void open_some(int first, int n)
{
	for (int i = 0; i < n; i++)
		assert_int_equal(first + i, fcntl(0, F_DUPFD_CLOEXEC, first + i));
}

TEST(those_that_were_given_are_closed_whatever_their_order_and_no_other)
{
	static const int given[] = { 407, 401, 402, 405, 400, 409 };
	struct fd_run run = FD_RUN;

	open_some(400, 10);
	for (size_t i = 0; i < ARRAY_LEN(given); i++)
		fd_run_add(&run, given[i]);
	assert_true(is_open(401));
	fd_run_close(&run);
	for (int fd = 400; fd < 410; fd++) {
		bool was_given = false;

		for (size_t i = 0; i < ARRAY_LEN(given); i++)
			was_given = was_given || given[i] == fd;
		assert_int_equal(!was_given, is_open(fd));
		close(fd);
	}
	assert_int_equal(0, run.n);
}

TEST(more_than_there_is_room_for_are_closed_on_the_way)
{
	struct fd_run run = FD_RUN;
	int n = 2 * (int)ARRAY_LEN(run.fd) + 5;

	open_some(500, n);
	for (int i = 0; i < n; i++)
		fd_run_add(&run, 500 + i);
	assert_false(is_open(500));
	assert_true(is_open(500 + n - 1));
	fd_run_close(&run);
	assert_false(is_open(500 + n - 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(those_that_were_given_are_closed_whatever_their_order_and_no_other),
		RUN(more_than_there_is_room_for_are_closed_on_the_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
