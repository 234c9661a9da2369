/* SPDX-License-Identifier: Apache-2.0 */
/* load.h - an image of a layout comes into the store: blobs, documents, and every layer that is not unpacked yet. */
#pragma once

#include "image/image.h"
#include "image/layout.h"
#include "image/source.h"

/* image_load - bring image `which` of the layout into the store; ready, and synced to the disk unless store->boot says that
 * somebody else sees to that, when it returns. reference:
 * the name to record; NULL: the layout's own. Text in *ret belongs to the arena. The caller records it and then calls
 * image_loaded_done().
 *
 * -EBADMSG: a digest or an archive is wrong. -EINVAL: a document or an entry of a layer is. -ENOTSUP: not for Linux.
 * -EFBIG: past a ceiling. -ENOSPC … what the file system said. On failure nothing is recorded, and what was unpacked is
 * removed. Two loads at once of the same layer: the second waits and finds what the first recorded. */
int image_load(struct layout *l, const struct layout_image *which, const char *reference,
	       const struct image_store *store, struct arena *a, struct image_loaded *ret, struct err *e);

/* image_load_from - the same from any source. manifest: its digest counts. */
int image_load_from(const struct image_source *source, const struct image_descriptor *manifest, const char *reference,
		    const struct image_store *store, struct arena *a, struct image_loaded *ret, struct err *e);

/* image_chain_id - image-spec, "Layer ChainID": of a layer whose parent has the chain id `below` (hex "" or NULL: none). */
int image_chain_id(const struct digest *below, const struct digest *diff_id, struct digest *ret, struct err *e);
