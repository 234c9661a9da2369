/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_ns.c - `tare ns`: the namespaces of the host, or of some processes; `tare ns diff`: what two see differently. */
#include "base/io.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/scope.h"
#include "base/table.h"
#include "cli/page.h"
#include "cli/see.h"
#include "report/subject.h"
#include "engine/survey.h"
#include "insight/namespace_view.h"
#include "kernel/namespaces.h"
#include "kernel/smallfile.h"
#include "oci/json.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

struct ns_options {
	struct see_options see;
	bool tree, holders;
	uint32_t types; /* a bit each; 0: all */
};

static int set_type(const struct option_call *c, struct err *e)
{
	struct sv rest = sv_from(c->text), name;

	while (sv_next(&rest, ',', &name)) {
		int t = namespace_type_from_name(name);

		if (t < 0)
			return err_set(e, EINVAL,
				       "unknown type \"" SV_FMT "\" (cgroup, ipc, mnt, net, pid, time, user, uts)",
				       (int)(name.n < 40 ? name.n : 40), name.p);
		((struct ns_options *)c->target)->types |= 1u << t;
	}
	return 0;
}

static const struct option rows[] = {
	SEE_FORMAT("table"),
	SEE_NO_TRUNC,
	{ "pins", 'p', NULL, "look at every open descriptor too: who keeps a namespace by it", option_switch,
	  offsetof(struct ns_options, holders) },
	{ "tree", 0, NULL, "below the user namespace that owns each, and pid namespaces below their parents",
	  option_switch, offsetof(struct ns_options, tree) },
	{ "type", 't', "TYPE", "only these, parted by commas: cgroup, ipc, mnt, net, pid, time, user, uts", set_type,
	  .words = "cgroup ipc mnt net pid time user uts" },
};

static OPTION_GROUP(group, "Options", rows);
static const struct option_group *const groups[] = { &group, NULL };

/* ---- who is in it ------------------------------------------------------------------------------------------------ */

struct census {
	struct seeing s;
	struct arena *arena;
	struct namespaces all;
	struct container_items containers;
	pid_t told; /* whose command `command` is: neighbours mostly have the same first process */
	const char *command, *user;
};

/* Its arguments, else its name; control bytes are shown by the table as "?". */
static const char *command_of(struct census *c, pid_t pid)
{
	char path[32], text[512];
	struct sv line;

	(void)snprintf(path, sizeof path, "%d/cmdline", (int)pid);
	if (smallfile_read(c->s.session.host.proc, path, text, sizeof text, &line) == 0 && line.n) {
		for (size_t i = 0; i + 1 < line.n; i++)
			if (!text[i])
				text[i] = ' ';
		return arena_str(c->arena, text);
	}
	(void)snprintf(path, sizeof path, "%d/comm", (int)pid);
	if (smallfile_read(c->s.session.host.proc, path, text, sizeof text, &line) < 0)
		return "";
	line = sv_trim(line);
	return arena_fmt(c->arena, "[" SV_FMT "]", SV_ARG(line));
}

static void look_at_first(struct census *c, pid_t pid)
{
	struct stat st;
	char path[32];

	if (c->told == pid)
		return;
	c->told = pid;
	c->command = c->user = "";
	if (!pid)
		return;
	(void)snprintf(path, sizeof path, "%d", (int)pid);
	if (fstatat(c->s.session.host.proc, path, &st, 0) == 0)
		c->user = arena_fmt(c->arena, "%u", (unsigned)st.st_uid);
	c->command = command_of(c, pid);
}

static const char *container_of(const struct census *c, pid_t pid)
{
	for (size_t i = 0; pid && i < c->containers.n; i++)
		if (c->containers.v[i].state.outcome.pid == pid && container_is_active(c->containers.v[i].state.status))
			return c->containers.v[i].row.name;
	return "";
}

static const char *ino_text(uint64_t ino, struct arena *a)
{
	return ino ? arena_fmt(a, "%llu", (unsigned long long)ino) : "-";
}

static const char *pins(const struct namespace *n, struct arena *a)
{
	const char *holder = n->holder ? arena_fmt(a, "%sprocess %d, descriptor %d", n->mount ? ", " : "",
						   (int)n->holder, n->holder_fd) :
					 "";

	return holder ? arena_fmt(a, "%s%s", n->mount ? n->mount : "", holder) : NULL;
}

static int by_type_and_number(const void *a, const void *b)
{
	const struct namespace *x = a, *y = b;

	if (x->type != y->type)
		return x->type < y->type ? -1 : 1;
	return (x->ino > y->ino) - (x->ino < y->ino);
}

/* ---- table and tree ---------------------------------------------------------------------------------------------- */

static const struct table_column columns[] = {
	{ "NS" },	  { "TYPE" }, { "OWNER", 0, 2 }, { "PARENT", 0, 3 }, { "NPROCS" },
	{ "PID" },	  { "UID", 0, 1 }, { "CONTAINER", 16 },	   { "COMMAND", 12 }, { "PINNED BY", 9 },
};

static void put_row(struct table *t, struct census *c, const struct namespace *n, unsigned indent)
{
	char first[16] = "", count[16];

	look_at_first(c, n->first);
	if (n->first)
		(void)snprintf(first, sizeof first, "%d", (int)n->first);
	(void)snprintf(count, sizeof count, "%u", n->processes);
	table_row(t, (const char *const[]){ arena_fmt(c->arena, "%*s%llu", (int)indent, "", (unsigned long long)n->ino),
					    namespace_type_name(n->type), ino_text(n->owner, c->arena),
					    ino_text(n->parent, c->arena), count, first, c->user,
					    container_of(c, n->first), c->command, pins(n, c->arena) });
}

static bool is_wanted(const struct ns_options *o, const struct namespace *n)
{
	return !o->types || o->types >> n->type & 1;
}

static uint64_t place_in_tree(const struct namespace *n)
{
	return (n->type == NAMESPACE_USER || n->type == NAMESPACE_PID) && n->parent ? n->parent : n->owner;
}

static void put_below(struct table *t, struct census *c, const struct ns_options *o, uint64_t above, unsigned depth)
{
	for (size_t i = 0; depth < 40 && i < c->all.n; i++) {
		const struct namespace *n = &c->all.v[i];

		if (place_in_tree(n) != above || n->ino == above)
			continue;
		if (is_wanted(o, n))
			put_row(t, c, n, 2 * depth);
		put_below(t, c, o, n->ino, depth + 1);
	}
}

static bool is_known(const struct census *c, uint64_t ino)
{
	for (size_t i = 0; i < c->all.n; i++)
		if (c->all.v[i].ino == ino)
			return true;
	return false;
}

/* Those that hang below nothing that can be seen begin a tree. */
static void put_tree(struct table *t, struct census *c, const struct ns_options *o)
{
	for (size_t i = 0; i < c->all.n; i++) {
		const struct namespace *n = &c->all.v[i];
		uint64_t above = place_in_tree(n);

		if (above && above != n->ino && is_known(c, above))
			continue;
		if (is_wanted(o, n))
			put_row(t, c, n, 0);
		put_below(t, c, o, n->ino, 1);
	}
}

static int put_table(struct census *c, const struct ns_options *o, struct buf *out, struct err *e)
{
	struct table t;

	table_init(&t, c->arena, columns, ARRAY_LEN(columns));
	if (o->tree)
		put_tree(&t, c, o);
	else
		for (size_t i = 0; i < c->all.n; i++)
			if (is_wanted(o, &c->all.v[i]))
				put_row(&t, c, &c->all.v[i], 0);
	return page_table(&t, o->see.no_trunc, out, e);
}

static void json_text(struct buf *out, const char *key, const char *text)
{
	buf_putf(out, ",\"%s\":", key);
	json_put_text(out, sv_from(text ? text : ""));
}

static void put_json(struct census *c, const struct ns_options *o, struct buf *out)
{
	for (size_t i = 0; i < c->all.n; i++) {
		const struct namespace *n = &c->all.v[i];

		if (!is_wanted(o, n))
			continue;
		look_at_first(c, n->first);
		buf_putf(out, "{\"Ns\":%llu,\"Type\":\"%s\",\"Owner\":%llu,\"Parent\":%llu,\"Processes\":%u,\"Pid\":%d",
			 (unsigned long long)n->ino, namespace_type_name(n->type), (unsigned long long)n->owner,
			 (unsigned long long)n->parent, n->processes, (int)n->first);
		json_text(out, "Container", container_of(c, n->first));
		json_text(out, "Command", c->command);
		json_text(out, "Mount", n->mount);
		buf_putf(out, ",\"HeldBy\":%d}\n", (int)n->holder);
	}
}

/* ---- some processes only ----------------------------------------------------------------------------------------- */

static int pid_of(struct census *c, const char *text, pid_t *ret, struct err *e)
{
	struct subject s;
	int r = subject_find(c->s.engine, &c->s.session.host, &c->s.layout, text, c->arena, &s, e);

	if (r < 0)
		return r;
	if (!subject_is_of_process(s.kind))
		return err_set(e, EINVAL, "%s: a container or a process is wanted", s.text);
	if (!s.pid)
		return err_set(e, ESRCH, "%s is not running", s.text);
	*ret = s.pid;
	return 0;
}

static int keep_those_of(struct census *c, const struct operands *operands, struct err *e)
{
	size_t kept = 0;

	for (int i = 0; i < operands->n; i++) {
		uint64_t inos[NAMESPACE_TYPE_COUNT];
		pid_t pid;
		int r = pid_of(c, operands->v[i], &pid, e);

		if (r == 0)
			r = namespaces_of(&c->s.session.host, pid, inos, e);
		if (r < 0)
			return r;
		for (size_t k = kept; k < c->all.n; k++)
			if (inos[c->all.v[k].type] == c->all.v[k].ino) {
				struct namespace swap = c->all.v[kept];

				c->all.v[kept++] = c->all.v[k];
				c->all.v[k] = swap;
			}
	}
	c->all.n = kept;
	return 0;
}

static int list(struct census *c, const struct ns_options *o, const struct operands *operands, struct buf *out,
		struct err *e)
{
	int r = namespaces_read(&c->s.session.host, NAMESPACES_RELATIONS | (o->holders ? NAMESPACES_HOLDERS : 0),
				c->arena, &c->all, e);

	if (r == 0 && operands->n)
		r = keep_those_of(c, operands, e);
	if (r < 0)
		return r;
	if (c->s.engine)
		(void)engine_survey(c->s.engine, SURVEY_LIVING, c->arena, &c->containers, NULL);
	qsort(c->all.v, c->all.n, sizeof *c->all.v, by_type_and_number);
	if (o->see.json)
		put_json(c, o, out);
	else
		r = put_table(c, o, out, e);
	if (c->all.hidden)
		log_warning("%u process%s may not be looked at: namespaces of such are not seen", c->all.hidden,
			    c->all.hidden == 1 ? "" : "es");
	return r;
}

/* ---- two of them ------------------------------------------------------------------------------------------------- */

#define LINES_SHOWN 40

static void put_lines(const struct oci_strings *these, const struct oci_strings *others, const char *sign,
		      struct buf *out)
{
	size_t shown = 0, more = 0;

	for (size_t i = 0; i < these->n; i++) {
		if (namespace_view_has(others, these->v[i]))
			continue;
		if (shown++ < LINES_SHOWN)
			buf_putf(out, "  %s %s\n", sign, these->v[i]);
		else
			more++;
	}
	if (more)
		buf_putf(out, "  %s and %zu more\n", sign, more);
}

static void json_lines(const char *key, const struct oci_strings *these, const struct oci_strings *others,
		       struct buf *out)
{
	bool first = true;

	buf_putf(out, ",\"%s\":[", key);
	for (size_t i = 0; i < these->n; i++)
		if (!namespace_view_has(others, these->v[i])) {
			buf_puts(out, first ? "" : ",");
			json_put_text(out, sv_from(these->v[i]));
			first = false;
		}
	buf_puts(out, "]");
}

static int diff_type(struct census *c, const struct ns_options *o, const pid_t pid[2], enum namespace_type t,
		     const uint64_t ino[2], struct buf *out, struct err *e)
{
	struct oci_strings a = { 0 }, b = { 0 };
	struct err why = { 0 };
	int r = 0;

	if (ino[0] != ino[1])
		r = namespace_view(&c->s.session.host, pid[0], t, c->arena, &a, &why);
	if (r == 0 && ino[0] != ino[1])
		r = namespace_view(&c->s.session.host, pid[1], t, c->arena, &b, &why);
	if (r == -ESRCH || r == -ENOMEM)
		return err_set(e, -r, "%s", why.msg);
	if (o->see.json) {
		buf_putf(out, "{\"Type\":\"%s\",\"Shared\":%s,\"A\":%llu,\"B\":%llu", namespace_type_name(t),
			 ino[0] == ino[1] ? "true" : "false", (unsigned long long)ino[0], (unsigned long long)ino[1]);
		json_lines("OnlyA", &a, &b, out);
		json_lines("OnlyB", &b, &a, out);
		buf_puts(out, "}\n");
		return 0;
	}
	if (ino[0] == ino[1]) {
		buf_putf(out, "%-7s shared     %llu\n", namespace_type_name(t), (unsigned long long)ino[0]);
		return 0;
	}
	buf_putf(out, "%-7s different  %llu  %llu\n", namespace_type_name(t), (unsigned long long)ino[0],
		 (unsigned long long)ino[1]);
	if (r < 0)
		buf_putf(out, "  not seen: %s\n", why.msg);
	put_lines(&a, &b, "<", out);
	put_lines(&b, &a, ">", out);
	return 0;
}

static int diff(struct census *c, const struct ns_options *o, char *const *names, struct buf *out, struct err *e)
{
	uint64_t inos[2][NAMESPACE_TYPE_COUNT];
	pid_t pid[2];
	int r = 0;

	for (int i = 0; r == 0 && i < 2; i++) {
		r = pid_of(c, names[i], &pid[i], e);
		if (r == 0)
			r = namespaces_of(&c->s.session.host, pid[i], inos[i], e);
	}
	for (int t = 0; r == 0 && t < NAMESPACE_TYPE_COUNT; t++)
		if (!o->types || o->types >> t & 1)
			r = diff_type(c, o, pid, (enum namespace_type)t, (uint64_t[]){ inos[0][t], inos[1][t] }, out,
				      e);
	return r;
}

static int run(struct cli *cli, void *options, const struct operands *operands, int *ret_status, struct err *e)
{
	const struct ns_options *o = options;
	bool two = operands->n && strcmp(operands->v[0], "diff") == 0;
	struct census c = { .s = { .session = { .open = false } } };
	scoped_buf out = BUF(4 * CLI_OUTPUT_MAX);
	scoped_arena a = ARENA(LIMIT_ARENA_STATS);
	int r = two && operands->n != 3 ? err_set(e, EINVAL, "ns diff: two containers or processes are wanted") : 0;

	c.arena = &a;
	if (r == 0)
		r = seeing_open(&c.s, cli, e);
	if (r == 0)
		r = two ? diff(&c, o, operands->v + 1, &out, e) : list(&c, o, operands, &out, e);
	r = see_print(r, &o->see, &out, e);
	seeing_close(&c.s);
	return r;
}

const struct command command_ns = {
	.name = "ns",
	.args = "[OPTIONS] [PID|CONTAINER...] | diff A B",
	.summary = "list namespaces, or tell what two processes see differently",
	.complete = "container",
	.groups = groups,
	.options_size = sizeof(struct ns_options),
	.max_args = -1,
	.run = run,
};
