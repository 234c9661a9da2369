/* SPDX-License-Identifier: Apache-2.0 */
/* monitor.h - tare-monitor: one process per container or pod, its parent, that owns what happens to it.
 *
 * Born by the engine with CONTROL_FD connected to it, in the container's state directory. Reads charter and config.json,
 * makes the container, answers on the control socket, relays stdio, writes the outcome, removes the cgroup, and runs
 * `tare _reap ID` unless the client that is still there says that it did. Static, single-threaded; it never opens the
 * database. */
#pragma once

#include "base/err.h"

/* monitor_run - the whole life, with the state directory given by its path. cgroup_path: of the container, to be made while
 * its client still looks things up; NULL: is told by config.json only. 0: it ended well, whatever the container did. */
int monitor_run(const char *state_dir, const char *cgroup_path, struct err *e);

/* pod_run - likewise of a pod, whose containers it is the parent of; its directory holds its charter (pod_charter.h), and each
 * of them has a state directory as one alone has. */
int pod_run(const char *pod_dir, struct err *e);
