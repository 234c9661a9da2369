/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/ofd_lock.h"

#include "../test.h"
#include "base/clock.h"
#include "base/scope.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

/* Another open file description of the same file. */
static int reopen(int fd, int flags)
{
	char path[64];
	int again;

	(void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	again = open(path, flags | O_CLOEXEC);
	assert_true(again >= 0);
	return again;
}

TEST(one_open_file_at_a_time)
{
	scoped_fd a = memfd_create("lock", MFD_CLOEXEC), b = reopen(a, O_RDWR), reader = reopen(a, O_RDONLY);
	struct err e = { 0 };

	assert_false(ofd_lock_is_held(reader));
	assert_int_equal(0, ofd_lock_take(a, 0, &e));
	assert_int_equal(0, ofd_lock_take(a, 0, &e)); /* its own again */
	assert_true(ofd_lock_is_held(reader));
	assert_false(ofd_lock_is_held(a)); /* by another one, that is */
	assert_int_equal(-EAGAIN, ofd_lock_take(b, 0, &e));
	assert_string_equal("held by another process", e.msg);
	close(fd_take(&a));
	assert_false(ofd_lock_is_held(reader));
	assert_int_equal(0, ofd_lock_take(b, 0, &e));
}

TEST(closing_another_descriptor_of_the_file_does_not_lose_it)
{
	scoped_fd a = memfd_create("lock", MFD_CLOEXEC), reader = reopen(a, O_RDONLY);

	assert_int_equal(0, ofd_lock_take(a, 0, NULL));
	close(reopen(a, O_RDWR)); /* what fcntl(2)'s older F_SETLK is famous for */
	assert_true(ofd_lock_is_held(reader));
}

TEST(a_duplicate_keeps_it)
{
	scoped_fd a = memfd_create("lock", MFD_CLOEXEC), reader = reopen(a, O_RDONLY), copy = dup(a);

	assert_int_equal(0, ofd_lock_take(a, 0, NULL));
	close(fd_take(&a));
	assert_true(ofd_lock_is_held(reader));
}

TEST(a_wait_ends_in_time)
{
	scoped_fd a = memfd_create("lock", MFD_CLOEXEC), b = reopen(a, O_RDWR);
	int64_t began = clock_monotonic_ns(), waited;

	assert_int_equal(0, ofd_lock_take(a, 0, NULL));
	assert_int_equal(-EAGAIN, ofd_lock_take(b, 50, NULL));
	waited = clock_monotonic_ns() - began;
	assert_true(waited >= 50000000);
	assert_true(waited < 5000000000);
}

TEST(a_killed_holder_lets_go)
{
	static const unsigned timeouts[] = { 60000, OFD_LOCK_FOREVER };

	for (size_t i = 0; i < ARRAY_LEN(timeouts); i++) {
		scoped_fd a = memfd_create("lock", MFD_CLOEXEC), b = reopen(a, O_RDWR);
		int ready[2], go[2], status;
		char c;
		pid_t pid;

		assert_int_equal(0, pipe(ready));
		assert_int_equal(0, pipe(go));
		pid = fork();
		if (pid == 0) {
			int own = reopen(a, O_RDWR);

			close(a);
			if (ofd_lock_take(own, 0, NULL) == 0)
				(void)!write(ready[1], "x", 1);
			(void)!read(go[0], &c, 1);
			(void)usleep(20000); /* most often it is waited for by then */
			(void)raise(SIGKILL);
		}
		assert_int_equal(1, read(ready[0], &c, 1));
		assert_true(ofd_lock_is_held(b));
		assert_int_equal(1, write(go[1], "x", 1));
		assert_int_equal(0, ofd_lock_take(b, timeouts[i], NULL));
		assert_int_equal(pid, waitpid(pid, &status, 0));
		for (int k = 0; k < 2; k++) {
			close(ready[k]);
			close(go[k]);
		}
	}
}

TEST(a_read_only_descriptor_cannot_take_it)
{
	scoped_fd a = memfd_create("lock", MFD_CLOEXEC), reader = reopen(a, O_RDONLY);

	assert_int_equal(-EBADF, ofd_lock_take(reader, 0, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(one_open_file_at_a_time),
		RUN(closing_another_descriptor_of_the_file_does_not_lose_it),
		RUN(a_duplicate_keeps_it),
		RUN(a_wait_ends_in_time),
		RUN(a_killed_holder_lets_go),
		RUN(a_read_only_descriptor_cannot_take_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
