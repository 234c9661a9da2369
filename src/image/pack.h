/* SPDX-License-Identifier: Apache-2.0 */
/* pack.h - the tree of a layer, or the upper directory of a container, becomes a layer's blob: a tar archive in which marks
 * of overlayfs are whiteouts as image-spec tells them (layer.md), gzip. */
#pragma once

#include "image/staging.h"

#include <stdbool.h>

struct pack_options {
	int upper; /* the directory, borrowed */
	bool top;  /* its own owner, mode and time too */
	void (*told)(void *arg, int64_t bytes); /* of files, so far; NULL: nobody wants to know */
	void *arg;
};

/* pack_upper - *ret_any: there is something in it; else the archive is empty. The same tree makes the same bytes. */
int pack_upper(struct staging *s, const struct pack_options *o, struct digest *ret_diff_id, struct staged *ret,
	       bool *ret_any, struct err *e);
