/* SPDX-License-Identifier: Apache-2.0 */
/* sha256.h - SHA-256 as it flows by, with the CPU's instructions for it (libcrypto's EVP_DigestInit(3)). */
#pragma once

#include "base/err.h"
#include "oci/digest.h"

struct sha256;

/* sha256_new - -ENOMEM; -EIO: libcrypto refuses. */
int sha256_new(struct sha256 **ret, struct err *e);
void sha256_add(struct sha256 *h, const void *data, size_t n);
/* sha256_end - the digest of all that was added; h is only to be freed then. -EIO: an earlier step failed. */
int sha256_end(struct sha256 *h, struct digest *ret, struct err *e);
void sha256_free(struct sha256 *h);

/* sha256_of - of n bytes at once. */
int sha256_of(const void *data, size_t n, struct digest *ret, struct err *e);

static inline void sha256_scope_end(struct sha256 **h)
{
	sha256_free(*h);
}

#define scoped_sha256 SCOPED(sha256_scope_end) struct sha256 *
