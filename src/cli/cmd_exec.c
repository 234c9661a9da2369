/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_exec.c - `tare exec`: one more process in a running container. */
#include "engine/exec.h"

#include "base/scope.h"
#include "cli/option.h"
#include "cli/session.h"

#include <unistd.h>

struct exec_options {
	struct exec_config config;
	struct oci_strings file_env; /* -e comes after it, wherever it stood */
};

#define FIELD(name) offsetof(struct exec_options, name)

static const struct option rows[] = {
	{ "detach", 'd', NULL, "run in the background", option_switch, FIELD(config.detach) },
	{ "detach-keys", 0, "KEYS", "keys that detach from a terminal (default ctrl-p,ctrl-q)", option_text,
	  FIELD(config.detach_keys) },
	{ "env", 'e', "NAME[=VALUE]", "set an environment variable; without a value, as it is here", option_env,
	  FIELD(config.env) },
	{ "env-file", 0, "FILE", "set the environment variables of a file, one NAME=VALUE a line", option_env_file,
	  FIELD(file_env), .late = true },
	{ "interactive", 'i', NULL, "pass standard input", option_switch, FIELD(config.open_stdin) },
	{ "privileged", 0, NULL, "all capabilities that this host can give, and no seccomp filter", option_switch,
	  FIELD(config.privileged) },
	{ "tty", 't', NULL, "give it a terminal of its own", option_switch, FIELD(config.tty) },
	{ "user", 'u', "USER[:GROUP]", "user and group to run as, by name or number (default: the container's)",
	  option_text, FIELD(config.user) },
	{ "workdir", 'w', "PATH", "working directory in the container (default: the container's)", option_text,
	  FIELD(config.workdir) },
};

static OPTION_GROUP(opt_exec, "Options", rows);
static const struct option_group *const groups[] = { &opt_exec, NULL };

static int finish(struct exec_options *o, struct arena *a, const struct operands *operands, struct err *e)
{
	struct oci_strings env = o->file_env;
	int r = 0;

	o->config.container = operands->v[0];
	o->config.command = (struct oci_strings){ (const char **)operands->v + 1, (size_t)operands->n - 1 };
	for (size_t i = 0; i < o->config.env.n && r == 0; i++)
		r = LIST_PUT(a, &env, o->config.env.v[i], e);
	o->config.env = env;
	return r;
}

static int run(struct cli *cli, void *options, const struct operands *operands, int *ret_status, struct err *e)
{
	struct exec_options *o = options;
	scoped_session s = { .open = false };
	int r = finish(o, cli->arena, operands, e);

	if (r == 0)
		r = session_open(&s, cli, e);
	return r < 0 ? r : engine_exec(&s.engine, &o->config, ret_status, e);
}

const struct command command_exec = {
	.name = "exec",
	.also = ALSO("container exec"),
	.args = "[OPTIONS] CONTAINER COMMAND [ARG...]",
	.summary = "run a command in a running container",
	.groups = groups,
	.complete = "container",
	.options_size = sizeof(struct exec_options),
	.min_args = 2,
	.max_args = -1,
	.stops = true,
	.run = run,
};
