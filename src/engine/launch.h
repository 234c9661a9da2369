/* SPDX-License-Identifier: Apache-2.0 */
/* launch.h - a monitor is born: clone3(2) into a leaf cgroup of its own, so that the end of the caller's login session
 * or service does not end it, executed from a read-only detached mount of its file (CVE-2019-5736). */
#pragma once

#include "base/err.h"
#include "engine/engine.h"
#include "kernel/cgroup.h"

/* monitor_launch_early - its first half, when nothing of the container is there yet: the monitor starts, looks at the
 * host and makes the container's cgroup (cgroup_path NULL: not yet), on another processor, while the caller makes the rest. It waits
 * for monitor_proceed(), and ends without a trace when *ret_sock is closed instead. */
int monitor_launch_early(struct engine *en, const struct cgroup_layout *l, const char *id, const char *cgroup_path,
			 int *ret_sock, struct err *e);
/* monitor_charter_is_there - in between: charter and folders are there, config.json is not */
int monitor_charter_is_there(int sock, struct err *e);
/* monitor_proceed - the other half: charter and config.json are in the state directory. -EPIPE: it has ended. */
int monitor_proceed(int sock, struct err *e);

/* monitor_dismiss - instead: waits until it has ended. Closes *sock; -1 is fine. */
void monitor_dismiss(int *sock);

/* monitor_launch - for the container whose state directory holds charter and config.json. *ret_sock: the connection
 * that the monitor was born with (monitor/control.h), to be closed by the caller. */
int monitor_launch(struct engine *en, const char *id, int *ret_sock, struct err *e);

/* monitor_launch_pod - likewise of a pod, whose directory below the state root holds its charter (monitor/pod_charter.h). */
int monitor_launch_pod(struct engine *en, const char *name, int *ret_sock, struct err *e);
