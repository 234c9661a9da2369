/* SPDX-License-Identifier: Apache-2.0 */
/* assemble.h - an image of layers that are in the store already and at most one new one: commit and import. */
#pragma once

#include "image/image.h"
#include "image/staging.h"
#include "oci/image_spec.h"

struct assembly {
	const struct image_full_config *config; /* diff_ids: of all layers, the new one's the last */
	const struct image_manifest *below;     /* whose layers come first; NULL: none */
	const struct staged *layer;             /* the new one: gzip; NULL: none */
};

/* image_load_stored - once more from its own blobs: what is not recorded is unpacked, and checked against its digest.
 * -ENOENT: a blob is not there. */
int image_load_stored(const struct digest *manifest, const struct image_store *store, struct arena *a,
		      struct image_loaded *ret, struct err *e);

/* image_assemble - documents and layers come into the store, as image_load() brings them (load.h), whose errors these are.
 * Text in *ret belongs to the arena. */
int image_assemble(struct staging *s, const struct assembly *what, const char *reference,
		   const struct image_store *store, struct arena *a, struct image_loaded *ret, struct err *e);
