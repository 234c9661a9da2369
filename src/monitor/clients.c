/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "base/scope.h"
#include "monitor/parts.h"

#define SPEAK_NS INT64_C(1000000000)

static int too_many(struct err *e)
{
	return err_set(e, EAGAIN, "%d clients are connected to this container already", MONITOR_STAYING);
}

int client_add(struct monitor *m, int sock, struct err *e)
{
	struct client *free = NULL;
	unsigned n = 0;

	for (struct client *c = m->clients; c < m->clients + MONITOR_CLIENTS; c++)
		if (c->used)
			n++;
		else if (!free)
			free = c;
	if (!free)
		return too_many(e);
	*free = (struct client){ .used = true, .sock = sock };
	if (n >= MONITOR_STAYING)
		free->speak_ns = clock_monotonic_ns() + SPEAK_NS;
	return 0;
}

void client_drop(struct monitor *m, struct client *c)
{
	stdio_detach(&m->stdio, c);
	orders_client_left(m, c);
	sessions_client_left(m, c);
	close(c->sock);
	*c = (struct client){ 0 };
}

void tell_message(struct monitor *m, struct client *only, const struct control_message *msg)
{
	for (struct client *c = m->clients; c < m->clients + MONITOR_CLIENTS; c++)
		if (c->used && (!only || c == only) && control_send(c->sock, msg, NULL, 0, NULL) < 0)
			client_drop(m, c);
}

void tell(struct monitor *m, struct client *only, enum control_type type, int value, int flag, const struct err *why)
{
	struct control_message msg = { .type = type, .value = value, .flag = flag };

	if (why)
		msg.err = *why;
	tell_message(m, only, &msg);
}

void refuse(struct monitor *m, struct client *c, const struct err *why)
{
	tell(m, c, CONTROL_REFUSED, 0, 0, why);
}

void warn_starter(struct monitor *m, const struct err *what)
{
	for (struct client *c = m->clients; c < m->clients + MONITOR_CLIENTS; c++)
		if (c->used && c->starter)
			tell(m, c, CONTROL_WARNING, 0, 0, what);
}

bool has_clients(const struct monitor *m)
{
	for (const struct client *c = m->clients; c < m->clients + MONITOR_CLIENTS; c++)
		if (c->used)
			return true;
	return false;
}

void tell_lost(struct monitor *m, struct client *c, const struct stdio *s, uint32_t session)
{
	struct control_message msg = { .type = CONTROL_WARNING, .flag = CONTROL_LOST, .session = session };

	if (stdio_lost(s, c, &msg.err))
		tell_message(m, c, &msg);
}

void tell_end(struct monitor *m)
{
	struct control_message msg = { .type = CONTROL_EXITED, .value = m->outcome.exit_code,
				       .flag = (m->outcome.oom_killed ? CONTROL_OOM : 0) |
					       (m->orders.keep ? CONTROL_KEEP : 0),
				       .err = m->left };

	for (struct client *c = m->clients; c < m->clients + MONITOR_CLIENTS; c++)
		if (c->used && !c->knows_end && !stdio_owes(&m->stdio, c)) {
			c->knows_end = true;
			tell_lost(m, c, &m->stdio, 0);
			tell_message(m, c, &msg);
		}
}

/* ---- requests ------------------------------------------------------------------------------------------------ */

static void attach(struct monitor *m, struct client *c, int bits, int fds[3])
{
	struct err e = { 0 };

	if (stdio_attach(&m->stdio, c, bits, fds, m->phase == PHASE_CREATED, &e) >= 0)
		return;
	tell(m, c, CONTROL_REFUSED, container_exit_code(&e), CONTROL_FINAL, &e);
	if (c->used)
		client_drop(m, c);
}

static void let_go(struct monitor *m, struct client *c, uint32_t session)
{
	struct control_message msg = {
		.type = CONTROL_REFUSED, .value = 125, .flag = CONTROL_FINAL, .session = session
	};

	(void)too_many(&msg.err);
	tell_message(m, c, &msg);
	if (c->used)
		client_drop(m, c);
}

static void obey(struct monitor *m, struct client *c, const struct control_message *msg, int fds[3])
{
	bool stays = msg->type == CONTROL_ATTACH || msg->type == CONTROL_EXEC;
	struct err e = { 0 };

	if (c->speak_ns && stays)
		return let_go(m, c, msg->session);
	c->speak_ns = 0;
	if (msg->session || msg->type == CONTROL_EXEC) {
		session_obey(m, c, msg, fds);
		return;
	}
	switch (msg->type) {
	case CONTROL_START:
		c->starter = true;
		return life_start(m);
	case CONTROL_ATTACH:
		return attach(m, c, msg->value, fds);
	case CONTROL_SIGNAL:
		return order_signal(m, c, msg->value);
	case CONTROL_STOP:
		return order_stop(m, msg->value, msg->flag);
	case CONTROL_PAUSE:
		return order_pause(m, c);
	case CONTROL_UNPAUSE:
		return order_unpause(m, c);
	case CONTROL_RESIZE:
		return order_resize(m, c, msg->value);
	case CONTROL_RELOAD:
		return order_reload(m, c);
	case CONTROL_REAPED:
		m->reaped = true;
		m->sweep = msg->flag;
		return;
	default:
		(void)err_set(&e, EPROTO, "message %u is not known to this monitor", msg->type);
		refuse(m, c, &e);
	}
}

void client_hear(struct monitor *m, struct client *c)
{
	struct control_message msg;
	struct err e = { 0 };
	int fds[3] = { -1, -1, -1 }, r = control_receive(c->sock, &msg, fds, &e);

	if (r == -EPROTO) /* of a tare of another version, which must not take silence for success */
		return refuse(m, c, &e);
	if (r <= 0)
		return client_drop(m, c);
	obey(m, c, &msg, fds);
	for (int i = 0; i < 3; i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

/* ---- the loop's part ----------------------------------------------------------------------------------------- */

void clients_poll(struct monitor *m, struct pollset *p)
{
	for (struct client *c = m->clients; c < m->clients + MONITOR_CLIENTS; c++)
		if (c->used)
			c->polled = pollset_add(p, c->sock, POLLIN);
	m->listener_polled = pollset_add(p, m->listener, POLLIN);
}

/* Most have said what they want before we wake up. */
static void hear_at_once(struct monitor *m, int sock)
{
	for (struct client *c = m->clients; c < m->clients + MONITOR_CLIENTS; c++)
		if (c->used && c->sock == sock && fd_is_ready(sock, POLLIN)) {
			client_hear(m, c);
			return;
		}
}

static void accept_one(struct monitor *m)
{
	struct control_message refusal = { .type = CONTROL_REFUSED };
	int sock = control_accept(m->listener, NULL);

	if (sock < 0)
		return;
	if (client_add(m, sock, &refusal.err) == 0) {
		hear_at_once(m, sock);
		return;
	}
	(void)control_send(sock, &refusal, NULL, 0, NULL);
	close(sock);
}

void clients_run(struct monitor *m, const struct pollset *p)
{
	for (struct client *c = m->clients; c < m->clients + MONITOR_CLIENTS; c++)
		if (c->used && pollset_found(p, c->polled, c->sock))
			client_hear(m, c);
	if (pollset_found(p, m->listener_polled, m->listener))
		accept_one(m);
}

void clients_run_due(struct monitor *m)
{
	int64_t due = clients_due_ns(m), now = due ? clock_monotonic_ns() : 0;

	for (struct client *c = m->clients; due && c < m->clients + MONITOR_CLIENTS; c++)
		if (c->used && c->speak_ns && c->speak_ns <= now)
			let_go(m, c, 0);
}

int64_t clients_due_ns(const struct monitor *m)
{
	int64_t due = 0;

	for (const struct client *c = m->clients; c < m->clients + MONITOR_CLIENTS; c++)
		if (c->used)
			due = sooner(due, c->speak_ns);
	return due;
}
