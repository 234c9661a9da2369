/* SPDX-License-Identifier: Apache-2.0 */
/* What an update leaves of a configuration: pure. */
#include "engine/update_priv.h"

#include "base/scope.h"
#include "oci/list.h"

#include <errno.h>
#include <string.h>

#define NUMBER(name) offsetof(struct container_config, name)
static const size_t numbers[] = {
	NUMBER(nano_cpus),     NUMBER(cpu_shares),	 NUMBER(cpu_quota_us), NUMBER(cpu_period_us),
	NUMBER(memory),	       NUMBER(memory_reservation), NUMBER(memory_high),	NUMBER(cpu_rt_period_us),
	NUMBER(blkio_weight), NUMBER(cpu_rt_runtime_us), NUMBER(pids_limit),
};

static int64_t *number_at(const struct container_config *c, size_t offset)
{
	return (int64_t *)(void *)((char *)c + offset);
}

void update_init(struct update *u)
{
	*u = (struct update){ .restart_given = false };
	config_init(&u->to);
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
		*number_at(&u->to, numbers[i]) = UPDATE_KEEP;
	u->to.memory_swap = u->to.memory_swappiness = UPDATE_KEEP;
}

bool update_is_empty(const struct update *u)
{
	const struct container_config *c = &u->to;

	for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
		if (*number_at(c, numbers[i]) != UPDATE_KEEP)
			return false;
	return c->memory_swap == UPDATE_KEEP && c->memory_swappiness == UPDATE_KEEP && !c->cpuset_cpus &&
	       !c->cpuset_mems && !u->oom_kill_disable_given && !u->restart_given && !c->blkio_weight_devices.n &&
	       !c->device_read_bps.n && !c->device_write_bps.n && !c->device_read_iops.n && !c->device_write_iops.n &&
	       !c->cgroup_conf.n;
}

/* ---- what Docker refuses ---------------------------------------------------------------------------------------- */

static bool is_set(int64_t n)
{
	return n != UPDATE_KEEP && n > 0;
}

/* --cpus is a quota and a period: only one way to say it at a time. */
static int check_cpus(const struct container_config *old, const struct container_config *to, struct err *e)
{
	bool keeps_quota = to->cpu_quota_us == UPDATE_KEEP, keeps_period = to->cpu_period_us == UPDATE_KEEP,
	     keeps_cpus = to->nano_cpus == UPDATE_KEEP;

	if (is_set(to->nano_cpus) && old->cpu_period_us > 0 && keeps_period)
		return err_set(e, EINVAL,
			       "Conflicting options: Nano CPUs cannot be updated as CPU Period has already been set");
	if (is_set(to->nano_cpus) && old->cpu_quota_us > 0 && keeps_quota)
		return err_set(e, EINVAL,
			       "Conflicting options: Nano CPUs cannot be updated as CPU Quota has already been set");
	if (is_set(to->cpu_period_us) && old->nano_cpus > 0 && keeps_cpus)
		return err_set(e, EINVAL,
			       "Conflicting options: CPU Period cannot be updated as NanoCPUs has already been set");
	if (is_set(to->cpu_quota_us) && old->nano_cpus > 0 && keeps_cpus)
		return err_set(e, EINVAL,
			       "Conflicting options: CPU Quota cannot be updated as NanoCPUs has already been set");
	return 0;
}

static int check(const struct container_config *old, const struct update *u, struct err *e)
{
	int r = check_cpus(old, &u->to, e);

	if (r < 0)
		return r;
	if (is_set(u->to.memory) && old->memory_swap > 0 && u->to.memory > old->memory_swap &&
	    u->to.memory_swap == UPDATE_KEEP)
		return err_set(e, EINVAL,
			       "Memory limit should be smaller than already set memoryswap limit, update the "
			       "memoryswap at the same time");
	if (u->restart_given && old->auto_remove && u->to.restart.name != RESTART_NO)
		return err_set(e, EINVAL,
			       "Restart policy cannot be updated because AutoRemove is enabled for the container");
	return 0;
}

/* ---- merging ---------------------------------------------------------------------------------------------------- */

static const char *merge_text(const char *old, const char *to)
{
	return !to ? old : *to ? to : NULL;
}

static const struct rate_config *find_rate(const struct rates *in, const char *path)
{
	for (size_t i = 0; i < in->n; i++)
		if (strcmp(in->v[i].path, path) == 0)
			return &in->v[i];
	return NULL;
}

static int add_rate(struct rates *out, const struct rate_config *rate, struct arena *a)
{
	struct rate_config *to = rate->rate ? LIST_ADD(a, out) : NULL;

	if (rate->rate && !to)
		return -ENOMEM;
	if (to)
		*to = *rate;
	return 0;
}

static int merge_rates(struct rates *old, const struct rates *to, struct arena *a)
{
	struct rates out = { 0 };
	int r = 0;

	for (size_t i = 0; r == 0 && i < old->n; i++)
		if (!find_rate(to, old->v[i].path))
			r = add_rate(&out, &old->v[i], a);
	for (size_t i = 0; r == 0 && i < to->n; i++)
		r = add_rate(&out, &to->v[i], a);
	*old = out;
	return r;
}

static bool names_disk(const struct container_config *c, const char *path)
{
	for (size_t i = 0; i < c->blkio_weight_devices.n; i++)
		if (strcmp(c->blkio_weight_devices.v[i].path, path) == 0)
			return true;
	return false;
}

static int merge_weights(struct container_config *c, const struct container_config *to, struct arena *a)
{
	__typeof__(c->blkio_weight_devices) out = { 0 };

	for (size_t i = 0; i < c->blkio_weight_devices.n + to->blkio_weight_devices.n; i++) {
		bool is_new = i >= c->blkio_weight_devices.n;
		const struct weight_config *w = is_new ?
			&to->blkio_weight_devices.v[i - c->blkio_weight_devices.n] : &c->blkio_weight_devices.v[i];
		struct weight_config *slot;

		if (!w->weight || (!is_new && names_disk(to, w->path)))
			continue;
		slot = LIST_ADD(a, &out);
		if (!slot)
			return -ENOMEM;
		*slot = *w;
	}
	c->blkio_weight_devices = out;
	return 0;
}

static int merge_files(struct oci_pairs *old, const struct oci_pairs *to, struct arena *a)
{
	struct oci_pairs all = { 0 }, out = { 0 };
	int r = 0;

	for (size_t i = 0; r == 0 && i < old->n; i++)
		r = pairs_set(a, &all, old->v[i].key, old->v[i].value);
	for (size_t i = 0; r == 0 && i < to->n; i++)
		r = pairs_set(a, &all, to->v[i].key, to->v[i].value);
	for (size_t i = 0; r == 0 && i < all.n; i++)
		if (*all.v[i].value)
			r = pairs_set(a, &out, all.v[i].key, all.v[i].value);
	*old = out;
	return r;
}

static int merge_lists(struct container_config *c, const struct container_config *to, struct arena *a)
{
	int r = merge_rates(&c->device_read_bps, &to->device_read_bps, a);

	if (r == 0)
		r = merge_rates(&c->device_write_bps, &to->device_write_bps, a);
	if (r == 0)
		r = merge_rates(&c->device_read_iops, &to->device_read_iops, a);
	if (r == 0)
		r = merge_rates(&c->device_write_iops, &to->device_write_iops, a);
	if (r == 0)
		r = merge_weights(c, to, a);
	return r < 0 ? r : merge_files(&c->cgroup_conf, &to->cgroup_conf, a);
}

int update_merge(struct container_config *c, const struct update *u, struct arena *a, struct err *e)
{
	const struct container_config *to = &u->to;
	int r = check(c, u, e);

	if (r < 0)
		return r;
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
		int64_t n = *number_at(to, numbers[i]);

		if (n != UPDATE_KEEP)
			*number_at(c, numbers[i]) = n < 0 ? 0 : n;
	}
	if (to->memory != UPDATE_KEEP && to->memory <= 0 && to->memory_swap == UPDATE_KEEP)
		c->memory_swap = 0; /* it is memory and swap together: nothing is left to count */
	if (to->memory_swap != UPDATE_KEEP)
		c->memory_swap = to->memory_swap;
	if (to->memory_swappiness != UPDATE_KEEP)
		c->memory_swappiness = to->memory_swappiness; /* OCI_UNSET: none of its own */
	c->cpuset_cpus = merge_text(c->cpuset_cpus, to->cpuset_cpus);
	c->cpuset_mems = merge_text(c->cpuset_mems, to->cpuset_mems);
	if (u->oom_kill_disable_given)
		c->oom_kill_disable = to->oom_kill_disable;
	if (u->restart_given)
		c->restart = to->restart;
	return merge_lists(c, to, a) < 0 ? err_oom(e) : 0;
}
