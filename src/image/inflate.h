/* SPDX-License-Identifier: Apache-2.0 */
/* inflate.h - a layer's stored bytes become its tar stream, digested as it flows: gzip(1) by ISA-L, zstd, xz and bzip2 by
 * libarchive, else as it is. The first bytes decide; the media type is not trusted (Docker's neither).
 *
 * A gzip stream may have many members (pigz, eStargz), then only zero bytes. Everything that was put in is verified:
 * truncation and a wrong CRC are -EBADMSG. More than max_bytes out is -EFBIG: a bomb. */
#pragma once

#include "base/err.h"
#include "oci/digest.h"

#include <stdint.h>
#include <sys/types.h>

/* Where stored bytes come from: a file now, a download while it runs later. read: like read(2), errors in *e. */
struct byte_source {
	ssize_t (*read)(void *arg, void *to, size_t n, struct err *e);
	void *arg;
};

struct byte_source byte_source_fd(const int *fd); /* *fd must live as long */

struct inflate;

int inflate_open(struct byte_source from, uint64_t max_bytes, struct inflate **ret, struct err *e);
/* inflate_ahead - from now on a thread inflates and digests ahead of inflate_next, and alone reads the source; if there is
 * one to be had. inflate_free waits for a read that is under way. */
void inflate_ahead(struct inflate *in);
/* inflate_next - the next block, valid until the next call. Bytes, 0 at the end, or -errno. */
ssize_t inflate_next(struct inflate *in, const void **ret_block, struct err *e);
/* inflate_end - read what is left, and give the digest of all that came out. */
int inflate_end(struct inflate *in, struct digest *ret_diff_id, struct err *e);
void inflate_free(struct inflate *in);

static inline void inflate_scope_end(struct inflate **in)
{
	inflate_free(*in);
}

#define scoped_inflate SCOPED(inflate_scope_end) struct inflate *
