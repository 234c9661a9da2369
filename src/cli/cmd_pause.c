/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_pause.c - `tare pause`, `tare unpause` */
#include "cli/each.h"
#include "engine/stop.h"

static int pause_one(struct engine *en, const char *ref, const void *options, struct err *e)
{
	return engine_pause(en, sv_from(ref), e);
}

static int unpause_one(struct engine *en, const char *ref, const void *options, struct err *e)
{
	return engine_unpause(en, sv_from(ref), e);
}

static int run_pause(struct cli *cli, void *options, const struct operands *operands, int *ret_status, struct err *e)
{
	return each_operand(cli, operands, pause_one, NULL, ret_status, e);
}

static int run_unpause(struct cli *cli, void *options, const struct operands *operands, int *ret_status, struct err *e)
{
	return each_operand(cli, operands, unpause_one, NULL, ret_status, e);
}

const struct command command_pause = {
	.name = "pause",
	.also = ALSO("container pause"),
	.args = "CONTAINER [CONTAINER...]",
	.summary = "hold all processes of containers",
	.complete = "container",
	.min_args = 1,
	.max_args = -1,
	.run = run_pause,
};

const struct command command_unpause = {
	.name = "unpause",
	.also = ALSO("container unpause"),
	.args = "CONTAINER [CONTAINER...]",
	.summary = "let the processes of paused containers go on",
	.complete = "container",
	.min_args = 1,
	.max_args = -1,
	.run = run_unpause,
};
