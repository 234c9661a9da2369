/* SPDX-License-Identifier: Apache-2.0 */
/* MOUNT_ATTR_IDMAP of mount_setattr(2), and an overlay of idmapped layers. */
#include "kernel/mount_elsewhere.h"

#include "base/scope.h"
#include "kernel/mount.h"
#include "kernel/sys.h"

#include <fcntl.h>
#include <linux/securebits.h>
#include <sys/fsuid.h>
#include <sys/mount.h>
#include <sys/prctl.h>

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

static int mount_there(const void *overlay, struct err *e)
{
	return attach_and_mount(overlay, e);
}

/* ---- the overlay ------------------------------------------------------------------------------------------------ */

static int mount_as_caller(const struct mount_overlay *o, struct err *e)
{
	return o->detached ? mount_overlay(o, e) : mount_elsewhere(CLONE_NEWNS, mount_there, o, e);
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
