/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/nowait.h"

#include "../test.h"

#include "base/scope.h"

#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

TEST(what_never_waits_is_used_as_it_is)
{
	static const char *const paths[] = { "/dev/null", "/dev/full", "/dev/zero", "/proc/self/exe" };
	scoped_fd file = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		scoped_fd fd = open(paths[i], O_RDONLY | O_CLOEXEC);

		assert_int_equal(NOWAIT_PLAIN, nowait_of(fd));
	}
	assert_int_equal(NOWAIT_PLAIN, nowait_of(-1));
	if (file >= 0)
		assert_int_equal(NOWAIT_PLAIN, nowait_of(file));
}

TEST(a_terminal_is_asked_and_takes_little)
{
	char text[1024] = "", more[1024];
	enum nowait how;
	int master, slave;

	assert_int_equal(0, openpty(&master, &slave, NULL, NULL, NULL));
	how = nowait_of(slave);
	assert_int_equal(NOWAIT_POLL, how);
	assert_int_equal(-1, nowait_read(slave, &how, text, sizeof text));
	assert_int_equal(EAGAIN, errno);
	assert_int_equal(256, nowait_write(slave, &how, text, sizeof text));
	assert_int_equal(256, read(master, more, sizeof more));
	assert_int_equal(2, write(master, "x\n", 2));
	assert_int_equal(2, nowait_read(slave, &how, more, sizeof more));
	close(master);
	close(slave);
}

/* Kernels have no RWF_NOWAIT for them. */
TEST(a_fifo_becomes_one_of_our_own)
{
	char dir[] = "/tmp/tare-nowait-XXXXXX", path[64], text[8];
	int others, fd, to;
	enum nowait how;

	assert_non_null(mkdtemp(dir));
	(void)snprintf(path, sizeof path, "%s/fifo", dir);
	assert_int_equal(0, mkfifo(path, 0600));
	others = open(path, O_RDWR | O_CLOEXEC);
	fd = fcntl(others, F_DUPFD_CLOEXEC, 0);
	to = fcntl(others, F_DUPFD_CLOEXEC, 0);
	how = nowait_of(fd);
	assert_int_equal(NOWAIT_PIPE, how);
	assert_int_equal(-1, nowait_read(fd, &how, text, sizeof text));
	assert_int_equal(EAGAIN, errno);
	assert_int_equal(3, write(others, "abc", 3));
	assert_int_equal(3, nowait_read(fd, &how, text, sizeof text));
	how = nowait_of(to);
	assert_int_equal(3, nowait_write(to, &how, "def", 3));
	assert_int_equal(3, read(others, text, sizeof text));
	assert_int_equal(0, fcntl(others, F_GETFL) & O_NONBLOCK);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	close(fd);
	close(to);
	close(others);
	assert_int_equal(0, unlink(path));
	assert_int_equal(0, rmdir(dir));
}

TEST(the_end_of_a_socket_is_an_end)
{
	enum nowait how;
	char text[8];
	int p[2];

	assert_int_equal(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, p));
	how = nowait_of(p[0]);
	assert_int_equal(NOWAIT_SOCKET, how);
	assert_int_equal(-1, nowait_read(p[0], &how, text, sizeof text));
	assert_int_equal(EAGAIN, errno);
	assert_int_equal(2, nowait_write(p[0], &how, "ab", 2));
	close(p[1]);
	assert_int_equal(-1, nowait_write(p[0], &how, "ab", 2)); /* without SIGPIPE */
	assert_int_equal(EPIPE, errno);
	close(p[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(what_never_waits_is_used_as_it_is),
		RUN(a_terminal_is_asked_and_takes_little),
		RUN(a_fifo_becomes_one_of_our_own),
		RUN(the_end_of_a_socket_is_an_end),
	};

	(void)alarm(60);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
