/* SPDX-License-Identifier: Apache-2.0 */
#include "base/scope.h"
#include "cli/command.h"
#include "cli/listing.h"

#include "../test.h"

#include <errno.h>
#include <string.h>

static const struct listing_field fields[] = {
	{ "ID", { "THING ID" } },
	{ "Name", { "NAME", 6 } },
	{ "Size", { "SIZE" } },
};

static const unsigned char columns[] = { 1, 0 };
static const struct listing_kind kind = { fields, 3, columns, 2, 0 };

static const struct {
	struct listing_options how;
	const char *text;
} cases[] = {
	{ { NULL }, "NAME   THING ID\nalpha  1\nbe\"ta  2\n" },
	{ { "table" }, "NAME   THING ID\nalpha  1\nbe\"ta  2\n" },
	{ { NULL, .quiet = true }, "1\n2\n" },
	{ { "json" },
	  "{\"ID\":\"1\",\"Name\":\"alpha\",\"Size\":\"\"}\n"
	  "{\"ID\":\"2\",\"Name\":\"be\\\"ta\",\"Size\":\"9\"}\n" },
	{ { "json", .quiet = true },
	  "{\"ID\":\"1\",\"Name\":\"alpha\",\"Size\":\"\"}\n"
	  "{\"ID\":\"2\",\"Name\":\"be\\\"ta\",\"Size\":\"9\"}\n" },
	{ { "{{.Name}}: {{.Size}}" }, "alpha: \nbe\"ta: 9\n" },
	{ { "{{.ID}}\\t{{.Name}}\\n" }, "1\talpha\n\n2\tbe\"ta\n\n" },
	{ { "table {{.Size}}\\t{{.ID}}" }, "SIZE  THING ID\n      1\n9     2\n" },
	{ { "table {{.Name}}" }, "NAME\nalpha\nbe\"ta\n" },
	{ { "tables" }, "tables\ntables\n" },
};

static int show(const struct listing_options *how, struct buf *out, struct err *e)
{
	scoped_arena a = ARENA(1 << 20);
	struct listing l;
	int r = listing_begin(&l, &kind, how, &a, out, e);

	if (r == 0)
		r = listing_add(&l, (const char *const[]){ "1", "alpha", "" }, e);
	if (r == 0)
		r = listing_add(&l, (const char *const[]){ "2", "be\"ta", "9" }, e);
	return r == 0 ? listing_end(&l, e) : r;
}

TEST(objects_are_lines_in_every_format)
{
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		scoped_buf out = BUF(CLI_OUTPUT_MAX);

		assert_int_equal(0, show(&cases[i].how, &out, NULL));
		if (strcmp(out.p, cases[i].text) != 0)
			fail_msg("--format %s: %s", cases[i].how.format, out.p);
	}
}

TEST(a_template_that_is_none_is_named)
{
	static const char *const bad[] = { "{{.Nothing}}", "{{", "table {{.Nothing}}", "table {{" };

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		scoped_buf out = BUF(CLI_OUTPUT_MAX);
		struct err e = { 0 };

		assert_int_equal(-EINVAL, show(&(struct listing_options){ bad[i] }, &out, &e));
		assert_int_equal(0, strncmp(e.msg, "--format ", 9));
	}
}

TEST(a_table_has_a_ceiling_of_columns)
{
	scoped_buf format = BUF(4096), out = BUF(CLI_OUTPUT_MAX);

	buf_puts(&format, "table {{.ID}}");
	for (int i = 1; i <= TABLE_COLUMNS; i++)
		buf_puts(&format, "\\t{{.ID}}");
	assert_int_equal(-E2BIG, show(&(struct listing_options){ format.p }, &out, NULL));
}

TEST(a_value_without_memory_is_an_error)
{
	scoped_arena a = ARENA(1 << 20);
	scoped_buf out = BUF(CLI_OUTPUT_MAX);
	const struct listing_options how = { NULL };
	struct listing l;

	assert_int_equal(0, listing_begin(&l, &kind, &how, &a, &out, NULL));
	assert_int_equal(-ENOMEM, listing_add(&l, (const char *const[]){ "1", NULL, "" }, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(objects_are_lines_in_every_format),
		RUN(a_template_that_is_none_is_named),
		RUN(a_table_has_a_ceiling_of_columns),
		RUN(a_value_without_memory_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
