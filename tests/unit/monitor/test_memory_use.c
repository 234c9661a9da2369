/* SPDX-License-Identifier: Apache-2.0 */
#include "../test.h"
#include "monitor/memory_use.h"

#include <string.h>

static void add(struct memory_use *u, int64_t time_ms, int64_t bytes)
{
	memory_samples_add(u, (struct memory_sample){ time_ms, bytes });
}

static const char *printed(const struct memory_use *u)
{
	static char text[MEMORY_SAMPLES_TEXT];

	memory_samples_print(u, text);
	return text;
}

TEST(of_a_level_that_lasts_the_first_and_the_last_sample_stay)
{
	struct memory_use u = { .limit_bytes = 1000 };

	assert_string_equal("", printed(&u));
	add(&u, 1, 100);
	add(&u, 2, 101);
	add(&u, 3, 99);
	add(&u, 4, 100);
	assert_string_equal("1:100 4:100", printed(&u));
	add(&u, 5, 200);
	add(&u, 6, 100);
	assert_string_equal("1:100 4:100 5:200 6:100", printed(&u));
}

TEST(the_last_ones_are_kept_and_fit_into_their_text)
{
	struct memory_use u = { .limit_bytes = 1000 };
	struct memory_sample s;
	struct sv rest;

	for (int64_t i = 0; i < 30; i++)
		add(&u, INT64_MAX - 100 + i, i % 2 ? INT64_MAX : 0);
	assert_int_equal(MEMORY_SAMPLES, u.n);
	rest = sv_from(printed(&u));
	assert_true(rest.n < MEMORY_SAMPLES_TEXT);
	assert_int_equal(1, memory_samples_next(&rest, &s));
	assert_int_equal(INT64_MAX - 100 + 30 - MEMORY_SAMPLES, s.time_ms);
	for (unsigned i = 1; memory_samples_next(&rest, &s); i++)
		assert_true(i < MEMORY_SAMPLES);
}

TEST(what_is_no_sample_ends_the_list)
{
	static const char *const wrong[] = { "", "5", "5:", ":5", "5:x", "-1:5", "5:-1", "99999999999999999999:1" };
	struct memory_sample s = { 7, 7 };

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		struct sv rest = sv_from(wrong[i]);

		assert_int_equal(0, memory_samples_next(&rest, &s));
		assert_int_equal(7, s.time_ms);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(of_a_level_that_lasts_the_first_and_the_last_sample_stay),
		RUN(the_last_ones_are_kept_and_fit_into_their_text),
		RUN(what_is_no_sample_ends_the_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
