/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include "network/watch.h"

#include "kernel/ofd_lock.h"
#include "network/serve.h"
#include "scratch.h"

#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#define CONTAINER "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static struct net_watch watch_of(const struct scratch *s, const char *program)
{
	(void)mkdirat(s->dir, NET_DIR, 0700);
	return (struct net_watch){ .program = program, .tare = "/t", .data_root = "/r", .state_root = s->path,
				   .container = CONTAINER, .sock = -1 };
}

/* One that says this to everybody, until it is killed; it listens when this returns. */
static pid_t fake_net(const struct scratch *s, const char *reply)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0), c;
	char text[100];
	pid_t pid;

	(void)snprintf(a.sun_path, sizeof a.sun_path, "%s/" NET_DIR "/" NET_SOCKET, s->path);
	(void)unlink(a.sun_path);
	assert_int_equal(0, bind(fd, (struct sockaddr *)&a, sizeof a));
	assert_int_equal(0, listen(fd, 8));
	pid = fork();
	if (pid == 0) {
		while ((c = accept(fd, NULL, NULL)) >= 0)
			while (recv(c, text, sizeof text, 0) == (ssize_t)strlen(CONTAINER))
				(void)send(c, reply, strlen(reply), 0);
		_exit(0);
	}
	close(fd);
	return pid;
}

static void end(pid_t pid)
{
	assert_int_equal(0, kill(pid, SIGKILL));
	assert_int_equal(pid, waitpid(pid, NULL, 0));
}

static void let_go(struct net_watch *w)
{
	if (w->sock >= 0)
		close(w->sock);
}

TEST(what_tare_net_says_is_told)
{
	scoped_scratch s = scratch_new();
	struct net_watch w = watch_of(&s, "/nonexistent");
	struct err e = { 0 };
	pid_t pid = fake_net(&s, "names for web: no room");

	assert_int_equal(-EIO, net_watch_settle(&w, 5000, &e));
	assert_string_equal("names for web: no room", e.msg);
	assert_true(w.sock >= 0 && net_watch_due_ns(&w) == 0);
	end(pid);
	let_go(&w);
}

TEST(its_end_is_seen_and_another_one_is_found)
{
	scoped_scratch s = scratch_new();
	struct net_watch w = watch_of(&s, "/bin/true");
	pid_t pid = fake_net(&s, NET_OK);
	struct pollfd p;

	net_watch_wake(&w);
	assert_int_equal(0, net_watch_settle(&w, 5000, NULL));
	p = (struct pollfd){ .fd = net_watch_fd(&w) };
	assert_int_equal(0, poll(&p, 1, 0));
	end(pid);
	assert_int_equal(1, poll(&p, 1, 5000));
	assert_true(p.revents & POLLHUP);
	net_watch_run(&w, p.revents); /* starts one, which is gone at once */
	assert_true(net_watch_fd(&w) == -1 && net_watch_due_ns(&w) > 0);
	pid = fake_net(&s, NET_OK);
	while (net_watch_fd(&w) < 0)
		net_watch_run(&w, 0);
	assert_int_equal(0, net_watch_due_ns(&w));
	assert_int_equal(0,
			 net_watch_settle(&w, 5000, NULL)); /* the answer to the request before is not taken for it */
	let_go(&w);
	end(pid);
}

TEST(one_that_cannot_be_started_is_told)
{
	scoped_scratch s = scratch_new();
	struct net_watch w = watch_of(&s, "/nonexistent/tare-net");
	struct err e = { 0 };

	assert_int_equal(-ENOENT, net_watch_settle(&w, 10, &e));
	assert_string_equal("start /nonexistent/tare-net: No such file or directory", e.msg);
	let_go(&w);
}

TEST(who_has_the_lock_starts_it)
{
	scoped_scratch s = scratch_new();
	struct net_watch w = watch_of(&s, "/nonexistent/tare-net");
	scoped_fd lock = openat(s.dir, NET_DIR "/" NET_LOCK, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	struct err e = { 0 };

	assert_int_equal(0, ofd_lock_take(lock, 0, NULL));
	assert_int_equal(-EAGAIN, net_watch_settle(&w, 10, &e)); /* nothing was started: that would be ENOENT */
	let_go(&w);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		RUN(what_tare_net_says_is_told),
		RUN(its_end_is_seen_and_another_one_is_found),
		RUN(one_that_cannot_be_started_is_told),
		RUN(who_has_the_lock_starts_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
