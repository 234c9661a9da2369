/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_start.c - `tare start`, `tare restart` */
#include "base/scope.h"
#include "cli/each.h"
#include "cli/opt_stop.h"
#include "cli/session.h"
#include "engine/start.h"

#include <errno.h>

static int set_sig_proxy(const struct option_call *c, struct err *e)
{
	((struct start_options *)c->target)->no_sig_proxy = !c->on;
	return 0;
}

#define FIELD(name) offsetof(struct start_options, name)

static const struct option start_rows[] = {
	{ "attach", 'a', NULL, "show its output, pass signals on, and exit as it does", option_switch, FIELD(attach) },
	{ "checkpoint", 0, "NAME", .refused = "tare makes no checkpoints", .hidden = true },
	{ "checkpoint-dir", 0, "DIR", .refused = "tare makes no checkpoints", .hidden = true },
	{ "detach-keys", 0, "KEYS", "keys that detach from a terminal (default ctrl-p,ctrl-q)", option_text,
	  FIELD(detach_keys) },
	{ "interactive", 'i', NULL, "attach its standard input too", option_switch, FIELD(interactive) },
	{ "sig-proxy", 0, NULL, "with -a: pass signals on to the container (default true)", set_sig_proxy,
	  .hidden = true },
};

static OPTION_GROUP(start_group, "Options", start_rows);
static const struct option_group *const start_groups[] = { &start_group, NULL };

static int start_one(struct engine *en, const char *ref, const void *options, struct err *e)
{
	return engine_start(en, sv_from(ref), e);
}

static int attach_to_one(struct cli *cli, const struct start_options *o, const char *ref, int *ret_status,
			 struct err *e)
{
	scoped_session s = { .open = false };
	int r = session_open(&s, cli, e);

	if (r < 0)
		return r;
	r = engine_start_attached(&s.engine, sv_from(ref), o, ret_status, e);
	if (r < 0 && (!*ret_status || *ret_status == EXIT_ENGINE)) /* 125 is what run says */
		*ret_status = 1;
	return r;
}

static int start(struct cli *cli, void *options, const struct operands *operands, int *ret_status, struct err *e)
{
	const struct start_options *o = options;

	if (!o->attach && !o->interactive)
		return each_operand(cli, operands, start_one, NULL, ret_status, e);
	if (operands->n > 1)
		return err_set(e, EINVAL, "you cannot start and attach multiple containers at once");
	return attach_to_one(cli, o, operands->v[0], ret_status, e);
}

const struct command command_start = {
	.name = "start",
	.also = ALSO("container start"),
	.args = "[OPTIONS] CONTAINER [CONTAINER...]",
	.summary = "start containers that were made before",
	.complete = "container",
	.groups = start_groups,
	.options_size = sizeof(struct start_options),
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
