/* SPDX-License-Identifier: Apache-2.0 */
/* staging.h - new blobs of the content store (storage/content.h) in the making: written, digested, then renamed.
 *
 * A blob appears whole, and replaces one of the same name: a load heals what a power cut damaged. Nothing is synced here;
 * image_load() does it once, before rows tell of the image. */
#pragma once

#include "base/err.h"
#include "base/sv.h"
#include "oci/digest.h"

#include <stdint.h>

/* Where new blobs are written. */
struct staging {
	int content; /* borrowed */
	int dir;     /* -1: none */
	char name[64];
	unsigned count;
};

int staging_begin(int content, struct staging *ret, struct err *e);
/* staging_end - remove what was not adopted. Fine when it was never begun and dir is -1. */
void staging_end(struct staging *s);

/* A file in the staging folder: <folder>/<number>. */
struct staged {
	unsigned number;
	int64_t size;
	struct digest digest;
};

/* staging_write - read source to its end. -EFBIG: more than max_bytes. */
struct byte_source;
int staging_write(struct staging *s, struct byte_source from, int64_t max_bytes, struct staged *ret, struct err *e);
/* staging_text - the same of text in memory. staging_create - an empty file, to be written by the caller. */
int staging_text(struct staging *s, struct sv text, struct staged *ret, struct err *e);
int staging_create(struct staging *s, unsigned *ret_number, int *ret_fd, struct err *e);
/* staging_open - to read it. The caller closes. */
int staging_open(const struct staging *s, const struct staged *f, int *ret_fd, struct err *e);
/* staging_adopt - it becomes a blob. Twice is fine. */
int staging_adopt(const struct staging *s, const struct staged *f, struct err *e);
