/* SPDX-License-Identifier: Apache-2.0 */
/* fetch.h - blobs of a registry come into the content store, several at a time, and can be read while they come.
 *
 * The bytes go to the blob's partial file (storage/partial.h) and are digested on the way; readers follow in the file. So a
 * slow reader holds no download up, and what is there survives whatever ends this process: the next one goes on behind it.
 * A transfer that breaks is taken up again where it broke, as long as it gets on. */
#pragma once

#include "image/registry.h"
#include "image/source.h"
#include "oci/image_spec.h"

struct fetch;

/* What becomes of a blob: called from any thread, one at a time. */
enum fetch_step {
	FETCH_WAITING,     /* for a connection */
	FETCH_LOADING,     /* done of d->size bytes are there */
	FETCH_VERIFIED,    /* all, and they have the digest */
	FETCH_AGAIN,       /* it broke, and is tried again */
};
typedef void fetch_told_fn(void *arg, const struct image_descriptor *d, enum fetch_step step, int64_t done);

/* fetch_new - told: NULL: nobody wants to know. stop is set by fetch_stop(), and whoever sets it stops all. */
int fetch_new(struct registry *reg, int content, atomic_bool *stop, fetch_told_fn *told, void *arg, struct fetch **ret,
	      struct err *e);
void fetch_stop(struct fetch *f);
void fetch_free(struct fetch *f); /* stops and waits for its threads */

/* fetch_start - in the background, by so many threads; the descriptors must live as long as f. */
int fetch_start(struct fetch *f, const struct image_descriptor *const *blobs, size_t n, unsigned threads,
		struct err *e);

/* fetch_open - read a blob that was started. fetch_close - waits for its last byte; 0: they have the digest.
 * -ESTALE: what an earlier process had left of it was damaged; it is gone now, and another attempt begins from nothing. */
int fetch_open(struct fetch *f, const struct image_descriptor *d, struct layer_stream *ret, struct err *e);
int fetch_close(struct fetch *f, struct layer_stream *s, struct err *e);

/* fetch_document - a small one, at once; its bytes are appended to b. */
int fetch_document(struct fetch *f, struct http *h, const struct image_descriptor *d, struct buf *b, struct err *e);

static inline void fetch_scope_end(struct fetch **f)
{
	fetch_free(*f);
}

#define scoped_fetch SCOPED(fetch_scope_end) struct fetch *
