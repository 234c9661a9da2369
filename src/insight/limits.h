/* SPDX-License-Identifier: Apache-2.0 */
/* limits.h - which limit binds: the tightest on the way from the root to a group. Pure, over levels.h. */
#pragma once

#include "insight/levels.h"

/* CG_MAX and NULL: there is none. The host itself is "/". */
struct limit {
	int64_t value;
	const char *owner; /* path of the group that has it */
};

/* The least of `value` that any level has; of equal ones that nearest to the group. NULL: no group, no limit. */
struct limit limit_memory(const struct level *from);      /* bytes */
struct limit limit_memory_high(const struct level *from);
struct limit limit_swap(const struct level *from);        /* bytes of swap alone */
struct limit limit_pids(const struct level *from);
struct limit limit_cpu(const struct level *from);         /* thousandths of a CPU */

/* limit_tighter - of two; the first one when they are equal */
struct limit limit_tighter(struct limit near, struct limit far);

/* limit_cpu_of - quota and period of one group as thousandths of a CPU; CG_MAX: none */
int64_t limit_cpu_of(const struct cgroup_stat *st);

/* memory_reclaimable - what the kernel can take away without swap or killing: page cache that is not tmpfs, and caches of
 * names and inodes. Bytes. 0 when nothing is known. */
int64_t memory_reclaimable(const struct cgroup_stat *st);
/* memory_working_set - Docker's and Kubernetes' "usage": without the page cache that was not used lately. CG_UNSET */
int64_t memory_working_set(const struct cgroup_stat *st);

/* headroom - how much more may be used until some level's limit binds; its owner. Memory: reclaimable pages count as free. */
struct limit headroom_memory(const struct level *from);
struct limit headroom_pids(const struct level *from);
