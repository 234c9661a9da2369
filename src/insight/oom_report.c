/* SPDX-License-Identifier: Apache-2.0 */
#include "insight/oom_report.h"

#include "base/scope.h"
#include "kernel/host.h"

#include <errno.h>
#include <string.h>

/* ---- lines ------------------------------------------------------------------------------------------------------ */

static int64_t page_bytes(uint64_t pages)
{
	return pages > INT64_MAX / 4096 ? CG_MAX : (int64_t)(pages * (uint64_t)sysconf(_SC_PAGESIZE));
}

/* "NAME 123" in bytes: v1 says rss and cache, v2 anon and file */
static void take_memory_line(struct oom_report *r, struct sv line)
{
	static const struct {
		const char *name;
		size_t at;
	} rows[] = {
		{ "anon", offsetof(struct oom_report, anon) },
		{ "rss", offsetof(struct oom_report, anon) },
		{ "file", offsetof(struct oom_report, file) },
		{ "cache", offsetof(struct oom_report, file) },
		{ "shmem", offsetof(struct oom_report, shmem) },
		{ "kernel", offsetof(struct oom_report, kernel_bytes) },
	};
	struct sv name, value;
	uint64_t v;

	if (!sv_cut(line, ' ', &name, &value) || sv_u64(sv_trim(value), &v) < 0 || v > INT64_MAX)
		return;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int64_t *to = (int64_t *)(void *)((char *)r + rows[i].at);

		if (sv_is(name, rows[i].name) && *to == CG_UNSET)
			*to = (int64_t)v;
	}
}

/* "usage 32768kB, limit 32768kB, failcnt 23": the number behind a word */
static int64_t number_after(struct sv line, const char *word)
{
	struct sv part;
	uint64_t v;

	while (sv_next(&line, ',', &part)) {
		struct sv name, value;

		part = sv_trim(part);
		if (!sv_cut(part, ' ', &name, &value) || !sv_is(name, word))
			continue;
		if (sv_has_suffix(value, "kB"))
			value.n -= 2;
		return sv_u64(value, &v) < 0 || v > INT64_MAX / 1024 ? CG_MAX : (int64_t)v;
	}
	return CG_UNSET;
}

static int64_t kib(int64_t n)
{
	return n == CG_UNSET || n == CG_MAX ? n : n * 1024;
}

static bool take_counter_line(struct oom_report *r, struct sv line)
{
	struct sv name, rest;

	if (!sv_cut(line, ':', &name, &rest) || number_after(rest, "usage") == CG_UNSET)
		return false;
	if (sv_is(name, "memory")) {
		r->usage_bytes = kib(number_after(rest, "usage"));
		r->limit_bytes = kib(number_after(rest, "limit"));
		r->limit_hits = number_after(rest, "failcnt");
	} else if (sv_is(name, "swap")) {
		r->swap_bytes = kib(number_after(rest, "usage"));
	} else if (sv_is(name, "kmem")) {
		r->kernel_bytes = kib(number_after(rest, "usage"));
	}
	return true;
}

/* ---- the table of processes ------------------------------------------------------------------------------------- */

static size_t numbers_of(struct sv *rest, int64_t *ret, size_t most)
{
	size_t n = 0;

	while (n < most) {
		struct sv word, after;

		*rest = sv_trim(*rest);
		(void)sv_cut(*rest, ' ', &word, &after);
		if (sv_i64(word, &ret[n]) < 0)
			return n;
		*rest = after;
		n++;
	}
	return n;
}

/* "[  12345]     0 12345     8452     8120     8000      120        0    98304        0             0 probe": uid, tgid,
 * total_vm, rss, since Linux 6.8 its three parts, page tables, swap, oom_score_adj, and a name that may be a number. */
static bool parse_task(struct sv line, struct oom_task *ret)
{
	struct sv head, pid, rest;
	int64_t v[10];
	uint64_t p;
	size_t n;

	if (!line.n || line.p[0] != '[' || !sv_cut(line, ']', &head, &rest))
		return false;
	pid = sv_trim((struct sv){ head.p + 1, head.n - 1 });
	if (sv_u64(pid, &p) < 0 || p > INT32_MAX)
		return false;
	n = numbers_of(&rest, v, 10);
	if (n != 7 && n != 10)
		return false;
	*ret = (struct oom_task){ .pid = (pid_t)p, .uid = (uint32_t)v[0], .tgid = (pid_t)v[1],
				  .anon_bytes = CG_UNSET, .file_bytes = CG_UNSET, .shmem_bytes = CG_UNSET };
	ret->rss_bytes = page_bytes((uint64_t)v[3]);
	if (n == 10) {
		ret->anon_bytes = page_bytes((uint64_t)v[4]);
		ret->file_bytes = page_bytes((uint64_t)v[5]);
		ret->shmem_bytes = page_bytes((uint64_t)v[6]);
	}
	ret->swap_bytes = page_bytes((uint64_t)v[n - 2]);
	ret->score_adj = v[n - 1];
	rest = sv_trim(rest);
	rest.n = rest.n < OOM_TASK_MAX ? rest.n : OOM_TASK_MAX - 1;
	for (size_t i = 0; i < rest.n; i++)
		ret->name[i] = rest.p[i] < ' ' || rest.p[i] > '~' ? '?' : rest.p[i];
	return true;
}

static void take_task(struct oom_collector *c, struct sv line)
{
	struct oom_task t;

	if (!parse_task(line, &t))
		return;
	if (c->now.n_tasks == OOM_REPORT_TASKS) {
		c->now.more = true;
		return;
	}
	if (!c->now.tasks)
		c->now.tasks = arena_array(c->arena, OOM_REPORT_TASKS, sizeof *c->now.tasks);
	if (c->now.tasks)
		c->now.tasks[c->now.n_tasks++] = t;
	else
		c->failed = -ENOMEM;
}

/* ---- collecting ------------------------------------------------------------------------------------------------- */

static void begin(struct oom_collector *c)
{
	struct oom_task *room = c->now.tasks;

	c->now = (struct oom_report){ .usage_bytes = CG_UNSET, .limit_bytes = CG_UNSET, .limit_hits = CG_UNSET,
				      .swap_bytes = CG_UNSET, .kernel_bytes = CG_UNSET, .anon = CG_UNSET,
				      .file = CG_UNSET, .shmem = CG_UNSET, .tasks = room };
	c->in_tasks = false;
}

void oom_collector_init(struct oom_collector *c, struct arena *a)
{
	*c = (struct oom_collector){ .arena = a };
	begin(c);
}

static bool holds(struct sv line, const char *text)
{
	return line.n && memmem(line.p, line.n, text, strlen(text)) != NULL;
}

static void take_line(struct oom_collector *c, struct sv line)
{
	line = sv_trim(line);
	if (holds(line, " invoked oom-killer: "))
		begin(c);
	else if (sv_has_prefix(line, "Tasks state "))
		c->in_tasks = true;
	else if (c->in_tasks)
		take_task(c, line);
	else if (!take_counter_line(&c->now, line))
		take_memory_line(&c->now, line);
}

void oom_collector_line(struct oom_collector *c, struct sv text)
{
	struct sv line;

	while (sv_next(&text, '\n', &line)) /* statistics may be one record of many lines */
		take_line(c, line);
}

static const char *plain(struct arena *a, struct sv s)
{
	char *text = arena_sv(a, s);

	for (char *p = text; p && *p; p++)
		if (*p < ' ' || *p > '~')
			*p = '?';
	return text;
}

int oom_collector_take(struct oom_collector *c, const struct oom_record *r, uint64_t time_us, struct oom_report *ret,
		       struct err *e)
{
	struct oom_report o = c->now;

	o.owner = r->host_wide ? "/" : plain(c->arena, r->owner);
	o.group = plain(c->arena, r->group);
	o.victim = plain(c->arena, r->task);
	o.victim_pid = r->pid;
	o.time_us = (int64_t)time_us;
	o.tasks = arena_array(c->arena, o.n_tasks + 1, sizeof *o.tasks);
	if (!o.owner || !o.group || !o.victim || !o.tasks || c->failed)
		return err_oom(e);
	if (o.n_tasks)
		memcpy(o.tasks, c->now.tasks, o.n_tasks * sizeof *o.tasks);
	if (r->host_wide) /* what was printed is of the whole host then, in other words */
		o.usage_bytes = o.limit_bytes = CG_UNSET;
	*ret = o;
	begin(c);
	return 0;
}

/* ---- the log ---------------------------------------------------------------------------------------------------- */

static bool is_in(struct sv group, const char *top)
{
	size_t n = strlen(top);

	return strcmp(top, "/") == 0 || (sv_has_prefix(group, top) && (group.n == n || group.p[n] == '/'));
}

static void each(void *context, const struct kmsg_record *r)
{
	oom_collector_line(context, r->text);
}

static void keep(struct oom_reports *all, size_t most, const struct oom_report *r)
{
	if (all->n == most)
		memmove(all->v, all->v + 1, --all->n * sizeof *all->v);
	all->v[all->n++] = *r;
}

int oom_reports_read(const struct host *h, const char *group, size_t most, struct arena *a, struct oom_reports *ret,
		     struct err *e)
{
	struct oom_reports all = { .v = arena_array(a, most, sizeof *all.v) };
	struct oom_collector c;
	struct oom_record kill;
	struct oom_report report;
	struct oom_log log;
	int r = all.v && most ? oom_log_open(h, 0, &log, e) : err_oom(e);

	if (r < 0)
		return r;
	oom_collector_init(&c, a);
	log.each = each;
	log.context = &c;
	while ((r = oom_log_next(&log, &kill, e)) == 1) {
		if (group && !is_in(kill.group, group)) {
			begin(&c);
			continue;
		}
		r = oom_collector_take(&c, &kill, log.time_us, &report, e);
		if (r < 0)
			break;
		keep(&all, most, &report);
	}
	oom_log_close(&log);
	if (r == 0)
		*ret = all;
	return r;
}
