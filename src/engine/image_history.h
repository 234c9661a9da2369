/* SPDX-License-Identifier: Apache-2.0 */
/* image_history.h - how an image came about: the steps that its configuration tells of (image-spec, "history"), newest
 * first, and the bytes that each one's layer has here. */
#pragma once

#include "engine/images.h"

struct image_step {
	const char *created, *created_by, *comment; /* NULL: it does not say */
	int64_t size_bytes;                         /* of its layer, unpacked; 0: it made none */
	bool has_layer;
};

struct image_steps {
	struct image_step *v;
	size_t n;
};

/* image_history - an image that tells nothing has a step for each layer. -EINVAL: the configuration is malformed. Text
 * belongs to the arena. */
int image_history(struct db *db, const struct image_row *image, struct arena *a, struct image_steps *ret,
		  struct err *e);
