/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_image_prune.c - `tare image prune` */
#include "base/clock.h"
#include "base/scope.h"
#include "cli/confirm.h"
#include "cli/filter.h"
#include "cli/human.h"
#include "cli/session.h"
#include "cli/value.h"
#include "engine/image_remove.h"
#include "oci/image_spec.h"

#include <errno.h>
#include <string.h>

struct prune_options {
	bool all, force;
	struct filters filters;
};

/* ---- filters ------------------------------------------------------------------------------------------------ */

struct candidate {
	int64_t created_ns;
	struct oci_pairs labels;
};

static bool label_holds(const struct filter *f, const void *object)
{
	return filter_label(f->value, &((const struct candidate *)object)->labels);
}

static bool no_label_holds(const struct filter *f, const void *object)
{
	return !label_holds(f, object);
}

static int check_until(struct filter *f, struct err *e)
{
	return value_moment(f->value, clock_real_ns(), &f->number, e);
}

static bool until_holds(const struct filter *f, const void *object)
{
	return ((const struct candidate *)object)->created_ns < f->number;
}

static const struct filter_row filter_rows[] = {
	{ "label", NULL, label_holds, .all = true },
	{ "label!", NULL, no_label_holds, .all = true },
	{ "until", check_until, until_holds },
};

static void init(void *options)
{
	((struct prune_options *)options)->filters = FILTERS(filter_rows);
}

struct wish {
	const struct filters *filters;
	struct arena *arena;
};

static bool is_wanted(void *arg, const struct image_row *row)
{
	const struct wish *w = arg;
	struct image_config config;
	struct candidate c = { 0 };

	if (image_config_parse(row->config, w->arena, &config, NULL) < 0)
		return false;
	c.labels = config.labels;
	if (!row->created || !clock_parse_rfc3339(row->created, &c.created_ns))
		c.created_ns = 0;
	return filters_hold(w->filters, &c);
}

/* ---- the command -------------------------------------------------------------------------------------------- */

#define FIELD(name) offsetof(struct prune_options, name)

static const struct option rows[] = {
	{ "all", 'a', NULL, "every image that no container has, not only those without a name", option_switch,
	  FIELD(all) },
	{ "filter", 0, "NAME=VALUE", "only those with this label, without it (label!=), or older than until",
	  filter_set, FIELD(filters), .words = "label= label!= until=" },
	{ "force", 'f', NULL, "do not ask", option_switch, FIELD(force) },
};

static OPTION_GROUP(group, "Options", rows);
static const struct option_group *const groups[] = { &group, NULL };

static void put_changes(const struct image_changes *c, struct buf *out)
{
	char size[HUMAN_SIZE];

	buf_puts(out, c->n ? "Deleted Images:\n" : "");
	for (size_t i = 0; i < c->n; i++)
		buf_putf(out, "%s: %s\n", c->v[i].deleted ? "deleted" : "untagged", c->v[i].name);
	buf_putf(out, "%sTotal reclaimed space: %s\n", c->n ? "\n" : "", human_bytes(c->freed_bytes, size));
}

static int run(struct cli *cli, void *options, const struct operands *operands, int *ret_status, struct err *e)
{
	const struct prune_options *o = options;
	struct wish wish = { &o->filters, cli->arena };
	const struct image_prune prune = { .all = o->all, .wanted = is_wanted, .arg = &wish };
	struct image_changes changes = { 0 };
	scoped_session s = { .open = false };
	scoped_buf out = BUF(CLI_OUTPUT_MAX);
	bool yes = o->force;
	int r = 0;

	if (!yes)
		r = confirm(o->all ? "This will remove all images without at least one container associated to them." :
				     "This will remove all dangling images.",
			    &yes, e);
	if (r < 0 || !yes)
		return r;
	r = session_open(&s, cli, e);
	if (r == 0)
		r = engine_image_prune(&s.engine, &prune, cli->arena, &changes, e);
	if (r < 0 && !changes.n)
		return r;
	put_changes(&changes, &out);
	return r < 0 ? (cli_print(&out, NULL), r) : cli_print(&out, e);
}

const struct command command_image_prune = {
	.name = "image prune",
	.args = "[OPTIONS]",
	.summary = "remove images that nothing needs",
	.groups = groups,
	.options_size = sizeof(struct prune_options),
	.init = init,
	.run = run,
};
