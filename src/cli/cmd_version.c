/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_version.c - `tare version` */
#include "base/scope.h"
#include "cli/command.h"

static int run(struct cli *cli, void *options, const struct operands *operands, int *ret_status, struct err *e)
{
	scoped_buf out = BUF(CLI_OUTPUT_MAX);

	buf_puts(&out, "tare " TARE_VERSION "\n");
	return cli_print(&out, e);
}

const struct command command_version = {
	.name = "version",
	.args = "",
	.summary = "print the version",
	.run = run,
};
