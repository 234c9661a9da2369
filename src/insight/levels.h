/* SPDX-License-Identifier: Apache-2.0 */
/* levels.h - a group and all those above it, up to the root of its hierarchy: cgroups(7).
 *
 * Limits of any of them bind what is below. Groups of one host share those above them, so each is read once and kept: a
 * `struct levels` is a look at one moment, thrown away after it. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "kernel/cgroup_stat.h"

struct level {
	const struct level *up; /* the group above; NULL: this is the root */
	const char *path;
	struct level *next;     /* of those that are kept */
	unsigned what;
	struct cgroup_stat st;  /* of what was asked for; the root has few of the files. Last of all: see level_new() */
};

/* level_new - of what was read already; without the room for devices that it has not. up is NULL. NULL: no memory */
struct level *level_new(struct arena *a, const char *path, unsigned what, const struct cgroup_stat *st);

struct levels {
	const struct host *host;
	const struct cgroup_layout *layout;
	struct arena *arena;
	struct level *kept;
};

void levels_init(struct levels *ls, const struct host *h, const struct cgroup_layout *l, struct arena *a);

/* levels_read - the group and those above it, from the hierarchies that serve `what` (CGROUP_STAT_…), in which it has this
 * path. -ENOENT: there is no such group. Those above tell no memory_events of all below them, only memory_events_local.
 * Owned by the arena. */
int levels_read(struct levels *ls, const char *path, unsigned what, const struct level **ret, struct err *e);

/* levels_above - the same of the group above `path`; *ret is NULL for the root. One that vanished is left out. */
int levels_above(struct levels *ls, const char *path, unsigned what, const struct level **ret, struct err *e);
