/* SPDX-License-Identifier: Apache-2.0 */
/* mount_elsewhere.h - a mount that is made by a process in another mount namespace; for mount_*.c only. */
#pragma once

#include "base/err.h"

#include <stdint.h>

/* mount_elsewhere - make() runs in a process of its own, cloned with `flags` (CLONE_NEWNS, or 0 for one that will join
 * another namespace) and with this one's table of descriptors: what it returns is open here. -EIO: it ended early. */
int mount_elsewhere(uint64_t flags, int (*make)(const void *arg, struct err *e), const void *arg, struct err *e);
