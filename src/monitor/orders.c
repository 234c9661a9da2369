/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "kernel/sys.h"
#include "monitor/parts.h"

#include <errno.h>
#include <signal.h>

#define MS INT64_C(1000000)
#define PAUSE_LOOK_NS MS          /* how often it is looked whether everything has stopped */
#define PAUSE_MOST_NS (2000 * MS) /* a process that sleeps in the kernel may take that long, or longer */

static int check_running(const struct monitor *m, struct err *e)
{
	if (m->phase == PHASE_WAITING)
		return err_set(e, EBUSY, "Container %s is restarting, wait until the container is running",
			       m->charter.id);
	return m->phase == PHASE_RUNNING ? 0 : err_set(e, ESRCH, "container %s is not running", m->charter.id);
}

static void answer(struct monitor *m, struct client *c, int r, const struct err *e)
{
	if (r < 0)
		refuse(m, c, e);
	else
		tell(m, c, CONTROL_DONE, 0, 0, NULL);
}

/* ---- pause --------------------------------------------------------------------------------------------------- */

static void set_state(struct monitor *m, bool paused)
{
	m->orders.paused = paused;
	m->outcome.state = paused ? OUTCOME_PAUSED : OUTCOME_RUNNING;
	record_outcome(m);
}

static void pause_answer(struct monitor *m, int r, const struct err *e)
{
	struct client *c = m->orders.pauser;

	m->orders.pausing = false;
	m->orders.pauser = NULL;
	m->orders.pause_look_ns = 0;
	if (c)
		answer(m, c, r, e);
}

/* It is told again and again: in v1 a group that just got a new process goes on freezing only when it is asked to. */
static void pause_look(struct monitor *m)
{
	struct orders *o = &m->orders;
	struct err e = { 0 };
	int r = cgroup_freeze(m->container.cgroup, true, &e);

	if (r == 0 && cgroup_is_frozen(m->container.cgroup)) {
		set_state(m, true);
		return pause_answer(m, 0, NULL);
	}
	o->pause_look_ns = clock_monotonic_ns() + PAUSE_LOOK_NS;
	if (r == 0 && o->pause_look_ns < o->pause_until_ns)
		return;
	(void)cgroup_freeze(m->container.cgroup, false, NULL);
	if (r == 0)
		r = err_set(&e, EBUSY, "its processes do not stop");
	pause_answer(m, r, &e);
}

void order_pause(struct monitor *m, struct client *c)
{
	struct orders *o = &m->orders;
	struct err e = { 0 };
	int r = check_running(m, &e);

	if (r == 0 && (o->paused || o->pausing))
		r = err_set(&e, EBUSY, "Container %s is already paused", m->charter.id);
	if (r == 0 && !m->container.cgroup)
		r = err_set(&e, ENOTSUP, CGROUP_NONE_TEXT);
	if (r < 0)
		return answer(m, c, r, &e);
	o->pausing = true;
	o->pauser = c;
	o->pause_until_ns = clock_monotonic_ns() + PAUSE_MOST_NS;
	pause_look(m);
}

static int thaw(struct monitor *m, struct err *e)
{
	int r = cgroup_freeze(m->container.cgroup, false, e);

	if (r == 0)
		set_state(m, false);
	return r;
}

void order_unpause(struct monitor *m, struct client *c)
{
	struct err e = { 0 };
	int r = check_running(m, &e);

	if (r == 0 && !m->orders.paused)
		r = err_set(&e, EBUSY, "Container %s is not paused", m->charter.id);
	if (r == 0)
		r = thaw(m, &e);
	answer(m, c, r, &e);
}

/* What shall end cannot stay where it is held. */
static void let_go(struct monitor *m)
{
	struct err e = { 0 };

	if (m->orders.pausing) {
		(void)cgroup_freeze(m->container.cgroup, false, NULL);
		pause_answer(m, err_set(&e, ECANCELED, "it was told to end"), &e);
	}
	if (m->orders.paused)
		(void)thaw(m, NULL);
}

/* ---- signals and the end ------------------------------------------------------------------------------------- */

static int send_signal(struct monitor *m, int signo, struct err *e)
{
	if (sys_pidfd_send_signal(m->container.pidfd, signo) < 0 && errno != ESRCH) /* it is just ending: fine */
		return err_sys(e, "signal %d", signo);
	return 0;
}

static void want_end(struct monitor *m)
{
	m->orders.end_wanted = true;
	m->outcome.stopped_by_user = true;
}

/* Docker's rule: where no signal was chosen to stop it, each is taken for that. */
static bool is_to_end(const struct monitor *m, int signal)
{
	return signal == SIGKILL || !m->charter.stop_signal_set || signal == m->charter.stop_signal;
}

/* As Docker does: what is to end a paused container lets it go on, any other signal waits with it. While it waits to run again
 * nobody is there to get one, and life_run() sees that the end was wanted. What nobody got, as the client is told, changes
 * nothing. */
void order_signal(struct monitor *m, struct client *c, int signal)
{
	struct err e = { 0 };
	int r = m->phase == PHASE_WAITING ? 0 : check_running(m, &e);

	if (r == 0 && m->phase == PHASE_RUNNING)
		r = send_signal(m, signal, &e);
	if (r < 0)
		return answer(m, c, r, &e);
	m->outcome.stopped_by_user = true;
	if (is_to_end(m, signal)) {
		want_end(m);
		let_go(m);
	}
	answer(m, c, 0, NULL);
}

static void kill_all(struct monitor *m)
{
	m->orders.kill_ns = 0;
	(void)send_signal(m, SIGKILL, NULL);
	(void)container_kill(&m->container, NULL);
	let_go(m);
}

static void stop_running(struct monitor *m, int seconds, int signo)
{
	int64_t at = clock_monotonic_ns() + seconds * INT64_C(1000) * MS;

	if (seconds == 0 || signo == SIGKILL)
		return kill_all(m);
	(void)send_signal(m, signo, NULL);
	let_go(m);
	if (seconds > 0)
		m->orders.kill_ns = sooner(m->orders.kill_ns, at);
}

void order_end(struct monitor *m, int64_t kill_ns)
{
	if (kill_ns && kill_ns <= clock_monotonic_ns())
		return kill_all(m);
	(void)send_signal(m, m->charter.stop_signal, NULL);
	let_go(m);
	m->orders.kill_ns = sooner(m->orders.kill_ns, kill_ns);
}

/* The answer is the end itself. */
void order_stop(struct monitor *m, int seconds, int flag)
{
	int signo = flag & CONTROL_SIGNAL_BITS ? flag & CONTROL_SIGNAL_BITS : m->charter.stop_signal;

	want_end(m);
	m->orders.keep |= (flag & CONTROL_KEEP) != 0;
	switch (m->phase) {
	case PHASE_CREATED:
		return life_give_up(m, "it was stopped before it was started");
	case PHASE_RUNNING:
		return stop_running(m, seconds, signo);
	case PHASE_OVER:
		m->orders.leave = true;
		return;
	case PHASE_DRAINING:
	case PHASE_WAITING:
		return;
	}
}

/* ---- the rest ------------------------------------------------------------------------------------------------ */

void order_resize(struct monitor *m, struct client *c, int size)
{
	struct err e = { 0 };

	answer(m, c, stdio_resize(&m->stdio, CONTROL_ROWS(size), CONTROL_COLUMNS(size), &e), &e);
}

void order_reload(struct monitor *m, struct client *c)
{
	struct err e = { 0 };
	int r = birth_read_charter(m, &e);

	if (r == 0 && m->net.program)
		net_watch_wake(&m->net); /* perhaps it is in its first network now */
	answer(m, c, r, &e);
}

void orders_client_left(struct monitor *m, const struct client *c)
{
	if (m->orders.pauser == c)
		m->orders.pauser = NULL;
}

void orders_exited(struct monitor *m)
{
	struct err e = { 0 };

	m->orders.kill_ns = 0;
	m->orders.paused = false;
	if (m->orders.pausing)
		pause_answer(m, err_set(&e, ESRCH, "container %s is not running", m->charter.id), &e);
}

void orders_run(struct monitor *m)
{
	int64_t due = orders_due_ns(m), now = due ? clock_monotonic_ns() : 0;

	if (!due || now < due)
		return;
	if (m->orders.kill_ns && m->orders.kill_ns <= now)
		kill_all(m);
	if (m->orders.pausing && m->orders.pause_look_ns <= now)
		pause_look(m);
}

int64_t orders_due_ns(const struct monitor *m)
{
	return sooner(m->orders.kill_ns, m->orders.pause_look_ns);
}
