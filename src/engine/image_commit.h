/* SPDX-License-Identifier: Apache-2.0 */
/* image_commit.h - the configuration of an image that a container is to become: what it was started with, in the place of
 * what its image said. Pure. */
#pragma once

#include "spec/config.h"
#include "oci/image_spec.h"

struct commit_words {
	const char *created; /* RFC 3339 */
	const char *author, *comment; /* NULL: none */
	struct oci_strings changes;   /* image_change.h */
};

/* image_commit_config - *image: its image's, which is changed. diff_id: of the layer with what the container changed, NULL
 * when that is nothing. -EINVAL: a change. Text belongs to a, or is c's. */
int image_commit_config(const struct container_config *c, const struct commit_words *words,
			const struct digest *diff_id, struct image_full_config *image, struct arena *a, struct err *e);

/* image_import_config - of an image that is this one layer; os and architecture stand in *image. */
int image_import_config(const struct commit_words *words, const struct digest *diff_id, struct image_full_config *image,
			struct arena *a, struct err *e);
