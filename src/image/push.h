/* SPDX-License-Identifier: Apache-2.0 */
/* push.h - an image of the store goes to a registry, byte for byte as it is kept: blobs that the registry lacks, several at
 * a time, then the manifest. */
#pragma once

#include "image/registry.h"
#include "oci/image_spec.h"

enum push_step {
	PUSH_PREPARING,
	PUSH_SENDING, /* done of d->size bytes */
	PUSH_SENT,
	PUSH_THERE,   /* the registry had it */
	PUSH_MOUNTED, /* the registry took it from another repository: `from` */
};

struct push_options {
	struct registry_options registry; /* .stop is set here */
	int content;                      /* borrowed */
	/* Another repository of the same registry that may have this blob; "" none. Called by one thread at a time. */
	void (*elsewhere)(void *arg, const struct digest *d, char ret[REFERENCE_PATH_MAX + 1]);
	/* From any thread, one at a time. */
	void (*told)(void *arg, const struct image_descriptor *d, enum push_step step, int64_t done, const char *from);
	void *arg;
};

/* push_image - manifest: its bytes; ref: with a tag. -ENOENT: a blob is not kept (any more). */
int push_image(const struct push_options *o, const struct reference *ref, struct sv manifest, struct digest *ret_digest,
	       struct err *e);
