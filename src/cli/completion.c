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

static void command_names(const struct command *family, struct buf *out)
{
	struct command_member members[COMMANDS_MAX];
	size_t n = command_members(family, members);

	for (size_t i = 0; i < n; i++)
		buf_putf(out, "%s%s", i ? " " : "", members[i].name);
}

/* All names that a command may be called by, each between quotes of the shell. */
static void quoted_names(const struct command *c, struct buf *out)
{
	buf_putf(out, "'%s'", c->name);
	for (const char *const *name = c->also; name && *name; name++)
		buf_putf(out, "|'%s'", *name);
}

typedef void command_fn(const struct command *c, struct buf *out);

static void each_command(command_fn *fn, struct buf *out)
{
	size_t n;
	const struct command *const *all = commands(&n);

	for (size_t i = 0; i < n; i++)
		if (!all[i]->hidden)
			fn(all[i], out);
}

#define CONTAINERS "tare ps -a --format '{{.Names}}' 2>/dev/null"
#define NETWORKS "tare network ls --format '{{.Name}}' 2>/dev/null"
#define VOLUMES "tare volume ls -q 2>/dev/null"
#define IMAGES "tare images --format '{{.Repository}}:{{.Tag}}' 2>/dev/null"

/* What the operands of a command may be: words, or before and after what runs a command of the shell that prints them. */
static void operand_words(const struct command *c, const char *before, const char *after, struct buf *out)
{
	if (strcmp(c->complete, "container") == 0)
		buf_putf(out, "%s" CONTAINERS "%s", before, after);
	else if (strcmp(c->complete, "image") == 0)
		buf_putf(out, "%s" IMAGES "%s", before, after);
	else if (strcmp(c->complete, "network") == 0)
		buf_putf(out, "%s" NETWORKS "%s", before, after);
	else if (strcmp(c->complete, "volume") == 0)
		buf_putf(out, "%s" VOLUMES "%s", before, after);
	else if (strcmp(c->complete, "command") == 0)
		command_names(NULL, out);
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
	buf_puts(out, "\t");
	quoted_names(c, out);
	buf_puts(out, ")\n\t\tcase $prev in\n");
	each_option(c->groups, bash_value, NULL, out);
	buf_puts(out, "\t\tesac\n\t\toptions='");
	each_option(c->groups, bash_name, NULL, out);
	buf_puts(out, " --help'\n");
	if (c->complete) {
		buf_puts(out, "\t\twords=\"");
		operand_words(c, "$(", ")", out);
		buf_puts(out, "\"\n");
	}
	if (c->family) {
		buf_puts(out, "\t\twords='");
		command_names(c, out);
		buf_puts(out, "'\n");
	}
	buf_puts(out, "\t\t;;\n");
}

/* A family's name and the word behind it are one command. */
static void bash_family(const struct command *c, struct buf *out)
{
	if (c->family)
		buf_putf(out,
			 "\t\t%s) command=%s; ((i + 1 < COMP_CWORD)) && command+=\" ${COMP_WORDS[i+1]}\"; break ;;\n",
			 c->name, c->name);
}

void completion_bash(struct buf *out)
{
	buf_puts(out,
		 "# bash(1) completion of tare(1); made by `tare completion bash`\n"
		 "_tare()\n{\n"
		 "\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} command= options= words= i\n"
		 "\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
		 "\t\tcase ${COMP_WORDS[i]} in\n\t\t");
	each_option(global_groups, bash_skip, NULL, out);
	buf_puts(out, "'') ((i++)) ;;\n\t\t-*) ;;\n");
	each_command(bash_family, out);
	buf_puts(out, "\t\t*) command=${COMP_WORDS[i]}; break ;;\n\t\tesac\n\tdone\n"
		      "\tCOMPREPLY=()\n\tcase $command in\n\t'')\n\t\tcase $prev in\n");
	each_option(global_groups, bash_value, NULL, out);
	buf_puts(out, "\t\tesac\n\t\toptions='");
	each_option(global_groups, bash_name, NULL, out);
	buf_puts(out, " --help'\n\t\twords='");
	command_names(NULL, out);
	buf_puts(out, "' ;;\n");
	each_command(bash_command, out);
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

static void zsh_members(const struct command *family, struct buf *out)
{
	struct command_member members[COMMANDS_MAX];
	size_t n = command_members(family, members);

	buf_puts(out, "\t\tlocal -a commands=(");
	for (size_t i = 0; i < n; i++) {
		buf_putf(out, "\n\t\t\t'%s:", members[i].name);
		zsh_text(members[i].command->summary, out);
		buf_puts(out, "'");
	}
	buf_puts(out, ")\n\t\t_describe command commands ;;\n");
}

/* Its second word is looked at by the same function, as one with the first. */
static void zsh_family(const struct command *c, struct buf *out)
{
	buf_putf(out,
		 "\t%s)\n\t\t_arguments -C '--help[show the commands]' '1:command:->member' '*::argument:->argument'\n"
		 "\t\tcase $state in\n\t\targument) _tare_command \"%s $words[1]\" ;;\n\t\tmember)\n",
		 c->name, c->name);
	zsh_members(c, out);
	buf_puts(out, "\t\tesac ;;\n");
}

static void zsh_command(const struct command *c, struct buf *out)
{
	if (c->family) {
		zsh_family(c, out);
		return;
	}
	buf_puts(out, "\t");
	quoted_names(c, out);
	buf_puts(out, ")\n\t\t_arguments -s");
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
	buf_puts(out, "#compdef tare\n# zsh(1) completion of tare(1); made by `tare completion zsh`\n"
		      "_tare_command()\n{\n\tcase $1 in\n");
	each_command(zsh_command, out);
	buf_puts(out, "\tesac\n}\n"
		      "_tare()\n{\n\tlocal context state state_descr line\n\ttypeset -A opt_args\n\t_arguments -C");
	each_option(global_groups, zsh_option, NULL, out);
	buf_puts(out,
		 " \\\n\t\t'--help[show the commands]' \\\n\t\t'1:command:->command' \\\n\t\t'*::argument:->argument'\n"
		 "\tcase $state in\n\targument) _tare_command $words[1] ;;\n\tcommand)\n");
	zsh_members(NULL, out);
	buf_puts(out, "\tesac\n}\n"
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

struct fish_place {
	const char *test, *name; /* "__tare_in", "image ls" */
};

static void fish_option(const struct option *o, const void *context, struct buf *out)
{
	const struct fish_place *place = context;

	buf_putf(out, "complete -c tare -n '%s %s'", place->test, place->name);
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

static void fish_members(const struct command *family, struct buf *out)
{
	struct command_member members[COMMANDS_MAX];
	size_t n = command_members(family, members);

	for (size_t i = 0; i < n; i++) {
		buf_putf(out, "complete -c tare -n '__tare_at %s' -f -a %s -d ", family ? family->name : "",
			 members[i].name);
		fish_text(members[i].command->summary, out);
		buf_puts(out, "\n");
	}
}

static void fish_name(const struct command *c, const char *name, struct buf *out)
{
	const struct fish_place place = { "__tare_in", name };

	each_option(c->groups, fish_option, &place, out);
	if (!c->complete)
		return;
	buf_putf(out, "complete -c tare -n '__tare_in %s' -f -a \"", name);
	operand_words(c, "(", ")", out);
	buf_puts(out, "\"\n");
}

static void fish_command(const struct command *c, struct buf *out)
{
	if (c->family)
		fish_members(c, out);
	fish_name(c, c->name, out);
	for (const char *const *name = c->also; name && *name; name++)
		fish_name(c, *name, out);
}

static void fish_case(const struct option *o, const void *context, struct buf *out)
{
	if (o->arg && o->letter)
		buf_putf(out, " -%c", o->letter);
	if (o->arg)
		buf_putf(out, " --%s", o->name);
}

/* Two questions about the words before the cursor: are they this command and no more; do they begin with it? */
void completion_fish(struct buf *out)
{
	static const struct fish_place start = { "__tare_at", "" };

	buf_puts(out, "# fish(1) completion of tare(1); made by `tare completion fish`\n"
		      "function __tare_words\n\tset -l skip 0\n\tset -l any 0\n"
		      "\tfor word in (commandline -opc)[2..-1]\n\t\tif test $skip = 1\n\t\t\tset skip 0\n"
		      "\t\t\tcontinue\n\t\tend\n\t\tswitch $word\n\t\t\tcase");
	each_option(global_groups, fish_case, NULL, out);
	buf_puts(out, "\n\t\t\t\ttest $any = 1; or set skip 1\n\t\t\tcase '-*'\n\t\t\tcase '*'\n"
		      "\t\t\t\tset any 1\n\t\t\t\techo $word\n\t\tend\n\tend\nend\n"
		      "function __tare_at\n\tset -l words (__tare_words)\n\ttest \"$words\" = \"$argv\"\nend\n"
		      "function __tare_in\n\tset -l words (__tare_words)\n\tset -l n (count $argv)\n"
		      "\ttest (count $words) -ge $n; and test \"$words[1..$n]\" = \"$argv\"\nend\n");
	each_option(global_groups, fish_option, &start, out);
	fish_members(NULL, out);
	each_command(fish_command, out);
}
