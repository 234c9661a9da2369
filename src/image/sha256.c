/* SPDX-License-Identifier: Apache-2.0 */
#include "image/sha256.h"

#include "base/scope.h"

#include <openssl/evp.h>

struct sha256 {
	EVP_MD_CTX *ctx;
	bool failed;
};

int sha256_new(struct sha256 **ret, struct err *e)
{
	struct sha256 *h = calloc(1, sizeof *h);

	if (!h)
		return err_oom(e);
	h->ctx = EVP_MD_CTX_new();
	if (!h->ctx || EVP_DigestInit_ex(h->ctx, EVP_sha256(), NULL) != 1) {
		sha256_free(h);
		return err_set(e, EIO, "SHA-256: libcrypto refuses");
	}
	*ret = h;
	return 0;
}

void sha256_add(struct sha256 *h, const void *data, size_t n)
{
	if (n && EVP_DigestUpdate(h->ctx, data, n) != 1)
		h->failed = true;
}

int sha256_end(struct sha256 *h, struct digest *ret, struct err *e)
{
	static const char digits[] = "0123456789abcdef";
	unsigned char raw[EVP_MAX_MD_SIZE];
	unsigned n = 0;

	if (h->failed || EVP_DigestFinal_ex(h->ctx, raw, &n) != 1 || n != DIGEST_HEX / 2)
		return err_set(e, EIO, "SHA-256: libcrypto failed");
	for (unsigned i = 0; i < n; i++) {
		ret->hex[2 * i] = digits[raw[i] >> 4];
		ret->hex[2 * i + 1] = digits[raw[i] & 15];
	}
	ret->hex[DIGEST_HEX] = '\0';
	return 0;
}

void sha256_free(struct sha256 *h)
{
	if (!h)
		return;
	EVP_MD_CTX_free(h->ctx);
	free(h);
}

int sha256_of(const void *data, size_t n, struct digest *ret, struct err *e)
{
	scoped_sha256 h = NULL;
	int r = sha256_new(&h, e);

	if (r < 0)
		return r;
	sha256_add(h, data, n);
	return sha256_end(h, ret, e);
}
