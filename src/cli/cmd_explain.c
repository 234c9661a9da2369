/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_explain.c - `tare explain` */
#include "base/limits.h"
#include "base/scope.h"
#include "cli/see.h"
#include "engine/explain.h"

static const struct option rows[] = { SEE_FORMAT("text") };

static OPTION_GROUP(group, "Options", rows);
static const struct option_group *const groups[] = { &group, NULL };

static int run(struct cli *cli, void *options, const struct operands *operands, int *ret_status, struct err *e)
{
	const struct see_options *o = options;
	scoped_seeing s = { .session = { .open = false } };
	scoped_buf out = BUF(CLI_OUTPUT_MAX);
	scoped_arena a = ARENA(LIMIT_ARENA_STATS);
	struct explanation x;
	struct subject subject;
	int r = seeing_open(&s, cli, e);

	if (r == 0)
		r = subject_find(s.engine, &s.session.host, &s.layout, operands->v[0], &a, &subject, e);
	if (r == 0)
		r = engine_explain(s.engine, &s.session.host, &s.layout, &subject, &a, &x, e);
	if (r == 0 && o->json)
		r = explain_print_json(&x, &out, e);
	else if (r == 0)
		explain_print(&x, &out);
	return see_print(r, &out, e);
}

const struct command command_explain = {
	.name = "explain",
	.args = "[OPTIONS] CONTAINER|PID|CGROUP|pod/NAME",
	.summary = "say why it is slow or was killed, and what to do about it",
	.complete = "container",
	.groups = groups,
	.options_size = sizeof(struct see_options),
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
