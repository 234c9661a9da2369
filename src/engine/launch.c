/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/launch.h"

#include "base/scope.h"
#include "engine/programs.h"
#include "kernel/self_exe.h"
#include "kernel/sys.h"
#include "monitor/control.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/sched.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>

#define MONITORS_CGROUP "/tare/monitors"

struct birth {
	const struct cgroup *cgroup;
	int program; /* what the executable is executed from: kernel/self_exe.h */
	int sock, null;
	char *const *argv, *const *envp;
};

/* Between clone3 and execveat: no heap, only descriptors. What fails here the monitor's end of the socket tells, by
 * being closed. */
static _Noreturn void become_monitor(const struct birth *b)
{
	if (b->cgroup && cgroup_join(b->cgroup, NULL) < 0)
		_exit(125);
	if (setsid() < 0 || dup2(b->null, 0) < 0 || dup2(b->null, 1) < 0 || dup2(b->null, 2) < 0)
		_exit(125);
	if (b->sock != CONTROL_FD ? dup2(b->sock, CONTROL_FD) < 0 : fcntl(CONTROL_FD, F_SETFD, 0) < 0)
		_exit(125);
	(void)sys_close_range(CONTROL_FD + 1, ~0u, CLOSE_RANGE_CLOEXEC);
	(void)sys_execveat(b->program, "", b->argv, b->envp, AT_EMPTY_PATH);
	_exit(125);
}

/* CONTROL_FD must not be one of the descriptors that the child still needs when it is overwritten. */
static int above_control(int *fd, struct err *e)
{
	int moved;

	if (*fd > CONTROL_FD)
		return 0;
	moved = fcntl(*fd, F_DUPFD_CLOEXEC, CONTROL_FD + 1);
	if (moved < 0)
		return err_sys(e, "duplicate a descriptor");
	close(*fd);
	*fd = moved;
	return 0;
}

static int clone_monitor(struct birth *b, struct err *e)
{
	struct clone_args args = { .exit_signal = SIGCHLD };
	int into = b->cgroup ? cgroup_clone_fd(b->cgroup) : -1, pid;

	if (into >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)into;
	}
	pid = sys_clone3(&args);
	if (pid == 0)
		become_monitor(b);
	return pid < 0 ? err_sys(e, "clone3 of tare-monitor") : 0;
}

static int open_program(int *ret, struct err *e)
{
	char path[PATH_MAX];
	int r = programs_find("tare-monitor", path, e);

	if (r == 0)
		r = self_exe_open(path, e);
	if (r < 0)
		return r;
	*ret = r;
	return 0;
}

static int monitors_cgroup(struct engine *en, const struct cgroup_layout *l, struct cgroup **ret, struct err *e)
{
	char path[sizeof l->base + sizeof MONITORS_CGROUP];

	*ret = NULL;
	(void)snprintf(path, sizeof path, "%s" MONITORS_CGROUP, l->base);
	return l->mode == CGROUP_MODE_NONE ? 0 : cgroup_create(en->host, l, path, false, ret, e);
}

static int launch_early(struct engine *en, const struct cgroup_layout *l, const char *id, bool pod, const char *path,
			int *ret_sock, struct err *e)
{
	char state_dir[PATH_MAX];
	char *argv[] = { "tare-monitor", pod ? "--pod" : state_dir, pod ? state_dir : (char *)path, NULL };
	char *envp[] = { NULL };
	scoped_fd program = -1, null = open("/dev/null", O_RDWR | O_CLOEXEC), ours = -1, theirs = -1;
	struct cgroup *cgroup;
	int pair[2], r;

	if ((size_t)snprintf(state_dir, sizeof state_dir, "%s/%s", en->state_path, id) >= sizeof state_dir)
		return err_set(e, ENAMETOOLONG, "%s: path too long", en->state_path);
	if (null < 0)
		return err_sys(e, "open /dev/null");
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(e, "socketpair");
	ours = pair[0];
	theirs = pair[1];
	r = open_program(&program, e);
	if (r == 0)
		r = above_control(&program, e);
	if (r == 0)
		r = above_control(&null, e);
	if (r == 0)
		r = monitors_cgroup(en, l, &cgroup, e);
	if (r < 0)
		return r;
	r = clone_monitor(&(struct birth){ cgroup, program, theirs, null, argv, envp }, e);
	cgroup_free(cgroup);
	if (r == 0)
		*ret_sock = fd_take(&ours);
	return r;
}

int monitor_launch_early(struct engine *en, const struct cgroup_layout *l, const char *id, const char *cgroup_path,
			 int *ret_sock, struct err *e)
{
	return launch_early(en, l, id, false, cgroup_path, ret_sock, e);
}

int monitor_proceed(int sock, struct err *e)
{
	return control_tell(sock, CONTROL_PROCEED, 0, 0, e);
}

int monitor_charter_is_there(int sock, struct err *e)
{
	return control_tell(sock, CONTROL_CHARTER, 0, 0, e);
}

void monitor_dismiss(int *sock)
{
	struct control_message m;
	int fds[3];

	if (*sock < 0)
		return;
	(void)shutdown(*sock, SHUT_WR);
	while (control_receive(*sock, &m, fds, NULL) == 1)
		continue;
	close(fd_take(sock));
}

static int launch(struct engine *en, const char *id, bool pod, int *ret_sock, struct err *e)
{
	const struct cgroup_layout *whole;
	struct cgroup_layout l;
	scoped_fd sock = -1;
	int r = engine_layout(en, &whole, e);

	if (r < 0)
		return r;
	l = *whole;
	if (en->rootless)
		cgroup_layout_delegated(en->host, &l);
	r = launch_early(en, &l, id, pod, NULL, &sock, e);
	if (r == 0)
		r = monitor_proceed(sock, e);
	if (r == 0)
		*ret_sock = fd_take(&sock);
	return r;
}

int monitor_launch(struct engine *en, const char *id, int *ret_sock, struct err *e)
{
	return launch(en, id, false, ret_sock, e);
}

int monitor_launch_pod(struct engine *en, const char *name, int *ret_sock, struct err *e)
{
	return launch(en, name, true, ret_sock, e);
}
