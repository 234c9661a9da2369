/* SPDX-License-Identifier: Apache-2.0 */
/* oom.h - what the OOM killer did to a container, for its record.
 *
 * That it came is counted by the kernel in the container's group and in groups that the container made below: such a group
 * is made for a start and counts from zero. A kill in a neighbour's group, or in one above, is not counted there,
 * whosever limit it was for. Whose limit it was, and whom it took, only the kernel log says (kernel/oom_log.h). */
#pragma once

#include "base/err.h"
#include "kernel/cgroup.h"
#include "monitor/outcome.h"
#include "oci/runtime_spec.h"

struct host;

/* oom_may_nest - can this container make groups of its own, and remove them with their counts? v1 does not add those to
 * the groups above. */
bool oom_may_nest(const struct cgroup_layout *l, const struct oci_mount *mounts, size_t n);

/* oom_forget - a new life begins */
void oom_forget(struct outcome *o);

/* oom_look - fill the oom_ fields of *o with what has happened in the group until now; o->pid is the first process, and
 * o->oom_log_seq where to go on in the kernel log. Before the group is removed: of one that is gone, what *o says
 * stays. What cannot be found out is left out.
 * nested: see oom_may_nest(); then the log is read even if nothing is counted. If *o tells of as many kills already, what
 * it says of them stays: the log is read on from there, and is a ring. */
void oom_look(const struct host *h, const struct cgroup_layout *l, const char *cgroup, bool nested, struct outcome *o);

/* oom_tell - one line for the person who waits: which process, which limit and whose */
void oom_tell(const struct outcome *o, const char *cgroup, struct err *ret);
