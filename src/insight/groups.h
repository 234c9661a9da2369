/* SPDX-License-Identifier: Apache-2.0 */
/* groups.h - the tree of control groups of a host, all hierarchies in one: a group is its path, its numbers come from the
 * hierarchy that has them. cgroups(7).
 *
 * Few files are opened for each group: eight on v1, seven on v2. A group that vanishes while it is looked at is not
 * in the tree. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "kernel/cgroup_stat.h"

struct group_use {
	int64_t cpu_ns, periods, throttled_periods, throttled_ns;
	int64_t cpu_milli; /* limit of its own; CG_MAX: none */
	int64_t memory_bytes, memory_limit_bytes, memory_peak_bytes;
	int64_t pids, pids_limit;
	int64_t read_bytes, write_bytes;
};

struct group {
	struct group *parent, *child, *next; /* children in the order of their names */
	const char *path, *name;
	const char *container; /* for the caller; NULL */
	unsigned depth; /* below the one where the tree begins */
	unsigned below; /* hierarchies in which it has groups below, a bit each */
	struct group_use use;
};

#define GROUPS_MAX 100000 /* of one look */

/* groups_read - the group and those below it, down to `depth` of them (0: itself alone). peak: memory_peak_bytes
 * too, which is a file more for each. *ret_more: there were too many.
 * -ENOENT: no such group. Memory belongs to a. */
int groups_read(const struct host *h, const struct cgroup_layout *l, const char *path, unsigned depth, bool peak,
		struct arena *a, struct group **ret, bool *ret_more, struct err *e);

enum group_order { GROUP_BY_NAME, GROUP_BY_CPU, GROUP_BY_MEMORY, GROUP_BY_PIDS, GROUP_BY_IO };
/* groups_sort - children of each group, the largest first; before: an earlier look, so that CPU time is what was used
 * since (NULL: in all). */
void groups_sort(struct group *top, enum group_order by, const struct group *before);
/* groups_find - of a tree, by path; NULL */
const struct group *groups_find(const struct group *top, const char *path);
/* groups_next - the one after g, depth first; NULL: that was the last one */
struct group *groups_next(const struct group *g);
