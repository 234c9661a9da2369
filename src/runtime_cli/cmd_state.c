/* SPDX-License-Identifier: Apache-2.0 */
/* state - runtime.md, "State", with what runc adds (rootfs, created, owner), and how the container ended. */
#include "base/scope.h"
#include "runtime_cli/report.h"

static int state(struct runtime *rt, struct entry *c, void *options, const struct operands *o, int *ret_status,
		 struct err *e)
{
	scoped_buf out = BUF(RUNTIME_OUTPUT_MAX);
	struct report report;
	int r = report_make(rt, c, &report, e);

	if (r == 0)
		r = report_print(&report, true, &out, e);
	return r < 0 ? r : runtime_print(&out, e);
}

const struct runtime_command runtime_command_state = {
	.name = "state",
	.args = "ID",
	.summary = "print what a container is now, as JSON",
	.min_args = 1,
	.max_args = 1,
	.on = state,
};
