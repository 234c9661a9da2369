/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_volume_ls.c - `tare volume ls`, `tare volume prune`: volumes that are listed or removed by what they are. */
#include "base/scope.h"
#include "cli/listing.h"
#include "cli/prune.h"
#include "cli/session.h"
#include "engine/volume.h"

#include <errno.h>
#include <string.h>

/* ---- filters ------------------------------------------------------------------------------------------------ */

struct item {
	const struct volume_row *row;
	struct volume_options options;
	bool used; /* by a container, whatever it does */
};

static bool dangling_holds(const struct filter *f, const void *object)
{
	return ((const struct item *)object)->used == !f->number;
}

static bool driver_holds(const struct filter *f, const void *object)
{
	return strcmp(f->value, "local") == 0;
}

static bool label_holds(const struct filter *f, const void *object)
{
	return filter_label(f->value, &((const struct item *)object)->options.labels);
}

static bool name_holds(const struct filter *f, const void *object)
{
	return strstr(((const struct item *)object)->row->name, f->value) != NULL;
}

static const struct filter_row ls_filters[] = {
	{ "dangling", filter_check_bool, dangling_holds },
	{ "driver", NULL, driver_holds },
	{ "label", NULL, label_holds, .all = true },
	{ "name", NULL, name_holds },
};

static int read_item(struct db *db, const struct volume_row *row, struct arena *a, struct item *ret, struct err *e)
{
	struct oci_strings users = { 0 };
	int r = volume_options_parse(row->options, a, &ret->options, e);

	ret->row = row;
	if (r == 0)
		r = volume_rows_users(db, row->name, a, &users, e);
	ret->used = users.n > 0;
	return r;
}

/* ---- ls ----------------------------------------------------------------------------------------------------- */

struct ls_options {
	struct listing_options how;
	struct filters filters;
};

static void init_ls(void *options)
{
	((struct ls_options *)options)->filters = FILTERS(ls_filters);
}

static const struct option ls_rows[] = {
	{ "cluster", 0, NULL, .refused = "tare has no cluster volumes", .hidden = true },
	{ "filter", 'f', "NAME=VALUE", "only those of this dangling (true, false), driver, label or name", filter_set,
	  offsetof(struct ls_options, filters), .words = "dangling= driver= label= name=" },
	LISTING_FORMAT(struct ls_options),
	LISTING_QUIET(struct ls_options),
};

static OPTION_GROUP(ls_group, "Options", ls_rows);
static const struct option_group *const ls_groups[] = { &ls_group, NULL };

enum field { F_DRIVER, F_LABELS, F_LINKS, F_MOUNTPOINT, F_NAME, F_SCOPE, F_SIZE, FIELDS };

static const struct listing_field field_rows[] = {
	[F_DRIVER] = { "Driver", { "DRIVER" } },	 [F_LABELS] = { "Labels", { "LABELS" } },
	[F_LINKS] = { "Links", { "LINKS" } },		 [F_MOUNTPOINT] = { "Mountpoint", { "MOUNTPOINT" } },
	[F_NAME] = { "Name", { "VOLUME NAME" } },	 [F_SCOPE] = { "Scope", { "SCOPE" } },
	[F_SIZE] = { "Size", { "SIZE" } },
};

static const unsigned char columns[] = { F_DRIVER, F_NAME };
static const struct listing_kind kind = { field_rows, FIELDS, columns, sizeof columns, F_NAME };

static const char *labels_text(const struct oci_pairs *l, struct arena *a)
{
	const char *text = "";

	for (size_t i = 0; i < l->n && text; i++)
		text = arena_fmt(a, "%s%s%s=%s", text, i ? "," : "", l->v[i].key, l->v[i].value);
	return text;
}

static int put_one(struct engine *en, struct listing *l, const struct item *i, struct err *e)
{
	const char *values[FIELDS] = {
		[F_DRIVER] = "local",    [F_LABELS] = labels_text(&i->options.labels, l->arena),
		[F_LINKS] = "N/A",       [F_MOUNTPOINT] = volume_path(en, i->row->name, l->arena),
		[F_NAME] = i->row->name, [F_SCOPE] = "local",
		[F_SIZE] = "N/A"
	};

	return listing_add(l, values, e);
}

static int run_ls(struct cli *cli, void *options, const struct operands *operands, int *ret_status, struct err *e)
{
	const struct ls_options *o = options;
	scoped_session s = { .open = false };
	scoped_buf out = BUF(CLI_OUTPUT_MAX);
	struct volume_rows rows = { 0 };
	struct listing l;
	struct db *db;
	int r = listing_begin(&l, &kind, &o->how, cli->arena, &out, e);

	if (r == 0)
		r = session_open(&s, cli, e);
	if (r == 0)
		r = engine_db(&s.engine, &db, e);
	if (r == 0)
		r = volume_rows_list(db, cli->arena, &rows, e);
	for (size_t i = 0; r == 0 && i < rows.n; i++) {
		struct item one = { 0 };

		r = read_item(db, &rows.v[i], cli->arena, &one, e);
		if (r == 0 && filters_hold(&o->filters, &one))
			r = put_one(&s.engine, &l, &one, e);
	}
	if (r == 0)
		r = listing_end(&l, e);
	return r == 0 && out.len ? cli_print(&out, e) : r;
}

const struct command command_volume_ls = {
	.name = "volume ls",
	.also = ALSO("volume list"),
	.args = "[OPTIONS]",
	.summary = "list volumes",
	.groups = ls_groups,
	.options_size = sizeof(struct ls_options),
	.init = init_ls,
	.run = run_ls,
};

/* ---- prune -------------------------------------------------------------------------------------------------- */

static void init_prune(void *options)
{
	((struct prune_options *)options)->filters = FILTERS(prune_volume_filters);
}

static const struct option prune_rows[] = {
	PRUNE_ALL("also those that were given a name"),
	PRUNE_FILTER("only those with this label, or without it (label!=); all=true is --all", "all= label= label!="),
	PRUNE_FORCE,
};

static OPTION_GROUP(prune_group, "Options", prune_rows);
static const struct option_group *const prune_groups[] = { &prune_group, NULL };

static bool takes_all(const struct prune_options *o)
{
	for (size_t i = 0; i < o->filters.given.n; i++)
		if (strcmp(o->filters.given.v[i].row->name, "all") == 0 && o->filters.given.v[i].number)
			return true;
	return o->all;
}

/* One that somebody began to use meanwhile stays. */
static int prune_one(struct engine *en, const struct volume_row *row, struct arena *a, struct buf *out,
		     int64_t *freed, struct err *e)
{
	int64_t bytes = 0;
	int r;

	(void)volume_bytes(en, row->name, &bytes, NULL);
	r = volume_delete(en, row->name, a, e);
	if (r == -EBUSY || r == -ENOENT)
		return 0;
	if (r < 0)
		return r;
	prune_head(out, "Volumes");
	buf_putf(out, "%s\n", row->name);
	*freed += bytes;
	return 0;
}

int prune_volumes(struct engine *en, const struct prune_options *o, struct arena *a, struct buf *out, int64_t *freed,
		 struct err *e)
{
	struct volume_rows rows = { 0 };
	struct db *db;
	int r = engine_db(en, &db, e);

	if (r == 0)
		r = volume_rows_list(db, a, &rows, e);
	for (size_t i = 0; r == 0 && i < rows.n; i++) {
		struct item one = { 0 };

		r = read_item(db, &rows.v[i], a, &one, e);
		if (r < 0 || one.used || (rows.v[i].kind == VOLUME_NAMED && !takes_all(o)))
			continue;
		if (filters_hold(&o->filters, &(struct prune_object){ .labels = &one.options.labels }))
			r = prune_one(en, &rows.v[i], a, out, freed, e);
	}
	return r;
}

static int run_prune(struct cli *cli, void *options, const struct operands *operands, int *ret_status, struct err *e)
{
	return prune_run(cli, options,
			 takes_all(options) ?
				 "This will remove all local volumes not used by at least one container." :
				 "This will remove anonymous local volumes not used by at least one container.",
			 prune_volumes, e);
}

const struct command command_volume_prune = {
	.name = "volume prune",
	.args = "[OPTIONS]",
	.summary = "remove volumes that no container has",
	.groups = prune_groups,
	.options_size = sizeof(struct prune_options),
	.init = init_prune,
	.run = run_prune,
};
