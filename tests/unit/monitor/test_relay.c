/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/relay.h"

#include "../test.h"

#include "base/scope.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>

struct pair {
	int read, write;
};

static struct pair pipe_new(void)
{
	int p[2];

	assert_int_equal(0, pipe2(p, O_CLOEXEC | O_NONBLOCK));
	return (struct pair){ p[0], p[1] };
}

/* Everything that is there now. */
static size_t drain(int fd, char *text, size_t cap)
{
	ssize_t n = read(fd, text, cap - 1);

	text[n < 0 ? 0 : n] = '\0';
	return n < 0 ? 0 : (size_t)n;
}

TEST(every_taker_gets_every_byte)
{
	struct pair from = pipe_new(), a = pipe_new(), b = pipe_new();
	char text[64];
	struct relay r;

	relay_init(&r, from.read);
	assert_true(relay_add(&r, a.write) && relay_add(&r, b.write));
	assert_int_equal(5, write(from.write, "hello", 5));
	relay_run(&r);
	assert_int_equal(5, drain(a.read, text, sizeof text));
	assert_string_equal("hello", text);
	assert_int_equal(5, drain(b.read, text, sizeof text));
	assert_true(relay_is_idle(&r));
	relay_done(&r);
	close(from.write);
	close(a.read);
	close(b.read);
}

TEST(a_full_taker_stops_the_reading_and_loses_nothing)
{
	struct pair from = pipe_new(), to = pipe_new();
	char text[8192], fill[4096] = { 0 };
	struct pollfd p[1 + RELAY_TAKERS];
	size_t filled = 0;
	ssize_t n;
	struct relay r;

	relay_init(&r, from.read);
	relay_add(&r, to.write);
	while ((n = write(to.write, fill, sizeof fill)) > 0)
		filled += (size_t)n;
	assert_int_equal(3, write(from.write, "abc", 3));
	relay_run(&r);
	assert_false(relay_is_idle(&r));
	assert_int_equal(1, relay_poll(&r, p)); /* waits for the taker, not for more */
	assert_int_equal(to.write, p[0].fd);
	while (filled) {
		n = read(to.read, text, sizeof text < filled ? sizeof text : filled);
		assert_true(n > 0);
		filled -= (size_t)n;
	}
	relay_run(&r);
	assert_int_equal(3, drain(to.read, text, sizeof text));
	assert_string_equal("abc", text);
	relay_done(&r);
	close(from.write);
	close(to.read);
}

TEST(the_last_taker_that_breaks_breaks_the_writer)
{
	struct pair from = pipe_new(), gone = pipe_new();
	struct relay r;

	relay_init(&r, from.read);
	relay_add(&r, gone.write);
	assert_int_equal(1, write(from.write, "x", 1));
	relay_run(&r);
	close(gone.read);
	assert_int_equal(1, write(from.write, "x", 1));
	relay_run(&r);
	assert_int_equal(-1, r.to[0].fd);
	assert_int_equal(-1, r.from); /* nobody is left: the writer learns it */
	assert_int_equal(-1, write(from.write, "x", 1));
	assert_int_equal(EPIPE, errno);
	close(from.write);
	relay_done(&r);
}

TEST(without_takers_bytes_are_thrown_away_until_the_end)
{
	struct pair from = pipe_new();
	struct relay r;

	relay_init(&r, from.read);
	assert_int_equal(1, write(from.write, "x", 1));
	relay_run(&r);
	assert_int_equal(from.read, r.from);
	close(from.write);
	relay_run(&r);
	assert_int_equal(-1, r.from);
	relay_done(&r);
}

TEST(places_are_limited)
{
	struct relay r;

	relay_init(&r, -1);
	for (int i = 0; i < RELAY_TAKERS; i++)
		assert_true(relay_add(&r, open("/dev/null", O_WRONLY | O_CLOEXEC)));
	assert_false(relay_add(&r, 99));
	relay_done(&r);
}

static int ignore_sigpipe(void **state)
{
	(void)state;
	return sigaction(SIGPIPE, &(struct sigaction){ .sa_handler = SIG_IGN }, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(every_taker_gets_every_byte),
		RUN(a_full_taker_stops_the_reading_and_loses_nothing),
		RUN(the_last_taker_that_breaks_breaks_the_writer),
		RUN(without_takers_bytes_are_thrown_away_until_the_end),
		RUN(places_are_limited),
	};

	return cmocka_run_group_tests(tests, ignore_sigpipe, NULL);
}
