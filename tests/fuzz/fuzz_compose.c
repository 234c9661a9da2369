/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_compose.c - compose files: a failure has a message and leaves the result alone; of each service there is an image. */
#include "base/scope.h"
#include "manifest/compose.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool ok)
{
	if (!ok)
		abort();
}

static const char *variable(void *context, const char *name)
{
	return name[0] == 'A' ? "$x" : name[0] == 'B' ? "" : NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	scoped_arena a = ARENA(256u << 20);
	struct documents d = { 0 };
	const struct compose_outside outside = { .variable = variable };
	struct oci_pairs pairs = { .n = 7777777 };
	struct err e = { 0 };

	if (compose_dotenv((struct sv){ (const char *)data, size }, &outside, &a, &pairs, &e) < 0)
		require(e.msg[0] && pairs.n == 7777777);
	else
		for (size_t i = 0; i < pairs.n; i++)
			require(pairs.v[i].key[0] && pairs.v[i].value);
	e = (struct err){ 0 };
	if (documents_parse((struct sv){ (const char *)data, size }, &a, &d, &e) < 0)
		return 0;
	for (size_t i = 0; i < d.n; i++) {
		struct compose_services l = { .n = 7777777 };

		if (!compose_is(d.v[i]))
			continue;
		if (compose_read(d.v[i], &outside, &a, &l, &e) < 0) {
			require(e.msg[0] && l.n == 7777777);
			continue;
		}
		for (size_t k = 0; k < l.n; k++)
			require(l.v[k].name && l.v[k].args.n > 0);
	}
	return 0;
}
