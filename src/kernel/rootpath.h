/* SPDX-License-Identifier: Apache-2.0 */
/* rootpath.h - paths inside a container's root, from outside: openat2(2) with RESOLVE_IN_ROOT, step by step.
 *
 * Symbolic links of the image are followed as the container would follow them; none leads out of `root`, whatever a
 * neighbour that shares a volume renames meanwhile. Callable after clone3(2). Descriptors are O_PATH | O_CLOEXEC. */
#pragma once

#include "base/err.h"

#include <sys/types.h>

/* rootpath_open - what is there. -ENOENT: nothing. "/" is the root itself. */
int rootpath_open(int root, const char *path, struct err *e);

/* rootpath_open_real - like it, but no component may be a symbolic link (-ELOOP). */
int rootpath_open_real(int root, const char *path, struct err *e);

/* rootpath_mkdirs - the directory, made with its parents where missing. -ENOTDIR: something else is there. */
int rootpath_mkdirs(int root, const char *path, mode_t mode, struct err *e);

/* rootpath_parent - the parent directory of path, made where missing; *ret_name points at the last component. */
int rootpath_parent(int root, const char *path, const char **ret_name, struct err *e);

/* rootpath_file - what is there, or a new empty regular file (mode 0644, parents made): a bind mount's target. */
int rootpath_file(int root, const char *path, struct err *e);
