/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_kill.c - `tare kill` */
#include "cli/each.h"
#include "cli/value.h"
#include "engine/stop.h"

#include <signal.h>

struct kill_options {
	int signal;
};

static int set_signal(const struct option_call *c, struct err *e)
{
	return value_signal(c->text, &((struct kill_options *)c->target)->signal, e);
}

static const struct option rows[] = {
	{ "signal", 's', "SIGNAL", "name or number of the signal (default SIGKILL)", set_signal, .late = true },
};

static OPTION_GROUP(group, "Options", rows);
static const struct option_group *const groups[] = { &group, NULL };

static int kill_one(struct engine *en, const char *ref, const void *options, struct err *e)
{
	int signo = ((const struct kill_options *)options)->signal;

	return engine_kill(en, sv_from(ref), signo ? signo : SIGKILL, e);
}

static int run(struct cli *cli, void *options, const struct operands *operands, int *ret_status, struct err *e)
{
	return each_operand(cli, operands, kill_one, options, ret_status, e);
}

const struct command command_kill = {
	.name = "kill",
	.also = ALSO("container kill"),
	.args = "[OPTIONS] CONTAINER [CONTAINER...]",
	.summary = "send a signal to the first process of containers",
	.complete = "container",
	.groups = groups,
	.options_size = sizeof(struct kill_options),
	.min_args = 1,
	.max_args = -1,
	.run = run,
};
