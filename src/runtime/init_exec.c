/* SPDX-License-Identifier: Apache-2.0 */
/* The helper of exec.h and the process that it makes. Theory of operation:
 *
 * Stage 1, the helper on the host (CGROUP_JOIN … SESSION): all privileges of the caller. Should: join the groups, set
 *   what only root of the host may set, take its stdio. Must not: open anything of the container.
 * Stage 2, the helper inside (NS_ENTER … PROCESS): in every namespace but the pid namespace, so the container does not
 *   see it; a file system of the container may make it wait, which hurts nobody else. No descriptor of the host is open
 *   but stdio and the sync socket. Should: make the terminal, become the user, find the command, take filter and
 *   capabilities.
 * Stage 3, the process (LEAD … EXEC): a child of the caller, in the pid namespace, visible. It has what the
 *   container's processes have. Should: say that it is there, lead its session, execve(2). */
#include "runtime/init_proc.h"

#include "base/fault.h"
#include "base/protection.h"
#include "base/scope.h"
#include "kernel/sys.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

/* Only stdio, what the process shall have besides, and the sync socket stay. */
static int close_the_host(struct init *in, struct err *e)
{
	int sync = (int)exec_sync_fd(in->plan);

	if (in->sync != sync && dup3(in->sync, sync, O_CLOEXEC) < 0)
		return err_sys(e, "dup3");
	in->sync = sync;
	if (!protects(PROTECT_EXEC_DESCRIPTORS))
		return 0;
	return sys_close_range((unsigned)sync + 1, ~0u, 0) < 0 ? err_sys(e, "close_range") : 0;
}

int init_ns_enter(struct init *in, const struct step *s, struct err *e)
{
	int r;

	if (setns(in->target, (int)s->set) < 0)
		return errno == ESRCH ? err_set(e, ESRCH, "the container has ended") :
					err_sys(e, "setns to the namespaces of the container's first process");
	if (in->anchor >= 0 && (fchdir(in->anchor) < 0 || chroot(".") < 0))
		return err_sys(e, "chroot to the container's root");
	r = close_the_host(in, e);
	if (r == 0 && s->set & CLONE_NEWUSER)
		r = init_become_root(e);
	if (r == 0)
		r = init_keyring(s->path, e);
	if (r < 0)
		return r;
	in->root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return in->root < 0 ? err_sys(e, "open the container's root") : 0;
}

/* clone(2), since Docker's filter hides clone3(2). The helper's part ends here. */
int init_process(struct init *in, const struct step *s, struct err *e)
{
	long pid;

	(void)s;
	if (protects(PROTECT_EXEC_DESCRIPTORS) && sys_close_range(exec_sync_fd(in->plan) + 1, ~0u, 0) < 0)
		return err_sys(e, "close_range");
	pid = syscall(SYS_clone, CLONE_PARENT, NULL, NULL, NULL, NULL);
	if (pid < 0 && errno == ENOMEM) /* pid_namespaces(7): also when its first process is ending */
		return err_set(e, ENOMEM, "clone: the container has ended, or there is no memory");
	if (pid < 0)
		return err_sys(e, "clone");
	if (pid > 0)
		_exit(0);
	fault_role("process");
	init_run(in, ACTOR_PROCESS);
}

/* Who does not hear of us has gone: nobody would reap us. */
int init_lead(struct init *in, const struct step *s, struct err *e)
{
	(void)s;
	if (in->plan->die_with_parent && prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		return err_sys(e, "prctl PR_SET_PDEATHSIG");
	if (!init_tell(in->sync, INIT_PROCESS, NULL, -1))
		_exit(125);
	if (setsid() < 0)
		return err_sys(e, "setsid");
	if (in->plan->spec->process.terminal && ioctl(STDIN_FILENO, TIOCSCTTY, 0) < 0)
		return err_sys(e, "make the terminal the controlling one");
	return 0;
}
