/* SPDX-License-Identifier: Apache-2.0 */
/* content.h - stored bytes named by their digest: <data root>/content/blobs/sha256/<hex>.
 *
 *     content/blobs/sha256/<hex>   bytes that had this digest when they were written
 *     content/new.<pid>.<n>/       where blobs are written; locked by flock(2), so a crash's leftover is told from a
 *                                  living writer's
 *
 * A blob appears whole, by rename(2), and replaces one of the same name: a load heals what a power cut damaged. Nothing is
 * synced here; image_load() does it once, before rows tell of the image. */
#pragma once

#include "base/buf.h"
#include "base/err.h"
#include "oci/digest.h"

#include <stdbool.h>
#include <stdint.h>

/* content_open - the directory, made (0700) when missing. The caller closes. */
int content_open(int data_root, int *ret_fd, struct err *e);

/* Where new blobs are written. */
struct staging {
	int content; /* borrowed */
	int dir;     /* -1: none */
	char name[64];
	unsigned count;
};

int staging_begin(int content, struct staging *ret, struct err *e);
/* staging_end - remove what was not adopted. Fine when it was never begun and dir is -1. */
void staging_end(struct staging *s);

/* A file in the staging folder: <folder>/<number>. */
struct staged {
	unsigned number;
	int64_t size;
	struct digest digest;
};

/* staging_write - read source to its end. -EFBIG: more than max_bytes. */
struct byte_source;
int staging_write(struct staging *s, struct byte_source from, int64_t max_bytes, struct staged *ret, struct err *e);
/* staging_open - to read it. The caller closes. */
int staging_open(const struct staging *s, const struct staged *f, int *ret_fd, struct err *e);
/* staging_adopt - it becomes a blob. Twice is fine. */
int staging_adopt(const struct staging *s, const struct staged *f, struct err *e);

int blob_open(int content, const struct digest *d, int *ret_fd, int64_t *ret_size, struct err *e); /* -ENOENT */
/* blob_read - append the whole blob; -EBADMSG when its bytes have another digest. */
int blob_read(int content, const struct digest *d, struct buf *b, struct err *e);
int blob_remove(int content, const struct digest *d, struct err *e); /* -ENOENT is success */

/* content_sweep - remove the staging folders of crashes. */
int content_sweep(int content, struct err *e);
