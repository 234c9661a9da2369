/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/relay.h"

#include "../test.h"

#include "base/scope.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>

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

static void add(struct relay *r, int fd, const void *owner, bool breaks)
{
	struct taker t = { .fd = fd, .owner = owner, .breaks = breaks };

	assert_int_equal(0, relay_add(r, &t, NULL));
}

static bool run(struct relay *r)
{
	static struct pollset p;

	pollset_begin(&p);
	relay_poll(r, &p);
	assert_true(poll(p.v, (nfds_t)p.n, 0) >= 0);
	return relay_run(r, &p);
}

static void fill(int fd, size_t *ret_filled)
{
	static const char zeros[4096];
	ssize_t n;

	for (*ret_filled = 0; (n = write(fd, zeros, sizeof zeros)) > 0; *ret_filled += (size_t)n)
		;
}

static void empty(int fd, size_t filled)
{
	char text[4096];

	while (filled) {
		ssize_t n = read(fd, text, sizeof text < filled ? sizeof text : filled);

		assert_true(n > 0);
		filled -= (size_t)n;
	}
}

TEST(every_taker_gets_every_byte)
{
	struct pair from = pipe_new(), a = pipe_new(), b = pipe_new();
	char text[64];
	struct relay r;

	relay_init(&r, from.read);
	add(&r, a.write, &a, false);
	add(&r, b.write, &b, false);
	assert_int_equal(5, write(from.write, "hello", 5));
	assert_true(run(&r));
	assert_int_equal(5, r.have);
	assert_memory_equal("hello", r.chunk, 5);
	assert_int_equal(5, drain(a.read, text, sizeof text));
	assert_string_equal("hello", text);
	assert_int_equal(5, drain(b.read, text, sizeof text));
	assert_true(relay_is_idle(&r));
	assert_false(run(&r)); /* nothing new */
	relay_rest(&r);
	assert_null(r.chunk);
	relay_done(&r);
	close(from.write);
	close(a.read);
	close(b.read);
}

TEST(a_full_taker_stops_the_reading_and_loses_nothing)
{
	static struct pollset p;
	struct pair from = pipe_new(), to = pipe_new();
	char text[64];
	size_t filled;
	struct relay r;

	relay_init(&r, from.read);
	add(&r, to.write, &to, false);
	fill(to.write, &filled);
	assert_int_equal(3, write(from.write, "abc", 3));
	run(&r);
	assert_false(relay_is_idle(&r));
	assert_true(relay_owes(&r, &to));
	assert_false(relay_owes(&r, &from));
	pollset_begin(&p);
	relay_poll(&r, &p);
	assert_int_equal(1, p.n); /* waits for the taker, not for more */
	assert_int_equal(to.write, p.v[0].fd);
	relay_rest(&r);
	empty(to.read, filled);
	run(&r);
	assert_int_equal(3, drain(to.read, text, sizeof text));
	assert_string_equal("abc", text);
	relay_done(&r);
	close(from.write);
	close(to.read);
}

TEST(what_is_there_is_read_at_the_end_though_nobody_takes_it)
{
	struct pair from = pipe_new(), to = pipe_new();
	size_t filled, more, at;
	char text[64];
	struct relay r;

	relay_init(&r, from.read);
	add(&r, to.write, &to, false);
	fill(to.write, &filled);
	assert_int_equal(3, write(from.write, "abc", 3));
	run(&r);
	assert_int_equal(3, write(from.write, "def", 3));
	assert_true(relay_slurp(&r, &at));
	assert_int_equal(3, at);
	assert_int_equal(6, r.have);
	assert_false(relay_slurp(&r, &at));
	fill(from.write, &more);
	assert_true(relay_slurp(&r, &at));
	assert_int_equal(6 + more, r.have);
	empty(to.read, filled);
	run(&r);
	assert_int_equal(63, drain(to.read, text, sizeof text));
	assert_memory_equal("abcdef", text, 6);
	relay_done(&r);
	close(from.write);
	close(to.read);
}

TEST(the_last_taker_that_breaks_breaks_the_writer_when_it_writes_on)
{
	struct pair from = pipe_new(), gone = pipe_new();
	struct relay r;

	relay_init(&r, from.read);
	add(&r, gone.write, &gone, true);
	close(gone.read);
	assert_int_equal(1, write(from.write, "x", 1));
	run(&r);
	assert_int_equal(from.read, r.from); /* perhaps its owner is about to leave */
	assert_true(relay_is_idle(&r));
	assert_int_equal(1, write(from.write, "x", 1));
	run(&r);
	assert_int_equal(-1, r.from); /* nobody is left: the writer learns it */
	assert_int_equal(-1, write(from.write, "x", 1));
	assert_int_equal(EPIPE, errno);
	close(from.write);
	relay_done(&r);
}

TEST(the_writer_is_spared_while_somebody_takes_or_when_the_owner_left_or_does_not_matter)
{
	for (int i = 0; i < 3; i++) {
		struct pair from = pipe_new(), gone = pipe_new(), other = pipe_new();
		struct relay r;

		relay_init(&r, from.read);
		add(&r, gone.write, &gone, i != 2);
		if (i == 0)
			add(&r, fcntl(other.write, F_DUPFD_CLOEXEC, 0), &other, true);
		close(gone.read);
		assert_int_equal(1, write(from.write, "x", 1));
		run(&r);
		if (i == 1)
			relay_drop(&r, &gone);
		assert_int_equal(1, write(from.write, "x", 1));
		run(&r);
		assert_int_equal(from.read, r.from);
		relay_done(&r);
		close(from.write);
		close(other.read);
		close(other.write);
	}
}

TEST(what_a_taker_could_not_take_is_remembered_for_its_owner_unless_nobody_reads_it)
{
	for (int full = 0; full < 2; full++) {
		struct pair from = pipe_new(), gone = pipe_new();
		int other, fd = full ? open("/dev/full", O_WRONLY | O_CLOEXEC) : fcntl(gone.write, F_DUPFD_CLOEXEC, 0);
		struct relay r;

		relay_init(&r, from.read);
		add(&r, fd, &gone, false);
		close(gone.read);
		assert_int_equal(0, relay_lost(&r, &gone));
		assert_int_equal(1, write(from.write, "x", 1));
		run(&r);
		assert_int_equal(full ? ENOSPC : 0, relay_lost(&r, &gone));
		assert_int_equal(0, relay_lost(&r, &other));
		relay_drop(&r, &gone);
		assert_int_equal(0, relay_lost(&r, &gone));
		relay_done(&r);
		close(from.write);
		close(gone.write);
	}
}

TEST(without_takers_bytes_are_thrown_away_until_the_end)
{
	struct pair from = pipe_new();
	struct relay r;

	relay_init(&r, from.read);
	assert_int_equal(1, write(from.write, "x", 1));
	run(&r);
	assert_int_equal(from.read, r.from);
	close(from.write);
	run(&r);
	assert_int_equal(-1, r.from);
	relay_done(&r);
}

/* ---- who else has the same descriptors ------------------------------------------------------------------------- */

/* As a shell hands them to several commands: not O_NONBLOCK. */
static struct pair shared_pipe(void)
{
	int p[2];

	assert_int_equal(0, pipe2(p, O_CLOEXEC));
	return (struct pair){ p[0], p[1] };
}

static struct pair shared_socket(void)
{
	int p[2];

	assert_int_equal(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, p));
	return (struct pair){ p[0], p[1] };
}

static struct pair (*const shared[])(void) = { shared_pipe, shared_socket };

TEST(what_another_reader_took_is_not_waited_for)
{
	for (size_t i = 0; i < ARRAY_LEN(shared); i++) {
		static struct pollset p;
		struct pair from = shared[i](), to = pipe_new();
		char text[64];
		struct relay r;

		relay_init(&r, from.read);
		r.how = nowait_of(from.read);
		add(&r, to.write, &to, false);
		assert_int_equal(3, write(from.write, "abc", 3));
		pollset_begin(&p);
		relay_poll(&r, &p);
		assert_int_equal(1, poll(p.v, (nfds_t)p.n, 0));
		assert_int_equal(3, read(from.read, text, sizeof text));
		assert_false(relay_run(&r, &p)); /* SIGALRM would end us */
		assert_int_equal(0, fcntl(from.read, F_GETFL) & O_NONBLOCK); /* it is not ours alone */
		assert_int_equal(3, write(from.write, "def", 3));
		assert_true(run(&r));
		assert_int_equal(3, drain(to.read, text, sizeof text));
		assert_string_equal("def", text);
		close(from.write);
		run(&r);
		assert_int_equal(-1, r.from);
		relay_done(&r);
		close(to.read);
	}
}

TEST(room_that_another_writer_took_is_not_waited_for)
{
	for (size_t i = 0; i < ARRAY_LEN(shared); i++) {
		struct pair from = pipe_new(), to = shared[i]();
		struct taker t = { .fd = to.write, .owner = &to, .how = nowait_of(to.write) };
		struct relay r;
		char text[64];
		size_t filled = 0;
		ssize_t n;

		relay_init(&r, from.read);
		assert_int_equal(0, relay_add(&r, &t, NULL));
		assert_int_equal(0, fcntl(to.write, F_SETFL, O_NONBLOCK));
		fill(to.write, &filled);
		assert_int_equal(0, fcntl(to.write, F_SETFL, 0));
		assert_int_equal(3, write(from.write, "abc", 3));
		run(&r); /* likewise */
		assert_true(relay_owes(&r, &to));
		while (filled) {
			n = read(to.read, text, sizeof text < filled ? sizeof text : filled);
			assert_true(n > 0);
			filled -= (size_t)n;
		}
		run(&r);
		assert_int_equal(3, read(to.read, text, sizeof text));
		assert_false(relay_owes(&r, &to));
		relay_done(&r);
		close(from.write);
		close(to.read);
	}
}

TEST(a_large_pod_has_a_large_pollset)
{
	static struct pollset p;
	size_t first, last = 0;
	struct pair pipe = pipe_new();

	pollset_begin(&p);
	assert_false(pollset_found(&p, pollset_add(&p, -1, POLLIN), -1));
	assert_int_equal(0, p.n);
	first = pollset_add(&p, pipe.read, POLLIN);
	for (size_t i = 0; i < 3 * POLLSET_FIRST; i++)
		last = pollset_add(&p, pipe.write, POLLOUT);
	assert_int_equal(3 * POLLSET_FIRST + 1, p.n);
	assert_int_equal(3 * POLLSET_FIRST, poll(p.v, (nfds_t)p.n, 0));
	assert_false(pollset_found(&p, first, pipe.read));
	assert_true(pollset_found(&p, last, pipe.write));
	assert_false(pollset_found(&p, last, pipe.read));
	pollset_begin(&p);
	assert_false(pollset_found(&p, last, pipe.write));
	free(p.v);
	p = (struct pollset){ 0 };
	close(pipe.read);
	close(pipe.write);
}

static int ignore_sigpipe(void **state)
{
	(void)state;
	(void)alarm(60); /* of an idle machine less than one */
	return sigaction(SIGPIPE, &(struct sigaction){ .sa_handler = SIG_IGN }, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(every_taker_gets_every_byte),
		RUN(a_full_taker_stops_the_reading_and_loses_nothing),
		RUN(what_is_there_is_read_at_the_end_though_nobody_takes_it),
		RUN(the_last_taker_that_breaks_breaks_the_writer_when_it_writes_on),
		RUN(the_writer_is_spared_while_somebody_takes_or_when_the_owner_left_or_does_not_matter),
		RUN(what_a_taker_could_not_take_is_remembered_for_its_owner_unless_nobody_reads_it),
		RUN(without_takers_bytes_are_thrown_away_until_the_end),
		RUN(what_another_reader_took_is_not_waited_for),
		RUN(room_that_another_writer_took_is_not_waited_for),
		RUN(a_large_pod_has_a_large_pollset),
	};

	return cmocka_run_group_tests(tests, ignore_sigpipe, NULL);
}
