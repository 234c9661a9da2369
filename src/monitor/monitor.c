/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/monitor.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/limits.h"
#include "base/scope.h"
#include "kernel/host.h"
#include "kernel/ofd_lock.h"
#include "kernel/procfs.h"
#include "kernel/sys.h"
#include "monitor/charter.h"
#include "monitor/control.h"
#include "monitor/outcome.h"
#include "monitor/relay.h"
#include "runtime/container.h"

#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

#define CLIENTS 8
#define POLL_MAX (2 + CLIENTS + 3 * (1 + RELAY_TAKERS))
#define DRAIN_MS 1000 /* for output of processes outside the container's pid namespace that still hold its pipes */

struct client {
	int sock; /* -1: free place */
	int in, out, err; /* what it attached; owned by the relays */
};

struct monitor {
	const char *state_path;
	int state, container_dir, lock;
	struct host host;
	struct arena life;  /* the charter */
	struct arena birth; /* spec and plan: gone when the command runs */
	struct charter charter;
	struct runtime_spec spec;
	struct host_facts facts; /* its cgroup layout is wanted to the end */
	struct plan plan;
	struct trace *trace;
	struct container container;
	bool created, started, failed, ended, reaped, sweep, stdin_attached;
	struct outcome outcome;
	int listener, signals;
	struct client clients[CLIENTS];
	struct relay in, out, err; /* in: to the container; out, err: from it */
	uint64_t oom_kills_before;
	struct err left; /* why the cgroup could not be removed; code 0: it could */
};

/* ---- clients ------------------------------------------------------------------------------------------------- */

static void client_drop(struct monitor *m, struct client *c)
{
	if (c->in >= 0 && m->in.from == c->in)
		close(fd_take(&m->in.from));
	relay_drop(&m->out, c->out);
	relay_drop(&m->err, c->err);
	close(c->sock);
	*c = (struct client){ -1, -1, -1, -1 };
}

/* A client that cannot be told must not wait for it: it sees the end of its connection instead. */
static void tell(struct monitor *m, struct client *only, enum control_type type, int value, int flag,
		 const struct err *why)
{
	struct control_message msg = { .type = type, .value = value, .flag = flag };

	if (why)
		msg.err = *why;
	for (struct client *c = m->clients; c < m->clients + CLIENTS; c++)
		if (c->sock >= 0 && (!only || c == only) &&
		    control_send(c->sock, &msg, NULL, 0, NULL) < 0)
			client_drop(m, c);
}

static void client_add(struct monitor *m, int sock)
{
	for (struct client *c = m->clients; c < m->clients + CLIENTS; c++)
		if (c->sock < 0) {
			*c = (struct client){ sock, -1, -1, -1 };
			return;
		}
	close(sock);
}

static void client_attach(struct monitor *m, struct client *c, int bits, int fds[3])
{
	int next = 0;

	if (bits & CONTROL_STDIN) {
		c->in = fd_take(&fds[next++]);
		if (m->in.from < 0 && m->charter.open_stdin)
			m->stdin_attached = (m->in.from = c->in) >= 0;
		else if (c->in >= 0)
			close(fd_take(&c->in));
	}
	if (bits & CONTROL_STDOUT && next < 3 && relay_add(&m->out, fds[next]))
		c->out = fd_take(&fds[next]);
	next += !!(bits & CONTROL_STDOUT);
	if (bits & CONTROL_STDERR && next < 3 && relay_add(&m->err, fds[next]))
		c->err = fd_take(&fds[next]);
}

static void start(struct monitor *m);

static void client_message(struct monitor *m, struct client *c, const struct control_message *msg, int fds[3])
{
	struct err e = { 0 };

	switch (msg->type) {
	case CONTROL_START:
		start(m);
		return;
	case CONTROL_ATTACH:
		client_attach(m, c, msg->value, fds);
		return;
	case CONTROL_SIGNAL:
		if (m->container.pid > 0 && sys_pidfd_send_signal(m->container.pidfd, msg->value) < 0) {
			(void)err_sys(&e, "signal %d", msg->value);
			tell(m, c, CONTROL_REFUSED, 0, 0, &e);
		}
		return;
	case CONTROL_STOP:
		(void)container_kill(&m->container, &e);
		return;
	case CONTROL_REAPED:
		m->reaped = true;
		m->sweep = msg->flag;
		return;
	default:
		(void)err_set(&e, EPROTO, "message %u is not known to this monitor", msg->type);
		tell(m, c, CONTROL_REFUSED, 0, 0, &e);
	}
}

static void client_hear(struct monitor *m, struct client *c)
{
	struct control_message msg;
	int fds[3] = { -1, -1, -1 };
	int r = control_receive(c->sock, &msg, fds, NULL);

	if (r <= 0) {
		client_drop(m, c);
		return;
	}
	client_message(m, c, &msg, fds);
	for (int i = 0; i < 3; i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

/* ---- the record ---------------------------------------------------------------------------------------------- */

static void record(struct monitor *m)
{
	struct err e = { 0 };

	if (outcome_write(m->container_dir, &m->outcome, &e) < 0)
		tell(m, NULL, CONTROL_REFUSED, 0, 0, &e);
}

/* The step that ended next after `then`: host and child take turns, so the plan's order is not the clock's. */
static size_t trace_next(const struct monitor *m, int64_t then)
{
	size_t next = SIZE_MAX;

	for (size_t i = 0; i < m->plan.step_count && i < TRACE_STEPS; i++)
		if (m->trace->step_ns[i] > then && (next == SIZE_MAX || m->trace->step_ns[i] < m->trace->step_ns[next]))
			next = i;
	return next;
}

/* What a trace holds, for the client to print: "<ns> <step>" lines. */
static void trace_save(struct monitor *m)
{
	scoped_buf b = BUF(LIMIT_CONTROL_MSG);
	size_t i;

	if (!m->trace)
		return;
	buf_putf(&b, "%lld monitor: read charter and configuration, plan\n", (long long)m->trace->ended_ns);
	for (int64_t then = 0; (i = trace_next(m, then)) != SIZE_MAX; then = m->trace->step_ns[i]) {
		buf_putf(&b, "%lld ", (long long)m->trace->step_ns[i]);
		plan_print_step(&m->plan, &m->plan.steps[i], &b);
		buf_puts(&b, "\n");
	}
	if (buf_status(&b, NULL) == 0)
		(void)io_replace_at(m->state, TRACE_FILE, b.p, b.len, 0600, false, NULL);
}

/* ---- life ---------------------------------------------------------------------------------------------------- */

static void failed(struct monitor *m, const struct err *why)
{
	m->ended = m->failed = true;
	m->outcome.state = OUTCOME_EXITED;
	m->outcome.pid = 0;
	m->outcome.exit_code = container_exit_code(why);
	m->outcome.finished_ns = clock_real_ns();
	(void)sv_copy(sv_from(why->msg), m->outcome.error, sizeof m->outcome.error);
	record(m);
}

/* A monitor waits far longer than it works: the pages that the start has dirtied go back, the heap's and those of the
 * stack below us. Part of the range may not be mapped at all, which madvise(2) reports after doing the rest. */
#define STACK_USED ((size_t)256 << 10)
static void trim(struct monitor *m)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), here = (uintptr_t)__builtin_frame_address(0) & ~(page - 1);

	arena_done(&m->birth);
	(void)malloc_trim(0);
	(void)madvise((void *)(here - page - STACK_USED), STACK_USED, MADV_DONTNEED);
}

static void start(struct monitor *m)
{
	struct err e = { 0 };

	if (!m->created || m->started || m->ended)
		return;
	m->started = true;
	if (container_start(&m->container, &e) < 0) {
		(void)container_delete(&m->container, NULL);
		failed(m, &e);
		tell(m, NULL, CONTROL_FAILED, m->outcome.exit_code, 0, &e);
		return;
	}
	m->outcome.state = OUTCOME_RUNNING;
	m->outcome.started_ns = clock_real_ns();
	record(m);
	trace_save(m);
	tell(m, NULL, CONTROL_STARTED, 0, 0, NULL);
	trim(m); /* nothing of the plan is needed to wait */
}

static void exited(struct monitor *m, int wstatus)
{
	struct err e = { 0 };
	uint64_t kills = 0;

	m->ended = true;
	m->container.pid = 0;
	m->outcome.state = OUTCOME_EXITED;
	m->outcome.exit_code = container_status_code(wstatus);
	m->outcome.finished_ns = clock_real_ns();
	if (m->container.cgroup && cgroup_oom_kills(m->container.cgroup, &kills, &e) == 0)
		m->outcome.oom_killed = kills > m->oom_kills_before;
	if (container_delete(&m->container, &m->left) < 0)
		(void)sv_copy(sv_from(m->left.msg), m->outcome.error, sizeof m->outcome.error);
}

static void reap(struct monitor *m)
{
	struct signalfd_siginfo info;
	int status;
	pid_t pid;

	(void)!read(m->signals, &info, sizeof info);
	while ((pid = waitpid(-1, &status, WNOHANG | __WALL)) > 0)
		if (pid == m->container.pid && !m->ended)
			exited(m, status);
}

static int poll_all(struct monitor *m, int timeout_ms)
{
	struct pollfd p[POLL_MAX];
	int n = 0, sockets, r;

	p[n++] = (struct pollfd){ .fd = m->signals, .events = POLLIN };
	p[n++] = (struct pollfd){ .fd = m->listener, .events = POLLIN };
	for (int i = 0; i < CLIENTS; i++)
		p[n++] = (struct pollfd){ .fd = m->clients[i].sock, .events = POLLIN };
	sockets = n;
	n += relay_poll(&m->in, p + n);
	n += relay_poll(&m->out, p + n);
	n += relay_poll(&m->err, p + n);
	r = poll(p, (nfds_t)n, timeout_ms);
	if (r <= 0)
		return r;
	for (int i = 2; i < sockets; i++)
		if (p[i].revents && p[i].fd >= 0 && m->clients[i - 2].sock == p[i].fd)
			client_hear(m, &m->clients[i - 2]);
	if (p[1].revents) {
		int sock = control_accept(m->listener, NULL);

		if (sock >= 0)
			client_add(m, sock);
	}
	relay_run(&m->in);
	if (m->stdin_attached && m->in.from < 0 && relay_is_idle(&m->in))
		relay_done(&m->in); /* the client's input has ended, so has the container's */
	relay_run(&m->out);
	relay_run(&m->err);
	if (p[0].revents)
		reap(m);
	return r;
}

static bool has_output(const struct monitor *m)
{
	return m->out.from >= 0 || m->err.from >= 0 || !relay_is_idle(&m->out) || !relay_is_idle(&m->err);
}

static bool has_clients(const struct monitor *m)
{
	for (int i = 0; i < CLIENTS; i++)
		if (m->clients[i].sock >= 0)
			return true;
	return false;
}

/* Until the first process ended and its output is delivered. Nobody who could start it any more: that is an end too. */
static void live(struct monitor *m)
{
	while (!m->ended) {
		if (m->started || has_clients(m)) {
			poll_all(m, -1);
		} else {
			struct err e = { 0 };

			(void)err_set(&e, ECANCELED, "nobody was left to start it");
			(void)container_delete(&m->container, NULL);
			failed(m, &e);
		}
	}
	while (has_output(m) && poll_all(m, DRAIN_MS) > 0)
		;
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
		record(m);
	if (!m->failed)
		tell(m, NULL, CONTROL_EXITED, m->outcome.exit_code, m->outcome.oom_killed, &m->left);
	while (!m->reaped && has_clients(m))
		poll_all(m, -1);
	if (!m->failed && later && !m->reaped)
		record(m);
	if (m->reaped && m->sweep)
		sweep(m);
	if (m->reaped || !m->charter.auto_remove)
		return;
	close(m->lock); /* _reap sees that nobody is here any more */
	execve(m->charter.program, argv, envp);
}

/* ---- birth --------------------------------------------------------------------------------------------------- */

static int read_bundle(struct monitor *m, struct err *e)
{
	scoped_buf json = BUF(LIMIT_CONFIG_JSON);
	int r = charter_read(m->state, &m->life, &m->charter, e);

	if (r == 0)
		r = io_read_at(m->state, CONFIG_FILE, &json, e);
	if (r == 0) {
		r = runtime_spec_parse(buf_sv(&json), &m->birth, &m->spec, e);
		if (r < 0)
			err_wrap(e, r, CONFIG_FILE);
	}
	return r;
}

static int make_plan(struct monitor *m, struct err *e)
{
	struct plan_inputs in = { .id = m->charter.id, .root = m->charter.root, .copy_up = m->charter.copy_up,
				  .copy_up_count = m->charter.copy_up_count, .die_with_parent = true };
	int r = host_open(&m->host, "/", e);

	if (r == 0)
		r = host_facts_read(&m->host, &m->birth, &m->facts, e);
	if (r == 0)
		r = procfs_boot_id(&m->host, m->outcome.boot_id, e);
	if (r == 0 && m->charter.trace)
		r = trace_new(&m->trace, e);
	if (r == 0)
		r = plan_make(&m->spec, &m->facts, &in, &m->birth, &m->plan, e);
	if (m->trace)
		m->trace->ended_ns = clock_monotonic_ns();
	return r;
}

static int open_pipe(struct relay *relay, int *ret_other, bool inward, struct err *e)
{
	int p[2];

	if (pipe2(p, O_CLOEXEC) < 0)
		return err_sys(e, "pipe");
	(void)fcntl(p[inward], F_SETFL, O_NONBLOCK);
	*ret_other = p[!inward];
	if (inward)
		relay_add(relay, p[1]);
	else
		relay->from = p[0];
	return 0;
}

static int create(struct monitor *m, struct err *e)
{
	scoped_fd in = -1, out = -1, err = -1;
	int r;

	if (m->charter.open_stdin)
		r = open_pipe(&m->in, &in, true, e);
	else
		r = (in = open("/dev/null", O_RDONLY | O_CLOEXEC)) < 0 ? err_sys(e, "open /dev/null") : 0;
	if (r == 0)
		r = open_pipe(&m->out, &out, false, e);
	if (r == 0)
		r = open_pipe(&m->err, &err, false, e);
	if (r == 0)
		r = container_create(&m->plan, &m->host, (int[]){ in, out, err }, m->trace, &m->container, e);
	if (r < 0)
		return r;
	m->created = true;
	m->outcome.pid = m->container.pid;
	(void)procfs_start_ticks(&m->host, m->container.pid, &m->outcome.pid_start_ticks, NULL);
	if (m->container.cgroup)
		(void)cgroup_oom_kills(m->container.cgroup, &m->oom_kills_before, NULL);
	return 0;
}

static int open_signals(struct monitor *m, struct err *e)
{
	sigset_t set;

	sigfillset(&set);
	sigdelset(&set, SIGSEGV);
	sigdelset(&set, SIGBUS);
	sigdelset(&set, SIGILL);
	sigdelset(&set, SIGFPE);
	sigdelset(&set, SIGABRT);
	(void)sigprocmask(SIG_SETMASK, &set, NULL); /* nothing but SIGKILL ends a monitor early */
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	m->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return m->signals < 0 ? err_sys(e, "signalfd") : 0;
}

static int open_state(struct monitor *m, const char *state_dir, struct err *e)
{
	if (chdir(state_dir) < 0)
		return err_sys(e, "chdir %s", state_dir);
	m->state = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	m->lock = open(CONTROL_LOCK, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (m->state < 0 || m->lock < 0)
		return err_sys(e, "open %s", m->lock < 0 ? CONTROL_LOCK : state_dir);
	if (ofd_lock_take(m->lock, 0, e) < 0)
		return err_wrap(e, -e->code, "another monitor is here already");
	if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
		return err_sys(e, "prctl PR_SET_CHILD_SUBREAPER");
	return 0;
}

static int birth(struct monitor *m, const char *state_dir, struct err *e)
{
	int r = open_signals(m, e);

	if (r == 0)
		r = open_state(m, state_dir, e);
	if (r == 0)
		r = read_bundle(m, e);
	if (r < 0)
		return r;
	m->container_dir = open(m->charter.container_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (m->container_dir < 0)
		return err_sys(e, "open %s", m->charter.container_dir);
	m->outcome.monitor_pid = getpid();
	m->outcome.created_ns = clock_real_ns();
	m->listener = control_listen(e);
	return m->listener < 0 ? m->listener : 0;
}

/* What the client said while the container was made, before anything is recorded or told: most often attach and start. */
static void hear_early(struct monitor *m)
{
	struct client *first = &m->clients[0];

	while (first->sock >= 0 && !m->started) {
		struct pollfd p = { .fd = first->sock, .events = POLLIN };

		if (poll(&p, 1, 0) <= 0)
			return;
		client_hear(m, first);
	}
}

int monitor_run(const char *state_dir, struct err *e)
{
	static struct monitor monitor = { .life = { .max = LIMIT_CONTROL_MSG },
					  .birth = { .max = LIMIT_ARENA_SPEC },
					  .listener = -1,
					  .signals = -1,
					  .container = { .pidfd = -1, .sync = -1, .console = -1 } };
	struct monitor *m = &monitor;
	int r;

	m->state_path = state_dir;
	relay_init(&m->in, -1);
	relay_init(&m->out, -1);
	relay_init(&m->err, -1);
	for (int i = 0; i < CLIENTS; i++)
		m->clients[i] = (struct client){ -1, -1, -1, -1 };
	(void)fcntl(CONTROL_FD, F_SETFD, FD_CLOEXEC);
	client_add(m, CONTROL_FD);
	r = birth(m, state_dir, e);
	if (r == 0)
		r = make_plan(m, e);
	if (r == 0)
		r = create(m, e);
	if (r < 0) {
		if (m->container_dir > 0)
			failed(m, e);
		tell(m, NULL, CONTROL_FAILED, container_exit_code(e), 0, e);
		if (m->container_dir > 0)
			finish(m);
		return 0;
	}
	hear_early(m);
	if (!m->started) {
		record(m);
		tell(m, NULL, CONTROL_CREATED, m->outcome.pid, 0, NULL);
	}
	live(m);
	finish(m);
	return 0;
}
