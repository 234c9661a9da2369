/* SPDX-License-Identifier: Apache-2.0 */
/* oom.h - whether the OOM killer took a process of a container: Documentation/admin-guide/cgroup-v2.rst, memory.events.
 *
 * A container's group is made for its start and counts from zero, so what it has counted at the end is the container's.
 * Groups that the container made below count too. */
#pragma once

#include "kernel/cgroup.h"

struct host;

/* oom_kills - processes taken, whichever limit it was for; 0 where nobody counts them */
int64_t oom_kills(const struct host *h, const struct cgroup_layout *l, const char *cgroup_path);
