/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/mount_options.h"

#include "../test.h"

#include "base/scope.h"
#include "kernel/mount.h"

#include <errno.h>
#include <string.h>
#include <sys/mount.h>

static const struct {
	const char *words[4]; /* NULL ends them */
	uint64_t set, clear, set_recursive, propagation;
	bool bind, recursive;
	const char *data;
} cases[] = {
	{ { "nosuid", "nodev", "noexec" },
	  MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC,
	  0,
	  0,
	  0,
	  false,
	  false,
	  NULL },
	{ { "ro", "rw" }, 0, MOUNT_ATTR_RDONLY, 0, 0, false, false, NULL },
	{ { "rw", "ro" }, MOUNT_ATTR_RDONLY, 0, 0, 0, false, false, NULL },
	{ { "bind", "rro" }, 0, 0, MOUNT_ATTR_RDONLY, 0, true, false, NULL },
	{ { "rbind", "rslave" }, 0, 0, 0, MS_SLAVE, true, true, NULL },
	{ { "mode=755", "nosuid", "size=64k" }, MOUNT_ATTR_NOSUID, 0, 0, 0, false, false, "mode=755,size=64k" },
	{ { "noatime" }, MOUNT_ATTR_NOATIME, MOUNT_ATTR__ATIME, 0, 0, false, false, NULL },
	{ { "noatime", "strictatime" }, MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME, 0, 0, false, false, NULL },
	{ { "defaults", "async" }, 0, 0, 0, 0, false, false, NULL },
};

static int parse(const char *const *words, struct arena *a, struct mount_options *ret, struct err *e)
{
	struct oci_strings list = { (const char **)words, 0 };

	while (words[list.n])
		list.n++;
	return mount_options_parse(&list, a, ret, e);
}

TEST(words_become_attributes_propagation_and_the_rest)
{
	scoped_arena a = ARENA(1 << 16);

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct mount_options o;

		assert_int_equal(0, parse(cases[i].words, &a, &o, NULL));
		assert_int_equal(cases[i].set & ~MOUNT_ATTR__ATIME, o.set & ~MOUNT_ATTR__ATIME);
		assert_int_equal(cases[i].set & MOUNT_ATTR__ATIME, o.set & MOUNT_ATTR__ATIME);
		assert_int_equal(cases[i].set_recursive, o.set_recursive);
		assert_int_equal(cases[i].propagation, o.propagation);
		assert_int_equal(cases[i].bind, o.bind);
		assert_int_equal(cases[i].recursive, o.recursive_bind);
		if (cases[i].data)
			assert_string_equal(cases[i].data, o.data);
		else
			assert_null(o.data);
		assert_int_equal(cases[i].clear & MOUNT_ATTR_RDONLY, o.clear & MOUNT_ATTR_RDONLY);
	}
}

TEST(idmap_is_for_the_mount_or_for_all_below_it)
{
	static const char *const words[][4] = { { "bind" }, { "bind", "idmap" }, { "rbind", "ridmap", "ro" } };
	static const enum mount_idmap want[] = { IDMAP_NONE, IDMAP_MOUNT, IDMAP_TREE };
	scoped_arena a = ARENA(1 << 16);

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		struct mount_options o;

		assert_int_equal(0, parse(words[i], &a, &o, NULL));
		assert_int_equal(want[i], o.idmap);
		assert_null(o.data);
	}
}

TEST(an_idmap_may_have_ids_of_its_own)
{
	static const char *const words[] = { "bind", "ridmap=uids=0-1-2#@10-20-30;gids=5-6-7", NULL };
	scoped_arena a = ARENA(1 << 16);
	struct mount_options o;

	assert_int_equal(0, parse(words, &a, &o, NULL));
	assert_int_equal(IDMAP_TREE, o.idmap);
	assert_int_equal(2, o.uids.n);
	assert_int_equal(1, o.gids.n);
	assert_true(o.uids.v[0].disk == 0 && o.uids.v[0].host == 1 && o.uids.v[0].size == 2 && !o.uids.v[0].relative);
	assert_true(o.uids.v[1].disk == 10 && o.uids.v[1].host == 20 && o.uids.v[1].relative);
	assert_int_equal(7, o.gids.v[0].size);
	assert_null(o.data);
}

TEST(an_idmap_that_is_none_is_refused_with_its_text)
{
	static const char *const words[][3] = { { "bind", "idmap=uids=0-1-2" },
						{ "bind", "idmap=" },
						{ "bind", "idmap=uids=0-1;gids=0-1-2" },
						{ "bind", "idmap=uids=0-1-4294967296;gids=0-1-2" },
						{ "bind", "idmap=uids=0-1-2;uids=0-1-2;gids=0-1-2" },
						{ "bind", "idmap=ids=0-1-2" },
						{ "bind", "idmap=uids=;gids=0-1-2" } };
	scoped_arena a = ARENA(1 << 16);

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		struct mount_options o = { .data = "untouched" };
		struct err e = { 0 };

		assert_int_equal(-EINVAL, parse(words[i], &a, &o, &e));
		assert_non_null(strstr(e.msg, words[i][1]));
		assert_string_equal("untouched", o.data);
	}
}

TEST(attributes_print_as_mount_words)
{
	scoped_buf b = BUF(256);

	mount_attr_print(MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOATIME, MOUNT_ATTR__ATIME, &b);
	assert_string_equal("ro,nosuid,noatime", b.p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(words_become_attributes_propagation_and_the_rest),
		RUN(idmap_is_for_the_mount_or_for_all_below_it),
		RUN(an_idmap_may_have_ids_of_its_own),
		RUN(an_idmap_that_is_none_is_refused_with_its_text),
		RUN(attributes_print_as_mount_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
