/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_create.c - `tare create`: what `tare run` does before anything runs. */
#include "base/limits.h"
#include "base/log.h"
#include "base/scope.h"
#include "cli/cidfile.h"
#include "cli/opt.h"
#include "cli/session.h"
#include "engine/create.h"

static const struct option_group *const groups[] = {
	&opt_container, &opt_process,  &opt_limit,   &opt_cgroup, &opt_namespace, &opt_network,
	&opt_mount,     &opt_security, &opt_refused, NULL,
};

static int make(struct engine *en, struct container_config *c, struct arena *a, struct buf *out, struct cidfile *cid,
		struct err *e)
{
	struct creation cr;
	int r = engine_create(en, c, NULL, a, &cr, e);

	if (r < 0)
		return r;
	r = cidfile_write(cid, cr.id.hex, e);
	if (r < 0) {
		creation_undo(&cr);
		return r;
	}
	for (size_t i = 0; i < cr.warnings.n; i++)
		log_warning("%s", cr.warnings.v[i]);
	buf_putf(out, "%s\n", cr.id.hex);
	return creation_settle(&cr, e);
}

static int run(struct cli *cli, void *options, const struct operands *operands, int *ret_status, struct err *e)
{
	struct run_options *o = options;
	scoped_session s = { .open = false };
	scoped_buf out = BUF(CLI_OUTPUT_MAX);
	struct cidfile cid = { .path = NULL };
	int r;

	o->called = "tare create";
	r = run_options_finish(o, cli->arena, operands, e);
	if (r < 0)
		*ret_status = o->misused || r == -EDOM ? 1 : EXIT_OPTION;
	if (r == 0)
		r = session_open(&s, cli, e);
	if (r == 0)
		r = cidfile_open(&cid, o->config.cid_file, e);
	if (r == 0)
		r = make(&s.engine, &o->config, cli->arena, &out, &cid, e);
	cid.keep = cid.keep && r == 0;
	cidfile_close(&cid);
	return r < 0 ? r : cli_print(&out, e);
}

const struct command command_create = {
	.name = "create",
	.also = ALSO("container create"),
	.args = "[OPTIONS] IMAGE [COMMAND [ARG...]]",
	.summary = "make a container without starting it",
	.groups = groups,
	.complete = "image",
	.options_size = sizeof(struct run_options),
	.init = run_options_init,
	.max_args = -1,
	.stops = true,
	.run = run,
};
