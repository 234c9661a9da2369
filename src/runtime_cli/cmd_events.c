/* SPDX-License-Identifier: Apache-2.0 */
/* events - a container's statistics, pressure and OOM kills as JSON, one a line, in runc's form.
 *
 * An OOM kill is what the kernel counted in the container's group (kernel/cgroup_stat.h): a descriptor that only says that
 * something happened somewhere above proves nothing. */
#include "base/clock.h"
#include "base/scope.h"
#include "kernel/cgroup_stat.h"
#include "oci/json.h"
#include "runtime_cli/state.h"

#include <poll.h>
#include <string.h>

#define LOOK_MS 200 /* for OOM kills */

struct events_options {
	int64_t interval_ms;
	bool stats;
};

/* Go's way to write a time: "5s", "1m30s", "500ms"; a plain number is seconds. */
static int set_interval(const struct option_call *c, struct err *e)
{
	static const struct {
		const char *unit;
		int64_t ms;
	} units[] = { { "ms", 1 }, { "s", 1000 }, { "m", 60000 }, { "h", 3600000 }, { "", 1000 } };
	struct sv rest = sv_from(c->text);
	int64_t sum = 0;

	while (rest.n) {
		size_t digits = strspn(rest.p, "0123456789"), letters, i = 0;
		uint64_t n;

		letters = strcspn(rest.p + digits, "0123456789");
		while (i < ARRAY_LEN(units) && !sv_is((struct sv){ rest.p + digits, letters }, units[i].unit))
			i++;
		if (i == ARRAY_LEN(units) || sv_u64((struct sv){ rest.p, digits }, &n) < 0 || n > 1000000)
			return err_set(e, EINVAL, "not a duration (5s, 500ms, 1m30s)");
		sum += (int64_t)n * units[i].ms;
		rest = (struct sv){ rest.p + digits + letters, rest.n - digits - letters };
	}
	if (sum <= 0)
		return err_set(e, EINVAL, "duration interval must be greater than 0");
	*(int64_t *)(void *)((char *)c->target + c->row->field) = sum;
	return 0;
}

static const struct option rows[] = {
	{ "interval", 0, "TIME", "between two statistics (default 5s)", set_interval,
	  offsetof(struct events_options, interval_ms) },
	{ "stats", 0, NULL, "print statistics once", option_switch, offsetof(struct events_options, stats) },
};
static OPTION_GROUP(group, "Options", rows);

static void init(void *options)
{
	((struct events_options *)options)->interval_ms = 5000;
}

/* ---- one line --------------------------------------------------------------------------------------------------- */

static int64_t or_zero(int64_t v)
{
	return v == CG_UNSET ? 0 : v;
}

/* "no limit" as the kernel's v1 files show it, which is what readers of runc's form know */
static uint64_t limit(int64_t v)
{
	return v == CG_UNSET ? 0 : v == CG_MAX ? UINT64_MAX : (uint64_t)v;
}

static void put_psi_line(const char *name, const struct psi_line *l, struct buf *out)
{
	buf_putf(out, "\"%s\":{\"avg10\":%lld.%02lld,\"avg60\":%lld.%02lld,\"avg300\":%lld.%02lld,\"total\":%lld}",
		 name, (long long)l->avg10 / 100, (long long)l->avg10 % 100, (long long)l->avg60 / 100,
		 (long long)l->avg60 % 100, (long long)l->avg300 / 100, (long long)l->avg300 % 100,
		 (long long)l->total_us);
}

static void put_psi(const struct psi *p, struct buf *out)
{
	if (p->some.total_us == CG_UNSET)
		return;
	buf_puts(out, ",\"psi\":{");
	put_psi_line("some", &p->some, out);
	if (p->full.total_us != CG_UNSET) {
		buf_puts(out, ",");
		put_psi_line("full", &p->full, out);
	}
	buf_puts(out, "}");
}

static void put_cpu(const struct cgroup_stat *s, struct buf *out)
{
	buf_putf(out,
		 "\"cpu\":{\"usage\":{\"total\":%lld,\"kernel\":%lld,\"user\":%lld},"
		 "\"throttling\":{\"periods\":%lld,\"throttledPeriods\":%lld,\"throttledTime\":%lld}",
		 (long long)or_zero(s->cpu.usage_ns), (long long)or_zero(s->cpu.system_ns),
		 (long long)or_zero(s->cpu.user_ns), (long long)or_zero(s->cpu.periods),
		 (long long)or_zero(s->cpu.throttled_periods), (long long)or_zero(s->cpu.throttled_ns));
	put_psi(&s->cpu.pressure, out);
	buf_puts(out, "}");
}

static void put_memory(const struct cgroup_stat *s, struct buf *out)
{
	const struct {
		const char *name;
		int64_t value;
	} raw[] = {
		{ "anon", s->memory.anon }, { "file", s->memory.file }, { "shmem", s->memory.shmem },
		{ "kernel", s->memory.kernel }, { "slab", s->memory.slab }, { "sock", s->memory.sock },
		{ "active_anon", s->memory.active_anon }, { "inactive_anon", s->memory.inactive_anon },
		{ "active_file", s->memory.active_file }, { "inactive_file", s->memory.inactive_file },
		{ "pgfault", s->memory.pgfault }, { "pgmajfault", s->memory.pgmajfault },
		{ "oom_kill", s->memory_events.oom_kill },
	};
	const char *comma = "";

	buf_putf(out,
		 ",\"memory\":{\"cache\":%lld,\"usage\":{\"limit\":%llu,\"usage\":%lld,\"max\":%lld,\"failcnt\":%lld},"
		 "\"swap\":{\"limit\":%llu,\"usage\":%lld,\"failcnt\":0},\"raw\":{",
		 (long long)or_zero(s->memory.file), (unsigned long long)limit(s->memory.limit_bytes),
		 (long long)or_zero(s->memory.usage_bytes), (long long)or_zero(s->memory.peak_bytes),
		 (long long)or_zero(s->memory_events.max), (unsigned long long)limit(s->memory.swap_limit_bytes),
		 (long long)or_zero(s->memory.swap_bytes));
	for (size_t i = 0; i < ARRAY_LEN(raw); i++) {
		if (raw[i].value == CG_UNSET)
			continue;
		buf_putf(out, "%s\"%s\":%lld", comma, raw[i].name, (long long)raw[i].value);
		comma = ",";
	}
	buf_puts(out, "}");
	put_psi(&s->memory.pressure, out);
	buf_puts(out, "}");
}

static void put_io(const struct cgroup_stat *s, struct buf *out)
{
	static const char *const lists[] = { "ioServiceBytesRecursive", "ioServicedRecursive" };

	buf_puts(out, ",\"blkio\":{");
	for (size_t k = 0; k < ARRAY_LEN(lists); k++) {
		buf_putf(out, "%s\"%s\":[", k ? "," : "", lists[k]);
		for (size_t i = 0; i < s->io.n; i++) {
			const struct cgroup_device_io *d = &s->io.device[i];

			buf_putf(out,
				 "%s{\"major\":%u,\"minor\":%u,\"op\":\"Read\",\"value\":%lld},"
				 "{\"major\":%u,\"minor\":%u,\"op\":\"Write\",\"value\":%lld}",
				 i ? "," : "", d->major, d->minor, (long long)or_zero(k ? d->reads : d->read_bytes),
				 d->major, d->minor, (long long)or_zero(k ? d->writes : d->write_bytes));
		}
		buf_puts(out, "]");
	}
	put_psi(&s->io.pressure, out);
	buf_puts(out, "}");
}

static void put_rest(const struct cgroup_stat *s, struct buf *out)
{
	buf_putf(out, ",\"pids\":{\"current\":%lld", (long long)or_zero(s->pids.current));
	if (s->pids.limit != CG_UNSET && s->pids.limit != CG_MAX)
		buf_putf(out, ",\"limit\":%lld", (long long)s->pids.limit);
	buf_puts(out, "},\"hugetlb\":{");
	for (size_t i = 0; i < s->hugetlb.n; i++)
		buf_putf(out, "%s\"%s\":{\"usage\":%lld,\"max\":%lld,\"failcnt\":%lld}", i ? "," : "",
			 s->hugetlb.size[i].size, (long long)or_zero(s->hugetlb.size[i].usage_bytes),
			 (long long)or_zero(s->hugetlb.size[i].peak_bytes),
			 (long long)or_zero(s->hugetlb.size[i].limit_hits));
	buf_puts(out, "}");
}

static void put_line(const char *type, const char *id, const struct cgroup_stat *s, struct buf *out)
{
	buf_putf(out, "{\"type\":\"%s\",\"id\":\"%s\"", type, id);
	if (s) {
		buf_puts(out, ",\"data\":{");
		put_cpu(s, out);
		put_memory(s, out);
		put_rest(s, out);
		put_io(s, out);
		buf_puts(out, "}");
	}
	buf_puts(out, "}\n");
}

/* ---- all of them ------------------------------------------------------------------------------------------------ */

static int tell(struct runtime *rt, const struct entry *c, unsigned what, int64_t *kills, struct err *e)
{
	scoped_buf out = BUF(RUNTIME_OUTPUT_MAX);
	struct cgroup_stat s;
	int r = cgroup_stat_read(&rt->host, &rt->facts.cgroup, c->record.cgroup, what, &s, e);

	if (r < 0)
		return r;
	if (kills && or_zero(s.memory_events.oom_kill) > *kills)
		put_line("oom", c->id, NULL, &out);
	if (kills)
		*kills = or_zero(s.memory_events.oom_kill);
	if (what == CGROUP_STAT_ALL)
		put_line("stats", c->id, &s, &out);
	return out.len ? runtime_print(&out, e) : 0;
}

/* Until its end, and what was counted up to then. */
static int follow(struct runtime *rt, const struct entry *c, int64_t interval_ms, struct err *e)
{
	scoped_fd fd = -1;
	int64_t kills = 0, due_ns = clock_monotonic_ns() + interval_ms * 1000000, now_ns;
	int r = entry_pidfd(rt, c, &fd, e), ended = 0;

	while (r == 0 && !ended) {
		struct pollfd p = { fd, POLLIN, 0 };
		unsigned what = CGROUP_STAT_EVENTS;

		ended = poll(&p, 1, interval_ms < LOOK_MS ? (int)interval_ms : LOOK_MS);
		now_ns = clock_monotonic_ns();
		if (now_ns >= due_ns && !ended) {
			what = CGROUP_STAT_ALL;
			due_ns = now_ns + interval_ms * 1000000;
		}
		r = tell(rt, c, what, &kills, e);
		if (r == -ENOENT)
			return 0; /* deleted */
	}
	return r;
}

static int events(struct runtime *rt, struct entry *c, void *options, const struct operands *o, int *ret_status,
		  struct err *e)
{
	const struct events_options *eo = options;
	enum container_status s;
	int r = runtime_facts(rt, e);

	if (r == 0)
		r = entry_status(rt, c, &s, NULL, e);
	if (r < 0)
		return r;
	if (s == STATUS_STOPPED || s == STATUS_CREATING)
		return err_set(e, ESRCH, "container with id %s is not running", c->id);
	if (!c->record.cgroup)
		return err_set(e, ENOENT, "container %s has no control group", c->id);
	return eo->stats ? tell(rt, c, CGROUP_STAT_ALL, NULL, e) : follow(rt, c, eo->interval_ms, e);
}

static const struct option_group *const groups[] = { &group, NULL };

const struct runtime_command runtime_command_events = {
	.name = "events", .args = "[OPTIONS] ID", .summary = "print statistics, pressure and OOM kills of a container",
	.groups = groups, .options_size = sizeof(struct events_options), .init = init, .min_args = 1, .max_args = 1,
	.on = events,
};
