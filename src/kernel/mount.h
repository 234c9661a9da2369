/* SPDX-License-Identifier: Apache-2.0 */
/* mount.h - mounts by descriptor: fsopen(2), fsconfig(2), fsmount(2), open_tree(2), mount_setattr(2), move_mount(2).
 *
 * Everything here is callable after clone3(2): no heap, only stack. A descriptor returned is a detached mount until
 * mount_attach(); closing it undoes it. attr: MOUNT_ATTR_x. */
#pragma once

#include "base/err.h"
#include "kernel/fd_run.h"

#include <linux/mount.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#ifndef MOUNT_ATTR_NOSYMFOLLOW
#define MOUNT_ATTR_NOSYMFOLLOW 0x00200000
#endif

/* mount_new - a new file system instance. source: what df(1) and mount(8) call it; NULL: the type. options: "mode=755,size=65536k,ro", or NULL; at most 4095 bytes. */
int mount_new(const char *fstype, const char *source, const char *options, uint64_t attr, struct err *e);
/* mount_new_run - what it needed on the way is closed with others: fd_run.h */
int mount_new_run(const char *fstype, const char *source, const char *options, uint64_t attr, struct fd_run *done,
		  struct err *e);
/* mount_clone_read_only - mount_clone() of a descriptor, with all below it, and mount_change() in one; Linux 6.15 */
int mount_clone_read_only(int target, struct err *e);

/* mount_overlay - overlayfs, lower[0] the topmost. layers_dir: what lower names are relative to. upper NULL: read-only.
 * upper and work are relative to data_dir. append: the kernel knows `lowerdir+` (Linux 6.5), else all the lowers
 * together must fit in 255 bytes (-ENAMETOOLONG). The caller's working directory is changed and put back. */
struct mount_overlay {
	int layers_dir, data_dir;
	const char *layers_path,
		*data_path; /* the same, absolute: what an older kernel needs (append or detached false) */
	const char *const *lower;
	size_t lower_count;
	const char *upper, *work;
	bool scratch; /* the upper directory is removed after its use: its unmount does not wait until the whole file system
		       * below has been written ("volatile", Linux 5.10), and fsync(2) in it does nothing */
	bool append;
	bool user_xattrs; /* in a user namespace: marks of overlayfs are user.overlay.… ("userxattr", Linux 5.11) */
	bool detached; /* the kernel takes layers that are attached nowhere (Linux 6.15): for mount_overlay_idmapped() */
};
int mount_overlay(const struct mount_overlay *o, struct err *e);

/* mount_overlay_idmapped - the same with the ids of the user namespace `userns`: an owner 0 on the disk, of a lower or of
 * the upper directory, is what that namespace calls 0. An overlay cannot be idmapped, its layers can: one clone of each
 * folder serves all of them. upper must be there. An older kernel wants them attached: for a moment, in a mount namespace
 * of a process that is made for it. -ENOTSUP: the file system of the folders, or the kernel's overlayfs (before Linux
 * 5.19), cannot do that. */
struct mount_owner { /* the namespace's 0, as the caller's namespace calls it */
	uid_t uid;
	gid_t gid;
};
int mount_overlay_idmapped(const struct mount_overlay *o, int userns, const struct mount_owner *owner, struct err *e);

/* mount_clone - a detached copy of the mount (tree) at dir/path; path "" means dir itself. */
int mount_clone(int dir, const char *path, bool recursive, struct err *e);

/* mount_clone_from - a detached copy of the mount at `path` (absolute) of another mount namespace: `ns`, a descriptor of
 * it. A process is made for it. -ELOOP: a symbolic link. */
int mount_clone_from(int ns, const char *path, struct err *e);

/* mount_keep - the detached mount becomes the root of a mount namespace that has nothing else, and lives as long as its descriptor,
 * which this returns, or a process in it. proc: of struct host. A process is made for it.
 * mount_clone_kept - a detached copy of what is at `path` in there ("/": all of it); a missing directory is made, as open as the
 * root is. Another process is made. mount_clone_below - the same of the folder `root`: no link leads out of either. */
int mount_keep(int mnt, int proc, struct err *e);
int mount_clone_kept(int ns, const char *path, struct err *e);
int mount_clone_below(int root, const char *path, struct err *e);

/* mount_change - set and clear attributes, and propagation (MS_SHARED, MS_SLAVE, MS_PRIVATE, MS_UNBINDABLE; 0: as is) */
int mount_change(int mnt, uint64_t set, uint64_t clear, uint64_t propagation, bool recursive, struct err *e);

/* mount_idmap - the detached mount shows and makes files with the ids of the user namespace: what is 0 on the disk is what
 * the namespace calls 0. recursive: all of the tree, or nothing. -ENOTSUP: a file system that cannot do that, or a mount that
 * is idmapped already. Needs CAP_SYS_ADMIN where the file system was mounted. */
int mount_idmap(int mnt, int userns, bool recursive, struct err *e);

/* mount_attach_in - put the detached mount onto `path` of another mount namespace: below its root, whatever links lie there;
 * what is missing is made, a directory or a file. mount_detach_in - take away what is mounted at `path` there; -EINVAL:
 * nothing is. A process is made for each. */
int mount_attach_in(int ns, int mnt, const char *path, bool directory, struct err *e);
int mount_detach_in(int ns, const char *path, struct err *e);

/* mount_attach - put the detached mount onto the file or directory that target is (O_PATH) */
int mount_attach(int mnt, int target, struct err *e);
/* mount_attach_at - onto what is at dir/name: one component, of which no link is followed */
int mount_attach_at(int mnt, int dir, const char *name, struct err *e);
