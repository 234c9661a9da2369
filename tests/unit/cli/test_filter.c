/* SPDX-License-Identifier: Apache-2.0 */
#include "base/scope.h"
#include "cli/filter.h"

#include "../test.h"

#include <errno.h>
#include <string.h>

struct thing {
	const char *colour;
	int64_t size;
};

static bool colour_holds(const struct filter *f, const void *object)
{
	return strcmp(((const struct thing *)object)->colour, f->value) == 0;
}

static int check_size(struct filter *f, struct err *e)
{
	f->number = (int64_t)strlen(f->value);
	return f->number ? 0 : err_set(e, EINVAL, "a size");
}

static bool size_holds(const struct filter *f, const void *object)
{
	return ((const struct thing *)object)->size >= f->number;
}

static const struct filter_row rows[] = {
	{ "colour", NULL, colour_holds },
	{ "size", check_size, size_holds, .all = true },
};

struct options {
	int before;
	struct filters filters;
};

static const struct option row = { "filter", 'f', "NAME=VALUE", "", filter_set, offsetof(struct options, filters) };

static int set(struct options *o, struct arena *a, const char *text, struct err *e)
{
	return filter_set(&(struct option_call){ &row, a, o, text, true }, e);
}

static const struct {
	const char *given[4];
	struct thing thing;
	bool holds;
} cases[] = {
	{ { NULL }, { "red", 0 }, true },
	{ { "colour=red" }, { "red", 0 }, true },
	{ { "colour=red" }, { "blue", 0 }, false },
	{ { "colour=red", "colour=blue" }, { "blue", 0 }, true }, /* alternatives */
	{ { "size=x", "size=xxx" }, { "blue", 2 }, false },       /* each of them */
	{ { "size=x", "size=xxx" }, { "blue", 3 }, true },
	{ { "colour=red", "size=x" }, { "red", 0 }, false }, /* both names */
	{ { "colour=red", "size=x" }, { "red", 1 }, true },
	{ { "colour=a=b" }, { "a=b", 0 }, true },
};

TEST(filters_of_one_name_are_alternatives_and_names_add_up)
{
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct options o = { .filters = FILTERS(rows) };
		scoped_arena a = ARENA(1 << 16);

		for (size_t k = 0; cases[i].given[k]; k++)
			assert_int_equal(0, set(&o, &a, cases[i].given[k], NULL));
		if (filters_hold(&o.filters, &cases[i].thing) != cases[i].holds)
			fail_msg("case %zu", i);
	}
}

static const struct {
	const char *text, *message;
	int rc; /* -EDOM: a filter, but none that there is */
} bad[] = {
	{ "colour", "invalid argument: a filter is NAME=VALUE (colour, size)", -EINVAL },
	{ "shape=round", "invalid filter 'shape' (colour, size)", -EDOM },
	{ "=round", "invalid filter '' (colour, size)", -EDOM },
	{ "size=", "a size", -EDOM },
};

TEST(what_is_no_filter_says_which_there_are)
{
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct options o = { .filters = FILTERS(rows) };
		scoped_arena a = ARENA(1 << 16);
		struct err e = { 0 };

		assert_int_equal(bad[i].rc, set(&o, &a, bad[i].text, &e));
		assert_string_equal(bad[i].message, e.msg);
		assert_int_equal(0, o.filters.given.n);
	}
}

TEST(labels_hold_by_key_or_by_key_and_value)
{
	struct oci_pair pairs[] = { { "a.b", "c" }, { "empty", "" } };
	struct oci_pairs labels = { pairs, 2 };

	assert_true(filter_label("a.b", &labels));
	assert_true(filter_label("a.b=c", &labels));
	assert_false(filter_label("a.b=", &labels));
	assert_true(filter_label("empty=", &labels));
	assert_false(filter_label("a", &labels));
	assert_false(filter_label("", &labels));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(filters_of_one_name_are_alternatives_and_names_add_up),
		RUN(what_is_no_filter_says_which_there_are),
		RUN(labels_hold_by_key_or_by_key_and_value),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
