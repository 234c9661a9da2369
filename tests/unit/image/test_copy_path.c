/* SPDX-License-Identifier: Apache-2.0 */
#include "image/copy_path.h"

#include "base/scope.h"

#include "../test.h"

#include <errno.h>
#include <string.h>

static const struct {
	const char *text, *container, *path;
} operands[] = {
	{ "web:/etc", "web", "/etc" }, { "web:", "web", "" },     { "a:b:c", "a", "b:c" },   { "/a:b", NULL, "/a:b" },
	{ "./a:b", NULL, "./a:b" },    { "../x", NULL, "../x" },  { "plain", NULL, "plain" }, { "-", NULL, "-" },
};

TEST(operands_are_local_unless_a_container_stands_before_the_colon)
{
	scoped_arena a = ARENA(1 << 16);

	for (size_t i = 0; i < sizeof operands / sizeof *operands; i++) {
		const char *container, *path;

		assert_int_equal(0, copy_operand(operands[i].text, &a, &container, &path, NULL));
		assert_int_equal(!operands[i].container, !container);
		if (container)
			assert_string_equal(operands[i].container, container);
		assert_string_equal(operands[i].path, path);
	}
}

static const struct {
	const char *text, *path, *dir, *base;
	bool slash;
} paths[] = {
	{ "/a/b", "/a/b", "/a", "b", false },
	{ "a", "/w/a", "/w", "a", false },
	{ "/a/b/", "/a/b/", "/a", "b", true },
	{ "/a/b/.", "/a/b/.", "/a/b", "", true },
	{ ".", "/w/.", "/w", "", true },
	{ "", "/w", "/", "w", false },
	{ "..", "/", "/", "", false },
	{ "/", "/", "/", "", true },
	{ "/.", "/", "/", "", true },
	{ "/../../x", "/x", "/", "x", false },
	{ "/a//./b/../c", "/a/c", "/a", "c", false },
	{ "/a/b.", "/a/b.", "/a", "b.", false },
};

TEST(paths_keep_what_their_end_asks_for)
{
	scoped_arena a = ARENA(1 << 16);

	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
		struct copy_path p;

		assert_int_equal(0, copy_path_parse(paths[i].text, "/w", &a, &p, NULL));
		assert_string_equal(paths[i].path, p.path);
		assert_string_equal(paths[i].dir, p.dir);
		assert_string_equal(paths[i].base, p.base);
		assert_int_equal(paths[i].slash, p.slash);
	}
}

static const struct {
	const char *name;
	bool directory;
	const char *to;
	struct copy_target target;
	int rc;
	const char *dir, *ret_name;
} plans[] = {
	{ "f", false, "/d", { true, true }, 0, "/d", "f" },
	{ "f", false, "/d/", { true, true }, 0, "/d/", "f" },
	{ "s", true, "/d", { true, true }, 0, "/d", "s" },
	{ "", true, "/d", { true, true }, 0, "/d", "" },
	{ "f", false, "/d/g", { true, false }, 0, "/d", "g" },
	{ "f", false, "/d/g", { false, false }, 0, "/d", "g" },
	{ "s", true, "/d/g", { false, false }, 0, "/d", "g" },
	{ "s", true, "/d/g/", { false, false }, 0, "/d", "g" },
	{ "", true, "/d/g", { false, false }, 0, "/d", "g" },
	{ "s", true, "/d/g", { true, false }, -EISDIR, "kept", "kept" },
	{ "f", false, "/d/g/", { false, false }, -ENOENT, "kept", "kept" },
};

TEST(plans_are_those_of_docker)
{
	scoped_arena a = ARENA(1 << 16);

	for (size_t i = 0; i < sizeof plans / sizeof *plans; i++) {
		const char *dir = "kept", *name = "kept";
		struct copy_path to;

		assert_int_equal(0, copy_path_parse(plans[i].to, "/", &a, &to, NULL));
		assert_int_equal(plans[i].rc, copy_plan(plans[i].name, plans[i].directory, &to, &plans[i].target, &dir,
							&name, NULL));
		assert_string_equal(plans[i].dir, dir);
		assert_string_equal(plans[i].ret_name, name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(operands_are_local_unless_a_container_stands_before_the_colon),
		RUN(paths_keep_what_their_end_asks_for),
		RUN(plans_are_those_of_docker),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
