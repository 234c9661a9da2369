/* SPDX-License-Identifier: Apache-2.0 */
/* group.h - the control group of a container that exists. */
#pragma once

#include "kernel/cgroup.h"
#include "runtime_cli/state.h"

/* group_open - -ENOENT: it has none, or it is gone */
int group_open(struct runtime *rt, const struct entry *c, struct cgroup **ret, struct err *e);

static inline void group_scope_end(struct cgroup **cg)
{
	cgroup_free(*cg);
}
#define scoped_group SCOPED(group_scope_end) struct cgroup *

/* container_remove_all - nothing is left of the container, whatever it is doing: processes, group, unit, folder. The caller has
 * its lock. cmd_delete.c */
int container_remove_all(struct runtime *rt, struct entry *c, struct err *e);
