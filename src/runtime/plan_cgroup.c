/* SPDX-License-Identifier: Apache-2.0 */
/* linux.cgroupsPath and linux.resources: limits in the kernel layer's terms, and the writes they become here. */
#include "runtime/plan_priv.h"

#include "base/scope.h"

#include <errno.h>
#include <string.h>

static int64_t number(int64_t v)
{
	return v == OCI_UNSET ? CG_UNSET : v;
}

/* -1 is "no limit" wherever the specification gives a limit */
static int64_t limit(int64_t v)
{
	return v == OCI_UNSET ? CG_UNSET : v == -1 ? CG_MAX : v;
}

static int plan_cgroup_path(struct plan *p, struct err *e)
{
	const char *want = p->spec->cgroups_path;

	if (p->unit.manager)
		return plan_unit_name(p, e);
	if (!want || !*want)
		p->cgroup_path = arena_fmt(p->arena, "/tare/%s", p->id);
	else if (strchr(want, ':'))
		return err_set(e, ENOTSUP, "linux.cgroupsPath: \"%s\": this form is for --systemd-cgroup", want);
	else
		p->cgroup_path = want[0] == '/' ? want : arena_fmt(p->arena, "/%s", want);
	if (p->cgroup_path)
		p->cgroup_path = cgroup_layout_group(&p->facts->cgroup, p->cgroup_path, p->arena);
	if (!p->cgroup_path)
		return err_oom(e);
	if (strstr(p->cgroup_path, "..") || strcmp(p->cgroup_path, "/") == 0)
		return err_set(e, EINVAL, "linux.cgroupsPath: \"%s\" is not a path below the root", want);
	return 0;
}

/* ---- devices ------------------------------------------------------------------------------------------------ */

static const struct device_rule always[] = {
	{ true, 'c', CG_MAX, CG_MAX, DEVICE_MKNOD },
	{ true, 'b', CG_MAX, CG_MAX, DEVICE_MKNOD },
	{ true, 'c', 1, 3, DEVICE_READ | DEVICE_WRITE | DEVICE_MKNOD },
	{ true, 'c', 1, 5, DEVICE_READ | DEVICE_WRITE | DEVICE_MKNOD },
	{ true, 'c', 1, 7, DEVICE_READ | DEVICE_WRITE | DEVICE_MKNOD },
	{ true, 'c', 1, 8, DEVICE_READ | DEVICE_WRITE | DEVICE_MKNOD },
	{ true, 'c', 1, 9, DEVICE_READ | DEVICE_WRITE | DEVICE_MKNOD },
	{ true, 'c', 5, 0, DEVICE_READ | DEVICE_WRITE | DEVICE_MKNOD },
	{ true, 'c', 5, 2, DEVICE_READ | DEVICE_WRITE | DEVICE_MKNOD },
	{ true, 'c', 136, CG_MAX, DEVICE_READ | DEVICE_WRITE | DEVICE_MKNOD },
	{ true, 'c', 10, 200, DEVICE_READ | DEVICE_WRITE | DEVICE_MKNOD },
};

static int device_access(const char *text, unsigned *ret, struct err *e)
{
	unsigned access = 0;

	for (const char *c = text ? text : "rwm"; *c; c++) {
		unsigned bit = *c == 'r' ? DEVICE_READ : *c == 'w' ? DEVICE_WRITE : *c == 'm' ? DEVICE_MKNOD : 0;

		if (!bit)
			return err_set(e, EINVAL, "access: \"%s\" is not made of r, w, m", text);
		access |= bit;
	}
	*ret = access;
	return 0;
}

static int device_rule(const struct oci_device_rule *from, struct device_rule *to, struct err *e)
{
	const char *type = from->type && *from->type ? from->type : "a";

	if (strlen(type) != 1 || !strchr("abc", type[0]))
		return err_set(e, EINVAL, "type: \"%s\" is none of a, b, c", type);
	to->allow = from->allow;
	to->type = type[0];
	to->major = from->major < 0 ? CG_MAX : from->major;
	to->minor = from->minor < 0 ? CG_MAX : from->minor;
	return device_access(from->access, &to->access, e);
}

int plan_device_rules(struct plan *p, struct err *e)
{
	size_t given = p->spec->resources.devices.n, n = given + ARRAY_LEN(always) + 1, first;
	struct device_rule *rules = arena_array(p->arena, n, sizeof *rules);
	int r = 0;

	if (!rules)
		return err_oom(e);
	rules[0] = (struct device_rule){ false, 'a', CG_MAX, CG_MAX, DEVICE_READ | DEVICE_WRITE | DEVICE_MKNOD };
	for (size_t i = 0; r == 0 && i < given; i++) {
		r = device_rule(&p->spec->resources.devices.v[i], &rules[i + 1], e);
		if (r < 0)
			err_wrap(e, r, "linux.resources.devices[%zu]", i);
	}
	memcpy(rules + 1 + given, always, sizeof always);
	first = given && rules[1].type == 'a' && !rules[1].allow; /* the usual beginning: once is enough */
	p->limits.devices = rules + first;
	p->limits.device_count = n - first;
	return r;
}

/* ---- blkio -------------------------------------------------------------------------------------------------- */

static void take_throttles(struct blkio_limit **at, const struct oci_throttles *t, int what)
{
	for (size_t i = 0; i < t->n; i++)
		*(*at)++ = (struct blkio_limit){ (uint32_t)t->v[i].major, (uint32_t)t->v[i].minor, what,
						 (uint64_t)t->v[i].rate };
}

static int take_blkio(const struct oci_resources *res, struct arena *a, struct cgroup_limits *l, struct err *e)
{
	const typeof(res->block_io) *io = &res->block_io;
	size_t n = io->read_bps.n + io->write_bps.n + io->read_iops.n + io->write_iops.n + io->weight_device.n;
	struct blkio_limit *v = arena_array(a, n, sizeof *v), *at = v;

	if (n && !v)
		return err_oom(e);
	for (size_t i = 0; i < io->weight_device.n; i++)
		*at++ = (struct blkio_limit){ (uint32_t)io->weight_device.v[i].major,
					      (uint32_t)io->weight_device.v[i].minor, BLKIO_WEIGHT_DEVICE,
					      (uint64_t)io->weight_device.v[i].weight };
	take_throttles(&at, &io->read_bps, BLKIO_READ_BPS);
	take_throttles(&at, &io->write_bps, BLKIO_WRITE_BPS);
	take_throttles(&at, &io->read_iops, BLKIO_READ_IOPS);
	take_throttles(&at, &io->write_iops, BLKIO_WRITE_IOPS);
	l->blkio = v;
	l->blkio_count = n;
	l->blkio_weight = number(io->weight);
	return 0;
}

/* ---- what few ask for: hugepages, network classes, rdma ----------------------------------------------------------- */

/* "2MB" -> 2097152; 0: not a size as the kernel writes it */
static uint64_t page_size(const char *text)
{
	static const struct {
		const char *unit;
		unsigned shift;
	} units[] = { { "KB", 10 }, { "MB", 20 }, { "GB", 30 } };
	size_t digits = strspn(text, "0123456789");
	uint64_t n;

	if (digits == 0 || digits > 6 || text[0] == '0' || sv_u64((struct sv){ text, digits }, &n) < 0)
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(units); i++)
		if (strcmp(text + digits, units[i].unit) == 0)
			return n << units[i].shift;
	return 0;
}

/* The kernel counts whole pages. Faults are limited as well as reservations: what is reserved is not yet what is used. */
static int hugepage(const struct oci_hugepage_limit *h, struct arena *a, struct cgroup_more *to, struct err *e)
{
	uint64_t size = page_size(h->page_size);
	const char *value = h->limit > INT64_MAX ? "-1" : NULL;

	if (!size)
		return err_set(e, EINVAL, "pageSize: \"%s\" is none of the form 2MB", h->page_size);
	if (!value)
		value = arena_fmt(a, "%llu", (unsigned long long)(h->limit - h->limit % size));
	to[0] = (struct cgroup_more){ CGROUP_HUGETLB, "hugepage limit",
				      arena_fmt(a, "hugetlb.%s.limit_in_bytes", h->page_size),
				      arena_fmt(a, "hugetlb.%s.max", h->page_size),
				      value,
				      CGROUP_CHECK_EXACT,
				      false };
	to[1] = (struct cgroup_more){ CGROUP_HUGETLB,
				      "hugepage limit",
				      arena_fmt(a, "hugetlb.%s.rsvd.limit_in_bytes", h->page_size),
				      arena_fmt(a, "hugetlb.%s.rsvd.max", h->page_size), value, CGROUP_CHECK_EXACT,
				      true };
	if (h->limit > INT64_MAX)
		to[0].check = to[1].check = CGROUP_CHECK_NONE;
	return to[0].v1 && to[0].v2 && to[1].v1 && to[1].v2 && value ? 0 : err_oom(e);
}

static int rdma(const struct oci_rdma *d, struct arena *a, struct cgroup_more *to, struct err *e)
{
	const char *value = d->device;

	if (strpbrk(d->device, " \t\n") || !*d->device)
		return err_set(e, EINVAL, "\"%s\" is not a device's name", d->device);
	if (d->hca_handles == OCI_UNSET && d->hca_objects == OCI_UNSET)
		return err_set(e, EINVAL, "%s: neither hcaHandles nor hcaObjects", d->device);
	if (d->hca_handles != OCI_UNSET)
		value = arena_fmt(a, "%s hca_handle=%lld", value, (long long)d->hca_handles);
	if (value && d->hca_objects != OCI_UNSET)
		value = arena_fmt(a, "%s hca_object=%lld", value, (long long)d->hca_objects);
	*to = (struct cgroup_more){ CGROUP_RDMA, "rdma", "rdma.max", "rdma.max", value, CGROUP_CHECK_DEVICE, false };
	return value ? 0 : err_oom(e);
}

static int net_priority(const struct oci_net_priority *n, struct arena *a, struct cgroup_more *to, struct err *e)
{
	const char *value = arena_fmt(a, "%s %lld", n->name, (long long)n->priority);

	if (strpbrk(n->name, " \t\n") || !*n->name)
		return err_set(e, EINVAL, "name: \"%s\" is not an interface's", n->name);
	*to = (struct cgroup_more){
		CGROUP_NET_PRIO, "network priority", "net_prio.ifpriomap", NULL, value, CGROUP_CHECK_DEVICE, false
	};
	return value ? 0 : err_oom(e);
}

static int net_class(int64_t id, struct arena *a, struct cgroup_more *to, struct err *e)
{
	*to = (struct cgroup_more){ CGROUP_NET_CLS, "network class", "net_cls.classid", NULL,
				    arena_fmt(a, "%lld", (long long)id), CGROUP_CHECK_EXACT, false };
	return to->value ? 0 : err_oom(e);
}

static int take_more(const struct oci_resources *res, struct arena *a, struct cgroup_limits *l, struct err *e)
{
	size_t n = 2 * res->hugepages.n + res->rdma.n + res->network.priorities.n + 1;
	struct cgroup_more *v, *at;
	int r = 0;

	if (n == 1 && res->network.class_id == OCI_UNSET)
		return 0;
	v = at = arena_array(a, n, sizeof *v);
	if (!v)
		return err_oom(e);
	for (size_t i = 0; i < res->hugepages.n; i++, at += 2)
		if ((r = hugepage(&res->hugepages.v[i], a, at, e)) < 0)
			return err_wrap(e, r, "linux.resources.hugepageLimits[%zu]", i);
	for (size_t i = 0; i < res->rdma.n; i++)
		if ((r = rdma(&res->rdma.v[i], a, at++, e)) < 0)
			return err_wrap(e, r, "linux.resources.rdma");
	for (size_t i = 0; i < res->network.priorities.n; i++)
		if ((r = net_priority(&res->network.priorities.v[i], a, at++, e)) < 0)
			return err_wrap(e, r, "linux.resources.network.priorities[%zu]", i);
	if (res->network.class_id != OCI_UNSET)
		r = net_class(res->network.class_id, a, at++, e);
	l->more = v;
	l->more_count = (size_t)(at - v);
	return r;
}

static void take_unified(const struct oci_resources *res, struct cgroup_limits *l)
{
	/* struct oci_pair and struct cgroup_file are the same two pointers under other names */
	_Static_assert(sizeof(struct oci_pair) == sizeof(struct cgroup_file), "key and value");
	l->unified = (const struct cgroup_file *)(const void *)res->unified.v;
	l->unified_count = res->unified.n;
}

/* All but the devices. */
static int take_limits(const struct oci_resources *res, struct arena *a, struct cgroup_limits *l, struct err *e)
{
	int r;

	cgroup_limits_init(l);
	l->memory_limit_bytes = limit(res->memory.limit);
	l->memory_swap_bytes = limit(res->memory.swap);
	l->memory_reservation_bytes = limit(res->memory.reservation);
	l->memory_swappiness = number(res->memory.swappiness);
	l->oom_kill_disable = number(res->memory.disable_oom_killer);
	l->cpu_shares = number(res->cpu.shares);
	l->cpu_quota_us = res->cpu.quota == OCI_UNSET ? CG_UNSET : res->cpu.quota <= 0 ? CG_MAX : res->cpu.quota;
	l->cpu_period_us = number(res->cpu.period);
	l->cpu_burst_us = number(res->cpu.burst);
	l->cpu_idle = number(res->cpu.idle);
	l->cpu_rt_runtime_us = number(res->cpu.realtime_runtime);
	l->cpu_rt_period_us = number(res->cpu.realtime_period);
	l->cpuset_cpus = res->cpu.cpus && *res->cpu.cpus ? res->cpu.cpus : NULL;
	l->cpuset_mems = res->cpu.mems && *res->cpu.mems ? res->cpu.mems : NULL;
	l->pids_limit = limit(res->pids_limit);
	take_unified(res, l);
	r = take_more(res, a, l, e);
	return r < 0 ? r : take_blkio(res, a, l, e);
}

int plan_resources(const struct oci_resources *res, const struct cgroup_layout *l, struct arena *a,
		   struct cgroup_writes *ret, struct err *e)
{
	struct cgroup_limits limits;
	int r = take_limits(res, a, &limits, e);

	return r < 0 ? r : cgroup_plan(l, &limits, a, ret, e);
}

/* What the specification has from times when kernels had it. */
static void plan_ignored_resources(struct plan *p)
{
	const struct oci_resources *res = &p->spec->resources;

	if (res->memory.kernel != OCI_UNSET && res->memory.kernel > 0)
		plan_warn(
			p,
			"linux.resources.memory.kernel: kernel memory is counted with the rest, the limit is ignored");
	if (res->memory.kernel_tcp != OCI_UNSET && res->memory.kernel_tcp > 0)
		plan_warn(p, "linux.resources.memory.kernelTCP: the limit is ignored");
	if (res->block_io.leaf_weight != OCI_UNSET && res->block_io.leaf_weight > 0)
		plan_warn(p, "linux.resources.blockIO.leafWeight: no kernel since Linux 5.0 has it, it is ignored");
}

static int plan_limits(struct plan *p, struct err *e)
{
	int r = take_limits(&p->spec->resources, p->arena, &p->limits, e);

	return r < 0 ? r : plan_device_rules(p, e);
}

static int plan_writes(struct plan *p, enum step_actor actor, bool late, struct err *e)
{
	for (size_t i = 0; i < p->cgroup.n; i++) {
		struct step *s;

		if (p->cgroup.w[i].late != late)
			continue;
		s = plan_add(p, actor, STEP_CGROUP_WRITE);
		if (!s)
			return err_oom(e);
		s->path = p->cgroup.w[i].file;
		s->source = p->cgroup.w[i].value;
		s->data = &p->cgroup.w[i];
	}
	return 0;
}

int plan_cgroup(struct plan *p, struct err *e)
{
	struct step *s;
	int r = plan_cgroup_path(p, e);

	if (r == 0)
		r = plan_limits(p, e);
	if (r == 0)
		plan_ignored_resources(p);
	if (r < 0 || p->facts->cgroup.mode == CGROUP_MODE_NONE || p->without_cgroup)
		return r;
	r = cgroup_plan(&p->facts->cgroup, &p->limits, p->arena, &p->cgroup, e);
	if (r < 0)
		return err_wrap(e, r, "linux.resources");
	if (p->unit.manager)
		r = plan_unit_start(p, e);
	s = plan_add(p, ACTOR_HOST, STEP_CGROUP_MAKE);
	if (!s)
		return err_oom(e);
	s->path = p->cgroup_path;
	if (r == 0)
		r = plan_writes(p, ACTOR_HOST, false, e);
	/* in a user namespace no program can be attached, and only devices that were bound there can be opened */
	if (r == 0 && p->cgroup.device_program && !p->facts->user_namespace &&
	    !plan_add(p, ACTOR_HOST, STEP_CGROUP_DEVICES))
		r = err_oom(e);
	return r;
}

int plan_cgroup_late(struct plan *p, struct err *e)
{
	return plan_writes(p, ACTOR_RELEASE, true, e);
}
