/* SPDX-License-Identifier: Apache-2.0 */
/* content.h - stored bytes named by their digest: <data root>/content/blobs/sha256/<hex>.
 *
 *     content/                     flock(2): whoever adds blobs for rows that are not there yet holds it shared
 *     content/blobs/sha256/<hex>   bytes that had this digest when they were written
 *     content/new.<pid>.<n>/       where blobs are written (image/staging.h); locked by flock(2), so a crash's leftover is
 *                                  told from a living writer's
 *
 * A blob is there before a row tells of it, and leaves after the last one is gone. Nothing here reads the database, or
 * hashes: that needs a library, and this is in every command. */
#pragma once

#include "base/err.h"
#include "oci/digest.h"

#include <stdint.h>

#define CONTENT_NEW "new."
#define BLOB_PATH_SIZE (sizeof "blobs/sha256/" + DIGEST_HEX)

/* content_open - the directory, made (0700) when missing. The caller closes. */
int content_open(int data_root, int *ret_fd, struct err *e);

/* content_hold - keep sweeps away from blobs until the descriptor is closed or released; waits for one that is at work. */
int content_hold(int content, struct err *e);
void content_release(int content);

/* content_lock_new - of a folder content/new.*: 1: locked, *ret_fd holds it; 0: a living process has it, or it is gone. */
int content_lock_new(int content, const char *name, int *ret_fd, struct err *e);

void blob_path(const struct digest *d, char ret[BLOB_PATH_SIZE]); /* below content/ */
int blob_open(int content, const struct digest *d, int *ret_fd, int64_t *ret_size, struct err *e); /* -ENOENT */
int blob_remove(int content, const struct digest *d, struct err *e); /* -ENOENT is success */

/* content_sweep - remove the folders of crashes, and blobs that nobody holds and `is_known` (1 or 0, < 0: error) does not
 * know. known NULL: blobs are left alone. */
typedef int content_known_fn(void *arg, const struct digest *blob, struct err *e);
int content_sweep(int content, content_known_fn *is_known, void *arg, struct err *e);
