/* SPDX-License-Identifier: Apache-2.0 */
/* When a member's probes are asked, and what follows from their answers.
 *
 * Kubernetes asks once a period; a container that is ready after 20 ms is found out after ten seconds. Here a probe that has
 * not succeeded yet in this life is asked again after 10 ms, or a hundredth of that life's age; only failures a period
 * apart are counted. */
#include "base/clock.h"
#include "monitor/pod_parts.h"

#define MS INT64_C(1000000)
#define S (1000 * MS)
#define AGAIN_NS (10 * MS)

static const struct pod_use *use_of(const struct member *mb, int u)
{
	return &mb->c->use[u];
}

static bool has(const struct member *mb, int u)
{
	return use_of(mb, u)->action != ACTION_NONE;
}

/* The others wait for the first one. */
static bool is_on(const struct member *mb, int u)
{
	bool begun = !has(mb, USE_STARTUP) || mb->probes[USE_STARTUP].passed;

	if (!has(mb, u) || mb->m.phase != PHASE_RUNNING || mb->stopping || !mb->hooked || mb->m.orders.paused)
		return false;
	return u == USE_STARTUP ? !mb->probes[u].passed : begun;
}

void probes_begin(struct member *mb, int64_t now)
{
	for (int u = 0; u < USE_PROBES; u++)
		mb->probes[u] = (struct probing){ .next_ns = now + use_of(mb, u)->delay_s * S,
						  .doing = { .words = -1 } };
}

void probes_cancel(struct member *mb)
{
	for (int u = 0; u < USE_PROBES; u++) {
		doing_cancel(&mb->probes[u].doing);
		mb->probes[u].passed = false;
	}
}

static int64_t pause_ns(const struct member *mb, int u, int64_t now)
{
	int64_t period = use_of(mb, u)->period_s * S, early = (now - mb->since_ns) / 100;

	if (mb->probes[u].ever)
		return period;
	early = early > AGAIN_NS ? early : AGAIN_NS;
	return early < period ? early : period;
}

static void succeeded(struct member *mb, struct probing *p, const struct pod_use *u)
{
	p->failures = 0;
	p->ever = true;
	if (++p->successes >= u->successes)
		p->passed = true;
}

static void too_many_failures(struct member *mb, enum member_use use)
{
	const struct pod_use *u = use_of(mb, (int)use);
	int grace_s = u->grace_s >= 0 ? u->grace_s : mb->pod->charter.grace_s;

	mb->probes[use].passed = false;
	if (use == USE_READINESS)
		return;
	happened(mb->pod, mb->c->name, false, "Killing", "Container %s failed %s probe, will be restarted",
		 mb->c->name, member_use_name(use));
	member_stop(mb, clock_monotonic_ns() + grace_s * S, false);
}

static void failed(struct member *mb, enum member_use use, const char *why, int64_t now)
{
	struct probing *p = &mb->probes[use];
	const struct pod_use *u = use_of(mb, (int)use);

	p->successes = 0;
	if (now < p->count_ns)
		return;
	p->count_ns = now + u->period_s * S;
	happened(mb->pod, mb->c->name, true, "Unhealthy", "%c%s probe failed: %s", member_use_name(use)[0] - 'a' + 'A',
		 member_use_name(use) + 1, why);
	if (++p->failures >= u->failures)
		too_many_failures(mb, use);
}

void probe_done(struct member *mb, enum member_use use, bool success, const char *why)
{
	struct probing *p = &mb->probes[use];
	int64_t now = clock_monotonic_ns();

	if (success)
		succeeded(mb, p, use_of(mb, (int)use));
	else
		failed(mb, use, why, now);
	p->next_ns = now + pause_ns(mb, (int)use, now);
	if (success && use == USE_STARTUP) { /* now the others count from here */
		mb->probes[USE_LIVENESS].next_ns = now + use_of(mb, USE_LIVENESS)->delay_s * S;
		mb->probes[USE_READINESS].next_ns = now + use_of(mb, USE_READINESS)->delay_s * S;
	}
	member_look(mb);
}

void probes_run(struct member *mb, int64_t now)
{
	for (int u = 0; u < USE_PROBES; u++) {
		struct probing *p = &mb->probes[u];

		if (p->doing.what != DOING_NOTHING)
			doing_run(&p->doing, now);
		else if (is_on(mb, u) && p->next_ns <= now)
			doing_begin(&p->doing, mb, (enum member_use)u, now + use_of(mb, u)->timeout_s * S);
	}
}

int64_t probes_due_ns(const struct member *mb)
{
	int64_t at = 0;

	for (int u = 0; u < USE_PROBES; u++) {
		const struct probing *p = &mb->probes[u];

		if (p->doing.what != DOING_NOTHING)
			at = sooner(at, p->doing.until_ns);
		else if (is_on(mb, u))
			at = sooner(at, p->next_ns);
	}
	return at;
}
