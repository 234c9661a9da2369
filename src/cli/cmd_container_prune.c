/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_container_prune.c - `tare container prune` */
#include "base/scope.h"
#include "cli/prune.h"
#include "report/inspect.h"
#include "engine/remove.h"
#include "engine/survey.h"

#include <errno.h>

static void init(void *options)
{
	((struct prune_options *)options)->filters = FILTERS(prune_filters);
}

static const struct option rows[] = {
	PRUNE_FILTER("only those with this label, without it (label!=), or older than until", "label= label!= until="),
	PRUNE_FORCE,
};

static OPTION_GROUP(group, "Options", rows);
static const struct option_group *const groups[] = { &group, NULL };

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
	prune_head(out, "Containers");
	buf_putf(out, "%s\n", row->id);
	*freed += own;
	return 0;
}

int prune_containers(struct engine *en, const struct prune_options *o, struct arena *a, struct buf *out, int64_t *freed,
		 struct err *e)
{
	struct container_items all = { 0 };
	struct inspector in;
	int r = engine_survey(en, SURVEY_CONFIGS, a, &all, e);

	inspector_init(&in, en, a);
	for (size_t i = 0; r == 0 && i < all.n; i++) {
		const struct container_item *item = &all.v[i];
		struct container_view v;

		if (container_is_active(item->state.status) || item->state.status == CONTAINER_REMOVING)
			continue;
		r = inspector_view_of(&in, &item->row, &item->state, &v, e);
		if (r == 0 && filters_hold(&o->filters, &(struct prune_object){ v.row.created_ns, &v.config.labels }))
			r = prune_one(&in, &item->row, out, freed, e);
	}
	return r;
}

static int run(struct cli *cli, void *options, const struct operands *operands, int *ret_status, struct err *e)
{
	return prune_run(cli, options, "This will remove all stopped containers.", prune_containers, e);
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
