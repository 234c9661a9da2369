/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_oom.c - `tare oom`: what the kernel told of OOM kills, of one container, process or group, or of the whole host. */
#include "base/clock.h"
#include "base/limits.h"
#include "base/scope.h"
#include "base/table.h"
#include "cli/human.h"
#include "cli/see.h"
#include "engine/survey.h"
#include "engine/subject.h"
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
};

static OPTION_GROUP(group, "Options", rows);
static const struct option_group *const groups[] = { &group, NULL };

/* ---- words ------------------------------------------------------------------------------------------------------ */

static const char *when(int64_t time_us, char ret[RFC3339_SIZE])
{
	int64_t boot = clock_real_ns();
	struct timespec since;

	(void)clock_gettime(CLOCK_MONOTONIC, &since); /* the log's clock stands still in suspend, as this one does */
	boot -= (int64_t)since.tv_sec * 1000000000 + since.tv_nsec;
	(void)clock_rfc3339((boot + time_us * 1000) / 1000000 * 1000000, ret);
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

static const struct table_column columns[] = { { "PID" },  { "UID" },	{ "RSS" },     { "ANON" }, { "FILE" },
					       { "SHMEM" }, { "SWAP" }, { "OOM ADJ" }, { "NAME" } };

static int put_tasks(struct oom_report *r, struct arena *a, struct buf *out, struct err *e)
{
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
	done = table_print(&t, 0, true, out, e);
	if (r->more)
		buf_puts(out, "and more\n");
	return done;
}

static int put_report(const struct names *n, struct oom_report *r, struct buf *out, struct err *e)
{
	char at[RFC3339_SIZE];

	put_first_line(n, r, out);
	buf_putf(out, "at %s, in %s\n", when(r->time_us, at), r->group);
	put_split(r, n->arena, out);
	return put_tasks(r, n->arena, out, e);
}

/* ---- JSON ------------------------------------------------------------------------------------------------------- */

static void json_number(struct buf *out, const char *key, int64_t v)
{
	if (v == CG_UNSET)
		buf_putf(out, ",\"%s\":null", key);
	else if (v == CG_MAX)
		buf_putf(out, ",\"%s\":\"max\"", key);
	else
		buf_putf(out, ",\"%s\":%lld", key, (long long)v);
}

static void json_text(struct buf *out, const char *key, const char *text)
{
	buf_putf(out, ",\"%s\":", key);
	json_put_text(out, sv_from(text));
}

static void json_task(const struct oom_task *t, bool first, struct buf *out)
{
	buf_putf(out, "%s{\"Pid\":%d", first ? "" : ",", (int)t->pid);
	json_number(out, "Uid", t->uid);
	json_number(out, "RSS", t->rss_bytes);
	json_number(out, "Anon", t->anon_bytes);
	json_number(out, "File", t->file_bytes);
	json_number(out, "Shmem", t->shmem_bytes);
	json_number(out, "Swap", t->swap_bytes);
	json_number(out, "OomScoreAdj", t->score_adj);
	json_text(out, "Name", t->name);
	buf_puts(out, "}");
}

static void json_report(const struct oom_report *r, struct buf *out)
{
	char at[RFC3339_SIZE];

	buf_putf(out, "{\"Time\":\"%s\"", when(r->time_us, at));
	json_text(out, "Owner", r->owner);
	json_text(out, "Group", r->group);
	buf_putf(out, ",\"Victim\":{\"Pid\":%d", (int)r->victim_pid);
	json_text(out, "Name", r->victim);
	buf_puts(out, "}");
	json_number(out, "Usage", r->usage_bytes);
	json_number(out, "Limit", r->limit_bytes);
	json_number(out, "LimitHits", r->limit_hits);
	json_number(out, "Anon", r->anon);
	json_number(out, "File", r->file);
	json_number(out, "Shmem", r->shmem);
	json_number(out, "Kernel", r->kernel_bytes);
	json_number(out, "Swap", r->swap_bytes);
	buf_puts(out, ",\"Processes\":[");
	for (size_t i = 0; i < r->n_tasks; i++)
		json_task(&r->tasks[i], i == 0, out);
	buf_puts(out, "]}\n");
}

/* ---- the command ------------------------------------------------------------------------------------------------ */

static const char *group_of(const struct seeing *s, const struct subject *subject)
{
	int h = cgroup_layout_find(&s->layout, CGROUP_MEMORY);

	return h < 0 ? NULL : subject->place.path[h];
}

/* The log says nothing of it, or is not for us: what the container's monitor has kept. */
static int tell_outcome(const struct subject *s, const struct err *why, struct buf *out, struct err *e)
{
	const struct outcome *o = &s->state.outcome;
	struct err text = { 0 };

	if (s->kind == SUBJECT_CONTAINER && o->oom_killed) {
		oom_tell(o, s->row.cgroup, &text);
		buf_putf(out, "%s: %s\n", s->text, text.msg);
	} else {
		buf_putf(out, "%s: no OOM kill is known\n", s->text);
	}
	if (why->msg[0])
		buf_putf(out, "not seen: the kernel log: %s\n", why->msg);
	return buf_status(out, e);
}

static int put_all(const struct oom_options *o, const struct names *n, struct oom_reports *all, struct buf *out,
		   struct err *e)
{
	int r = 0;

	for (size_t i = all->n; r == 0 && i-- > 0;) {
		if (o->see.json) {
			json_report(&all->v[i], out);
			continue;
		}
		r = put_report(n, &all->v[i], out, e);
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
	struct names names = { &items, &a };
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
	if (r < 0 && !operands->n)
		return err_set(e, -r, "%s", why.msg);
	if (all.n)
		r = put_all(o, &names, &all, &out, e);
	else if (operands->n && !o->see.json)
		r = tell_outcome(&subject, &why, &out, e);
	else
		r = 0;
	return r == 0 && out.len ? cli_print(&out, e) : r;
}

const struct command command_oom = {
	.name = "oom",
	.args = "[OPTIONS] [CONTAINER|PID|CGROUP]",
	.summary = "tell of OOM kills: whose limit, who was killed, what memory held",
	.complete = "container",
	.groups = groups,
	.options_size = sizeof(struct oom_options),
	.max_args = 1,
	.run = run,
};
