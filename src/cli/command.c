/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/command.h"

#include "base/io.h"
#include "base/log.h"
#include "base/scope.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static const struct command *const rows[] = {
	&command_man,
	&command_reap,
	&command_completion,
	&command_help,
	&command_images,
	&command_info,
	&command_inspect,
	&command_load,
	&command_ps,
	&command_rm,
	&command_run,
	&command_version,
};

const struct command *const *commands(size_t *ret_n)
{
	*ret_n = ARRAY_LEN(rows);
	return rows;
}

const struct command *command_find(struct sv name)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (sv_is(name, rows[i]->name))
			return rows[i];
	return NULL;
}

int cli_print(const struct buf *out, struct err *e)
{
	int r = buf_status(out, e);

	if (r == 0)
		r = io_write_all(STDOUT_FILENO, out->p, out->len, e);
	return r < 0 ? err_wrap(e, r, "standard output") : 0;
}

/* ---- the options before the command ------------------------------------------------------------------------- */

static const struct {
	const char *name;
	enum log_level level;
} log_levels[] = {
	{ "error", LOG_LEVEL_ERROR }, { "warn", LOG_LEVEL_WARNING }, { "warning", LOG_LEVEL_WARNING },
	{ "info", LOG_LEVEL_INFO },   { "debug", LOG_LEVEL_DEBUG },
};

static int set_log_level(const struct option_call *c, struct err *e)
{
	for (size_t i = 0; i < ARRAY_LEN(log_levels); i++)
		if (strcmp(c->text, log_levels[i].name) == 0) {
			log_setup("tare", log_levels[i].level);
			return 0;
		}
	return err_set(e, EINVAL, "unknown log level (error, warn, info, debug)");
}

static int set_directory(const struct option_call *c, struct err *e)
{
	return *c->text ? option_text(c, e) : err_set(e, EINVAL, "a directory is needed");
}

static const struct option global_rows[] = {
	{ "host", 0, "DIR", "a captured host instead of /, for `run --plan`", set_directory, offsetof(struct cli, host),
	  .hidden = true },
	{ "log-level", 'l', "LEVEL", "what is written to standard error: error, warn (default), info or debug",
	  set_log_level, .words = "error warn info debug" },
	{ "root", 0, "DIR", "where images, volumes and containers are kept (default /var/lib/tare)", set_directory,
	  offsetof(struct cli, root) },
	{ "state", 0, "DIR", "where the state of running containers is kept (default /run/tare)", set_directory,
	  offsetof(struct cli, state) },
	{ "version", 'v', NULL, "print the version", option_switch, offsetof(struct cli, version) },
};

OPTION_GROUP(opt_global, "Options", global_rows);
const struct option_group *const global_groups[] = { &opt_global, NULL };

/* ---- running one -------------------------------------------------------------------------------------------- */

static int unknown_command(const char *name, struct err *e)
{
	const char *names[ARRAY_LEN(rows)], *found;
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (!rows[i]->hidden)
			names[n++] = rows[i]->name;
	found = nearest(sv_from(name), names, n);
	if (found)
		return err_set(e, EINVAL, "unknown command %.80s; did you mean %s?", name, found);
	return err_set(e, EINVAL, "unknown command %.80s; `tare help` lists them", name);
}

static int check_count(const struct command *c, int n, struct err *e)
{
	if (n >= c->min_args && (c->max_args < 0 || n <= c->max_args))
		return 0;
	return err_set(e, EINVAL, "usage: tare %s%s%s", c->name, *c->args ? " " : "", c->args);
}

static int print_help(const struct command *c, struct err *e)
{
	scoped_buf out = BUF(CLI_OUTPUT_MAX);

	if (c)
		help_command(c, &out);
	else
		help_overview(&out);
	return cli_print(&out, e);
}

static const struct option_group *const no_groups[] = { NULL };

static int run_command(struct cli *cli, const struct command *c, int argc, char **argv, int *ret_status, struct err *e)
{
	void *options = arena_alloc(cli->arena, c->options_size + 1);
	struct operands operands;
	int r;

	if (!options)
		return err_oom(e);
	if (c->init)
		c->init(options);
	r = options_parse(c->groups ? c->groups : no_groups, c->stops, cli->arena, options, argc, argv, &operands, e);
	if (r < 0)
		return r;
	if (operands.help)
		return print_help(c, e);
	r = check_count(c, operands.n, e);
	if (r < 0)
		return r;
	if (cli->host && !c->takes_host)
		return err_set(e, EINVAL, "--host %.80s: a captured host can only be planned for (run --plan)",
			       cli->host);
	if (c->needs_root && c->needs_root(options) && geteuid() != 0)
		return err_set(e, EPERM, "tare %s: only root may do this", c->name);
	return c->run(cli, options, &operands, ret_status, e);
}

/* The options before the command, then the command. *ret_c tells whose exit status a failure has. */
static int dispatch(struct cli *cli, int argc, char **argv, const struct command **ret_c, int *ret_status,
		    struct err *e)
{
	struct operands operands;
	int r = options_parse(global_groups, true, cli->arena, cli, argc - 1, argv + 1, &operands, e);

	if (r < 0)
		return r;
	if (cli->version)
		return run_command(cli, &command_version, 0, argv, ret_status, e);
	if (operands.help || operands.n == 0)
		return print_help(NULL, e);
	*ret_c = command_find(sv_from(operands.v[0]));
	if (!*ret_c)
		return unknown_command(operands.v[0], e);
	return run_command(cli, *ret_c, operands.n - 1, operands.v + 1, ret_status, e);
}

#define ARENA_MAX (64u << 20) /* a command line is at most 2 MiB (execve(2)), its files have ceilings of their own */

int command_main(int argc, char **argv)
{
	scoped_arena arena = ARENA(ARENA_MAX);
	struct cli cli = { .arena = &arena };
	const struct command *c = NULL;
	struct err e = { 0 };
	int status = 0;

	if (dispatch(&cli, argc, argv, &c, &status, &e) == 0)
		return status;
	log_error("%s", e.msg);
	if (status)
		return status; /* `run` tells 126 and 127 from other failures */
	return c && c->error_status ? c->error_status : 1;
}
