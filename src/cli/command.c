/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/command.h"

#include "base/io.h"
#include "base/log.h"
#include "base/scope.h"
#include "engine/settings.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct command *const rows[] = {
	&command_cni,
	&command_firewall,
	&command_kube_settle,
	&command_kube_wait_due,
	&command_man,
	&command_reap,
	&command_attach,
	&command_cgroup,
	&command_commit,
	&command_completion,
	&command_container,
	&command_container_inspect,
	&command_container_prune,
	&command_cp,
	&command_create,
	&command_diff,
	&command_enter,
	&command_exec,
	&command_explain,
	&command_export,
	&command_help,
	&command_history,
	&command_image,
	&command_image_inspect,
	&command_image_prune,
	&command_images,
	&command_import,
	&command_info,
	&command_inspect,
	&command_kill,
	&command_kube,
	&command_kube_advise,
	&command_kube_apply,
	&command_kube_delete,
	&command_kube_describe,
	&command_kube_exec,
	&command_kube_get,
	&command_kube_logs,
	&command_kube_quantity,
	&command_kube_resize,
	&command_kube_top,
	&command_kube_tree,
	&command_kube_wait,
	&command_kube_who_dies_first,
	&command_lint,
	&command_load,
	&command_login,
	&command_logout,
	&command_logs,
	&command_network,
	&command_network_connect,
	&command_network_create,
	&command_network_disconnect,
	&command_network_doctor,
	&command_network_inspect,
	&command_network_ls,
	&command_network_prune,
	&command_network_rm,
	&command_ns,
	&command_oom,
	&command_pause,
	&command_port,
	&command_ps,
	&command_pull,
	&command_push,
	&command_rename,
	&command_restart,
	&command_rm,
	&command_rmi,
	&command_run,
	&command_save,
	&command_scope,
	&command_start,
	&command_stats,
	&command_stop,
	&command_system,
	&command_system_df,
	&command_system_prune,
	&command_tag,
	&command_top,
	&command_unpause,
	&command_unshare,
	&command_update,
	&command_version,
	&command_volume,
	&command_volume_create,
	&command_volume_inspect,
	&command_volume_ls,
	&command_volume_prune,
	&command_volume_rm,
	&command_wait,
	&command_watch,
};

const struct command *const *commands(size_t *ret_n)
{
	*ret_n = ARRAY_LEN(rows);
	return rows;
}

/* ---- names -------------------------------------------------------------------------------------------------- */

/* All names of a command, one after the other; NULL after the last one. */
static const char *name_at(const struct command *c, size_t i)
{
	if (i == 0)
		return c->name;
	return c->also ? c->also[i - 1] : NULL;
}

/* "ls" of "image ls" in the family image; outside of any family, a name of one word. NULL: it stands elsewhere. */
static const char *within(const struct command *family, const char *name)
{
	const char *blank = strchr(name, ' ');

	if (!family)
		return blank ? NULL : name;
	if (!blank || !sv_is((struct sv){ name, (size_t)(blank - name) }, family->name))
		return NULL;
	return blank + 1;
}

static const struct command *find_word(const struct command *family, const char *word)
{
	const char *name, *there;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		for (size_t k = 0; (name = name_at(rows[i], k)); k++)
			if ((there = within(family, name)) && strcmp(there, word) == 0)
				return rows[i];
	return NULL;
}

static const char *first_within(const struct command *family, const struct command *c)
{
	const char *name, *there = NULL;

	for (size_t k = 0; !there && (name = name_at(c, k)); k++)
		there = within(family, name);
	return there;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct command_member *)a)->name, ((const struct command_member *)b)->name);
}

static_assert(ARRAY_LEN(rows) <= COMMANDS_MAX, "COMMANDS_MAX");

size_t command_members(const struct command *family, struct command_member ret[COMMANDS_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *name = rows[i]->hidden ? NULL : first_within(family, rows[i]);

		if (name)
			ret[n++] = (struct command_member){ name, rows[i] };
	}
	qsort(ret, n, sizeof *ret, by_name);
	return n;
}

static int unknown_command(const struct command *family, const char *word, struct err *e)
{
	const char *first = family ? family->name : "", *blank = family ? " " : "", *found;
	struct command_member members[COMMANDS_MAX];
	const char *names[COMMANDS_MAX];
	size_t n = command_members(family, members);

	for (size_t i = 0; i < n; i++)
		names[i] = members[i].name;
	found = nearest(sv_from(word), names, n);
	if (found)
		return err_set(e, EINVAL, "unknown command %s%s%.80s; did you mean %s%s%s?", first, blank, word, first,
			       blank, found);
	return err_set(e, EINVAL, "unknown command %s%s%.80s; `tare help%s%s` lists them", first, blank, word, blank,
		       first);
}

int command_find(char *const *words, int n, const struct command **ret, int *ret_used, struct err *e)
{
	const struct command *c = find_word(NULL, words[0]), *member = c;
	int used = 1;

	if (!c)
		return unknown_command(NULL, words[0], e);
	if (c->family && n > 1 && words[1][0] != '-') {
		member = find_word(c, words[1]);
		used = 2;
	}
	if (!member)
		return unknown_command(c, words[1], e);
	*ret = member;
	*ret_used = used;
	return 0;
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

static int set_file(const struct option_call *c, struct err *e)
{
	return *c->text ? option_text(c, e) : err_set(e, EINVAL, "a file is needed");
}

static const struct option global_rows[] = {
	{ "config", 0, "FILE",
	  "settings of the host (default $" SETTINGS_ENV ", else " SETTINGS_FILE ", if it is there)", set_file,
	  offsetof(struct cli, config) },
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

/* Docker's client says 1 of these, whatever the command says of other failures. */
int command_usage(const struct command *c, int *ret_status, struct err *e)
{
	*ret_status = 1;
	return err_set(e, EINVAL, "usage: tare %s%s%s", c->name, *c->args ? " " : "", c->args);
}

static int check_count(const struct command *c, int n, int *ret_status, struct err *e)
{
	if (n >= c->min_args && (c->max_args < 0 || n <= c->max_args))
		return 0;
	return command_usage(c, ret_status, e);
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

/* What can be read, but is nothing that there is, is a failure of the command. */
static int wrong_option(int r, int *ret_status)
{
	if (r != -EDOM && r != -ENOMEM)
		*ret_status = EXIT_OPTION;
	return r;
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
	r = options_parse(c->groups ? c->groups : no_groups, c->stops ? OPTIONS_STOP : 0, cli->arena, options, argc,
			  argv, &operands, e);
	if (r < 0)
		return wrong_option(r, ret_status);
	if (operands.help)
		return print_help(c, e);
	r = check_count(c, operands.n, ret_status, e);
	if (r < 0)
		return r;
	if (c->family)
		return print_help(c, e);
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
	int used, r = options_parse(global_groups, OPTIONS_STOP, cli->arena, cli, argc - 1, argv + 1, &operands, e);

	if (r < 0)
		return wrong_option(r, ret_status);
	if (cli->version)
		return run_command(cli, &command_version, 0, argv, ret_status, e);
	if (operands.help || operands.n == 0)
		return print_help(NULL, e);
	r = command_find(operands.v, operands.n, ret_c, &used, e);
	if (r < 0)
		return r;
	return run_command(cli, *ret_c, operands.n - used, operands.v + used, ret_status, e);
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
		return status; /* what tells more of a failure: 125, 126, 127 */
	return c && c->error_status ? c->error_status : 1;
}
