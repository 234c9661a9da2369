/* SPDX-License-Identifier: Apache-2.0 */
/* repack.h - an image whose layers' blobs were not kept (keep-blobs in tare.conf(5)) gets new ones, packed from its layers'
 * trees. They have other bytes than those that came, and so have the config and the manifest, which name them. */
#pragma once

#include "base/arena.h"
#include "image/image.h"
#include "image/staging.h"

struct repack {
	struct sv manifest, config;
	const unsigned *numbers; /* layers/<number>/, lowest first */
	size_t n;
	void (*told)(void *arg, const struct digest *lost,
		     int64_t bytes); /* of files of a layer; NULL: nobody wants to know */
	void *arg;
};

/* image_repack - blobs, config and manifest are among the blobs then, unknown to all rows: the caller holds the content store
 * (content_hold()) as long as it needs them. 1: *ret_manifest is the new one; 0: nothing was missing. */
int image_repack(struct staging *s, const struct image_store *store, const struct repack *what, struct arena *a,
		 struct digest *ret_manifest, struct err *e);
