/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_container_prune.c - `tare container prune` */
#include "base/clock.h"
#include "base/scope.h"
#include "cli/confirm.h"
#include "cli/filter.h"
#include "cli/human.h"
#include "cli/session.h"
#include "cli/value.h"
#include "engine/inspect.h"
#include "engine/remove.h"
#include "engine/survey.h"

#include <errno.h>
#include <string.h>

struct prune_options {
	bool force;
	struct filters filters;
};

/* ---- filters ------------------------------------------------------------------------------------------------ */

static const struct container_view *view(const void *object)
{
	return object;
}

static bool label_holds(const struct filter *f, const void *object)
{
	return filter_label(f->value, &view(object)->config.labels);
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
	return view(object)->row.created_ns < f->number;
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

static const struct option rows[] = {
	{ "filter", 0, "NAME=VALUE", "only those with this label, without it (label!=), or older than until",
	  filter_set, offsetof(struct prune_options, filters), .words = "label= label!= until=" },
	{ "force", 'f', NULL, "do not ask", option_switch, offsetof(struct prune_options, force) },
};

static OPTION_GROUP(group, "Options", rows);
static const struct option_group *const groups[] = { &group, NULL };

/* ---- the command -------------------------------------------------------------------------------------------- */

/* One that was started meanwhile stays. */
static int prune_one(struct inspector *in, const struct container_row *row, struct buf *out, int64_t *freed,
		     struct err *e)
{
	int64_t own = 0, root;
	int r;

	(void)inspector_size(in, row, &own, &root, NULL);
	r = engine_remove(in->en, sv_from(row->id), &(struct remove_options){ .force = false }, e);
	if (r == -EBUSY || r == -ENOENT)
		return 0;
	if (r < 0)
		return r;
	buf_putf(out, "%s%s\n", out->len ? "" : "Deleted Containers:\n", row->id);
	*freed += own;
	return 0;
}

static int prune(struct engine *en, const struct prune_options *o, struct arena *a, struct buf *out, struct err *e)
{
	struct container_items all = { 0 };
	struct inspector in;
	int64_t freed = 0;
	char size[HUMAN_SIZE];
	int r = engine_survey(en, SURVEY_CONFIGS, a, &all, e);

	inspector_init(&in, en, a);
	for (size_t i = 0; r == 0 && i < all.n; i++) {
		struct container_view v;

		if (container_is_active(all.v[i].state.status) || all.v[i].state.status == CONTAINER_REMOVING)
			continue;
		r = inspector_view_of(&in, &all.v[i].row, &all.v[i].state, &v, e);
		if (r == 0 && filters_hold(&o->filters, &v))
			r = prune_one(&in, &all.v[i].row, out, &freed, e);
	}
	buf_putf(out, "%sTotal reclaimed space: %s\n", out->len ? "\n" : "", human_bytes(freed, size));
	return r;
}

static int run(struct cli *cli, void *options, const struct operands *operands, int *ret_status, struct err *e)
{
	const struct prune_options *o = options;
	scoped_session s = { .open = false };
	scoped_buf out = BUF(CLI_OUTPUT_MAX);
	bool yes = o->force;
	int r = yes ? 0 : confirm("This will remove all stopped containers.", &yes, e);

	if (r < 0 || !yes)
		return r;
	r = session_open(&s, cli, e);
	if (r < 0)
		return r;
	r = prune(&s.engine, o, cli->arena, &out, e);
	return r < 0 ? (cli_print(&out, NULL), r) : cli_print(&out, e);
}

const struct command command_container_prune = {
	.name = "container prune",
	.args = "[OPTIONS]",
	.summary = "remove all containers that do not run",
	.groups = groups,
	.options_size = sizeof(struct prune_options),
	.init = init,
	.run = run,
};
