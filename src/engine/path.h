/* SPDX-License-Identifier: Apache-2.0 */
/* path.h - paths as text only: nothing is looked at, so links are not followed. */
#pragma once

#include "base/arena.h"

/* path_clean - an absolute path without ".", "..", doubled and last slashes: "/a//b/../c/" -> "/a/c", "/.." -> "/".
 * NULL: out of memory. A relative path is read as if it began with a slash. */
char *path_clean(struct arena *a, const char *path);
