/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/scm_rights.h"

#include "../test.h"
#include "base/scope.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

static int pair[2];

static int open_pair(void **state)
{
	(void)state;
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair);
}

static int close_pair(void **state)
{
	(void)state;
	close(pair[0]);
	close(pair[1]);
	return 0;
}

static int open_count(void)
{
	int n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static bool is_same_file(int a, int b)
{
	struct stat x, y;

	return fstat(a, &x) == 0 && fstat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

TEST(descriptors_arrive_in_their_order_and_close_on_exec)
{
	int fds[3], got[3];
	char text[8];

	assert_int_equal(0, pipe2(fds, 0));
	fds[2] = open("/dev/null", O_RDONLY);
	assert_int_equal(4, scm_send(pair[0], "text", 4, fds, 3, 0));
	assert_int_equal(4, scm_receive(pair[1], text, sizeof text, got, 3, NULL, 0));
	assert_memory_equal("text", text, 4);
	for (int i = 0; i < 3; i++) {
		assert_true(is_same_file(fds[i], got[i]));
		assert_int_equal(FD_CLOEXEC, fcntl(got[i], F_GETFD));
		close(fds[i]);
		close(got[i]);
	}
}

TEST(none_is_minus_one_and_fewer_than_there_is_room_for_are_the_first)
{
	int got[2] = { 7, 7 };
	char byte;

	assert_int_equal(1, scm_send(pair[0], "x", 1, NULL, 0, 0));
	assert_int_equal(1, scm_receive(pair[1], &byte, 1, got, 2, NULL, 0));
	assert_int_equal(-1, got[0]);
	assert_int_equal(1, scm_send(pair[0], "x", 1, &pair[0], 1, 0));
	assert_int_equal(1, scm_receive(pair[1], &byte, 1, got, 2, NULL, 0));
	assert_true(got[0] >= 0 && got[1] == -1);
	close(got[0]);
}

/* With room for the sender's name there is also room for more descriptors than were asked for. */
TEST(more_than_were_asked_for_are_closed_not_kept)
{
	int many[SCM_FDS_MAX], got[3], before = open_count(), on = 1;
	pid_t sender;
	char byte;

	for (int i = 0; i < SCM_FDS_MAX; i++)
		many[i] = pair[0];
	for (size_t max = 1; max <= 3; max++) {
		assert_int_equal(1, scm_send(pair[0], "x", 1, many, SCM_FDS_MAX, 0));
		assert_int_equal(1, scm_receive(pair[1], &byte, 1, got, max, NULL, 0));
		assert_int_equal(before, open_count() - (got[0] >= 0 ? (int)max : 0));
		for (size_t i = 0; i < max; i++)
			if (got[i] >= 0)
				close(got[i]);
	}
	assert_int_equal(0, setsockopt(pair[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof on));
	assert_int_equal(1, scm_send(pair[0], "x", 1, many, 5, 0));
	assert_int_equal(1, scm_receive(pair[1], &byte, 1, got, 1, &sender, 0));
	assert_int_equal(getpid(), sender);
	assert_int_equal(-1, got[0]);
	assert_int_equal(before, open_count());
}

TEST(the_end_and_a_socket_without_anything_are_told_apart)
{
	int got;
	char byte;

	assert_int_equal(-1, scm_receive(pair[1], &byte, 1, &got, 1, NULL, MSG_DONTWAIT));
	assert_int_equal(EAGAIN, errno);
	assert_int_equal(-1, got);
	(void)shutdown(pair[0], SHUT_RDWR);
	assert_int_equal(0, scm_receive(pair[1], &byte, 1, &got, 1, NULL, 0));
	assert_int_equal(-1, scm_send(pair[0], "x", 1, NULL, 0, 0));
	assert_int_equal(EPIPE, errno);
	assert_int_equal(-1, scm_send(pair[0], "x", 1, &got, SCM_FDS_MAX + 1, 0));
	assert_int_equal(EINVAL, errno);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(descriptors_arrive_in_their_order_and_close_on_exec, open_pair,
						close_pair),
		cmocka_unit_test_setup_teardown(none_is_minus_one_and_fewer_than_there_is_room_for_are_the_first,
						open_pair, close_pair),
		cmocka_unit_test_setup_teardown(more_than_were_asked_for_are_closed_not_kept, open_pair, close_pair),
		cmocka_unit_test_setup_teardown(the_end_and_a_socket_without_anything_are_told_apart, open_pair,
						close_pair),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
