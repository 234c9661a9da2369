/* SPDX-License-Identifier: Apache-2.0 */
/* smallfile.h - files of proc(5), sysfs(5) and cgroupfs that come whole by one read(2) into the caller's buffer.
 *
 * Cheaper than base/io.h (no second read for the end, no heap) and right only for such files: the kernel gives all of
 * a short one at once. Callable after clone3(2). */
#pragma once

#include "base/sv.h"

#include <stdbool.h>
#include <stddef.h>

/* smallfile_read - *ret points into buf, NUL-terminated; what does not fit is cut. -errno of openat(2) or read(2). */
int smallfile_read(int dir, const char *path, char *buf, size_t cap, struct sv *ret);
/* smallfile_exists - faccessat(2) says so */
bool smallfile_exists(int dir, const char *path);
