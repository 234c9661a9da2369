/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "monitor/oom.h"
#include "monitor/pod_parts.h"
#include "monitor/restart.h"

#include <malloc.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#define NETWORK_MS 2000
#define DRAIN_NS 1000000000 /* for output of processes outside the container's pid namespace that still hold its pipes */

/* ---- beginning ----------------------------------------------------------------------------------------------- */

static void wait_until(struct monitor *m, int64_t at_ns, int delay_ms)
{
	struct outcome *o = &m->outcome;

	m->phase = PHASE_WAITING;
	m->start_again_ns = at_ns;
	o->state = OUTCOME_RESTARTING;
	o->restart_count++;
	record_outcome(m);
	tell(m, NULL, CONTROL_RESTARTING, o->exit_code, delay_ms, NULL);
}

static void wait_to_start_again(struct monitor *m, int delay_ms)
{
	wait_until(m, clock_monotonic_ns() + delay_ms * INT64_C(1000000), delay_ms);
}

void life_hold(struct monitor *m)
{
	m->failed = false;
	wait_until(m, INT64_MAX, 0);
}

static bool is_wanted_again(const struct monitor *m)
{
	if (m->orders.end_wanted)
		return false;
	return restart_wanted(&m->charter, &m->outcome) ||
	       (m->member && restart_rules_action(&m->member->c->rules, m->outcome.exit_code) != EXIT_NOTHING);
}

/* Of a container alone that is the end; in a pod it is tried again, as after any other. */
void life_fail(struct monitor *m, const struct err *why)
{
	user_net_end(&m->user_net);
	stdio_hang_up(&m->stdio);
	arena_done(&m->birth); /* the next try fills it anew */
	m->phase = PHASE_OVER;
	m->failed = true;
	m->outcome.state = OUTCOME_EXITED;
	m->outcome.pid = 0;
	m->outcome.exit_code = container_exit_code(why);
	m->outcome.finished_ns = clock_real_ns();
	(void)sv_copy(sv_from(why->msg), m->outcome.error, sizeof m->outcome.error);
	record_outcome(m);
	tell(m, NULL, CONTROL_FAILED, m->outcome.exit_code, 0, why);
	if (!m->member)
		return;
	pod_failed(m->member, why);
	m->outcome.last_exit_code = m->outcome.exit_code;
	if (pod_holds(m->member)) {
		life_hold(m);
	} else if (is_wanted_again(m)) {
		m->failed = false;
		wait_to_start_again(m, backoff_next_pod(&m->delay_ms, 0));
	}
}

void life_give_up(struct monitor *m, const char *why)
{
	struct err e = { 0 };

	(void)err_set(&e, ECANCELED, "%s", why);
	(void)container_delete(&m->container, NULL);
	life_fail(m, &e);
}

/* A monitor waits far longer than it works: the pages that the start has dirtied go back, the heap's and those of the
 * stack below us. Part of the range may not be mapped at all, which madvise(2) reports after doing the rest. */
#define STACK_USED ((size_t)256 << 10)
void give_pages_back(void)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), here = (uintptr_t)__builtin_frame_address(0) & ~(page - 1);

#ifdef __GLIBC__ /* musl gives back what is free without being asked */
	(void)malloc_trim(0);
#endif
	(void)madvise((void *)(here - page - STACK_USED), STACK_USED, MADV_DONTNEED);
}

/* A new life has nothing of the one before but their number. */
static void begin_running(struct monitor *m)
{
	struct outcome *o = &m->outcome;

	m->phase = PHASE_RUNNING;
	o->state = OUTCOME_RUNNING;
	o->started_ns = clock_real_ns();
	o->exit_code = 0;
	oom_forget(o);
	o->error[0] = '\0';
	m->left = (struct err){ 0 };
	record_outcome(m);
	record_trace(m);
	tell(m, NULL, CONTROL_STARTED, 0, 0, NULL);
	memory_use_begin(&m->memory, &m->host, &m->facts.cgroup, m->container.cgroup_path,
			 m->spec.resources.memory.limit);
	arena_done(&m->birth); /* nothing of the plan is needed to wait */
	if (m->member)
		pod_started(m->member);
	give_pages_back();
}

/* Before the command can ask for a name: whoever gave the container its places in networks has written them down by now. */
static void settle_network(struct monitor *m)
{
	struct member *of = m->member ? pod_networked(m->member->pod) : NULL;
	struct monitor *net = of ? &of->m : m;
	struct err e = { 0 };

	if (!net->net.program || !net->charter.net_waits || (of && of->pod->named))
		return;
	if (of)
		of->pod->named = true;
	if (net_watch_settle(&net->net, NETWORK_MS, &e) < 0) {
		(void)err_wrap(&e, -e.code, "tare-net");
		warn_starter(m, &e);
	}
}

static void start(struct monitor *m)
{
	struct err e = { 0 };

	settle_network(m);
	if (container_start(&m->container, &e) == 0)
		return begin_running(m);
	(void)container_delete(&m->container, NULL);
	life_fail(m, &e);
}

void life_start(struct monitor *m)
{
	if (m->phase == PHASE_CREATED && m->container.pid > 0)
		start(m);
}

/* The configuration may be another one by now, and so may be the host. */
void life_begin(struct monitor *m)
{
	struct err e = { 0 };
	int r = birth_read_charter(m, &e);

	if (r == 0 && m->member)
		r = pod_clear_root(m->member, &e);
	if (r == 0)
		r = birth_create(m, &e);
	if (r == 0)
		return start(m);
	(void)err_wrap(&e, r, "%s", m->outcome.started_ns ? "restart" : "start");
	life_fail(m, &e);
}

/* ---- the end ------------------------------------------------------------------------------------------------- */

static void look_for_oom(struct monitor *m)
{
	struct outcome *o = &m->outcome;

	oom_look(&m->host, &m->facts.cgroup, m->container.cgroup_path, m->may_nest, o);
	if (o->oom_killed && !o->oom_samples[0])
		memory_samples_print(&m->memory, o->oom_samples);
}

static void look_for_last_oom(struct monitor *m)
{
	struct outcome *o = &m->outcome;
	struct err e = { 0 };

	if (!m->container.cgroup_path)
		return;
	look_for_oom(m);
	if (!o->oom_killed || o->exit_code != 128 + SIGKILL)
		return;
	oom_tell(o, m->container.cgroup_path, &e);
	warn_starter(m, &e);
}

void life_lost_one(struct monitor *m)
{
	look_for_oom(m);
	record_outcome(m);
}

void life_exited(struct monitor *m, int wstatus)
{
	struct outcome *o = &m->outcome;

	user_net_end(&m->user_net);
	o->exit_code = container_status_code(wstatus);
	o->finished_ns = clock_real_ns();
	look_for_last_oom(m);
	memory_use_end(&m->memory);
	m->container.pid = o->pid = 0;
	o->last_exit_code = o->exit_code;
	if (m->member)
		pod_exited(m->member);
	orders_exited(m);
	sessions_end(m); /* a helper that is still joining the groups would keep them */
	if (container_delete(&m->container, &m->left) < 0)
		(void)sv_copy(sv_from(m->left.msg), o->error, sizeof o->error);
	stdio_hang_up(&m->stdio);
	m->phase = PHASE_DRAINING;
	m->drain_until_ns = clock_monotonic_ns() + DRAIN_NS;
}

static int delay_ms(struct monitor *m)
{
	int64_t ran_ns = m->outcome.finished_ns - m->outcome.started_ns;

	return m->member ? backoff_next_pod(&m->delay_ms, ran_ns) : backoff_next(&m->delay_ms, ran_ns);
}

static void end(struct monitor *m)
{
	m->phase = PHASE_OVER;
	m->outcome.state = OUTCOME_EXITED; /* recorded when it is clear who cleans up */
}

static void drained(struct monitor *m)
{
	stdio_finish(&m->stdio);
	if (m->member && pod_holds(m->member))
		life_hold(m);
	else if (is_wanted_again(m))
		wait_to_start_again(m, delay_ms(m));
	else
		end(m);
}

void life_run(struct monitor *m)
{
	switch (m->phase) {
	case PHASE_CREATED:
		if (!has_clients(m) && !m->member)
			life_give_up(m, "nobody was left to start it"); /* nobody who could do it any more */
		return;
	case PHASE_DRAINING:
		if ((!stdio_has_output(&m->stdio) && sessions_are_over(m)) ||
		    clock_monotonic_ns() >= m->drain_until_ns)
			drained(m);
		return;
	case PHASE_WAITING:
		if (m->orders.end_wanted)
			end(m);
		else if (clock_monotonic_ns() >= m->start_again_ns)
			life_begin(m);
		return;
	case PHASE_RUNNING:
	case PHASE_OVER:
		return;
	}
}

int64_t life_due_ns(const struct monitor *m)
{
	return m->phase == PHASE_DRAINING ? m->drain_until_ns : m->phase == PHASE_WAITING ? m->start_again_ns : 0;
}
