/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime_cli/command.h"

#include "base/fault.h"
#include "base/io.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/scope.h"
#include "kernel/self_exe.h"
#include "oci/runtime_spec.h"
#include "options/option_help.h"
#include "runtime/container.h"
#include "runtime_cli/rootless.h"
#include "runtime_cli/state.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>

static const struct runtime_command *const rows[] = {
	&runtime_command_checkpoint,
	&runtime_command_completion,
	&runtime_command_create,
	&runtime_command_delete,
	&runtime_command_doctor,
	&runtime_command_events,
	&runtime_command_exec,
	&runtime_command_features,
	&runtime_command_kill,
	&runtime_command_list,
	&runtime_command_man,
	&runtime_command_mounts,
	&runtime_command_pause,
	&runtime_command_plan,
	&runtime_command_ps,
	&runtime_command_restore,
	&runtime_command_resume,
	&runtime_command_run,
	&runtime_command_spec,
	&runtime_command_start,
	&runtime_command_state,
	&runtime_command_update,
	&runtime_command_validate,
};

const struct runtime_command *const *runtime_commands(size_t *ret_n)
{
	*ret_n = ARRAY_LEN(rows);
	return rows;
}

/* ---- for the commands ------------------------------------------------------------------------------------------- */

int runtime_facts(struct runtime *rt, struct err *e)
{
	int r = rt->has_facts ? 0 : host_facts_read_plan(&rt->host, &rt->facts, e);

	rt->has_facts = r == 0;
	return r;
}

int runtime_manager(struct runtime *rt, bool user, struct unit_manager **ret, struct err *e)
{
	struct unit_manager *m = arena_alloc(rt->arena, sizeof *m);
	char *program = arena_alloc(rt->arena, PATH_MAX);
	int r = m && program ? unit_manager_find(rt->argv[0], program, e) : err_oom(e);

	if (r < 0)
		return r;
	*m = (struct unit_manager){ program, user };
	*ret = m;
	return 0;
}

int runtime_print(const struct buf *out, struct err *e)
{
	int r = buf_status(out, e);

	if (r == 0)
		r = io_write_all(STDOUT_FILENO, out->p, out->len, e);
	return r < 0 ? err_wrap(e, r, "standard output") : 0;
}

int runtime_path(struct runtime *rt, const char **path, struct err *e)
{
	char dir[PATH_MAX];

	if (!*path || (*path)[0] == '/')
		return 0;
	if (!getcwd(dir, sizeof dir))
		return err_sys(e, "getcwd");
	*path = arena_fmt(rt->arena, "%s/%s", dir, *path);
	return *path ? 0 : err_oom(e);
}

/* ---- the options before the command ----------------------------------------------------------------------------- */

static const struct option global_rows[] = {
	{ "criu", 0, "PATH", "the program that makes checkpoints (default: criu, as PATH has it)", option_text,
	  offsetof(struct runtime, criu) },
	{ "debug", 0, NULL, "say more", option_switch, offsetof(struct runtime, debug) },
	{ "log", 0, "FILE", "file that gets what is said, too", option_text, offsetof(struct runtime, log) },
	{ "log-format", 0, "FORMAT", "of that file: text (default) or json", option_words,
	  offsetof(struct runtime, log_format), .words = "text json" },
	{ "root", 0, "DIR", "where the containers' states are kept (default /run/tare-runtime)", option_text,
	  offsetof(struct runtime, root) },
	{ "rootless", 0, "WHEN", "is a control group that may not be made no error: true, false or auto (default)",
	  option_words, offsetof(struct runtime, rootless), .words = "true false auto" },
	{ "systemd-cgroup", 0, NULL, "systemd manages the control groups (cgroupsPath is slice:prefix:name)",
	  option_switch, offsetof(struct runtime, systemd_cgroup) },
	{ "version", 'v', NULL, "version of program and specification", option_switch,
	  offsetof(struct runtime, version) },
};
static OPTION_GROUP(global_group, "Options", global_rows);
const struct option_group *const runtime_global_groups[] = { &global_group, NULL };

static int default_root(struct runtime *rt, struct err *e)
{
	const char *run = rt->caller == 0 ? NULL : getenv("XDG_RUNTIME_DIR");

	if (!rt->root)
		rt->root = run && *run ? arena_fmt(rt->arena, "%s/tare-runtime", run) : "/run/tare-runtime";
	return rt->root ? 0 : err_oom(e);
}

/* What is wrong with the rest of the command line is said there as well. */
static int settle_log(struct runtime *rt, struct err *e)
{
	int r = runtime_path(rt, &rt->log, e);

	if (r == 0 && rt->log)
		log_copy(rt->log, rt->log_format && strcmp(rt->log_format, "json") == 0);
	if (rt->debug)
		log_setup("tare-runtime", LOG_LEVEL_DEBUG);
	return r;
}

/* Before anything changes the working directory. */
static int settle(struct runtime *rt, struct err *e)
{
	int r = default_root(rt, e);

	if (r == 0 && !*rt->root)
		r = err_set(e, EINVAL, "--root '': a directory is needed");
	if (r == 0)
		r = runtime_path(rt, &rt->root, e);
	if (r == 0 && rt->systemd_cgroup)
		r = runtime_manager(rt, rt->caller != 0, &rt->manager, e);
	return r;
}

/* ---- texts ------------------------------------------------------------------------------------------------------ */

static int overview(struct err *e)
{
	scoped_buf out = BUF(RUNTIME_OUTPUT_MAX);

	buf_puts(&out, "Usage: tare-runtime [OPTIONS] COMMAND [OPTIONS] ID\n\nAn OCI runtime.\n\nCommands:\n");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (!rows[i]->hidden)
			buf_putf(&out, "  %-12s %s\n", rows[i]->name, rows[i]->summary);
	help_group(&global_group, &out);
	buf_puts(&out, "\n`tare-runtime COMMAND --help` and tare-runtime(1) say more.\n");
	return runtime_print(&out, e);
}

static int command_help(const struct runtime_command *c, struct err *e)
{
	scoped_buf out = BUF(RUNTIME_OUTPUT_MAX);

	buf_putf(&out, "Usage: tare-runtime %s%s%s\n\n", c->name, *c->args ? " " : "", c->args);
	help_wrap(&out, c->summary, 0, 0);
	for (const struct option_group *const *g = c->groups; g && *g; g++)
		help_group(*g, &out);
	return runtime_print(&out, e);
}

static int version(struct err *e)
{
	static const char text[] = "tare-runtime version " TARE_VERSION "\nspec: " OCI_VERSION "\n";

	return io_write_all(STDOUT_FILENO, text, sizeof text - 1, e);
}

/* ---- running one ------------------------------------------------------------------------------------------------ */

static int find(const char *name, const struct runtime_command **ret, struct err *e)
{
	const char *names[ARRAY_LEN(rows)], *near;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		names[i] = rows[i]->name;
		if (strcmp(rows[i]->name, name) == 0) {
			*ret = rows[i];
			return 0;
		}
	}
	near = nearest(sv_from(name), names, ARRAY_LEN(rows));
	return near ? err_set(e, EINVAL, "unknown command %.80s; did you mean %s?", name, near) :
		      err_set(e, EINVAL, "unknown command %.80s (tare-runtime --help)", name);
}

static int call(struct runtime *rt, const struct runtime_command *c, void *options, const struct operands *operands,
		int *ret_status, struct err *e)
{
	scoped_entry entry = ENTRY;
	int r;

	if (c->run)
		return c->run(rt, options, operands, ret_status, e);
	r = entry_open(rt, operands->v[0], &entry, e);
	if (r == 0 && c->lock_ms)
		r = entry_lock(rt, &entry, c->lock_ms, e);
	return r < 0 ? r : c->on(rt, &entry, options, operands, ret_status, e);
}

static const struct option_group *const no_groups[] = { NULL };

static int run_command(struct runtime *rt, const struct runtime_command *c, int argc, char **argv, int *ret_status,
		       struct err *e)
{
	void *options = arena_alloc(rt->arena, c->options_size + 1);
	struct operands operands;
	int r;

	if (!options)
		return err_oom(e);
	if (c->init)
		c->init(options);
	r = options_parse(c->groups ? c->groups : no_groups, OPTIONS_ONE_DASH | (c->stops ? OPTIONS_STOP : 0),
			  rt->arena, options, argc, argv, &operands, e);
	if (r < 0)
		return r;
	if (operands.help)
		return command_help(c, e);
	if (operands.n < c->min_args || (c->max_args >= 0 && operands.n > c->max_args))
		return err_set(e, EINVAL, "usage: tare-runtime %s%s%s", c->name, *c->args ? " " : "", c->args);
	r = settle(rt, e);
	if (r == 0)
		r = host_open(&rt->host, "/", e);
	return r < 0 ? r : call(rt, c, options, &operands, ret_status, e);
}

/* An ordinary user cannot, and does when rootless_enter() has made it possible. Root in a user namespace of somebody
 * else's making can as soon as the mounts are its own. */
static int protect(struct runtime *rt, char **argv, struct err *e)
{
	int r;

	if (rootless_is_needed()) {
		rt->start_dir = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
		return rt->start_dir < 0 ? err_sys(e, "open the working directory") : 0;
	}
	r = self_exe_protect(argv, environ, e);
	return r == -EPERM && unshare(CLONE_NEWNS) == 0 ? rootless_protect(argv, e) : r;
}

static int dispatch(struct runtime *rt, int argc, char **argv, const struct runtime_command **ret_c, int *ret_status,
		    struct err *e)
{
	struct operands operands;
	int r = options_parse(runtime_global_groups, OPTIONS_ONE_DASH | OPTIONS_STOP, rt->arena, rt, argc - 1, argv + 1,
			      &operands, e);

	if (r == 0)
		r = settle_log(rt, e);
	if (r < 0)
		return r;
	if (rt->version)
		return version(e);
	if (operands.help || operands.n == 0 || strcmp(operands.v[0], "help") == 0)
		return overview(e);
	r = find(operands.v[0], ret_c, e);
	if (r == 0 && (*ret_c)->enters)
		r = protect(rt, argv, e);
	return r < 0 ? r : run_command(rt, *ret_c, operands.n - 1, operands.v + 1, ret_status, e);
}

static int failure_status(const struct runtime_command *c, const struct err *e)
{
	int status = c && c->error_status ? container_exit_code(e) : 1;

	return status == 125 ? c->error_status : status;
}

#define ARENA_MAX (64u << 20)

int runtime_main(int argc, char **argv)
{
	static struct arena arena = { .max = ARENA_MAX }; /* given back by the end of the process */
	struct runtime rt = { .arena = &arena, .argv = argv, .start_dir = -1, .host = { -1, -1, -1, false } };
	const struct runtime_command *c = NULL;
	struct err e = { 0 };
	int status = 0, r;

	fault_role("runtime");
	rootless_begin(&rt);
	log_setup("tare-runtime", LOG_LEVEL_WARNING);
	r = dispatch(&rt, argc, argv, &c, &status, &e);
	host_close(&rt.host);
	if (r == 0)
		return status;
	log_error("%s", e.msg);
	return failure_status(c, &e);
}
