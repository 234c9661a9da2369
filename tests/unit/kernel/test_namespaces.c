/* SPDX-License-Identifier: Apache-2.0 */
/* Namespaces by their links, and those of this host as they are. */
#include "../test.h"
#include "base/scope.h"
#include "kernel/host.h"
#include "kernel/namespaces.h"

#include <string.h>

static const struct {
	const char *text;
	bool ok;
	enum namespace_type type;
	uint64_t ino;
} links[] = {
	{ "net:[4026531840]", true, NAMESPACE_NET, 4026531840u },
	{ "mnt:[1]", true, NAMESPACE_MNT, 1 },
	{ "user:[18446744073709551615]", true, NAMESPACE_USER, UINT64_MAX },
	{ "net:[0]", false },
	{ "net:[]", false },
	{ "net:4026531840", false },
	{ "net:[12", false },
	{ "net:[1x]", false },
	{ "pipe:[123]", false },
	{ "socket:[123]", false },
	{ "", false },
	{ ":[1]", false },
	{ "/dev/null", false },
	{ "pid_for_children:[4026531836]", false },
	{ "net:[99999999999999999999]", false },
};

TEST(a_link_is_a_type_and_a_number)
{
	for (size_t i = 0; i < ARRAY_LEN(links); i++) {
		enum namespace_type type = NAMESPACE_TYPE_COUNT;
		uint64_t ino = 7;

		assert_int_equal(links[i].ok, namespace_parse_link(sv_from(links[i].text), &type, &ino));
		assert_int_equal(links[i].ok ? links[i].ino : 7, ino);
		assert_int_equal(links[i].ok ? links[i].type : NAMESPACE_TYPE_COUNT, type);
	}
}

TEST(types_have_names)
{
	for (int i = 0; i < NAMESPACE_TYPE_COUNT; i++)
		assert_int_equal(i, namespace_type_from_name(sv_from(namespace_type_name((enum namespace_type)i))));
	assert_int_equal(NAMESPACE_NET, namespace_type_from_name(SV("network")));
	assert_int_equal(-1, namespace_type_from_name(SV("colour")));
	assert_int_equal(-1, namespace_type_from_name(SV("")));
}

TEST(our_own_are_among_all_of_the_host)
{
	scoped_arena a = ARENA(16 << 20);
	uint64_t own[NAMESPACE_TYPE_COUNT];
	struct namespaces all;
	struct err e = { 0 };
	struct host h;

	assert_int_equal(0, host_open(&h, "/", NULL));
	assert_int_equal(0, namespaces_of(&h, getpid(), own, NULL));
	if (namespaces_read(&h, NAMESPACES_RELATIONS, &a, &all, &e) < 0)
		fail_msg("%s", e.msg);
	assert_true(all.processes > 0);
	for (int t = 0; t < NAMESPACE_TYPE_COUNT; t++) {
		unsigned found = 0;

		for (size_t i = 0; own[t] && i < all.n; i++)
			if (all.v[i].type == (enum namespace_type)t && all.v[i].ino == own[t]) {
				found++;
				assert_true(all.v[i].processes > 0 && all.v[i].first > 0);
			}
		assert_int_equal(own[t] != 0, found);
	}
	assert_int_equal(-ESRCH, namespaces_of(&h, 0x3fffffff, own, &e));
	assert_string_equal("process 1073741823: no such process", e.msg);
	host_close(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = { RUN(a_link_is_a_type_and_a_number), RUN(types_have_names),
					    RUN(our_own_are_among_all_of_the_host) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
