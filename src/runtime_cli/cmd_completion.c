/* SPDX-License-Identifier: Apache-2.0 */
/* completion - the rows of commands and options as a completion script of bash(1), which zsh(1) takes too, or of fish(1). */
#include "base/scope.h"
#include "runtime_cli/command.h"

#include <string.h>

#define IDS "tare-runtime list -q 2>/dev/null"

typedef void option_fn(const struct option *o, const char *command, struct buf *out);

static void each_option(const struct option_group *const *groups, const char *command, option_fn *fn, struct buf *out)
{
	for (; groups && *groups; groups++)
		for (size_t i = 0; i < (*groups)->n; i++)
			if (!(*groups)->rows[i].hidden && !(*groups)->rows[i].refused)
				fn(&(*groups)->rows[i], command, out);
}

static void each_command(void (*fn)(const struct runtime_command *c, struct buf *out), struct buf *out)
{
	size_t n;
	const struct runtime_command *const *all = runtime_commands(&n);

	for (size_t i = 0; i < n; i++)
		if (!all[i]->hidden)
			fn(all[i], out);
}

/* ---- bash -------------------------------------------------------------------------------------------------------- */

static void put_name(const struct option *o, const char *command, struct buf *out)
{
	(void)command;
	buf_putf(out, " --%s", o->name);
}

static void put_with_value(const struct option *o, const char *command, struct buf *out)
{
	(void)command;
	if (o->arg)
		buf_putf(out, "|--%s", o->name);
}

static void put_words(const struct option *o, const char *command, struct buf *out)
{
	if (o->words)
		buf_putf(out, "\t%s,--%s) words='%s' ;;\n", command, o->name, o->words);
}

static void bash_words(const struct runtime_command *c, struct buf *out)
{
	each_option(c->groups, c->name, put_words, out);
}

static void bash_values(const struct runtime_command *c, struct buf *out)
{
	each_option(c->groups, c->name, put_with_value, out);
}

static void bash_options(const struct runtime_command *c, struct buf *out)
{
	buf_putf(out, "\t%s,-*) words='--help", c->name);
	each_option(c->groups, c->name, put_name, out);
	buf_puts(out, "' ;;\n");
}

static void bash_name(const struct runtime_command *c, struct buf *out)
{
	buf_putf(out, " %s", c->name);
}

static void bash(struct buf *out)
{
	buf_puts(out,
		 "_tare_runtime()\n{\n\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}"
		 " command= words= i\n\tfor ((i = 1; i < COMP_CWORD; i++)); do\n\t\tcase ${COMP_WORDS[i]} in\n\t\t-");
	each_option(runtime_global_groups, "", put_with_value, out);
	buf_puts(out, ") i=$((i + 1)) ;;\n\t\t-*) ;;\n\t\t*) command=${COMP_WORDS[i]}; break ;;\n\t\tesac\n\tdone\n"
		      "\tCOMPREPLY=()\n\tcase $command,$prev in\n");
	each_option(runtime_global_groups, "", put_words, out);
	each_command(bash_words, out);
	buf_puts(out, "\t*,-");
	each_option(runtime_global_groups, "", put_with_value, out);
	each_command(bash_values, out);
	buf_puts(out, ") return ;;\n\tesac\n\t[ -n \"$words\" ] || case $command,$cur in\n\t,-*) words='--help");
	each_option(runtime_global_groups, "", put_name, out);
	buf_puts(out, "' ;;\n\t,*) words='help");
	each_command(bash_name, out);
	buf_puts(out, "' ;;\n");
	each_command(bash_options, out);
	buf_puts(
		out,
		"\tspec,*|features,*|doctor,*|completion,*) return ;;\n\t*) words=$(" IDS ") ;;\n\tesac\n"
		"\tCOMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n}\ncomplete -o default -F _tare_runtime tare-runtime\n");
}

static void zsh(struct buf *out)
{
	buf_puts(out, "#compdef tare-runtime\nautoload -U +X bashcompinit && bashcompinit\n");
	bash(out);
}

/* ---- fish -------------------------------------------------------------------------------------------------------- */

static void fish_quoted(const char *text, struct buf *out)
{
	buf_puts(out, "'");
	for (; *text; text++)
		buf_putf(out, "%s%c", *text == '\'' || *text == '\\' ? "\\" : "", *text);
	buf_puts(out, "'");
}

static void fish_option(const struct option *o, const char *command, struct buf *out)
{
	if (*command)
		buf_putf(out, "complete -c tare-runtime -n '__fish_seen_subcommand_from %s' -l %s", command, o->name);
	else
		buf_putf(out, "complete -c tare-runtime -n __fish_use_subcommand -l %s", o->name);
	if (o->words)
		buf_putf(out, " -x -a '%s'", o->words);
	else if (o->arg)
		buf_puts(out, " -r");
	buf_puts(out, " -d ");
	fish_quoted(o->summary, out);
	buf_puts(out, "\n");
}

static void fish_command(const struct runtime_command *c, struct buf *out)
{
	buf_putf(out, "complete -c tare-runtime -f -n __fish_use_subcommand -a %s -d ", c->name);
	fish_quoted(c->summary, out);
	buf_puts(out, "\n");
	each_option(c->groups, c->name, fish_option, out);
	if (c->min_args > 0)
		buf_putf(out, "complete -c tare-runtime -f -n '__fish_seen_subcommand_from %s' -a '(" IDS ")'\n",
			 c->name);
}

static void fish(struct buf *out)
{
	each_option(runtime_global_groups, "", fish_option, out);
	each_command(fish_command, out);
}

/* ---- the command ------------------------------------------------------------------------------------------------- */

static int run(struct runtime *rt, void *options, const struct operands *o, int *ret_status, struct err *e)
{
	static const struct {
		const char *name;
		void (*write)(struct buf *out);
	} shells[] = { { "bash", bash }, { "fish", fish }, { "zsh", zsh } };
	scoped_buf out = BUF(RUNTIME_OUTPUT_MAX);

	for (size_t i = 0; i < ARRAY_LEN(shells); i++)
		if (strcmp(o->v[0], shells[i].name) == 0) {
			shells[i].write(&out);
			return runtime_print(&out, e);
		}
	return err_set(e, EINVAL, "completion %.80s: allowed are: bash fish zsh", o->v[0]);
}

const struct runtime_command runtime_command_completion = {
	.name = "completion",
	.args = "SHELL",
	.summary = "print a completion script for bash, fish or zsh",
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
