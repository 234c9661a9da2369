/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_image_prune.c - `tare image prune` */
#include "base/clock.h"
#include "base/scope.h"
#include "cli/prune.h"
#include "engine/image_remove.h"
#include "oci/image_spec.h"

static void init(void *options)
{
	((struct prune_options *)options)->filters = FILTERS(prune_filters);
}

struct wish {
	const struct filters *filters;
	struct arena *arena;
};

static bool is_wanted(void *arg, const struct image_row *row)
{
	const struct wish *w = arg;
	struct image_config config;
	struct prune_object seen = { 0 };

	if (image_config_parse(row->config, w->arena, &config, NULL) < 0)
		return false;
	seen.labels = &config.labels;
	if (!row->created || !clock_parse_rfc3339(row->created, &seen.created_ns))
		seen.created_ns = 0;
	return filters_hold(w->filters, &seen);
}

static const struct option rows[] = {
	PRUNE_ALL("every image that no container has, not only those without a name"),
	PRUNE_FILTER("only those with this label, without it (label!=), or older than until", "label= label!= until="),
	PRUNE_FORCE,
};

static OPTION_GROUP(group, "Options", rows);
static const struct option_group *const groups[] = { &group, NULL };

int prune_images(struct engine *en, const struct prune_options *o, struct arena *a, struct buf *out, int64_t *freed,
		 struct err *e)
{
	struct wish wish = { &o->filters, a };
	const struct image_prune p = { .all = o->all, .wanted = is_wanted, .arg = &wish };
	struct image_changes changes = { 0 };
	int r = engine_image_prune(en, &p, a, &changes, e);

	for (size_t i = 0; i < changes.n; i++) {
		prune_head(out, "Images");
		buf_putf(out, "%s: %s\n", changes.v[i].deleted ? "deleted" : "untagged", changes.v[i].name);
	}
	*freed = changes.freed_bytes;
	return r;
}

static int run(struct cli *cli, void *options, const struct operands *operands, int *ret_status, struct err *e)
{
	const struct prune_options *o = options;

	return prune_run(cli, o,
			 o->all ? "This will remove all images without at least one container associated to them." :
				  "This will remove all dangling images.",
			 prune_images, e);
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
