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

	if (!want || !*want)
		p->cgroup_path = arena_fmt(p->arena, "/tare/%s", p->id);
	else if (strchr(want, ':'))
		return err_set(e, ENOTSUP, "linux.cgroupsPath: \"%s\": the systemd form is not supported", want);
	else
		p->cgroup_path = want[0] == '/' ? want : arena_fmt(p->arena, "/%s", want);
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
	return take_blkio(res, a, l, e);
}

int plan_resources(const struct oci_resources *res, const struct cgroup_layout *l, struct arena *a,
		   struct cgroup_writes *ret, struct err *e)
{
	struct cgroup_limits limits;
	int r = take_limits(res, a, &limits, e);

	return r < 0 ? r : cgroup_plan(l, &limits, a, ret, e);
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
	if (r < 0 || p->facts->cgroup.mode == CGROUP_MODE_NONE)
		return r;
	r = cgroup_plan(&p->facts->cgroup, &p->limits, p->arena, &p->cgroup, e);
	if (r < 0)
		return r;
	s = plan_add(p, ACTOR_HOST, STEP_CGROUP_MAKE);
	if (!s)
		return err_oom(e);
	s->path = p->cgroup_path;
	r = plan_writes(p, ACTOR_HOST, false, e);
	if (r == 0 && p->cgroup.device_program && !plan_add(p, ACTOR_HOST, STEP_CGROUP_DEVICES))
		r = err_oom(e);
	return r;
}

int plan_cgroup_late(struct plan *p, struct err *e)
{
	return plan_writes(p, ACTOR_RELEASE, true, e);
}
