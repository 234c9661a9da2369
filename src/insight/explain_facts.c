/* SPDX-License-Identifier: Apache-2.0 */
/* explain_facts.c - the numbers of each resource, by name. */
#include "insight/explain_priv.h"

#include "base/scope.h"

#include <string.h>

/* Facts that are one field of the group's own statistics. */
struct row {
	const char *resource, *key, *title;
	enum explain_unit unit;
	size_t at;
};
#define ROW(resource, key, title, unit, field) { resource, key, title, UNIT_##unit, offsetof(struct cgroup_stat, field) }

static const struct row cpu_rows[] = {
	ROW("cpu", "used", "used", NS, cpu.usage_ns),
	ROW("cpu", "periods", "periods of its own limit", COUNT, cpu.periods),
	ROW("cpu", "throttled_periods", "throttled in", COUNT, cpu.throttled_periods),
	ROW("cpu", "throttled", "throttled for", NS, cpu.throttled_ns),
	ROW("cpu", "weight", "weight", COUNT, cpu.weight),
};
static const struct row cpu_pressure_rows[] = {
	ROW("cpu", "pressure_some_10s", "waited, of the last 10 s", HUNDREDTHS, cpu.pressure.some.avg10),
	ROW("cpu", "pressure_some_total", "waited in all", US, cpu.pressure.some.total_us),
};
static const struct row memory_rows[] = {
	ROW("memory", "used", "used", BYTES, memory.usage_bytes),
	ROW("memory", "anon", "of processes", BYTES, memory.anon),
	ROW("memory", "tmpfs", "of tmpfs and shared memory", BYTES, memory.shmem),
	ROW("memory", "kernel", "of the kernel", BYTES, memory.kernel),
	ROW("memory", "swap", "in swap", BYTES, memory.swap_bytes),
	ROW("memory", "peak", "peak", BYTES, memory.peak_bytes),
	ROW("memory", "limit_hits", "at its limit", COUNT, memory_events_local.max),
	ROW("memory", "high_hits", "above memory.high", COUNT, memory_events_local.high),
	ROW("memory", "oom_kills", "OOM kills", COUNT, memory_events.oom_kill),
};
static const struct row memory_pressure_rows[] = {
	ROW("memory", "pressure_some_10s", "waited, of the last 10 s", HUNDREDTHS, memory.pressure.some.avg10),
	ROW("memory", "pressure_full_10s", "all waited, of the last 10 s", HUNDREDTHS, memory.pressure.full.avg10),
	ROW("memory", "pressure_some_total", "waited in all", US, memory.pressure.some.total_us),
};
static const struct row pids_rows[] = {
	ROW("pids", "used", "used", COUNT, pids.current),
	ROW("pids", "peak", "peak", COUNT, pids.peak),
	ROW("pids", "limit_hits", "forks refused", COUNT, pids.limit_hits),
};
static const struct row io_pressure_rows[] = {
	ROW("io", "pressure_some_10s", "waited, of the last 10 s", HUNDREDTHS, io.pressure.some.avg10),
	ROW("io", "pressure_full_10s", "all waited, of the last 10 s", HUNDREDTHS, io.pressure.full.avg10),
	ROW("io", "pressure_some_total", "waited in all", US, io.pressure.some.total_us),
};

static void put_rows(struct explainer *k, const struct level *from, const struct row *rows, size_t n)
{
	for (size_t i = 0; from && i < n; i++) {
		int64_t v = *(const int64_t *)(const void *)((const char *)&from->st + rows[i].at);

		explain_fact(k, (struct explain_fact){ rows[i].resource, rows[i].key, rows[i].title, rows[i].unit, v,
						       NULL });
	}
}
#define PUT(k, from, rows) put_rows(k, from, rows, ARRAY_LEN(rows))

static void put_limit(struct explainer *k, const char *resource, const char *key, const char *title,
		      enum explain_unit unit, struct limit l)
{
	if (!k->in->no_group) /* what limits the group of its caller is not looked at */
		explain_fact(k, (struct explain_fact){ resource, key, title, unit, l.value, l.owner });
}

static void cpu_facts(struct explainer *k)
{
	if (!k->cpu)
		return;
	put_limit(k, "cpu", "limit", "limit", UNIT_MILLI_CPU, limit_cpu(k->cpu));
	PUT(k, k->cpu, cpu_rows);
	PUT(k, k->pressure, cpu_pressure_rows);
}

static void memory_facts(struct explainer *k)
{
	struct limit host = { k->host_memory, "/" };

	if (!k->memory)
		return;
	put_limit(k, "memory", "limit", "limit", UNIT_BYTES, limit_tighter(limit_memory(k->memory), host));
	if (limit_memory_high(k->memory).value != CG_MAX)
		put_limit(k, "memory", "high", "slowed above", UNIT_BYTES, limit_memory_high(k->memory));
	PUT(k, k->memory, memory_rows);
	if (!k->in->no_group)
		explain_fact(k, (struct explain_fact){ "memory", "page_cache", "of page cache, which can be taken back",
						       UNIT_BYTES, memory_reclaimable(&k->memory->st), NULL });
	put_limit(k, "memory", "head_room", "head-room", UNIT_BYTES, headroom_memory(k->memory));
	if (limit_swap(k->memory).value != CG_MAX)
		put_limit(k, "memory", "swap_limit", "limit of swap", UNIT_BYTES, limit_swap(k->memory));
	PUT(k, k->pressure, memory_pressure_rows);
}

static void pids_facts(struct explainer *k)
{
	if (!k->pids)
		return;
	put_limit(k, "pids", "limit", "limit", UNIT_COUNT, limit_pids(k->pids));
	PUT(k, k->pids, pids_rows);
	put_limit(k, "pids", "head_room", "head-room", UNIT_COUNT, headroom_pids(k->pids));
}

static int64_t sum(const struct cgroup_stat *st, size_t at)
{
	int64_t total = 0;

	for (size_t i = 0; i < st->io.n; i++) {
		int64_t v = *(const int64_t *)(const void *)((const char *)&st->io.device[i] + at);

		total += v > 0 ? v : 0;
	}
	return total;
}

static void io_facts(struct explainer *k)
{
	if (k->io) {
		explain_fact(k, (struct explain_fact){ "io", "read", "read", UNIT_BYTES,
						       sum(&k->io->st, offsetof(struct cgroup_device_io, read_bytes)),
						       NULL });
		explain_fact(k, (struct explain_fact){ "io", "written", "written", UNIT_BYTES,
						       sum(&k->io->st, offsetof(struct cgroup_device_io, write_bytes)),
						       NULL });
	}
	PUT(k, k->pressure, io_pressure_rows);
}

void explain_facts(struct explainer *k)
{
	cpu_facts(k);
	memory_facts(k);
	pids_facts(k);
	io_facts(k);
}
