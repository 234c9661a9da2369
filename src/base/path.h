/* SPDX-License-Identifier: Apache-2.0 */
/* path.h - paths as text only: path_resolution(7) without looking at any file, so links are not followed. */
#pragma once

#include "base/arena.h"

/* path_clean - without ".", "..", doubled and last slashes: "/a//b/../c/" -> "/a/c", "/.." -> "/", "a/.." -> ".".
 * NULL: out of memory. */
char *path_clean(struct arena *a, struct sv path);
