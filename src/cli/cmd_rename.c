/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_rename.c - `tare rename` */
#include "engine/rename.h"
#include "base/scope.h"
#include "cli/session.h"

static int run(struct cli *cli, void *options, const struct operands *operands, int *ret_status, struct err *e)
{
	scoped_session s = { .open = false };
	int r = session_open(&s, cli, e);

	return r < 0 ? r : engine_rename(&s.engine, sv_from(operands->v[0]), operands->v[1], e);
}

const struct command command_rename = {
	.name = "rename",
	.also = ALSO("container rename"),
	.args = "CONTAINER NEW_NAME",
	.summary = "give a container another name",
	.complete = "container",
	.min_args = 2,
	.max_args = 2,
	.run = run,
};
