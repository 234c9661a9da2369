/* SPDX-License-Identifier: Apache-2.0 */
/* The child between clone3(2) and execve(2). Theory of operation:
 *
 * It is a copy of a small single-threaded program, in new namespaces, on v2 already in its group. It carries out the
 * plan's child steps, in order, by descriptor, and ends in execve(2); or it sends one struct err and exits.
 *
 * Stage 1, joins (CGROUP_JOIN … SESSION). All privileges of the caller, the host's mounts still visible.
 *   Should: move itself into the v1 groups, then make or join namespaces that must come after; take its stdio.
 *   Must not: touch a mount.
 *   In a user namespace of its own it has no right to anything of the host's from the clone on. USERNS_ROOT waits for the
 *   namespace's maps and for the descriptors of what only the host side could open, then becomes the namespace's root.
 * Stage 2, mounts (PROPAGATION … PIVOT_ROOT). All privileges; host paths may be opened for bind sources only.
 *   Should: attach the root, then reach every target by openat2(2) inside it; mounts of ours (/proc, /sys, masks) by the
 *   descriptors that we made, never by a path that the image could have changed.
 *   Hooks of the host are run here (AWAIT_HOOKS, HOOK): by a process of their own, which may do what it likes with paths.
 *   Must not: fall back to a path when a descriptor call fails; follow a link of the image out of the root.
 * Stage 3, identity (HOSTNAME … READY). The host's tree is gone. Limits, user, working directory, command found.
 * Stage 4, after the host side said go and sent the filter: filter, capabilities, execve(2). A process that is held (HOLD)
 *   loses its parent first, and then waits for whoever starts it.
 *
 * In all of it: no heap, no log, no return into the caller's scopes. One mistake of order would be a hole; the order is
 * the plan's, and plan_make() is tested without any of this. */
#include "runtime/init_proc.h"

#include "base/fault.h"
#include "base/io.h"
#include "base/protection.h"
#include "base/scope.h"
#include "kernel/signal.h"
#include "kernel/sys.h"

#include <linux/close_range.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>

static init_step init_ready;

static init_step *const steps[STEP_OP_COUNT] = {
	[STEP_CGROUP_JOIN] = init_cgroup_join,
	[STEP_STDIO_OWNER] = init_stdio_owner,
	[STEP_USERNS_ROOT] = init_userns_root,
	[STEP_CGROUP_NS] = init_cgroup_ns,
	[STEP_NS_JOIN] = init_ns_join,
	[STEP_SESSION] = init_session,
	[STEP_LOOPBACK] = init_loopback,
	[STEP_PROPAGATION] = init_propagation,
	[STEP_BIND_SOURCE] = init_bind_source,
	[STEP_ROOT_ATTACH] = init_root_attach,
	[STEP_MOUNT] = init_mount,
	[STEP_BIND] = init_bind,
	[STEP_MOUNT_CGROUP] = init_mount_cgroup,
	[STEP_COPY_UP] = init_copy_up,
	[STEP_DEVICE] = init_device,
	[STEP_SYMLINK] = init_symlink,
	[STEP_CONSOLE] = init_console,
	[STEP_SYSCTL] = init_sysctl,
	[STEP_MASK] = init_mask,
	[STEP_READONLY] = init_readonly,
	[STEP_AWAIT_HOOKS] = init_await_hooks,
	[STEP_HOOK] = init_hook,
	[STEP_WORKDIR] = init_workdir,
	[STEP_ROOT_READONLY] = init_root_readonly,
	[STEP_PIVOT_ROOT] = init_pivot_root,
	[STEP_CHROOT] = init_chroot,
	[STEP_PERSONALITY] = init_personality,
	[STEP_SCHEDULER] = init_scheduler,
	[STEP_IO_PRIORITY] = init_io_priority,
	[STEP_MEMORY_POLICY] = init_memory_policy,
	[STEP_AFFINITY] = init_affinity,
	[STEP_APPARMOR] = init_apparmor,
	[STEP_SELINUX] = init_selinux,
	[STEP_HOSTNAME] = init_hostname,
	[STEP_DOMAINNAME] = init_domainname,
	[STEP_OOM_SCORE_ADJ] = init_oom_score_adj,
	[STEP_RLIMIT] = init_rlimit,
	[STEP_NO_NEW_PRIVS] = init_no_new_privs,
	[STEP_BOUNDING] = init_bounding,
	[STEP_USER] = init_user,
	[STEP_CHDIR] = init_chdir,
	[STEP_UMASK] = init_umask,
	[STEP_FIND] = init_find,
	[STEP_READY] = init_ready,
	[STEP_HOLD] = init_hold,
	[STEP_SECCOMP] = init_seccomp,
	[STEP_CAPABILITIES] = init_capabilities,
	[STEP_EXEC] = init_exec,
	[STEP_NS_ENTER] = init_ns_enter,
	[STEP_PROCESS] = init_process,
	[STEP_LEAD] = init_lead,
};

/* In a mount namespace of others the root that we attached would stay. exec(2)'s is not its own: it made none. */
static void take_root_away(const struct init *in)
{
	if (in->plan->mount_ns_path && in->root_mount >= 0 && fchdir(in->root_mount) == 0)
		(void)umount2(".", MNT_DETACH);
}

_Noreturn void init_leave(const struct init *in)
{
	take_root_away(in);
	_exit(125);
}

/* The filter, or one byte where there is none. No word means that nobody waits for us. */
static void wait_for_go(struct init *in)
{
	ssize_t n;

	do
		n = recv(in->sync, in->filter.filter, BPF_MAXINSNS * sizeof *in->filter.filter, 0);
	while (n < 0 && errno == EINTR);
	if (n < 1)
		init_leave(in);
	in->filter.len = (unsigned short)((size_t)n / sizeof *in->filter.filter);
}

/* Ready: every descriptor but stdio, and what the process shall have besides, goes at execve(2). */
static int init_ready(struct init *in, const struct step *s, struct err *e)
{
	(void)s;
	if (in->plan->die_with_parent && prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		return err_sys(e, "prctl PR_SET_PDEATHSIG");
	fd_run_close(&in->done); /* the host side may lower RLIMIT_NOFILE from here on */
	if (protects(PROTECT_DESCRIPTORS) &&
	    sys_close_range(3 + in->plan->preserve_fds, ~0u, CLOSE_RANGE_CLOEXEC) < 0)
		return err_sys(e, "close_range");
	if (!init_tell(in->sync, INIT_READY, NULL, -1))
		init_leave(in); /* who does not hear of us would wait for ever */
	wait_for_go(in);
	return 0;
}

int init_step_run(struct init *in, const struct step *s, struct err *e)
{
	return steps[s->op](in, s, e);
}

_Noreturn void init_run(struct init *in, enum step_actor actor)
{
	const struct plan *p = in->plan;
	struct err e = { 0 };

	for (size_t i = 0; i < p->step_count; i++) {
		const struct step *s = &p->steps[i];
		int r;

		if (s->actor != actor)
			continue;
		if (s->op == STEP_EXEC)
			trace_step(in->trace, i);
		r = steps[s->op](in, s, &e);
		if (r < 0)
			break;
		trace_step(in->trace, i);
	}
	if (actor == ACTOR_CHILD)
		take_root_away(in);
	(void)init_tell(in->sync, INIT_FAILED, &e, -1);
	_exit(125);
}

_Noreturn void init_main(struct init *in)
{
	struct sock_filter room[BPF_MAXINSNS]; /* of a process that comes after the plan's filter: the plan has it */

	fault_role("child");
	in->filter = in->plan->seccomp.len ? in->plan->seccomp : (struct sock_fprog){ .filter = room };
	signal_defaults(in->plan->facts->signals_ignored);
	init_run(in, ACTOR_CHILD);
}
