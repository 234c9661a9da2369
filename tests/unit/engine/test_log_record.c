/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/log_record.h"

#include "../test.h"

#include "base/scope.h"

#include <errno.h>
#include <string.h>

#define END ",\"stream\":\"stdout\",\"time\":\"2026-11-21T22:33:30.5Z\"}"
#define TIME INT64_C(1795300410500000000)

static const struct {
	const char *in, *text;
	size_t n;
} texts[] = {
	{ "", "", 0 },
	{ "plain \xc3\xa4\x7f", "plain \xc3\xa4\x7f", 9 },
	{ "\\n\\r\\t\\b\\f\\/\\\\\\\"", "\n\r\t\b\f/\\\"", 8 },
	{ "\\u0009b\\u003cX\\u00e4\\u20aC", "\tb<X\xc3\xa4\xe2\x82\xac", 9 },
	{ "\\u0000x", "\0x", 2 },
	{ "\\ud83d\\ude00", "\xf0\x9f\x98\x80", 4 },
	{ "\\ud800\\udc00\\udbff\\udfff", "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf", 8 },
	{ "\\ud83d", "\xef\xbf\xbd", 3 }, /* halves of pairs */
	{ "\\ud83d\\u0041",
	  "\xef\xbf\xbd"
	  "A",
	  4 },
	{ "\\ude00\\ud83d", "\xef\xbf\xbd\xef\xbf\xbd", 6 },
	{ "\\ud83d\\ud83d\\ude00", "\xef\xbf\xbd\xf0\x9f\x98\x80", 7 },
};

TEST(text_is_what_was_written)
{
	scoped_buf text = BUF(4096);
	char line[256];

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct log_record r;

		(void)snprintf(line, sizeof line, "{\"log\":\"%s\"" END, texts[i].in);
		assert_int_equal(0, log_record_parse(sv_from(line), &text, &r));
		assert_int_equal(texts[i].n, r.text.n);
		assert_memory_equal(texts[i].text, r.text.n ? r.text.p : "", texts[i].n);
		assert_int_equal(TIME, r.time_ns);
		assert_false(r.is_stderr);
	}
}

TEST(fields_come_in_any_order_and_others_are_passed_over)
{
	scoped_buf text = BUF(4096);
	struct log_record r;

	assert_int_equal(
		0, log_record_parse(sv_from(" {\"time\":\"2026-11-22T00:33:30.5+02:00\",\"attrs\":{\"a\":\"}\\\"\"},"
					    "\"new\":\"field\",\"stream\":\"stderr\",\"log\":\"x\"}\r\n"),
				    &text, &r));
	assert_int_equal(TIME, r.time_ns);
	assert_true(r.is_stderr);
	assert_true(sv_is(r.text, "x"));
	assert_true(sv_is(r.attrs, "{\"a\":\"}\\\"\"}"));
}

static const char *const damaged[] = {
	"",
	"{",
	"{}",
	"x",
	"null",
	"{\"log\":\"x\"",
	"{\"log\":\"x",
	"{\"log\":\"x\\",
	"{\"log\":\"x\\\"}",
	"{\"log\":\"\\x\"}",
	"{\"log\":\"\\u12\"}",
	"{\"log\":\"\\u12g4\"}",
	"{\"log\":\"\\ud83d\\u\"}",
	"{\"log\":1}",
	"{\"log\":\"x\"}}",
	"{\"log\":\"x\"} {",
	"{\"log\":\"x\",}",
	"{\"log\" \"x\"}",
	"{\"log\":\"x\",\"time\":\"yesterday\"}",
	"{\"log\":\"x\",\"attrs\":{\"a\":\"b\"",
	"{\"log\":\"x\",\"attrs\":\"a\"}",
	("{\"log\":\"ha{\"log\":\"x\\n\"" END), /* cut off by a crash */
};

TEST(what_is_damaged_is_no_record)
{
	scoped_buf text = BUF(4096);

	for (size_t i = 0; i < ARRAY_LEN(damaged); i++) {
		struct log_record r = { .time_ns = 7 };

		if (log_record_parse(sv_from(damaged[i]), &text, &r) != -EINVAL || r.time_ns != 7)
			fail_msg("taken for a record: %s", damaged[i]);
	}
}

TEST(a_text_past_the_ceiling_is_no_record)
{
	scoped_buf text = BUF(4);
	struct log_record r;

	assert_int_equal(-EINVAL, log_record_parse(sv_from("{\"log\":\"12345\"" END), &text, &r));
	assert_int_equal(0,
			 log_record_parse(sv_from("{\"log\":\"123\"" END), &text, &r)); /* and the next is one again */
	assert_true(sv_is(r.text, "123"));
}

static const struct {
	const char *in, *out;
} attributes[] = {
	{ "", "" },
	{ "{}", "" },
	{ "{\"a\":\"b\"}", "a=b" },
	{ "{\"a\":\"b\",\"c\\n\":\"\\u00e4\"}", "a=b,c\n=\xc3\xa4" },
	{ "{\"a\":", "a=" },
	{ "{\"a\":\"b\",", "a=b," }, /* cut off: what is there */
};

TEST(attributes_are_shown_as_pairs)
{
	for (size_t i = 0; i < ARRAY_LEN(attributes); i++) {
		scoped_buf out = BUF(256);

		log_attrs_print(sv_from(attributes[i].in), &out);
		assert_string_equal(attributes[i].out, out.p ? out.p : "");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(text_is_what_was_written),
		RUN(fields_come_in_any_order_and_others_are_passed_over),
		RUN(what_is_damaged_is_no_record),
		RUN(a_text_past_the_ceiling_is_no_record),
		RUN(attributes_are_shown_as_pairs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
