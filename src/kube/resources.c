/* SPDX-License-Identifier: Apache-2.0 */
#include "kube/resources.h"

#include <string.h>

/* ---- lists -------------------------------------------------------------------------------------------------- */

const struct quantity *resource_find(const struct resource_list *l, const char *name)
{
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->v[i].name, name) == 0)
			return &l->v[i].amount;
	return NULL;
}

int64_t resource_milli(const struct resource_list *l, const char *name)
{
	const struct quantity *q = resource_find(l, name);

	return q ? quantity_milli(q) : 0;
}

int64_t resource_value(const struct resource_list *l, const char *name)
{
	const struct quantity *q = resource_find(l, name);

	return q ? quantity_value(q) : 0;
}

/* Where it stands, or would stand. */
static size_t place(const struct resource_list *l, const char *name, bool *ret_found)
{
	size_t i = 0;

	while (i < l->n && strcmp(l->v[i].name, name) < 0)
		i++;
	*ret_found = i < l->n && strcmp(l->v[i].name, name) == 0;
	return i;
}

int resource_set(struct arena *a, struct resource_list *l, const char *name, const struct quantity *amount)
{
	struct quantity keep = *amount; /* may be of this list */
	struct resource *v;
	bool found;
	size_t i = place(l, name, &found);

	if (found) {
		l->v[i].amount = keep;
		return 0;
	}
	v = arena_array(a, l->n + 1, sizeof *v);
	if (!v)
		return -ENOMEM;
	if (l->n) {
		memcpy(v, l->v, i * sizeof *v);
		memcpy(v + i + 1, l->v + i, (l->n - i) * sizeof *v);
	}
	v[i] = (struct resource){ name, keep };
	l->v = v;
	l->n++;
	return 0;
}

typedef struct quantity merge_fn(const struct quantity *a, const struct quantity *b);

static struct quantity second(const struct quantity *a, const struct quantity *b)
{
	return *b;
}

static int merge(struct arena *a, struct resource_list *to, const struct resource_list *from, merge_fn *fn)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < from->n; i++) {
		const struct quantity *there = resource_find(to, from->v[i].name);
		struct quantity q = there ? fn(there, &from->v[i].amount) : from->v[i].amount;

		r = resource_set(a, to, from->v[i].name, &q);
	}
	return r;
}

int resource_copy(struct arena *a, struct resource_list *to, const struct resource_list *from)
{
	*to = (struct resource_list){ 0 };
	return merge(a, to, from, second);
}

int resource_add(struct arena *a, struct resource_list *to, const struct resource_list *from)
{
	return merge(a, to, from, quantity_add);
}

int resource_max(struct arena *a, struct resource_list *to, const struct resource_list *from)
{
	return merge(a, to, from, quantity_max);
}

int64_t resource_hugepages(const char *name)
{
	struct quantity q;

	if (strncmp(name, "hugepages-", 10) != 0 || quantity_parse(sv_from(name + 10), &q, NULL) < 0)
		return 0;
	return quantity_sign(&q) > 0 ? quantity_value(&q) : 0;
}

/* ---- sums of a pod ------------------------------------------------------------------------------------------ */

static const struct resource_list *side(const struct resources *r, bool limits)
{
	return limits ? &r->limits : &r->requests;
}

/* Containers and sidecars together, or the largest step before them: an init container beside the sidecars that were
 * started before it. */
static int aggregate(const struct kube_pod *p, bool limits, struct arena *a, struct resource_list *ret)
{
	static const struct resource_list nothing;
	struct resource_list all = { 0 }, sidecars = { 0 }, steps = { 0 };
	int r = 0;

	for (size_t i = 0; r == 0 && i < p->n_containers; i++)
		r = resource_add(a, &all, side(&p->containers[i].resources, limits));
	for (size_t i = 0; r == 0 && i < p->n_inits; i++) {
		const struct resource_list *own = side(&p->inits[i].resources, limits);
		struct resource_list step;

		if (p->inits[i].sidecar) {
			r = resource_add(a, &all, own);
			if (r == 0)
				r = resource_add(a, &sidecars, own);
			own = &nothing;
		}
		if (r == 0)
			r = resource_copy(a, &step, own);
		if (r == 0)
			r = resource_add(a, &step, &sidecars);
		if (r == 0)
			r = resource_max(a, &steps, &step);
	}
	if (r == 0)
		r = resource_max(a, &all, &steps);
	if (r == 0)
		*ret = all;
	return r;
}

int pod_containers_requests(const struct kube_pod *p, struct arena *a, struct resource_list *ret)
{
	return aggregate(p, false, a, ret);
}

static bool at_pod_level(const char *name)
{
	return strcmp(name, "cpu") == 0 || strcmp(name, "memory") == 0 || resource_hugepages(name);
}

static int override(const struct kube_pod *p, bool limits, struct arena *a, struct resource_list *l)
{
	const struct resource_list *own = side(&p->resources, limits);
	int r = 0;

	for (size_t i = 0; r == 0 && p->has_resources && i < own->n; i++)
		if (at_pod_level(own->v[i].name))
			r = resource_set(a, l, own->v[i].name, &own->v[i].amount);
	return r;
}

int pod_requests(const struct kube_pod *p, struct arena *a, struct resource_list *ret)
{
	struct resource_list sum;
	int r = aggregate(p, false, a, &sum);

	if (r == 0)
		r = override(p, false, a, &sum);
	if (r == 0)
		r = resource_add(a, &sum, &p->overhead);
	if (r == 0)
		*ret = sum;
	return r;
}

int pod_limits(const struct kube_pod *p, struct arena *a, struct resource_list *ret)
{
	struct resource_list sum;
	int r = aggregate(p, true, a, &sum);

	if (r == 0)
		r = override(p, true, a, &sum);
	for (size_t i = 0; r == 0 && i < p->overhead.n; i++) {
		const struct quantity *limit = resource_find(&sum, p->overhead.v[i].name);
		struct quantity more;

		if (!limit || quantity_sign(limit) == 0) /* no limit stays none */
			continue;
		more = quantity_add(limit, &p->overhead.v[i].amount);
		r = resource_set(a, &sum, p->overhead.v[i].name, &more);
	}
	if (r == 0)
		*ret = sum;
	return r;
}

static bool limits_all(const struct kube_container *v, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++) {
		const struct quantity *q = resource_find(&v[i].resources.limits, name);

		if (!q || quantity_sign(q) == 0)
			return false;
	}
	return true;
}

bool pod_limits_all(const struct kube_pod *p, const char *name)
{
	if (p->has_resources && resource_find(&p->resources.limits, name))
		return true;
	return limits_all(p->containers, p->n_containers, name) && limits_all(p->inits, p->n_inits, name);
}

/* ---- defaults ----------------------------------------------------------------------------------------------- */

static void round_up(struct resource_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		l->v[i].amount = quantity_round(&l->v[i].amount, -3);
}

static int default_requests(struct arena *a, struct kube_container *v, size_t n)
{
	int r = 0;

	for (size_t i = 0; i < n; i++) {
		struct resources *own = &v[i].resources;

		round_up(&own->requests);
		round_up(&own->limits);
		for (size_t k = 0; r == 0 && k < own->limits.n; k++)
			if (!resource_find(&own->requests, own->limits.v[k].name))
				r = resource_set(a, &own->requests, own->limits.v[k].name, &own->limits.v[k].amount);
	}
	return r;
}

static int default_pod_requests(struct kube_pod *p, struct arena *a)
{
	struct resource_list sum, *requests = &p->resources.requests, *limits = &p->resources.limits;
	int r;

	round_up(requests);
	round_up(limits);
	r = aggregate(p, false, a, &sum);
	for (size_t i = 0; r == 0 && i < sum.n; i++)
		if (at_pod_level(sum.v[i].name) && !resource_find(requests, sum.v[i].name))
			r = resource_set(a, requests, sum.v[i].name, &sum.v[i].amount);
	for (size_t i = 0; r == 0 && i < limits->n; i++)
		if (at_pod_level(limits->v[i].name) && !resource_find(requests, limits->v[i].name))
			r = resource_set(a, requests, limits->v[i].name, &limits->v[i].amount);
	return r;
}

int pod_defaults(struct kube_pod *p, struct arena *a)
{
	int r = default_requests(a, p->containers, p->n_containers);

	if (r == 0)
		r = default_requests(a, p->inits, p->n_inits);
	if (r == 0 && p->has_resources && p->resources.limits.n)
		r = default_pod_requests(p, a);
	round_up(&p->overhead);
	return r;
}
