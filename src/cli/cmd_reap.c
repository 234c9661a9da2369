/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_reap.c - `tare _reap`: a monitor becomes this program when its container has ended and no client is there. */
#include "base/fault.h"
#include "base/id.h"
#include "base/scope.h"
#include "cli/command.h"
#include "engine/recover.h"

#include <errno.h>

static int run(struct cli *cli, void *options, const struct operands *operands, int *ret_status, struct err *e)
{
	scoped_engine en = { .root_path = NULL };
	struct host h;
	int r;

	fault_role("reap");
	if (!id_is_valid(sv_from(operands->v[0])))
		return err_set(e, EINVAL, "%.80s: not a container id", operands->v[0]);
	r = host_open(&h, "/", e);
	if (r < 0)
		return r;
	r = engine_open(&en, &h, cli->root, cli->state, e);
	if (r == 0) {
		en.patient = true;
		r = engine_reap(&en, operands->v[0], e);
	}
	host_close(&h);
	return r;
}

const struct command command_reap = {
	.name = "_reap",
	.args = "ID",
	.summary = "do what must follow the end of a container",
	.min_args = 1,
	.max_args = 1,
	.hidden = true,
	.run = run,
};
