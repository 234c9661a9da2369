/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_rm.c - `tare rm` */
#include "base/log.h"
#include "base/scope.h"
#include "cli/session.h"
#include "engine/remove.h"

#include <errno.h>

static const struct option rows[] = {
	{ "force", 'f', NULL, "end a running container first (SIGKILL); a container that is not there is no failure",
	  option_switch, offsetof(struct remove_options, force) },
	{ "link", 0, NULL, .refused = "not supported yet: tare makes no networks" },
	{ "volumes", 'v', NULL, "remove the container's anonymous volumes too", option_switch,
	  offsetof(struct remove_options, volumes) },
};

static OPTION_GROUP(group, "Options", rows);
static const struct option_group *const groups[] = { &group, NULL };

/* Every container is tried; each failure has its own line. */
static int run(struct cli *cli, void *options, const struct operands *operands, int *ret_status, struct err *e)
{
	const struct remove_options *o = options;
	scoped_session s = { .open = false };
	scoped_buf out = BUF(CLI_OUTPUT_MAX);
	int r = session_open(&s, cli, e);

	for (int i = 0; i < operands->n && r == 0; i++) {
		struct err one = { 0 };
		int removed = engine_remove(&s.engine, sv_from(operands->v[i]), o, &one);

		if (removed == 0) {
			buf_putf(&out, "%s\n", operands->v[i]);
			continue;
		}
		log_error("%s", one.msg);
		if (removed != -ENOENT || !o->force)
			*ret_status = 1;
	}
	return r == 0 && out.len ? cli_print(&out, e) : r;
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
