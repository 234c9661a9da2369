/* SPDX-License-Identifier: Apache-2.0 */
/* source.h - where an image's bytes come from while it is brought into the store: a layout, a registry. */
#pragma once

#include "base/buf.h"
#include "base/err.h"
#include "image/inflate.h"
#include "oci/image_spec.h"

/* A layer's stored bytes on their way. Must not be moved while it is open. */
struct layer_stream {
	struct byte_source bytes;
	int fd;       /* the source's own, as is handle */
	void *handle;
};

struct image_source_ops {
	/* read - append a document's bytes, verified. */
	int (*read)(void *arg, const struct image_descriptor *d, struct buf *b, struct err *e);
	/* announce - these layers are going to be opened, each once, the lowest first. NULL: no matter. */
	int (*announce)(void *arg, const struct image_descriptor *const *layers, size_t n, struct err *e);
	/* open, close - from any thread. A success of close says that the bytes were those of the digest. */
	int (*open)(void *arg, const struct image_descriptor *d, struct layer_stream *ret, struct err *e);
	int (*close)(void *arg, const struct image_descriptor *d, struct layer_stream *s, struct err *e);
	/* cancel - whoever waits for bytes shall fail with -ECANCELED. NULL: nobody waits. */
	void (*cancel)(void *arg);
	/* keep - it becomes a blob of the content store, if it is not one yet. -ENOENT: the source lacks it. */
	int (*keep)(void *arg, const struct digest *d, struct err *e);
};

struct image_source {
	const struct image_source_ops *ops;
	void *arg;
	unsigned workers; /* that unpack layers at the same time; 1: the caller's thread does it; 0: one a processor */
};
