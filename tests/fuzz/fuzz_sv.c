/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_sv.c - string views: numbers and fields of any bytes; what is taken apart must add up again. */
#include "base/sv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool ok)
{
	if (!ok)
		abort();
}

static void numbers(struct sv text)
{
	char printed[24];
	uint64_t u = 7;
	int64_t i = 7;

	if (sv_u64(text, &u) == 0) {
		(void)snprintf(printed, sizeof printed, "%llu", (unsigned long long)u);
		require(sv_has_suffix(text, printed)); /* leading zeros are fine */
	} else {
		require(u == 7);
	}
	if (sv_i64(text, &i) < 0)
		require(i == 7);
}

static void fields(struct sv text)
{
	struct sv rest = text, field, head, tail;
	size_t seen = 0, count = 0;

	while (sv_next(&rest, ',', &field)) {
		require(field.n == 0 || !memchr(field.p, ',', field.n));
		seen += field.n;
		count++;
		numbers(sv_trim(field));
	}
	require(seen + count >= text.n && seen <= text.n);
	if (sv_cut(text, ':', &head, &tail))
		require(head.n + tail.n + 1 == text.n);
	if (sv_rcut(text, ':', &head, &tail))
		require(head.n + tail.n + 1 == text.n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sv text = { (const char *)data, size };
	char *copy;

	numbers(text);
	fields(text);
	copy = sv_dup(text);
	require(!copy || strlen(copy) == size);
	free(copy);
	return 0;
}
