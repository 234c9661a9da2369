/* SPDX-License-Identifier: Apache-2.0 */
/* io.h - whole files relative to a directory descriptor: read(2), write(2), rename(2). EINTR is handled here. */
#pragma once

#include "base/buf.h"
#include "base/err.h"

#include <sys/types.h>

/* io_read_at - append the whole file dir/path to b (its ceiling holds). The error names the path. */
int io_read_at(int dir, const char *path, struct buf *b, struct err *e);
int io_read_fd(int fd, struct buf *b, struct err *e);

/* io_write_all - every byte, or an error (no operand in it: the caller wraps). */
int io_write_all(int fd, const void *data, size_t n, struct err *e);
int io_pwrite_all(int fd, const void *data, size_t n, off_t at, struct err *e); /* the same at a place of the file */

/* io_replace_at - write path anew by a temporary neighbour and rename(2): readers see the old or the new, never half.
 * sync: also fsync(2) of the file before the rename. */
int io_replace_at(int dir, const char *path, const void *data, size_t n, mode_t mode, bool sync, struct err *e);

/* io_mkdir_at - mkdirat(2) and open(2) O_PATH-free directory descriptor; an existing directory is fine.
 * -ENOTDIR: something else is there; a symbolic link is not followed. */
int io_mkdir_at(int dir, const char *name, mode_t mode, int *ret_fd, struct err *e);
/* io_mkdirs - like mkdir -p for a host path the caller trusts. */
int io_mkdirs(const char *path, mode_t mode, int *ret_fd, struct err *e);

/* io_remove_tree_at - like rm -rf of dir/name, never crossing into another file system, never following a link.
 * -ENOENT is success. */
int io_remove_tree_at(int dir, const char *name, struct err *e);
