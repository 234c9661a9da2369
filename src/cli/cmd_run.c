/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_run.c - `tare run`: options become a configuration; the engine does the rest. */
#include "base/scope.h"
#include "cli/cidfile.h"
#include "cli/opt.h"
#include "cli/session.h"

#include <errno.h>

static const struct option_group *const groups[] = {
	&opt_run,   &opt_container, &opt_process, &opt_limit, &opt_cgroup, &opt_namespace, &opt_network,
	&opt_mount, &opt_security,  &opt_refused, NULL,
};

static int write_cid(void *cidfile, const char *id, struct err *e)
{
	return cidfile_write(cidfile, id, e);
}

/* Nothing stays of a container that the engine could not start, and then no file either. */
static int run_real(struct cli *cli, struct run_options *o, int *ret_status, struct err *e)
{
	scoped_session s = { .open = false };
	struct cidfile cid;
	int r = session_open(&s, cli, e);

	if (r == 0)
		r = cidfile_open(&cid, o->config.cid_file, e);
	if (r < 0)
		return r;
	o->flags.created = write_cid;
	o->flags.created_arg = &cid;
	r = engine_run(&s.engine, &s.host, &o->config, &o->flags, ret_status, e);
	cid.keep = cid.keep && (r == 0 || *ret_status != EXIT_ENGINE);
	cidfile_close(&cid);
	return r;
}

/* A plan for a --rootfs needs nothing of the engine's, so it works on any host, and without privileges. */
static int plan_with(struct cli *cli, const struct host *captured, struct run_options *o, int *ret_status,
		     struct err *e)
{
	scoped_session s = { .open = false };
	int r;

	if (o->config.rootfs)
		return engine_run(NULL, captured, &o->config, &o->flags, ret_status, e);
	r = session_open(&s, cli, e);
	return r < 0 ? r : engine_run(&s.engine, captured, &o->config, &o->flags, ret_status, e);
}

static int plan_on(struct cli *cli, struct run_options *o, int *ret_status, struct err *e)
{
	struct host h;
	int r = host_open(&h, cli->host ? cli->host : "/", e);

	if (r < 0)
		return r;
	r = plan_with(cli, &h, o, ret_status, e);
	host_close(&h);
	return r;
}

static int run(struct cli *cli, void *options, const struct operands *operands, int *ret_status, struct err *e)
{
	struct run_options *o = options;
	int r = run_options_finish(o, cli->arena, operands, e);

	if (o->misused)
		*ret_status = 1;
	if (r < 0)
		return r;
	if (o->flags.plan)
		return plan_on(cli, o, ret_status, e);
	if (cli->host)
		return err_set(e, EINVAL, "--host %.80s: a captured host can only be planned for (run --plan)",
			       cli->host);
	return run_real(cli, o, ret_status, e);
}

const struct command command_run = {
	.name = "run",
	.also = ALSO("container run"),
	.args = "[OPTIONS] IMAGE [COMMAND [ARG...]]",
	.summary = "run a command in a new container",
	.groups = groups,
	.takes_host = true,
	.complete = "busybox",
	.options_size = sizeof(struct run_options),
	.init = run_options_init,
	.max_args = -1,
	.stops = true,
	.error_status = EXIT_ENGINE,
	.run = run,
};
