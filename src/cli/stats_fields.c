/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/human.h"
#include "cli/stats.h"

#include "base/id.h"

enum field {
	F_BLOCK_IO,
	F_CPU_PERC,
	F_CPU_TIME,
	F_CACHE,
	F_CONTAINER,
	F_DEVICES,
	F_ID,
	F_KERNEL,
	F_LIMIT,
	F_LIMIT_OWNER,
	F_MEM_PERC,
	F_MEM_USAGE,
	F_NAME,
	F_NET_IO,
	F_PIDS,
	F_PEAK,
	F_PRESSURE,
	F_SHARED,
	F_SWAP,
	F_THROTTLED,
	FIELDS
};

static const struct listing_field field_rows[] = {
	[F_BLOCK_IO] = { "BlockIO", { "BLOCK I/O", 0, 5 } },
	[F_CPU_PERC] = { "CPUPerc", { "CPU %" } },
	[F_CPU_TIME] = { "CPUTime", { "CPU TIME" } },
	[F_CACHE] = { "Cache", { "CACHE" } },
	[F_CONTAINER] = { "Container", { "CONTAINER" } },
	[F_DEVICES] = { "Devices", { "DEVICES" } },
	[F_ID] = { "ID", { "CONTAINER ID", 0, 2 } },
	[F_KERNEL] = { "Kernel", { "KERNEL" } },
	[F_LIMIT] = { "Limit", { "LIMIT" } },
	[F_LIMIT_OWNER] = { "LimitOwner", { "LIMIT OF" } },
	[F_MEM_PERC] = { "MemPerc", { "MEM %", 0, 2 } },
	[F_MEM_USAGE] = { "MemUsage", { "MEM USAGE / LIMIT" } },
	[F_NAME] = { "Name", { "NAME", 20 } },
	[F_NET_IO] = { "NetIO", { "NET I/O", 0, 4 } },
	[F_PIDS] = { "PIDs", { "PIDS", 0, 1 } },
	[F_PEAK] = { "Peak", { "PEAK" } },
	[F_PRESSURE] = { "Pressure", { "PRESSURE CPU/MEM/IO", 0, 6 } },
	[F_SHARED] = { "Shared", { "SHARED" } },
	[F_SWAP] = { "Swap", { "SWAP" } },
	[F_THROTTLED] = { "Throttled", { "THROTTLED", 0, 3 } },
};

static const unsigned char columns[] = { F_ID,	   F_NAME,     F_CPU_PERC, F_MEM_USAGE, F_MEM_PERC,
					 F_NET_IO, F_BLOCK_IO, F_PIDS,	   F_THROTTLED, F_PRESSURE };

const struct listing_kind stats_kind = { field_rows, FIELDS, columns, sizeof columns, F_ID };
const struct listing_kind stats_kind_no_pressure = { field_rows, FIELDS, columns, sizeof columns - 1, F_ID };

bool stats_shows_pressure(const struct listing_options *how)
{
	return listing_shows(&stats_kind, how, F_PRESSURE);
}

#define NONE "--"

/* ---- numbers as text; CG_UNSET is unknown --------------------------------------------------------------------- */

static const char *binary(int64_t bytes, struct arena *a)
{
	char text[HUMAN_SIZE];

	return bytes == CG_UNSET ? NONE : arena_str(a, human_binary(bytes, text));
}

static const char *pair(int64_t in, int64_t out, struct arena *a)
{
	char first[HUMAN_SIZE], second[HUMAN_SIZE];

	return arena_fmt(a, "%s / %s", human_bytes(in, first), human_bytes(out, second));
}

/* Part of whole as Docker prints percentages. */
static const char *percent(int64_t part, int64_t whole, struct arena *a)
{
	if (part < 0 || whole <= 0)
		return whole ? NONE : "0.00%";
	return arena_fmt(a, "%.2f%%", (double)part * 100 / (double)whole);
}

static const char *number(int64_t n, struct arena *a)
{
	return n == CG_UNSET ? NONE : arena_fmt(a, "%lld", (long long)n);
}

/* ---- fields --------------------------------------------------------------------------------------------------- */

/* Of one CPU, as Docker: two busy ones are 200 %. */
static const char *cpu_percent(const struct stats_sample *s, const struct stats_before *b, struct arena *a)
{
	int64_t time = b->taken_ns ? s->taken_ns - b->taken_ns : s->lived_ns;

	if (s->st->cpu.usage_ns == CG_UNSET || time <= 0) /* nobody knows for how long */
		return NONE;
	return percent(s->st->cpu.usage_ns - b->usage_ns, time, a);
}

static const char *throttled(const struct stats_sample *s, const struct stats_before *b, struct arena *a)
{
	if (s->st->cpu.periods == CG_UNSET || s->st->cpu.throttled_periods == CG_UNSET)
		return NONE;
	return percent(s->st->cpu.throttled_periods - b->throttled_periods, s->st->cpu.periods - b->periods, a);
}

static const char *cpu_time(const struct stats_sample *s, struct arena *a)
{
	int64_t us = s->st->cpu.usage_ns / 1000;

	if (s->st->cpu.usage_ns == CG_UNSET)
		return NONE;
	return arena_fmt(a, "%lld.%06llds", (long long)(us / 1000000), (long long)(us % 1000000));
}

static const char *memory_usage(const struct stats_sample *s, struct arena *a)
{
	const char *used = binary(memory_working_set(s->st), a), *limit = binary(s->memory.value, a);

	return used && limit ? arena_fmt(a, "%s / %s", used, limit) : NULL;
}

static const char *block_io(const struct stats_sample *s, struct arena *a)
{
	int64_t in = 0, out = 0;

	for (size_t i = 0; i < s->st->io.n; i++) {
		const struct cgroup_device_io *d = &s->st->io.device[i];

		in += d->read_bytes > 0 ? d->read_bytes : 0;
		out += d->write_bytes > 0 ? d->write_bytes : 0;
	}
	return pair(in, out, a);
}

/* "8:0 1.2MB / 3kB, 8:16 …" */
static const char *devices(const struct stats_sample *s, struct arena *a)
{
	const char *text = "";

	for (size_t i = 0; i < s->st->io.n && text; i++) {
		const struct cgroup_device_io *d = &s->st->io.device[i];
		char in[HUMAN_SIZE], out[HUMAN_SIZE];

		text = arena_fmt(a, "%s%s%u:%u %s / %s", text, i ? ", " : "", d->major, d->minor,
				 human_bytes(d->read_bytes > 0 ? d->read_bytes : 0, in),
				 human_bytes(d->write_bytes > 0 ? d->write_bytes : 0, out));
	}
	return text;
}

static const char *pressure_of(const struct psi *p, struct arena *a)
{
	return p->some.avg10 == CG_UNSET ? NONE : arena_fmt(a, "%.2f", (double)p->some.avg10 / 100);
}

static const char *pressure(const struct stats_sample *s, struct arena *a)
{
	const char *cpu = pressure_of(&s->st->cpu.pressure, a), *memory = pressure_of(&s->st->memory.pressure, a);
	const char *io = pressure_of(&s->st->io.pressure, a);

	return cpu && memory && io ? arena_fmt(a, "%s / %s / %s", cpu, memory, io) : NULL;
}

/* The columns of the table. */
static void put_shown(const struct stats_sample *s, const struct stats_before *b, struct arena *a, const char **ret)
{
	ret[F_BLOCK_IO] = block_io(s, a);
	ret[F_CPU_PERC] = cpu_percent(s, b, a);
	ret[F_MEM_PERC] = percent(memory_working_set(s->st), s->memory.value, a);
	ret[F_MEM_USAGE] = memory_usage(s, a);
	ret[F_NET_IO] = pair((int64_t)s->net.rx_bytes, (int64_t)s->net.tx_bytes, a);
	ret[F_PIDS] = number(s->st->pids.current, a);
	ret[F_PRESSURE] = pressure(s, a);
	ret[F_THROTTLED] = throttled(s, b, a);
}

static void put_further(const struct stats_sample *s, struct arena *a, const char **ret)
{
	ret[F_CPU_TIME] = cpu_time(s, a);
	ret[F_CACHE] = binary(s->st->memory.file, a);
	ret[F_DEVICES] = devices(s, a);
	ret[F_KERNEL] = binary(s->st->memory.kernel, a);
	ret[F_LIMIT] = binary(s->memory.value, a);
	ret[F_LIMIT_OWNER] = s->memory.owner ? s->memory.owner : NONE;
	ret[F_PEAK] = binary(s->st->memory.peak_bytes, a);
	ret[F_SHARED] = binary(s->st->memory.shmem, a);
	ret[F_SWAP] = binary(s->st->memory.swap_bytes, a);
}

void stats_fields(const struct stats_sample *s, const struct stats_before *before, bool whole, bool brief,
		  struct arena *a, const char **ret)
{
	static const struct stats_before nothing;

	for (int i = 0; i < FIELDS; i++)
		ret[i] = NONE;
	if (s->running)
		put_shown(s, before ? before : &nothing, a, ret);
	else
		ret[F_MEM_USAGE] = ret[F_NET_IO] = ret[F_BLOCK_IO] = NONE " / " NONE;
	if (s->running && !brief)
		put_further(s, a, ret);
	if (s->id)
		ret[F_ID] = whole ? s->id : arena_fmt(a, "%.*s", ID_SHORT, s->id);
	ret[F_CONTAINER] = ret[F_ID];
	ret[F_NAME] = s->name;
}
