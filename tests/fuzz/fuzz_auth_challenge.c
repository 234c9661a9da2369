/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_auth_challenge.c - any bytes as a registry's WWW-Authenticate; every step takes something off it, and what is taken
 * is text. */
#include "oci/auth_challenge.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool ok)
{
	if (!ok)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sv header = { (const char *)data, size };
	struct auth_challenge c;
	struct err e = { 0 };
	size_t before = size + 1;
	int r;

	while ((r = auth_challenge_next(&header, &c, &e)) == 1) {
		require(header.n < before && c.scheme[0]);
		before = header.n;
		require(memchr(c.realm, '\0', sizeof c.realm) && memchr(c.service, '\0', sizeof c.service) &&
			memchr(c.scope, '\0', sizeof c.scope));
	}
	require(r == 0 || (e.code == -r && e.msg[0]));
	return 0;
}
