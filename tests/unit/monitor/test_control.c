/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/control.h"

#include "../test.h"

#include "base/io.h"
#include "base/scope.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

TEST(a_message_arrives_whole_with_its_descriptors)
{
	struct control_message m;
	int pair[2], fds[3],
		pass[2] = { open("/dev/null", O_RDONLY | O_CLOEXEC), open("/dev/zero", O_RDONLY | O_CLOEXEC) };
	struct control_message said = { .type = CONTROL_ATTACH, .value = 6, .flag = 1, .session = 0x80000001,
					.err = { .code = ENOENT, .msg = "because" } };
	struct stat sent, got;

	assert_int_equal(0, socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair));
	assert_int_equal(0, control_send(pair[0], &said, pass, 2, NULL));
	assert_int_equal(1, control_receive(pair[1], &m, fds, NULL));
	assert_int_equal(CONTROL_ATTACH, m.type);
	assert_int_equal(6, m.value);
	assert_int_equal(1, m.flag);
	assert_int_equal(0x80000001, m.session);
	assert_string_equal("because", m.err.msg);
	assert_int_equal(-1, fds[2]);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(0, fstat(pass[i], &sent) | fstat(fds[i], &got));
		assert_int_equal(sent.st_rdev, got.st_rdev);
		close(fds[i]);
		close(pass[i]);
	}
	close(pair[0]);
	assert_int_equal(0, control_receive(pair[1], &m, fds, NULL)); /* the other side closed */
	close(pair[1]);
}

TEST(another_version_and_half_a_message_are_refused)
{
	struct control_message m = { .version = CONTROL_VERSION + 1, .type = CONTROL_START }, ret = { .value = 7 };
	int pair[2], fds[3];

	assert_int_equal(0, socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair));
	assert_int_equal(sizeof m, write(pair[0], &m, sizeof m));
	assert_int_equal(-EPROTO, control_receive(pair[1], &ret, fds, NULL));
	assert_int_equal(3, write(pair[0], &m, 3));
	assert_int_equal(-EPROTO, control_receive(pair[1], &ret, fds, NULL));
	assert_int_equal(7, ret.value);
	close(pair[0]);
	close(pair[1]);
}

TEST(a_socket_is_reached_by_its_directory_however_long_the_path)
{
	char path[300] = "/tmp/tare-test-XXXXXX", *top;
	int dir, listener, client, server, before = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	top = mkdtemp(path);
	assert_non_null(top);
	assert_int_equal(0, chdir(top));
	memset(path + 22, 'x', 200);
	path[222] = '\0';
	assert_int_equal(0, mkdir(path + 22, 0700) | chdir(path + 22));
	dir = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(-ENOENT, control_connect(dir, NULL));
	listener = control_listen(NULL);
	assert_true(listener >= 0);
	client = control_connect(dir, NULL);
	assert_true(client >= 0);
	server = control_accept(listener, NULL);
	assert_true(server >= 0);
	assert_int_equal(0, control_tell(client, CONTROL_STOP, 0, 0, NULL));
	close(client);
	close(server);
	close(listener);
	assert_int_equal(-ECONNREFUSED, control_connect(dir, NULL));
	close(dir);
	assert_int_equal(0, fchdir(before));
	close(before);
	path[21] = '\0';
	assert_int_equal(0, io_remove_tree_at(AT_FDCWD, path, NULL));
}

TEST(what_was_said_before_the_end_is_heard_though_nobody_listened)
{
	struct control_message m;
	int pair[2], fds[3];

	assert_int_equal(0, socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair));
	assert_int_equal(0, control_tell(pair[0], CONTROL_ATTACH, 0, 0, NULL));
	assert_int_equal(0, control_tell(pair[1], CONTROL_REFUSED, 7, 0, NULL));
	close(pair[1]); /* with the request still in it */
	assert_int_equal(1, control_receive(pair[0], &m, fds, NULL));
	assert_int_equal(7, m.value);
	assert_int_equal(0, control_receive(pair[0], &m, fds, NULL));
	close(pair[0]);
}

TEST(a_size_is_one_number)
{
	assert_int_equal(65535, CONTROL_ROWS(CONTROL_SIZE(65535, 80)));
	assert_int_equal(80, CONTROL_COLUMNS(CONTROL_SIZE(65535, 80)));
	assert_int_equal(65535, CONTROL_COLUMNS(CONTROL_SIZE(0, 65535)));
}

TEST(who_has_gone_is_gone_whether_it_has_read_everything_or_not)
{
	for (int unread = 0; unread < 2; unread++) {
		int pair[2];

		assert_int_equal(0, socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair));
		if (unread)
			assert_int_equal(0, control_tell(pair[0], CONTROL_START, 0, 0, NULL));
		close(pair[1]);
		assert_int_equal(-EPIPE, control_tell(pair[0], CONTROL_START, 0, 0, NULL));
		close(pair[0]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(who_has_gone_is_gone_whether_it_has_read_everything_or_not),
		RUN(a_message_arrives_whole_with_its_descriptors),
		RUN(another_version_and_half_a_message_are_refused),
		RUN(a_socket_is_reached_by_its_directory_however_long_the_path),
		RUN(what_was_said_before_the_end_is_heard_though_nobody_listened),
		RUN(a_size_is_one_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
