/* SPDX-License-Identifier: Apache-2.0 */
#include "insight/limits.h"

#define NO_LIMIT ((struct limit){ CG_MAX, NULL })

struct limit limit_tighter(struct limit near, struct limit far)
{
	return far.value < near.value ? far : near;
}

typedef int64_t level_value(const struct cgroup_stat *st); /* CG_MAX: none */

static struct limit least(const struct level *from, level_value *value)
{
	struct limit best = NO_LIMIT;

	for (; from; from = from->up) {
		int64_t v = value(&from->st);

		if (v != CG_UNSET && v != CG_MAX)
			best = limit_tighter(best, (struct limit){ v, from->path });
	}
	return best;
}

static int64_t memory_limit(const struct cgroup_stat *st)
{
	return st->memory.limit_bytes;
}

static int64_t memory_high(const struct cgroup_stat *st)
{
	return st->memory.high_bytes;
}

static int64_t swap_limit(const struct cgroup_stat *st)
{
	return st->memory.swap_limit_bytes;
}

static int64_t pids_limit(const struct cgroup_stat *st)
{
	return st->pids.limit;
}

int64_t limit_cpu_of(const struct cgroup_stat *st)
{
	int64_t quota = st->cpu.quota_us, period = st->cpu.period_us;

	if (quota <= 0 || quota == CG_MAX || period <= 0 || period == CG_MAX || quota > INT64_MAX / 1000)
		return CG_MAX;
	return quota * 1000 / period;
}

struct limit limit_memory(const struct level *from)
{
	return least(from, memory_limit);
}

struct limit limit_memory_high(const struct level *from)
{
	return least(from, memory_high);
}

struct limit limit_swap(const struct level *from)
{
	return least(from, swap_limit);
}

struct limit limit_pids(const struct level *from)
{
	return least(from, pids_limit);
}

struct limit limit_cpu(const struct level *from)
{
	return least(from, limit_cpu_of);
}

/* ---- memory --------------------------------------------------------------------------------------------------- */

static int64_t known(int64_t v)
{
	return v > 0 && v != CG_MAX ? v : 0;
}

int64_t memory_reclaimable(const struct cgroup_stat *st)
{
	return known(st->memory.active_file) + known(st->memory.inactive_file) + known(st->memory.slab_reclaimable);
}

int64_t memory_working_set(const struct cgroup_stat *st)
{
	int64_t usage = st->memory.usage_bytes, idle = known(st->memory.inactive_file);

	if (usage == CG_UNSET)
		return CG_UNSET;
	return idle < usage ? usage - idle : usage; /* as Docker: the counters are not of one moment */
}

static int64_t memory_room(const struct cgroup_stat *st)
{
	int64_t usage = known(st->memory.usage_bytes), held = usage - memory_reclaimable(st);

	if (st->memory.limit_bytes == CG_UNSET || st->memory.limit_bytes == CG_MAX)
		return CG_MAX;
	held = held > 0 ? held : 0;
	return st->memory.limit_bytes > held ? st->memory.limit_bytes - held : 0;
}

static int64_t pids_room(const struct cgroup_stat *st)
{
	if (st->pids.limit == CG_UNSET || st->pids.limit == CG_MAX)
		return CG_MAX;
	return st->pids.limit > known(st->pids.current) ? st->pids.limit - known(st->pids.current) : 0;
}

struct limit headroom_memory(const struct level *from)
{
	return least(from, memory_room);
}

struct limit headroom_pids(const struct level *from)
{
	return least(from, pids_room);
}
