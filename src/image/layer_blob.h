/* SPDX-License-Identifier: Apache-2.0 */
/* layer_blob.h - a tar stream becomes a layer's blob: gzip by ISA-L, digested before and after. */
#pragma once

#include "image/staging.h"

#include <stddef.h>

struct layer_blob;

/* layer_blob_begin - a new file in the staging folder, which must live as long. */
int layer_blob_begin(struct staging *s, struct layer_blob **ret, struct err *e);
/* layer_blob_add - arg: the blob. A tar_bytes_fn (tar_write.h). */
int layer_blob_add(void *arg, const void *data, size_t n, struct err *e);
/* layer_blob_end - *ret_diff_id: of what was added. Then it is only to be freed. */
int layer_blob_end(struct layer_blob *b, struct digest *ret_diff_id, struct staged *ret, struct err *e);
void layer_blob_free(struct layer_blob *b);

static inline void layer_blob_scope_end(struct layer_blob **b)
{
	layer_blob_free(*b);
}

#define scoped_layer_blob SCOPED(layer_blob_scope_end) struct layer_blob *
