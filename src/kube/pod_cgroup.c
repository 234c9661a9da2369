/* SPDX-License-Identifier: Apache-2.0 */
#include "kube/pod_cgroup.h"

#include "kube/cpu.h"

#include <stdarg.h>
#include <string.h>

/* ---- names -------------------------------------------------------------------------------------------------- */

static const char *const tiers[] = {
	[QOS_GUARANTEED] = "", [QOS_BURSTABLE] = "burstable", [QOS_BEST_EFFORT] = "besteffort"
};

#define KUBEPODS "kubepods"
#define SLICE ".slice"

bool kube_root_is_slice(const char *root)
{
	return root && sv_has_suffix(sv_from(root), SLICE);
}

struct kube_policy kube_policy_of(const char *root)
{
	return (struct kube_policy){ .systemd = kube_root_is_slice(root), .root = root };
}

/* What names of slices in the root's begin with: "a-b-" of "a-b.slice", nothing of the uppermost one. */
static struct sv slice_prefix(const struct kube_policy *p, struct arena *a)
{
	const char *root = p->root && strcmp(p->root, "-" SLICE) != 0 ? p->root : NULL;

	return sv_from(root ? arena_fmt(a, "%.*s-", (int)(strlen(root) - strlen(SLICE)), root) : "");
}

/* systemd.slice(5): "a-b-kubepods.slice" is in "/a.slice/a-b.slice". */
static const char *kubepods_slice(const struct kube_policy *p, struct arena *a)
{
	struct sv prefix = slice_prefix(p, a);
	const char *path = "";

	for (size_t i = 0; path && i < prefix.n; i++)
		if (prefix.p[i] == '-')
			path = arena_fmt(a, "%s/%.*s" SLICE, path, (int)i, prefix.p);
	return path ? arena_fmt(a, "%s/" SV_FMT KUBEPODS SLICE, path, SV_ARG(prefix)) : NULL;
}

const char *kube_root_of_path(const char *path, struct arena *a)
{
	const char *at = path ? strstr(path, "/" KUBEPODS "/") : NULL, *end, *name;

	if (at)
		return arena_sv(a, (struct sv){ path, (size_t)(at - path) });
	end = path ? strstr(path, KUBEPODS SLICE "/") : NULL;
	if (!end)
		return NULL;
	for (name = end; name > path && name[-1] != '/'; name--)
		;
	return end == name ? arena_str(a, "-" SLICE) :
	       end[-1] == '-' ? arena_fmt(a, "%.*s" SLICE, (int)(end - name - 1), name) : NULL;
}

const char *kubepods_path(const struct kube_policy *p, struct arena *a)
{
	return p->systemd ? kubepods_slice(p, a) : arena_fmt(a, "%s/" KUBEPODS, p->root ? p->root : "");
}

/* A Guaranteed pod stands directly in kubepods. */
const char *tier_path(const struct kube_policy *p, enum qos q, struct arena *a)
{
	const char *above = kubepods_path(p, a);

	if (!above || q == QOS_GUARANTEED)
		return above;
	return p->systemd ? arena_fmt(a, "%s/" SV_FMT KUBEPODS "-%s" SLICE, above, SV_ARG(slice_prefix(p, a)),
				      tiers[q]) :
			    arena_fmt(a, "%s/%s", above, tiers[q]);
}

/* systemd takes a dash for a step in its tree of slices. */
static const char *escaped_uid(const char *uid, struct arena *a)
{
	char *copy = arena_str(a, uid);

	for (char *p = copy; p && *p; p++)
		if (*p == '-')
			*p = '_';
	return copy;
}

const char *pod_path(const struct kube_policy *p, const struct kube_pod *pod, struct arena *a)
{
	enum qos q = pod_qos(pod);
	const char *above = tier_path(p, q, a), *uid = p->systemd ? escaped_uid(pod->uid, a) : pod->uid;

	if (!above || !uid)
		return NULL;
	if (!p->systemd)
		return arena_fmt(a, "%s/pod%s", above, uid);
	return arena_fmt(a, "%s/" SV_FMT KUBEPODS "%s%s-pod%s" SLICE, above, SV_ARG(slice_prefix(p, a)),
			 *tiers[q] ? "-" : "", tiers[q], uid);
}

const char *container_path(const struct kube_policy *p, const struct kube_pod *pod, const char *id, struct arena *a)
{
	const char *above = pod_path(p, pod, a);

	if (!above)
		return NULL;
	return p->systemd ? arena_fmt(a, "%s/tare-%s.scope", above, id) : arena_fmt(a, "%s/%s", above, id);
}

const char *hugepages_name(int64_t bytes, char ret[24])
{
	static const char *const units[] = { "B", "KB", "MB", "GB" };
	unsigned unit = 0;

	for (; unit < 3 && bytes >= 1024 && bytes % 1024 == 0; unit++)
		bytes /= 1024;
	(void)snprintf(ret, 24, "%lld%s", (long long)bytes, units[unit]);
	return ret;
}

/* ---- files -------------------------------------------------------------------------------------------------- */

struct writer {
	const struct kube_policy *p;
	const struct kube_node *node;
	struct arena *a;
	struct kube_level *l;
	size_t cap;
	bool failed;
};

#define WRITES_BESIDE_HUGEPAGES 16

static struct writer begin(const struct kube_policy *p, const struct kube_node *node, struct arena *a, const char *path,
			   struct kube_level *l)
{
	struct writer w = { p, node, a, l, WRITES_BESIDE_HUGEPAGES + node->n_hugepages, false };

	*l = (struct kube_level){ .path = path, .v = arena_array(a, w.cap, sizeof *l->v) };
	w.failed = !path || !l->v;
	return w;
}

static int end(const struct writer *w)
{
	return w->failed ? -ENOMEM : 0;
}

/* A failure sticks. */
static __attribute__((format(printf, 4, 5))) void put(struct writer *w, enum cgroup_controller c, const char *file,
						      const char *fmt, ...)
{
	struct kube_write *to = w->failed ? NULL : &w->l->v[w->l->n];
	va_list ap;

	if (!to)
		return;
	va_start(ap, fmt);
	*to = (struct kube_write){ c, file, arena_vfmt(w->a, fmt, ap) };
	va_end(ap);
	w->failed = !to->value || ++w->l->n == w->cap;
}

static void put_weight(struct writer *w, uint64_t shares, bool container)
{
	if (!w->p->v2)
		put(w, CGROUP_CPU, "cpu.shares", "%llu", (unsigned long long)shares);
	else
		put(w, CGROUP_CPU, "cpu.weight", "%llu",
		    (unsigned long long)(container ? cgroup_weight(shares) : cpu_weight_linear(shares)));
}

/* milli 0: no limit is written */
static void put_quota(struct writer *w, int64_t milli, bool exclusive)
{
	long long quota = cpu_quota_us(milli, CPU_PERIOD_US);

	if (quota == 0 && !exclusive)
		return;
	if (w->p->v2 && exclusive) {
		put(w, CGROUP_CPU, "cpu.max", "max %d", CPU_PERIOD_US);
	} else if (w->p->v2) {
		put(w, CGROUP_CPU, "cpu.max", "%lld %d", quota, CPU_PERIOD_US);
	} else {
		put(w, CGROUP_CPU, "cpu.cfs_period_us", "%d", CPU_PERIOD_US);
		put(w, CGROUP_CPU, "cpu.cfs_quota_us", "%lld", exclusive ? -1 : quota);
	}
}

static void put_memory(struct writer *w, int64_t bytes)
{
	if (bytes > 0)
		put(w, CGROUP_MEMORY, w->p->v2 ? "memory.max" : "memory.limit_in_bytes", "%lld", (long long)bytes);
}

static void put_pids(struct writer *w, int64_t n)
{
	if (n > 0)
		put(w, CGROUP_PIDS, "pids.max", "%lld", (long long)n);
}

#define UNBOUNDED (1ll << 62) /* the kubelet's number for the tiers */

/* Every page size of the host: what the list has of it, or `otherwise`. */
static void put_hugepages(struct writer *w, const struct resource_list *l, int64_t otherwise)
{
	for (size_t i = 0; i < w->node->n_hugepages; i++) {
		int64_t size = w->node->hugepages[i], bytes = otherwise;
		char name[24];

		for (size_t k = 0; l && k < l->n; k++)
			if (resource_hugepages(l->v[k].name) == size)
				bytes = quantity_value(&l->v[k].amount);
		put(w, CGROUP_HUGETLB,
		    arena_fmt(w->a, "hugetlb.%s.%s", hugepages_name(size, name), w->p->v2 ? "max" : "limit_in_bytes"),
		    "%lld", (long long)bytes);
	}
}

/* Memory that is kept for a level: its request when reservation is tiered, else nothing. */
static void put_reserve(struct writer *w, const char *file, int64_t bytes)
{
	if (w->p->v2 && w->p->memory_qos)
		put(w, CGROUP_MEMORY, file, "%lld", (long long)(w->p->tiered ? bytes : 0));
}

/* ---- kubepods and its tiers --------------------------------------------------------------------------------- */

/* Requests of the pods of a class. */
struct asked {
	int64_t cpu_milli, memory_bytes;
};

static int64_t capped_add(int64_t a, int64_t b)
{
	int64_t sum;

	return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
}

static int ask(const struct kube_pod *const *pods, size_t n, struct arena *a, struct asked by_qos[3])
{
	for (size_t i = 0; i < n; i++) {
		struct asked *sum = &by_qos[pod_qos(pods[i])];
		struct resource_list requests;

		if (pod_requests(pods[i], a, &requests) < 0)
			return -ENOMEM;
		sum->cpu_milli = capped_add(sum->cpu_milli, resource_milli(&requests, "cpu"));
		sum->memory_bytes = capped_add(sum->memory_bytes, resource_value(&requests, "memory"));
	}
	return 0;
}

int kubepods_plan(const struct kube_policy *p, const struct kube_node *node, const struct kube_pod *const *pods,
		  size_t n, struct arena *a, struct kube_level ret[3])
{
	const struct resource_list *allocatable = &node->allocatable;
	struct asked by_qos[3] = { 0 };
	struct writer w = begin(p, node, a, kubepods_path(p, a), &ret[0]);

	if (ask(pods, n, a, by_qos) < 0)
		return -ENOMEM;
	put_weight(&w, cpu_shares(resource_milli(allocatable, "cpu")), false);
	put_memory(&w, resource_value(allocatable, "memory"));
	put_reserve(&w, "memory.min",
		    capped_add(by_qos[QOS_GUARANTEED].memory_bytes, by_qos[QOS_BURSTABLE].memory_bytes));
	put_pids(&w, resource_value(allocatable, "pids"));
	put_hugepages(&w, allocatable, 0);
	if (end(&w) < 0)
		return -ENOMEM;
	w = begin(p, node, a, tier_path(p, QOS_BURSTABLE, a), &ret[1]);
	put_weight(&w, cpu_shares(by_qos[QOS_BURSTABLE].cpu_milli), false);
	put_reserve(&w, "memory.low", by_qos[QOS_BURSTABLE].memory_bytes);
	put_hugepages(&w, NULL, UNBOUNDED);
	if (end(&w) < 0)
		return -ENOMEM;
	w = begin(p, node, a, tier_path(p, QOS_BEST_EFFORT, a), &ret[2]);
	put_weight(&w, CPU_SHARES_MIN, false);
	put_hugepages(&w, NULL, UNBOUNDED);
	return end(&w);
}

/* ---- a pod -------------------------------------------------------------------------------------------------- */

static void put_pod_reserve(struct writer *w, enum qos q, int64_t request)
{
	if (q == QOS_GUARANTEED)
		put_reserve(w, "memory.min", request);
	else if (q == QOS_BURSTABLE)
		put_reserve(w, "memory.low", request);
}

int pod_plan(const struct kube_policy *p, const struct kube_node *node, const struct kube_pod *pod, bool exclusive,
	     struct arena *a, struct kube_level *ret)
{
	struct writer w = begin(p, node, a, pod_path(p, pod, a), ret);
	struct resource_list requests, limits;
	enum qos q = pod_qos(pod);

	if (pod_requests(pod, a, &requests) < 0 || pod_limits(pod, a, &limits) < 0)
		return -ENOMEM;
	put_weight(&w, q == QOS_BEST_EFFORT ? CPU_SHARES_MIN : cpu_shares(resource_milli(&requests, "cpu")), false);
	if (q == QOS_GUARANTEED || (q == QOS_BURSTABLE && pod_limits_all(pod, "cpu")))
		put_quota(&w, resource_milli(&limits, "cpu"), exclusive);
	if (q == QOS_GUARANTEED || (q == QOS_BURSTABLE && pod_limits_all(pod, "memory")))
		put_memory(&w, resource_value(&limits, "memory"));
	put_pod_reserve(&w, q, resource_value(&requests, "memory"));
	put_pids(&w, p->pod_pids_limit);
	put_hugepages(&w, &requests, 0);
	return end(&w);
}

/* ---- a container -------------------------------------------------------------------------------------------- */

/* A container without a limit of its own has the pod's. */
static const struct quantity *limit_of(const struct kube_pod *pod, const struct kube_container *c, const char *name)
{
	const struct quantity *q = resource_find(&c->resources.limits, name);

	if (q && quantity_sign(q) > 0)
		return q;
	return pod->has_resources ? resource_find(&pod->resources.limits, name) : NULL;
}

/* Of its request; of its limit when it has none, be that the pod's. */
static uint64_t shares_of(const struct kube_pod *pod, const struct kube_container *c)
{
	const struct quantity *request = resource_find(&c->resources.requests, "cpu"), *limit = limit_of(pod, c, "cpu");

	return cpu_shares(request ? quantity_milli(request) : limit ? quantity_milli(limit) : 0);
}

int64_t swap_limit(const struct kube_node *node, const struct kube_pod *pod, const struct kube_container *c)
{
	int64_t request = resource_value(&c->resources.requests, "memory");

	if (pod_qos(pod) != QOS_BURSTABLE || pod->critical || request <= 0 || node->memory_bytes <= 0 ||
	    request == resource_value(&c->resources.limits, "memory"))
		return 0;
	return (int64_t)((double)request / (double)node->memory_bytes * (double)node->swap_bytes);
}

int64_t memory_high(const struct kube_policy *p, const struct kube_node *node, const struct kube_container *c)
{
	int64_t request = resource_value(&c->resources.requests, "memory");
	int64_t limit = resource_value(&c->resources.limits, "memory"),
		page = node->page_bytes > 0 ? node->page_bytes : 1;
	__int128 high;

	if (request == limit)
		return 0;
	limit = limit > 0 ? limit : resource_value(&node->allocatable, "memory");
	high = request + ((__int128)limit - request) * p->throttling_permille / 1000;
	high = high / page * page;
	return high > request ? (int64_t)high : 0;
}

static void put_swap(struct writer *w, const struct kube_pod *pod, const struct kube_container *c, int64_t memory)
{
	if (w->p->v2)
		put(w, CGROUP_MEMORY, "memory.swap.max", "%lld",
		    (long long)(w->p->limited_swap ? swap_limit(w->node, pod, c) : 0));
	else if (w->p->swap_account && memory > 0)
		put(w, CGROUP_MEMORY, "memory.memsw.limit_in_bytes", "%lld", (long long)memory);
}

static void put_container_memory(struct writer *w, const struct kube_pod *pod, const struct kube_container *c)
{
	const struct quantity *limit = limit_of(pod, c, "memory");
	int64_t bytes = limit ? quantity_value(limit) : 0;
	int64_t high = w->p->v2 && w->p->memory_qos ? memory_high(w->p, w->node, c) : 0;

	put_memory(w, bytes);
	if (high)
		put(w, CGROUP_MEMORY, "memory.high", "%lld", (long long)high);
	put_pod_reserve(w, pod_qos(pod), resource_value(&c->resources.requests, "memory"));
	put_swap(w, pod, c, bytes);
	if (w->p->v2)
		put(w, CGROUP_MEMORY, "memory.oom.group", "1");
}

int container_plan(const struct kube_policy *p, const struct kube_node *node, const struct kube_pod *pod,
		   const struct kube_container *c, const char *id, bool exclusive, struct arena *a,
		   struct kube_level *ret)
{
	struct writer w = begin(p, node, a, container_path(p, pod, id, a), ret);
	const struct quantity *cpu = limit_of(pod, c, "cpu");

	put_weight(&w, shares_of(pod, c), true);
	put_quota(&w, cpu ? quantity_milli(cpu) : 0, exclusive);
	put_container_memory(&w, pod, c);
	put_hugepages(&w, &c->resources.limits, 0);
	ret->has_oom_score_adj = true;
	ret->oom_score_adj = container_oom_score_adj(pod, c, node->memory_bytes);
	return end(&w);
}

void kube_level_print(const struct kube_level *l, struct buf *out)
{
	(void)buf_putf(out, "%s\n", l->path);
	for (size_t i = 0; i < l->n; i++)
		(void)buf_putf(out, "  %s %s\n", l->v[i].file, l->v[i].value);
	if (l->has_oom_score_adj)
		(void)buf_putf(out, "  oom_score_adj %d\n", l->oom_score_adj);
}
