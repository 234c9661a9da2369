/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_network_ls.c - `tare network ls`, `tare network prune`: networks that are listed or removed by what they are. */
#include "base/clock.h"
#include "base/scope.h"
#include "cli/human.h"
#include "cli/listing.h"
#include "cli/prune.h"
#include "cli/session.h"
#include "engine/network.h"

#include <errno.h>
#include <string.h>

/* ---- filters ------------------------------------------------------------------------------------------------ */

struct item {
	struct network net;
	bool used; /* a container has a place in it */
};

static const struct item *seen(const void *object)
{
	return object;
}

static bool dangling_holds(const struct filter *f, const void *object)
{
	const struct item *i = seen(object);

	return (!i->used && !network_is_predefined(&i->net.row)) == (f->number != 0);
}

static bool driver_holds(const struct filter *f, const void *object)
{
	return strcmp(f->value, seen(object)->net.row.driver) == 0;
}

static bool id_holds(const struct filter *f, const void *object)
{
	return strncmp(seen(object)->net.row.id, f->value, strlen(f->value)) == 0;
}

static bool label_holds(const struct filter *f, const void *object)
{
	return filter_label(f->value, &seen(object)->net.options.labels);
}

static bool name_holds(const struct filter *f, const void *object)
{
	return strstr(seen(object)->net.row.name, f->value) != NULL;
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
	return network_is_predefined(&seen(object)->net.row) == (strcmp(f->value, "builtin") == 0);
}

static const struct filter_row ls_filters[] = {
	{ "dangling", filter_check_bool, dangling_holds },
	{ "driver", NULL, driver_holds },
	{ "id", NULL, id_holds },
	{ "label", NULL, label_holds, .all = true },
	{ "name", NULL, name_holds },
	{ "scope", NULL, scope_holds },
	{ "type", check_type, type_holds },
};

static int read_item(struct db *db, const struct network_row *row, struct arena *a, struct item *ret, struct err *e)
{
	struct place_rows places = { 0 };
	int r = network_open(row, a, &ret->net, e);

	if (r == 0)
		r = network_rows_places(db, NULL, row->id, a, &places, e);
	ret->used = places.n > 0;
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
	{ "filter", 'f', "NAME=VALUE",
	  "only those of this dangling, driver, id, label, name, scope or type (builtin, custom)", filter_set,
	  offsetof(struct ls_options, filters), .words = "dangling= driver= id= label= name= scope= type=" },
	LISTING_FORMAT(struct ls_options),
	LISTING_NO_TRUNC(struct ls_options),
	LISTING_QUIET(struct ls_options),
};

static OPTION_GROUP(ls_group, "Options", ls_rows);
static const struct option_group *const ls_groups[] = { &ls_group, NULL };

enum field { F_CREATED, F_DRIVER, F_ID, F_INTERNAL, F_IPV4, F_IPV6, F_LABELS, F_NAME, F_SCOPE, FIELDS };

static const struct listing_field field_rows[] = {
	[F_CREATED] = { "CreatedAt", { "CREATED AT" } }, [F_DRIVER] = { "Driver", { "DRIVER" } },
	[F_ID] = { "ID", { "NETWORK ID" } },		 [F_INTERNAL] = { "Internal", { "INTERNAL" } },
	[F_IPV4] = { "IPv4", { "IPV4" } },		 [F_IPV6] = { "IPv6", { "IPV6" } },
	[F_LABELS] = { "Labels", { "LABELS" } },	 [F_NAME] = { "Name", { "NAME" } },
	[F_SCOPE] = { "Scope", { "SCOPE" } },
};

static const unsigned char columns[] = { F_ID, F_NAME, F_DRIVER, F_SCOPE };
static const struct listing_kind kind = { field_rows, FIELDS, columns, sizeof columns, F_ID };

static const char *labels_text(const struct oci_pairs *l, struct arena *a)
{
	const char *text = "";

	for (size_t i = 0; i < l->n && text; i++)
		text = arena_fmt(a, "%s%s%s=%s", text, i ? "," : "", l->v[i].key, l->v[i].value);
	return text;
}

static const char *truth(bool v)
{
	return v ? "true" : "false";
}

static int put_one(struct listing *l, const struct item *i, bool whole, struct err *e)
{
	const struct network *net = &i->net;
	char time[HUMAN_SIZE];
	const char *values[FIELDS] = { [F_CREATED] = human_time(net->row.created_ns, time),
				       [F_DRIVER] = net->row.driver,
				       [F_ID] =
					       whole ? net->row.id : arena_fmt(l->arena, "%.*s", ID_SHORT, net->row.id),
				       [F_INTERNAL] = truth(net->options.internal),
				       [F_IPV4] = truth(!net->options.no_ipv4),
				       [F_IPV6] = truth(net->options.ipv6),
				       [F_LABELS] = labels_text(&net->options.labels, l->arena),
				       [F_NAME] = net->row.name,
				       [F_SCOPE] = "local" };

	return listing_add(l, values, e);
}

static int run_ls(struct cli *cli, void *options, const struct operands *operands, int *ret_status, struct err *e)
{
	const struct ls_options *o = options;
	scoped_session s = { .open = false };
	scoped_buf out = BUF(CLI_OUTPUT_MAX);
	struct network_rows rows = { 0 };
	struct listing l;
	struct db *db;
	int r = listing_begin(&l, &kind, &o->how, cli->arena, &out, e);

	if (r == 0)
		r = session_open(&s, cli, e);
	if (r == 0)
		r = engine_db(&s.engine, &db, e);
	if (r == 0)
		r = network_list(&s.engine, cli->arena, &rows, e);
	for (size_t i = 0; r == 0 && i < rows.n; i++) {
		struct item one = { .used = false };

		r = read_item(db, &rows.v[i], cli->arena, &one, e);
		if (r == 0 && filters_hold(&o->filters, &one))
			r = put_one(&l, &one, o->how.no_trunc, e);
	}
	if (r == 0)
		r = listing_end(&l, e);
	return r == 0 && out.len ? cli_print(&out, e) : r;
}

const struct command command_network_ls = {
	.name = "network ls",
	.also = ALSO("network list"),
	.args = "[OPTIONS]",
	.summary = "list networks",
	.groups = ls_groups,
	.options_size = sizeof(struct ls_options),
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

/* One that somebody has joined meanwhile stays. */
static int prune_one(struct engine *en, const struct item *i, struct arena *a, struct buf *out, struct err *e)
{
	int r = network_delete(en, i->net.row.id, a, e);

	if (r == -EBUSY || r == -ENOENT)
		return 0;
	if (r < 0)
		return r;
	prune_head(out, "Networks");
	buf_putf(out, "%s\n", i->net.row.name);
	return 0;
}

int prune_networks(struct engine *en, const struct prune_options *o, struct arena *a, struct buf *out, int64_t *freed,
		 struct err *e)
{
	struct network_rows rows = { 0 };
	struct db *db;
	int r = engine_db(en, &db, e);

	(void)freed;
	if (r == 0)
		r = network_rows_list(db, a, &rows, e);
	for (size_t i = 0; r == 0 && i < rows.n; i++) {
		struct item one = { .used = false };

		r = read_item(db, &rows.v[i], a, &one, e);
		if (r < 0 || one.used || network_is_predefined(&one.net.row))
			continue;
		if (filters_hold(&o->filters, &(struct prune_object){ .created_ns = one.net.row.created_ns,
								       .labels = &one.net.options.labels }))
			r = prune_one(en, &one, a, out, e);
	}
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
