/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_endpoint.c - records of endpoints: what is read can be written, and is then read as the same. */
#include "base/limits.h"
#include "base/scope.h"
#include "network/record.h"

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
	struct arena a = ARENA(LIMIT_ARENA_ENDPOINT), b = ARENA(LIMIT_ARENA_ENDPOINT);
	struct buf text = BUF(LIMIT_RECORD);
	struct endpoint one, two;

	if (endpoint_parse((struct sv){ (const char *)data, size }, &a, &one, NULL) == 0 &&
	    endpoint_print(&one, &text, NULL) == 0) {
		require(endpoint_parse(buf_sv(&text), &b, &two, NULL) == 0);
		require(strcmp(one.name, two.name) == 0 && one.alias_count == two.alias_count);
		require(one.upstream_count == two.upstream_count && one.relay_count == two.relay_count);
	}
	buf_done(&text);
	arena_done(&a);
	arena_done(&b);
	return 0;
}
