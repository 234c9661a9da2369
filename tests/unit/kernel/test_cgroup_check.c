/* SPDX-License-Identifier: Apache-2.0 */
#include "../test.h"
#include "kernel/cgroup_priv.h"

static const struct {
	enum cgroup_check check;
	const char *wrote, *got;
	bool same;
} rows[] = {
	{ CGROUP_CHECK_EXACT, "100", "100\n", true },
	{ CGROUP_CHECK_EXACT, "100", "1000\n", false },
	{ CGROUP_CHECK_EXACT, "max", "max\n", true },
	{ CGROUP_CHECK_EXACT, "50000 100000", "50000 100000\n", true },
	{ CGROUP_CHECK_EXACT, "100000", "50000 100000\n", false }, /* a number before it is not a word */
	{ CGROUP_CHECK_EXACT, "500", "default 500\n8:0 100\n", true },
	{ CGROUP_CHECK_EXACT, "1", "oom_kill_disable 1\nunder_oom 0\n", true },
	{ CGROUP_CHECK_EXACT, "1", "oom_kill_disable 0\nunder_oom 1\n", false },
	{ CGROUP_CHECK_EXACT, "1", "", false },
	{ CGROUP_CHECK_PAGES, "1000000", "999424\n", true },
	{ CGROUP_CHECK_PAGES, "999424", "999424\n", true },
	{ CGROUP_CHECK_PAGES, "1000000", "995328\n", false },
	{ CGROUP_CHECK_PAGES, "1000000", "1003520\n", false },
	{ CGROUP_CHECK_PAGES, "max", "max\n", true },
	{ CGROUP_CHECK_PAGES, "-1", "9223372036854771712\n", true },
	{ CGROUP_CHECK_PAGES, "9223372036854775807", "max\n", true },
	{ CGROUP_CHECK_PAGES, "max", "999424\n", false },
	{ CGROUP_CHECK_PAGES, "64M", "67108864\n", true },
	{ CGROUP_CHECK_PAGES, "1g", "1073741824\n", true },
	{ CGROUP_CHECK_PAGES, "1", "0\n", true },
	{ CGROUP_CHECK_PAGES, "64X", "64\n", false },
	{ CGROUP_CHECK_PAGES, "99999999999E", "0\n", false },
	{ CGROUP_CHECK_CPUS, "0,1,2", "0-2\n", true },
	{ CGROUP_CHECK_CPUS, "0-3", "0-2\n", false },
	{ CGROUP_CHECK_CPUS, "0", "\n", false },
	{ CGROUP_CHECK_DEVICE, "8:0 wbps=1048576", "7:0 wbps=1 rbps=max\n8:0 rbps=max wbps=1048576 riops=max\n", true },
	{ CGROUP_CHECK_DEVICE, "8:0 wbps=1048576", "8:0 rbps=max wbps=10485760\n", false },
	{ CGROUP_CHECK_DEVICE, "8:0 wbps=1048576", "8:1 wbps=1048576\n", false },
	{ CGROUP_CHECK_DEVICE, "8:0 wbps=max", "", true },
	{ CGROUP_CHECK_DEVICE, "8:0 1048576", "8:0 1048576\n", true },
	{ CGROUP_CHECK_DEVICE, "8:0 0", "\n", true },
	{ CGROUP_CHECK_DEVICE, "8:0 5", "\n", false },
	{ CGROUP_CHECK_NONE, "a", "whatever", true },
};

TEST(what_is_read_is_compared_as_documented)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (cgroup_reads_as(rows[i].wrote, sv_from(rows[i].got), rows[i].check) != rows[i].same)
			fail_msg("row %zu: %s against %s", i, rows[i].wrote, rows[i].got);
}

TEST(counter_is_found_by_its_whole_name)
{
	uint64_t v = 7;

	assert_true(cgroup_counter(SV("oom 1\noom_kill 3\noom_group_kill 9\n"), "oom_kill", &v));
	assert_int_equal(3, v);
	assert_false(cgroup_counter(SV("oom_kill_disable 1\n"), "oom_kill", &v));
	assert_false(cgroup_counter(SV("oom_kill x\n"), "oom_kill", &v));
	assert_int_equal(3, v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(what_is_read_is_compared_as_documented),
		RUN(counter_is_found_by_its_whole_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
