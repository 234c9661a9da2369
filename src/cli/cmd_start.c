/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_start.c - `tare start`, `tare restart` */
#include "cli/each.h"
#include "cli/opt_stop.h"
#include "engine/start.h"

static int start_one(struct engine *en, const char *ref, const void *options, struct err *e)
{
	return engine_start(en, sv_from(ref), e);
}

static int start(struct cli *cli, void *options, const struct operands *operands, int *ret_status, struct err *e)
{
	return each_operand(cli, operands, start_one, NULL, ret_status, e);
}

const struct command command_start = {
	.name = "start",
	.also = ALSO("container start"),
	.args = "[OPTIONS] CONTAINER [CONTAINER...]",
	.summary = "start containers that were made before",
	.complete = "container",
	.min_args = 1,
	.max_args = -1,
	.run = start,
};

static const struct option_group *const restart_groups[] = { &opt_stop, NULL };

static int restart_one(struct engine *en, const char *ref, const void *options, struct err *e)
{
	return engine_restart(en, sv_from(ref), options, e);
}

static int restart(struct cli *cli, void *options, const struct operands *operands, int *ret_status, struct err *e)
{
	return each_operand(cli, operands, restart_one, options, ret_status, e);
}

const struct command command_restart = {
	.name = "restart",
	.also = ALSO("container restart"),
	.args = "[OPTIONS] CONTAINER [CONTAINER...]",
	.summary = "stop containers and start them again",
	.complete = "container",
	.groups = restart_groups,
	.options_size = sizeof(struct stop_options),
	.min_args = 1,
	.max_args = -1,
	.run = restart,
};
