/* SPDX-License-Identifier: Apache-2.0 */
/* The mechanism by a table of its own; the specifications have their tests beside this one. */
#include "oci/json.h"

#include "base/limits.h"
#include "base/scope.h"
#include "oci/runtime_spec.h"

#include "../test.h"

#include <errno.h>
#include <string.h>

struct inner {
	bool present;
	int64_t count;
};
struct thing {
	const char *text;
	bool flag;
	int64_t choice, number, count, u16, limit;
	uint64_t big;
	struct oci_strings texts, keys;
	struct oci_pairs pairs;
	struct json_list numbers, items;
	struct inner inner;
	int64_t framed;
};

static const struct json_row inner_rows[] = { { "count", JSON_COUNT, JSON_ZERO, offsetof(struct inner, count) } };
static const struct json_table inner_table = JSON_TABLE_PRESENT(inner_rows, struct inner, present);
static const struct json_row frame_rows[] = { { "framed", JSON_I64, 0, offsetof(struct thing, framed) } };
static const struct json_table frame_table = JSON_TABLE(frame_rows, struct thing);
static const struct json_row rows[] = {
	{ "text", JSON_TEXT, 0, offsetof(struct thing, text) },
	{ "flag", JSON_BOOL, 0, offsetof(struct thing, flag) },
	{ "choice", JSON_CHOICE, 0, offsetof(struct thing, choice) },
	{ "number", JSON_I64, 0, offsetof(struct thing, number) },
	{ "count", JSON_COUNT, JSON_ZERO, offsetof(struct thing, count) },
	{ "u16", JSON_U16, 0, offsetof(struct thing, u16) },
	{ "limit", JSON_LIMIT, 0, offsetof(struct thing, limit) },
	{ "big", JSON_U64, 0, offsetof(struct thing, big) },
	{ "minus", JSON_U64, JSON_SIGNED, offsetof(struct thing, big) },
	{ "texts", JSON_TEXTS, 0, offsetof(struct thing, texts) },
	{ "keys", JSON_KEYS, 0, offsetof(struct thing, keys) },
	{ "pairs", JSON_PAIRS, 0, offsetof(struct thing, pairs) },
	{ "numbers", JSON_INTS, 0, offsetof(struct thing, numbers) },
	{ "items", JSON_OBJECTS, 0, offsetof(struct thing, items), &inner_table },
	{ "inner", JSON_OBJECT, 0, offsetof(struct thing, inner), &inner_table },
	{ "frame", JSON_OBJECT, 0, 0, &frame_table },
};
static const struct json_table table = JSON_TABLE(rows, struct thing);

static const struct {
	const char *json, *out; /* what is printed of it; NULL: refused with msg */
	const char *msg;
} cases[] = {
	{ "{}", "{}", NULL },
	{ "{\"limit\":\"max\"}", "{\"limit\":\"max\"}", NULL },
	{ "{\"limit\":-7}", "{\"limit\":-7}", NULL },
	{ "{\"limit\":null}", "{}", NULL },
	{ "{\"limit\":\"some\"}", NULL, "limit: expected an integer or \"max\", got some" },
	{ " \n{ }\t\n", "{}", NULL },
	{ "{\"text\":\"\"}", "{\"text\":\"\"}", NULL },
	{ "{\"text\":null,\"flag\":null,\"choice\":null,\"items\":null,\"inner\":null}", "{}", NULL },
	{ "{\"flag\":false,\"choice\":false}", "{\"choice\":false}", NULL },
	{ "{\"number\":0,\"count\":0}", "{\"number\":0}", NULL },
	{ "{\"text\":\"a\",\"text\":\"b\"}", "{\"text\":\"b\"}", NULL },
	{ "{\"text\":\"a\",\"text\":null}", "{}", NULL },
	{ "{\"inner\":{\"count\":1},\"inner\":{}}", "{\"inner\":{}}", NULL },
	{ "{\"frame\":{\"framed\":1},\"frame\":null}", "{}", NULL },
	{ "{\"items\":[{\"count\":1}],\"items\":[]}", "{}", NULL },
	{ "{\"pairs\":{\"b\":\"1\",\"a\":\"2\",\"b\":\"3\",\"b\":\"4\"}}", "{\"pairs\":{\"b\":\"4\",\"a\":\"2\"}}",
	  NULL },
	{ "{\"keys\":{\"b\":{},\"a\":[1,{\"x\":[]}],\"b\":{}}}", "{\"keys\":{\"a\":{},\"b\":{}}}", NULL },
	{ "{\"text\":\"\\u00e9\\ud83d\\ude00\\/\"}", "{\"text\":\"\xc3\xa9\xf0\x9f\x98\x80/\"}", NULL },
	{ "{\"text\":\"\xff\x01\x7f\"}", "{\"text\":\"\xff\\u0001\x7f\"}", NULL },
	{ "{\"text\":\"\\b\\f\\n\\r\\t\\\"\\\\\"}", "{\"text\":\"\\u0008\\u000c\\n\\r\\t\\\"\\\\\"}", NULL },
	{ "{\"keys\":{\"b\":{},\"a\":null}}", "{\"keys\":{\"a\":{},\"b\":{}}}", NULL },
	{ "{\"pairs\":{\"b\":\"1\",\"a\":null}}", "{\"pairs\":{\"b\":\"1\",\"a\":\"\"}}", NULL },
	{ "{\"inner\":{}}", "{\"inner\":{}}", NULL },
	{ "{\"frame\":{}}", "{}", NULL },
	{ "{\"frame\":{\"framed\":1}}", "{\"frame\":{\"framed\":1}}", NULL },
	{ "{\"items\":[{},{\"count\":2}]}", "{\"items\":[{},{\"count\":2}]}", NULL },
	{ "{\"items\":[]}", "{}", NULL },
	{ "{\"big\":18446744073709551614}", "{\"big\":18446744073709551614,\"minus\":18446744073709551614}", NULL },
	{ "{\"minus\":-1}", "{\"big\":18446744073709551615,\"minus\":-1}", NULL },
	{ "{\"numbers\":[0,4294967295]}", "{\"numbers\":[0,4294967295]}", NULL },
	{ "{\"texts\":[null]}", "{\"texts\":[\"\"]}", NULL },
	{ "{\"big\":18446744073709551616}", NULL, "big: a number above 18446744073709551615" },
	{ "{\"x\":\"99999999999999999999\\\"\",\"y\":1e99999999999999999999,\"big\":18446744073709551615}",
	  "{\"big\":18446744073709551615,\"minus\":-1}", NULL },
	{ "{\"big\":-1}", NULL, "big: a number below 0" },
	{ "{\"minus\":-2}", NULL, "minus: a number below 0" },
	{ "{\"number\":-9223372036854775808}", NULL,
	  "number: -9223372036854775808 is not between -9223372036854775807 and 9223372036854775807" },
	{ "{\"number\":\"1\"}", NULL, "number: expected an integer, got \"1\"" },
	{ "{\"number\":1.0}", NULL, "number: expected an integer, got 1.0" },
	{ "{\"number\":true}", NULL, "number: expected an integer, got true" },
	{ "{\"number\":{\"a\":1}}", NULL, "number: expected an integer, got an object" },
	{ "{\"number\":\"0123456789012345678901234567890123456789012345678\"}", NULL,
	  "number: expected an integer, got a string" },
	{ "{\"numbers\":[4294967296]}", NULL, "numbers[0]: 4294967296 is not between 0 and 4294967295" },
	{ "{\"u16\":65536}", NULL, "u16: 65536 is not between 0 and 65535" },
	{ "{\"items\":[{},{\"count\":-1}]}", NULL, "items[1].count: -1 is not between 0 and 9223372036854775807" },
	{ "{\"keys\":[]}", NULL, "keys: expected an object, got an array" },
	{ "{\"pairs\":{\"a\":[]}}", NULL, "pairs.a: expected a string, got an array" },
	{ "{\"text\":\"a\\u0000\"}", NULL, "text: text with a NUL byte" },
	{ "{\"pairs\":{\"a\\u0000\":\"1\"}}", NULL, "pairs: a name with a NUL byte" },
	{ "{\"text\\u0000\":1}", "{}", NULL },
	{ "{\"texts\":[\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\",\"9\"],\"x\":[[[]],{},-0.5e+7,true,null]}",
	  "{\"texts\":[\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\",\"9\"]}", NULL },
	{ "{\"text\":\"\\ud83dx\\ude00\\ud83d\\u0041\"}",
	  "{\"text\":\"\xef\xbf\xbdx\xef\xbf\xbd\xef\xbf\xbd"
	  "A\"}",
	  NULL },
	{ "{\"number\":-0}", "{\"number\":0}", NULL },
	{ "{\"number\":[1,}", NULL, "not JSON: line 1, column 14: unexpected character" },
	{ "{\"number\":-}", NULL, "not JSON: line 1, column 12: a digit expected" },
	{ "{\"number\":1.}", NULL, "not JSON: line 1, column 13: a digit expected" },
	{ "{\"number\":1e+}", NULL, "not JSON: line 1, column 14: a digit expected" },
	{ "{\"number\":1", NULL, "not JSON: line 1, column 12: the text ends too early" },
	{ "{\"number\":9223372036854775808}", NULL,
	  "number: 9223372036854775808 is not between -9223372036854775807 and 9223372036854775807" },
	{ "{\"flag\":tru}", NULL, "not JSON: line 1, column 12: unexpected character" },
	{ "{\"flag\":true \"text\":1}", NULL, "not JSON: line 1, column 14: a comma or the end of the list expected" },
	{ "{\"flag\" true}", NULL, "not JSON: line 1, column 9: a colon expected" },
	{ "{\"text\":\"\\x\"}", NULL, "not JSON: line 1, column 11: no such escape" },
	{ "{\"text\":\"\\u12g4\"}", NULL, "not JSON: line 1, column 11: \\u and four hexadecimal digits expected" },
	{ "{\"text\":\"\\n", NULL, "not JSON: line 1, column 12: the text ends too early" },
	{ "{\"text\":\"\\", NULL, "not JSON: line 1, column 11: the text ends too early" },
	{ "{\"x\":[1,]}", NULL, "not JSON: line 1, column 9: unexpected character" },
	{ "{\"x\":{\"a\":1,}}", NULL, "not JSON: line 1, column 13: a quoted name expected" },
	{ "{\"text\":'a'}", NULL, "not JSON: line 1, column 9: unexpected character" },
	{ "{text:1}", NULL, "not JSON: line 1, column 2: a quoted name expected" },
	{ "{}{}", NULL, "not JSON: line 1, column 3: unexpected character" },
	{ "{\"number\":01}", NULL, "not JSON: line 1, column 11: a number that begins with 0" },
	{ "{/* */}", NULL, "not JSON: line 1, column 2: a quoted name expected" },
	{ "\"x\"", NULL, "document: expected an object, got \"x\"" },
};

TEST(values_are_decoded_and_printed_or_refused)
{
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		scoped_arena a = ARENA(1 << 20);
		scoped_buf out = BUF(1 << 16);
		struct err e = { 0 };
		struct thing t;
		int r = json_decode(sv_from(cases[i].json), &table, &a, &t, &e);

		if (r != (cases[i].out ? 0 : -EINVAL))
			fail_msg("%s: %d (%s)", cases[i].json, r, e.msg);
		if (r < 0) {
			assert_string_equal(cases[i].msg, e.msg);
			continue;
		}
		assert_int_equal(0, json_encode(&table, &t, false, &out, &e));
		assert_string_equal(cases[i].out, out.p);
	}
}

TEST(a_nul_byte_ends_no_document)
{
	static const char json[] = "{}\0{\"text\":\"x\"}";
	scoped_arena a = ARENA(1 << 16);
	struct thing t;

	assert_int_equal(-EINVAL, json_decode((struct sv){ json, sizeof json - 1 }, &table, &a, &t, NULL));
	assert_int_equal(-EINVAL, json_decode((struct sv){ json, 3 }, &table, &a, &t, NULL));
	assert_int_equal(0, json_decode((struct sv){ json, 2 }, &table, &a, &t, NULL));
}

TEST(a_buffer_that_is_too_small_is_an_error)
{
	scoped_buf out = BUF(10);
	struct err e = { 0 };
	struct thing t;

	json_init(&table, &t);
	t.text = "a longer text";
	assert_int_equal(-EMSGSIZE, json_encode(&table, &t, true, &out, &e));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(values_are_decoded_and_printed_or_refused),
		RUN(a_nul_byte_ends_no_document),
		RUN(a_buffer_that_is_too_small_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
