/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_cni.c - `tare _cni`: the hook of a container whose network is one of CNI. */
#include "base/io.h"
#include "base/scope.h"
#include "cli/session.h"
#include "engine/cni.h"

static int run(struct cli *cli, void *options, const struct operands *operands, int *ret_status, struct err *e)
{
	scoped_session s = { .open = false };
	scoped_buf state = BUF(LIMIT_CNI_TEXT);
	int r = io_read_fd(STDIN_FILENO, &state, e);

	if (r == 0)
		r = session_open(&s, cli, e);
	return r < 0 ? r : cni_hook(&s.engine, buf_sv(&state), e);
}

const struct command command_cni = {
	.name = "_cni",
	.args = "",
	.summary = "attach a container to its network of CNI; a hook",
	.hidden = true,
	.run = run,
};
