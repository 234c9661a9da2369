/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_ps.c - `tare ps`: which containers of this node are listed. */
#include "base/clock.h"
#include "base/log.h"
#include "base/scope.h"
#include "cli/filter.h"
#include "cli/ps.h"
#include "cli/session.h"
#include "cli/value.h"
#include "engine/cni.h"
#include "engine/images.h"

#include <errno.h>
#include <string.h>

struct ps_options {
	struct listing_options how;
	bool all, latest, size;
	int64_t last; /* 0: no such limit */
	struct filters filters;
};

/* ---- filters ------------------------------------------------------------------------------------------------ */

static const struct ps_item *item(const void *object)
{
	return object;
}

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
	return err_set(e, EINVAL,
		       "invalid filter 'status=%.40s' (created, running, paused, restarting, exited, removing, dead)",
		       f->value);
}

static int check_exited(struct filter *f, struct err *e)
{
	return value_i64(f->value, &f->number, e);
}

static int check_health(struct filter *f, struct err *e)
{
	static const char *const states[] = { "starting", "healthy", "unhealthy", "none" };

	for (size_t i = 0; i < ARRAY_LEN(states); i++)
		if (strcmp(f->value, states[i]) == 0)
			return 0;
	return err_set(e, EINVAL, "invalid filter 'health=%.40s' (starting, healthy, unhealthy, none)", f->value);
}

/* f->value: the image's id, once it was looked up; f->number 1: there is no such image. */
static bool ancestor_holds(const struct filter *f, const void *object)
{
	const char *id = item(object)->view.row.image_id;

	return !f->number && id && strcmp(id, f->value) == 0;
}

/* f->number: the age of the container that is named */
static bool before_holds(const struct filter *f, const void *object)
{
	return (int64_t)item(object)->age > f->number;
}

static bool since_holds(const struct filter *f, const void *object)
{
	return (int64_t)item(object)->age < f->number;
}

static bool exited_holds(const struct filter *f, const void *object)
{
	const struct container_state *s = &item(object)->view.state;

	return s->status == CONTAINER_EXITED && s->outcome.exit_code == f->number;
}

/* No container has a health check. */
static bool health_holds(const struct filter *f, const void *object)
{
	return strcmp(f->value, "none") == 0;
}

static bool id_holds(const struct filter *f, const void *object)
{
	return strncmp(item(object)->view.row.id, f->value, strlen(f->value)) == 0;
}

static bool label_holds(const struct filter *f, const void *object)
{
	return filter_label(f->value, &item(object)->view.config.labels);
}

static bool name_holds(const struct filter *f, const void *object)
{
	return strstr(item(object)->view.row.name, f->value + (f->value[0] == '/')) != NULL;
}

static bool network_holds(const struct filter *f, const void *object)
{
	const char *mode = item(object)->view.config.network_mode;

	return strcmp(mode ? mode : "none", f->value) == 0;
}

static bool status_holds(const struct filter *f, const void *object)
{
	return strcmp(container_status_name(item(object)->view.state.status), f->value) == 0;
}

/* A volume's name, or where something is mounted. */
static bool volume_holds(const struct filter *f, const void *object)
{
	const struct container_config *c = &item(object)->view.config;
	const struct volume_uses *uses = &item(object)->volumes;

	for (size_t i = 0; i < uses->n; i++)
		if (strcmp(uses->v[i].name, f->value) == 0 || strcmp(uses->v[i].target, f->value) == 0)
			return true;
	for (size_t i = 0; i < c->mounts.n; i++)
		if (c->mounts.v[i].type == MOUNT_BIND &&
		    (strcmp(c->mounts.v[i].source, f->value) == 0 || strcmp(c->mounts.v[i].target, f->value) == 0))
			return true;
	return false;
}

static const struct filter_row filter_rows[] = {
	{ "ancestor", NULL, ancestor_holds },
	{ "before", NULL, before_holds, .all = true },
	{ "exited", check_exited, exited_holds },
	{ "health", check_health, health_holds },
	{ "id", NULL, id_holds },
	{ "label", NULL, label_holds, .all = true },
	{ "name", NULL, name_holds },
	{ "network", NULL, network_holds },
	{ "since", NULL, since_holds, .all = true },
	{ "status", check_status, status_holds },
	{ "volume", NULL, volume_holds },
};

static void init(void *options)
{
	((struct ps_options *)options)->filters = FILTERS(filter_rows);
}

static bool is_one_of(const struct filter *f, const char *name)
{
	return strcmp(f->row->name, name) == 0;
}

static int find_age(const struct container_items *all, struct engine *en, struct filter *f, struct arena *a,
		    struct err *e)
{
	struct container_row row;
	int r = container_find(en, sv_from(f->value), a, &row, e);

	for (size_t i = 0; r == 0 && i < all->n; i++)
		if (strcmp(all->v[i].row.id, row.id) == 0) {
			f->number = (int64_t)i;
			return 0;
		}
	return r < 0 ? r : err_set(e, ENOENT, "No such container: %.80s", f->value);
}

static int find_image(struct engine *en, struct filter *f, struct arena *a, struct err *e)
{
	struct image_row image;
	struct db *db;
	int r = engine_db(en, &db, e);

	if (r == 0)
		r = images_find(db, sv_from(f->value), a, &image, e);
	if (r == 0)
		f->value = image.id;
	f->number = r == -ENOENT;
	return r == -ENOENT ? 0 : r;
}

/* What a filter's value means can be known only now. */
static int resolve(struct ps_options *o, struct engine *en, const struct container_items *all, struct arena *a,
		   struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < o->filters.given.n; i++) {
		struct filter *f = &o->filters.given.v[i];

		if (is_one_of(f, "before") || is_one_of(f, "since"))
			r = find_age(all, en, f, a, e);
		else if (is_one_of(f, "ancestor"))
			r = find_image(en, f, a, e);
		if (r < 0)
			err_wrap(e, r, "--filter %s=%.80s", f->row->name, f->value);
	}
	return r;
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
	{ "filter", 'f', "NAME=VALUE",
	  "only those of this id, name, label, status, exited (exit status), ancestor (image), before or since "
	  "(another container), volume, network, health",
	  filter_set, FIELD(filters),
	  .words = "ancestor= before= exited= health= id= label= name= network= since= status= volume=" },
	LISTING_FORMAT(struct ps_options),
	{ "last", 'n', "N", "the N newest, running or not", set_last },
	{ "latest", 'l', NULL, "the newest one, running or not", option_switch, FIELD(latest) },
	LISTING_NO_TRUNC(struct ps_options),
	LISTING_QUIET(struct ps_options),
	{ "size", 's', NULL, "also how much each wrote into its root", option_switch, FIELD(size) },
};

static OPTION_GROUP(group, "Options", rows);
static const struct option_group *const groups[] = { &group, NULL };

/* ---- what of a container has to be read ----------------------------------------------------------------------- */

static bool names_field(const struct ps_options *o, const char *name)
{
	const char *format = o->how.format;

	return format && (strstr(format, name) || strstr(format, "json"));
}

static bool needs_config(const struct ps_options *o)
{
	return !o->how.quiet || filters_has(&o->filters, "label") || filters_has(&o->filters, "network") ||
	       filters_has(&o->filters, "volume");
}

static bool needs_volumes(const struct ps_options *o)
{
	return names_field(o, "Mounts") || names_field(o, "LocalVolumes") || filters_has(&o->filters, "volume");
}

static int complete(struct inspector *in, const struct ps_options *o, const struct container_item *from,
		    struct ps_item *ret, struct err *e)
{
	struct db *db;
	int r = engine_db(in->en, &db, e);

	if (r == 0 && needs_config(o))
		r = inspector_view_of(in, &from->row, &from->state, &ret->view, e);
	if (r == 0 && from->row.networked && container_is_active(from->state.status))
		r = network_ports_rules(in->en, from->row.id, in->a, &ret->ports, e);
	if (r == 0 && from->row.networked && !ret->ports.n && container_is_active(from->state.status))
		r = cni_ports(in->en, from->row.id, in->a, &ret->ports, e);
	if (r == 0 && needs_volumes(o))
		r = volume_rows_of(db, from->row.id, in->a, &ret->volumes, e);
	return r;
}

/* ---- output ------------------------------------------------------------------------------------------------- */

static bool is_listed(const struct ps_options *o, enum container_status s)
{
	return o->all || o->last || o->latest || container_is_active(s) || filters_has(&o->filters, "status") ||
	       filters_has(&o->filters, "exited");
}

static enum survey what_to_survey(const struct ps_options *o)
{
	if (!is_listed(o, CONTAINER_EXITED))
		return SURVEY_ACTIVE;
	return needs_config(o) ? SURVEY_CONFIGS : SURVEY_ALL;
}

static bool is_enough(const struct ps_options *o, unsigned shown)
{
	return (o->latest && shown == 1) || (o->last && shown >= o->last);
}

static int put_one(const struct ps_options *o, struct inspector *in, struct listing *l, struct ps_item *i,
		   struct err *e)
{
	const char *values[LISTING_FIELDS];
	int r = o->size || names_field(o, ".Size") ?
			inspector_size(in, &i->view.row, &i->size_own, &i->size_root, e) : 0;

	if (r < 0)
		return r;
	ps_fields(i, o->how.no_trunc, clock_real_ns(), l->arena, values);
	return listing_add(l, values, e);
}

static int list(struct engine *en, struct ps_options *o, struct listing *l, const struct container_items *all,
		struct err *e)
{
	struct inspector in;
	unsigned shown = 0;
	int r = resolve(o, en, all, l->arena, e);

	inspector_init(&in, en, l->arena);
	for (size_t i = 0; i < all->n && r == 0 && !is_enough(o, shown); i++) {
		struct ps_item one = { .view = { .row = all->v[i].row, .state = all->v[i].state }, .age = i };

		if (!is_listed(o, one.view.state.status))
			continue;
		r = complete(&in, o, &all->v[i], &one, e);
		if (r == -ENOENT) {
			r = 0; /* removed while the list was read */
		} else if (r == 0 && filters_hold(&o->filters, &one)) {
			r = put_one(o, &in, l, &one, e);
			shown++;
		}
	}
	return r;
}

static int run(struct cli *cli, void *options, const struct operands *operands, int *ret_status, struct err *e)
{
	struct ps_options *o = options;
	scoped_session s = { .open = false };
	scoped_buf out = BUF(CLI_OUTPUT_MAX);
	struct container_items all = { 0 };
	struct err left = { 0 };
	struct listing l;
	int r = listing_begin(&l, o->size ? &ps_kind_size : &ps_kind, &o->how, cli->arena, &out, e);

	if (r == 0)
		r = session_open(&s, cli, e);
	if (r < 0)
		return r;
	r = engine_survey(&s.engine, what_to_survey(o), cli->arena, &all, &left);
	if (r < 0 && !all.v)
		return err_set(e, -r, "%s", left.msg);
	if (r < 0)
		log_warning("%s", left.msg);
	r = list(&s.engine, o, &l, &all, e);
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
