/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_logs.c - `tare logs` */
#include "base/clock.h"
#include "base/scope.h"
#include "cli/session.h"
#include "engine/logs.h"
#include "engine/timestamp.h"

#include <errno.h>
#include <string.h>

static int set_since(const struct option_call *c, struct err *e)
{
	struct logs_options *o = c->target;

	o->since_set = true;
	return timestamp_parse(sv_from(c->text), clock_real_ns(), &o->since_ns, e);
}

static int set_until(const struct option_call *c, struct err *e)
{
	struct logs_options *o = c->target;

	o->until_set = true;
	return timestamp_parse(sv_from(c->text), clock_real_ns(), &o->until_ns, e);
}

/* As Docker's daemon: what is no number means all. */
static int set_tail(const struct option_call *c, struct err *e)
{
	struct logs_options *o = c->target;

	o->tail_set = true;
	if (strcmp(c->text, "all") == 0)
		o->tail = -1;
	else if (sv_i64(sv_from(c->text), &o->tail) < 0)
		return err_set(e, EINVAL, "invalid value: a number of lines, or \"all\"");
	return 0;
}

static const struct option rows[] = {
	{ "details", 0, NULL, "show the attributes of each record too", option_switch,
	  offsetof(struct logs_options, details) },
	{ "follow", 'f', NULL, "go on with what is written, until the container has ended", option_switch,
	  offsetof(struct logs_options, follow) },
	{ "since", 0, "TIME", "show what was written since then: 2026-01-02T13:23:37Z, or 42m for 42 minutes ago",
	  set_since, .late = true },
	{ "tail", 'n', "NUMBER", "show so many lines from the end (default \"all\")", set_tail, .late = true },
	{ "timestamps", 't', NULL, "show the time of each line", option_switch,
	  offsetof(struct logs_options, timestamps) },
	{ "until", 0, "TIME", "show what was written before then: 2026-01-02T13:23:37Z, or 42m for 42 minutes ago",
	  set_until, .late = true },
};

static OPTION_GROUP(group, "Options", rows);
static const struct option_group *const groups[] = { &group, NULL };

static int run(struct cli *cli, void *options, const struct operands *operands, int *ret_status, struct err *e)
{
	scoped_session s = { .open = false };
	int r = session_open(&s, cli, e);

	(void)ret_status;
	return r < 0 ? r : engine_logs(&s.engine, sv_from(operands->v[0]), options, e);
}

const struct command command_logs = {
	.name = "logs",
	.also = ALSO("container logs"),
	.args = "[OPTIONS] CONTAINER",
	.summary = "show what a container has written",
	.complete = "container",
	.groups = groups,
	.options_size = sizeof(struct logs_options),
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
