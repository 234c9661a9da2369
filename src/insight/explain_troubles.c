/* SPDX-License-Identifier: Apache-2.0 */
/* explain_troubles.c - what the numbers mean: each rule finds one trouble, and says what to do about it. */
#include "insight/explain_priv.h"

#include "insight/oom_report.h"
#include "kernel/procfs.h"

#include <errno.h>
#include <string.h>

#define THROTTLED_PERIODS 10 /* fewer are the start of a program */
#define THROTTLED_PERCENT 5
#define NEARLY_FULL 90       /* percent of a memory limit */

/* ---- OOM -------------------------------------------------------------------------------------------------------- */

static const char *own_oom_advice(struct explainer *k)
{
	int64_t tmpfs = k->memory ? k->memory->st.memory.shmem : CG_UNSET;
	int64_t limit = k->memory ? k->memory->st.memory.limit_bytes : CG_UNSET;

	if (tmpfs > 0 && limit > 0 && limit != CG_MAX && tmpfs > limit / 2)
		return "files in tmpfs (/dev/shm, --tmpfs, /run) count as memory and stay: remove them, or give them a "
		       "size of their own (--tmpfs size=, --shm-size)";
	return "give it a higher --memory, or make the program use less: what it needed is at least the limit; a runtime "
	       "with a heap of its own (JVM, Go, Node) has to be told of the limit";
}

/* The log may be read: whose limit, and whom it took. */
static void complete_from_log(struct explainer *k, struct explain_oom *o, const char *path)
{
	struct oom_reports reports;
	struct err e = { 0 };
	int r = oom_reports_read(k->in->host, path, 1, k->arena, &reports, &e);

	if (r < 0) {
		explain_unseen(k, "whose limit an OOM kill was for: %s", e.msg);
		return;
	}
	if (!reports.n)
		return;
	o->owner = reports.v[0].owner;
	o->limit_bytes =
		reports.v[0].limit_bytes > 0 && reports.v[0].limit_bytes != CG_MAX ? reports.v[0].limit_bytes : 0;
	o->victim = reports.v[0].victim;
	o->victim_pid = reports.v[0].victim_pid;
}

/* v2 counts in the owner's group, and so tells without the log. */
static void complete_from_counts(struct explainer *k, struct explain_oom *o)
{
	int h = cgroup_layout_find(k->in->layout, CGROUP_MEMORY);

	for (const struct level *at = k->memory; at && !o->owner && h >= 0 && k->in->layout->h[h].v2; at = at->up)
		if (at->st.memory_events_local.oom > 0)
			o->owner = at->path;
}

static int64_t limit_at(const struct explainer *k, const char *path)
{
	for (const struct level *at = k->memory; at; at = at->up)
		if (strcmp(at->path, path) == 0)
			return at->st.memory.limit_bytes == CG_MAX ? 0 : at->st.memory.limit_bytes;
	return 0;
}

/* The root's count is that of everybody on the host. */
static bool counts_own_kills(const struct explainer *k)
{
	return k->memory && k->memory->up && k->memory->st.memory_events.oom_kill > 0;
}

static bool is_below_it(const struct explainer *k, const char *path)
{
	size_t n = k->memory ? strlen(k->memory->path) : 0;

	return n && strncmp(path, k->memory->path, n) == 0 && path[n] == '/';
}

static bool find_oom(struct explainer *k, struct explain_oom *ret)
{
	*ret = k->in->oom;
	if (!ret->kills && counts_own_kills(k))
		ret->kills = k->memory->st.memory_events.oom_kill;
	if (!ret->kills)
		return false;
	if (!ret->owner && k->memory) {
		complete_from_log(k, ret, k->memory->path);
		complete_from_counts(k, ret);
	}
	if (ret->owner && !ret->limit_bytes)
		ret->limit_bytes = limit_at(k, ret->owner);
	return true;
}

static const char *victim_text(struct explainer *k, const struct explain_oom *o)
{
	bool first = k->in->pid_is_first && o->victim_pid == k->in->pid;
	const char *which = k->in->alive && k->in->pid_is_first && !first ? "a child process" : "a process", *text;

	if (!o->victim_pid)
		return arena_fmt(k->arena, "%s was killed", which);
	text = arena_fmt(k->arena, "%s was killed, %d (%s)%s", which, (int)o->victim_pid, o->victim ? o->victim : "?",
			 k->in->alive && k->in->pid_is_first && !first ? "; the first one lives on" : "");
	return text ? text : "";
}

static void oom(struct explainer *k)
{
	struct explain_oom o;
	const char *victim, *limit, *more;

	if (!find_oom(k, &o))
		return;
	victim = victim_text(k, &o);
	limit = o.limit_bytes > 0 ?
			arena_fmt(k->arena, "the memory limit %s of", explain_bytes(k->arena, o.limit_bytes)) :
			"the memory limit of";
	more = o.kills > 1 ? arena_fmt(k->arena, " (%lld OOM kills)", (long long)o.kills) : "";
	if (!victim || !limit || !more)
		k->failed = -ENOMEM;
	else if (!o.owner)
		explain_trouble(k, TROUBLE_OOM_UNKNOWN, own_oom_advice(k), "out of memory: %s%s", victim, more);
	else if (strcmp(o.owner, "/") == 0)
		explain_trouble(k, TROUBLE_OOM_HOST,
				"give memory limits to what takes it, so that the host has some left",
				"out of memory: the whole host had none left; %s%s", victim, more);
	else if (explain_is_own(k, o.owner))
		explain_trouble(k, TROUBLE_OOM_OWN_LIMIT, own_oom_advice(k),
				"out of memory: %s %s itself was reached; %s%s", limit, k->in->name, victim, more);
	else if (is_below_it(k, o.owner))
		explain_trouble(k, TROUBLE_OOM_OTHER_LIMIT, "tare explain or tare oom of that group tells more",
				"out of memory: %s cgroup %s below it was reached; %s%s", limit, o.owner, victim, more);
	else
		explain_trouble(
			k, TROUBLE_OOM_OTHER_LIMIT,
			"the limit is of a group above, shared with others: raise that one, or limit its other members",
			"out of memory: %s cgroup %s above it was reached; %s%s", limit, o.owner, victim, more);
}

/* ---- processes -------------------------------------------------------------------------------------------------- */

static void pids(struct explainer *k)
{
	struct limit room = headroom_pids(k->pids), limit = limit_pids(k->pids);
	int64_t hits = k->pids && k->pids->st.pids.limit_hits > 0 ? k->pids->st.pids.limit_hits : 0;
	const char *owner = room.value == 0 ? room.owner : limit.owner;
	const char *advice =
		"look for processes that nobody waits for (tare top), or give it a higher --pids-limit; threads "
		"count too";

	if (!k->pids || !limit.owner || (room.value > 0 && !hits))
		return;
	for (const struct level *at = k->pids; at; at = at->up)
		if (strcmp(at->path, owner) == 0)
			limit.value = at->st.pids.limit;
	if (room.value == 0)
		explain_trouble(k, TROUBLE_PIDS, advice,
				"no process more: the limit %lld %s is reached, %lld forks were refused",
				(long long)limit.value, explain_owner(k, owner), (long long)hits);
	else
		explain_trouble(k, TROUBLE_PIDS, advice, "%lld forks were refused at the limit of %lld processes %s",
				(long long)hits, (long long)limit.value, explain_owner(k, owner));
}

/* ---- memory ----------------------------------------------------------------------------------------------------- */

static void memory_full_at(struct explainer *k, const struct level *at)
{
	int64_t limit = at->st.memory.limit_bytes, used = at->st.memory.usage_bytes;
	int64_t free_able = memory_reclaimable(&at->st), held, tmpfs = at->st.memory.shmem;
	const char *owner = explain_owner(k, at->path), *of, *in;

	if (limit <= 0 || limit == CG_MAX || used < limit / 100 * NEARLY_FULL)
		return;
	held = used > free_able ? used - free_able : 0;
	of = explain_bytes(k->arena, limit);
	in = explain_bytes(k->arena, used);
	if (held < limit / 100 * NEARLY_FULL)
		explain_trouble(
			k, TROUBLE_CACHE, NULL,
			"memory is full of page cache, which is harmless: of %s used, %s can be taken back (limit %s %s)",
			in, explain_bytes(k->arena, free_able), of, owner);
	else if (tmpfs > held / 2)
		explain_trouble(
			k, TROUBLE_MEMORY_TMPFS,
			"remove files from /dev/shm, /run and --tmpfs mounts, or give those a size below the memory limit",
			"memory is nearly full of files in tmpfs, which stay: %s of the limit %s %s",
			explain_bytes(k->arena, tmpfs), of, owner);
	else
		explain_trouble(k, TROUBLE_MEMORY_FULL,
				"the next allocation may bring the OOM killer: raise the limit, or use less",
				"memory is nearly full: %s of the limit %s %s cannot be taken back",
				explain_bytes(k->arena, held), of, owner);
}

static void memory_full(struct explainer *k)
{
	for (const struct level *at = k->memory; at && at->up; at = at->up)
		memory_full_at(k, at);
}

/* ---- CPU -------------------------------------------------------------------------------------------------------- */

static void throttled_at(struct explainer *k, const struct level *at, bool own)
{
	int64_t periods = at->st.cpu.periods, throttled = at->st.cpu.throttled_periods, percent;
	const char *limit = explain_cpus(k->arena, limit_cpu_of(&at->st)), *seconds;

	if (periods <= 0 || throttled < THROTTLED_PERIODS || limit_cpu_of(&at->st) == CG_MAX)
		return;
	percent = throttled * 100 / periods;
	if (percent < THROTTLED_PERCENT)
		return;
	seconds = arena_fmt(k->arena, "%.1f s in all", (double)at->st.cpu.throttled_ns / 1e9);
	if (!seconds)
		k->failed = -ENOMEM;
	else if (own)
		explain_trouble(
			k, TROUBLE_THROTTLED,
			"give it a higher --cpus, or fewer threads: a limit below the number of busy threads stops all of "
			"them for the rest of each period",
			"throttled by the CPU limit of %s itself, %s: it had to wait in %lld %% of the periods, %s",
			k->in->name, limit, (long long)percent, seconds);
	else
		explain_trouble(
			k, TROUBLE_THROTTLED_ABOVE,
			"the limit is of a group above, shared with others: raise that one, or limit its other members",
			"throttled by the CPU limit of cgroup %s above it, %s: it had to wait in %lld %% of the periods, %s",
			at->path, limit, (long long)percent, seconds);
}

static void throttled(struct explainer *k)
{
	for (const struct level *at = k->cpu; at; at = at->up)
		throttled_at(k, at, at == k->cpu);
}

/* ---- block I/O -------------------------------------------------------------------------------------------------- */

static const struct {
	size_t used, limit;
	const char *what;
	bool bytes;
} io_ways[] = {
#define WAY(used, limit, what, bytes)                                                                                  \
	{ offsetof(struct cgroup_device_io, used), offsetof(struct cgroup_device_io, limit), what, bytes }
	WAY(read_bytes, read_bps, "reads", true),
	WAY(write_bytes, write_bps, "writes", true),
	WAY(reads, read_iops, "reads", false),
	WAY(writes, write_iops, "writes", false),
};

static int64_t number_at(const struct cgroup_device_io *d, size_t at)
{
	return *(const int64_t *)(const void *)((const char *)d + at);
}

static const struct cgroup_device_io *same_device(const struct level *at, const struct cgroup_device_io *d)
{
	for (size_t i = 0; at && i < at->st.io.n; i++)
		if (at->st.io.device[i].major == d->major && at->st.io.device[i].minor == d->minor)
			return &at->st.io.device[i];
	return NULL;
}

static void io_device(struct explainer *k, const struct level *before, const struct level *after,
		      const struct cgroup_device_io *d)
{
	const struct cgroup_device_io *old = same_device(before, d);
	const char *owner = explain_owner(k, after->path);

	for (size_t i = 0; i < sizeof io_ways / sizeof *io_ways; i++) {
		int64_t limit = number_at(d, io_ways[i].limit), now = number_at(d, io_ways[i].used);
		int64_t then = old ? number_at(old, io_ways[i].used) : 0;
		double rate =
			(double)(now - (then > 0 ? then : 0)) * 1e9 / (double)(k->io_moment_ns ? k->io_moment_ns : 1);
		const char *text;

		if (limit <= 0 || limit == CG_MAX || now <= 0 || rate < 0.7 * (double)limit)
			continue;
		text = io_ways[i].bytes ? arena_fmt(k->arena, "%s/s", explain_bytes(k->arena, limit)) :
					  arena_fmt(k->arena, "%lld/s", (long long)limit);
		explain_trouble(
			k, TROUBLE_IO_LIMIT,
			"raise --device-read-bps, --device-write-bps or their -iops, or spread the work over time",
			"%s of disk %u:%u are held back by the limit %s %s", io_ways[i].what, d->major, d->minor,
			text ? text : "", owner);
	}
}

static void io_limit(struct explainer *k)
{
	const struct level *before = k->io;

	for (const struct level *after = k->io_later; after && before; after = after->up, before = before->up)
		for (size_t i = 0; i < after->st.io.n; i++)
			io_device(k, before, after, &after->st.io.device[i]);
}

/* ---- pressure, and what others did ------------------------------------------------------------------------------ */

static void pressure_of(struct explainer *k, const char *what, const struct psi *p, const char *advice)
{
	if (p->some.avg10 >= EXPLAIN_PRESSURE)
		explain_trouble(k, TROUBLE_PRESSURE, advice, "it waits for %s: %.1f %% of the last ten seconds", what,
				(double)p->some.avg10 / 100);
}

static void pressure(struct explainer *k)
{
	if (!k->pressure)
		return;
	pressure_of(k, "memory", &k->pressure->st.memory.pressure, "its memory is too small for what it works on");
	pressure_of(k, "block I/O", &k->pressure->st.io.pressure,
		    "the disk is busy, or limited (tare cgroup --sort io)");
	pressure_of(k, "a CPU", &k->pressure->st.cpu.pressure,
		    "the CPUs are busy with others, or limited (tare cgroup --sort cpu)");
}

static void changed(struct explainer *k)
{
	for (size_t i = 0; i < k->in->n_settings; i++) {
		const struct explain_setting *s = &k->in->settings[i];

		if (s->changed && s->now)
			explain_trouble(k, TROUBLE_CHANGED, "set it with tare update, so that it is known and kept",
					"%s was changed by somebody: %s instead of %s (%s)", s->file, s->now, s->wrote,
					s->option);
	}
}

void explain_troubles(struct explainer *k)
{
	oom(k);
	pids(k);
	memory_full(k);
	throttled(k);
	io_limit(k);
	pressure(k);
	changed(k);
}
