/* SPDX-License-Identifier: Apache-2.0 */
#include "kube/cpu_manager.h"

static bool has(const struct cpulist *c, int cpu)
{
	return cpu >= 0 && cpu < CPULIST_MAX && (c->bits[cpu / 64] >> cpu % 64 & 1);
}

static void set(struct cpulist *c, int cpu, bool on)
{
	uint64_t bit = UINT64_C(1) << cpu % 64;

	c->bits[cpu / 64] = on ? c->bits[cpu / 64] | bit : c->bits[cpu / 64] & ~bit;
}

unsigned cpu_manager_wants(const struct kube_pod *p, const struct kube_container *c)
{
	const struct quantity *q = resource_find(&c->resources.requests, "cpu");

	if (pod_qos(p) != QOS_GUARANTEED || !q || !quantity_is_integer(q) || quantity_value(q) < 1)
		return 0;
	return quantity_value(q) > CPULIST_MAX ? CPULIST_MAX + 1 : (unsigned)quantity_value(q);
}

/* ---- taking ------------------------------------------------------------------------------------------------- */

struct taking {
	const struct cpu_topology *t;
	struct cpulist *free;
	struct cpulist taken;
	unsigned left;
};

typedef int group_fn(const struct cpu_place *p);

static int numa_of(const struct cpu_place *p)
{
	return p->numa;
}

static int socket_of(const struct cpu_place *p)
{
	return p->socket;
}

static int core_of(const struct cpu_place *p)
{
	return p->core;
}

static unsigned count(const struct taking *k, group_fn *of, int group, bool only_free)
{
	unsigned n = 0;

	for (size_t i = 0; i < k->t->n; i++)
		n += of(&k->t->v[i]) == group && (!only_free || has(k->free, k->t->v[i].cpu));
	return n;
}

static void take(struct taking *k, int cpu)
{
	set(k->free, cpu, false);
	set(&k->taken, cpu, true);
	k->left--;
}

/* A group that is free as a whole and not too large; of several cores one of the fullest socket. NULL: none. */
static const struct cpu_place *whole_group(const struct taking *k, group_fn *of)
{
	const struct cpu_place *best = NULL;
	unsigned best_free = 0;

	for (size_t i = 0; i < k->t->n; i++) {
		const struct cpu_place *p = &k->t->v[i];
		unsigned size, socket_free;

		if (!has(k->free, p->cpu))
			continue;
		size = count(k, of, of(p), false);
		if (size > k->left || count(k, of, of(p), true) != size)
			continue;
		socket_free = of == core_of ? count(k, socket_of, p->socket, true) : 0;
		if (!best || socket_free < best_free || (socket_free == best_free && of(p) < of(best))) {
			best = p;
			best_free = socket_free;
		}
	}
	return best;
}

static void take_groups(struct taking *k, group_fn *of)
{
	const struct cpu_place *found;

	while (k->left && (found = whole_group(k, of)))
		for (size_t i = 0; i < k->t->n; i++)
			if (of(&k->t->v[i]) == of(found))
				take(k, k->t->v[i].cpu);
}

static bool touches(const struct taking *k, int socket)
{
	for (size_t i = 0; i < k->t->n; i++)
		if (k->t->v[i].socket == socket && has(&k->taken, k->t->v[i].cpu))
			return true;
	return false;
}

/* How good one thread is: beside those taken already, in a full socket, in a core that is begun. Less is better. */
static uint64_t badness(const struct taking *k, const struct cpu_place *p)
{
	uint64_t away = !touches(k, p->socket), socket = count(k, socket_of, p->socket, true);

	return away << 60 | socket << 44 | (uint64_t)count(k, core_of, p->core, true) << 28 | (unsigned)p->cpu;
}

static void take_thread(struct taking *k)
{
	const struct cpu_place *best = NULL;
	uint64_t least = UINT64_MAX;

	for (size_t i = 0; i < k->t->n; i++) {
		uint64_t bad = has(k->free, k->t->v[i].cpu) ? badness(k, &k->t->v[i]) : UINT64_MAX;

		if (bad < least) {
			least = bad;
			best = &k->t->v[i];
		}
	}
	if (best)
		take(k, best->cpu);
}

int cpu_manager_take(const struct cpu_topology *t, struct cpulist *free, unsigned n, struct cpulist *ret,
		     struct err *e)
{
	struct cpulist rest = *free;
	struct taking k = { .t = t, .free = &rest, .left = n };
	unsigned available = 0;

	for (size_t i = 0; i < t->n; i++)
		available += has(free, t->v[i].cpu);
	if (n > available)
		return err_set(e, ENOSPC,
			       "not enough cpus available to satisfy request: requested=%u, available=%u", n,
			       available);
	take_groups(&k, numa_of);
	take_groups(&k, socket_of);
	take_groups(&k, core_of);
	while (k.left)
		take_thread(&k);
	*free = rest;
	*ret = k.taken;
	return 0;
}
