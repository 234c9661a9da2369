/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/monitor.h"

#include "base/io.h"
#include "base/limits.h"
#include "base/scope.h"
#include "monitor/hand_on.h"
#include "monitor/parts.h"

#include <fcntl.h>
#include <unistd.h>

/* ---- the end ------------------------------------------------------------------------------------------------- */

/* The folders of a container that has no row any more. What stays is found by whoever looks next. */
static void sweep(struct monitor *m)
{
	(void)io_remove_tree_at(AT_FDCWD, m->charter.container_dir, NULL);
	(void)io_remove_tree_at(AT_FDCWD, m->state_path, NULL);
}

void monitor_resign(struct monitor *m)
{
	if (m->lock < 0)
		return;
	close(fd_take(&m->listener));
	close(fd_take(&m->lock));
}

/* Somebody waits for the end, and has all output. */
static bool is_awaited(const struct monitor *m)
{
	for (const struct client *c = m->clients; c < m->clients + MONITOR_CLIENTS; c++)
		if (c->used && stdio_owes(&m->stdio, c))
			return false;
	return has_clients(m);
}

/* The end is told, to each client when it has had all output. */
static void tell_and_wait(struct sandbox *s, struct monitor *m)
{
	for (;;) {
		if (!m->failed)
			tell_end(m);
		if (m->reaped || m->orders.leave || !has_clients(m))
			return;
		sandbox_turn(s);
	}
}

/* A client that is still there does what comes after the end, or `tare _reap` does. */
static void finish(struct sandbox *s, struct monitor *m)
{
	const struct charter *c = &m->charter;
	bool remove = m->charter.auto_remove && !m->orders.keep;
	/* a client that waits is about to remove all of it, the record too */
	bool later = remove && !m->failed && is_awaited(m);

	if (m->charter.networked)
		places_remove(m);
	if (!m->failed && !later)
		record_outcome(m);
	if (!remove)
		monitor_resign(m);
	tell_and_wait(s, m);
	if (later && !m->reaped)
		record_outcome(m);
	if (m->reaped && m->sweep)
		sweep(m);
	if (m->reaped || (!remove && !m->charter.net_ports))
		return;
	monitor_resign(m); /* _reap sees that nobody is here any more */
	hand_on(&(struct hand_on){ c->program, c->data_root, c->state_root, c->settings }, "_reap", c->id);
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

static int open_once(struct monitor *m, const char *state_dir, struct err *e)
{
	return m->container_dir >= 0 ? 0 : birth_open(m, state_dir, e);
}

/* Until all of it is there the container is being made. *r: what came of it so far. false: the client has gone instead, for
 * whatever reason, and has not made one. */
static bool prepare(struct monitor *m, const char *state_dir, int *r, struct err *e)
{
	struct control_message msg;
	int fds[3];

	while (control_receive(CONTROL_FD, &msg, fds, NULL) == 1) {
		if (*r == 0)
			*r = open_once(m, state_dir, e);
		if (msg.type == CONTROL_PROCEED)
			return true;
		if (*r == 0)
			birth_prepare(m);
	}
	return false;
}

/* r: what came of it */
static void created(struct monitor *m, int r, const struct err *e)
{
	if (r < 0)
		return life_fail(m, e);
	hear_early(m);
	if (m->phase != PHASE_CREATED)
		return;
	record_outcome(m);
	tell(m, NULL, CONTROL_CREATED, m->outcome.pid, 0, NULL);
}

int monitor_run(const char *state_dir, const char *cgroup_path, struct err *e)
{
	static struct monitor monitor = MONITOR_NOTHING;
	static struct sandbox sandbox = { .signals = -1, .first = &monitor };
	struct monitor *m = &monitor;
	bool wanted;
	int r;

	begin(m, state_dir);
	r = sandbox_signals(&sandbox, e);
	if (r == 0)
		r = birth_begin(m, cgroup_path, e);
	wanted = prepare(m, state_dir, &r, e);
	if (wanted && r == 0)
		r = birth_create(m, e);
	container_early_undo(&m->early); /* what of it the container did not take */
	if (!wanted)
		return 0;
	if (m->container_dir < 0) {
		tell(m, NULL, CONTROL_FAILED, container_exit_code(e), 0, e);
		return 0;
	}
	created(m, r, e);
	life_run(m); /* the only client may have gone by now: nothing would wake us */
	while (m->phase != PHASE_OVER)
		sandbox_turn(&sandbox);
	finish(&sandbox, m);
	return 0;
}
