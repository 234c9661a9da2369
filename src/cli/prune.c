/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/prune.h"

#include "base/clock.h"
#include "base/scope.h"
#include "cli/confirm.h"
#include "cli/human.h"
#include "cli/session.h"
#include "engine/timestamp.h"

#include <errno.h>

/* ---- filters ------------------------------------------------------------------------------------------------ */

static const struct prune_object *seen(const void *object)
{
	return object;
}

static bool label_holds(const struct filter *f, const void *object)
{
	return filter_label(f->value, seen(object)->labels);
}

static bool no_label_holds(const struct filter *f, const void *object)
{
	return !label_holds(f, object);
}

static int check_until(struct filter *f, struct err *e)
{
	return timestamp_parse(sv_from(f->value), clock_real_ns(), &f->number, e);
}

static bool until_holds(const struct filter *f, const void *object)
{
	return seen(object)->created_ns < f->number;
}

/* all=true is --all: the command asks for it. */
static bool all_holds(const struct filter *f, const void *object)
{
	return true;
}

const struct filter_row prune_filters[3] = {
	{ "label", NULL, label_holds, .all = true },
	{ "label!", NULL, no_label_holds, .all = true },
	{ "until", check_until, until_holds },
};

const struct filter_row prune_volume_filters[3] = {
	{ "all", filter_check_bool, all_holds },
	{ "label", NULL, label_holds, .all = true },
	{ "label!", NULL, no_label_holds, .all = true },
};

/* ---- the command -------------------------------------------------------------------------------------------- */

void prune_head(struct buf *out, const char *what)
{
	if (!out->len)
		buf_putf(out, "Deleted %s:\n", what);
}

int prune_run(struct cli *cli, const struct prune_options *o, const char *warning, prune_fn *prune, struct err *e)
{
	scoped_session s = { .open = false };
	scoped_buf out = BUF(CLI_OUTPUT_MAX);
	char size[HUMAN_SIZE];
	int64_t freed = 0;
	bool yes = o->force;
	int r = yes ? 0 : confirm(warning, &yes, e);

	if (r < 0 || !yes)
		return r;
	r = session_open(&s, cli, e);
	if (r < 0)
		return r;
	r = prune(&s.engine, o, cli->arena, &out, &freed, e);
	if (r < 0 && !out.len)
		return r;
	if (prune != prune_networks) /* they take no space, and so Docker tells none */
		buf_putf(&out, "%sTotal reclaimed space: %s\n", out.len ? "\n" : "", human_bytes(freed, size));
	else if (out.len)
		buf_puts(&out, "\n");
	return r < 0 ? (cli_print(&out, NULL), r) : cli_print(&out, e);
}
