/* SPDX-License-Identifier: Apache-2.0 */
#include "base/base64.h"

#include "../test.h"
#include "base/scope.h"

#include <errno.h>

TEST(base64_is_read_whole_or_refused)
{
	static const struct {
		const char *text, *value; /* NULL: refused */
	} rows[] = {
		{ "", "" },
		{ "Zg==", "f" },
		{ "Zm8=", "fo" },
		{ "Zm9v", "foo" },
		{ "Zm9v\nYmFy\n", "foobar" },
		{ "Zg=", NULL },
		{ "Zg", NULL },
		{ "Z===", NULL },
		{ "Zg==Zg==", NULL },
		{ "Z m9v", NULL },
		{ "Zm9v-", NULL },
		{ "=", NULL },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		scoped_arena a = ARENA(1 << 16);
		struct sv got = SV("untouched");
		int r = base64_decode(sv_from(rows[i].text), &a, &got, NULL);

		assert_int_equal(rows[i].value ? 0 : -EINVAL, r);
		assert_true(sv_is(got, rows[i].value ? rows[i].value : "untouched"));
	}
}

TEST(what_is_written_is_read_again)
{
	static const char bytes[] = "\0\xff\x10 any \x80 bytes";

	for (size_t n = 0; n < sizeof bytes; n++) {
		scoped_arena a = ARENA(1 << 16);
		scoped_buf text = BUF(64);
		struct sv got;

		base64_put(&text, (struct sv){ bytes, n });
		assert_int_equal((n + 2) / 3 * 4, text.len);
		assert_int_equal(0, base64_decode((struct sv){ n ? text.p : "", text.len }, &a, &got, NULL));
		assert_int_equal(n, got.n);
		assert_memory_equal(bytes, got.p, n);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(base64_is_read_whole_or_refused),
		RUN(what_is_written_is_read_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
