/* SPDX-License-Identifier: Apache-2.0 */
#include "systemd/unit.h"

#include "../test.h"

#include "base/scope.h"

#include <string.h>

static const struct {
	const char *path, *id;
	bool user;
	const char *slice, *name, *cgroup; /* name NULL: refused */
} cases[] = {
	{ NULL, "web", false, "system.slice", "tare-web.scope", "/system.slice/tare-web.scope" },
	{ "", "web", true, "user.slice", "tare-web.scope", "/user.slice/tare-web.scope" },
	{ "machine.slice:libpod:0123", "x", false, "machine.slice", "libpod-0123.scope",
	  "/machine.slice/libpod-0123.scope" },
	{ "a-b-c.slice:p:n", "x", false, "a-b-c.slice", "p-n.scope", "/a.slice/a-b.slice/a-b-c.slice/p-n.scope" },
	{ "-.slice:p:n", "x", false, "-.slice", "p-n.scope", "/p-n.scope" },
	{ ":p:n", "x", false, "system.slice", "p-n.scope", "/system.slice/p-n.scope" },
	{ "s.slice::n", "x", false, "s.slice", "n.scope", "/s.slice/n.scope" },
	{ "kubepods.slice:cri:kubepods-pod7.slice", "x", false, "kubepods.slice", "kubepods-pod7.slice",
	  "/kubepods.slice/kubepods-pod7.slice" },
	{ NULL, "a+b", false, "system.slice", "tare-a\\x2bb.scope", "/system.slice/tare-a\\x2bb.scope" },
	{ "s.slice:p:a/b", "x", false, "s.slice", "p-a\\x2fb.scope", "/s.slice/p-a\\x2fb.scope" },
	{ "/machine/web", "x", false, NULL, NULL, NULL },
	{ "s.slice:n", "x", false, NULL, NULL, NULL },
	{ "s.slice:p:n:m", "x", false, NULL, NULL, NULL },
	{ "s.slice:p:", "x", false, NULL, NULL, NULL },
	{ "s:p:n", "x", false, NULL, NULL, NULL },
	{ "a--b.slice:p:n", "x", false, NULL, NULL, NULL },
	{ "-a.slice:p:n", "x", false, NULL, NULL, NULL },
	{ "a-.slice:p:n", "x", false, NULL, NULL, NULL },
	{ ".slice:p:n", "x", false, NULL, NULL, NULL },
	{ "a/b.slice:p:n", "x", false, NULL, NULL, NULL },
};

TEST(a_path_names_a_slice_a_unit_and_a_group)
{
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		scoped_arena a = ARENA(1 << 16);
		struct unit_name u = { .name = "untouched" };
		struct err e = { 0 };
		int r = unit_name_parse(cases[i].path, cases[i].id, cases[i].user, &a, &u, &e);

		if (!cases[i].name) {
			assert_int_equal(-EINVAL, r);
			assert_string_equal("untouched", u.name);
			assert_non_null(strstr(e.msg, cases[i].path));
			continue;
		}
		assert_int_equal(0, r);
		assert_string_equal(cases[i].slice, u.slice);
		assert_string_equal(cases[i].name, u.name);
		assert_string_equal(cases[i].cgroup, u.cgroup);
	}
}

TEST(a_name_that_systemd_would_not_take_is_refused_by_its_length)
{
	scoped_arena a = ARENA(1 << 16);
	struct unit_name u;
	char id[260];

	memset(id, 'x', sizeof id);
	id[UNIT_NAME_MAX - strlen("tare-.scope")] = '\0';
	assert_int_equal(0, unit_name_parse(NULL, id, false, &a, &u, NULL));
	assert_int_equal(UNIT_NAME_MAX, strlen(u.name));
	id[UNIT_NAME_MAX - strlen("tare-.scope")] = 'x';
	id[UNIT_NAME_MAX - strlen("tare-.scope") + 1] = '\0';
	assert_int_equal(-ENAMETOOLONG, unit_name_parse(NULL, id, false, &a, &u, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(a_path_names_a_slice_a_unit_and_a_group),
		RUN(a_name_that_systemd_would_not_take_is_refused_by_its_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
