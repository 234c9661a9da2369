/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/mount_elsewhere.h"

#include "base/fault.h"
#include "base/scope.h"
#include "kernel/mount.h"
#include "kernel/rootpath.h"
#include "kernel/sys.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

/* What the process made: a descriptor in the shared table, or an error. */
struct answer {
	int mnt;
	struct err err;
};

static _Noreturn void answer(int (*make)(const void *arg, struct err *e), const void *arg, int to)
{
	struct answer a = { .mnt = -1 };

	fault_role("mounter");
	a.mnt = make(arg, &a.err);
	if (write(to, &a, sizeof a) == (ssize_t)sizeof a)
		_exit(0);
	if (a.mnt >= 0)
		close(a.mnt); /* nobody would know of it */
	_exit(1);
}

static int hear(int from, struct answer *a, struct err *e)
{
	ssize_t n;

	do
		n = read(from, a, sizeof *a);
	while (n < 0 && errno == EINTR);
	if (n != (ssize_t)sizeof *a)
		return n < 0 ? err_sys(e, "read from the process that mounts") :
			       err_set(e, EIO, "the process that mounts ended early");
	if (a->mnt >= 0)
		return a->mnt;
	a->err.msg[sizeof a->err.msg - 1] = '\0';
	return err_set(e, a->err.code > 0 ? a->err.code : EPROTO, "%s", a->err.msg);
}

/* The table of descriptors is shared, so that what was mounted there is open here; nothing else is. */
int mount_elsewhere(uint64_t flags, int (*make)(const void *arg, struct err *e), const void *arg, struct err *e)
{
	struct clone_args args = { .flags = flags | CLONE_FILES };
	scoped_fd from = -1, to = -1;
	struct answer a;
	int pair[2], pid, status;

	if (pipe2(pair, O_CLOEXEC) < 0)
		return err_sys(e, "pipe");
	from = pair[0];
	to = pair[1];
	pid = sys_clone3(&args);
	if (pid < 0)
		return err_sys(e, "clone3 of a process that mounts");
	if (pid == 0)
		answer(make, arg, to);
	while (waitpid(pid, &status, __WALL) < 0 && errno == EINTR)
		;
	close(fd_take(&to));
	return hear(from, &a, e);
}

/* ---- a mount of another namespace --------------------------------------------------------------------------- */

struct place {
	int ns;
	const char *path;
};

/* setns(2) has made the namespace's root ours: no link leads out of it. */
static int enter(int ns, struct err *e)
{
	int root;

	if (setns(ns, CLONE_NEWNS) < 0)
		return err_sys(e, "setns of a mount namespace");
	root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return root < 0 ? err_sys(e, "open the root") : root;
}

/* Who lives there may have put links in the way: none is followed. */
static int clone_there(const void *arg, struct err *e)
{
	const struct place *p = arg;
	scoped_fd root = enter(p->ns, e), at = root < 0 ? root : rootpath_open_real(root, p->path, e);

	return at < 0 ? at : mount_clone(at, "", false, e);
}

int mount_clone_from(int ns, const char *path, struct err *e)
{
	return mount_elsewhere(0, clone_there, &(struct place){ ns, path }, e);
}

/* ---- a mount namespace of one mount ------------------------------------------------------------------------- */

struct keeping {
	int mnt, proc;
};

/* It covers the root, which then leaves with all that is mounted below. */
static int keep_there(const void *arg, struct err *e)
{
	const struct keeping *k = arg;
	scoped_fd root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC), ns = -1;
	int r = root < 0 ? err_sys(e, "open the root") : mount_change(root, 0, 0, MS_PRIVATE, true, e);

	if (r == 0)
		r = mount_attach(k->mnt, root, e);
	if (r < 0)
		return r;
	ns = openat(k->proc, "self/ns/mnt", O_RDONLY | O_CLOEXEC);
	if (ns < 0)
		return err_sys(e, "open proc/self/ns/mnt");
	if (fchdir(k->mnt) < 0 || sys_pivot_root(".", ".") < 0 || umount2(".", MNT_DETACH) < 0)
		return err_sys(e, "pivot_root");
	return fd_take(&ns);
}

int mount_keep(int mnt, int proc, struct err *e)
{
	return mount_elsewhere(CLONE_NEWNS, keep_there, &(struct keeping){ mnt, proc }, e);
}

/* The file mode creation mask is not for a volume. */
static int make_folder(int root, const char *path, struct err *e)
{
	struct stat st;
	int at, made;

	if (fstat(root, &st) < 0)
		return err_sys(e, "stat");
	at = rootpath_mkdirs(root, path, st.st_mode & 07777, e);
	if (at < 0)
		return at;
	made = openat(at, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (made >= 0) {
		(void)fchmod(made, st.st_mode & 07777);
		close(made);
	}
	return at;
}

int mount_clone_below(int root, const char *path, struct err *e)
{
	struct err why = { 0 };
	scoped_fd at = rootpath_open(root, path, &why);

	if (at == -ENOENT)
		at = make_folder(root, path, e);
	else if (at < 0 && e)
		*e = why;
	return at < 0 ? at : mount_clone(at, "", true, e);
}

static int clone_kept(const void *arg, struct err *e)
{
	const struct place *p = arg;
	scoped_fd root = enter(p->ns, e);

	return root < 0 ? root : mount_clone_below(root, p->path, e);
}

int mount_clone_kept(int ns, const char *path, struct err *e)
{
	return mount_elsewhere(0, clone_kept, &(struct place){ ns, path }, e);
}

/* ---- mounts that come and go there -------------------------------------------------------------------------- */

struct target {
	int ns, mnt;
	const char *path;
	bool directory;
};

static int attach_there(const void *arg, struct err *e)
{
	const struct target *t = arg;
	scoped_fd root = enter(t->ns, e), at = -1;
	int r;

	if (root < 0)
		return root;
	at = t->directory ? rootpath_mkdirs(root, t->path, 0755, e) : rootpath_file(root, t->path, e);
	if (at < 0)
		return at;
	r = mount_attach(t->mnt, at, e);
	return r < 0 ? r : fd_take(&at);
}

static int detach_there(const void *arg, struct err *e)
{
	const struct target *t = arg;
	scoped_fd root = enter(t->ns, e), at = -1;

	if (root < 0)
		return root;
	at = rootpath_open_real(root, t->path, e);
	if (at < 0)
		return at;
	if (umount2(t->path, MNT_DETACH | UMOUNT_NOFOLLOW) < 0)
		return err_sys(e, "unmount %s", t->path);
	return fd_take(&at);
}

static int done(int fd)
{
	if (fd >= 0)
		close(fd);
	return fd < 0 ? fd : 0;
}

int mount_attach_in(int ns, int mnt, const char *path, bool directory, struct err *e)
{
	return done(mount_elsewhere(0, attach_there, &(struct target){ ns, mnt, path, directory }, e));
}

int mount_detach_in(int ns, const char *path, struct err *e)
{
	return done(mount_elsewhere(0, detach_there, &(struct target){ ns, -1, path, false }, e));
}
