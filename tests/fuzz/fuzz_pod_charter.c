/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_pod_charter.c - what a pod's monitor is told: read or refused, with a text; what was read has what it must have.
 * Lines in the place of fields that end with a NUL: seeds are text. */
#include "base/limits.h"
#include "monitor/pod_charter.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = ARENA(LIMIT_CONTROL_MSG);
	struct pod_charter c = { .uid = NULL };
	struct err e = { 0 };
	char *text = malloc(size + 1);
	int r;

	if (!text)
		abort();
	for (size_t i = 0; i < size; i++)
		text[i] = data[i] == '\n' ? '\0' : (char)data[i];
	r = pod_charter_parse((struct sv){ text, size }, &a, &c, &e);

	if (r < 0 ? c.uid || !e.msg[0] : !c.uid || !c.n || !c.v[c.n - 1].id)
		abort();
	arena_done(&a);
	free(text);
	return 0;
}
