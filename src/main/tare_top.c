/* SPDX-License-Identifier: Apache-2.0 */
/* tare-top [--root DIR] [--state DIR] [--interval DURATION] [--sort COLUMN] [--tree] - what `tare top` becomes without a
 * container: the only program that links ncurses. Its options are those of `tare top` (cli/opt_top.h). */
#include "base/fault.h"
#include "base/log.h"
#include "base/scope.h"
#include "cli/opt_top.h"
#include "engine/engine.h"
#include "screen/top.h"

#include <errno.h>

static int run(int argc, char **argv, struct err *e)
{
	scoped_arena a = ARENA(1u << 20);
	struct top_program_options o;
	struct operands operands;
	struct host host = { -1, -1, -1, false };
	struct engine engine = { 0 };
	struct cgroup_layout layout;
	struct err why = { 0 };
	bool open = false;
	int r;

	top_program_options_init(&o);
	r = options_parse(top_program_groups, 0, &a, &o, argc - 1, argv + 1, &operands, e);
	if (r == 0 && (operands.n || operands.help))
		r = err_set(e, EINVAL, "usage: tare top [OPTIONS]");
	if (r == 0)
		r = host_open(&host, "/", e);
	if (r == 0) {
		open = engine_open(&engine, &host, o.root, o.state, &why) == 0;
		engine.settings_path = o.config;
		r = cgroup_layout_read(&host, &layout, e);
	}
	if (r == 0)
		r = top_run(open ? &engine : NULL, &host, &layout,
			    &(struct top_options){ o.top.interval_ns, (enum top_order)o.top.by, o.top.tree }, e);
	if (open)
		engine_close(&engine);
	host_close(&host);
	return r;
}

int main(int argc, char **argv)
{
	struct err e = { 0 };

	fault_role("top");
	log_setup("tare", LOG_LEVEL_WARNING);
	if (run(argc, argv, &e) == 0)
		return 0;
	log_error("%s", e.msg);
	return 1;
}
