/* SPDX-License-Identifier: Apache-2.0 */
/* create - everything of a container but the execve(2) of its command, which waits for `start`. */
#include "base/scope.h"
#include "runtime_cli/make.h"
#include "runtime_cli/start_socket.h"

static int create(struct runtime *rt, void *options, const struct operands *o, int *ret_status, struct err *e)
{
	struct make_options *mo = options;
	scoped_making m;
	int r;

	mo->detach = true; /* nobody stays to show a terminal */
	r = make_ready(rt, o->v[0], mo, true, &m, e);
	if (r < 0)
		return r;
	r = start_socket_publish(m.entry.dir, e);
	if (r == 0)
		r = container_let_go(&m.container, e);
	if (r < 0)
		make_abort(&m);
	return r;
}

static const struct option_group *const groups[] = { &make_option_group, NULL };

const struct runtime_command runtime_command_create = {
	.name = "create", .args = "[OPTIONS] ID", .summary = "make a container whose command waits for `start`",
	.groups = groups, .options_size = sizeof(struct make_options), .min_args = 1, .max_args = 1, .enters = true,
	.run = create,
};
