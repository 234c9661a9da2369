/* SPDX-License-Identifier: Apache-2.0 */
/* layout.h - an OCI image layout (image-spec, image-layout.md) or what `docker save` wrote before it was one: a directory,
 * or a tar archive of one (plain or compressed) from a file, a pipe or memory. Its documents are read and verified;
 * load.h makes images of it.
 *
 * An archive's files may come in any order, so it is first written out, file by file, into the content store's staging
 * folder; so is each blob of a directory when it is asked for. What an image refers to is adopted by rename in the end. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "image/staging.h"
#include "image/inflate.h"
#include "oci/image_spec.h"

#include <stddef.h>

struct layout;

/* layout_open_dir - an open directory, borrowed. layout_open_archive - a stream, read to its end.
 * -EINVAL: not an image layout. -EBADMSG: damaged. */
int layout_open_dir(int dir, int content, struct layout **ret, struct err *e);
int layout_open_archive(struct byte_source from, int content, struct layout **ret, struct err *e);
void layout_free(struct layout *l);

/* One image that the layout holds for this machine's platform. */
struct layout_image {
	struct digest manifest;
	const char *reference; /* as annotated; NULL: it has no name */
};

/* layout_images - of this platform; from indexes in indexes too. Memory is the layout's. -ENOENT: none. */
int layout_images(struct layout *l, const struct layout_image **ret, size_t *ret_n, struct err *e);

/* layout_open_blob - its bytes, verified. -ENOENT: the layout lacks it. -EBADMSG: its bytes have another digest.
 * layout_read_blob - append them. */
int layout_open_blob(struct layout *l, const struct digest *d, int *ret_fd, int64_t *ret_size, struct err *e);
int layout_read_blob(struct layout *l, const struct digest *d, struct buf *b, struct err *e);
/* layout_keep_blob - it becomes a blob of the content store, likewise. */
int layout_keep_blob(struct layout *l, const struct digest *d, struct err *e);

static inline void layout_scope_end(struct layout **l)
{
	layout_free(*l);
}

#define scoped_layout SCOPED(layout_scope_end) struct layout *
