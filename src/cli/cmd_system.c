/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_system.c - `tare system prune`: all that nothing needs, and what crashes left. */
#include "base/scope.h"
#include "cli/prune.h"
#include "report/disk_usage.h"
#include "engine/image_remove.h"
#include "engine/survey.h"

#include <errno.h>

struct system_prune {
	struct prune_options o; /* first: prune_run() hands it on */
	bool volumes;
};

static void init(void *options)
{
	((struct system_prune *)options)->o.filters = FILTERS(prune_filters);
}

static const struct option rows[] = {
	{ "all", 'a', NULL, "every image that no container has, not only those without a name", option_switch,
	  offsetof(struct system_prune, o.all) },
	{ "filter", 0, "NAME=VALUE", "only those with this label, without it (label!=), or older than until",
	  filter_set, offsetof(struct system_prune, o.filters), .words = "label= label!= until=" },
	{ "force", 'f', NULL, "do not ask", option_switch, offsetof(struct system_prune, o.force) },
	{ "volumes", 0, NULL, "also volumes without a name that no container has", option_switch,
	  offsetof(struct system_prune, volumes) },
};

static OPTION_GROUP(group, "Options", rows);
static const struct option_group *const groups[] = { &group, NULL };

/* ---- what crashes left --------------------------------------------------------------------------------------- */

static int64_t put_orphans(struct engine *en, struct arena *a, struct buf *out)
{
	struct disk_usage before;
	int64_t disk = 0;

	if (disk_usage_read(en, a, &before, NULL) < 0)
		return 0;
	for (size_t i = 0; i < before.n; i++) {
		if (before.v[i].part != DISK_ORPHAN)
			continue;
		if (!disk)
			buf_putf(out, "%sDeleted Orphans:\n", out->len ? "\n" : "");
		buf_putf(out, "%s\n", before.v[i].name);
		disk += before.v[i].used.disk + 1; /* an empty one is one, too */
	}
	return before.parts[DISK_ORPHAN].disk;
}

/* Told before they are gone: afterwards nothing knows of them. What cannot be removed is an error, and is told too. */
static int prune_orphans(struct engine *en, struct arena *a, struct buf *out, int64_t *freed, struct err *e)
{
	int r;

	*freed += put_orphans(en, a, out);
	r = engine_recover(en, e);
	return r < 0 ? r : engine_images_sweep(en, e);
}

/* ---- all ----------------------------------------------------------------------------------------------------- */

struct part {
	prune_fn *fn;
	bool asked;
};

static int prune_all(struct engine *en, const struct prune_options *o, struct arena *a, struct buf *out, int64_t *freed,
		     struct err *e)
{
	const struct system_prune *s = (const struct system_prune *)o;
	const struct part parts[] = { { prune_containers, true },
				      { prune_networks, true },
				      { prune_volumes, s->volumes },
				      { prune_images, true } };
	struct prune_options own = *o;
	int r = prune_orphans(en, a, out, freed, e);

	for (size_t i = 0; r == 0 && i < ARRAY_LEN(parts); i++) {
		scoped_buf text = BUF(CLI_OUTPUT_MAX);
		int64_t here = 0;

		own.all = o->all && parts[i].fn == prune_images;
		if (parts[i].asked)
			r = parts[i].fn(en, &own, a, &text, &here, e);
		if (text.len)
			buf_putf(out, "%s" SV_FMT, out->len ? "\n" : "", SV_ARG(buf_sv(&text)));
		*freed += here;
	}
	return r;
}

static int run(struct cli *cli, void *options, const struct operands *operands, int *ret_status, struct err *e)
{
	const struct system_prune *s = options;
	scoped_buf warning = BUF(CLI_OUTPUT_MAX);

	if (s->volumes && filters_has(&s->o.filters, "until"))
		return err_set(e, EINVAL, "the \"until\" filter is not supported with \"--volumes\"");
	buf_puts(&warning, "This will remove:\n  - all stopped containers\n"
			   "  - all networks not used by at least one container\n");
	if (s->volumes)
		buf_puts(&warning, "  - all anonymous volumes not used by at least one container\n");
	buf_puts(&warning, s->o.all ? "  - all images without at least one container associated to them\n" :
				      "  - all dangling images\n");
	buf_puts(&warning, "  - what crashes left behind\n");
	for (size_t i = 0; i < s->o.filters.given.n; i++)
		buf_putf(&warning, "%s  - %s=%s\n", i ? "" : "\n  Items to be pruned will be filtered with:\n",
			 s->o.filters.given.v[i].row->name, s->o.filters.given.v[i].value);
	if (buf_status(&warning, e) < 0)
		return -ENOMEM;
	return prune_run(cli, &s->o, warning.p, prune_all, e);
}

const struct command command_system_prune = {
	.name = "system prune",
	.args = "[OPTIONS]",
	.summary = "remove all that nothing needs",
	.groups = groups,
	.options_size = sizeof(struct system_prune),
	.init = init,
	.run = run,
};
