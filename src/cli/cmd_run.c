/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_run.c - `tare run`: options become a configuration; the engine does the rest. */
#include "cli/command.h"
#include "cli/opt.h"

#include <errno.h>

static const struct option_group *const groups[] = {
	&opt_run, &opt_process, &opt_resource, &opt_namespace, &opt_mount, &opt_security, &opt_refused, NULL,
};

static bool needs_root(const void *options)
{
	return !((const struct run_options *)options)->flags.plan;
}

static int run(struct cli *cli, void *options, const struct operands *operands, int *ret_status, struct err *e)
{
	struct run_options *o = options;
	int r = run_options_finish(o, cli->arena, operands, e);

	if (r < 0)
		return r;
	if (cli->host && !o->flags.plan)
		return err_set(e, EINVAL, "--host %.80s: a captured host can only be planned for (--plan)", cli->host);
	o->flags.host = cli->host;
	return engine_run(NULL, &o->config, &o->flags, ret_status, e);
}

const struct command command_run = {
	.name = "run",
	.args = "[OPTIONS] IMAGE [COMMAND [ARG...]]",
	.summary = "run a command in a new container",
	.groups = groups,
	.options_size = sizeof(struct run_options),
	.max_args = -1,
	.stops = true,
	.error_status = EXIT_ENGINE,
	.needs_root = needs_root,
	.run = run,
};
