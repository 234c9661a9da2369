/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_cgroup.c - `tare cgroup`: the tree of groups with limits and use, all hierarchies in one view. */
#include "base/clock.h"
#include "base/id.h"
#include "base/limits.h"
#include "base/scope.h"
#include "base/table.h"
#include "cli/human.h"
#include "cli/page.h"
#include "cli/see.h"
#include "report/subject.h"
#include "engine/survey.h"
#include "insight/groups.h"
#include "oci/json.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

struct cgroup_options {
	struct see_options see;
	enum group_order by;
	int64_t depth; /* 0: all */
	bool watch;
};

static int set_sort(const struct option_call *c, struct err *e)
{
	static const char *const names[] = { "name", "cpu", "memory", "pids", "io" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (strcmp(c->text, names[i]) == 0) {
			((struct cgroup_options *)c->target)->by = (enum group_order)i;
			return 0;
		}
	return err_set(e, EINVAL, "unknown column \"%.40s\" (name, cpu, memory, pids, io)", c->text);
}

static int set_depth(const struct option_call *c, struct err *e)
{
	int64_t n;

	if (sv_i64(sv_from(c->text), &n) < 0 || n < 1 || n > 64)
		return err_set(e, EINVAL, "\"%.40s\" is no number from 1 to 64", c->text);
	((struct cgroup_options *)c->target)->depth = n;
	return 0;
}

static const struct option rows[] = {
	{ "depth", 'd', "N", "only so many levels", set_depth },
	SEE_FORMAT("table"),
	SEE_NO_TRUNC,
	{ "sort", 's', "COLUMN", "neighbours by cpu, memory, pids or io, the largest first (default name)", set_sort,
	  .words = "name cpu memory pids io" },
	{ "watch", 'w', NULL, "again every second, with CPU and block I/O of that second", option_switch,
	  offsetof(struct cgroup_options, watch) },
};

static OPTION_GROUP(group, "Options", rows);
static const struct option_group *const groups[] = { &group, NULL };

/* ---- one look --------------------------------------------------------------------------------------------------- */

struct look {
	struct arena arena;
	struct group *top;
	struct container_items containers;
	int64_t taken_ns;
	bool more;
};

static int look(struct seeing *s, const struct cgroup_options *o, const char *path, struct look *k, struct err *e)
{
	*k = (struct look){ .arena = ARENA(LIMIT_ARENA_STATS), .taken_ns = clock_monotonic_ns() };
	if (s->engine)
		(void)engine_survey(s->engine, SURVEY_LIVING, &k->arena, &k->containers, NULL);
	return groups_read(&s->session.host, &s->layout, path, o->depth ? (unsigned)o->depth : 64, o->see.json,
			   &k->arena, &k->top, &k->more, e);
}

static const char *container_of(const struct look *k, const struct group *g)
{
	for (size_t i = 0; i < k->containers.n; i++)
		if (k->containers.v[i].row.cgroup && strcmp(k->containers.v[i].row.cgroup, g->path) == 0)
			return k->containers.v[i].row.name;
	return NULL;
}

/* ---- the table -------------------------------------------------------------------------------------------------- */

enum { C_GROUP, C_CPU, C_CPU_LIMIT, C_THROTTLED, C_MEMORY, C_MEMORY_LIMIT, C_PIDS, C_PIDS_LIMIT, C_READ, C_WRITTEN };
static const struct table_column columns[] = {
	[C_GROUP] = { "GROUP", 24 },
	[C_CPU] = { "CPU" },
	[C_CPU_LIMIT] = { "CPU LIMIT", 0, 2 },
	[C_THROTTLED] = { "THROTTLED", 0, 1 },
	[C_MEMORY] = { "MEMORY" },
	[C_MEMORY_LIMIT] = { "LIMIT" },
	[C_PIDS] = { "PIDS", 0, 3 },
	[C_PIDS_LIMIT] = { "LIMIT", 0, 4 },
	[C_READ] = { "READ", 0, 5 },
	[C_WRITTEN] = { "WRITTEN", 0, 6 },
};

static const char *bytes(int64_t n, struct arena *a)
{
	char text[HUMAN_SIZE];

	return n == CG_UNSET ? "-" : n == CG_MAX ? "max" : arena_str(a, human_binary(n, text));
}

static const char *number(int64_t n, struct arena *a)
{
	return n == CG_UNSET ? "-" : n == CG_MAX ? "max" : arena_fmt(a, "%lld", (long long)n);
}

/* Of one CPU since the look before; else the time that was used. */
static const char *cpu(const struct group *g, const struct group *old, int64_t ns, struct arena *a)
{
	if (g->use.cpu_ns == CG_UNSET)
		return "-";
	if (old && ns > 0)
		return arena_fmt(a, "%.1f%%", (double)(g->use.cpu_ns - old->use.cpu_ns) * 100 / (double)ns);
	return arena_fmt(a, "%.2fs", (double)g->use.cpu_ns / 1e9);
}

static const char *throttled(const struct group_use *u, struct arena *a)
{
	if (u->periods <= 0)
		return "-";
	return arena_fmt(a, "%.0f%%", (double)u->throttled_periods * 100 / (double)u->periods);
}

/* A container by its name; an id of 64 digits by its beginning. */
static const char *title(struct look *k, const struct group *g)
{
	const char *container = container_of(k, g);
	int indent = (int)g->depth * 2, shown = id_is_valid(sv_from(g->name)) ? ID_SHORT : (int)strlen(g->name);

	if (container)
		return arena_fmt(&k->arena, "%*s%s", indent, "", container);
	return arena_fmt(&k->arena, "%*s%.*s", indent, "", shown, g->name);
}

static void put_group(struct table *t, struct look *k, const struct look *before, const struct group *g)
{
	const struct group *old = before->top ? groups_find(before->top, g->path) : NULL;
	struct arena *a = &k->arena;
	int64_t ns = k->taken_ns - before->taken_ns;

	table_row(t, (const char *const[]){
			     title(k, g), cpu(g, old, ns, a),
			     g->use.cpu_milli == CG_MAX ? "max" : arena_fmt(a, "%g", (double)g->use.cpu_milli / 1000),
			     throttled(&g->use, a), bytes(g->use.memory_bytes, a), bytes(g->use.memory_limit_bytes, a),
			     number(g->use.pids, a), number(g->use.pids_limit, a),
			     bytes(g->use.read_bytes - (old ? old->use.read_bytes : 0), a),
			     bytes(g->use.write_bytes - (old ? old->use.write_bytes : 0), a) });
}

static int put_table(const struct cgroup_options *o, struct look *k, const struct look *before, struct buf *out,
		     struct err *e)
{
	struct table_column shown[ARRAY_LEN(columns)];
	struct table t;
	int r;

	memcpy(shown, columns, sizeof columns);
	if (o->by == GROUP_BY_PIDS) /* what they are sorted by is not left out */
		shown[C_PIDS].drop = 0;
	if (o->by == GROUP_BY_IO)
		shown[C_READ].drop = shown[C_WRITTEN].drop = 0;
	table_init(&t, &k->arena, shown, ARRAY_LEN(shown));
	for (const struct group *g = k->top; g; g = groups_next(g))
		put_group(&t, k, before, g);
	r = page_table(&t, o->see.no_trunc, out, e);
	if (k->more)
		buf_puts(out, "and more groups than are shown\n");
	return r;
}

/* ---- JSON ------------------------------------------------------------------------------------------------------- */

#define USE(key, field) { key, JSON_LIMIT, JSON_NULL, offsetof(struct group, use.field) }
static const struct json_row json_rows[] = {
	{ "Path", JSON_TEXT, 0, offsetof(struct group, path) },
	{ "Container", JSON_TEXT, JSON_NULL, offsetof(struct group, container) },
	USE("CpuNs", cpu_ns),
	USE("CpuLimitMilli", cpu_milli),
	USE("Periods", periods),
	USE("ThrottledPeriods", throttled_periods),
	USE("ThrottledNs", throttled_ns),
	USE("Memory", memory_bytes),
	USE("MemoryLimit", memory_limit_bytes),
	USE("MemoryPeak", memory_peak_bytes),
	USE("Pids", pids),
	USE("PidsLimit", pids_limit),
	USE("ReadBytes", read_bytes),
	USE("WriteBytes", write_bytes),
};
static const struct json_table json_table = JSON_TABLE(json_rows, struct group);

static int put_json(const struct look *k, struct buf *out, struct err *e)
{
	int r = 0;

	for (struct group *g = k->top; r == 0 && g; g = groups_next(g)) {
		g->container = container_of(k, g);
		r = json_encode(&json_table, g, false, out, e);
		buf_puts(out, "\n");
	}
	return r < 0 ? r : buf_status(out, e);
}

/* ---- the command ------------------------------------------------------------------------------------------------ */

static int show(const struct cgroup_options *o, struct look *k, const struct look *before, struct err *e)
{
	scoped_buf out = BUF(4 * CLI_OUTPUT_MAX);

	groups_sort(k->top, o->by, before->top);
	if (o->watch && isatty(STDOUT_FILENO))
		buf_puts(&out, "\033[H\033[J");
	return see_print(o->see.json ? put_json(k, &out, e) : put_table(o, k, before, &out, e), &o->see, &out, e);
}

static int watch(struct seeing *s, const struct cgroup_options *o, const char *path, struct look *before, struct err *e)
{
	for (;;) {
		struct look now;
		int r;

		(void)poll(NULL, 0, 1000);
		r = look(s, o, path, &now, e);
		if (r == 0)
			r = show(o, &now, before, e);
		arena_done(&before->arena);
		*before = now;
		if (r < 0)
			return r;
	}
}

/* The group of a container or process: where its memory is counted, or else anywhere. */
static int path_of(struct seeing *s, const char *text, struct arena *a, const char **ret, struct err *e)
{
	int h = cgroup_layout_find(&s->layout, CGROUP_MEMORY);
	struct subject subject;
	int r = subject_find(s->engine, &s->session.host, &s->layout, text, a, &subject, e);

	if (r < 0)
		return r;
	if (subject.kind == SUBJECT_CONTAINER && cgroup_is_none(subject.row.cgroup))
		return err_set(e, ENOTSUP, "%s: " CGROUP_NONE_TEXT, subject.text);
	*ret = h >= 0 ? subject.place.path[h] : NULL;
	for (unsigned i = 0; !*ret && i < s->layout.n; i++)
		*ret = subject.place.path[i];
	return *ret ? 0 : err_set(e, ENOENT, "%s: its group is not to be seen from here", subject.text);
}

static int run(struct cli *cli, void *options, const struct operands *operands, int *ret_status, struct err *e)
{
	static const struct look nothing;
	const struct cgroup_options *o = options;
	scoped_seeing s = { .session = { .open = false } };
	const char *path = "/";
	struct look first = { 0 };
	int r = seeing_open(&s, cli, e);

	if (r == 0 && operands->n)
		r = path_of(&s, operands->v[0], cli->arena, &path, e);
	if (r < 0)
		return r;
	r = look(&s, o, path, &first, e);
	if (r == 0)
		r = show(o, &first, &nothing, e);
	if (r == 0 && o->watch)
		r = watch(&s, o, path, &first, e);
	arena_done(&first.arena);
	return r;
}

const struct command command_cgroup = {
	.name = "cgroup",
	.args = "[OPTIONS] [PATH|CONTAINER|PID|pod/NAME]",
	.summary = "show the tree of control groups with their limits and use",
	.complete = "container",
	.groups = groups,
	.options_size = sizeof(struct cgroup_options),
	.max_args = 1,
	.run = run,
};
