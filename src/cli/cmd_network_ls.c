/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_network_ls.c - `tare network ls`, `tare network prune`: networks that are listed or removed by what they are. */
#include "base/scope.h"
#include "cli/human.h"
#include "cli/named.h"
#include "cli/named_kinds.h"
#include "engine/cni.h"
#include "engine/network.h"

#include <errno.h>
#include <string.h>

/* ---- filters ------------------------------------------------------------------------------------------------ */

static bool id_holds(const struct filter *f, const void *object)
{
	return strncmp(((const struct named *)object)->id, f->value, strlen(f->value)) == 0;
}

static bool scope_holds(const struct filter *f, const void *object)
{
	return strcmp(f->value, "local") == 0;
}

static int check_type(struct filter *f, struct err *e)
{
	if (strcmp(f->value, "builtin") == 0 || strcmp(f->value, "custom") == 0)
		return 0;
	return err_set(e, EINVAL, "invalid filter 'type=%.40s': builtin or custom", f->value);
}

static bool type_holds(const struct filter *f, const void *object)
{
	return ((const struct named *)object)->stays == (strcmp(f->value, "builtin") == 0);
}

static const struct filter_row ls_filters[] = {
	{ "dangling", filter_check_bool, named_dangling },
	{ "driver", NULL, named_driver },
	{ "id", NULL, id_holds },
	{ "label", NULL, named_label, .all = true },
	{ "name", NULL, named_name },
	{ "scope", NULL, scope_holds },
	{ "type", check_type, type_holds },
};

/* ---- ls ----------------------------------------------------------------------------------------------------- */

static void init_ls(void *options)
{
	((struct named_ls_options *)options)->filters = FILTERS(ls_filters);
}

static const struct option ls_rows[] = {
	NAMED_FILTER("only those of this dangling, driver, id, label, name, scope or type (builtin, custom)",
		     "dangling= driver= id= label= name= scope= type="),
	LISTING_FORMAT(struct named_ls_options),
	LISTING_NO_TRUNC(struct named_ls_options),
	LISTING_QUIET(struct named_ls_options),
};

static OPTION_GROUP(ls_group, "Options", ls_rows);
static const struct option_group *const ls_groups[] = { &ls_group, NULL };

enum field { F_CREATED, F_DRIVER, F_ID, F_INTERNAL, F_IPV4, F_IPV6, F_LABELS, F_NAME, F_SCOPE, FIELDS };

static const struct listing_field field_rows[] = {
	[F_CREATED] = { "CreatedAt", { "CREATED AT" } }, [F_DRIVER] = { "Driver", { "DRIVER" } },
	[F_ID] = { "ID", { "NETWORK ID" } },		 [F_INTERNAL] = { "Internal", { "INTERNAL" } },
	[F_IPV4] = { "IPv4", { "IPV4" } },		 [F_IPV6] = { "IPv6", { "IPV6" } },
	[F_LABELS] = { "Labels", { "LABELS" } },	 [F_NAME] = { "Name", { "NAME", 40 } },
	[F_SCOPE] = { "Scope", { "SCOPE" } },
};

static const unsigned char columns[] = { F_ID, F_NAME, F_DRIVER, F_SCOPE };
static const struct listing_kind listing = { field_rows, FIELDS, columns, sizeof columns, F_ID };

static const char *truth(bool v)
{
	return v ? "true" : "false";
}

static void show(struct engine *en, const struct named *n, bool whole, struct arena *a, const char **ret_values)
{
	const struct network *net = n->more;
	char time[HUMAN_SIZE];

	ret_values[F_CREATED] = arena_str(a, human_time(net->row.created_ns, time));
	ret_values[F_DRIVER] = n->driver;
	ret_values[F_ID] = whole ? n->id : arena_fmt(a, "%.*s", ID_SHORT, n->id);
	ret_values[F_INTERNAL] = truth(net->options.internal);
	ret_values[F_IPV4] = truth(!net->options.no_ipv4);
	ret_values[F_IPV6] = truth(net->options.ipv6);
	ret_values[F_LABELS] = named_labels(n->labels, a);
	ret_values[F_NAME] = n->name;
	ret_values[F_SCOPE] = "local";
}

static int read_one(struct db *db, const struct network_row *row, struct arena *a, struct named *ret, struct err *e)
{
	struct network *net = arena_array(a, 1, sizeof *net);
	struct place_rows places = { 0 };
	int r = net ? network_open(row, a, net, e) : err_oom(e);

	if (r == 0)
		r = network_rows_places(db, NULL, row->id, a, &places, e);
	if (r == 0)
		*ret = (struct named){ .name = row->name, .id = row->id, .driver = row->driver,
				       .labels = &net->options.labels, .created_ns = row->created_ns,
				       .used = places.n > 0, .stays = network_is_predefined(row), .more = net };
	return r;
}

static int list(struct engine *en, struct arena *a, struct named_list *ret, struct err *e)
{
	struct network_rows rows = { 0 };
	struct db *db;
	int r = engine_db(en, &db, e);

	if (r == 0)
		r = network_list(en, a, &rows, e);
	if (r == 0 && !(ret->v = arena_array(a, rows.n + 1, sizeof *ret->v)))
		r = err_oom(e);
	for (; r == 0 && ret->n < rows.n; ret->n++)
		r = read_one(db, &rows.v[ret->n], a, &ret->v[ret->n], e);
	return r;
}

const struct named_kind named_networks = { "Networks", &listing, list, show, network_delete, NULL };

static int run_ls(struct cli *cli, void *options, const struct operands *operands, int *ret_status, struct err *e)
{
	return named_ls(cli, &named_networks, options, e);
}

const struct command command_network_ls = {
	.name = "network ls",
	.also = ALSO("network list"),
	.args = "[OPTIONS]",
	.summary = "list networks",
	.groups = ls_groups,
	.options_size = sizeof(struct named_ls_options),
	.init = init_ls,
	.run = run_ls,
};

/* ---- prune -------------------------------------------------------------------------------------------------- */

static void init_prune(void *options)
{
	((struct prune_options *)options)->filters = FILTERS(prune_filters);
}

static const struct option prune_rows[] = {
	PRUNE_FILTER("only those with this label, without it (label!=), or made before (until)",
		     "label= label!= until="),
	PRUNE_FORCE,
};

static OPTION_GROUP(prune_group, "Options", prune_rows);
static const struct option_group *const prune_groups[] = { &prune_group, NULL };

int prune_networks(struct engine *en, const struct prune_options *o, struct arena *a, struct buf *out, int64_t *freed,
		   struct err *e)
{
	unsigned n = 0;
	int r = named_prune(en, &named_networks, o, true, a, out, freed, e);

	if (r == 0)
		r = cni_collect(en, &n, e);
	if (n)
		buf_putf(out, "CNI attachments of containers that are gone: %u\n", n);
	return r;
}

static int run_prune(struct cli *cli, void *options, const struct operands *operands, int *ret_status, struct err *e)
{
	return prune_run(cli, options, "This will remove all custom networks not used by at least one container.",
			 prune_networks, e);
}

const struct command command_network_prune = {
	.name = "network prune",
	.args = "[OPTIONS]",
	.summary = "remove networks that no container is in",
	.groups = prune_groups,
	.options_size = sizeof(struct prune_options),
	.init = init_prune,
	.run = run_prune,
};
