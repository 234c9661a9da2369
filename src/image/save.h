/* SPDX-License-Identifier: Apache-2.0 */
/* save.h - images of the store as one archive: an OCI image layout (image-spec, image-layout.md) that is at the same time
 * what `docker save` writes (manifest.json, repositories), with blobs as they are kept. */
#pragma once

#include "base/err.h"
#include "oci/digest.h"
#include "oci/runtime_spec.h"

#include <stddef.h>
#include <stdint.h>

struct save_item {
	struct digest manifest;
	struct oci_strings names; /* in full, with tags; none is fine */
};

/* Bytes of the archive so far. */
typedef void save_told_fn(void *arg, int64_t bytes);

/* image_save - write the archive to fd. content: of the store. -ENOENT: a blob is not kept. */
int image_save(int content, const struct save_item *items, size_t n, int fd, save_told_fn *told, void *arg,
	       struct err *e);
