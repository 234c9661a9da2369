/* SPDX-License-Identifier: Apache-2.0 */
/* proc_use.h - what proc(5) tells of a container that has no control group (CGROUP_NONE).
 *
 * Its processes are those of its first one's pid_namespaces(7), unless that is ours, and all that descend from it. */
#pragma once

#include "base/arena.h"
#include "kernel/cgroup_stat.h"

/* proc_use_pids - them all, the first one too. Memory goes to a. -ESRCH: the first one has ended. */
int proc_use_pids(const struct host *h, pid_t first, struct arena *a, pid_t **ret, size_t *ret_n, struct err *e);

/* proc_use_read - CPU time, with that of children that have ended; memory.usage_bytes is what they have resident, shared pages
 * once for each; pids.current their threads. All else is CG_UNSET. -ESRCH */
int proc_use_read(const struct host *h, pid_t first, struct cgroup_stat *ret, struct err *e);
