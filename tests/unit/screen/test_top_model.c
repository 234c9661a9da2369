/* SPDX-License-Identifier: Apache-2.0 */
#include "../test.h"
#include "screen/top_model.h"

#include "base/limits.h"
#include "base/scope.h"

#include <string.h>

#define S INT64_C(1000000000)

static struct top_sample sample(const char *name, int64_t cpu_ns, int64_t memory)
{
	return (struct top_sample){ .key = name,
				    .name = name,
				    .cpu_ns = cpu_ns,
				    .periods = CG_UNSET,
				    .throttled_periods = CG_UNSET,
				    .memory_bytes = memory,
				    .limit_bytes = 1000,
				    .pids = 1,
				    .pids_limit = CG_MAX };
}

static void next(struct top_model *m, const struct top_sample *v, size_t n, int64_t at, bool keep, enum top_order by)
{
	struct arena texts = ARENA(LIMIT_ARENA_STATS);

	assert_int_equal(0, top_model_next(m, &texts, v, n, at, keep, by, NULL));
	assert_null(texts.last); /* the model's now */
}

static void expect_order(const struct top_model *m, const char *names)
{
	char got[256] = "";

	for (size_t i = 0; i < m->n; i++)
		(void)snprintf(got + strlen(got), sizeof got - strlen(got), "%s%s", i ? " " : "", m->shown[i]->s.name);
	assert_string_equal(names, got);
}

TEST(rates_are_those_between_two_looks)
{
	struct top_model m;
	struct top_sample v[] = { sample("a", 0, 500) };

	top_model_init(&m);
	v[0].periods = v[0].throttled_periods = 10;
	next(&m, v, 1, S, false, TOP_BY_CPU);
	assert_int_equal(0, m.shown[0]->cpu);
	assert_int_equal(CG_UNSET, m.shown[0]->throttled);
	v[0].cpu_ns = S;
	v[0].periods = 20;
	v[0].throttled_periods = 15;
	v[0].read_bytes = 4000;
	next(&m, v, 1, 3 * S, false, TOP_BY_CPU);
	assert_int_equal(5000, m.shown[0]->cpu);
	assert_int_equal(5000, m.shown[0]->throttled);
	assert_int_equal(2000, m.shown[0]->read_bps);
	assert_int_equal(2, m.shown[0]->looks);
	assert_int_equal(5000, m.shown[0]->memory_history[1]);
	v[0].cpu_ns = 0; /* another life */
	next(&m, v, 1, 4 * S, false, TOP_BY_CPU);
	assert_int_equal(0, m.shown[0]->cpu);
	top_model_done(&m);
}

TEST(rows_are_sorted_by_any_column_and_a_tree_keeps_its_order)
{
	struct top_model m;
	struct top_sample v[] = { sample("b", 0, 10), sample("a", 0, 30), sample("c", 0, 20) };

	top_model_init(&m);
	next(&m, v, 3, S, false, TOP_BY_NAME);
	expect_order(&m, "a b c");
	v[2].cpu_ns = S;
	next(&m, v, 3, 2 * S, false, TOP_BY_CPU);
	expect_order(&m, "c a b");
	next(&m, v, 3, 3 * S, false, TOP_BY_MEMORY);
	expect_order(&m, "a c b");
	next(&m, v, 3, 4 * S, true, TOP_BY_MEMORY);
	expect_order(&m, "b a c");
	assert_int_equal(1, top_model_find(&m, "a"));
	assert_int_equal(3, top_model_find(&m, "x"));
	top_model_done(&m);
}

TEST(what_comes_and_goes_keeps_the_history_of_the_others)
{
	struct top_model m;
	struct top_sample v[] = { sample("a", 0, 100), sample("b", 0, 100) };

	top_model_init(&m);
	for (int i = 1; i < 40; i++) {
		v[0].memory_bytes = i;
		next(&m, v, i % 2 ? 2 : 1, i * S, false, TOP_BY_NAME);
	}
	assert_int_equal(TOP_HISTORY, m.shown[0]->looks);
	assert_int_equal(390, m.shown[0]->memory_history[TOP_HISTORY - 1]);
	assert_int_equal(160, m.shown[0]->memory_history[0]);
	assert_int_equal(1, m.shown[1]->looks);
	next(&m, NULL, 0, 41 * S, false, TOP_BY_NAME);
	assert_int_equal(0, m.n);
	top_model_done(&m);
}

TEST(a_spark_has_eight_heights)
{
	assert_int_equal(0, top_spark(0, 100));
	assert_int_equal(0, top_spark(5, 0));
	assert_int_equal(4, top_spark(50, 100));
	assert_int_equal(7, top_spark(100, 100));
	assert_int_equal(7, top_spark(INT32_MAX, INT32_MAX));
	assert_int_equal(7, top_spark(INT32_MAX - 1, INT32_MAX));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(rates_are_those_between_two_looks),
		RUN(rows_are_sorted_by_any_column_and_a_tree_keeps_its_order),
		RUN(what_comes_and_goes_keeps_the_history_of_the_others),
		RUN(a_spark_has_eight_heights),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
