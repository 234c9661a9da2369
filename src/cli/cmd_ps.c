/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_ps.c - `tare ps`: the containers of this node, in Docker's columns and fields. */
#include "base/clock.h"
#include "base/log.h"
#include "base/scope.h"
#include "base/table.h"
#include "cli/human.h"
#include "cli/session.h"
#include "cli/value.h"
#include "engine/inspect.h"
#include "oci/json.h"

#include <errno.h>
#include <string.h>

enum filter_kind { FILTER_EXITED, FILTER_ID, FILTER_LABEL, FILTER_NAME, FILTER_STATUS };

struct filter {
	enum filter_kind kind;
	const char *value;
	int64_t number; /* of exited= */
};

struct ps_options {
	bool all, quiet, no_trunc, latest;
	int64_t last; /* 0: no such limit */
	const char *format; /* NULL: table */
	struct {
		struct filter *v;
		size_t n;
	} filters;
};

/* ---- options ------------------------------------------------------------------------------------------------ */

static const char *const filter_names[] = { [FILTER_EXITED] = "exited", [FILTER_ID] = "id", [FILTER_LABEL] = "label",
					    [FILTER_NAME] = "name", [FILTER_STATUS] = "status" };

static bool is_status(const char *text)
{
#define X(id, name)                      \
	if (strcmp(text, name) == 0)     \
		return true;
	CONTAINER_STATUSES(X)
#undef X
	return strcmp(text, "dead") == 0;
}

static int set_filter(const struct option_call *c, struct err *e)
{
	struct ps_options *o = c->target;
	struct filter f = { .kind = FILTER_EXITED };
	struct sv name, value;

	if (!sv_cut(sv_from(c->text), '=', &name, &value))
		return err_set(e, EINVAL, "invalid argument: a filter is NAME=VALUE (exited, id, label, name, status)");
	while (f.kind < ARRAY_LEN(filter_names) && !sv_is(name, filter_names[f.kind]))
		f.kind++;
	if (f.kind == ARRAY_LEN(filter_names))
		return err_set(e, EINVAL, "invalid filter '%.*s' (exited, id, label, name, status)",
			       name.n < 80 ? (int)name.n : 80, name.p);
	f.value = value.p;
	if (f.kind == FILTER_STATUS && !is_status(f.value))
		return err_set(e, EINVAL, "invalid filter 'status=%.40s' (created, running, exited, removing)",
			       f.value);
	if (f.kind == FILTER_EXITED && value_i64(f.value, &f.number, e) < 0)
		return -EINVAL;
	return LIST_PUT(c->arena, &o->filters, f, e);
}

static int set_last(const struct option_call *c, struct err *e)
{
	int64_t n;
	int r = value_i64(c->text, &n, e);

	if (r == 0)
		((struct ps_options *)c->target)->last = n < 0 ? 0 : n; /* Docker's -1 */
	return r;
}

#define FIELD(name) offsetof(struct ps_options, name)

static const struct option rows[] = {
	{ "all", 'a', NULL, "also those that do not run", option_switch, FIELD(all) },
	{ "filter", 'f', "NAME=VALUE", "only those with this exited, id, label, name or status", set_filter,
	  .words = "exited= id= label= name= status=" },
	{ "format", 0, "FORMAT", "table (default), json, or a template as '{{.ID}} {{.Status}}'", option_text,
	  FIELD(format), .words = "table json" },
	{ "last", 'n', "N", "the N newest, running or not", set_last },
	{ "latest", 'l', NULL, "the newest one, running or not", option_switch, FIELD(latest) },
	{ "no-trunc", 0, NULL, "cut nothing", option_switch, FIELD(no_trunc) },
	{ "quiet", 'q', NULL, "ids only", option_switch, FIELD(quiet) },
	{ "size", 's', NULL, .refused = "not supported yet: sizes are not counted" },
};

static OPTION_GROUP(group, "Options", rows);
static const struct option_group *const groups[] = { &group, NULL };

/* ---- which ones --------------------------------------------------------------------------------------------- */

static bool has_label(const struct oci_pairs *labels, const char *wanted)
{
	struct sv key, value;
	bool exact = sv_cut(sv_from(wanted), '=', &key, &value);

	for (size_t i = 0; i < labels->n; i++)
		if (sv_is(key, labels->v[i].key) && (!exact || sv_is(value, labels->v[i].value)))
			return true;
	return false;
}

static bool matches(const struct filter *f, const struct container_view *v)
{
	switch (f->kind) {
	case FILTER_EXITED:
		return v->state.status == CONTAINER_EXITED && v->state.outcome.exit_code == f->number;
	case FILTER_ID:
		return strncmp(v->row.id, f->value, strlen(f->value)) == 0;
	case FILTER_LABEL:
		return has_label(&v->config.labels, f->value);
	case FILTER_NAME:
		return strstr(v->row.name, f->value + (f->value[0] == '/')) != NULL;
	case FILTER_STATUS:
		return strcmp(container_status_name(v->state.status), f->value) == 0;
	}
	return false;
}

/* Filters of one name are alternatives, different names must all hold; labels must all hold, as in Docker. */
static bool is_wanted(const struct ps_options *o, const struct container_view *v)
{
	bool status_asked = false;

	for (enum filter_kind kind = FILTER_EXITED; kind <= FILTER_STATUS; kind++) {
		unsigned asked = 0, held = 0;

		for (size_t i = 0; i < o->filters.n; i++)
			if (o->filters.v[i].kind == kind) {
				asked++;
				held += matches(&o->filters.v[i], v);
			}
		if (asked && (kind == FILTER_LABEL ? held < asked : !held))
			return false;
		status_asked |= asked && (kind == FILTER_STATUS || kind == FILTER_EXITED);
	}
	return o->all || o->last || o->latest || status_asked || v->state.status == CONTAINER_RUNNING;
}

/* ---- one container as fields -------------------------------------------------------------------------------- */

enum field {
	F_COMMAND,
	F_CREATED_AT,
	F_ID,
	F_IMAGE,
	F_LABELS,
	F_MOUNTS,
	F_NAMES,
	F_NETWORKS,
	F_PORTS,
	F_RUNNING_FOR,
	F_STATE,
	F_STATUS,
	FIELDS
};

static const char *const field_names[] = { "Command", "CreatedAt", "ID",    "Image",      "Labels", "Mounts",
					   "Names",   "Networks",  "Ports", "RunningFor", "State",  "Status" };

/* Docker shows the first 20 characters of the whole, and quotes them. */
static const char *command_text(const struct container_view *v, bool whole, struct arena *a)
{
	const char *text = "";

	for (size_t i = 0; i < v->entrypoint.n + v->command.n && text; i++) {
		const char *word = i < v->entrypoint.n ? v->entrypoint.v[i] : v->command.v[i - v->entrypoint.n];

		text = arena_fmt(a, "%s%s%.4000s", text, *text ? " " : "", word);
	}
	if (!text)
		return NULL;
	return !whole && strlen(text) > 20 ? arena_fmt(a, "\"%.19s…\"", text) : arena_fmt(a, "\"%s\"", text);
}

static const char *status_text(const struct container_view *v, int64_t now, struct arena *a)
{
	const struct outcome *o = &v->state.outcome;
	char text[HUMAN_SIZE];

	switch (v->state.status) {
	case CONTAINER_CREATED:
		return "Created";
	case CONTAINER_RUNNING:
		return arena_fmt(a, "Up %s", human_duration(now - o->started_ns, text));
	case CONTAINER_PAUSED:
		return arena_fmt(a, "Up %s (Paused)", human_duration(now - o->started_ns, text));
	case CONTAINER_RESTARTING:
		return arena_fmt(a, "Restarting (%d) %s ago", o->exit_code, human_duration(now - o->finished_ns, text));
	case CONTAINER_EXITED:
		return arena_fmt(a, "Exited (%d) %s ago", o->exit_code, human_duration(now - o->finished_ns, text));
	case CONTAINER_REMOVING:
		return "Removal In Progress";
	}
	return "";
}

static const char *labels_text(const struct oci_pairs *l, struct arena *a)
{
	const char *text = "";

	for (size_t i = 0; i < l->n && text; i++)
		text = arena_fmt(a, "%s%s%s=%s", text, i ? "," : "", l->v[i].key, l->v[i].value);
	return text;
}

static const char *mounts_text(const struct container_config *c, struct arena *a)
{
	const char *text = "";

	for (size_t i = 0; i < c->mounts.n && text; i++)
		if (c->mounts.v[i].source)
			text = arena_fmt(a, "%s%s%s", text, *text ? "," : "", c->mounts.v[i].source);
	return text;
}

static int fields(const struct container_view *v, const struct ps_options *o, int64_t now, struct arena *a,
		  const char *ret[FIELDS], struct err *e)
{
	char text[RFC3339_SIZE], ago[HUMAN_SIZE];

	ret[F_COMMAND] = command_text(v, o->no_trunc, a);
	ret[F_CREATED_AT] = arena_str(a, clock_rfc3339(v->row.created_ns, text));
	ret[F_ID] = o->no_trunc ? v->row.id : arena_fmt(a, "%.*s", ID_SHORT, v->row.id);
	ret[F_IMAGE] = v->row.image_ref ? v->row.image_ref : v->config.rootfs ? v->config.rootfs : "";
	ret[F_LABELS] = labels_text(&v->config.labels, a);
	ret[F_MOUNTS] = mounts_text(&v->config, a);
	ret[F_NAMES] = v->row.name;
	ret[F_NETWORKS] = v->config.network_mode ? v->config.network_mode : "none";
	ret[F_PORTS] = "";
	ret[F_RUNNING_FOR] = arena_fmt(a, "%s ago", human_duration(now - v->row.created_ns, ago));
	ret[F_STATE] = container_status_name(v->state.status);
	ret[F_STATUS] = status_text(v, now, a);
	for (unsigned i = 0; i < FIELDS; i++)
		if (!ret[i])
			return err_oom(e);
	return 0;
}

/* ---- output ------------------------------------------------------------------------------------------------- */

struct listing {
	const struct ps_options *o;
	struct arena *a;
	struct table table;
	struct buf *out;
	int64_t now;
	unsigned shown;
};

static void put_json(const char *const f[FIELDS], struct buf *out)
{
	for (unsigned i = 0; i < FIELDS; i++) {
		buf_puts(out, i ? "," : "{");
		json_put_text(out, sv_from(field_names[i]));
		buf_puts(out, ":");
		json_put_text(out, sv_from(f[i]));
	}
	buf_puts(out, "}");
}

/* \t and \n in a template are a tab and a newline, as in Docker's. */
static struct sv unescape(const char *template, struct arena *a)
{
	char *text = arena_str(a, template);
	size_t n = 0;

	if (!text)
		return (struct sv){ 0 };
	for (const char *p = template; *p; p++)
		if (p[0] == '\\' && (p[1] == 't' || p[1] == 'n'))
			text[n++] = *++p == 't' ? '\t' : '\n';
		else
			text[n++] = *p;
	return (struct sv){ text, n };
}

static int put_template(struct listing *l, const char *const f[FIELDS], struct err *e)
{
	scoped_buf json = BUF(CLI_OUTPUT_MAX);
	struct document *d;
	int r;

	put_json(f, &json);
	r = buf_status(&json, e);
	if (r == 0)
		r = document_parse(buf_sv(&json), &d, e);
	if (r < 0)
		return r;
	r = document_template(d, unescape(l->o->format, l->a), l->out, e);
	document_free(d);
	return r < 0 ? err_wrap(e, r, "--format %.80s", l->o->format) : 0;
}

static bool is_table(const struct ps_options *o)
{
	return !o->format || strcmp(o->format, "table") == 0;
}

static int put_one(struct listing *l, const struct container_view *v, struct err *e)
{
	const char *f[FIELDS];
	int r = fields(v, l->o, l->now, l->a, f, e);

	if (r < 0)
		return r;
	if (l->o->quiet) {
		buf_putf(l->out, "%s\n", f[F_ID]);
	} else if (is_table(l->o)) {
		table_row(&l->table, (const char *const[]){ f[F_ID], f[F_IMAGE], f[F_COMMAND], f[F_RUNNING_FOR],
							    f[F_STATUS], f[F_NAMES] });
	} else {
		if (strcmp(l->o->format, "json") == 0)
			put_json(f, l->out);
		else
			r = put_template(l, f, e);
		buf_puts(l->out, "\n");
	}
	return r < 0 ? r : buf_status(l->out, e);
}

static const struct table_column columns[] = { { "CONTAINER ID" }, { "IMAGE", 7 }, { "COMMAND", 9 }, { "CREATED", 9 },
					       { "STATUS", 10 }, { "NAMES", 8 } };

static bool is_enough(const struct listing *l)
{
	return (l->o->latest && l->shown == 1) || (l->o->last && l->shown >= l->o->last);
}

static int list(struct engine *en, struct listing *l, struct err *e)
{
	struct container_rows all;
	struct inspector in;
	struct db *db;
	int r = engine_db(en, &db, e);

	if (r == 0)
		r = containers_list(db, l->a, &all, e);
	if (r < 0)
		return r;
	inspector_init(&in, en, l->a);
	for (size_t i = 0; i < all.n && r == 0 && !is_enough(l); i++) {
		struct container_view v;

		r = inspector_view(&in, &all.v[i], &v, e);
		if (r == -ENOENT) {
			r = 0; /* removed while the list was read */
		} else if (r == 0 && is_wanted(l->o, &v)) {
			r = put_one(l, &v, e);
			l->shown++;
		}
	}
	return r;
}

static int run(struct cli *cli, void *options, const struct operands *operands, int *ret_status, struct err *e)
{
	scoped_session s = { .open = false };
	scoped_buf out = BUF(CLI_OUTPUT_MAX);
	struct listing l = { .o = options, .a = cli->arena, .out = &out, .now = clock_real_ns() };
	struct err left = { 0 };
	int r = session_open(&s, cli, e);

	if (r < 0)
		return r;
	if (engine_recover(&s.engine, &left) < 0)
		log_warning("%s", left.msg);
	table_init(&l.table, cli->arena, columns, ARRAY_LEN(columns));
	r = list(&s.engine, &l, e);
	if (r == 0 && !l.o->quiet && is_table(l.o))
		r = table_print(&l.table, l.o->no_trunc ? 0 : 80, true, &out, e);
	return r == 0 && out.len ? cli_print(&out, e) : r;
}

const struct command command_ps = {
	.name = "ps",
	.also = ALSO("container ls", "container list", "container ps"),
	.args = "[OPTIONS]",
	.summary = "list containers",
	.groups = groups,
	.options_size = sizeof(struct ps_options),
	.run = run,
};
