/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_detach_keys.c - a line that names keys, and what is typed: all of it is passed on, but for what may be the keys' beginning,
 * up to where the keys stand for the first time. However it comes in pieces. */
#include "base/scope.h"
#include "engine/detach_keys.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool ok)
{
	if (!ok)
		abort();
}

static void type(const struct detach_keys *keys, const char *text, size_t n, size_t piece)
{
	struct detach_keys k = *keys;
	const char *at = n ? memmem(text, n, k.key, k.n) : NULL;
	char *out = malloc(n + 2 * DETACH_KEYS_MAX);
	size_t have = 0, passed;
	int found = 0;

	require(out);
	for (size_t from = 0; !found && from < n; from += piece) {
		found = detach_keys_filter(&k, text + from, n - from < piece ? n - from : piece, out + have, &passed);
		have += passed;
	}
	require(found == (at != NULL));
	require(have + (found ? 0 : k.seen) == (at ? (size_t)(at - text) : n));
	require(have == 0 || memcmp(out, text, have) == 0);
	free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end = size ? memchr(data, '\n', size) : NULL;
	struct detach_keys k = { .n = 77 };
	struct err e = { 0 };
	size_t names = end ? (size_t)(end - data) : size;
	char *text = calloc(1, names + 1);

	require(text);
	if (names)
		memcpy(text, data, names);
	if (detach_keys_parse(text, &k, &e) < 0) {
		require(k.n == 77 && e.msg[0]);
	} else {
		require(k.n >= 1 && k.n <= DETACH_KEYS_MAX && !k.seen);
		for (size_t piece = 1; end && piece < 8; piece += 3)
			type(&k, (const char *)end + 1, size - names - 1, piece);
	}
	free(text);
	return 0;
}
