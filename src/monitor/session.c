/* SPDX-License-Identifier: Apache-2.0 */
/* Exec sessions: further processes of the container, children of the monitor, each with stdio of its own.
 *
 * From the request on, nothing waits: the helper and the process report by x.sync when they can, the end comes by
 * SIGCHLD in whatever order, output is relayed by the loop. A session is over when its process was reaped, its output
 * was taken, and its client was told; then nothing is left of it but its record. */
#include "monitor/parts.h"

#include "base/clock.h"
#include "base/io.h"
#include "base/limits.h"
#include "base/scope.h"
#include "kernel/procfs.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>

#define DRAIN_NS 1000000000 /* for output of others that still hold its pipes */

struct session {
	struct session *next;
	uint32_t number;
	struct client *client; /* who asked for it; NULL: has left */
	enum { SESSION_STARTING, SESSION_RUNNING, SESSION_DRAINING, SESSION_OVER } phase;
	struct execution x;
	size_t polled; /* place of x.sync in the pollset */
	struct stdio stdio;
	int bits, fds[3]; /* what the client attaches, until there is something to attach it to */
	int size; /* CONTROL_SIZE of a terminal that is not there yet; 0: none */
	bool detached;
	bool ours; /* the monitor's own: nobody outside knows of it */
	void (*report)(void *arg, int exit_code, const struct err *why); /* of its end, once */
	void *report_arg;
	bool reaped;      /* the process; what it ended with is in outcome */
	bool drained;     /* nothing more is read from it */
	int64_t drain_until_ns; /* monotonic */
	struct outcome outcome;
};

static struct session *find(const struct monitor *m, uint32_t number)
{
	struct session *s = m->sessions.first;

	while (s && s->number != number)
		s = s->next;
	return s;
}

static void tell_about(struct monitor *m, struct client *c, uint32_t number, enum control_type type, int value,
		       const struct err *why)
{
	struct control_message msg = { .type = type, .value = value, .session = number };

	if (why)
		msg.err = *why;
	if (c)
		tell_message(m, c, &msg);
}

static void report(struct session *s, const struct err *why)
{
	void (*hears)(void *arg, int exit_code, const struct err *why) = s->report;

	s->report = NULL;
	if (hears)
		hears(s->report_arg, s->outcome.exit_code, why);
}

/* ---- records ------------------------------------------------------------------------------------------------- */

static void record(struct monitor *m, const struct session *s)
{
	struct err e = { 0 };

	if (outcome_write_exec(m->state, s->number, &s->outcome, &e) < 0)
		tell_about(m, s->client, s->number, CONTROL_REFUSED, 0, &e);
}

static void forget(struct monitor *m, uint32_t number)
{
	char name[40];

	(void)snprintf(name, sizeof name, EXEC_OUTCOME_FILE, number);
	(void)unlinkat(m->state, name, 0);
}

static void remember_ended(struct monitor *m, uint32_t number)
{
	struct sessions *all = &m->sessions;
	uint32_t *place = &all->ended[all->ended_next++ % ARRAY_LEN(all->ended)];

	if (*place)
		forget(m, *place);
	*place = number;
}

/* ---- the beginning ------------------------------------------------------------------------------------------- */

static int check_container(const struct monitor *m, struct err *e)
{
	enum outcome_state s = m->phase == PHASE_DRAINING ? OUTCOME_EXITED : m->outcome.state;

	return outcome_check_exec(s, m->charter.id, e);
}

static int check_number(const struct monitor *m, uint32_t number, struct err *e)
{
	if (m->sessions.n >= LIMIT_EXEC_SESSIONS)
		return err_set(e, EAGAIN, "container %s has %d exec sessions already", m->charter.id,
			       LIMIT_EXEC_SESSIONS);
	if (number == 0 || find(m, number))
		return err_set(e, EEXIST, "exec session %u: the number is taken", number);
	return 0;
}

/* The document is the client's way to tell; nobody reads it twice. */
static int read_process(struct monitor *m, uint32_t number, struct arena *a, struct oci_process *ret, struct err *e)
{
	scoped_buf json = BUF(LIMIT_CONFIG_JSON);
	char name[40];
	int r;

	(void)snprintf(name, sizeof name, CONTROL_EXEC_FILE, number);
	r = io_read_at(m->state, name, &json, e);
	(void)unlinkat(m->state, name, 0);
	if (r == -ENOENT) /* written in an earlier life of the container, whose folder was made anew */
		return outcome_check_exec(OUTCOME_EXITED, m->charter.id, e);
	return r < 0 ? r : oci_process_parse(buf_sv(&json), a, ret, e);
}

static int start_process(struct monitor *m, struct session *s, const struct plan *p, struct err *e)
{
	const struct exec_target target = { &m->host, m->container.cgroup, m->container.pid, m->container.pidfd };
	int fds[3] = { -1, -1, -1 };
	int r = stdio_open(&s->stdio, fds, e);

	if (r == 0)
		r = exec_start(p, &target, fds, &s->x, e);
	stdio_close(fds);
	return r;
}

static int begin(struct monitor *m, struct session *s, const struct oci_process *process, bool privileged,
		 struct arena *a, struct err *e)
{
	struct plan plan;
	int r = check_container(m, e);

	if (r == 0)
		r = exec_plan_make(&m->exec, process, privileged, &m->facts, a, &plan, e);
	s->stdio.tty = process->terminal;
	return r < 0 ? r : start_process(m, s, &plan, e);
}

static int begin_told(struct monitor *m, struct session *s, const struct control_message *msg, struct err *e)
{
	scoped_arena a = ARENA(LIMIT_ARENA_SPEC);
	struct oci_process process;
	int r = read_process(m, s->number, &a, &process, e);

	s->stdio.open_stdin = s->stdio.stdin_once = msg->value & CONTROL_STDIN;
	return r < 0 ? r : begin(m, s, &process, msg->flag & CONTROL_EXEC_PRIVILEGED, &a, e);
}

/* What can be said only now is said as if the process had said it. */
static void fail(struct session *s, const struct err *why)
{
	s->x.why = *why;
	execution_abort(&s->x);
}

/* With a terminal there is nothing to attach to before it is made. */
static void attach(struct session *s)
{
	struct err e = { 0 };

	if (s->client && stdio_attach(&s->stdio, s->client, s->bits, s->fds, true, &e) < 0)
		fail(s, &e);
	stdio_close(s->fds);
}

static struct session *session_new(struct monitor *m, struct client *c, const struct control_message *msg,
				   struct err *e)
{
	struct session *s;

	if (check_number(m, msg->session, e) < 0)
		return NULL;
	s = calloc(1, sizeof *s);
	if (!s) {
		(void)err_oom(e);
		return NULL;
	}
	*s = (struct session){ .number = msg->session, .client = c,
			       .detached = msg->flag & CONTROL_EXEC_DETACHED, .fds = { -1, -1, -1 },
			       .x = { .sync = -1, .console = -1 } };
	stdio_init(&s->stdio);
	return s;
}

static void session_free(struct session *s)
{
	execution_close(&s->x);
	stdio_done(&s->stdio);
	stdio_close(s->fds);
	free(s);
}

static void add(struct monitor *m, struct session *s)
{
	s->next = m->sessions.first;
	m->sessions.first = s;
	m->sessions.n++;
}

static void begin_session(struct monitor *m, struct client *c, const struct control_message *msg, int fds[3])
{
	struct err e = { 0 };
	struct session *s = session_new(m, c, msg, &e);

	if (s && begin_told(m, s, msg, &e) == 0) {
		add(m, s);
		if (s->detached)
			return;
		s->bits = msg->value;
		for (int i = 0; i < 3; i++)
			s->fds[i] = fd_take(&fds[i]);
		if (!s->stdio.tty)
			attach(s);
		return;
	}
	if (s)
		session_free(s);
	tell_about(m, c, msg->session, CONTROL_EXEC_FAILED, container_exit_code(&e), &e);
}

/* Clients choose theirs at random: any that is free will do. */
static uint32_t free_number(const struct monitor *m)
{
	uint32_t n = 1u << 31;

	while (find(m, n))
		n++;
	return n;
}

uint32_t session_begin(struct monitor *m, const struct oci_process *process,
		       void (*ended)(void *arg, int exit_code, const struct err *why), void *arg, struct err *e)
{
	const struct control_message msg = { .session = free_number(m), .flag = CONTROL_EXEC_DETACHED };
	scoped_arena a = ARENA(LIMIT_ARENA_SPEC);
	struct session *s = session_new(m, NULL, &msg, e);

	if (!s)
		return 0;
	s->ours = true;
	if (begin(m, s, process, false, &a, e) < 0) {
		session_free(s);
		return 0;
	}
	s->report = ended;
	s->report_arg = arg;
	add(m, s);
	return s->number;
}

void session_kill(struct monitor *m, uint32_t number)
{
	struct session *s = find(m, number);

	if (!s)
		return;
	s->report = NULL;
	if (!s->reaped)
		execution_abort(&s->x);
}

/* ---- what the process says ----------------------------------------------------------------------------------- */

static void ended(struct session *s)
{
	stdio_hang_up(&s->stdio);
	report(s, NULL);
	s->phase = SESSION_DRAINING;
	s->drain_until_ns = clock_monotonic_ns() + DRAIN_NS;
}

static void runs(struct monitor *m, struct session *s)
{
	s->phase = SESSION_RUNNING;
	s->outcome.state = OUTCOME_RUNNING;
	s->outcome.pid = s->x.pid;
	s->outcome.started_ns = clock_real_ns();
	if (!s->reaped)
		(void)procfs_start_ticks(&m->host, s->x.pid, &s->outcome.pid_start_ticks, NULL);
	tell_about(m, s->client, s->number, CONTROL_EXEC_STARTED, s->x.pid, NULL);
	if (s->reaped)
		ended(s);
	else if (s->detached && !s->ours)
		record(m, s); /* nobody else knows of it; that of the others is written when they have ended */
}

/* Its helper was killed: most often with the whole container, whose first process may be a little later. */
static void explain(const struct monitor *m, struct err *e)
{
	if (m->phase != PHASE_RUNNING || fd_is_ready(m->container.pidfd, POLLIN))
		(void)outcome_check_exec(OUTCOME_EXITED, m->charter.id, e);
	else
		(void)err_set(e, EIO, "container %s ended while the process was made, or somebody killed it",
			      m->charter.id);
}

static void failed(struct monitor *m, struct session *s, struct err *why)
{
	if (why->code == EIO && !s->x.why.code)
		explain(m, why);
	if (!s->reaped)
		execution_abort(&s->x);
	s->phase = SESSION_OVER;
	s->outcome.exit_code = container_exit_code(why);
	s->outcome.finished_ns = clock_real_ns();
	(void)sv_copy(sv_from(why->msg), s->outcome.error, sizeof s->outcome.error);
	tell_about(m, s->client, s->number, CONTROL_EXEC_FAILED, s->outcome.exit_code, why);
	report(s, why);
}

static void take_terminal(struct session *s)
{
	struct err e = { 0 };

	if (stdio_set_master(&s->stdio, fd_take(&s->x.console), &e) < 0)
		fail(s, &e);
	else if (s->size)
		(void)stdio_resize(&s->stdio, CONTROL_ROWS(s->size), CONTROL_COLUMNS(s->size), NULL);
	attach(s);
}

static void hear(struct monitor *m, struct session *s)
{
	struct err e = { 0 };
	int r = execution_hear(&s->x, &e);

	if (s->x.console >= 0 && s->stdio.tty && s->stdio.out.from < 0)
		take_terminal(s);
	if (r == 0)
		runs(m, s);
	else if (r < 0)
		failed(m, s, &e);
}

/* A process that has not been heard of has spoken before it ended. */
static bool is_process(struct monitor *m, struct session *s, pid_t pid)
{
	while (s->x.pid == 0 && s->x.sync >= 0 && fd_is_ready(s->x.sync, POLLIN))
		hear(m, s);
	return s->x.pid == pid;
}

bool sessions_reaped(struct monitor *m, pid_t pid, int wstatus)
{
	for (struct session *s = m->sessions.first; s; s = s->next)
		if (s->x.helper == pid) {
			s->x.helper = 0;
			return true;
		}
	for (struct session *s = m->sessions.first; s; s = s->next)
		if (!s->reaped && is_process(m, s, pid)) {
			s->reaped = true;
			s->outcome.exit_code =
				s->phase == SESSION_OVER ? s->outcome.exit_code : container_status_code(wstatus);
			s->outcome.finished_ns = clock_real_ns();
			if (s->phase == SESSION_RUNNING)
				ended(s);
			return true;
		}
	return false;
}

/* ---- the end ------------------------------------------------------------------------------------------------- */

/* Both have ended, so nothing more can be said; somebody in the container must have got hold of the socket. */
static void conclude(struct monitor *m, struct session *s)
{
	if (s->x.helper == 0 && s->reaped && s->x.sync >= 0 && !fd_is_ready(s->x.sync, POLLIN))
		runs(m, s);
}

static void drain(struct monitor *m, struct session *s)
{
	if (stdio_has_output(&s->stdio) && !s->drained && clock_monotonic_ns() < s->drain_until_ns)
		return;
	if (!s->drained)
		stdio_finish(&s->stdio);
	s->drained = true;
	if (s->client && stdio_owes(&s->stdio, s->client))
		return;
	if (s->client)
		tell_lost(m, s->client, &s->stdio, s->number);
	tell_about(m, s->client, s->number, CONTROL_EXEC_EXITED, s->outcome.exit_code, NULL);
	s->phase = SESSION_OVER;
}

static bool is_gone(const struct session *s)
{
	return s->phase == SESSION_OVER && s->x.helper == 0 && (s->x.pid == 0 || s->reaped);
}

static void bury(struct monitor *m, struct session **at)
{
	struct session *s = *at;

	s->outcome.state = OUTCOME_EXITED;
	s->outcome.pid = 0;
	if (m->phase == PHASE_RUNNING && !s->ours) {
		record(m, s);
		remember_ended(m, s->number);
	}
	*at = s->next;
	m->sessions.n--;
	session_free(s);
}

void sessions_settle(struct monitor *m)
{
	struct session **at = &m->sessions.first;

	while (*at) {
		struct session *s = *at;

		if (s->phase == SESSION_STARTING)
			conclude(m, s);
		if (s->phase == SESSION_DRAINING)
			drain(m, s);
		if (is_gone(s))
			bury(m, at);
		else
			at = &s->next;
	}
}

void sessions_end(struct monitor *m)
{
	struct sessions *all = &m->sessions;

	for (struct session *s = all->first; s; s = s->next)
		if (!s->reaped)
			execution_abort(&s->x);
	for (size_t i = 0; i < ARRAY_LEN(all->ended); i++)
		if (all->ended[i])
			forget(m, all->ended[i]);
	memset(all->ended, 0, sizeof all->ended);
}

bool sessions_are_over(const struct monitor *m)
{
	return !m->sessions.first;
}

/* ---- requests ------------------------------------------------------------------------------------------------ */

static int signal_process(const struct session *s, int signal, struct err *e)
{
	if (s->x.pid <= 0 || s->reaped)
		return err_set(e, ESRCH, "exec session %u does not run", s->number);
	return kill(s->x.pid, signal) < 0 ? err_sys(e, "signal %d", signal) : 0;
}

static int resize(struct session *s, int size, struct err *e)
{
	if (s->phase == SESSION_STARTING && s->stdio.tty && s->stdio.out.from < 0) {
		s->size = size;
		return 0;
	}
	return stdio_resize(&s->stdio, CONTROL_ROWS(size), CONTROL_COLUMNS(size), e);
}

/* It has one client at a time: who comes back takes the place of one that left. */
static int attach_again(struct session *s, struct client *c, int bits, int fds[3], struct err *e)
{
	if (s->client)
		return err_set(e, EBUSY, "exec session %u has a client", s->number);
	s->client = c;
	return stdio_attach(&s->stdio, c, bits, fds, false, e);
}

static int request(struct session *s, struct client *c, const struct control_message *msg, int fds[3], struct err *e)
{
	switch (msg->type) {
	case CONTROL_ATTACH:
		return attach_again(s, c, msg->value, fds, e);
	case CONTROL_SIGNAL:
		return signal_process(s, msg->value, e);
	case CONTROL_RESIZE:
		return resize(s, msg->value, e);
	default:
		return err_set(e, EPROTO, "message %u is not about an exec session", msg->type);
	}
}

void session_obey(struct monitor *m, struct client *c, const struct control_message *msg, int fds[3])
{
	struct session *s = find(m, msg->session);
	struct err e = { 0 };
	int r;

	if (msg->type == CONTROL_EXEC) {
		begin_session(m, c, msg, fds);
		return;
	}
	r = s ? request(s, c, msg, fds, &e) : err_set(&e, ENOENT, "no exec session %u", msg->session);
	if (r < 0)
		tell_about(m, c, msg->session, CONTROL_REFUSED, 0, &e);
	else if (msg->type != CONTROL_ATTACH)
		tell_about(m, c, msg->session, CONTROL_DONE, 0, NULL);
}

/* The process goes on. Nobody will write to its input any more; a terminal has no end, and may be attached again. */
void sessions_client_left(struct monitor *m, const struct client *c)
{
	for (struct session *s = m->sessions.first; s; s = s->next) {
		if (s->client != c)
			continue;
		s->client = NULL;
		stdio_detach(&s->stdio, c);
		if (!s->stdio.tty)
			stdio_hang_up(&s->stdio);
		stdio_close(s->fds);
	}
}

/* ---- the loop's part ----------------------------------------------------------------------------------------- */

void sessions_poll(struct monitor *m, struct pollset *p)
{
	for (struct session *s = m->sessions.first; s; s = s->next) {
		s->polled = pollset_add(p, s->x.sync, POLLIN);
		stdio_poll(&s->stdio, p);
	}
}

void sessions_run(struct monitor *m, const struct pollset *p)
{
	for (struct session *s = m->sessions.first; s; s = s->next) {
		if (pollset_found(p, s->polled, s->x.sync))
			hear(m, s);
		stdio_run(&s->stdio, p);
	}
}

void sessions_rest(struct monitor *m)
{
	for (struct session *s = m->sessions.first; s; s = s->next)
		stdio_rest(&s->stdio);
}

int64_t sessions_due_ns(const struct monitor *m)
{
	int64_t next = 0;

	for (const struct session *s = m->sessions.first; s; s = s->next)
		if (s->phase == SESSION_DRAINING && !s->drained)
			next = sooner(next, s->drain_until_ns);
	return next;
}
