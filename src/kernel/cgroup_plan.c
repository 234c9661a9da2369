/* SPDX-License-Identifier: Apache-2.0 */
/* cgroup_plan.c - limits become writes to control files, for v1 and v2: pure. One function per controller. */
#include "base/scope.h"
#include "kernel/cgroup_priv.h"
#include "kernel/cpulist.h"

#include <errno.h>
#include <math.h>

#define CPU_PERIOD_DEFAULT_US 100000
#define CPU_SHARES_MIN 2
#define CPU_SHARES_MAX 262144

struct planner {
	const struct cgroup_layout *l;
	const struct cgroup_limits *want;
	struct arena *a;
	struct err *e;
	struct cgroup_writes out;
	size_t cap;
};

void cgroup_limits_init(struct cgroup_limits *l)
{
	*l = (struct cgroup_limits){
		.memory_limit_bytes = CG_UNSET,
		.memory_swap_bytes = CG_UNSET,
		.memory_reservation_bytes = CG_UNSET,
		.memory_swappiness = CG_UNSET,
		.oom_kill_disable = CG_UNSET,
		.cpu_shares = CG_UNSET,
		.cpu_quota_us = CG_UNSET,
		.cpu_period_us = CG_UNSET,
		.cpu_burst_us = CG_UNSET,
		.cpu_idle = CG_UNSET,
		.cpu_rt_runtime_us = CG_UNSET,
		.cpu_rt_period_us = CG_UNSET,
		.pids_limit = CG_UNSET,
		.blkio_weight = CG_UNSET,
	};
}

uint64_t cgroup_weight(uint64_t shares)
{
	double l;

	if (shares <= CPU_SHARES_MIN)
		return 1;
	if (shares >= CPU_SHARES_MAX)
		return 10000;
	l = log2((double)shares);
	return (uint64_t)ceil(pow(10, (l * l + 125 * l) / 612 - 7.0 / 34));
}

/* ---- helpers -------------------------------------------------------------------------------------------------- */

/* -1 is OCI's "no limit", 0 runc's "nothing said" */
static int64_t said(int64_t v)
{
	if (v == CG_UNSET || v == 0)
		return CG_UNSET;
	return v < 0 ? CG_MAX : v;
}

static bool is_limit(int64_t v)
{
	return v != CG_UNSET && v != CG_MAX;
}

static __attribute__((format(printf, 5, 6))) int put(struct planner *p, int hierarchy, const char *file,
						     enum cgroup_check check, const char *fmt, ...)
{
	struct cgroup_write *w = &p->out.w[p->out.n];
	va_list ap;

	if (p->out.n == p->cap)
		return err_set(p->e, EOVERFLOW, "more than %zu control files", p->cap);
	*w = (struct cgroup_write){ .hierarchy = (unsigned)hierarchy, .file = file, .check = check };
	va_start(ap, fmt);
	w->value = arena_vfmt(p->a, fmt, ap);
	va_end(ap);
	if (!w->value)
		return err_oom(p->e);
	p->out.n++;
	return 0;
}

static int put_late(struct planner *p, int hierarchy, const char *file, const char *value)
{
	int r = put(p, hierarchy, file, CGROUP_CHECK_EXACT, "%s", value);

	if (r == 0)
		p->out.w[p->out.n - 1].late = true;
	return r;
}

/* CG_MAX is "-1" or "max" */
static int put_bytes(struct planner *p, int hierarchy, const char *file, int64_t v)
{
	if (v == CG_UNSET)
		return 0;
	if (v == CG_MAX)
		return put(p, hierarchy, file, CGROUP_CHECK_PAGES, "%s", p->l->h[hierarchy].v2 ? "max" : "-1");
	return put(p, hierarchy, file, CGROUP_CHECK_PAGES, "%lld", (long long)v);
}

static int lacks(struct planner *p, const char *limit, const char *what)
{
	return err_set(p->e, ENOTSUP, "%s: %s", limit, what);
}

/* ---- memory --------------------------------------------------------------------------------------------------- */

static int memory_check(struct planner *p, int64_t limit, int64_t swap, int64_t reservation)
{
	if (is_limit(swap) && limit == CG_UNSET)
		return err_set(p->e, EINVAL, "memory swap: set a memory limit too");
	if (is_limit(swap) && swap < limit)
		return err_set(p->e, EINVAL, "memory swap %lld: less than the memory limit (it is the sum of both)",
			       (long long)swap);
	if (is_limit(reservation) && is_limit(limit) && reservation > limit)
		return err_set(p->e, EINVAL, "memory reservation %lld: more than the memory limit %lld",
			       (long long)reservation, (long long)limit);
	return 0;
}

static int memory_v1(struct planner *p, int h, int64_t limit, int64_t swap, int64_t reservation)
{
	const struct cgroup_limits *w = p->want;
	int r;

	if (is_limit(swap) && !p->l->memory_swap)
		return lacks(p, "memory swap", "no swap accounting on this kernel");
	/* a fresh group has no limit on the sum: the smaller one first is accepted */
	r = put_bytes(p, h, "memory.limit_in_bytes", limit);
	if (r == 0 && p->l->memory_swap)
		r = put_bytes(p, h, "memory.memsw.limit_in_bytes", swap);
	if (r == 0)
		r = put_bytes(p, h, "memory.soft_limit_in_bytes", reservation);
	if (r == 0 && w->memory_swappiness >= 0)
		r = put(p, h, "memory.swappiness", CGROUP_CHECK_EXACT, "%lld", (long long)w->memory_swappiness);
	if (r == 0 && w->oom_kill_disable > 0)
		r = put(p, h, "memory.oom_control", CGROUP_CHECK_EXACT, "1");
	return r;
}

static int memory_v2(struct planner *p, int h, int64_t limit, int64_t swap, int64_t reservation)
{
	int64_t swap_alone = is_limit(swap) ? swap - limit : swap;
	int r;

	if (p->want->memory_swappiness >= 0)
		return lacks(p, "memory swappiness", "cgroup v2 has none");
	if (p->want->oom_kill_disable > 0)
		return lacks(p, "oom kill disable", "cgroup v2 has none");
	if (limit == CG_MAX && swap == CG_UNSET)
		swap_alone = CG_MAX;
	if (!p->l->memory_swap && is_limit(swap_alone) && swap_alone != 0)
		return lacks(p, "memory swap", "no swap accounting on this kernel");
	r = put_bytes(p, h, "memory.max", limit);
	if (r == 0 && p->l->memory_swap)
		r = put_bytes(p, h, "memory.swap.max", swap_alone);
	if (r == 0)
		r = put_bytes(p, h, "memory.low", reservation);
	return r;
}

static int plan_memory(struct planner *p)
{
	const struct cgroup_limits *w = p->want;
	int64_t limit = said(w->memory_limit_bytes), swap = said(w->memory_swap_bytes);
	int64_t reservation = said(w->memory_reservation_bytes);
	int h = cgroup_layout_find(p->l, CGROUP_MEMORY), r = memory_check(p, limit, swap, reservation);

	if (r < 0)
		return r;
	if (h >= 0)
		return (p->l->h[h].v2 ? memory_v2 : memory_v1)(p, h, limit, swap, reservation);
	if (is_limit(limit) || is_limit(swap) || is_limit(reservation) || w->memory_swappiness >= 0 ||
	    w->oom_kill_disable > 0)
		return lacks(p, "memory", "no memory controller");
	return 0;
}

/* ---- cpu ------------------------------------------------------------------------------------------------------ */

static int cpu_check(struct planner *p, int64_t quota, int64_t period)
{
	int64_t burst = p->want->cpu_burst_us;

	if (is_limit(period) && (period < 1000 || period > 1000000))
		return err_set(p->e, EINVAL, "cpu period %lld: 1000 to 1000000 microseconds", (long long)period);
	if (is_limit(quota) && quota < 1000)
		return err_set(p->e, EINVAL, "cpu quota %lld: at least 1000 microseconds", (long long)quota);
	if (is_limit(burst) && burst > 0 && (!is_limit(quota) || burst > quota))
		return err_set(p->e, EINVAL, "cpu burst %lld: more than the cpu quota", (long long)burst);
	return 0;
}

static int cpu_shares(struct planner *p, int h)
{
	int64_t shares = said(p->want->cpu_shares);

	if (shares == CG_UNSET)
		return 0;
	if (p->l->h[h].v2)
		return put(p, h, "cpu.weight", CGROUP_CHECK_EXACT, "%lld",
			   (long long)cgroup_weight((uint64_t)shares));
	if (shares < CPU_SHARES_MIN)
		return err_set(p->e, EINVAL, "cpu shares: the minimum allowed cpu-shares is %d", CPU_SHARES_MIN);
	if (shares > CPU_SHARES_MAX)
		return err_set(p->e, EINVAL, "cpu shares: the maximum allowed cpu-shares is %d", CPU_SHARES_MAX);
	return put(p, h, "cpu.shares", CGROUP_CHECK_EXACT, "%lld", (long long)shares);
}

/* Linux 6.18 has no real-time groups on v2. The period first: a runtime must fit into it. */
static int cpu_realtime(struct planner *p, int h)
{
	int64_t runtime = said(p->want->cpu_rt_runtime_us), period = said(p->want->cpu_rt_period_us);
	int r = 0;

	if (!is_limit(runtime) && !is_limit(period))
		return 0;
	if (p->l->h[h].v2)
		return lacks(p, "cpu real-time runtime", "cgroup v2 has none");
	if (is_limit(period))
		r = put(p, h, "cpu.rt_period_us", CGROUP_CHECK_EXACT, "%lld", (long long)period);
	if (r == 0 && is_limit(runtime))
		r = put(p, h, "cpu.rt_runtime_us", CGROUP_CHECK_EXACT, "%lld", (long long)runtime);
	return r;
}

static int cpu_bandwidth_v1(struct planner *p, int h, int64_t quota, int64_t period)
{
	char text[32];
	int r = 0;

	if (is_limit(period)) {
		(void)snprintf(text, sizeof text, "%lld", (long long)period);
		r = put_late(p, h, "cpu.cfs_period_us", text);
		if (r == 0)
			p->out.w[p->out.n - 1].usual = period == CPU_PERIOD_DEFAULT_US;
	}
	(void)snprintf(text, sizeof text, "%lld", quota == CG_MAX ? -1 : (long long)quota);
	if (r == 0 && quota != CG_UNSET)
		r = put_late(p, h, "cpu.cfs_quota_us", text);
	return r;
}

static int cpu_bandwidth_v2(struct planner *p, int h, int64_t quota, int64_t period)
{
	char text[64];

	if (!is_limit(period))
		period = CPU_PERIOD_DEFAULT_US;
	if (is_limit(quota))
		(void)snprintf(text, sizeof text, "%lld %lld", (long long)quota, (long long)period);
	else
		(void)snprintf(text, sizeof text, "max %lld", (long long)period);
	return put_late(p, h, "cpu.max", text);
}

static int cpu_bandwidth(struct planner *p, int h, int64_t quota, int64_t period)
{
	bool v2 = p->l->h[h].v2;
	char text[32];
	int r = 0;

	if (quota == CG_UNSET && !is_limit(period))
		return 0;
	if (!p->l->cpu_cfs)
		return is_limit(quota) ? lacks(p, "cpu quota", "no CFS bandwidth control on this kernel") : 0;
	r = (v2 ? cpu_bandwidth_v2 : cpu_bandwidth_v1)(p, h, quota, period);
	if (r < 0 || !is_limit(p->want->cpu_burst_us) || p->want->cpu_burst_us < 0)
		return r;
	(void)snprintf(text, sizeof text, "%lld", (long long)p->want->cpu_burst_us);
	return put_late(p, h, v2 ? "cpu.max.burst" : "cpu.cfs_burst_us", text);
}

static int plan_cpu(struct planner *p)
{
	const struct cgroup_limits *w = p->want;
	int64_t quota = said(w->cpu_quota_us), period = said(w->cpu_period_us);
	int h = cgroup_layout_find(p->l, CGROUP_CPU), r = cpu_check(p, quota, period);

	if (r < 0)
		return r;
	if (h < 0) {
		if (said(w->cpu_shares) != CG_UNSET || is_limit(quota) || is_limit(period) || w->cpu_idle > 0 ||
		    is_limit(said(w->cpu_rt_runtime_us)))
			return lacks(p, "cpu", "no cpu controller");
		return 0;
	}
	r = cpu_shares(p, h);
	if (r == 0)
		r = cpu_realtime(p, h);
	if (r == 0 && w->cpu_idle >= 0) /* after the weight, which an idle group refuses */
		r = put(p, h, "cpu.idle", CGROUP_CHECK_EXACT, "%lld", (long long)w->cpu_idle);
	if (r == 0)
		r = cpu_bandwidth(p, h, quota, period);
	return r;
}

/* ---- cpuset, pids --------------------------------------------------------------------------------------------- */

static int cpuset_one(struct planner *p, const char *file, const char *list)
{
	int h = cgroup_layout_find(p->l, CGROUP_CPUSET);
	struct cpulist set;

	if (!list || !list[0])
		return 0;
	if (strchr(list, '\n') || cpulist_parse(sv_from(list), &set) < 0 || cpulist_count(&set) == 0)
		return err_set(p->e, EINVAL, "%s: not a list of numbers: \"%s\"", file, list);
	if (h < 0)
		return lacks(p, file, "no cpuset controller");
	return put(p, h, file, CGROUP_CHECK_CPUS, "%s", list);
}

static int plan_cpuset(struct planner *p)
{
	int r = cpuset_one(p, "cpuset.cpus", p->want->cpuset_cpus);

	return r < 0 ? r : cpuset_one(p, "cpuset.mems", p->want->cpuset_mems);
}

static int plan_pids(struct planner *p)
{
	int64_t limit = p->want->pids_limit;
	int h = cgroup_layout_find(p->l, CGROUP_PIDS);
	bool max = limit < 0 || limit == CG_MAX;

	if (limit == CG_UNSET)
		return 0;
	if (h < 0)
		return max ? 0 : lacks(p, "pids limit", "no pids controller");
	if (max)
		return put(p, h, "pids.max", CGROUP_CHECK_EXACT, "max");
	return put(p, h, "pids.max", CGROUP_CHECK_EXACT, "%lld", (long long)(limit ? limit : 1));
}

/* ---- blkio ---------------------------------------------------------------------------------------------------- */

/* v2's io.weight goes from 1 to 10000, BFQ's own and v1's from 10 to 1000. */
static uint64_t io_weight(uint64_t weight)
{
	return 1 + (weight - 10) * 9999 / 990;
}

static int blkio_weight(struct planner *p, int h)
{
	int64_t weight = said(p->want->blkio_weight);
	bool v2 = p->l->h[h].v2, bfq = p->l->blkio_bfq;

	if (weight == CG_UNSET)
		return 0;
	if (weight < 10 || weight > 1000)
		return err_set(p->e, EINVAL, "blkio weight %lld: 10 to 1000", (long long)weight);
	if (!p->l->blkio_weight)
		return lacks(p, "blkio weight", "no scheduler with weights on this kernel");
	if (v2)
		return put(p, h, bfq ? "io.bfq.weight" : "io.weight", CGROUP_CHECK_EXACT, "%llu",
			   (unsigned long long)(bfq ? (uint64_t)weight : io_weight((uint64_t)weight)));
	return put(p, h, bfq ? "blkio.bfq.weight" : "blkio.weight", CGROUP_CHECK_EXACT, "%lld", (long long)weight);
}

static int blkio_weight_device(struct planner *p, int h, const struct blkio_limit *b)
{
	bool v2 = p->l->h[h].v2, bfq = p->l->blkio_bfq;
	const char *file =
		v2 ? (bfq ? "io.bfq.weight" : "io.weight") : (bfq ? "blkio.bfq.weight_device" : "blkio.weight_device");

	if (b->value < 10 || b->value > 1000)
		return err_set(p->e, EINVAL, "blkio weight of device %u:%u: %llu: 10 to 1000", b->major, b->minor,
			       (unsigned long long)b->value);
	if (!p->l->blkio_weight)
		return lacks(p, "blkio weight of a device", "no scheduler with weights on this kernel");
	return put(p, h, file, CGROUP_CHECK_DEVICE, "%u:%u %llu", b->major, b->minor,
		   (unsigned long long)(v2 && !bfq ? io_weight(b->value) : b->value));
}

static int blkio_throttle(struct planner *p, int h, const struct blkio_limit *b)
{
	static const char *const v1[] = { [BLKIO_READ_BPS] = "blkio.throttle.read_bps_device",
					  [BLKIO_WRITE_BPS] = "blkio.throttle.write_bps_device",
					  [BLKIO_READ_IOPS] = "blkio.throttle.read_iops_device",
					  [BLKIO_WRITE_IOPS] = "blkio.throttle.write_iops_device" };
	static const char *const v2[] = { [BLKIO_READ_BPS] = "rbps",
					  [BLKIO_WRITE_BPS] = "wbps",
					  [BLKIO_READ_IOPS] = "riops",
					  [BLKIO_WRITE_IOPS] = "wiops" };

	if (!p->l->h[h].v2)
		return put(p, h, v1[b->what], CGROUP_CHECK_DEVICE, "%u:%u %llu", b->major, b->minor,
			   (unsigned long long)b->value);
	if (b->value == 0)
		return put(p, h, "io.max", CGROUP_CHECK_DEVICE, "%u:%u %s=max", b->major, b->minor, v2[b->what]);
	return put(p, h, "io.max", CGROUP_CHECK_DEVICE, "%u:%u %s=%llu", b->major, b->minor, v2[b->what],
		   (unsigned long long)b->value);
}

static int plan_blkio(struct planner *p)
{
	const struct cgroup_limits *w = p->want;
	int h = cgroup_layout_find(p->l, CGROUP_BLKIO), r;

	if (h < 0 && (w->blkio_count || said(w->blkio_weight) != CG_UNSET))
		return lacks(p, "blkio", "no blkio controller");
	r = h < 0 ? 0 : blkio_weight(p, h);
	for (size_t i = 0; i < w->blkio_count && r == 0; i++)
		r = (w->blkio[i].what == BLKIO_WEIGHT_DEVICE ? blkio_weight_device : blkio_throttle)(p, h,
												     &w->blkio[i]);
	return r;
}

/* ---- devices -------------------------------------------------------------------------------------------------- */

static int devices_v1(struct planner *p, int h, const struct device_list *l)
{
	struct device_list exceptions = { 0 };
	char text[DEVICE_RULE_TEXT];
	int r = device_list_v1(l, p->a, &exceptions, p->e);

	/* "a" clears what the group has from its parent; only then do exceptions count */
	if (r == 0)
		r = put(p, h, l->allow ? "devices.allow" : "devices.deny", CGROUP_CHECK_NONE, "a");
	for (size_t i = 0; i < exceptions.n && r == 0; i++)
		r = put(p, h, l->allow ? "devices.deny" : "devices.allow", CGROUP_CHECK_NONE, "%s",
			device_rule_print(&exceptions.v[i], text));
	return r;
}

static int plan_devices(struct planner *p)
{
	int h = cgroup_layout_find(p->l, CGROUP_DEVICES), r;
	struct device_list l;

	if (p->want->device_count == 0)
		return 0;
	r = device_list_make(p->want->devices, p->want->device_count, p->a, &l, p->e);
	if (r < 0)
		return r;
	if (h < 0)
		return l.allow && l.n == 0 ? 0 : lacks(p, "devices", "no devices controller");
	if (!p->l->h[h].v2)
		return devices_v1(p, h, &l);
	p->out.device_program = true;
	p->out.device_hierarchy = (unsigned)h;
	return 0;
}

/* ---- files by name -------------------------------------------------------------------------------------------- */

static enum cgroup_check unified_check(const char *file, const char *value)
{
	static const struct {
		const char *file;
		enum cgroup_check check;
	} known[] = {
		{ "memory.max", CGROUP_CHECK_PAGES },	   { "memory.high", CGROUP_CHECK_PAGES },
		{ "memory.low", CGROUP_CHECK_PAGES },	   { "memory.min", CGROUP_CHECK_PAGES },
		{ "memory.swap.max", CGROUP_CHECK_PAGES }, { "memory.swap.high", CGROUP_CHECK_PAGES },
		{ "memory.zswap.max", CGROUP_CHECK_PAGES }, { "memory.oom.group", CGROUP_CHECK_EXACT },
		{ "cpuset.cpus", CGROUP_CHECK_CPUS },	   { "cpuset.mems", CGROUP_CHECK_CPUS },
		{ "pids.max", CGROUP_CHECK_EXACT },	   { "cpu.weight", CGROUP_CHECK_EXACT },
		{ "cpu.idle", CGROUP_CHECK_EXACT },	   { "cpu.max.burst", CGROUP_CHECK_EXACT },
	};

	if (strcmp(file, "cpu.max") == 0) /* a quota alone leaves the period as it is */
		return strchr(value, ' ') ? CGROUP_CHECK_EXACT : CGROUP_CHECK_NONE;
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (strcmp(file, known[i].file) == 0)
			return known[i].check;
	return CGROUP_CHECK_NONE;
}

/* Of the files that every group has, those that set a bound or switch accounting. The rest moves processes, kills them or
 * changes the tree. */
static bool is_core_setting(const char *file)
{
	static const char *const files[] = { "cgroup.max.depth", "cgroup.max.descendants", "cgroup.pressure" };

	for (size_t i = 0; i < ARRAY_LEN(files); i++)
		if (strcmp(file, files[i]) == 0)
			return true;
	return false;
}

int cgroup_file_check(const struct cgroup_layout *l, const char *file, struct err *e)
{
	struct sv controller, rest;
	int c;

	if (!sv_cut(sv_from(file), '.', &controller, &rest) || controller.n == 0 || rest.n == 0 || strpbrk(file, "/\n"))
		return err_set(e, EINVAL, "not the name of a control file");
	if (sv_is(controller, "cgroup") && !is_core_setting(file))
		return err_set(e, EINVAL, "not a limit: it moves processes or changes the tree");
	if (l->n == 0 || !l->h[0].v2)
		return err_set(e, ENOTSUP, "this host has no cgroup v2");
	c = cgroup_controller_from_name(controller);
	if (c >= 0 && !(l->h[0].controllers >> c & 1) && !sv_is(rest, "pressure"))
		return err_set(e, ENOTSUP, "the controller " SV_FMT " is not on cgroup v2 here", SV_ARG(controller));
	return 0;
}

static int unified_one(struct planner *p, const struct cgroup_file *f)
{
	int r = cgroup_file_check(p->l, f->name, p->e);

	if (r < 0)
		return err_wrap(p->e, r, "unified \"%.80s\"", f->name);
	r = put(p, 0, f->name, unified_check(f->name, f->value), "%s", f->value);
	if (r == 0)
		p->out.w[p->out.n - 1].late = sv_has_prefix(sv_from(f->name), "cpu.max");
	return r;
}

/* ---- what few ask for ------------------------------------------------------------------------------------------ */

static int more_one(struct planner *p, const struct cgroup_more *m)
{
	int h = cgroup_layout_find(p->l, m->controller), r;
	const char *file = h < 0 ? NULL : p->l->h[h].v2 ? m->v2 : m->v1;

	if (h < 0)
		return err_set(p->e, ENOTSUP, "%s: no %s controller", m->what, cgroup_controller_name(m->controller));
	if (!file)
		return lacks(p, m->what, "this version of cgroups has none");
	r = put(p, h, file, m->check, "%s", m->value);
	if (r == 0)
		p->out.w[p->out.n - 1].optional = m->optional;
	return r;
}

static int plan_more(struct planner *p)
{
	int r = 0;

	for (size_t i = 0; i < p->want->more_count && r == 0; i++)
		r = more_one(p, &p->want->more[i]);
	return r;
}

static int plan_unified(struct planner *p)
{
	int r = 0;

	for (size_t i = 0; i < p->want->unified_count && r == 0; i++)
		r = unified_one(p, &p->want->unified[i]);
	return r;
}

int cgroup_plan(const struct cgroup_layout *l, const struct cgroup_limits *want, struct arena *a,
		struct cgroup_writes *ret, struct err *e)
{
	static int (*const controllers[])(struct planner *) = { plan_devices, plan_cpuset, plan_memory, plan_pids,
								plan_blkio,   plan_cpu,	   plan_more,	plan_unified };
	struct planner p = { .l = l, .want = want, .a = a, .e = e };

	p.cap = 32 + 2 * want->device_count + want->blkio_count + want->more_count + want->unified_count;
	p.out.w = arena_array(a, p.cap, sizeof *p.out.w);
	if (!p.out.w)
		return err_oom(e);
	for (size_t i = 0; i < ARRAY_LEN(controllers); i++) {
		int r = controllers[i](&p);

		if (r < 0)
			return r;
	}
	*ret = p.out;
	return 0;
}
