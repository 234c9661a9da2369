/* SPDX-License-Identifier: Apache-2.0 */
/* joined_mounts.h - the root of a container that is in somebody else's mount namespace: it stays there when the container has
 * ended, until it is taken away. */
#pragma once

#include "base/err.h"
#include "kernel/host.h"

#include <stdint.h>
#include <sys/types.h>

/* joined_mounts_id - of the mount that is the root of process pid */
int joined_mounts_id(const struct host *h, pid_t pid, int64_t *ret_id, struct err *e);

/* joined_mounts_remove - that mount, at its place `path` in the namespace whose file is ns, with all that is mounted below. Another mount
 * at that place stays; a namespace that is gone is no error. */
int joined_mounts_remove(const struct host *h, const char *ns, const char *path, int64_t id, struct err *e);
