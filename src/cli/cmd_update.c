/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_update.c - `tare update`: the options of `tare run` that are limits, for containers that are there. */
#include "base/limits.h"
#include "base/scope.h"
#include "cli/each.h"
#include "cli/network_option.h"
#include "cli/opt.h"
#include "engine/update.h"

#include <errno.h>

struct update_options {
	struct run_options run; /* first: the setters of run's options know nothing else */
	struct update update;
};

static void init(void *options)
{
	struct update_options *o = options;

	update_init(&o->update);
	o->run.config = o->update.to;
	o->run.changes = true;
}

static int set_oom_kill_disable(const struct option_call *c, struct err *e)
{
	((struct update_options *)c->target)->update.oom_kill_disable_given = true;
	return option_switch(c, e);
}

static int set_restart(const struct option_call *c, struct err *e)
{
	((struct update_options *)c->target)->update.restart_given = true;
	return option_restart(c, e);
}

static int add_port(const struct option_call *c, struct err *e)
{
	return network_option_port(sv_from(c->text), c->arena, (void *)((char *)c->target + c->row->field), e);
}

static const struct option rows[] = {
	{ "kernel-memory", 0, "BYTES", .refused = "the kernel has no such limit any more", .hidden = true },
	{ "oom-kill-disable", 0, NULL, "let processes wait for memory instead of killing one (cgroup v1)",
	  set_oom_kill_disable, RUN_FIELD(config.oom_kill_disable) },
	{ "publish-add", 0, "[IP:][HOST:]PORT[/PROTO]", "a port of the host leads to the container from now on",
	  add_port, offsetof(struct update_options, update.publish_add) },
	{ "publish-rm", 0, "[IP:][HOST:]PORT[/PROTO]", "it does not any more", add_port,
	  offsetof(struct update_options, update.publish_rm) },
	{ "restart", 0, "POLICY", "no, always, unless-stopped or on-failure[:MAX]", set_restart,
	  .words = "no always unless-stopped on-failure", .late = true },
};

static OPTION_GROUP(group, "Options", rows);
static const struct option_group *const groups[] = { &opt_limit, &group, NULL };

static int update_one(struct engine *en, const char *ref, const void *options, struct err *e)
{
	return engine_update(en, sv_from(ref), &((const struct update_options *)options)->update, e);
}

static int run(struct cli *cli, void *options, const struct operands *operands, int *ret_status, struct err *e)
{
	struct update_options *o = options;

	o->update.to = o->run.config;
	if (update_is_empty(&o->update) && !o->update.publish_add.n && !o->update.publish_rm.n)
		return err_set(e, EINVAL, "You must provide one or more flags when using this command.");
	return each_operand(cli, operands, update_one, o, ret_status, e);
}

const struct command command_update = {
	.name = "update",
	.also = ALSO("container update"),
	.args = "[OPTIONS] CONTAINER [CONTAINER...]",
	.summary = "change limits, restart policy and ports of containers",
	.complete = "container",
	.groups = groups,
	.options_size = sizeof(struct update_options),
	.init = init,
	.min_args = 1,
	.max_args = -1,
	.run = run,
};
