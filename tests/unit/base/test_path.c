/* SPDX-License-Identifier: Apache-2.0 */
#include "base/path.h"

#include "base/scope.h"

#include "../test.h"

static const struct {
	const char *path, *clean;
} cases[] = {
	{ "/", "/" },
	{ "", "." },
	{ "//", "/" },
	{ "/a", "/a" },
	{ "/a/", "/a" },
	{ "//a//b//", "/a/b" },
	{ "/a/./b", "/a/b" },
	{ "/a/../b", "/b" },
	{ "/..", "/" },
	{ "/../../a", "/a" },
	{ "/a/b/../../c", "/c" },
	{ "/a/b/..", "/a" },
	{ "/...", "/..." },
	{ "a/b/..", "a" },
	{ "/dev/shm/.", "/dev/shm" },
};

TEST(paths_are_cleaned_as_text)
{
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		scoped_arena a = ARENA(4096);

		assert_string_equal(cases[i].clean, path_clean(&a, sv_from(cases[i].path)));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(paths_are_cleaned_as_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
