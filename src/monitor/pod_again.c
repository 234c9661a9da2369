/* SPDX-License-Identifier: Apache-2.0 */
/* restartPolicyRules' RestartAllContainers: a container's end makes all of the pod's begin anew, init containers too, in their
 * order, in the same groups, namespaces and volumes. As the kubelet does it: those that run are killed without preStop and
 * grace, those that had ended for good count as well, and the container whose rule it was tells how long all wait. */
#include "base/clock.h"
#include "monitor/pod_parts.h"
#include "monitor/restart.h"

bool pod_again_may(const struct pod *p)
{
	for (size_t i = 0; i < p->charter.n; i++)
		if (restart_rules_have(&p->charter.v[i].rules, EXIT_RESTART_ALL))
			return true;
	return false;
}

/* Who holds the pid namespace does so for the next lives too. */
static bool takes_part(const struct member *mb)
{
	return mb->c->kind != MEMBER_HOLDER;
}

static void revive(struct member *mb)
{
	mb->recorded = mb->over = false;
	mb->m.orders.end_wanted = false;
	life_hold(&mb->m);
}

static void begin(struct pod *p, struct member *because)
{
	const struct outcome *o = &because->m.outcome;
	int delay_ms = backoff_next_pod(&because->m.delay_ms, o->finished_ns - o->started_ns);

	p->again_ns = clock_monotonic_ns() + delay_ms * INT64_C(1000000);
	happened(p, because->c->name, false, "RestartingAllContainers",
		 "Container %s exited with status %d: all containers are restarted", because->c->name, o->exit_code);
	for (size_t i = 0; i < p->charter.n; i++) {
		struct member *mb = &p->members[i];

		if (mb == because || !takes_part(mb))
			continue;
		if (mb->m.phase == PHASE_RUNNING)
			member_kill(mb);
		else if (mb->m.phase == PHASE_WAITING)
			mb->m.start_again_ns = INT64_MAX;
		else if (mb->m.phase == PHASE_OVER)
			revive(mb);
	}
}

bool pod_holds(struct member *mb)
{
	struct pod *p = mb->pod;

	if (!takes_part(mb) || p->state != POD_RUNS || mb->m.orders.end_wanted)
		return false;
	if (!p->again_ns && restart_rules_action(&mb->c->rules, mb->m.outcome.exit_code) == EXIT_RESTART_ALL)
		begin(p, mb);
	return p->again_ns != 0;
}

static bool all_wait(const struct pod *p)
{
	for (size_t i = 0; i < p->charter.n; i++) {
		const struct member *mb = &p->members[i];

		if (takes_part(mb) && mb->m.phase != PHASE_WAITING && mb->m.phase != PHASE_CREATED)
			return false;
	}
	return true;
}

int64_t pod_again_due_ns(const struct pod *p)
{
	return p->again_ns && all_wait(p) ? p->again_ns : 0;
}

void pod_again_run(struct pod *p, int64_t now)
{
	if (p->state != POD_RUNS || !p->again_ns)
		return;
	for (size_t i = 0; i < p->charter.n; i++)
		if (takes_part(&p->members[i]) && p->members[i].m.phase == PHASE_OVER)
			revive(&p->members[i]); /* somebody had it stopped just then */
	if (now < p->again_ns || !all_wait(p))
		return;
	p->again_ns = 0;
	for (size_t i = 0; i < p->charter.n; i++) {
		struct member *mb = &p->members[i];

		if (!takes_part(mb) || mb->m.phase != PHASE_WAITING)
			continue;
		mb->begun = false;
		mb->m.phase = PHASE_CREATED;
		mb->m.outcome.state = OUTCOME_CREATED;
		record_outcome(&mb->m);
	}
}
