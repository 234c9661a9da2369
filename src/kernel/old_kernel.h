/* SPDX-License-Identifier: Apache-2.0 */
/* old_kernel.h - kernels from Linux 5.4 on that lack openat2(2) (5.6), close_range(2) (5.9) or mount_setattr(2) (5.12): the
 * same by what they have. kernel/sys.c calls this instead, when kfeat_probe() found that the kernel lacks one, or once it has
 * said so itself (ENOSYS); a call that fails otherwise is never tried again in the other way. What a kernel before 5.7 does about CLONE_INTO_CGROUP: struct cgroup_layout.
 *
 * Everything here is callable after clone3(2), without a heap, and tells its error by errno. */
#pragma once

#include <linux/mount.h>
#include <stdbool.h>

struct old_kernel {
	bool no_openat2, no_mount_setattr, no_close_range;
	int proc; /* the host's /proc: whose descriptors there are; -1 once it is closed, then all that may be open are tried */
};

void sys_old_kernel(const struct old_kernel *k); /* sys.c */
bool sys_lacks_mount_setattr(void);              /* as far as is known */

/* old_openat2 - each component is opened by itself, O_NOFOLLOW, and never "..": a link's text is walked like the rest, and
 * ".." walks from the root again. So nothing outside of dir is ever reached, whoever moves things meanwhile; RESOLVE_IN_ROOT
 * or RESOLVE_BENEATH is needed. Magic links are only text here. -1. */
int old_openat2(int dir, const char *path, int flags, unsigned resolve);

/* old_mount_setattr - mount(2) on what a descriptor is, through /proc/self/fd of the caller's root. It must be attached, which
 * is why the child attaches first and changes then. path: "" with AT_EMPTY_PATH, or "/". EOPNOTSUPP: idmaps; attributes of all
 * mounts below (AT_RECURSIVE), if there are any. */
int old_mount_setattr(int dir, const char *path, unsigned flags, const struct mount_attr *attr);

int old_close_range(int proc, unsigned first, unsigned last, unsigned flags);
