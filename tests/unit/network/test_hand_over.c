/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include "network/hand_over.h"

#include "base/scope.h"
#include "network/serve.h"
#include "scratch.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

static int listener(const struct scratch *s)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	(void)mkdirat(s->dir, NET_DIR, 0700);
	(void)snprintf(a.sun_path, sizeof a.sun_path, "%s/" NET_DIR "/" NET_SOCKET, s->path);
	assert_int_equal(0, bind(fd, (struct sockaddr *)&a, sizeof a));
	assert_int_equal(0, listen(fd, 8));
	return fd;
}

TEST(what_is_handed_over_outlives_who_did_it)
{
	scoped_scratch s = scratch_new();
	scoped_fd server = listener(&s), there = -1, got = -1;
	char text[16], byte;
	int pair[2];

	assert_int_equal(0, pipe2(pair, O_CLOEXEC));
	assert_int_equal(0, net_hand_over(s.dir, pair[1], NULL));
	close(pair[1]); /* and its connection is closed by now */
	there = accept(server, NULL, NULL);
	assert_int_equal(strlen(NET_HOLD), net_hand_receive(there, text, sizeof text, &got));
	assert_memory_equal(NET_HOLD, text, strlen(NET_HOLD));
	assert_int_equal(1, write(got, "x", 1));
	assert_int_equal(1, read(pair[0], &byte, 1));
	close(pair[0]);
	assert_int_equal(0, net_hand_receive(there, text, sizeof text, &pair[0])); /* nothing more */
	assert_int_equal(-1, pair[0]);
}

TEST(without_a_tare_net_it_stays_with_the_caller)
{
	scoped_scratch s = scratch_new();
	struct err e = { 0 };

	assert_int_equal(-ENOENT, net_hand_over(s.dir, 0, &e));
	close(listener(&s));
	assert_int_equal(-ECONNREFUSED, net_hand_over(s.dir, 0, &e));
	assert_int_equal(0, fcntl(0, F_GETFD) & ~FD_CLOEXEC);
}

TEST(a_message_without_a_descriptor_is_one)
{
	char text[16];
	int pair[2], fd = 7;

	assert_int_equal(0, socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair));
	assert_int_equal(3, send(pair[0], "abc", 3, 0));
	assert_int_equal(3, net_hand_receive(pair[1], text, sizeof text, &fd));
	assert_int_equal(-1, fd);
	assert_int_equal(-1, net_hand_receive(pair[1], text, sizeof text, &fd));
	close(pair[0]);
	close(pair[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(what_is_handed_over_outlives_who_did_it),
		RUN(without_a_tare_net_it_stays_with_the_caller),
		RUN(a_message_without_a_descriptor_is_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
