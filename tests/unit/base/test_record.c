/* SPDX-License-Identifier: Apache-2.0 */
#include "base/record.h"

#include "../test.h"

#include "base/scope.h"

#include <errno.h>
#include <string.h>

enum colour { RED, BLUE };

struct thing {
	const char *name;
	char word[6];
	const char **parts;
	size_t part_count;
	bool open;
	int small;
	int64_t wide;
	uint64_t huge;
	enum colour colour;
	int pair[2];
};

struct inner {
	int value;
};

struct leaf {
	const char *name;
	int weight;
};

struct tree {
	const char *name;
	struct leaf *leaves;
	size_t leaf_count;
};

static const char *const colour_names[] = { "red", "blue" };
static const struct record_names colours = { colour_names, ARRAY_LEN(colour_names) };

static bool not_bad(struct sv s)
{
	return !sv_is(s, "bad");
}

static int take_pair(struct record_reader *r, const struct record_row *row, struct sv value, struct err *e)
{
	struct thing *t = r->of[row->group];

	if (value.n != 2)
		return -EINVAL;
	for (int i = 0; i < 2; i++)
		t->pair[i] = value.p[i];
	return 0;
}

static void put_pair(const struct record_form *f, const struct record_row *row, const void *of, struct buf *b)
{
	const struct thing *t = of;
	const char text[] = { (char)t->pair[0], (char)t->pair[1], '\0' };

	if (*text)
		record_put(f, row->key, text, b);
}

static const struct record_row rows[] = {
	{ .key = "name", .kind = RECORD_TEXT, RECORD_AT(struct thing, name), .valid = not_bad },
	{ .key = "word", .kind = RECORD_CHARS, RECORD_AT(struct thing, word) },
	{ .key = "part", .kind = RECORD_TEXTS, RECORD_LIST_AT(struct thing, parts, part_count), .max = 3 },
	{ .key = "open", .kind = RECORD_FLAG, RECORD_AT(struct thing, open) },
	{ .key = "small", .kind = RECORD_INT, RECORD_AT(struct thing, small) },
	{ .key = "wide", .kind = RECORD_I64, RECORD_AT(struct thing, wide) },
	{ .key = "huge", .kind = RECORD_U64, RECORD_AT(struct thing, huge) },
	{ .key = "colour", .kind = RECORD_NAME, RECORD_AT(struct thing, colour), .names = &colours },
	{ .key = "pair", .kind = RECORD_OWN, .take = take_pair, .put = put_pair },
	{ .key = "value", .kind = RECORD_INT, .group = 1, RECORD_AT(struct inner, value) },
};

static const struct record_row tree_rows[] = {
	{ .key = "name", .kind = RECORD_TEXT, RECORD_AT(struct tree, name) },
	{ .key = "leaf", .kind = RECORD_EACH, .opens = 1, .max = 3, RECORD_LIST_AT(struct tree, leaves, leaf_count),
	  .size = sizeof(struct leaf) },
	{ .key = "weight", .kind = RECORD_INT, .group = 1, RECORD_AT(struct leaf, weight) },
};
static const struct record_form trees = {
	.first = "tree 1", .stranger = "no tree", RECORD_LINES, RECORD_ROWS(tree_rows)
};

static int read_tree(const char *text, struct arena *a, struct tree *ret, struct err *e)
{
	struct record_reader r = { .form = &trees, .a = a, .of = { ret } };

	return record_parse(&r, sv_from(text), e);
}

TEST(each_of_a_list_takes_the_rows_that_come_after_it)
{
	scoped_arena a = ARENA(1u << 16);
	struct tree t = { .name = NULL };
	struct err e = { 0 };

	assert_int_equal(0, read_tree("tree 1\nname oak\nleaf a\nweight 5\nleaf b\nleaf c\nweight 7\n", &a, &t, &e));
	assert_int_equal(3, t.leaf_count);
	assert_string_equal("a", t.leaves[0].name);
	assert_int_equal(5, t.leaves[0].weight);
	assert_int_equal(0, t.leaves[1].weight);
	assert_string_equal("c", t.leaves[2].name);
	assert_int_equal(7, t.leaves[2].weight);

	t = (struct tree){ .name = NULL };
	assert_int_equal(-EINVAL, read_tree("tree 1\nweight 5\n", &a, &t, &e)); /* of none */
	assert_int_equal(-E2BIG, read_tree("tree 1\nleaf a\nleaf b\nleaf c\nleaf d\n", &a, &t, &e));
	assert_string_equal("leaf: more than 3", e.msg);
}

static const struct thing usual = { .small = 7 };

#define FORM .first = "thing 1", .stranger = "no thing", RECORD_ROWS(rows)
static const struct record_form lines = { FORM, RECORD_LINES };
static const struct record_form sparse = { FORM, RECORD_LINES, .usual = &usual };
static const struct record_form fields = { FORM, RECORD_FIELDS };
static const struct record_form any = { FORM, RECORD_LINES, .any_version = true };

static const char *written(const struct record_form *f, const struct thing *t, struct buf *b)
{
	record_begin(f, b);
	record_put_rows(f, 0, t, b);
	assert_int_equal(0, buf_status(b, NULL));
	return b->p;
}

TEST(all_kinds_are_written_and_read_in_both_notations)
{
	static const struct record_form *const forms[] = { &lines, &fields, &sparse };
	const char *parts[] = { "one two", "", "three" };
	const struct thing t = { "a b", "x y", parts, 3, true, -5, INT64_MIN, UINT64_MAX, BLUE, { 'p', 'q' } };

	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		scoped_arena a = ARENA(1 << 16);
		scoped_buf b = BUF(1 << 12);
		struct thing back = { 0 };
		struct record_reader rd = { .form = forms[i], .a = &a, .of = { &back } };

		(void)written(forms[i], &t, &b);
		assert_int_equal(0, record_parse(&rd, buf_sv(&b), NULL));
		assert_string_equal("a b", back.name);
		assert_string_equal("x y", back.word);
		assert_int_equal(3, back.part_count);
		assert_string_equal("one two", back.parts[0]);
		assert_string_equal("", back.parts[1]);
		assert_string_equal("three", back.parts[2]);
		assert_true(back.open && back.small == -5 && back.wide == INT64_MIN && back.huge == UINT64_MAX);
		assert_int_equal(BLUE, back.colour);
		assert_int_equal('q', back.pair[1]);
	}
}

TEST(what_is_usual_and_what_is_not_there_is_left_out)
{
	scoped_buf all = BUF(1 << 12), few = BUF(1 << 12);
	const struct thing t = { .word = "a\nb", .small = 7, .wide = 1 };

	assert_string_equal("thing 1\nword a b\nopen false\nsmall 7\nwide 1\nhuge 0\ncolour red\n",
			    written(&lines, &t, &all));
	assert_string_equal("thing 1\nword a b\nwide 1\n", written(&sparse, &t, &few));
}

TEST(what_is_newer_is_skipped_and_what_is_missing_stays)
{
	scoped_arena a = ARENA(1 << 16);
	struct thing t = { .small = 3, .wide = 4 };
	struct record_reader rd = { .form = &lines, .a = &a, .of = { &t } };

	assert_int_equal(0, record_parse(&rd, SV("thing 1\n\nfuture x=y\nwide 9\nname last"), NULL));
	assert_true(t.small == 3 && t.wide == 9);
	assert_string_equal("last", t.name);
	rd.form = &any;
	assert_int_equal(0, record_parse(&rd, SV("thing 2\nsmall 5\n"), NULL));
	assert_int_equal(5, t.small);
}

static const struct {
	const struct record_form *form;
	struct sv text;
	int rc;
	const char *message;
} bad[] = {
	{ &lines, SV(""), -EINVAL, "no thing" },
	{ &lines, SV("thing 2\n"), -EINVAL, "no thing" },
	{ &any, SV("thin 1\n"), -EINVAL, "no thing" },
	{ &lines, SV("thing 1\nsmall 2147483648\n"), -EINVAL, "damaged line \"small 2147483648\"" },
	{ &lines, SV("thing 1\nsmall\n"), -EINVAL, "damaged line \"small\"" },
	{ &lines, SV("thing 1\nhuge -1\n"), -EINVAL, "damaged line \"huge -1\"" },
	{ &lines, SV("thing 1\nopen yes\n"), -EINVAL, "damaged line \"open yes\"" },
	{ &lines, SV("thing 1\ncolour green\n"), -EINVAL, "damaged line \"colour green\"" },
	{ &lines, SV("thing 1\nword longer\n"), -EINVAL, "damaged line \"word longer\"" },
	{ &lines, SV("thing 1\nname bad\n"), -EINVAL, "damaged line \"name bad\"" },
	{ &lines, SV("thing 1\npair xyz\n"), -EINVAL, "damaged line \"pair xyz\"" },
	{ &lines, SV("thing 1\nvalue 1\n"), -EINVAL, "damaged line \"value 1\"" }, /* its group has not begun */
	{ &lines, SV("thing 1\npart a\npart b\npart c\npart d\n"), -E2BIG, "part: more than 3" },
	{ &fields, SV("thing 1"), -EINVAL, "no thing" }, /* cut */
	{ &fields, SV("thing 1\0small\0"), -EINVAL, "damaged line \"small\"" },
};

TEST(what_is_damaged_is_told)
{
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		scoped_arena a = ARENA(1 << 16);
		struct thing t = { 0 };
		struct record_reader rd = { .form = bad[i].form, .a = &a, .of = { &t } };
		struct err e = { 0 };

		assert_int_equal(bad[i].rc, record_parse(&rd, bad[i].text, &e));
		assert_string_equal(bad[i].message, e.msg);
	}
}

TEST(a_group_that_has_begun_takes_its_rows)
{
	scoped_arena a = ARENA(1 << 16);
	scoped_buf b = BUF(1 << 12);
	struct thing t = { 0 };
	struct inner in = { 0 };
	struct record_reader rd = { .form = &lines, .a = &a, .of = { &t, &in } };

	assert_int_equal(0, record_parse(&rd, SV("thing 1\nvalue 12\n"), NULL));
	assert_int_equal(12, in.value);
	record_put_rows(&lines, 1, &in, &b);
	assert_string_equal("value 12\n", b.p);
}

TEST(names_are_found)
{
	assert_int_equal(BLUE, record_name_find(&colours, SV("blue")));
	assert_int_equal(-1, record_name_find(&colours, SV("")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(all_kinds_are_written_and_read_in_both_notations),
		RUN(what_is_usual_and_what_is_not_there_is_left_out),
		RUN(what_is_newer_is_skipped_and_what_is_missing_stays),
		RUN(what_is_damaged_is_told),
		RUN(a_group_that_has_begun_takes_its_rows),
		RUN(each_of_a_list_takes_the_rows_that_come_after_it),
		RUN(names_are_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
