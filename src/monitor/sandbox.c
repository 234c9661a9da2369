/* SPDX-License-Identifier: Apache-2.0 */
/* The loop of a monitor, for its one container or all of a pod. */
#include "base/clock.h"
#include "monitor/pod_parts.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define QUIET_MS 1000

int sandbox_signals(struct sandbox *s, struct err *e)
{
	sigset_t set;

	sigfillset(&set);
	sigdelset(&set, SIGSEGV);
	sigdelset(&set, SIGBUS);
	sigdelset(&set, SIGILL);
	sigdelset(&set, SIGFPE);
	sigdelset(&set, SIGABRT);
	if (sigprocmask(SIG_SETMASK, &set, NULL) < 0) /* nothing but SIGKILL ends a monitor early */
		return err_sys(e, "sigprocmask");
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	s->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return s->signals < 0 ? err_sys(e, "signalfd") : 0;
}

/* waitpid(2) knows no child, though there is one that nobody else can have waited for: to wait for ever would be worse
 * than not to know how it ended. */
static void lost(struct monitor *m)
{
	int status = SIGKILL;
	pid_t pid = waitpid(m->container.pid, &status, WNOHANG | __WALL);

	if (pid != 0)
		life_exited(m, status);
}

static void reaped(struct sandbox *s, pid_t pid, int status)
{
	for (struct monitor *m = s->first; m; m = m->next) {
		if (pid == m->container.pid)
			return life_exited(m, status);
		if (sessions_reaped(m, pid, status))
			return;
	}
	if (s->pod)
		pod_reaped(s->pod, pid, status);
}

static void reap(struct sandbox *s)
{
	struct signalfd_siginfo info;
	int status;
	pid_t pid;

	(void)!read(s->signals, &info, sizeof info);
	while ((pid = waitpid(-1, &status, WNOHANG | __WALL)) > 0)
		reaped(s, pid, status);
	for (struct monitor *m = s->first; m && pid < 0; m = m->next)
		if (m->container.pid > 0)
			lost(m);
}

static int64_t due_ns(const struct sandbox *s)
{
	int64_t at = s->pod ? pod_due_ns(s->pod) : 0;

	for (const struct monitor *m = s->first; m; m = m->next) {
		at = sooner(at, sooner(life_due_ns(m), orders_due_ns(m)));
		at = sooner(at, sooner(sessions_due_ns(m), record_due_ns(m)));
		at = sooner(at, sooner(net_watch_due_ns(&m->net), m->memory.again_ns));
		at = sooner(at, clients_due_ns(m));
	}
	return at;
}

static int timeout_ms(const struct sandbox *s)
{
	int64_t at = due_ns(s), left;
	int64_t most = s->busy ? QUIET_MS : INT_MAX;

	if (!at)
		return s->busy ? QUIET_MS : -1;
	left = (at - clock_monotonic_ns() + 999999) / 1000000;
	return left < 0 ? 0 : (int)(left > most ? most : left);
}

static void rest(struct sandbox *s)
{
	s->busy = false;
	for (struct monitor *m = s->first; m; m = m->next) {
		stdio_rest(&m->stdio);
		sessions_rest(m);
	}
	give_pages_back();
}

static void look(struct sandbox *s)
{
	struct pollset *p = &s->pollset;

	pollset_begin(p);
	s->signals_polled = pollset_add(p, s->signals, POLLIN);
	for (struct monitor *m = s->first; m; m = m->next) {
		m->net_polled = pollset_add(p, net_watch_fd(&m->net), 0);
		m->memory_polled = pollset_add(p, memory_use_fd(&m->memory), m->memory.watch.wait_for);
		clients_poll(m, p);
		stdio_poll(&m->stdio, p);
		sessions_poll(m, p);
	}
	if (s->pod)
		pod_poll(s->pod, p);
}

/* Clients first: who has left is out before more output is read. */
static void run(struct sandbox *s)
{
	const struct pollset *p = &s->pollset;

	s->busy = true;
	if (s->pod)
		pod_hear(s->pod, p);
	for (struct monitor *m = s->first; m; m = m->next) {
		clients_run(m, p);
		stdio_run(&m->stdio, p);
		sessions_run(m, p);
	}
	if (pollset_found(p, s->signals_polled, s->signals))
		reap(s);
}

void sandbox_turn(struct sandbox *s)
{
	const struct pollset *p = &s->pollset;
	int r;

	look(s);
	r = poll(s->pollset.v, (nfds_t)s->pollset.n, timeout_ms(s));
	if (r == 0 && s->busy)
		rest(s);
	if (r > 0)
		run(s);
	for (struct monitor *m = s->first; m; m = m->next) {
		net_watch_run(&m->net, pollset_found(p, m->net_polled, net_watch_fd(&m->net)));
		if (m->memory.on &&
		    memory_use_run(&m->memory, pollset_found(p, m->memory_polled, memory_use_fd(&m->memory)),
				   clock_monotonic_ns()))
			life_lost_one(m);
		clients_run_due(m);
		orders_run(m);
		sessions_settle(m);
		life_run(m);
		record_run(m);
	}
	if (s->pod)
		pod_run_due(s->pod);
}
