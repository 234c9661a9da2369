/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_rm.c - `tare rm` */
#include "base/log.h"
#include "cli/each.h"
#include "engine/remove.h"

#include <errno.h>

static const struct option rows[] = {
	{ "force", 'f', NULL, "end a running container first (SIGKILL); a container that is not there is no failure",
	  option_switch, offsetof(struct remove_options, force) },
	{ "link", 0, NULL, .refused = "not supported yet: tare makes no links" },
	{ "volumes", 'v', NULL, "remove the container's anonymous volumes too", option_switch,
	  offsetof(struct remove_options, volumes) },
};

static OPTION_GROUP(group, "Options", rows);
static const struct option_group *const groups[] = { &group, NULL };

/* With --force one that is not there is said, and is no failure. */
static int remove_one(struct engine *en, const char *ref, const void *options, struct err *e)
{
	const struct remove_options *o = options;
	int r = engine_remove(en, sv_from(ref), o, e);

	if (r != -ENOENT || !o->force)
		return r;
	log_error("%s", e->msg);
	return 1;
}

static int run(struct cli *cli, void *options, const struct operands *operands, int *ret_status, struct err *e)
{
	return each_operand(cli, operands, remove_one, options, ret_status, e);
}

const struct command command_rm = {
	.name = "rm",
	.also = ALSO("container rm", "container remove"),
	.args = "[OPTIONS] CONTAINER [CONTAINER...]",
	.summary = "remove containers",
	.complete = "container",
	.groups = groups,
	.options_size = sizeof(struct remove_options),
	.min_args = 1,
	.max_args = -1,
	.run = run,
};
