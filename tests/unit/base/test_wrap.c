/* SPDX-License-Identifier: Apache-2.0 */
#include "base/scope.h"
#include "base/wrap.h"

#include "../test.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const struct {
	const char *text, *wrapped;
} lines[] = {
	{ "", "" },
	{ "fits\n\n  and this  too\n", "fits\n\n  and this  too\n" },
	{ "exactly twenty chars", "exactly twenty chars\n" },
	{ "one two three four five six", "one two three four\n  five six\n" },
	{ "the blank is here: 20x y", "the blank is here:\n  20x y\n" },
	{ "  -> behind an arrow it goes on", "  -> behind an arrow\n     it goes on\n" },
	{ "key:    a second column", "key:    a second\n        column\n" },
	{ "key:    second averylongwordit", "key:    second\n  averylongwordit\n" },
	{ "                              x y", "                              x\n            y\n" },
	{ "a very long key:   x y z w", "a very long key:   x\n  y z w\n" },
	{ "/sys/fs/cgroup/memory.max = 1", "/sys/fs/cgroup/\n  memory.max = 1\n" },
	{ "averyveryverylongwordthatstays whole", "averyveryverylongwordthatstays\n  whole\n" },
	{ "averyveryverylongwordthatstays", "averyveryverylongwordthatstays\n" },
	{ "trailing blanks     \n", "trailing blanks     \n" },
	{ "trailing blanks beyond it     \n", "trailing blanks\n  beyond it     \n" },
	{ "in cgroup /a/" ID "/b", "in cgroup\n  /a/0123456789ab…/b\n" },
	{ "no id: 0" ID, "no id:\n  0" ID "\n" },
	{ "ääääääääääääääääääää", "ääääääääääääääääääää\n" },
	{ "äääääääääääää ääääääääää", "äääääääääääää\n  ääääääääää\n" },
};

TEST(lines_are_broken_at_blanks_and_go_on_below_their_text)
{
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		scoped_buf out = BUF(1 << 16);

		wrap_lines(&out, sv_from(lines[i].text), 20);
		assert_string_equal(lines[i].wrapped, out.p ? out.p : "");
	}
}

TEST(words_begin_where_they_are_told)
{
	scoped_buf out = BUF(1 << 16);

	buf_puts(&out, "WHERE  ");
	wrap_words(&out, sv_from("some words about it"), 7, 4, 20);
	assert_string_equal("WHERE  some words\n    about it\n", out.p);
}

TEST(rows_have_their_text_beside_or_below_and_notes_under_a_mark)
{
	static const struct wrap_columns c = { 6, 8, 30 };
	scoped_buf out = BUF(1 << 16);

	wrap_row(&out, &c, "ok", "short", "some words about it");
	wrap_row(&out, &c, "weak", "much longer", "text");
	wrap_note(&out, &c, "->", NULL, 2);
	wrap_note(&out, &c, "=>", "what may be done about all this", 2);
	assert_string_equal("ok    short   some words about\n              it\nweak  much longer\n              text\n"
			    "      => what may be done\n        about all this\n",
			    out.p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(lines_are_broken_at_blanks_and_go_on_below_their_text),
		RUN(words_begin_where_they_are_told),
		RUN(rows_have_their_text_beside_or_below_and_notes_under_a_mark),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
