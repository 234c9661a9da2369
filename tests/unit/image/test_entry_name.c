/* SPDX-License-Identifier: Apache-2.0 */
#include "image/entry_name.h"

#include "../test.h"

#include <errno.h>
#include <string.h>

static const struct {
	const char *name, *clean;
	int rc;
} cases[] = {
	{ "etc/passwd", "etc/passwd", 0 },
	{ "./etc//passwd/", "etc/passwd", 0 },
	{ "/etc/passwd", "etc/passwd", 0 },
	{ "//etc", "etc", 0 },
	{ "./", "", 0 },
	{ "/", "", 0 },
	{ ".", "", 0 },
	{ "a/../b", "b", 0 },
	{ "a/b/../../c", "c", 0 },
	{ "a/..", "", 0 },
	{ "..a/b..", "..a/b..", 0 },
	{ "", "kept", -EINVAL },
	{ "..", "kept", -EINVAL },
	{ "../x", "kept", -EINVAL },
	{ "/../x", "kept", -EINVAL },
	{ "a/../../x", "kept", -EINVAL },
	{ "./../a", "kept", -EINVAL },
};

TEST(names_are_cleaned_or_refused)
{
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char clean[ENTRY_NAME_SIZE] = "kept";

		assert_int_equal(cases[i].rc, entry_name_clean(cases[i].name, clean, NULL));
		assert_string_equal(cases[i].clean, clean);
	}
}

TEST(long_names_have_a_ceiling)
{
	char name[2 * ENTRY_NAME_SIZE], clean[ENTRY_NAME_SIZE];

	memset(name, 'a', sizeof name);
	name[255] = '\0';
	assert_int_equal(0, entry_name_clean(name, clean, NULL));
	name[255] = 'a';
	name[256] = '\0';
	assert_int_equal(-ENAMETOOLONG, entry_name_clean(name, clean, NULL));
	for (size_t i = 0; i < sizeof name; i++)
		name[i] = i % 2 ? '/' : 'a';
	name[4095] = '\0';
	assert_int_equal(0, entry_name_clean(name, clean, NULL));
	assert_int_equal(4095, strlen(clean));
	name[4095] = '/';
	name[4097] = '\0';
	assert_int_equal(-ENAMETOOLONG, entry_name_clean(name, clean, NULL));
}

TEST(split_gives_parent_and_leaf)
{
	struct entry_split s;

	entry_split("etc/ssl/cert", &s);
	assert_string_equal("etc/ssl", s.parent);
	assert_string_equal("cert", s.leaf);
	entry_split("etc", &s);
	assert_string_equal("", s.parent);
	assert_string_equal("etc", s.leaf);
	entry_split("", &s);
	assert_string_equal("", s.parent);
	assert_string_equal("", s.leaf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(names_are_cleaned_or_refused),
		RUN(long_names_have_a_ceiling),
		RUN(split_gives_parent_and_leaf),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
