/* SPDX-License-Identifier: Apache-2.0 */
/* Parts of tare-net that can do without one: what it does when there are no descriptors, and what it sees of a change. */
#include "test.h"

#include "network/serve_priv.h"

#include "base/scope.h"
#include "scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#define LATER_NS (INT64_C(250) * 1000000)

/* No descriptor can be made from now on; what is open stays. */
static struct rlimit no_descriptors(void)
{
	struct rlimit before, none;
	int next = dup(0);

	assert_true(next >= 0);
	close(next);
	assert_int_equal(0, getrlimit(RLIMIT_NOFILE, &before));
	none = (struct rlimit){ (rlim_t)next, before.rlim_max };
	assert_int_equal(0, setrlimit(RLIMIT_NOFILE, &none));
	return before;
}

static struct rlimit usual;
static unsigned asked;

static void accept_one(struct server *s, struct watch *w, unsigned events)
{
	int fd = loop_accept(s, w);

	asked++;
	if (fd < 0)
		return;
	close(fd);
	s->over = true;
}

static void there_are_some(struct server *s, struct timer *t)
{
	if (asked == 0) /* we were late */
		return loop_timer(s, t, LATER_NS);
	assert_int_equal(0, setrlimit(RLIMIT_NOFILE, &usual));
}

static int listener(const struct scratch *s, struct sockaddr_un *a)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	*a = (struct sockaddr_un){ .sun_family = AF_UNIX };
	(void)snprintf(a->sun_path, sizeof a->sun_path, "%s/socket", s->path);
	assert_int_equal(0, bind(fd, (struct sockaddr *)a, sizeof *a));
	assert_int_equal(0, listen(fd, 8));
	return fd;
}

TEST(a_listener_without_descriptors_is_left_alone_for_a_while)
{
	scoped_scratch dir = scratch_new();
	scoped_fd client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct server s = { .epoll = -1 };
	struct timer later = { .fire = there_are_some };
	struct watch w = { .ready = accept_one };
	struct sockaddr_un a;

	w.fd = listener(&dir, &a);
	assert_int_equal(0, loop_open(&s, NULL));
	assert_int_equal(0, loop_watch(&s, &w, EPOLLIN, NULL));
	assert_int_equal(0, connect(client, (struct sockaddr *)&a, sizeof a));
	asked = 0;
	usual = no_descriptors();
	loop_timer(&s, &later, LATER_NS);
	assert_int_equal(0, loop_run(&s, NULL));
	assert_in_range(asked, 2, 5);
	loop_close(&s, &w);
	close(s.epoll);
}

TEST(a_listener_that_is_closed_meanwhile_is_forgotten)
{
	scoped_scratch dir = scratch_new();
	scoped_fd client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct server s = { .epoll = -1 };
	struct watch w = { .ready = accept_one };
	struct sockaddr_un a;

	w.fd = listener(&dir, &a);
	assert_int_equal(0, loop_open(&s, NULL));
	assert_int_equal(0, connect(client, (struct sockaddr *)&a, sizeof a));
	usual = no_descriptors();
	assert_int_equal(-1, loop_accept(&s, &w));
	assert_int_equal(0, setrlimit(RLIMIT_NOFILE, &usual));
	assert_ptr_equal(&w, s.deaf);
	loop_close(&s, &w);
	assert_null(s.deaf);
	close(s.epoll);
}

static void assert_no_child(void)
{
	assert_int_equal(-1, waitpid(-1, NULL, WNOHANG));
	assert_int_equal(ECHILD, errno);
}

static const char *script(const struct scratch *dir, char path[256])
{
	static const char text[] = "#!/bin/sh\nexec sleep 100\n";
	int fd = openat(dir->dir, "tare", O_WRONLY | O_CREAT | O_CLOEXEC, 0700);

	assert_int_equal(sizeof text - 1, write(fd, text, sizeof text - 1));
	close(fd);
	(void)snprintf(path, 256, "%s/tare", dir->path);
	return path;
}

TEST(who_makes_the_rules_again_is_waited_for)
{
	scoped_scratch dir = scratch_new();
	char path[256];
	const struct net_site site = { .tare = script(&dir, path), .data_root = "/none", .state_root = "/none" };
	struct server s = { .site = &site, .epoll = -1 };

	assert_int_equal(0, loop_open(&s, NULL));
	guard_open(&s);
	usual = no_descriptors();
	s.guard.timer.fire(&s, &s.guard.timer);
	assert_int_equal(0, setrlimit(RLIMIT_NOFILE, &usual));
	assert_no_child();
	assert_int_equal(1, s.guard.failures);
	assert_true(s.guard.timer.due_ns != 0);
	s.guard.timer.fire(&s, &s.guard.timer);
	assert_int_equal(0, waitpid(-1, NULL, WNOHANG)); /* it is there */
	guard_close(&s);
	assert_no_child();
	close(s.epoll);
}

static bool ask(struct server *s, struct resident *r)
{
	static const uint8_t query[12];
	const struct asker who = { .client = NULL };

	return forward(s, r, &who, query, sizeof query);
}

static void has_one_server(struct endpoints *all, const char *container, struct upstream *server)
{
	struct endpoint_slot *slot = calloc(1, sizeof *slot);

	assert_non_null(slot);
	slot->memory = ARENA(4096);
	(void)snprintf(slot->file, sizeof slot->file, "%s", container);
	slot->ep = (struct endpoint){ .container = container, .upstreams = server, .upstream_count = 1 };
	assert_int_equal(0, endpoints_put(all, slot, NULL));
}

/* Servers that do not answer: 127.0.0.1, or one there that does not like what it gets. */
TEST(whoever_asks_most_goes_without_when_there_are_too_many_questions)
{
	struct upstream dead[] = { { .from_host = true } };
	struct resident modest = { .container = "modest", .udp.fd = -1 },
			greedy = { .container = "greedy", .udp.fd = -1, .next = &modest };
	struct server s = { .epoll = -1, .residents = &greedy, .questions = LIMIT_DNS_QUESTIONS - 3 };

	has_one_server(&s.all, "greedy", dead);
	has_one_server(&s.all, "modest", dead);
	assert_true(ip_address_parse(SV("127.0.0.1"), &dead[0].address));
	assert_int_equal(0, loop_open(&s, NULL));
	for (int i = 0; i < 3; i++)
		assert_true(ask(&s, &greedy));
	assert_false(ask(&s, &greedy));
	assert_true(ask(&s, &modest));
	assert_true(ask(&s, &modest));
	assert_int_equal(1, greedy.question_count);
	assert_int_equal(2, modest.question_count);
	assert_false(ask(&s, &modest));
	assert_int_equal(LIMIT_DNS_QUESTIONS, s.questions);
	questions_free(&s, &greedy, NULL);
	questions_free(&s, &modest, NULL);
	endpoints_done(&s.all);
	close(s.epoll);
}

static uint64_t sum_of(uint16_t first, uint16_t second)
{
	struct relay_ports ports[] = { { .host_first = first, .count = 1 }, { .host_first = second, .count = 1 } };
	struct endpoint_slot slot = { .ep = { .relays = ports, .relay_count = 2 } };
	struct endpoint_slot *v[] = { &slot };
	const struct server s = { .all = { .v = v, .n = 1 } };

	return relay_sum(&s);
}

TEST(other_ports_have_another_sum_and_another_order_has_not)
{
	assert_true(sum_of(8000, 8003) != sum_of(8001, 8002));
	assert_true(sum_of(8000, 8003) == sum_of(8003, 8000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(a_listener_without_descriptors_is_left_alone_for_a_while),
		RUN(a_listener_that_is_closed_meanwhile_is_forgotten),
		RUN(who_makes_the_rules_again_is_waited_for),
		RUN(whoever_asks_most_goes_without_when_there_are_too_many_questions),
		RUN(other_ports_have_another_sum_and_another_order_has_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
