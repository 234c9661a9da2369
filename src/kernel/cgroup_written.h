/* SPDX-License-Identifier: Apache-2.0 */
/* cgroup_written.h - which groups had a file written since one last asked: fanotify(7), FAN_MARK_FILESYSTEM.
 *
 * A limit is what was last written; so who asks again and again need not read the limits of a group that nobody wrote to.
 * A write is told of whoever made it, through any mount and from any cgroup namespace: they share one superblock. Nobody is
 * woken by them: they wait in the kernel until they are taken, 16,384 at most, one of each kind; then all groups count as
 * written to. */
#pragma once

#include "base/err.h"
#include "base/sv.h"
#include "kernel/cgroup.h"

#include <stdint.h>

struct host;
struct cgroup_written;

#define CGROUP_WRITTEN_HIERARCHIES 3 /* those with limits on CPU, memory, pids */

/* A group's folders, by inode; 0: there is none. */
struct cgroup_folders {
	uint64_t inode[CGROUP_WRITTEN_HIERARCHIES];
};

/* cgroup_written_new - of all groups from now on. *h and *l are borrowed. -EPERM: without CAP_SYS_ADMIN in the first user namespace; -EINVAL, -ENOSYS,
 * -ENODEV: before Linux 5.9, or without a hierarchy. */
int cgroup_written_new(const struct host *h, const struct cgroup_layout *l, struct cgroup_written **ret, struct err *e);
void cgroup_written_free(struct cgroup_written *w);
/* cgroup_written_take - from now on cgroup_written_has() tells of what was written between the last call and this one */
void cgroup_written_take(struct cgroup_written *w);
/* cgroup_written_has - into a file of that group, or perhaps so. By several threads. */
bool cgroup_written_has(const struct cgroup_written *w, const struct cgroup_folders *f);
/* cgroup_written_folders - of the group with this path. Who is to be asked about later is looked up before it is read. */
void cgroup_written_folders(const struct cgroup_written *w, const char *path, struct cgroup_folders *ret);

/* ---- for tests ------------------------------------------------------------------------------------------------------ */

#define CGROUP_WRITTEN_MAX 4096 /* folders; more are all */
struct cgroup_written_set {
	bool all;
	size_t n;
	uint64_t inode[CGROUP_WRITTEN_MAX];
};
/* cgroup_written_add - what the events of one read(2) say. Pure; what is not understood is `all`. */
void cgroup_written_add(struct cgroup_written_set *to, struct sv events);
