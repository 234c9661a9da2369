/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_help.c - `tare help [COMMAND...]`, and `tare _man [COMMAND...]`, from which tools/gen-man makes the manual pages. */
#include "base/scope.h"
#include "cli/command.h"

#include <errno.h>

static int find(const struct operands *operands, const struct command **ret, struct err *e)
{
	int used = 0, r = 0;

	*ret = NULL;
	if (operands->n)
		r = command_find(operands->v, operands->n, ret, &used, e);
	if (r == 0 && used < operands->n)
		r = err_set(e, EINVAL, "unknown command %.80s %.80s", operands->v[0], operands->v[1]);
	return r;
}

static int run_help(struct cli *cli, void *options, const struct operands *operands, int *ret_status, struct err *e)
{
	scoped_buf out = BUF(CLI_OUTPUT_MAX);
	const struct command *c;
	int r = find(operands, &c, e);

	if (r < 0)
		return r;
	if (c)
		help_command(c, &out);
	else
		help_overview(&out);
	return cli_print(&out, e);
}

static int run_man(struct cli *cli, void *options, const struct operands *operands, int *ret_status, struct err *e)
{
	scoped_buf out = BUF(CLI_OUTPUT_MAX);
	const struct command *c;
	int r = find(operands, &c, e);

	if (r < 0)
		return r;
	help_man(c, &out);
	return cli_print(&out, e);
}

const struct command command_help = {
	.name = "help",
	.args = "[COMMAND...]",
	.summary = "show the commands, or the options of one",
	.complete = "command",
	.max_args = 2,
	.run = run_help,
};

const struct command command_man = {
	.name = "_man",
	.args = "[COMMAND...]",
	.summary = "print the options section of a manual page",
	.max_args = 2,
	.hidden = true,
	.run = run_man,
};
