/* SPDX-License-Identifier: Apache-2.0 */
/* scope_run.h - any command of the host under limits, in a group of its own that goes with it; what it needed is told. */
#pragma once

#include "spec/config.h"
#include "engine/engine.h"
#include "kernel/cgroup_stat.h"

struct scope_report {
	int64_t lived_ns;
	struct cgroup_stat st; /* when it had ended */
};

/* When this process is killed, a guard (a process without a terminal) ends what runs in the group and removes it.
 *
 * scope_run - limits: of *c, its name in cgroup_parent (NULL: /tare/scopes). What the command left running is killed at its
 * end. *ret_status as foreground_run(), 125 when the command was not begun. On failure no group is left. */
int scope_run(struct engine *en, struct container_config *c, char *const *argv, struct arena *a, int *ret_status,
	      struct scope_report *ret, struct err *e);
