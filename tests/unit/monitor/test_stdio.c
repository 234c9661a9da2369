/* SPDX-License-Identifier: Apache-2.0 */
/* Clients come and go; the session's process sees one input and one output. */
#include "monitor/stdio.h"

#include "../test.h"

#include "base/scope.h"
#include "monitor/control.h"

#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <string.h>

static size_t drain(int fd, char *text, size_t cap)
{
	ssize_t n = read(fd, text, cap - 1);

	text[n < 0 ? 0 : n] = '\0';
	return n < 0 ? 0 : (size_t)n;
}

static void run(struct stdio *s)
{
	static struct pollset p;

	pollset_begin(&p);
	stdio_poll(s, &p);
	assert_true(poll(p.v, (nfds_t)p.n, 0) >= 0);
	stdio_run(s, &p);
}

static void fill_with_null(int fds[3])
{
	for (int i = 0; i < 3; i++)
		fds[i] = open("/dev/null", O_RDWR | O_CLOEXEC);
}

/* A client that sends `text` and its end. */
static void send_input(struct stdio *s, const void *owner, const char *text)
{
	int p[2], fds[3] = { -1, -1, -1 };

	assert_int_equal(0, pipe2(p, O_CLOEXEC));
	fds[0] = p[0];
	assert_int_equal(0, stdio_attach(s, owner, CONTROL_STDIN, fds, false, NULL));
	assert_int_equal(-1, fds[0]);
	assert_int_equal(strlen(text), write(p[1], text, strlen(text)));
	close(p[1]);
	for (int i = 0; i < 3; i++)
		run(s);
}

TEST(input_attached_once_ends_with_its_client)
{
	struct stdio s;
	int theirs[3];
	char text[16];

	stdio_init(&s);
	s.open_stdin = s.stdin_once = true;
	assert_int_equal(0, stdio_open(&s, theirs, NULL));
	send_input(&s, &s, "abc");
	assert_int_equal(3, drain(theirs[0], text, sizeof text));
	assert_string_equal("abc", text);
	assert_int_equal(0, read(theirs[0], text, 1));
	stdio_done(&s);
	for (int i = 0; i < 3; i++)
		close(theirs[i]);
}

TEST(other_input_stays_open_for_the_next_client)
{
	struct stdio s;
	int theirs[3], one, two;
	char text[16];

	stdio_init(&s);
	s.open_stdin = true;
	assert_int_equal(0, stdio_open(&s, theirs, NULL));
	send_input(&s, &one, "abc");
	assert_null(s.inputs);
	send_input(&s, &two, "def");
	assert_int_equal(6, drain(theirs[0], text, sizeof text));
	assert_string_equal("abcdef", text);
	(void)fcntl(theirs[0], F_SETFL, O_NONBLOCK);
	assert_int_equal(-1, read(theirs[0], text, 1));
	assert_int_equal(EAGAIN, errno);
	stdio_hang_up(&s);
	assert_int_equal(0, read(theirs[0], text, 1));
	stdio_done(&s);
	for (int i = 0; i < 3; i++)
		close(theirs[i]);
}

TEST(a_session_without_input_takes_none)
{
	struct stdio s;
	int theirs[3], fds[3];
	char text[16];

	stdio_init(&s);
	assert_int_equal(0, stdio_open(&s, theirs, NULL));
	fill_with_null(fds);
	assert_int_equal(0, stdio_attach(&s, &s, CONTROL_STDIN | CONTROL_STDERR, fds, false, NULL));
	assert_true(fds[0] >= 0 && fds[1] < 0 && fds[2] >= 0); /* stays the caller's, taken, not asked for */
	assert_int_equal(0, read(theirs[0], text, 1));
	assert_int_equal(-ENOTTY, stdio_resize(&s, 1, 1, NULL));
	close(fds[0]);
	close(fds[2]);
	stdio_done(&s);
	for (int i = 0; i < 3; i++)
		close(theirs[i]);
}

TEST(a_terminal_is_one_stream_with_a_size)
{
	struct stdio s;
	int theirs[3], fds[3] = { -1, -1, -1 }, p[2], master, slave;
	struct winsize size;
	char text[32];

	assert_int_equal(0, openpty(&master, &slave, NULL, NULL, NULL));
	assert_int_equal(0, pipe2(p, O_CLOEXEC));
	stdio_init(&s);
	s.tty = s.open_stdin = true;
	assert_int_equal(0, stdio_open(&s, theirs, NULL));
	assert_true(theirs[0] < 0 && theirs[1] < 0 && theirs[2] < 0);
	assert_int_equal(0, stdio_set_master(&s, master, NULL));
	assert_int_equal(0, stdio_resize(&s, 40, 132, NULL));
	assert_int_equal(0, ioctl(slave, TIOCGWINSZ, &size));
	assert_int_equal(40, size.ws_row);
	assert_int_equal(132, size.ws_col);
	fds[0] = p[1];
	assert_int_equal(0, stdio_attach(&s, &s, CONTROL_STDOUT, fds, true, NULL));
	close(slave);
	slave = open(ttyname(s.slave), O_RDWR | O_NOCTTY | O_CLOEXEC);
	run(&s);
	assert_true(s.out.from >= 0); /* nobody had it open for a moment */
	assert_int_equal(3, write(slave, "hi\n", 3));
	run(&s);
	assert_int_equal(4, drain(p[0], text, sizeof text));
	assert_string_equal("hi\r\n", text);
	send_input(&s, text, "yo\n"); /* and it stays open after that */
	assert_int_equal(3, drain(slave, text, sizeof text));
	assert_string_equal("yo\n", text);
	close(slave);
	stdio_hang_up(&s);
	for (int i = 0; i < 3; i++)
		run(&s);
	assert_int_equal(-1, s.out.from);
	assert_int_equal(4, drain(p[0], text, sizeof text)); /* the echo */
	stdio_done(&s);
	close(p[0]);
}

static int ignore_sigpipe(void **state)
{
	(void)state;
	return sigaction(SIGPIPE, &(struct sigaction){ .sa_handler = SIG_IGN }, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(input_attached_once_ends_with_its_client),
		RUN(other_input_stays_open_for_the_next_client),
		RUN(a_session_without_input_takes_none),
		RUN(a_terminal_is_one_stream_with_a_size),
	};

	return cmocka_run_group_tests(tests, ignore_sigpipe, NULL);
}
