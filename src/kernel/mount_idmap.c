/* SPDX-License-Identifier: Apache-2.0 */
/* MOUNT_ATTR_IDMAP of mount_setattr(2), and an overlay of idmapped layers. */
#include "kernel/mount.h"

#include "base/fault.h"
#include "base/scope.h"
#include "kernel/sys.h"

#include <fcntl.h>
#include <linux/securebits.h>
#include <sys/fsuid.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>

int mount_idmap(int mnt, int userns, bool recursive, struct err *e)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_IDMAP, .userns_fd = (uint64_t)userns };

	if (sys_mount_setattr(mnt, "", AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0), &attr) == 0)
		return 0;
	if (errno == EINVAL)
		return err_set(e, ENOTSUP, "its file system cannot be idmapped%s",
			       recursive ? ", or one below it" : "");
	if (errno == EPERM)
		return err_set(e, ENOTSUP, "it cannot be idmapped: it is already, or was mounted in a user namespace");
	return err_sys(e, "mount_setattr: idmap");
}

static int clone_idmapped(int dir, const char *path, int userns, int *ret, struct err *e)
{
	scoped_fd mnt = mount_clone(dir, "", false, e);
	int r = mnt < 0 ? mnt : mount_idmap(mnt, userns, false, e);

	if (r < 0)
		return err_wrap(e, r, "%s", path);
	*ret = fd_take(&mnt);
	return 0;
}

/* ---- where layers must be attached ---------------------------------------------------------------------------- */

/* What the process with a mount namespace of its own found: a descriptor in the shared table, or an error. */
struct answer {
	int mnt;
	struct err err;
};

static int attach_over(int mnt, const char *path, struct err *e)
{
	scoped_fd target = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	return target < 0 ? err_sys(e, "open %s", path) : mount_attach(mnt, target, e);
}

static int attach_and_mount(const struct mount_overlay *o, struct err *e)
{
	struct mount_attr private = { .propagation = MS_PRIVATE };
	int r;

	if (sys_mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, &private) < 0)
		return err_sys(e, "mount_setattr /: private");
	r = attach_over(o->layers_dir, o->layers_path, e);
	if (r == 0)
		r = attach_over(o->data_dir, o->data_path, e);
	return r < 0 ? r : mount_overlay(o, e);
}

static _Noreturn void answer(const struct mount_overlay *o, int to)
{
	struct answer a = { .mnt = -1 };

	fault_role("overlay");
	a.mnt = attach_and_mount(o, &a.err);
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
			       err_set(e, EIO, "the process that mounts the root file system ended early");
	if (a->mnt >= 0)
		return a->mnt;
	a->err.msg[sizeof a->err.msg - 1] = '\0';
	return err_set(e, a->err.code > 0 ? a->err.code : EPROTO, "%s", a->err.msg);
}

/* The table of descriptors is shared, so that what was mounted there is open here; nothing else is. */
static int mount_elsewhere(const struct mount_overlay *o, struct err *e)
{
	struct clone_args args = { .flags = CLONE_NEWNS | CLONE_FILES };
	scoped_fd from = -1, to = -1;
	struct answer a;
	int pair[2], pid, r, status;

	if (pipe2(pair, O_CLOEXEC) < 0)
		return err_sys(e, "pipe");
	from = pair[0];
	to = pair[1];
	pid = sys_clone3(&args);
	if (pid < 0)
		return err_sys(e, "clone3 of a mount namespace");
	if (pid == 0)
		answer(o, to);
	while (waitpid(pid, &status, __WALL) < 0 && errno == EINTR)
		;
	close(fd_take(&to));
	r = hear(from, &a, e);
	return r;
}

/* ---- the overlay ------------------------------------------------------------------------------------------------ */

static int mount_as_caller(const struct mount_overlay *o, struct err *e)
{
	return o->detached ? mount_overlay(o, e) : mount_elsewhere(o, e);
}

/* What overlayfs makes in the upper directory it makes as who mounted it, and an id that is not mapped can make nothing in
 * an idmapped mount. So that is the namespace's root: setfsuid(2), with all capabilities kept (SECBIT_NO_SETUID_FIXUP). */
static int mount_as(const struct mount_overlay *o, const struct mount_owner *owner, struct err *e)
{
	int bits = prctl(PR_GET_SECUREBITS), r = 0;
	uid_t uid;
	gid_t gid;

	if (bits < 0 || prctl(PR_SET_SECUREBITS, bits | SECBIT_NO_SETUID_FIXUP) < 0)
		return err_sys(e, "prctl PR_SET_SECUREBITS");
	gid = (gid_t)setfsgid(owner->gid);
	uid = (uid_t)setfsuid(owner->uid);
	if ((uid_t)setfsuid(owner->uid) != owner->uid || (gid_t)setfsgid(owner->gid) != owner->gid)
		r = err_set(e, EPERM, "setfsuid %u, setfsgid %u", owner->uid, owner->gid);
	if (r == 0)
		r = mount_as_caller(o, e);
	(void)setfsuid(uid);
	(void)setfsgid(gid);
	(void)prctl(PR_SET_SECUREBITS, bits);
	return r;
}

/* An overlayfs that knows no idmapped layers says EINVAL, as for much else: the same without them tells which it was. */
static int explain(const struct mount_overlay *o, int rc, struct err *e)
{
	scoped_fd plain = rc == -EINVAL ? mount_overlay(o, NULL) : -1;

	if (plain < 0)
		return rc;
	return err_set(e, ENOTSUP, "this kernel's overlayfs takes no idmapped layers (Linux 5.19 and later do)");
}

int mount_overlay_idmapped(const struct mount_overlay *o, int userns, const struct mount_owner *owner, struct err *e)
{
	scoped_fd layers = -1, data = -1;
	struct mount_overlay mapped = *o;
	int r = clone_idmapped(o->layers_dir, o->layers_path, userns, &layers, e);

	if (r == 0)
		r = clone_idmapped(o->data_dir, o->data_path, userns, &data, e);
	if (r < 0)
		return r;
	mapped.layers_dir = layers;
	mapped.data_dir = data;
	r = mount_as(&mapped, owner, e);
	return r < 0 ? explain(o, r, e) : r;
}
