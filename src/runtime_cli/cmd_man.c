/* SPDX-License-Identifier: Apache-2.0 */
/* _man - the commands and their options as mdoc(7), for tare-runtime(1). */
#include "base/scope.h"
#include "options/option_help.h"
#include "runtime_cli/command.h"

static void put_groups(const struct option_group *const *groups, struct buf *out)
{
	for (; groups && *groups; groups++)
		help_man_group(*groups, false, out);
}

static int man(struct runtime *rt, void *options, const struct operands *o, int *ret_status, struct err *e)
{
	scoped_buf out = BUF(RUNTIME_OUTPUT_MAX);
	size_t n;
	const struct runtime_command *const *all = runtime_commands(&n);

	put_groups(runtime_global_groups, &out);
	buf_puts(&out, ".Sh COMMANDS\n");
	for (size_t i = 0; i < n; i++) {
		if (all[i]->hidden)
			continue;
		buf_putf(&out, ".Ss %s%s%s\n", all[i]->name, *all[i]->args ? " " : "", all[i]->args);
		help_man_text(all[i]->summary, &out);
		put_groups(all[i]->groups, &out);
	}
	return runtime_print(&out, e);
}

const struct runtime_command runtime_command_man = {
	.name = "_man", .args = "", .summary = "print what tare-runtime(1) is made of", .hidden = true, .run = man,
};
