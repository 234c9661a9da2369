/* SPDX-License-Identifier: Apache-2.0 */
/* usage.h - how much a tree holds: what a container wrote, what is in a volume. */
#pragma once

#include "base/err.h"

#include <stdint.h>

/* usage_count - the sizes of all that is not a directory in dir/name, a file of several names once, as Docker counts. Others
 * may change the tree meanwhile; nothing outside of it is looked at, nor another file system. What is too deep to be named
 * in one path is left out. -ENOENT: no such directory. */
int usage_count(int dir, const char *name, int64_t *ret_bytes, struct err *e);
