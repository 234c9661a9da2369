/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "kernel/sys.h"
#include "monitor/oom.h"
#include "monitor/parts.h"

#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#define DRAIN_NS 1000000000 /* for output of processes outside the container's pid namespace that still hold its pipes */

/* ---- beginning ----------------------------------------------------------------------------------------------- */

void life_fail(struct monitor *m, const struct err *why)
{
	m->phase = PHASE_OVER;
	m->failed = true;
	m->outcome.state = OUTCOME_EXITED;
	m->outcome.pid = 0;
	m->outcome.exit_code = container_exit_code(why);
	m->outcome.finished_ns = clock_real_ns();
	(void)sv_copy(sv_from(why->msg), m->outcome.error, sizeof m->outcome.error);
	record_outcome(m);
	tell(m, NULL, CONTROL_FAILED, m->outcome.exit_code, 0, why);
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

void life_start(struct monitor *m)
{
	struct err e = { 0 };

	if (!m->created || m->phase != PHASE_CREATED)
		return;
	if (container_start(&m->container, &e) < 0) {
		(void)container_delete(&m->container, NULL);
		life_fail(m, &e);
		return;
	}
	m->phase = PHASE_RUNNING;
	m->outcome.state = OUTCOME_RUNNING;
	m->outcome.started_ns = clock_real_ns();
	record_outcome(m);
	record_trace(m);
	tell(m, NULL, CONTROL_STARTED, 0, 0, NULL);
	trim(m); /* nothing of the plan is needed to wait */
}

/* ---- on request ---------------------------------------------------------------------------------------------- */

void life_signal(struct monitor *m, struct client *c, int signal)
{
	struct err e = { 0 };

	if (m->container.pid > 0 && sys_pidfd_send_signal(m->container.pidfd, signal) < 0) {
		(void)err_sys(&e, "signal %d", signal);
		refuse(m, c, &e);
	}
}

void life_stop(struct monitor *m)
{
	(void)container_kill(&m->container, NULL);
}

/* ---- the end ------------------------------------------------------------------------------------------------- */

void life_exited(struct monitor *m, int wstatus)
{
	m->container.pid = 0;
	m->outcome.state = OUTCOME_EXITED;
	m->outcome.exit_code = container_status_code(wstatus);
	m->outcome.finished_ns = clock_real_ns();
	if (m->container.cgroup_path)
		m->outcome.oom_killed = oom_kills(&m->host, &m->facts.cgroup, m->container.cgroup_path) > 0;
	if (container_delete(&m->container, &m->left) < 0)
		(void)sv_copy(sv_from(m->left.msg), m->outcome.error, sizeof m->outcome.error);
	stdio_hang_up(&m->stdio);
	m->phase = PHASE_DRAINING;
	m->drain_until_ns = clock_monotonic_ns() + DRAIN_NS;
}

static bool is_started_by_nobody(const struct monitor *m)
{
	return m->phase == PHASE_CREATED && !has_clients(m);
}

/* Nobody who could start it any more: that is an end too. */
static void give_up(struct monitor *m)
{
	struct err e = { 0 };

	(void)err_set(&e, ECANCELED, "nobody was left to start it");
	(void)container_delete(&m->container, NULL);
	life_fail(m, &e);
}

void life_run(struct monitor *m)
{
	if (is_started_by_nobody(m))
		give_up(m);
	if (m->phase != PHASE_DRAINING)
		return;
	if (stdio_has_output(&m->stdio) && clock_monotonic_ns() < m->drain_until_ns)
		return;
	stdio_finish(&m->stdio);
	m->phase = PHASE_OVER;
}

int life_timeout_ms(const struct monitor *m)
{
	int64_t left_ns = m->drain_until_ns - clock_monotonic_ns();

	if (m->phase != PHASE_DRAINING)
		return -1;
	return left_ns > 0 ? (int)((left_ns + 999999) / 1000000) : 0;
}
