/* SPDX-License-Identifier: Apache-2.0 */
/* io.h - whole files relative to a directory descriptor: read(2), write(2), rename(2). EINTR is handled here. */
#pragma once

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <sys/types.h>

/* io_read_at - append the whole file dir/path to b (its ceiling holds). The error names the path. */
int io_read_at(int dir, const char *path, struct buf *b, struct err *e);
int io_read_fd(int fd, struct buf *b, struct err *e);

/* io_write_all - every byte, or an error (no operand in it: the caller wraps). */
int io_write_all(int fd, const void *data, size_t n, struct err *e);
int io_pwrite_all(int fd, const void *data, size_t n, off_t at, struct err *e); /* the same at a place of the file */

/* When what is written is on the disk, and what a power cut leaves of it. */
enum io_disk {
	IO_DISK_LATER, /* when the kernel has nothing better to do; until then perhaps an empty file */
	IO_DISK_SOON,  /* when the file system thinks fit: ext4 begins before it replaces a file, in 0.2 to 0.7 ms */
	IO_DISK_NOW,   /* fsync(2): the old or the new */
};

/* io_replace_at - write path anew by a temporary neighbour and renameat2(2): readers see the old or the new, never half. */
int io_replace_at(int dir, const char *path, const void *data, size_t n, mode_t mode, enum io_disk disk, struct err *e);

/* io_mkdir_at - mkdirat(2) and open(2) O_PATH-free directory descriptor; an existing directory is fine.
 * -ENOTDIR: something else is there; a symbolic link is not followed. */
int io_mkdir_at(int dir, const char *name, mode_t mode, int *ret_fd, struct err *e);
/* io_mkdirs - like mkdir -p for a host path the caller trusts. */
int io_mkdirs(const char *path, mode_t mode, int *ret_fd, struct err *e);

/* io_is_still_at - the open file is the one that stands there under this name; false: that was renamed, removed or made
 * anew. For who opened it and then waited for its lock. */
bool io_is_still_at(int dir, const char *name, int fd);

/* io_remove_tree_at - like rm -rf of dir/name, never crossing into another file system, never following a link.
 * -ENOENT is success. */
int io_remove_tree_at(int dir, const char *name, struct err *e);
