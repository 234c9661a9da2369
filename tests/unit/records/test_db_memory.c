/* SPDX-License-Identifier: Apache-2.0 */
#include "records/db_memory.h"

#include "../test.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define HELD 200

struct held {
	unsigned char *p;
	int n;
	unsigned char mark;
};

static uint32_t next(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 8;
}

/* Mostly small, now and then more than any class has. */
static int some_size(uint32_t *seed)
{
	static const int most[] = { 40, 600, 3000, 33000, 90000 };

	return 1 + (int)(next(seed) % (uint32_t)most[next(seed) % 16 < 12 ? next(seed) % 2 : next(seed) % 5]);
}

static void check(const struct held *h)
{
	for (int i = 0; i < h->n; i++)
		assert_int_equal(h->mark, h->p[i]);
}

static void fill(struct held *h, uint32_t *seed)
{
	h->mark = (unsigned char)next(seed);
	memset(h->p, h->mark, (size_t)h->n);
}

/* Pieces that do not overlap, keep what they hold when they are resized, and are as large as they say. */
TEST(pieces_do_not_overlap_and_keep_what_they_hold)
{
	struct held held[HELD] = { 0 };
	uint32_t seed = 7;

	for (int round = 0; round < 20000; round++) {
		struct held *h = &held[next(&seed) % HELD];
		int n = some_size(&seed);

		if (!h->p) {
			h->p = db_memory.xMalloc(n);
			assert_int_equal(0, (uintptr_t)h->p % 8);
		} else if (next(&seed) % 3 == 0) {
			check(h);
			h->p = db_memory.xRealloc(h->p, n);
			for (int i = 0; i < (n < h->n ? n : h->n); i++)
				assert_int_equal(h->mark, h->p[i]);
		} else {
			check(h);
			db_memory.xFree(h->p);
			h->p = NULL;
			continue;
		}
		assert_non_null(h->p);
		assert_true(db_memory.xSize(h->p) >= n);
		h->n = n;
		fill(h, &seed);
	}
	for (struct held *h = held; h < held + HELD; h++)
		if (h->p)
			db_memory.xFree(h->p);
}

/* What SQLite asks for after xRoundup is what it gets: no piece is larger than it is told. */
TEST(a_piece_is_as_large_as_it_was_said_to_be)
{
	for (int n = 1; n < 70000; n += n < 2000 ? 1 : 37) {
		int rounded = db_memory.xRoundup(n);
		void *p = db_memory.xMalloc(n);

		assert_true(rounded >= n && rounded <= n + n / 2 + 32);
		assert_int_equal(rounded, db_memory.xRoundup(rounded));
		assert_true(db_memory.xSize(p) >= n && db_memory.xSize(p) <= rounded);
		db_memory.xFree(p);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		RUN(pieces_do_not_overlap_and_keep_what_they_hold),
		RUN(a_piece_is_as_large_as_it_was_said_to_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
