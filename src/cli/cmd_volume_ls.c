/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_volume_ls.c - `tare volume ls`, `tare volume prune`: volumes that are listed or removed by what they are. */
#include "base/scope.h"
#include "cli/named.h"
#include "cli/named_kinds.h"
#include "engine/volume.h"

#include <string.h>

static const struct filter_row ls_filters[] = {
	{ "dangling", filter_check_bool, named_dangling },
	{ "driver", NULL, named_driver },
	{ "label", NULL, named_label, .all = true },
	{ "name", NULL, named_name },
};

/* ---- ls ----------------------------------------------------------------------------------------------------- */

static void init_ls(void *options)
{
	((struct named_ls_options *)options)->filters = FILTERS(ls_filters);
}

static const struct option ls_rows[] = {
	{ "cluster", 0, NULL, .refused = "tare has no cluster volumes", .hidden = true },
	NAMED_FILTER("only those of this dangling (true, false), driver, label or name",
		     "dangling= driver= label= name="),
	LISTING_FORMAT(struct named_ls_options),
	LISTING_QUIET(struct named_ls_options),
};

static OPTION_GROUP(ls_group, "Options", ls_rows);
static const struct option_group *const ls_groups[] = { &ls_group, NULL };

enum field { F_DRIVER, F_LABELS, F_LINKS, F_MOUNTPOINT, F_NAME, F_SCOPE, F_SIZE, FIELDS };

static const struct listing_field field_rows[] = {
	[F_DRIVER] = { "Driver", { "DRIVER", 0, 1 } },	 [F_LABELS] = { "Labels", { "LABELS" } },
	[F_LINKS] = { "Links", { "LINKS" } },		 [F_MOUNTPOINT] = { "Mountpoint", { "MOUNTPOINT" } },
	[F_NAME] = { "Name", { "VOLUME NAME", 40 } },	 [F_SCOPE] = { "Scope", { "SCOPE" } },
	[F_SIZE] = { "Size", { "SIZE" } },
};

static const unsigned char columns[] = { F_DRIVER, F_NAME };
static const struct listing_kind listing = { field_rows, FIELDS, columns, sizeof columns, F_NAME };

static void show(struct engine *en, const struct named *n, bool whole, struct arena *a, const char **ret_values)
{
	ret_values[F_DRIVER] = n->driver;
	ret_values[F_LABELS] = named_labels(n->labels, a);
	ret_values[F_LINKS] = ret_values[F_SIZE] = "N/A";
	ret_values[F_MOUNTPOINT] = volume_path(en, n->name, a);
	ret_values[F_NAME] = n->name;
	ret_values[F_SCOPE] = "local";
}

static int read_one(struct db *db, const struct volume_row *row, struct arena *a, struct named *ret, struct err *e)
{
	struct volume_options *options = arena_array(a, 1, sizeof *options);
	struct oci_strings users = { 0 };
	int r = options ? volume_options_parse(row->options, a, options, e) : err_oom(e);

	if (r == 0)
		r = volume_rows_users(db, row->name, a, &users, e);
	if (r == 0)
		*ret = (struct named){ .name = row->name, .id = row->name, .driver = "local",
				       .labels = &options->labels, .used = users.n > 0,
				       .is_named = row->kind == VOLUME_NAMED };
	return r;
}

static int list(struct engine *en, struct arena *a, struct named_list *ret, struct err *e)
{
	struct volume_rows rows = { 0 };
	struct db *db;
	int r = engine_db(en, &db, e);

	if (r == 0)
		r = volume_rows_list(db, a, &rows, e);
	if (r == 0 && !(ret->v = arena_array(a, rows.n + 1, sizeof *ret->v)))
		r = err_oom(e);
	for (; r == 0 && ret->n < rows.n; ret->n++)
		r = read_one(db, &rows.v[ret->n], a, &ret->v[ret->n], e);
	return r;
}

static int64_t bytes_of(struct engine *en, const struct named *n)
{
	int64_t bytes = 0;

	(void)volume_bytes(en, n->name, &bytes, NULL);
	return bytes;
}

const struct named_kind named_volumes = { "Volumes", &listing, list, show, volume_delete, bytes_of };

static int run_ls(struct cli *cli, void *options, const struct operands *operands, int *ret_status, struct err *e)
{
	return named_ls(cli, &named_volumes, options, e);
}

const struct command command_volume_ls = {
	.name = "volume ls",
	.also = ALSO("volume list"),
	.args = "[OPTIONS]",
	.summary = "list volumes",
	.groups = ls_groups,
	.options_size = sizeof(struct named_ls_options),
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

int prune_volumes(struct engine *en, const struct prune_options *o, struct arena *a, struct buf *out, int64_t *freed,
		  struct err *e)
{
	return named_prune(en, &named_volumes, o, takes_all(o), a, out, freed, e);
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
