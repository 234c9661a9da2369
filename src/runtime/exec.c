/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/exec.h"

#include "base/limits.h"
#include "base/protection.h"
#include "base/scope.h"
#include "kernel/cgroup.h"
#include "kernel/sys.h"
#include "runtime/init_proc.h"
#include "systemd/client.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

/* ---- the helper's birth ------------------------------------------------------------------------------------------ */

static int clone_into(int cgroup)
{
	struct clone_args args = { .exit_signal = SIGCHLD };

	if (cgroup >= 0) {
		args.flags = CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)cgroup;
	}
	return sys_clone3(&args);
}

/* A container that gave controllers on to groups of its own has no processes in its own group: then where its first
 * process is. */
static int clone_beside_first(const struct exec_target *t, struct err *e)
{
	scoped_fd group = cgroup_open_member(t->cgroup, t->host, t->pid, e);

	return group < 0 ? group : clone_into(group);
}

/* Beside a user's systemd, as in a session of his, nobody but systemd may move a process into its groups. Waits for that. */
static int clone_beside_unit(const struct exec_target *t, bool *ret_moved)
{
	if (!t->unit || !t->manager->user)
		return -1;
	*ret_moved = true;
	return clone_into(-1);
}

/* Not dumpable from its first moment on, whoever can see it. */
static int clone_helper(const struct exec_target *t, bool *ret_moved, struct err *e)
{
	int before = prctl(PR_GET_DUMPABLE), pid, code;

	if (before < 0 || (protects(PROTECT_EXEC_HIDDEN) && prctl(PR_SET_DUMPABLE, 0) < 0))
		return err_sys(e, "prctl PR_SET_DUMPABLE");
	pid = clone_into(t->cgroup ? cgroup_clone_fd(t->cgroup) : -1);
	if (pid < 0 && errno == EBUSY)
		pid = clone_beside_first(t, e);
	if (pid < 0 && errno == EACCES)
		pid = clone_beside_unit(t, ret_moved);
	if (pid == 0)
		return 0;
	code = errno;
	(void)prctl(PR_SET_DUMPABLE, before);
	errno = code;
	return pid < 0 ? err_sys(e, "clone3 into the container's group") : pid;
}

/* Each message then says who sent it, and nobody else can. */
static int open_sync(int pair[2], struct err *e)
{
	int on = 1;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(e, "socketpair");
	if (setsockopt(pair[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof on) == 0)
		return 0;
	(void)err_sys(e, "setsockopt SO_PASSCRED");
	close(pair[0]);
	close(pair[1]);
	return -e->code;
}

/* The root of a container whose mount namespace has another one. */
static int open_root(const struct exec_target *t, int *ret, struct err *e)
{
	char path[32];

	(void)snprintf(path, sizeof path, "%d/root", (int)t->pid);
	*ret = openat(t->host->proc, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return *ret < 0 ? err_sys(e, "open the root directory of process %d", (int)t->pid) : 0;
}

static int move_helper(const struct exec_target *t, pid_t pid, int sync, struct err *e)
{
	struct unit_client systemd = UNIT_CLIENT_NONE;
	int r = unit_client_open(t->manager, &systemd, e);

	if (r == 0)
		r = unit_attach(&systemd, t->unit, t->below ? t->below : "/", pid, e);
	unit_client_close(&systemd);
	if (r == 0 && send(sync, "g", 1, MSG_NOSIGNAL) != 1)
		r = err_sys(e, "tell the helper to go on");
	if (r < 0) {
		(void)kill(pid, SIGKILL);
		(void)waitpid(pid, NULL, 0);
	}
	return r;
}

/* In the helper: 0 when it is in the group. */
static int await_move(int sync)
{
	char c;
	ssize_t n;

	do
		n = recv(sync, &c, 1, 0);
	while (n < 0 && errno == EINTR);
	return n == 1 ? 0 : -1;
}

int exec_start(const struct plan *p, const struct exec_target *t, const int stdio[3], struct execution *ret,
	       struct err *e)
{
	struct init in = { .plan = p, .cgroup = t->cgroup, .target = t->pidfd, .host_proc = t->host->proc,
			   .root_mount = -1, .anchor = -1, .root = -1, .proc = -1, .sys = -1, .mask = -1, .dev = -1 };
	scoped_fd anchor = -1;
	bool moved = false;
	int pair[2], pid, r = p->mount_ns_path ? open_root(t, &anchor, e) : 0;

	if (r == 0)
		r = open_sync(pair, e);
	if (r < 0)
		return r;
	memcpy(in.stdio, stdio, sizeof in.stdio);
	in.sync = pair[1];
	in.anchor = anchor;
	pid = clone_helper(t, &moved, e);
	if (pid == 0) {
		close(pair[0]);
		if (moved && await_move(pair[1]) < 0)
			_exit(125);
		init_main(&in);
	}
	close(pair[1]);
	r = pid > 0 && moved ? move_helper(t, pid, pair[0], e) : pid;
	if (r < 0) {
		close(pair[0]);
		return r;
	}
	*ret = (struct execution){ .helper = pid, .sync = pair[0], .console = -1 };
	return 0;
}

/* ---- what it says ------------------------------------------------------------------------------------------------ */

/* Once: the process is not believed twice. */
static void take_listener(struct execution *x, pid_t pid, int number)
{
	int (*listener)(void *arg, pid_t pid, int number, struct err *e) = x->listener;

	x->listener = NULL;
	if (!listener)
		(void)err_set(&x->why, EPROTO, "a listener that nobody expects");
	else if (listener(x->listener_arg, pid, number, &x->why) == 0 && send(x->sync, "l", 1, MSG_NOSIGNAL) != 1)
		(void)err_sys(&x->why, "tell the process to go on");
}

/* The process is one of the container's, more or less: of it only the first word and its reason are believed. */
static void take(struct execution *x, const struct init_message *m, pid_t sender, int *fd)
{
	bool helper = sender == x->helper;

	if (m->kind == INIT_CONSOLE && helper && x->console < 0)
		x->console = fd_take(fd);
	else if (m->kind == INIT_PROCESS && !helper && sender > 0 && x->pid == 0)
		x->pid = sender;
	else if (m->kind == INIT_LISTENER && (helper || sender == x->pid) && x->why.code == 0)
		take_listener(x, sender, m->err.code);
	else if (m->kind == INIT_FAILED && x->why.code == 0)
		x->why = m->err;
}

static int decided(struct execution *x, struct err *e)
{
	close(fd_take(&x->sync));
	if (x->why.code > 0) {
		*e = x->why;
		return -e->code;
	}
	return x->pid > 0 ? 0 : err_set(e, EIO, "the process ended during its set-up");
}

void execution_abort(struct execution *x)
{
	if (x->helper > 0)
		(void)kill(x->helper, SIGKILL);
	if (x->pid > 0)
		(void)kill(x->pid, SIGKILL);
}

int execution_hear(struct execution *x, struct err *e)
{
	struct init_message m = { 0 };
	pid_t sender;
	int fd;
	ssize_t n = init_receive(x->sync, &m, &fd, &sender);

	if (n < 0) {
		(void)err_sys(&x->why, "read from the process");
		return decided(x, e);
	}
	if (n == 0)
		return decided(x, e);
	if (n == (ssize_t)sizeof m)
		take(x, &m, sender, &fd);
	if (fd >= 0)
		close(fd);
	if (m.kind == INIT_LISTENER && x->why.code > 0) { /* it waits for an answer that will not come */
		execution_abort(x);
		return decided(x, e);
	}
	return 1;
}

void execution_close(struct execution *x)
{
	if (x->sync >= 0)
		close(fd_take(&x->sync));
	if (x->console >= 0)
		close(fd_take(&x->console));
}
