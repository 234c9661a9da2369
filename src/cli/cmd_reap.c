/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_reap.c - `tare _reap`: a monitor becomes this program when its container has ended and no client is there; `tare
 * _kube-settle`: when its pod has, and `tare _kube-wait` until something else is due. */
#include "base/fault.h"
#include "base/id.h"
#include "base/scope.h"
#include "cli/session.h"
#include "engine/kube_expire.h"
#include "engine/programs.h"
#include "engine/recover.h"
#include "monitor/hand_on.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>

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

/* Another command of tare with the same folders: nothing of this one's memory stays. */
static int become(const struct engine *en, const struct cli *cli, const char *command, struct err *e)
{
	char program[PATH_MAX];
	int r = programs_find("tare", program, e);

	if (r == 0)
		hand_on(&(struct hand_on){ program, en->root_path, en->state_path, cli->config }, command, NULL);
	return r < 0 ? r : err_sys(e, "%s", program);
}

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
	if (r == 0)
		r = kube_settle(&s.engine, NULL, e);
	return r < 0 || kube_expire_has_sleeper(&s.engine) ? r : become(&s.engine, cli, "_kube-wait", e);
}

const struct command command_kube_settle = {
	.name = "_kube-settle",
	.args = "[ID]",
	.summary = "do what must follow the end of a pod, and of this one's network",
	.max_args = 1,
	.hidden = true,
	.run = run_settle,
};

/* Whoever became this had blocked all signals. */
static int run_wait(struct cli *cli, void *options, const struct operands *operands, int *ret_status, struct err *e)
{
	scoped_session s = { .open = false };
	sigset_t none;
	int r;

	fault_role("reap");
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	r = session_open(&s, cli, e);
	if (r == 0)
		r = kube_expire_sleep(&s.engine, e);
	return r == 1 ? become(&s.engine, cli, "_kube-settle", e) : r;
}

const struct command command_kube_wait_due = {
	.name = "_kube-wait",
	.args = "",
	.summary = "wait until a Job is to go by itself",
	.hidden = true,
	.run = run_wait,
};
