/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_reap.c - `tare _reap`: a monitor becomes this program when its container has ended and no client is there; `tare
 * _kube-settle`: when its pod has. */
#include "base/fault.h"
#include "base/id.h"
#include "base/scope.h"
#include "cli/session.h"
#include "engine/kube.h"
#include "engine/recover.h"

#include <errno.h>

static int run(struct cli *cli, void *options, const struct operands *operands, int *ret_status, struct err *e)
{
	scoped_session s = { .open = false };
	int r;

	fault_role("reap");
	if (!id_is_valid(sv_from(operands->v[0])))
		return err_set(e, EINVAL, "%.80s: not a container id", operands->v[0]);
	r = session_open(&s, cli, e);
	if (r < 0)
		return r;
	s.engine.patient = true;
	return engine_reap(&s.engine, operands->v[0], e);
}

const struct command command_reap = {
	.name = "_reap",
	.args = "ID",
	.summary = "do what must follow the end of a container",
	.min_args = 1,
	.max_args = 1,
	.hidden = true,
	.run = run,
};

static int run_settle(struct cli *cli, void *options, const struct operands *operands, int *ret_status, struct err *e)
{
	scoped_session s = { .open = false };
	int r;

	fault_role("reap");
	r = session_open(&s, cli, e);
	if (r < 0)
		return r;
	s.engine.patient = true;
	if (operands->n && !id_is_valid(sv_from(operands->v[0])))
		return err_set(e, EINVAL, "%.80s: not a container id", operands->v[0]);
	if (operands->n)
		r = engine_reap(&s.engine, operands->v[0], e);
	return r < 0 ? r : kube_settle(&s.engine, NULL, e);
}

const struct command command_kube_settle = {
	.name = "_kube-settle",
	.args = "[ID]",
	.summary = "do what must follow the end of a pod, and of this one's network",
	.max_args = 1,
	.hidden = true,
	.run = run_settle,
};
