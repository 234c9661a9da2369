/* SPDX-License-Identifier: Apache-2.0 */
/* mount.h - mounts by descriptor: fsopen(2), fsconfig(2), fsmount(2), open_tree(2), mount_setattr(2), move_mount(2).
 *
 * Everything here is callable after clone3(2): no heap, only stack. A descriptor returned is a detached mount until
 * mount_attach(); closing it undoes it. attr: MOUNT_ATTR_x. */
#pragma once

#include "base/err.h"

#include <linux/mount.h>
#include <stdbool.h>
#include <stdint.h>

#ifndef MOUNT_ATTR_NOSYMFOLLOW
#define MOUNT_ATTR_NOSYMFOLLOW 0x00200000
#endif

/* mount_new - a new file system instance. options: "mode=755,size=65536k,ro", or NULL; at most 4095 bytes. */
int mount_new(const char *fstype, const char *options, uint64_t attr, struct err *e);

/* mount_overlay - overlayfs, lower[0] the topmost. layers_dir: what lower names are relative to. upper NULL: read-only.
 * upper and work are relative to data_dir. append: the kernel knows `lowerdir+` (Linux 6.5), else all the lowers
 * together must fit in 255 bytes (-ENAMETOOLONG). The caller's working directory is changed and put back. */
struct mount_overlay {
	int layers_dir, data_dir;
	const char *data_path; /* of data_dir, absolute: what an older kernel is given (append false) */
	const char *const *lower;
	unsigned lower_count;
	const char *upper, *work;
	bool append;
};
int mount_overlay(const struct mount_overlay *o, struct err *e);

/* mount_clone - a detached copy of the mount (tree) at dir/path; path "" means dir itself. */
int mount_clone(int dir, const char *path, bool recursive, struct err *e);

/* mount_change - set and clear attributes, and propagation (MS_SHARED, MS_SLAVE, MS_PRIVATE, MS_UNBINDABLE; 0: as is) */
int mount_change(int mnt, uint64_t set, uint64_t clear, uint64_t propagation, bool recursive, struct err *e);

/* mount_attach - put the detached mount onto the file or directory that target is (O_PATH) */
int mount_attach(int mnt, int target, struct err *e);
