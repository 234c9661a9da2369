/* SPDX-License-Identifier: Apache-2.0 */
#include "manifest/node.h"

#include "manifest/node_text.h"

#include "../test.h"
#include "base/buf.h"
#include "base/limits.h"
#include "base/scope.h"

#include <string.h>

static struct documents parse(struct arena *a, const char *text)
{
	struct documents d = { 0 };
	struct err e = { 0 };

	if (documents_parse(sv_from(text), a, &d, &e) < 0)
		fail_msg("%s", e.msg);
	return d;
}

TEST(documents_have_places)
{
	scoped_arena a = ARENA(1 << 20);
	struct documents d = parse(&a, "# comment\na: 1\nb:\n- x\n- y: {z: \"q\"}\n---\n---\nc\n...\n");
	const struct node *b;

	assert_int_equal(2, d.n);
	b = node_member(d.v[0], "b");
	assert_int_equal(NODE_SEQUENCE, b->kind);
	assert_int_equal(2, b->n);
	assert_int_equal(5, b->items[1]->line);
	assert_int_equal(3, b->items[1]->column);
	assert_string_equal("q", node_member(node_member(b->items[1], "y"), "z")->text);
	assert_null(node_member(d.v[0], "c"));
	assert_string_equal("c", d.v[1]->text);
}

TEST(json_is_read_as_it_is)
{
	scoped_arena a = ARENA(1 << 20);
	struct documents d = parse(&a, "{\n\t\"a\": [1, 2.5e3, true, null, \"x\\u00e9\\/\"],\n\t\"b\": {}\n}\n");
	const struct node *list = node_member(d.v[0], "a");
	bool truth;

	assert_int_equal(1, d.n);
	assert_int_equal(5, list->n);
	assert_true(node_is_number(list->items[1]));
	assert_true(node_bool(list->items[2], &truth) && truth);
	assert_true(node_is_null(list->items[3]));
	assert_string_equal("x\xc3\xa9/", list->items[4]->text);
}

TEST(aliases_are_what_they_name)
{
	scoped_arena a = ARENA(1 << 20);
	struct documents d = parse(&a, "a: &x {k: v}\nb: *x\n");

	assert_string_equal("v", node_member(node_member(d.v[0], "b"), "k")->text);
}

static const struct {
	const char *text, *error;
} bad[] = {
	{ "a: b: c", "line 1, column 5: mapping values are not allowed in this context" },
	{ "a:\n- b\n c: d", "line 3, column 3: mapping values are not allowed in this context" },
	{ "a: \"x", "line 1, column 6: found unexpected end of stream, while scanning a quoted scalar" },
	{ "a: 1\nb: 2\na: 3", "line 3, column 1: key \"a\" stands in line 1 already" },
	{ "[a]: b", "line 1, column 1: a key must be text" },
	{ "a: *x", "line 1, column 4: an alias of an anchor that is not there" },
	{ "a: &x [*x]", "line 1, column 8: an alias of an anchor that is not there" },
	{ "a: &x b\n---\na: *x", "line 3, column 4: an alias of an anchor that is not there" },
	{ "a: \"b\\0c\"", "line 1, column 4: a text with a NUL character" },
	{ "a: \xff", "byte 3: invalid leading UTF-8 octet" },
	{ "{\"a\": 1", "line 2, column 1: did not find expected ',' or '}', while parsing a flow mapping" },
};

TEST(what_is_wrong_has_a_place)
{
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		scoped_arena a = ARENA(1 << 20);
		struct documents d = { .n = 77 };
		struct err e = { 0 };

		assert_int_equal(-EINVAL, documents_parse(sv_from(bad[i].text), &a, &d, &e));
		assert_string_equal(bad[i].error, e.msg);
		assert_int_equal(77, d.n);
	}
}

TEST(what_grows_without_end_is_refused)
{
	scoped_arena a = ARENA(64 << 20);
	scoped_buf laughs = BUF(1 << 16), deep = BUF(1 << 16), aliases = BUF(1 << 16), large = BUF(8u << 20);
	struct documents d;
	struct err e;

	buf_puts(&laughs, "a0: &a0 x\n");
	for (int i = 1; i < 20; i++)
		buf_putf(&laughs, "a%d: &a%d [*a%d, *a%d, *a%d, *a%d]\n", i, i, i - 1, i - 1, i - 1, i - 1);
	assert_int_equal(-E2BIG, documents_parse(buf_sv(&laughs), &a, &d, &e));
	assert_non_null(strstr(e.msg, "more than 200000 nodes, aliases written out"));
	for (int i = 0; i < 1000; i++)
		buf_puts(&deep, "[");
	assert_int_equal(-E2BIG, documents_parse(buf_sv(&deep), &a, &d, &e));
	assert_string_equal("line 1, column 33: nested too deeply", e.msg);
	buf_puts(&aliases, "a: &a ");
	for (int i = 0; i < 16; i++)
		buf_puts(&aliases, "[");
	buf_puts(&aliases, "]]]]]]]]]]]]]]]]\nb: &b ");
	for (int i = 0; i < 15; i++)
		buf_puts(&aliases, "[");
	buf_puts(&aliases, "*a]]]]]]]]]]]]]]]\n");
	assert_int_equal(0, documents_parse(buf_sv(&aliases), &a, &d, &e));
	buf_puts(&aliases, "c: [*b]\n");
	assert_int_equal(-E2BIG, documents_parse(buf_sv(&aliases), &a, &d, &e));
	assert_string_equal("line 2, column 4: nested too deeply", e.msg);
	for (unsigned i = 0; i <= LIMIT_KUBE_MANIFEST / 16; i++)
		buf_puts(&large, "# comment comment\n");
	assert_int_equal(-E2BIG, documents_parse(buf_sv(&large), &a, &d, &e));
	assert_string_equal("more than 4194304 bytes", e.msg);
}

TEST(plain_scalars_have_types)
{
	static const struct {
		const char *text;
		bool null, number, truth, i64;
		int64_t value;
	} rows[] = {
		{ "~", true },
		{ "null", true },
		{ "\"\"", false },
		{ "8080", false, true, false, true, 8080 },
		{ "-5", false, true, false, true, -5 },
		{ "0644", false, true, false, true, 420 },
		{ "0x10", false, true, false, true, 16 },
		{ "0o17", false, true, false, true, 15 },
		{ "1.5", false, true },
		{ "1e3", false, true },
		{ ".5", false, true },
		{ "1.2.3", false },
		{ "100m", false },
		{ "\"1\"", false },
		{ "yes", false, false, true },
		{ "Off", false, false, true },
		{ "99999999999999999999", false, true },
		{ "text", false },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		scoped_arena a = ARENA(1 << 20);
		const struct node *n = node_member(parse(&a, arena_fmt(&a, "a: %s", rows[i].text)).v[0], "a");
		int64_t v = 0;
		bool truth;

		assert_int_equal(rows[i].null, node_is_null(n));
		assert_int_equal(rows[i].number, node_is_number(n));
		assert_int_equal(rows[i].truth, node_bool(n, &truth));
		assert_int_equal(rows[i].i64, node_i64(n, &v));
		assert_int_equal(rows[i].value, v);
	}
}

static const char *printed(struct arena *a, const struct node *n, bool yaml)
{
	scoped_buf out = BUF(1 << 16);

	if (yaml)
		node_print_yaml(n, &out);
	else
		node_print_json(n, false, &out);
	assert_int_equal(0, buf_status(&out, NULL));
	return arena_sv(a, buf_sv(&out));
}

TEST(what_is_printed_reads_as_the_same)
{
	static const char text[] =
		"a: 0644\nb: [x, {c: 'yes', d: yes}, [], ~]\ne: {f: \"1\", g h: \"a\\nb\"}\ni: 1.50\nj: -x\n";
	static const char json[] =
		"{\"a\":420,\"b\":[\"x\",{\"c\":\"yes\",\"d\":true},[],null],\"e\":{\"f\":\"1\",\"g h\":"
		"\"a\\nb\"},\"i\":1.50,\"j\":\"-x\"}";
	scoped_arena a = ARENA(1 << 20);
	const char *yaml = printed(&a, parse(&a, text).v[0], true);

	assert_string_equal(json, printed(&a, parse(&a, text).v[0], false));
	assert_string_equal(json, printed(&a, parse(&a, json).v[0], false));
	assert_string_equal("a: 420\nb:\n- x\n- c: \"yes\"\n  d: true\n- []\n- null\ne:\n  f: \"1\"\n  \"g h\": "
			    "\"a\\nb\"\ni: 1.50\nj: \"-x\"\n",
			    yaml);
	assert_string_equal(json, printed(&a, parse(&a, yaml).v[0], false));
}

TEST(a_change_shares_the_rest)
{
	scoped_arena a = ARENA(1 << 20);
	const struct node *n = parse(&a, "a: [1, 2]\nb: c\n").v[0], *m;

	m = node_with(&a, n, "a", node_with_item(&a, node_member(n, "a"), 1, node_text(&a, "x")));
	m = node_with(&a, m, "d", node_object(&a));
	assert_string_equal("{\"a\":[1,\"x\"],\"b\":\"c\",\"d\":{}}", printed(&a, m, false));
	assert_string_equal("{\"a\":[1,2],\"b\":\"c\"}", printed(&a, n, false));
	assert_ptr_equal(node_member(n, "b"), node_member(m, "b"));
}

TEST(json_that_was_printed_is_the_same_tree_again)
{
	static const char *const texts[] = {
		"{\"a\":[1,2.5,true,null,\"null\",\"x\\ty\\u00e9\"],\"b\":{},\"c\":[],\"d\":{\"e\":\"1\"}}",
		"\"text\"",
		"[[[]]]",
	};
	scoped_arena a = ARENA(1 << 20);

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		scoped_buf yaml = BUF(4096), json = BUF(4096);
		struct documents d;
		const struct node *n;
		struct err e = { 0 };

		assert_int_equal(0, documents_parse(sv_from(texts[i]), &a, &d, &e));
		assert_int_equal(0, document_parse_json(sv_from(texts[i]), &a, &n, &e));
		node_print_json(d.v[0], false, &yaml);
		node_print_json(n, false, &json);
		assert_string_equal(yaml.p, json.p);
		assert_true(d.v[0]->weight == n->weight);
	}
}

TEST(json_that_is_none_is_refused)
{
	static const char *const texts[] = { "", "{", "{\"a\"}", "[1,]", "1 2", "{a: 1}", "\"\\u0000\"" };
	scoped_arena a = ARENA(1 << 20);

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		const struct node *n = NULL;
		struct err e = { 0 };

		assert_int_equal(-EINVAL, document_parse_json(sv_from(texts[i]), &a, &n, &e));
		assert_null(n);
		assert_true(e.msg[0]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(documents_have_places),
		RUN(json_is_read_as_it_is),
		RUN(aliases_are_what_they_name),
		RUN(what_is_wrong_has_a_place),
		RUN(what_grows_without_end_is_refused),
		RUN(plain_scalars_have_types),
		RUN(what_is_printed_reads_as_the_same),
		RUN(a_change_shares_the_rest),
		RUN(json_that_was_printed_is_the_same_tree_again),
		RUN(json_that_is_none_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
