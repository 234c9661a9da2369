/* SPDX-License-Identifier: Apache-2.0 */
/* help.c - --help and the manual pages of the commands: what options/option_help.h makes of their rows, and more. */
#include "base/scope.h"
#include "cli/command.h"
#include "options/option_help.h"

#include <string.h>

/* families: those of them that are, or those that are not */
static void member_lines(const struct command *family, bool families, struct buf *out)
{
	struct command_member members[COMMANDS_MAX];
	size_t n = command_members(family, members), widest = 12;

	for (size_t i = 0; i < n; i++)
		if (strlen(members[i].name) > widest)
			widest = strlen(members[i].name);
	for (size_t i = 0; i < n; i++)
		if (members[i].command->family == families)
			buf_putf(out, "  %-*s %s\n", (int)widest, members[i].name, members[i].command->summary);
}

void help_overview(struct buf *out)
{
	buf_puts(out, "Usage: tare [OPTIONS] COMMAND [ARG...]\n\nContainers without a daemon.\n\nCommands:\n");
	member_lines(NULL, false, out);
	buf_puts(out, "\nFamilies of commands:\n");
	member_lines(NULL, true, out);
	help_group(&opt_global, out);
	buf_puts(out, "\n`tare COMMAND --help` and tare-COMMAND(1) say more.\n");
}

static void also_line(const struct command *c, struct buf *out)
{
	scoped_buf text = BUF(CLI_OUTPUT_MAX);

	for (const char *const *name = c->also; name && *name; name++)
		buf_putf(&text, "%s%s", name == c->also ? "Also: tare " : ", tare ", *name);
	if (!text.len)
		return;
	buf_puts(out, "\n");
	help_wrap(out, text.p, 0, 0);
}

void help_command(const struct command *c, struct buf *out)
{
	buf_putf(out, "Usage: tare %s%s%s\n\n", c->name, *c->args ? " " : "", c->args);
	help_wrap(out, c->summary, 0, 0);
	if (c->family) {
		buf_puts(out, "\nCommands:\n");
		member_lines(c, false, out);
	}
	also_line(c, out);
	for (const struct option_group *const *g = c->groups; g && *g; g++)
		help_group(*g, out);
}

void help_man(const struct command *c, struct buf *out)
{
	const struct option_group *const *groups = c ? c->groups : global_groups;

	for (const struct option_group *const *g = groups; g && *g; g++)
		help_man_group(*g, groups[1] != NULL, out);
}
