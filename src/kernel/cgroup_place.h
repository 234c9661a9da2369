/* SPDX-License-Identifier: Apache-2.0 */
/* cgroup_place.h - where a process or a group is in each hierarchy: proc_pid_cgroup(5).
 *
 * A group of ours has the same path everywhere. One of systemd, or of a program that moved itself, has not. */
#pragma once

#include "kernel/cgroup.h"

/* Paths from each hierarchy's root, as layout.h: "/tare/<id>"; "/" is the root; NULL: not there, or not to be seen from
 * here. Borrowed. */
struct cgroup_place {
	const char *path[CGROUP_HIERARCHY_MAX];
};

/* cgroup_place_everywhere - of CGROUP_NONE: nowhere */
void cgroup_place_everywhere(struct cgroup_place *ret, const char *path);

/* cgroup_place_parse - the text of proc/PID/cgroup. Pure; text goes to a. A path that leads out of our cgroup namespace
 * ("/../x") or names a group that is gone ("… (deleted)") is NULL. -ENOMEM. */
int cgroup_place_parse(const struct cgroup_layout *l, struct sv text, struct arena *a, struct cgroup_place *ret,
		       struct err *e);

/* cgroup_place_of - the process's. -ESRCH: no such process. -EACCES: hidden from us (hidepid). */
int cgroup_place_of(const struct host *h, const struct cgroup_layout *l, pid_t pid, struct arena *a,
		    struct cgroup_place *ret, struct err *e);
