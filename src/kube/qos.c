/* SPDX-License-Identifier: Apache-2.0 */
#include "kube/qos.h"

const char *qos_name(enum qos q)
{
	static const char *const names[] = {
#define X(id, text) [QOS_##id] = text,
		QOS_CLASSES(X)
#undef X
	};

	return names[q];
}

/* Requests and limits of cpu and memory, summed; which of them any container states above zero. */
struct account {
	struct quantity requests[2], limits[2];
	bool all_limited;
};

static const char *const counted[2] = { "cpu", "memory" };

static void count_side(struct quantity sum[2], const struct resource_list *l, bool *all)
{
	for (int i = 0; i < 2; i++) {
		const struct quantity *q = resource_find(l, counted[i]);

		if (q && quantity_sign(q) > 0)
			sum[i] = quantity_add(&sum[i], q);
		else if (all)
			*all = false;
	}
}

static void count(struct account *a, const struct resources *r)
{
	count_side(a->requests, &r->requests, NULL);
	count_side(a->limits, &r->limits, &a->all_limited);
}

static bool is_none(const struct quantity sum[2])
{
	return quantity_sign(&sum[0]) == 0 && quantity_sign(&sum[1]) == 0;
}

enum qos pod_qos(const struct kube_pod *p)
{
	struct account a = { .all_limited = true };

	if (p->has_resources) {
		count(&a, &p->resources);
	} else {
		for (size_t i = 0; i < p->n_containers; i++)
			count(&a, &p->containers[i].resources);
		for (size_t i = 0; i < p->n_inits; i++)
			count(&a, &p->inits[i].resources);
	}
	if (is_none(a.requests) && is_none(a.limits))
		return QOS_BEST_EFFORT;
	for (int i = 0; i < 2; i++)
		if (!a.all_limited || quantity_compare(&a.requests[i], &a.limits[i]) != 0)
			return QOS_BURSTABLE;
	return QOS_GUARANTEED;
}

/* ---- who dies first ----------------------------------------------------------------------------------------- */

static int64_t sum_of(const struct kube_container *v, size_t n)
{
	int64_t sum = 0;

	for (size_t i = 0; i < n; i++)
		if (__builtin_add_overflow(sum, resource_value(&v[i].resources.requests, "memory"), &sum))
			return INT64_MAX;
	return sum;
}

/* What is left of a pod's own request, evenly. */
static int64_t remaining(const struct kube_pod *p)
{
	int64_t n = (int64_t)(p->n_containers + p->n_inits), own, theirs;

	if (!p->has_resources || !resource_find(&p->resources.requests, "memory") || n == 0)
		return 0;
	own = resource_value(&p->resources.requests, "memory");
	if (__builtin_add_overflow(sum_of(p->containers, p->n_containers), sum_of(p->inits, p->n_inits), &theirs))
		return 0;
	return own > theirs ? (own - theirs) / n : 0;
}

static int burstable(int64_t request, int64_t node)
{
	__int128 adj = 1000 - (__int128)1000 * request / (node > 0 ? node : 1);

	return adj < 3 ? 3 : adj == 1000 ? 999 : (int)adj;
}

/* A sidecar is not taken before the containers that it serves. */
static int64_t least_request(const struct kube_pod *p)
{
	int64_t least = INT64_MAX;

	for (size_t i = 0; i < p->n_containers; i++) {
		int64_t own = resource_value(&p->containers[i].resources.requests, "memory");

		least = own < least ? own : least;
	}
	return p->n_containers ? least : 0;
}

int container_oom_score_adj(const struct kube_pod *p, const struct kube_container *c, int64_t node_memory_bytes)
{
	int64_t request = resource_value(&c->resources.requests, "memory"), more = remaining(p);
	enum qos q = pod_qos(p);
	int own, theirs;

	if (p->critical || q == QOS_GUARANTEED)
		return -997;
	if (q == QOS_BEST_EFFORT)
		return 1000;
	own = burstable(request > INT64_MAX - more ? INT64_MAX : request + more, node_memory_bytes);
	if (!c->sidecar)
		return own;
	request = least_request(p);
	theirs = burstable(request > INT64_MAX - more ? INT64_MAX : request + more, node_memory_bytes);
	return own < theirs ? own : theirs;
}
