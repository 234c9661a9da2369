/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/cpulist.h"

#include <errno.h>
#include <string.h>

#define WORDS (CPULIST_MAX / 64)

static int range_parse(struct sv text, uint64_t *ret_from, uint64_t *ret_to)
{
	struct sv from, to;
	bool pair = sv_cut(text, '-', &from, &to);
	int r = sv_u64(from, ret_from);

	if (r == 0)
		r = sv_u64(pair ? to : from, ret_to);
	if (r < 0)
		return r;
	if (*ret_to >= CPULIST_MAX)
		return -ERANGE;
	return *ret_from > *ret_to ? -EINVAL : 0;
}

int cpulist_parse(struct sv text, struct cpulist *ret)
{
	struct cpulist c = { 0 };
	struct sv field;

	if (text.n && text.p[text.n - 1] == '\n')
		text.n--;
	if (text.n && text.p[text.n - 1] == ',')
		return -EINVAL;
	while (text.n && sv_next(&text, ',', &field)) {
		uint64_t from, to;
		int r = range_parse(field, &from, &to);

		if (r < 0)
			return r;
		for (uint64_t i = from; i <= to; i++)
			c.bits[i / 64] |= UINT64_C(1) << i % 64;
	}
	*ret = c;
	return 0;
}

unsigned cpulist_count(const struct cpulist *c)
{
	unsigned n = 0;

	for (size_t i = 0; i < WORDS; i++)
		n += (unsigned)__builtin_popcountll(c->bits[i]);
	return n;
}

bool cpulist_eq(const struct cpulist *a, const struct cpulist *b)
{
	return memcmp(a->bits, b->bits, sizeof a->bits) == 0;
}

bool cpulist_is_subset(const struct cpulist *part, const struct cpulist *whole)
{
	for (size_t i = 0; i < WORDS; i++)
		if (part->bits[i] & ~whole->bits[i])
			return false;
	return true;
}
