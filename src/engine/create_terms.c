/* SPDX-License-Identifier: Apache-2.0 */
/* The terms on which a monitor keeps a container: restarts, the way it is stopped, logs. From configuration to charter. */
#include "engine/create_priv.h"
#include "spec/env.h"

#include "base/scope.h"
#include "kernel/signal.h"

#include <errno.h>
#include <string.h>

static int set_stop_signal(struct creation *cr, struct err *e)
{
	const char *name = cr->config->stop_signal;
	int signo;

	if (!name || !*name)
		name = cr->image_config.stop_signal;
	if (!name || !*name)
		return 0;
	signo = signal_from_name(sv_from(name));
	if (signo < 0)
		return err_set(e, EINVAL, "invalid signal: %.40s", name);
	cr->charter.stop_signal = signo;
	cr->charter.stop_signal_set = true;
	return 0;
}

static int clamp(int64_t n)
{
	return n > INT_MAX ? INT_MAX : n < -1 ? -1 : (int)n;
}

static int set_log(struct creation *cr, struct err *e)
{
	struct log_limits l;
	int r = config_log_limits(cr->config, &l, e);

	if (r < 0)
		return r;
	cr->charter.log_driver = l.driver;
	cr->charter.log_max_size = l.max_size;
	cr->charter.log_max_file = l.max_file;
	return 0;
}

/* What `exec` makes processes of, and what it looks up again in the container as it is then. */
int create_exec_terms(struct creation *cr, struct err *e)
{
	const struct container_config *c = cr->config;
	struct charter *to = &cr->charter;

	to->exec_user = c->user ? c->user : cr->image_config.user;
	to->exec_workdir = c->workdir && *c->workdir ? c->workdir : cr->image_config.working_dir;
	to->exec_groups = c->group_add;
	to->exec_groups_strict = c->groups_strict;
	return env_of_container(cr->a, cr->inputs.hostname, false, &c->env, &cr->image_config.env, &to->exec_env, e);
}

int create_terms(struct creation *cr, struct err *e)
{
	const struct container_config *c = cr->config;
	struct charter *to = &cr->charter;
	int r = set_stop_signal(cr, e);

	to->auto_remove = c->auto_remove;
	to->open_stdin = c->open_stdin;
	to->stdin_once = c->stdin_once;
	to->tty = c->tty;
	to->init = c->init;
	to->restart = c->restart.name;
	to->restart_max = clamp(c->restart.maximum_retry_count);
	if (c->stop_timeout_s != OCI_UNSET)
		to->stop_timeout = clamp(c->stop_timeout_s);
	return r < 0 ? r : set_log(cr, e);
}
