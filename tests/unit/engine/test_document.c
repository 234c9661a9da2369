/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/document.h"

#include "../test.h"
#include "base/scope.h"

#include <errno.h>
#include <string.h>

static const char text[] =
	"{\"Id\": \"abc\", \"State\": {\"Pid\": 7, \"OOMKilled\": false, \"Ratio\": 0.5},"
	" \"Args\": [\"-c\", \"a b\"], \"Labels\": {\"b\": \"2\", \"a.x\": \"1\"}, \"Nothing\": null,"
	" \"List\": [{\"N\": 1}, {\"N\": 2}], \"Text\": \"quote \\\" and \\u00e4\"}";

static const struct {
	const char *template, *output, *message;
} cases[] = {
	{ "", "" },
	{ "plain } text", "plain } text" },
	{ "{{.Id}}", "abc" },
	{ "<{{ .State.Pid }}>", "<7>" },
	{ "{{.State.OOMKilled}} {{.State.Ratio}}", "false 0.5" },
	{ "{{.Args}}", "[-c a b]" },
	{ "{{.Labels}}", "map[a.x:1 b:2]" },
	{ "{{.Nothing}}", "<no value>" },
	{ "{{.Nothing.Deeper}}", "<no value>" },
	{ "{{json .Args}}", "[\"-c\",\"a b\"]" },
	{ "{{.State | json}}", "{\"Pid\":7,\"OOMKilled\":false,\"Ratio\":0.5}" },
	{ "{{json .Nothing}}", "null" },
	{ "{{json .Text}}", "\"quote \\\" and ä\"" },
	{ "{{len .Args}} {{len .Labels}} {{len .Id}} {{.Args|len}} {{len .Nothing}}", "2 2 3 2 0" },
	{ "{{index .Args 1}}", "a b" },
	{ "{{index .Labels \"a.x\"}}{{index .Labels `b`}}", "12" },
	{ "{{index .Labels \"none\"}}", "<no value>" },
	{ "{{index .List 1 \"N\"}}", "2" },
	{ "{{(index .List 0).N}}", "1" },
	{ "{{json (index .List 0)}}", "{\"N\":1}" },
	{ "{{json .}}", NULL },
	{ "a  {{- .Id -}}  b", "aabcb" },
	{ "a {{.Id}} b", "a abc b" },
	{ "{{.Nope}}", .message = "template: map has no entry for key \"Nope\"" },
	{ "{{.State.Nope}}", .message = "template: map has no entry for key \"Nope\"" },
	{ "{{.Id.X}}", .message = "template: can't evaluate field X: not an object" },
	{ "{{.Id", .message = "template: unclosed action" },
	{ "{{}}", .message = "template: {{}}: something is missing" },
	{ "{{json}}", .message = "template: {{json}}: something is missing" },
	{ "{{.Id | }}", .message = "template: {{.Id | }}: something is missing" },
	{ "{{range .Args}}x{{end}}",
	  .message = "template: {{range .Args}}: unexpected \"range\" (fields, json, len, index)" },
	{ "{{.Id .Id}}", .message = "template: {{.Id .Id}}: unexpected \"Id\" (fields, json, len, index)" },
	{ "{{.Id | upper}}", .message = "template: {{.Id | upper}}: unexpected \"upper\" (fields, json, len, index)" },
	{ "{{.State..Pid}}", .message = "template: unexpected <.> in a path" },
	{ "{{index .Args 2}}", .message = "template: index out of range: 2" },
	{ "{{index .Args \"x}}", .message = "template: unterminated quoted string" },
	{ "{{(.Id}}", .message = "template: {{(.Id}}: something is missing" },
	{ "{{((((((((((((((((((.Id))))))))))))))))))}}", .message = "template: too many parentheses" },
	{ "{{len .State.Pid}}", .message = "template: len of a number or boolean" },
};

TEST(templates_of_go)
{
	struct document *d;

	assert_int_equal(0, document_parse(sv_from(text), &d, NULL));
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		scoped_buf out = BUF(1 << 16);
		struct err e = { 0 };
		int r = document_template(d, sv_from(cases[i].template), &out, &e);

		if (r < 0)
			assert_string_equal(cases[i].message ? cases[i].message : cases[i].template, e.msg);
		else if (cases[i].output && out.p)
			assert_string_equal(cases[i].output, out.p);
		assert_int_equal(cases[i].message ? -EINVAL : 0, r);
	}
	document_free(d);
}

TEST(what_json_prints_is_parsed_again)
{
	scoped_buf once = BUF(1 << 16), twice = BUF(1 << 16);
	struct document *d;

	assert_int_equal(0, document_parse(sv_from(text), &d, NULL));
	assert_int_equal(0, document_template(d, SV("{{json .}}"), &once, NULL));
	document_free(d);
	assert_int_equal(0, document_parse(buf_sv(&once), &d, NULL));
	assert_int_equal(0, document_print(d, false, 0, &twice, NULL));
	document_free(d);
	assert_string_equal(once.p, twice.p);
}

TEST(pretty_is_four_blanks_a_level)
{
	scoped_buf out = BUF(1 << 16);
	struct document *d;

	assert_int_equal(0, document_parse(SV("{\"a\":[1,{}],\"b\":[],\"c\":{\"d\":null}}"), &d, NULL));
	assert_int_equal(0, document_print(d, true, 1, &out, NULL));
	document_free(d);
	assert_string_equal("{\n"
			    "        \"a\": [\n"
			    "            1,\n"
			    "            {}\n"
			    "        ],\n"
			    "        \"b\": [],\n"
			    "        \"c\": {\n"
			    "            \"d\": null\n"
			    "        }\n"
			    "    }",
			    out.p);
}

TEST(only_one_whole_document_is_parsed)
{
	static const char *const bad[] = { "", "{", "{}x", "[1,", "nope", "{} {}", "\"open" };
	static const char *const good[] = { " 12 \n", "1", "1\t", "\"x\"", "[] ", "true" };
	struct document *d = NULL;
	struct err e;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_int_equal(-EINVAL, document_parse(sv_from(bad[i]), &d, &e));
		assert_string_equal("not a JSON document", e.msg);
		assert_null(d);
	}
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		assert_int_equal(0, document_parse(sv_from(good[i]), &d, NULL));
		document_free(d);
	}
}

TEST(output_has_a_ceiling)
{
	scoped_buf out = BUF(20);
	struct document *d;

	assert_int_equal(0, document_parse(sv_from(text), &d, NULL));
	assert_int_equal(-EMSGSIZE, document_template(d, SV("{{json .}}"), &out, NULL));
	document_free(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(templates_of_go),
		RUN(what_json_prints_is_parsed_again),
		RUN(pretty_is_four_blanks_a_level),
		RUN(only_one_whole_document_is_parsed),
		RUN(output_has_a_ceiling),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
