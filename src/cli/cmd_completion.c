/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_completion.c - `tare completion SHELL` */
#include "base/scope.h"
#include "cli/completion.h"

#include <errno.h>

static const struct {
	const char *name;
	void (*print)(struct buf *out);
} shells[] = {
	{ "bash", completion_bash },
	{ "fish", completion_fish },
	{ "zsh", completion_zsh },
};

static int run(struct cli *cli, void *options, const struct operands *operands, int *ret_status, struct err *e)
{
	scoped_buf out = BUF(CLI_OUTPUT_MAX);

	for (size_t i = 0; i < ARRAY_LEN(shells); i++)
		if (sv_is(sv_from(operands->v[0]), shells[i].name)) {
			shells[i].print(&out);
			return cli_print(&out, e);
		}
	return err_set(e, EINVAL, "unknown shell %.80s (bash, fish, zsh)", operands->v[0]);
}

const struct command command_completion = {
	.name = "completion",
	.args = "bash|fish|zsh",
	.summary = "print a completion script for a shell",
	.complete = "bash fish zsh",
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
