/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/monitor.h"

#include "base/io.h"
#include "base/limits.h"
#include "monitor/parts.h"

#include <fcntl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- the loop ------------------------------------------------------------------------------------------------ */

static void reap(struct monitor *m)
{
	struct signalfd_siginfo info;
	int status;
	pid_t pid;

	(void)!read(m->signals, &info, sizeof info);
	while ((pid = waitpid(-1, &status, WNOHANG | __WALL)) > 0)
		if (pid == m->container.pid)
			life_exited(m, status);
}

/* One round: wait until something can be done, and let every part do it. Clients first: who has left is out before more
 * output is read. */
static void turn(struct monitor *m)
{
	struct pollset *p = &m->pollset;

	p->n = 0;
	pollset_add(p, m->signals, POLLIN);
	clients_poll(m, p);
	stdio_poll(&m->stdio, p);
	if (poll(p->v, (nfds_t)p->n, life_timeout_ms(m)) > 0) {
		clients_run(m, p);
		stdio_run(&m->stdio);
		if (p->v[0].revents)
			reap(m);
	}
	life_run(m);
}

/* The folders of a container that has no row any more. What stays is found by whoever looks next. */
static void sweep(struct monitor *m)
{
	(void)io_remove_tree_at(AT_FDCWD, m->charter.container_dir, NULL);
	(void)io_remove_tree_at(AT_FDCWD, m->state_path, NULL);
}

/* The end is told; the client that is still there does the rest, or `tare _reap` does. */
static void finish(struct monitor *m)
{
	char *const argv[] = { "tare", "--root", (char *)m->charter.data_root, "--state",
			       (char *)m->charter.state_root, "_reap", (char *)m->charter.id, NULL };
	char *const envp[] = { "PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL };

	/* a client that waits is about to remove all of it, the record too */
	bool later = m->charter.auto_remove && has_clients(m);

	if (!m->failed && !later)
		record_outcome(m);
	if (!m->failed)
		tell(m, NULL, CONTROL_EXITED, m->outcome.exit_code, m->outcome.oom_killed, &m->left);
	while (!m->reaped && has_clients(m))
		turn(m);
	if (!m->failed && later && !m->reaped)
		record_outcome(m);
	if (m->reaped && m->sweep)
		sweep(m);
	if (m->reaped || !m->charter.auto_remove)
		return;
	close(m->lock); /* _reap sees that nobody is here any more */
	execve(m->charter.program, argv, envp);
}

/* ---- a monitor ----------------------------------------------------------------------------------------------- */

/* What the client said while the container was made, before anything is recorded or told: most often attach and start. */
static void hear_early(struct monitor *m)
{
	struct client *first = &m->clients[0];

	while (first->used && m->phase == PHASE_CREATED && fd_is_ready(first->sock, POLLIN))
		client_hear(m, first);
}

static void begin(struct monitor *m, const char *state_dir)
{
	m->state_path = state_dir;
	stdio_init(&m->stdio);
	(void)fcntl(CONTROL_FD, F_SETFD, FD_CLOEXEC);
	(void)client_add(m, CONTROL_FD, NULL);
}

int monitor_run(const char *state_dir, struct err *e)
{
	static struct monitor monitor = { .life = { .max = LIMIT_CONTROL_MSG },
					  .birth = { .max = LIMIT_ARENA_SPEC },
					  .container_dir = -1,
					  .listener = -1,
					  .signals = -1,
					  .container = { .pidfd = -1, .sync = -1, .console = -1 } };
	struct monitor *m = &monitor;
	int r;

	begin(m, state_dir);
	r = birth_open(m, state_dir, e);
	if (r < 0 && m->container_dir < 0) {
		tell(m, NULL, CONTROL_FAILED, container_exit_code(e), 0, e);
		return 0;
	}
	if (r == 0)
		r = birth_create(m, e);
	if (r < 0) {
		life_fail(m, e);
	} else {
		hear_early(m);
		if (m->phase == PHASE_CREATED) {
			record_outcome(m);
			tell(m, NULL, CONTROL_CREATED, m->outcome.pid, 0, NULL);
		}
	}
	while (m->phase != PHASE_OVER)
		turn(m);
	finish(m);
	return 0;
}
