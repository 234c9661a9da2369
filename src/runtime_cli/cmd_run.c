/* SPDX-License-Identifier: Apache-2.0 */
/* run - create and start in one, and wait for the end unless --detach. */
#include "base/scope.h"
#include "runtime_cli/console.h"
#include "runtime_cli/make.h"

static const struct option run_rows[] = {
	{ "detach", 'd', NULL, "do not wait for the end", option_switch, offsetof(struct make_options, detach) },
	{ "keep", 0, NULL, "keep state and control group after the end", option_switch,
	  offsetof(struct make_options, keep) },
	{ "no-subreaper", 0, NULL, "has no effect: tare-runtime is none", option_switch,
	  offsetof(struct make_options, no_subreaper) },
};
static OPTION_GROUP(run_option_group, "Options of run", run_rows);

/* With the signals of SET blocked, which the end is heard by. */
static int run_blocked(struct runtime *rt, const char *id, struct make_options *mo, const sigset_t *set,
		       int *ret_status, struct err *e)
{
	scoped_making m;
	int r = make_ready(rt, id, mo, false, &m, e);

	if (r == 0)
		r = container_start(&m.container, e);
	if (r == 0 && mo->detach)
		r = make_notify(&m, e);
	if (r == 0 && !mo->detach)
		r = make_wait(&m, set, ret_status, e);
	if (r < 0)
		make_abort(&m);
	return r;
}

static int run(struct runtime *rt, void *options, const struct operands *o, int *ret_status, struct err *e)
{
	struct make_options *mo = options;
	sigset_t set;
	int r = mo->detach ? 0 : foreground_block(&set, e);

	return r < 0 ? r : run_blocked(rt, o->v[0], mo, &set, ret_status, e);
}

static const struct option_group *const groups[] = { &make_option_group, &run_option_group, NULL };

const struct runtime_command runtime_command_run = {
	.name = "run", .args = "[OPTIONS] ID", .summary = "make a container, start its command and wait for its end",
	.groups = groups, .options_size = sizeof(struct make_options), .min_args = 1, .max_args = 1, .enters = true,
	.error_status = 125, .run = run,
};
