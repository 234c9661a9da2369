/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_oom.c - `tare oom`: what the kernel told of OOM kills, of one container, process or group, or of the whole host. */
#include "base/clock.h"
#include "base/limits.h"
#include "base/scope.h"
#include "base/table.h"
#include "cli/human.h"
#include "cli/page.h"
#include "cli/see.h"
#include "engine/survey.h"
#include "report/subject.h"
#include "insight/oom_report.h"
#include "monitor/oom.h"
#include "oci/json.h"

#include <errno.h>
#include <string.h>
#include <time.h>

struct oom_options {
	struct see_options see;
	int64_t last;
};

static int set_last(const struct option_call *c, struct err *e)
{
	struct oom_options *o = c->target;
	int64_t n;

	if (sv_i64(sv_from(c->text), &n) < 0 || n < 1 || n > 1000)
		return err_set(e, EINVAL, "\"%.40s\" is no number from 1 to 1000", c->text);
	o->last = n;
	return 0;
}

static const struct option rows[] = {
	SEE_FORMAT("text"),
	{ "last", 'n', "N", "the N last kills (default 1; without an operand 10)", set_last },
	SEE_NO_TRUNC,
};

static OPTION_GROUP(group, "Options", rows);
static const struct option_group *const groups[] = { &group, NULL };

/* ---- words ------------------------------------------------------------------------------------------------------ */

/* since 1970 */
static int64_t when_ms(int64_t time_us)
{
	int64_t boot = clock_real_ns();
	struct timespec since;

	(void)clock_gettime(CLOCK_MONOTONIC, &since); /* the log's clock stands still in suspend, as this one does */
	boot -= (int64_t)since.tv_sec * 1000000000 + since.tv_nsec;
	return (boot + time_us * 1000) / 1000000;
}

static const char *when(int64_t time_us, char ret[RFC3339_SIZE])
{
	(void)clock_rfc3339(when_ms(time_us) * 1000000, ret);
	return ret;
}

static const char *size(int64_t bytes, struct arena *a)
{
	char text[HUMAN_SIZE];

	return bytes == CG_UNSET ? "-" : bytes == CG_MAX ? "none" : arena_str(a, human_binary(bytes, text));
}

/* Names of containers for paths of groups. */
struct names {
	const struct container_items *items;
	struct arena *arena;
	bool whole; /* --no-trunc */
};

static const char *name_of(const struct names *n, const char *path)
{
	for (size_t i = 0; n->items && i < n->items->n; i++) {
		const struct container_row *row = &n->items->v[i].row;
		size_t len = row->cgroup ? strlen(row->cgroup) : 0;
		const char *text;

		if (!len || strncmp(path, row->cgroup, len) != 0 || (path[len] && path[len] != '/'))
			continue;
		text = arena_fmt(n->arena, "container %s%s%s", row->name, path[len] ? ", its group " : "", path + len);
		return text ? text : path;
	}
	if (strcmp(path, "/") == 0)
		return "the host";
	path = arena_fmt(n->arena, "cgroup %s", path);
	return path ? path : "";
}

static void put_first_line(const struct names *n, const struct oom_report *r, struct buf *out)
{
	const char *whose = strcmp(r->owner, "/") == 0 ? "the whole host was out of memory" : name_of(n, r->owner);
	bool own = strcmp(r->owner, r->group) == 0;

	if (strcmp(r->owner, "/") == 0)
		buf_putf(out, "%s: %s", name_of(n, r->group), whose);
	else if (r->limit_bytes > 0 && r->limit_bytes != CG_MAX)
		buf_putf(out, "%s: the memory limit %s of %s was reached", name_of(n, r->group),
			 size(r->limit_bytes, n->arena), own ? "its own" : whose);
	else
		buf_putf(out, "%s: the memory limit of %s was reached", name_of(n, r->group), own ? "its own" : whose);
	buf_putf(out, "; process %d (%s) was killed\n", (int)r->victim_pid, r->victim);
}

static void put_split(const struct oom_report *r, struct arena *a, struct buf *out)
{
	if (r->usage_bytes == CG_UNSET && r->anon == CG_UNSET)
		return;
	buf_putf(out, "memory: %s of %s; processes %s, page cache and tmpfs %s (tmpfs %s), kernel %s, swap %s\n",
		 size(r->usage_bytes, a), size(r->limit_bytes, a), size(r->anon, a), size(r->file, a),
		 size(r->shmem, a), size(r->kernel_bytes, a), size(r->swap_bytes, a));
	if (r->limit_hits != CG_UNSET && r->limit_hits != CG_MAX)
		buf_putf(out, "it was at its limit %lld times before\n", (long long)r->limit_hits);
}

static int by_rss(const void *a, const void *b)
{
	const struct oom_task *x = a, *y = b;

	return (x->rss_bytes < y->rss_bytes) - (x->rss_bytes > y->rss_bytes);
}

static const struct table_column columns[] = { { "PID" },	 { "UID", 0, 2 },  { "RSS" },
					       { "ANON" },	 { "FILE" },	   { "SHMEM" },
					       { "SWAP", 0, 1 }, { "OOM ADJ", 0, 3 }, { "NAME", 12 } };

static int put_tasks(const struct names *n, struct oom_report *r, struct buf *out, struct err *e)
{
	struct arena *a = n->arena;
	struct table t;
	int done;

	if (!r->n_tasks) {
		buf_puts(out, "the kernel log has no table of processes for it\n");
		return 0;
	}
	qsort(r->tasks, r->n_tasks, sizeof *r->tasks, by_rss);
	table_init(&t, a, columns, ARRAY_LEN(columns));
	for (size_t i = 0; i < r->n_tasks; i++) {
		const struct oom_task *k = &r->tasks[i];
		char pid[16], uid[16], adj[24];

		(void)snprintf(pid, sizeof pid, "%d%s", (int)k->pid, k->pid == r->victim_pid ? "*" : "");
		(void)snprintf(uid, sizeof uid, "%u", k->uid);
		(void)snprintf(adj, sizeof adj, "%lld", (long long)k->score_adj);
		table_row(&t, (const char *const[]){ pid, uid, size(k->rss_bytes, a), size(k->anon_bytes, a),
						     size(k->file_bytes, a), size(k->shmem_bytes, a),
						     size(k->swap_bytes, a), adj, k->name });
	}
	done = page_table(&t, n->whole, out, e);
	if (r->more)
		buf_puts(out, "and more\n");
	return done;
}

/* Use of memory before the last kill, as the container's monitor saw it; NULL: it has seen nothing. */
struct before {
	const char *samples; /* memory_use.h */
	int64_t kill_ms;     /* since 1970 */
	int64_t limit_bytes; /* 0: not known */
};

static bool next_before(const struct before *b, struct sv *rest, struct memory_sample *ret)
{
	return memory_samples_next(rest, ret) && ret->time_ms <= b->kill_ms;
}

static int put_before(const struct before *b, struct arena *a, struct buf *out, struct err *e)
{
	static const struct table_column shown[] = { { "BEFORE" }, { "USED" }, { "OF LIMIT" } };
	struct sv rest = sv_from(b->samples);
	struct memory_sample s;
	struct table t;

	if (!next_before(b, &(struct sv){ rest.p, rest.n }, &s))
		return 0;
	table_init(&t, a, shown, ARRAY_LEN(shown));
	while (next_before(b, &rest, &s)) {
		char ago[32], share[16] = "-";

		(void)snprintf(ago, sizeof ago, "%.1f s", (double)(b->kill_ms - s.time_ms) / 1000);
		if (b->limit_bytes > 0 && b->limit_bytes != CG_MAX)
			(void)snprintf(share, sizeof share, "%.0f %%",
				       (double)s.bytes * 100 / (double)b->limit_bytes);
		table_row(&t, (const char *const[]){ arena_str(a, ago), size(s.bytes, a), arena_str(a, share) });
	}
	buf_puts(out, "memory in use before the kill, as it was seen:\n");
	return page_table(&t, false, out, e);
}

static int put_report(const struct names *n, struct oom_report *r, struct buf *out, struct err *e)
{
	char at[RFC3339_SIZE];

	put_first_line(n, r, out);
	buf_putf(out, "at %s, in %s\n", when(r->time_us, at), r->group);
	put_split(r, n->arena, out);
	return put_tasks(n, r, out, e);
}

/* ---- JSON ------------------------------------------------------------------------------------------------------- */

struct sample_shown {
	const char *time;
	int64_t bytes;
};

struct task_shown {
	int64_t pid, uid, rss_bytes, anon_bytes, file_bytes, shmem_bytes, swap_bytes, score_adj;
	const char *name;
};

struct report_shown {
	const char *time;
	int64_t victim_pid;
	struct {
		struct task_shown *v;
		size_t n;
	} tasks;
	struct {
		struct sample_shown *v;
		size_t n;
	} before;
	struct oom_report report;
};

#define NUMBER(type, key, field) { key, JSON_LIMIT, JSON_NULL, offsetof(type, field) }
static const struct json_row task_rows[] = {
	NUMBER(struct task_shown, "Pid", pid),
	NUMBER(struct task_shown, "Uid", uid),
	NUMBER(struct task_shown, "RSS", rss_bytes),
	NUMBER(struct task_shown, "Anon", anon_bytes),
	NUMBER(struct task_shown, "File", file_bytes),
	NUMBER(struct task_shown, "Shmem", shmem_bytes),
	NUMBER(struct task_shown, "Swap", swap_bytes),
	NUMBER(struct task_shown, "OomScoreAdj", score_adj),
	{ "Name", JSON_TEXT, 0, offsetof(struct task_shown, name) },
};
static const struct json_table task_table = JSON_TABLE(task_rows, struct task_shown);

static const struct json_row sample_rows[] = {
	{ "Time", JSON_TEXT, 0, offsetof(struct sample_shown, time) },
	NUMBER(struct sample_shown, "Usage", bytes),
};
static const struct json_table sample_table = JSON_TABLE(sample_rows, struct sample_shown);

static const struct json_row victim_rows[] = {
	NUMBER(struct report_shown, "Pid", victim_pid),
	{ "Name", JSON_TEXT, 0, offsetof(struct report_shown, report.victim) },
};
static const struct json_table victim_table = JSON_TABLE(victim_rows, struct report_shown);

static const struct json_row report_rows[] = {
	{ "Time", JSON_TEXT, 0, offsetof(struct report_shown, time) },
	{ "Owner", JSON_TEXT, 0, offsetof(struct report_shown, report.owner) },
	{ "Group", JSON_TEXT, 0, offsetof(struct report_shown, report.group) },
	{ "Victim", JSON_OBJECT, 0, 0, &victim_table },
	NUMBER(struct report_shown, "Usage", report.usage_bytes),
	NUMBER(struct report_shown, "Limit", report.limit_bytes),
	NUMBER(struct report_shown, "LimitHits", report.limit_hits),
	NUMBER(struct report_shown, "Anon", report.anon),
	NUMBER(struct report_shown, "File", report.file),
	NUMBER(struct report_shown, "Shmem", report.shmem),
	NUMBER(struct report_shown, "Kernel", report.kernel_bytes),
	NUMBER(struct report_shown, "Swap", report.swap_bytes),
	{ "Processes", JSON_OBJECTS, JSON_ALWAYS, offsetof(struct report_shown, tasks), &task_table },
	{ "Before", JSON_OBJECTS, JSON_ALWAYS, offsetof(struct report_shown, before), &sample_table },
};
static const struct json_table report_table = JSON_TABLE(report_rows, struct report_shown);

static int show_before(struct report_shown *s, const struct before *b, struct arena *a)
{
	struct sv rest = sv_from(b->samples);
	struct memory_sample k;
	char at[RFC3339_SIZE];

	s->before.v = arena_array(a, MEMORY_SAMPLES_TEXT, sizeof *s->before.v);
	while (s->before.v && next_before(b, &rest, &k)) {
		(void)clock_rfc3339(k.time_ms * 1000000, at);
		s->before.v[s->before.n++] = (struct sample_shown){ arena_str(a, at), k.bytes };
	}
	return s->before.v ? 0 : -ENOMEM;
}

static int json_report(const struct oom_report *r, const struct before *b, struct arena *a, struct buf *out,
		       struct err *e)
{
	char at[RFC3339_SIZE];
	struct report_shown s = { .time = when(r->time_us, at), .victim_pid = r->victim_pid, .report = *r };

	s.tasks.v = arena_array(a, r->n_tasks + 1, sizeof *s.tasks.v);
	if (!s.tasks.v || (b && show_before(&s, b, a) < 0))
		return err_oom(e);
	for (; s.tasks.n < r->n_tasks; s.tasks.n++) {
		const struct oom_task *t = &r->tasks[s.tasks.n];

		s.tasks.v[s.tasks.n] = (struct task_shown){ t->pid,	     t->uid,	   t->rss_bytes,
							    t->anon_bytes,  t->file_bytes, t->shmem_bytes,
							    t->swap_bytes, t->score_adj,  t->name };
	}
	if (json_encode(&report_table, &s, false, out, e) == 0)
		buf_puts(out, "\n");
	return buf_status(out, e);
}

/* ---- the command ------------------------------------------------------------------------------------------------ */

static const char *group_of(const struct seeing *s, const struct subject *subject)
{
	int h = cgroup_layout_find(&s->layout, CGROUP_MEMORY);

	return h < 0 ? NULL : subject->place.path[h];
}

/* The last kill: of the report, or the end of the container. Shares are those of its own limit. */
static struct before before_of(const struct subject *s, const struct oom_report *last)
{
	const struct outcome *o = &s->state.outcome;
	int64_t at_ns = o->finished_ns ? o->finished_ns : clock_real_ns();
	struct before b = { .samples = "", .kill_ms = last ? when_ms(last->time_us) : at_ns / 1000000 };
	const char *owner = last ? last->owner : o->oom_owner;

	if (s->kind != SUBJECT_CONTAINER || !s->row.cgroup)
		return b;
	b.samples = o->oom_samples;
	if (strcmp(owner, s->row.cgroup) == 0)
		b.limit_bytes = last ? last->limit_bytes : o->oom_limit_bytes;
	return b;
}

/* The log says nothing of it, or is not for us: what the container's monitor has kept. */
static int tell_outcome(const struct subject *s, const struct err *why, struct arena *a, struct buf *out,
			struct err *e)
{
	const struct outcome *o = &s->state.outcome;
	const struct before before = before_of(s, NULL);
	struct err text = { 0 };
	int r = 0;

	if (s->kind == SUBJECT_CONTAINER && o->oom_killed) {
		oom_tell(o, s->row.cgroup, &text);
		buf_putf(out, "%s: %s\n", s->text, text.msg);
		r = put_before(&before, a, out, e);
	} else {
		buf_putf(out, "%s: no OOM kill is known\n", s->text);
	}
	if (why->msg[0])
		buf_putf(out, "not seen: the kernel log: %s\n", why->msg);
	return r < 0 ? r : buf_status(out, e);
}

static int put_all(const struct oom_options *o, const struct names *n, const struct subject *subject,
		   struct oom_reports *all, struct buf *out, struct err *e)
{
	const struct before before = before_of(subject, &all->v[all->n - 1]);
	int r = 0;

	for (size_t i = all->n; r == 0 && i-- > 0;) {
		bool last = i == all->n - 1;

		if (o->see.json) {
			r = json_report(&all->v[i], last ? &before : NULL, n->arena, out, e);
			continue;
		}
		r = put_report(n, &all->v[i], out, e);
		if (r == 0 && last)
			r = put_before(&before, n->arena, out, e);
		if (i)
			buf_puts(out, "\n");
	}
	return r < 0 ? r : buf_status(out, e);
}

static int run(struct cli *cli, void *options, const struct operands *operands, int *ret_status, struct err *e)
{
	const struct oom_options *o = options;
	scoped_seeing s = { .session = { .open = false } };
	scoped_buf out = BUF(CLI_OUTPUT_MAX);
	scoped_arena a = ARENA(LIMIT_ARENA_STATS);
	struct container_items items = { 0 };
	struct oom_reports all = { 0 };
	struct names names = { &items, &a, o->see.no_trunc };
	struct subject subject = { 0 };
	struct err why = { 0 };
	size_t most = o->last ? (size_t)o->last : operands->n ? 1 : 10;
	int r = seeing_open(&s, cli, e);

	if (r == 0 && operands->n)
		r = subject_find(s.engine, &s.session.host, &s.layout, operands->v[0], &a, &subject, e);
	if (r < 0)
		return r;
	if (s.engine)
		(void)engine_survey(s.engine, SURVEY_ALL, &a, &items, NULL);
	r = oom_reports_read(&s.session.host, operands->n ? group_of(&s, &subject) : NULL, most, &a, &all, &why);
	if ((r == -EPERM || r == -EACCES) && !operands->n)
		return err_set(e, -r, "%s: the kernel's log, which tells of them, is not for this user", why.msg);
	if (r < 0 && !operands->n)
		return err_set(e, -r, "%s", why.msg);
	if (all.n)
		r = put_all(o, &names, &subject, &all, &out, e);
	else if (operands->n && !o->see.json)
		r = tell_outcome(&subject, &why, &a, &out, e);
	else
		r = 0;
	return see_print(r, &o->see, &out, e);
}

const struct command command_oom = {
	.name = "oom",
	.args = "[OPTIONS] [CONTAINER|PID|CGROUP|pod/NAME]",
	.summary = "tell of OOM kills: whose limit, who was killed, what memory held",
	.complete = "container",
	.groups = groups,
	.options_size = sizeof(struct oom_options),
	.max_args = 1,
	.run = run,
};
