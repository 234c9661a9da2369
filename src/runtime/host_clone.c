/* SPDX-License-Identifier: Apache-2.0 */
/* The step that makes the container's first process: clone3(2). */
#include "runtime/apply.h"

#include "base/fault.h"
#include "base/scope.h"
#include "kernel/cgroup.h"
#include "kernel/smallfile.h"
#include "kernel/sys.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

struct birth {
	int pid, pidfd, code; /* pid < 0: errno of what failed */
};

static bool go_there(const struct apply *a)
{
	if (a->userns >= 0 && setns(a->userns, CLONE_NEWUSER) < 0)
		return false;
	for (unsigned i = 0; i < a->there_count; i++)
		if (setns(a->there[i].to, a->there[i].flag) < 0)
			return false;
	return true;
}

/* In somebody else's user namespace, or in a group that only systemd may move a process to: nobody comes back from there, so a
 * helper goes, and what it clones there is our child. Their descriptors are ours, so that the pidfd is, too. 0 in the child. */
static struct birth clone_by_helper(const struct apply *a, struct clone_args *args, pid_t parent, int go, int word)
{
	struct birth b = { .pid = -1 };
	pid_t now;
	char c;

	/* When we are killed before it is told to go on, nobody else ends it: the way it listens to is open in itself. In a
	 * pid namespace that is joined its parent has no number until there is another one. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || ((now = getppid()) != parent && now != 0)) {
		b.code = EIO;
		(void)!write(word, &b, sizeof b);
		return b;
	}
	if (read(go, &c, 1) == 1 && go_there(a)) {
		args->flags |= CLONE_PARENT;
		args->exit_signal = 0; /* the helper's: SIGCHLD */
		b.pid = sys_clone3(args);
		b.pidfd = *(const int *)(uintptr_t)args->pidfd;
	}
	b.code = errno;
	if (b.pid != 0)
		(void)!write(word, &b, sizeof b);
	return b;
}

/* pid_of - as our pid namespace has it: a helper in another one has told that one's. proc_pid_fdinfo(5) */
static int pid_of(const struct host *h, int pidfd)
{
	char path[40], text[1024];
	struct sv rest, line, name, value;
	int64_t pid;

	(void)snprintf(path, sizeof path, "self/fdinfo/%d", pidfd);
	rest = (struct sv){ 0 };
	(void)smallfile_read(h->proc, path, text, sizeof text, &rest);
	while (sv_next(&rest, '\n', &line))
		if (sv_cut(line, ':', &name, &value) && sv_is(name, "Pid") && sv_i64(sv_trim(value), &pid) == 0 &&
		    pid > 0)
			return (int)pid;
	errno = ESRCH;
	return -1;
}

static int known_child(const struct apply *a, int pidfd, int *ret_pidfd)
{
	int pid = pid_of(a->c->host, pidfd), code = errno;

	*ret_pidfd = pidfd;
	if (pid > 0)
		return pid;
	(void)sys_pidfd_send_signal(pidfd, SIGKILL);
	close(fd_take(ret_pidfd));
	errno = code;
	return -1;
}

/* The helper may go on when it is where it has to be, or else it ends. */
static void send_helper(struct apply *a, int pid, int go)
{
	int r = a->moved ? unit_attach(&a->systemd, a->c->unit, "/", pid, &a->why) : 0;

	if (r < 0 || write(go, "g", 1) != 1)
		(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
}

/* Its way to say what came of it, ours to let it go on. */
static int open_ways(int word[2], int go[2])
{
	int code;

	if (pipe2(word, O_CLOEXEC) < 0)
		return -1;
	if (pipe2(go, O_CLOEXEC) == 0)
		return 0;
	code = errno;
	close(word[0]);
	close(word[1]);
	errno = code;
	return -1;
}

/* pid as clone3(2) has it */
static int clone_elsewhere(struct apply *a, struct clone_args *args)
{
	struct clone_args helper = { .flags = CLONE_FILES, .exit_signal = SIGCHLD };
	struct birth b = { .pid = -1, .code = EIO };
	int word[2], go[2], pid, self = getpid();

	if (open_ways(word, go) < 0)
		return -1;
	pid = sys_clone3(&helper);
	if (pid == 0) {
		fault_role("joiner");
		b = clone_by_helper(a, args, self, go[0], word[1]);
		if (b.pid == 0)
			return 0;
		_exit(0);
	}
	if (pid > 0)
		send_helper(a, pid, go[1]);
	else
		b.code = errno;
	close(go[0]);
	close(go[1]);
	close(word[1]);
	if (pid > 0)
		(void)!read(word[0], &b, sizeof b);
	close(word[0]);
	if (b.pid > 0)
		return known_child(a, b.pidfd, (int *)(uintptr_t)args->pidfd);
	errno = b.code;
	return b.pid;
}

static int clone_somewhere(struct apply *a, struct clone_args *args)
{
	return a->userns >= 0 || a->there_count || a->moved ? clone_elsewhere(a, args) : sys_clone3(args);
}

/* Whoever shares its pid namespace sees the child, and might trace it when it has no more capabilities than they, but still
 * our descriptors: it is not dumpable until its execve(2). */
static int clone_child(struct apply *a, struct clone_args *args)
{
	int before, pid, code;

	if (args->flags & CLONE_NEWPID && a->userns < 0) /* others may have rights in one that is joined */
		return clone_somewhere(a, args);
	before = prctl(PR_GET_DUMPABLE);
	if (before < 0 || prctl(PR_SET_DUMPABLE, 0) < 0)
		return -1;
	pid = clone_somewhere(a, args);
	if (pid == 0)
		return 0;
	code = errno;
	(void)prctl(PR_SET_DUMPABLE, before);
	errno = code;
	return pid;
}

/* Beside a user's systemd, as in a session of his, he may not move a process into its groups: what is above both is not his. The
 * system's may, and the user's asks it. */
static bool is_moved_by_systemd(const struct apply *a)
{
	return errno == EACCES && a->c->unit && a->c->unit_manager->user;
}

static int clone_failed(const struct apply *a, const struct clone_args *args, struct err *e)
{
	if (a->why.code && e)
		*e = a->why;
	if (a->why.code)
		return -a->why.code;
	if (errno == ENOMEM && !(args->flags & CLONE_NEWPID)) /* pid_namespaces(7) */
		return err_set(e, ENOMEM, "clone3: the pid namespace that is joined has ended, or there is no memory");
	return err_sys(e, "clone3");
}

int host_clone(struct apply *a, const struct step *s, struct err *e)
{
	struct clone_args args = { .flags = s->set | CLONE_PIDFD, .exit_signal = SIGCHLD };
	struct container *c = a->c;
	int into = c->cgroup ? cgroup_clone_fd(c->cgroup) : -1, pair[2];
	int pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(e, "socketpair");
	args.pidfd = (uint64_t)(uintptr_t)&c->pidfd;
	if (into >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)into;
	}
	a->init.sync = pair[1];
	a->init.cgroup = c->cgroup;
	pid = clone_child(a, &args);
	if (pid < 0 && errno == EOPNOTSUPP && into >= 0 && cgroup_make_threaded(c->cgroup, NULL) == 0)
		pid = clone_child(a, &args); /* its parent is threaded */
	if (pid < 0 && into >= 0 && is_moved_by_systemd(a)) {
		args.flags &= ~(uint64_t)CLONE_INTO_CGROUP;
		a->moved = true;
		pid = clone_child(a, &args);
	}
	if (pid == 0) {
		close(pair[0]);
		init_main(&a->init);
	}
	close(pair[1]);
	if (pid < 0) {
		int r = clone_failed(a, &args, e);

		close(pair[0]);
		return r;
	}
	c->pid = pid;
	c->sync = pair[0];
	return host_ns_return(a, e);
}
