/* SPDX-License-Identifier: Apache-2.0 */
/* rootview.h - the merged tree of an image, to look things up in before its container exists (etc/passwd, etc/group).
 *
 * The content is the attacker's: links of any kind, devices and pipes in the place of files. Every look-up resolves
 * inside the tree (openat2(2) RESOLVE_IN_ROOT) and reads regular files only. */
#pragma once

#include "base/buf.h"
#include "base/err.h"

#include <stddef.h>

/* rootview_open - read-only directory of the merge of layers (numbers under layers_dir, lowest first). One layer: its own
 * directory. Several: an overlay mount that is attached nowhere and ends with the descriptor (needs CAP_SYS_ADMIN; while it
 * is made, the working directory of the process is layers_dir). The caller closes.
 * -ENOENT: a layer is missing. -EINVAL: no layers. */
int rootview_open(int layers_dir, const unsigned *layers, size_t n, int *ret_fd, struct err *e);

/* rootview_read - append the file at `path` in the tree to b, whose ceiling holds (-EMSGSIZE).
 * -ENOENT: no such file. -EINVAL: not a regular file. Works on any directory, e.g. of --rootfs. */
int rootview_read(int view, const char *path, struct buf *b, struct err *e);
/* rootview_read_optional - likewise; no such file is an empty one, and leaves *e alone */
int rootview_read_optional(int view, const char *path, struct buf *b, struct err *e);

/* rootview_opaque - the attribute, "y", of a directory that hides those below it: overlayfs reads trusted ones where the machine's
 * own root mounts it, and those of users in a user namespace. */
const char *rootview_opaque(void);
