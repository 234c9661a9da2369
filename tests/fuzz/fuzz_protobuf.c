/* SPDX-License-Identifier: Apache-2.0 */
/* An answer of criu's: fields, and messages in them. */
#include "runtime_cli/protobuf.h"

#include "base/scope.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void walk(struct sv message, unsigned depth)
{
	const char *end = message.p + message.n;
	struct pb_field f;

	while (pb_next(&message, &f) == 1) {
		if (f.data.p && (f.data.p + f.data.n > end || f.number == 0))
			abort();
		if (f.data.n && depth < 8)
			walk(f.data, depth + 1);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	walk((struct sv){ (const char *)data, size }, 0);
	return 0;
}
