/* SPDX-License-Identifier: Apache-2.0 */
/* namespace_view.h - what a process sees because of a namespace, as lines that can be compared: namespaces(7). */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "kernel/namespaces.h"
#include "oci/runtime_spec.h"

/* namespace_view - hostname (uts), pids in it (pid), mount points (mnt), interfaces (net), maps (user), paths of groups
 * (cgroup), offsets (time); nothing for ipc. Sorted but for maps. Enters the uts namespace of the process, and comes back.
 * -ESRCH: it has ended; -EACCES, -EPERM: not to be seen. Memory belongs to a. */
int namespace_view(const struct host *h, pid_t pid, enum namespace_type type, struct arena *a, struct oci_strings *ret,
		   struct err *e);

/* namespace_view_has - one of the lines is this one */
bool namespace_view_has(const struct oci_strings *lines, const char *line);
