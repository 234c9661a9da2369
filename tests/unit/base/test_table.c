/* SPDX-License-Identifier: Apache-2.0 */
#include "base/scope.h"
#include "base/table.h"

#include "../test.h"

#include <errno.h>

static const struct table_column columns[] = { { "ID" }, { "NAME", 6 }, { "STATE", 5 } };

static int print(const char *const (*rows)[3], size_t n, unsigned width, bool titles, struct buf *out, struct err *e)
{
	scoped_arena a = ARENA(1 << 20);
	struct table t;

	table_init(&t, &a, columns, 3);
	for (size_t i = 0; i < n; i++)
		table_row(&t, rows[i]);
	return table_print(&t, width, titles, out, e);
}

TEST(columns_are_as_wide_as_their_widest)
{
	static const char *const rows[][3] = { { "1", "web", "running" }, { "22", "database", "exited" } };
	scoped_buf out = BUF(1 << 16);

	assert_int_equal(0, print(rows, 2, 80, true, &out, NULL));
	assert_string_equal("ID  NAME      STATE\n"
			    "1   web       running\n"
			    "22  database  exited\n",
			    out.p);
}

TEST(empty_cells_leave_no_blanks_at_the_end)
{
	static const char *const rows[][3] = { { "1", "web", "" }, { "22", NULL, NULL }, { "", "x", "y" } };
	scoped_buf out = BUF(1 << 16);

	assert_int_equal(0, print(rows, 3, 80, false, &out, NULL));
	assert_string_equal("1   web\n"
			    "22\n"
			    "    x    y\n",
			    out.p);
}

TEST(the_widest_cuttable_column_gives_first)
{
	static const char *const rows[][3] = { { "1234567890", "abcdefghijklm", "nopqrst" } };
	scoped_buf out = BUF(1 << 16);

	assert_int_equal(0, print(rows, 1, 30, false, &out, NULL));
	assert_string_equal("1234567890  abcdefgh…  nopqrst\n", out.p);
}

TEST(nothing_is_cut_below_its_least_width)
{
	static const char *const rows[][3] = { { "1234567890", "abcdefghijklm", "nopqrst" } };
	scoped_buf out = BUF(1 << 16);

	assert_int_equal(0, print(rows, 1, 5, false, &out, NULL));
	assert_string_equal("1234567890  abcde…  nopq…\n", out.p);
}

static int print_some(const struct table_column *some, unsigned width, struct buf *out)
{
	scoped_arena a = ARENA(1 << 20);
	struct table t;

	table_init(&t, &a, some, 4);
	table_row(&t, (const char *const[]){ "web", "12345678", "abcdefgh", "z" });
	return table_print(&t, width, true, out, NULL);
}

TEST(columns_are_left_out_when_cutting_is_not_enough)
{
	static const struct table_column some[] = { { "NAME" }, { "FIRST", 0, 2 }, { "CUT", 4 }, { "NEXT", 0, 1 } };
	static const struct {
		unsigned width;
		const char *text;
	} cases[] = {
		{ 0, "NAME  FIRST     CUT       NEXT\nweb   12345678  abcdefgh  z\n" },
		{ 26, "NAME  FIRST     CUT   NEXT\nweb   12345678  abc…  z\n" },
		{ 25, "NAME  CUT       NEXT\nweb   abcdefgh  z\n" },
		{ 15, "NAME  CUT\nweb   abcdefgh\n" },
		{ 10, "NAME  CUT\nweb   abc…\n" },
		{ 4, "NAME  CUT\nweb   abc…\n" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		scoped_buf out = BUF(1 << 16);

		assert_int_equal(0, print_some(some, cases[i].width, &out));
		assert_string_equal(cases[i].text, out.p);
	}
}

TEST(columns_without_room_are_known_before_their_cells)
{
	static const struct table_column some[] = { { "NAME" }, { "FIRST", 0, 2 }, { "CUT", 4 }, { "NEXT", 0, 1 } };
	static const struct {
		unsigned width;
		bool first, next;
	} cases[] = { { 0, false, false }, { 22, false, false }, { 21, true, false }, { 14, true, true } };

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		bool out[TABLE_COLUMNS];

		table_left_out(some, 4, cases[i].width, out);
		assert_int_equal(cases[i].first, out[1]);
		assert_int_equal(cases[i].next, out[3]);
		assert_false(out[0] || out[2]);
	}
}

TEST(width_counts_characters)
{
	static const char *const rows[][3] = { { "ä", "grün", "x" }, { "bb", "rot", "y" } };
	scoped_buf out = BUF(1 << 16);

	assert_int_equal(0, print(rows, 2, 80, false, &out, NULL));
	assert_string_equal("ä   grün  x\n"
			    "bb  rot   y\n",
			    out.p);
}

TEST(control_characters_are_not_printed)
{
	static const char *const rows[][3] = { { "\033[31m", "a\nb", "\xc2\x9b\xff\xe2\x82" } };
	scoped_buf out = BUF(1 << 16);

	assert_int_equal(0, print(rows, 1, 80, false, &out, NULL));
	assert_string_equal("?[31m  a?b  ????\n", out.p);
}

TEST(no_memory_is_told_at_the_end)
{
	static const char *const rows[] = { "1", "2", "3" };
	scoped_arena a = ARENA(100);
	scoped_buf out = BUF(1 << 16);
	struct table t;
	struct err e;

	table_init(&t, &a, columns, 3);
	for (int i = 0; i < 9; i++)
		table_row(&t, rows);
	assert_int_equal(-ENOMEM, table_print(&t, 80, true, &out, &e));
	assert_int_equal(0, out.len);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(columns_are_as_wide_as_their_widest),
		RUN(empty_cells_leave_no_blanks_at_the_end),
		RUN(the_widest_cuttable_column_gives_first),
		RUN(nothing_is_cut_below_its_least_width),
		RUN(columns_are_left_out_when_cutting_is_not_enough),
		RUN(columns_without_room_are_known_before_their_cells),
		RUN(width_counts_characters),
		RUN(control_characters_are_not_printed),
		RUN(no_memory_is_told_at_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
