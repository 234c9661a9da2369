/* SPDX-License-Identifier: Apache-2.0 */
/* kill - a signal to the first process, or to all of them. */
#include "base/scope.h"
#include "kernel/signal.h"
#include "kernel/sys.h"
#include "runtime_cli/group.h"
#include "runtime_cli/rootless.h"

#include <signal.h>
#include <string.h>

struct kill_options {
	bool all;
};

static const struct option rows[] = {
	{ "all", 'a', NULL, "to every process of the container, even when the first one has ended", option_switch,
	  offsetof(struct kill_options, all) },
};
static OPTION_GROUP(group, "Options", rows);

static void signal_member(pid_t pid, int signo)
{
	scoped_fd fd = sys_pidfd_open(pid, 0);

	if (fd >= 0)
		(void)sys_pidfd_send_signal(fd, signo);
}

static int signal_all(struct runtime *rt, const struct entry *c, int signo, struct err *e)
{
	scoped_group cg = NULL;
	pid_t *pids;
	size_t n = 0;
	int r = group_open(rt, c, &cg, e);

	if (r == -ENOENT) /* nothing runs there */
		return 0;
	if (r < 0)
		return r;
	if (signo == SIGKILL) {
		r = cgroup_kill(cg, e);
	} else {
		r = cgroup_pids(cg, rt->arena, &pids, &n, e);
		for (size_t i = 0; r == 0 && i < n; i++)
			signal_member(pids[i], signo);
	}
	return r;
}

static int signal_first(struct runtime *rt, const struct entry *c, int signo, struct err *e)
{
	scoped_fd fd = -1;
	int r = entry_pidfd(rt, c, &fd, e);

	if (r < 0 || sys_pidfd_send_signal(fd, signo) == 0)
		return r;
	return errno == ESRCH ? err_set(e, ESRCH, "container not running") : err_sys(e, "send the signal");
}

static int run_kill(struct runtime *rt, struct entry *c, void *options, const struct operands *o, int *ret_status,
		    struct err *e)
{
	const struct kill_options *ko = options;
	int signo = o->n < 2 ? SIGTERM : strcmp(o->v[1], "0") == 0 ? 0 : signal_from_name(sv_from(o->v[1]));
	int r;

	if (signo < 0)
		return err_set(e, EINVAL, "unknown signal \"%.80s\"", o->v[1]);
	r = rootless_join(rt, c, e);
	if (r < 0)
		return r;
	return ko->all ? signal_all(rt, c, signo, e) : signal_first(rt, c, signo, e);
}

static const struct option_group *const groups[] = { &group, NULL };

const struct runtime_command runtime_command_kill = {
	.name = "kill", .args = "[OPTIONS] ID [SIGNAL]", .summary = "send a signal to a container's first process",
	.groups = groups, .options_size = sizeof(struct kill_options), .min_args = 1, .max_args = 2, .on = run_kill,
};
