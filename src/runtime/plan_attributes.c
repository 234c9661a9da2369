/* SPDX-License-Identifier: Apache-2.0 */
/* What a process has besides user and rights: its turns at the CPU and the disk, its memory's nodes, its labels. A field that
 * is not there is no step. */
#include "runtime/plan_priv.h"

#include "base/scope.h"
#include "kernel/sched.h"

#include <errno.h>
#include <string.h>

static struct step *add(struct plan *p, enum step_actor actor, enum step_op op, const char *text)
{
	struct step *s = plan_add(p, actor, op);

	if (s)
		s->source = text;
	return s;
}

static bool is_realtime(uint32_t policy)
{
	return policy == 1 || policy == 2;
}

static int check_numbers(const struct oci_process *pr, uint32_t policy, struct err *e)
{
	int64_t nice = pr->scheduler.nice, priority = pr->scheduler.priority;

	if (nice != OCI_UNSET && (nice < -20 || nice > 19))
		return err_set(e, EINVAL, "nice: %lld: allowed are -20 to 19", (long long)nice);
	if (priority != OCI_UNSET && priority != 0 && !is_realtime(policy))
		return err_set(e, EINVAL, "priority: only SCHED_FIFO and SCHED_RR have one");
	if (is_realtime(policy) && (priority == OCI_UNSET || priority < 1 || priority > 99))
		return err_set(e, EINVAL, "priority: %lld: allowed are 1 to 99",
			       priority == OCI_UNSET ? 0 : (long long)priority);
	if (policy != 6 && (pr->scheduler.runtime || pr->scheduler.deadline || pr->scheduler.period))
		return err_set(e, EINVAL, "runtime, deadline, period: only SCHED_DEADLINE has them");
	return 0;
}

static int scheduler(struct plan *p, struct err *e)
{
	const struct oci_process *pr = &p->spec->process;
	struct sched_attr_v1 *a = arena_alloc(p->arena, sizeof *a);
	struct step *s;
	int r;

	if (!a)
		return err_oom(e);
	r = sched_policy_from_name(pr->scheduler.policy, &a->policy, e);
	if (r < 0)
		return err_wrap(e, r, "policy");
	r = check_numbers(pr, a->policy, e);
	for (size_t i = 0; r == 0 && i < pr->scheduler.flags.n; i++) {
		uint64_t flag = 0;

		r = sched_flag_from_name(pr->scheduler.flags.v[i], &flag, e);
		if (r < 0)
			err_wrap(e, r, "flags[%zu]", i);
		a->flags |= flag;
	}
	if (r < 0)
		return r;
	a->nice = pr->scheduler.nice == OCI_UNSET ? 0 : (int32_t)pr->scheduler.nice;
	a->priority = pr->scheduler.priority == OCI_UNSET ? 0 : (uint32_t)pr->scheduler.priority;
	a->runtime = pr->scheduler.runtime;
	a->deadline = pr->scheduler.deadline;
	a->period = pr->scheduler.period;
	s = add(p, ACTOR_CHILD, STEP_SCHEDULER, pr->scheduler.policy);
	if (!s)
		return err_oom(e);
	s->data = a;
	return 0;
}

static int io_priority(struct plan *p, struct err *e)
{
	const struct oci_process *pr = &p->spec->process;
	struct step *s;
	int value, r = ioprio_from_name(pr->io_priority.class, pr->io_priority.priority, &value, e);

	if (r < 0)
		return r;
	s = add(p, ACTOR_CHILD, STEP_IO_PRIORITY,
		arena_fmt(p->arena, "%s %d", pr->io_priority.class, (int)pr->io_priority.priority));
	if (!s || !s->source)
		return err_oom(e);
	s->n[0] = value;
	return 0;
}

static int cpulist_of(struct plan *p, const char *text, unsigned most, const struct cpulist **ret, struct err *e)
{
	struct cpulist *set = arena_alloc(p->arena, sizeof *set);

	if (!set)
		return err_oom(e);
	if (text && (strchr(text, '\n') || cpulist_parse(sv_from(text), set) < 0))
		return err_set(e, EINVAL, "\"%s\" is not a list of numbers as 0-3,7", text);
	for (size_t i = most / 64; i < ARRAY_LEN(set->bits); i++)
		if (set->bits[i])
			return err_set(e, EINVAL, "\"%s\": allowed are 0 to %u", text, most - 1);
	*ret = set;
	return 0;
}

static int memory_policy(struct plan *p, struct err *e)
{
	const typeof(p->spec->memory_policy) *m = &p->spec->memory_policy;
	const struct cpulist *nodes = NULL;
	struct step *s;
	int mode, flag, r = mempolicy_mode_from_name(m->mode, &mode, e);

	if (r < 0)
		return err_wrap(e, r, "mode");
	for (size_t i = 0; i < m->flags.n; i++) {
		r = mempolicy_flag_from_name(m->flags.v[i], &flag, e);
		if (r < 0)
			return err_wrap(e, r, "flags[%zu]", i);
		mode |= flag;
	}
	r = cpulist_of(p, m->nodes, MEMPOLICY_NODES, &nodes, e);
	if (r < 0)
		return err_wrap(e, r, "nodes");
	s = add(p, ACTOR_CHILD, STEP_MEMORY_POLICY,
		m->nodes && *m->nodes ? arena_fmt(p->arena, "%s %s", m->mode, m->nodes) : m->mode);
	if (!s || !s->source)
		return err_oom(e);
	s->n[0] = mode;
	s->data = nodes;
	return 0;
}

static int personality_step(struct plan *p, struct err *e)
{
	unsigned long domain;
	struct step *s;
	int r = personality_from_name(p->spec->personality.domain, &domain, e);

	if (r < 0)
		return err_wrap(e, r, "domain");
	if (p->spec->personality.flags.n)
		plan_warn(p, "linux.personality.flags: there are none in the specification, they are ignored");
	s = add(p, ACTOR_CHILD, STEP_PERSONALITY, p->spec->personality.domain);
	if (!s)
		return err_oom(e);
	s->n[0] = (int64_t)domain;
	return 0;
}

int plan_affinity(struct plan *p, enum step_actor actor, const char *cpus, const char *where, struct err *e)
{
	const struct cpulist *set = NULL;
	struct step *s;
	int r;

	if (!cpus || !*cpus)
		return 0;
	r = cpulist_of(p, cpus, CPULIST_MAX, &set, e);
	if (r < 0)
		return err_wrap(e, r, "process.execCPUAffinity.%s", where);
	s = add(p, actor, STEP_AFFINITY, cpus);
	if (!s)
		return err_oom(e);
	s->path = where;
	s->data = set;
	return 0;
}

static int label(struct plan *p, enum step_op op, const char *text, struct err *e)
{
	if (!text || !*text)
		return 0;
	return add(p, ACTOR_CHILD, op, text) ? 0 : err_oom(e);
}

int plan_attributes(struct plan *p, struct err *e)
{
	const struct runtime_spec *spec = p->spec;
	const struct {
		bool there;
		int (*plan)(struct plan *p, struct err *e);
		const char *where;
	} rows[] = {
		{ spec->process.scheduler.present, scheduler, "process.scheduler" },
		{ spec->process.io_priority.present, io_priority, "process.ioPriority" },
		{ spec->memory_policy.present, memory_policy, "linux.memoryPolicy" },
		{ spec->personality.present, personality_step, "linux.personality" },
	};
	int r = 0;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		r = rows[i].there ? rows[i].plan(p, e) : 0;
		if (r < 0)
			return err_wrap(e, r, "%s", rows[i].where);
	}
	r = label(p, STEP_APPARMOR, spec->process.apparmor_profile, e);
	return r < 0 ? r : label(p, STEP_SELINUX, spec->process.selinux_label, e);
}
