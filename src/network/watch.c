/* SPDX-License-Identifier: Apache-2.0 */
#include "network/watch.h"

#include "base/clock.h"
#include "base/scope.h"
#include "kernel/ofd_lock.h"
#include "network/record.h"
#include "network/serve.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#define PAUSE_FIRST_NS INT64_C(1000000)
#define PAUSE_MOST_NS (INT64_C(1000) * 1000000)

/* ---- starting it ------------------------------------------------------------------------------------------------- */

/* With no signal blocked and a session of its own: it has nothing to do with whoever happened to start it. */
static int spawn(const struct net_watch *w, int lock, struct err *e)
{
	char *argv[] = {
		"tare-net", (char *)w->state_root, (char *)w->data_root, (char *)w->tare, NET_LOCK_HANDED, NULL
	};
	char *envp[] = { NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t none;
	pid_t pid;
	int r;

	sigemptyset(&none);
	(void)posix_spawn_file_actions_init(&actions);
	(void)posix_spawnattr_init(&attr);
	(void)posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSID);
	(void)posix_spawnattr_setsigmask(&attr, &none);
	/* onto itself: then it is not closed */
	r = posix_spawn_file_actions_adddup2(&actions, lock, NET_LOCK_FD);
	if (r == 0)
		r = posix_spawn(&pid, w->program, &actions, &attr, argv, envp);
	(void)posix_spawn_file_actions_destroy(&actions);
	(void)posix_spawnattr_destroy(&attr);
	return r ? err_set(e, r, "start %s: %s", w->program, strerror(r)) : 0;
}

/* -EAGAIN: somebody else is about to, or it is there and does not listen yet. */
static int start(const struct net_watch *w, struct err *e)
{
	scoped_fd lock = -1, dir = endpoints_open(w->state_root, e); /* the first one makes it */
	char path[PATH_MAX];
	int r;

	if (dir < 0)
		return dir;
	if ((size_t)snprintf(path, sizeof path, "%s/" NET_DIR "/" NET_LOCK, w->state_root) >= sizeof path)
		return err_set(e, ENAMETOOLONG, "%s: path too long", w->state_root);
	lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (lock < 0)
		return err_sys(e, "open %s", path);
	r = ofd_lock_take(lock, 0, e);
	return r < 0 ? err_wrap(e, r, "%s", path) : spawn(w, lock, e);
}

/* ---- the connection ---------------------------------------------------------------------------------------------- */

/* By a descriptor of the folder, as an address has only 107 bytes. */
static int address_of(const struct net_watch *w, struct sockaddr_un *ret, struct err *e)
{
	char path[PATH_MAX];
	int dir;

	if ((size_t)snprintf(path, sizeof path, "%s/" NET_DIR, w->state_root) >= sizeof path)
		return err_set(e, ENAMETOOLONG, "%s: path too long", w->state_root);
	dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return err_sys(e, "open %s", path);
	*ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
	(void)snprintf(ret->sun_path, sizeof ret->sun_path, "/proc/self/fd/%d/" NET_SOCKET, dir);
	return dir;
}

static int connect_to(const struct net_watch *w, int *ret_sock, struct err *e)
{
	scoped_fd sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), dir = -1;
	struct sockaddr_un a;

	if (sock < 0)
		return err_sys(e, "socket");
	dir = address_of(w, &a, e);
	if (dir < 0)
		return dir;
	if (connect(sock, (struct sockaddr *)&a, sizeof a) < 0)
		return err_sys(e, "connect to %s/" NET_DIR "/" NET_SOCKET, w->state_root);
	*ret_sock = fd_take(&sock);
	return 0;
}

static void disconnect(struct net_watch *w)
{
	if (w->sock >= 0)
		close(fd_take(&w->sock));
}

static int64_t pause_ns(struct net_watch *w)
{
	int64_t ns = w->failures < 10 ? PAUSE_FIRST_NS << w->failures++ : PAUSE_MOST_NS;

	return ns < PAUSE_MOST_NS ? ns : PAUSE_MOST_NS;
}

/* 0: connected. Else it is to be tried again at w->again_ns. */
static int attempt(struct net_watch *w, struct err *e)
{
	int r = connect_to(w, &w->sock, e);

	if (r == -ECONNREFUSED || r == -ENOENT) /* nobody is there */
		r = start(w, e);
	if (w->sock < 0) {
		w->again_ns = clock_monotonic_ns() + pause_ns(w);
		return r < 0 ? r : err_set(e, EAGAIN, "tare-net is being started");
	}
	w->again_ns = 0;
	w->failures = 0;
	return 0;
}

/* ---- what is asked of it ------------------------------------------------------------------------------------------ */

/* Answers to earlier requests are nobody's any more. */
static int say(const struct net_watch *w, struct err *e)
{
	char old[NET_REPLY_MAX];

	while (recv(w->sock, old, sizeof old, MSG_DONTWAIT) > 0)
		;
	if (send(w->sock, w->container, strlen(w->container), MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		return err_set(e, ECONNRESET, "tare-net has ended");
	return 0;
}

static int hear(const struct net_watch *w, int64_t end_ns, struct err *e)
{
	int64_t left = end_ns - clock_monotonic_ns();
	struct pollfd p = { .fd = w->sock, .events = POLLIN };
	char text[NET_REPLY_MAX];
	ssize_t n;

	if (poll(&p, 1, left > 0 ? (int)((left + 999999) / 1000000) : 0) <= 0)
		return err_set(e, ETIMEDOUT, "tare-net does not answer");
	n = recv(w->sock, text, sizeof text - 1, MSG_DONTWAIT);
	if (n <= 0)
		return err_set(e, ECONNRESET, "tare-net has ended");
	text[n] = '\0';
	return strcmp(text, NET_OK) == 0 ? 0 : err_set(e, EIO, "%s", text);
}

/* -ECONNRESET: it ended in the middle of it */
static int talk(struct net_watch *w, int64_t end_ns, struct err *e)
{
	int r = w->sock >= 0 ? 0 : attempt(w, e);

	if (r == 0)
		r = say(w, e);
	if (r == 0)
		r = hear(w, end_ns, e);
	if (r == -ECONNRESET) {
		disconnect(w);
		w->again_ns = clock_monotonic_ns() + pause_ns(w);
	}
	return r;
}

static void rest_until(int64_t at_ns)
{
	int64_t left = at_ns - clock_monotonic_ns();

	if (left > 0)
		(void)nanosleep(&(struct timespec){ left / 1000000000, left % 1000000000 }, NULL);
}

void net_watch_wake(struct net_watch *w)
{
	w->wanted = true;
	if (w->sock < 0)
		(void)attempt(w, NULL);
}

int net_watch_settle(struct net_watch *w, unsigned wait_ms, struct err *e)
{
	int64_t end_ns = clock_monotonic_ns() + (int64_t)wait_ms * 1000000;
	int r;

	w->wanted = true;
	for (;;) {
		r = talk(w, end_ns, e);
		if (r == 0 || w->sock >= 0 || w->again_ns > end_ns)
			return r;
		rest_until(w->again_ns);
	}
}

void net_watch_run(struct net_watch *w, short revents)
{
	if (!w->wanted || !w->program)
		return;
	if (w->sock >= 0 && (revents & (POLLHUP | POLLERR))) {
		disconnect(w);
		w->again_ns = clock_monotonic_ns();
	}
	if (w->sock < 0 && clock_monotonic_ns() >= w->again_ns && attempt(w, NULL) == 0 && say(w, NULL) < 0) {
		disconnect(w);
		w->again_ns = clock_monotonic_ns() + pause_ns(w);
	}
}
