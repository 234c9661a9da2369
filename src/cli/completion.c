/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/completion.h"

#include <string.h>

static bool is_listed(const struct option *o)
{
	return !o->hidden && !o->refused;
}

typedef void option_fn(const struct option *o, const void *context, struct buf *out);

static void each_option(const struct option_group *const *groups, option_fn *fn, const void *context, struct buf *out)
{
	for (; groups && *groups; groups++)
		for (size_t i = 0; i < (*groups)->n; i++)
			if (is_listed(&(*groups)->rows[i]))
				fn(&(*groups)->rows[i], context, out);
}

static void command_names(struct buf *out)
{
	size_t n;
	const struct command *const *all = commands(&n);
	const char *blank = "";

	for (size_t i = 0; i < n; i++)
		if (!all[i]->hidden) {
			buf_putf(out, "%s%s", blank, all[i]->name);
			blank = " ";
		}
}

#define CONTAINERS "tare ps -a --format '{{.Names}}' 2>/dev/null"

/* What the operands of a command may be: words, or before and after what runs a command of the shell that prints them. */
static void operand_words(const struct command *c, const char *before, const char *after, struct buf *out)
{
	if (strcmp(c->complete, "container") == 0)
		buf_putf(out, "%s" CONTAINERS "%s", before, after);
	else if (strcmp(c->complete, "command") == 0)
		command_names(out);
	else
		buf_puts(out, c->complete);
}

/* ---- bash --------------------------------------------------------------------------------------------------- */

static void bash_name(const struct option *o, const void *context, struct buf *out)
{
	if (o->letter)
		buf_putf(out, " -%c", o->letter);
	buf_putf(out, " --%s", o->name);
}

/* "-m|--memory) words or files ;;" for what takes an argument */
static void bash_value(const struct option *o, const void *context, struct buf *out)
{
	if (!o->arg)
		return;
	buf_puts(out, "\t\t");
	if (o->letter)
		buf_putf(out, "-%c|", o->letter);
	if (o->words)
		buf_putf(out, "--%s) COMPREPLY=($(compgen -W '%s' -- \"$cur\")); return ;;\n", o->name, o->words);
	else
		buf_putf(out, "--%s) COMPREPLY=($(compgen -f -- \"$cur\")); return ;;\n", o->name);
}

static void bash_skip(const struct option *o, const void *context, struct buf *out)
{
	if (o->arg && o->letter)
		buf_putf(out, "-%c|", o->letter);
	if (o->arg)
		buf_putf(out, "--%s|", o->name);
}

static void bash_command(const struct command *c, struct buf *out)
{
	buf_putf(out, "\t%s)\n\t\tcase $prev in\n", c->name);
	each_option(c->groups, bash_value, NULL, out);
	buf_puts(out, "\t\tesac\n\t\toptions='");
	each_option(c->groups, bash_name, NULL, out);
	buf_puts(out, " --help'\n");
	if (c->complete) {
		buf_puts(out, "\t\twords=\"");
		operand_words(c, "$(", ")", out);
		buf_puts(out, "\"\n");
	}
	buf_puts(out, "\t\t;;\n");
}

void completion_bash(struct buf *out)
{
	size_t n;
	const struct command *const *all = commands(&n);

	buf_puts(out,
		 "# bash(1) completion of tare(1); made by `tare completion bash`\n"
		 "_tare()\n{\n"
		 "\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} command= options= words= i\n"
		 "\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
		 "\t\tcase ${COMP_WORDS[i]} in\n\t\t");
	each_option(global_groups, bash_skip, NULL, out);
	buf_puts(out, "'') ((i++)) ;;\n\t\t-*) ;;\n\t\t*) command=${COMP_WORDS[i]}; break ;;\n\t\tesac\n\tdone\n"
		      "\tCOMPREPLY=()\n\tcase $command in\n\t'')\n\t\tcase $prev in\n");
	each_option(global_groups, bash_value, NULL, out);
	buf_puts(out, "\t\tesac\n\t\toptions='");
	each_option(global_groups, bash_name, NULL, out);
	buf_puts(out, " --help'\n\t\twords='");
	command_names(out);
	buf_puts(out, "' ;;\n");
	for (size_t i = 0; i < n; i++)
		if (!all[i]->hidden)
			bash_command(all[i], out);
	buf_puts(out, "\tesac\n\tcase $cur in\n\t-*) COMPREPLY=($(compgen -W \"$options\" -- \"$cur\")) ;;\n"
		      "\t*) COMPREPLY=($(compgen -W \"$words\" -- \"$cur\")) ;;\n\tesac\n}\n"
		      "complete -o default -F _tare tare\n");
}

/* ---- zsh ---------------------------------------------------------------------------------------------------- */

/* Within the single quotes of an _arguments specification. */
static void zsh_text(const char *text, struct buf *out)
{
	for (; *text; text++) {
		if (*text == '\'')
			buf_puts(out, "'\\''");
		else if (strchr("[]:\\", *text))
			buf_putf(out, "\\%c", *text);
		else
			buf_put(out, text, 1);
	}
}

static void zsh_option(const struct option *o, const void *context, struct buf *out)
{
	buf_puts(out, " \\\n\t\t\t");
	if (o->letter)
		buf_putf(out, "'*'{-%c%s,--%s%s}'[", o->letter, o->arg ? "+" : "", o->name, o->arg ? "=" : "");
	else
		buf_putf(out, "'*--%s%s[", o->name, o->arg ? "=" : "");
	zsh_text(o->summary, out);
	buf_puts(out, "]");
	if (o->arg) {
		buf_puts(out, ":");
		zsh_text(o->arg, out);
		if (o->words)
			buf_putf(out, ":(%s)", o->words);
		else
			buf_puts(out, ":_files");
	}
	buf_puts(out, "'");
}

static void zsh_command(const struct command *c, struct buf *out)
{
	buf_putf(out, "\t\t%s)\n\t\t\t_arguments -s", c->name);
	each_option(c->groups, zsh_option, NULL, out);
	buf_puts(out, " \\\n\t\t\t'--help[show the options]'");
	if (c->complete) {
		buf_putf(out, " \\\n\t\t\t\"%s:operand:(", c->stops ? "1" : "*");
		operand_words(c, "$(", ")", out);
		buf_puts(out, ")\"");
	}
	buf_puts(out, c->stops ? " \\\n\t\t\t'*::arguments:_normal' ;;\n" : " ;;\n");
}

void completion_zsh(struct buf *out)
{
	size_t n;
	const struct command *const *all = commands(&n);

	buf_puts(out, "#compdef tare\n# zsh(1) completion of tare(1); made by `tare completion zsh`\n"
		      "_tare()\n{\n\tlocal context state state_descr line\n\ttypeset -A opt_args\n\t_arguments -C");
	each_option(global_groups, zsh_option, NULL, out);
	buf_puts(out,
		 " \\\n\t\t'--help[show the commands]' \\\n\t\t'1:command:->command' \\\n\t\t'*::argument:->argument'\n"
		 "\tcase $state in\n\tcommand)\n\t\tlocal -a commands=(");
	for (size_t i = 0; i < n; i++)
		if (!all[i]->hidden) {
			buf_putf(out, "\n\t\t\t'%s:", all[i]->name);
			zsh_text(all[i]->summary, out);
			buf_puts(out, "'");
		}
	buf_puts(out, ")\n\t\t_describe command commands ;;\n\targument)\n\t\tcase $words[1] in\n");
	for (size_t i = 0; i < n; i++)
		if (!all[i]->hidden)
			zsh_command(all[i], out);
	buf_puts(out, "\t\tesac ;;\n\tesac\n}\n"
		      "if [ \"$funcstack[1]\" = _tare ]; then _tare \"$@\"; else compdef _tare tare; fi\n");
}

/* ---- fish --------------------------------------------------------------------------------------------------- */

static void fish_text(const char *text, struct buf *out)
{
	buf_puts(out, "'");
	for (; *text; text++) {
		if (*text == '\'' || *text == '\\')
			buf_puts(out, "\\");
		buf_put(out, text, 1);
	}
	buf_puts(out, "'");
}

static void fish_option(const struct option *o, const void *context, struct buf *out)
{
	const char *command = context;

	if (command)
		buf_putf(out, "complete -c tare -n '__fish_seen_subcommand_from %s'", command);
	else
		buf_puts(out, "complete -c tare -n __fish_use_subcommand");
	if (o->letter)
		buf_putf(out, " -s %c", o->letter);
	buf_putf(out, " -l %s -d ", o->name);
	fish_text(o->summary, out);
	if (o->words)
		buf_putf(out, " -x -a '%s'", o->words);
	else if (o->arg)
		buf_puts(out, " -r");
	buf_puts(out, "\n");
}

static void fish_command(const struct command *c, struct buf *out)
{
	buf_putf(out, "complete -c tare -n __fish_use_subcommand -f -a %s -d ", c->name);
	fish_text(c->summary, out);
	buf_puts(out, "\n");
	each_option(c->groups, fish_option, c->name, out);
	if (!c->complete)
		return;
	buf_putf(out, "complete -c tare -n '__fish_seen_subcommand_from %s' -f -a \"", c->name);
	operand_words(c, "(", ")", out);
	buf_puts(out, "\"\n");
}

void completion_fish(struct buf *out)
{
	size_t n;
	const struct command *const *all = commands(&n);

	buf_puts(out, "# fish(1) completion of tare(1); made by `tare completion fish`\n");
	each_option(global_groups, fish_option, NULL, out);
	for (size_t i = 0; i < n; i++)
		if (!all[i]->hidden)
			fish_command(all[i], out);
}
