/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/joined_mounts.h"

#include "base/fault.h"
#include "base/scope.h"
#include "kernel/smallfile.h"
#include "kernel/sys.h"

#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>

/* proc_pid_fdinfo(5) */
static int mount_id(const struct host *h, int fd, int64_t *ret)
{
	char path[40], text[1024];
	struct sv rest, line, name, value;
	int r;

	(void)snprintf(path, sizeof path, "self/fdinfo/%d", fd);
	r = smallfile_read(h->proc, path, text, sizeof text, &rest);
	while (r == 0 && sv_next(&rest, '\n', &line))
		if (sv_cut(line, ':', &name, &value) && sv_is(name, "mnt_id"))
			return sv_i64(sv_trim(value), ret);
	return r < 0 ? r : -ENOENT;
}

int joined_mounts_id(const struct host *h, pid_t pid, int64_t *ret_id, struct err *e)
{
	scoped_fd root = -1;
	char path[32];
	int r;

	(void)snprintf(path, sizeof path, "%d/root", (int)pid);
	root = openat(h->proc, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return err_sys(e, "open the root directory of process %d", (int)pid);
	r = mount_id(h, root, ret_id);
	return r < 0 ? err_set(e, -r, "find the mount of process %d's root", (int)pid) : 0;
}

/* Exit status: 0, or an errno */
static _Noreturn void remove_there(const struct host *h, int ns, const char *path, int64_t id)
{
	int64_t there = -1;
	int fd;

	fault_role("unmount");
	if (setns(ns, CLONE_NEWNS) < 0)
		_exit(errno);
	fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || mount_id(h, fd, &there) < 0 || there != id)
		_exit(0);
	_exit(umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) < 0 ? errno : 0);
}

int joined_mounts_remove(const struct host *h, const char *ns, const char *path, int64_t id, struct err *e)
{
	struct clone_args args = { .exit_signal = SIGCHLD };
	scoped_fd fd = open(ns, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	int status = 0, pid;

	if (fd < 0)
		return 0;
	pid = sys_clone3(&args);
	if (pid < 0)
		return err_sys(e, "clone3");
	if (pid == 0)
		remove_there(h, fd, path, id);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return err_sys(e, "wait for process %d", pid);
	status = WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
	return status ? err_set(e, status, "unmount %s in the mount namespace %s: %s", path, ns, strerror(status)) : 0;
}
