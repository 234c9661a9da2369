/* SPDX-License-Identifier: Apache-2.0 */
/* Where a process is in each hierarchy, from the text of proc_pid_cgroup(5). */
#include "../test.h"
#include "fake_tree.h"
#include "kernel/cgroup_place.h"

static const struct cgroup_layout layout = { .mode = CGROUP_MODE_HYBRID,
					     .n = 3,
					     .h = {
						     { .mount = "sys/fs/cgroup/unified", .name = "", .v2 = true },
						     { .mount = "sys/fs/cgroup/cpu,cpuacct", .name = "cpu,cpuacct" },
						     { .mount = "sys/fs/cgroup/systemd", .name = "name=systemd" },
					     } };

static const struct {
	const char *text, *path[3];
} cases[] = {
	{ "0::/a\n2:cpu,cpuacct:/b/c\n1:name=systemd:/\n", { "/a", "/b/c", "/" } },
	{ "2:cpu,cpuacct:/with:colon\n", { NULL, "/with:colon", NULL } },
	{ "0::/../outside\n2:cpu,cpuacct:/..\n1:name=systemd:/..x\n", { NULL, NULL, "/..x" } },
	{ "0::/gone (deleted)\n", { NULL, NULL, NULL } },
	{ "3:memory:/x\nnonsense\n0:\n", { NULL, NULL, NULL } },
	{ "", { NULL, NULL, NULL } },
};

TEST(each_hierarchy_is_found_by_its_name)
{
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		scoped_arena a = ARENA(1 << 16);
		struct cgroup_place p;

		assert_int_equal(0, cgroup_place_parse(&layout, sv_from(cases[i].text), &a, &p, NULL));
		for (int h = 0; h < 3; h++)
			if (cases[i].path[h])
				assert_string_equal(cases[i].path[h], p.path[h] ? p.path[h] : "");
			else
				assert_null(p.path[h]);
	}
}

TEST(a_process_that_is_gone_is_no_process)
{
	scoped_arena a = ARENA(1 << 16);
	struct cgroup_place p;
	struct err e = { 0 };
	struct host h;

	assert_int_equal(0, host_open(&h, "/", NULL));
	assert_int_equal(-ESRCH, cgroup_place_of(&h, &layout, 0x3fffffff, &a, &p, &e));
	assert_string_equal("process 1073741823: no such process", e.msg);
	assert_int_equal(0, cgroup_place_of(&h, &layout, getpid(), &a, &p, NULL));
	host_close(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = { RUN(each_hierarchy_is_found_by_its_name),
					    RUN(a_process_that_is_gone_is_no_process) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
