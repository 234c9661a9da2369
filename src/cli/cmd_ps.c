/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_ps.c - `tare ps`: the containers of this node, in Docker's columns and fields. */
#include "base/clock.h"
#include "base/log.h"
#include "base/scope.h"
#include "cli/filter.h"
#include "cli/human.h"
#include "cli/listing.h"
#include "cli/session.h"
#include "cli/value.h"
#include "engine/inspect.h"

#include <errno.h>
#include <string.h>

struct ps_options {
	struct listing_options how;
	bool all, latest;
	int64_t last; /* 0: no such limit */
	struct filters filters;
};

/* ---- filters ------------------------------------------------------------------------------------------------ */

static bool is_status(const char *text)
{
#define X(id, name)                      \
	if (strcmp(text, name) == 0)     \
		return true;
	CONTAINER_STATUSES(X)
#undef X
	return false;
}

static int check_status(struct filter *f, struct err *e)
{
	if (is_status(f->value))
		return 0;
	return err_set(e, EINVAL, "invalid filter 'status=%.40s' (created, running, exited, removing)", f->value);
}

static int check_exited(struct filter *f, struct err *e)
{
	return value_i64(f->value, &f->number, e);
}

static bool exited_holds(const struct filter *f, const void *object)
{
	const struct container_view *v = object;

	return v->state.status == CONTAINER_EXITED && v->state.outcome.exit_code == f->number;
}

static bool id_holds(const struct filter *f, const void *object)
{
	return strncmp(((const struct container_view *)object)->row.id, f->value, strlen(f->value)) == 0;
}

static bool label_holds(const struct filter *f, const void *object)
{
	return filter_label(f->value, &((const struct container_view *)object)->config.labels);
}

static bool name_holds(const struct filter *f, const void *object)
{
	return strstr(((const struct container_view *)object)->row.name, f->value + (f->value[0] == '/')) != NULL;
}

static bool status_holds(const struct filter *f, const void *object)
{
	return strcmp(container_status_name(((const struct container_view *)object)->state.status), f->value) == 0;
}

static const struct filter_row filter_rows[] = {
	{ "exited", check_exited, exited_holds },
	{ "id", NULL, id_holds },
	{ "label", NULL, label_holds, .all = true },
	{ "name", NULL, name_holds },
	{ "status", check_status, status_holds },
};

static void init(void *options)
{
	((struct ps_options *)options)->filters = FILTERS(filter_rows);
}

static bool is_wanted(const struct ps_options *o, const struct container_view *v)
{
	if (!filters_hold(&o->filters, v))
		return false;
	return o->all || o->last || o->latest || v->state.status == CONTAINER_RUNNING ||
	       filters_has(&o->filters, "status") || filters_has(&o->filters, "exited");
}

/* ---- options ------------------------------------------------------------------------------------------------ */

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
	{ "filter", 'f', "NAME=VALUE", "only those with this exited, id, label, name or status", filter_set,
	  FIELD(filters), .words = "exited= id= label= name= status=" },
	LISTING_FORMAT(struct ps_options),
	{ "last", 'n', "N", "the N newest, running or not", set_last },
	{ "latest", 'l', NULL, "the newest one, running or not", option_switch, FIELD(latest) },
	LISTING_NO_TRUNC(struct ps_options),
	LISTING_QUIET(struct ps_options),
	{ "size", 's', NULL, .refused = "not supported yet: sizes are not counted" },
};

static OPTION_GROUP(group, "Options", rows);
static const struct option_group *const groups[] = { &group, NULL };

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

static const struct listing_field field_rows[] = {
	[F_COMMAND] = { "Command", { "COMMAND", 9 } },
	[F_CREATED_AT] = { "CreatedAt", { "CREATED AT" } },
	[F_ID] = { "ID", { "CONTAINER ID" } },
	[F_IMAGE] = { "Image", { "IMAGE", 7 } },
	[F_LABELS] = { "Labels", { "LABELS" } },
	[F_MOUNTS] = { "Mounts", { "MOUNTS" } },
	[F_NAMES] = { "Names", { "NAMES", 8 } },
	[F_NETWORKS] = { "Networks", { "NETWORKS" } },
	[F_PORTS] = { "Ports", { "PORTS" } },
	[F_RUNNING_FOR] = { "RunningFor", { "CREATED", 9 } },
	[F_STATE] = { "State", { "STATE" } },
	[F_STATUS] = { "Status", { "STATUS", 10 } },
};

static const unsigned char columns[] = { F_ID, F_IMAGE, F_COMMAND, F_RUNNING_FOR, F_STATUS, F_NAMES };

static const struct listing_kind kind = { field_rows, FIELDS, columns, sizeof columns, F_ID };

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
	case CONTAINER_DEAD:
		return "Dead";
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

/* NULL: there was no memory for it */
static void fields(const struct container_view *v, const struct ps_options *o, int64_t now, struct arena *a,
		   const char *ret[FIELDS])
{
	char text[HUMAN_SIZE], ago[HUMAN_SIZE];

	ret[F_COMMAND] = command_text(v, o->how.no_trunc, a);
	ret[F_CREATED_AT] = arena_str(a, human_time(v->row.created_ns, text));
	ret[F_ID] = o->how.no_trunc ? v->row.id : arena_fmt(a, "%.*s", ID_SHORT, v->row.id);
	ret[F_IMAGE] = v->row.image_ref ? v->row.image_ref : v->config.rootfs ? v->config.rootfs : "";
	ret[F_LABELS] = labels_text(&v->config.labels, a);
	ret[F_MOUNTS] = mounts_text(&v->config, a);
	ret[F_NAMES] = v->row.name;
	ret[F_NETWORKS] = v->config.network_mode ? v->config.network_mode : "none";
	ret[F_PORTS] = "";
	ret[F_RUNNING_FOR] = arena_fmt(a, "%s ago", human_duration(now - v->row.created_ns, ago));
	ret[F_STATE] = container_status_name(v->state.status);
	ret[F_STATUS] = status_text(v, now, a);
}

/* ---- output ------------------------------------------------------------------------------------------------- */

static bool is_enough(const struct ps_options *o, unsigned shown)
{
	return (o->latest && shown == 1) || (o->last && shown >= o->last);
}

static int put_one(const struct ps_options *o, struct listing *l, const struct container_view *v, struct err *e)
{
	const char *values[FIELDS];

	fields(v, o, clock_real_ns(), l->arena, values);
	return listing_add(l, values, e);
}

static int list(struct engine *en, const struct ps_options *o, struct listing *l, struct err *e)
{
	struct container_rows all;
	struct inspector in;
	struct db *db;
	unsigned shown = 0;
	int r = engine_db(en, &db, e);

	if (r == 0)
		r = containers_list(db, l->arena, &all, e);
	if (r < 0)
		return r;
	inspector_init(&in, en, l->arena);
	for (size_t i = 0; i < all.n && r == 0 && !is_enough(o, shown); i++) {
		struct container_view v;

		r = inspector_view(&in, &all.v[i], &v, e);
		if (r == -ENOENT) {
			r = 0; /* removed while the list was read */
		} else if (r == 0 && is_wanted(o, &v)) {
			r = put_one(o, l, &v, e);
			shown++;
		}
	}
	return r;
}

static int run(struct cli *cli, void *options, const struct operands *operands, int *ret_status, struct err *e)
{
	const struct ps_options *o = options;
	scoped_session s = { .open = false };
	scoped_buf out = BUF(CLI_OUTPUT_MAX);
	struct err left = { 0 };
	struct listing l;
	int r = listing_begin(&l, &kind, &o->how, cli->arena, &out, e);

	if (r == 0)
		r = session_open(&s, cli, e);
	if (r < 0)
		return r;
	if (engine_recover(&s.engine, &left) < 0)
		log_warning("%s", left.msg);
	r = list(&s.engine, o, &l, e);
	if (r == 0)
		r = listing_end(&l, e);
	return r == 0 && out.len ? cli_print(&out, e) : r;
}

const struct command command_ps = {
	.name = "ps",
	.also = ALSO("container ls", "container list", "container ps"),
	.args = "[OPTIONS]",
	.summary = "list containers",
	.groups = groups,
	.options_size = sizeof(struct ps_options),
	.init = init,
	.run = run,
};
