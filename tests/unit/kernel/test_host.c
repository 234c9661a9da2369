/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/host.h"

#include "../test.h"
#include "base/clock.h"
#include "base/limits.h"
#include "fake_tree.h"

static void put_basics(const struct fake_tree *t)
{
	fake_tree_put(t, "proc/self/mountinfo", "");
	fake_tree_put(t, "proc/meminfo", "MemTotal:       16307392 kB\nMemFree: 1 kB\nSwapTotal:       1024 kB\n");
	fake_tree_put(t, "proc/self/status",
		      "Name:\tcat\nSigIgn:\t8000000000001001\nCapBnd:\t000001fffeffffff\nSeccomp: 0\n");
	fake_tree_put(t, "proc/self/oom_score_adj", "-500\n");
	fake_tree_put(t, "sys/devices/system/cpu/online", "0-3,6\n");
	fake_tree_put(t, "sys/devices/system/node/online", "0-1\n");
}

TEST(open_names_what_is_missing)
{
	struct fake_tree t = { "/tmp/tare-test-XXXXXX", -1 };
	struct err e = { 0 };
	struct host h = { 7, 7, 7, true };
	char want[128];

	assert_non_null(mkdtemp(t.path));
	assert_int_equal(-ENOENT, host_open(&h, t.path, &e));
	(void)snprintf(want, sizeof want, "host %s: open proc: No such file or directory", t.path);
	assert_string_equal(want, e.msg);
	assert_int_equal(7, h.root); /* untouched */
	rmdir(t.path);
}

TEST(only_the_true_root_is_real)
{
	struct host h;
	struct err e = { 0 };

	assert_int_equal(0, host_open(&h, "/", &e));
	assert_true(h.real);
	host_close(&h);
	assert_int_equal(-1, h.root);
	assert_int_equal(-1, h.proc);
	host_close(&h); /* twice is harmless */
}

TEST(facts_of_a_captured_tree)
{
	scoped_tree t = fake_tree_new();
	scoped_arena a = ARENA(LIMIT_ARENA_SPEC);
	struct host_facts f;
	struct err e = { 0 };

	put_basics(&t);
	fake_tree_put(&t, "kfeat", "openat2 0\ncgroup_kill 1\n");
	fake_tree_dir(&t, "sys/devices/system/cpu/cpu0/thermal_throttle");
	fake_tree_dir(&t, "sys/devices/system/cpu/cpu1/thermal_throttle");
	scoped_host h = fake_tree_host(&t);
	if (host_facts_read(&h, &a, &f, &e) < 0)
		fail_msg("%s", e.msg);
	assert_int_equal(CGROUP_MODE_NONE, f.cgroup.mode);
	assert_int_equal(5, f.cpus_online);
	assert_string_equal("0-3,6", f.cpus);
	assert_string_equal("0-1", f.mems);
	assert_true(f.mem_total_bytes == UINT64_C(16307392) << 10);
	assert_true(f.swap_total_bytes == 1 << 20);
	assert_true(f.capabilities == 0x1fffeffffff);
	assert_true(f.signals_ignored == 0x8000000000001001);
	assert_int_equal(-500, f.oom_score_adj);
	assert_int_equal(2, f.thermal_throttle);
	assert_false(f.kernel.openat2);
	assert_true(f.kernel.cgroup_kill && f.kernel.pidfd);
}

TEST(cpus_come_from_the_root_cpuset_where_there_is_one)
{
	scoped_tree t = fake_tree_new();
	scoped_arena a = ARENA(LIMIT_ARENA_SPEC);
	struct host_facts f;
	struct err e = { 0 };

	put_basics(&t);
	fake_tree_put(&t, "sys/fs/cgroup/cgroup.controllers", "cpuset cpu\n");
	fake_tree_put(&t, "sys/fs/cgroup/cpuset.cpus.effective", "0-2\n");
	scoped_host h = fake_tree_host(&t);
	assert_int_equal(0, host_facts_read(&h, &a, &f, &e));
	assert_string_equal("0-2", f.cpus);
	assert_string_equal("0-1", f.mems); /* no cpuset.mems.effective: what is online */
}

static const struct {
	const char *path, *text, *error;
} broken[] = {
	{ "kfeat", "openat3 1\n", "host facts: kfeat: not \"name 0|1\": openat3 1" },
	{ "kfeat", "openat2 yes\n", "host facts: kfeat: not \"name 0|1\": openat2 yes" },
	{ "proc/meminfo", "Mem: 1 kB\n", "host facts: proc/meminfo: no MemTotal" },
	{ "proc/self/status", "Name: x\n", "host facts: proc/self/status: no CapBnd" },
	{ "sys/devices/system/cpu/online", "x\n", "host facts: sys/devices/system/cpu/online: Invalid argument" },
};

TEST(broken_files_are_named)
{
	for (size_t i = 0; i < ARRAY_LEN(broken); i++) {
		scoped_tree t = fake_tree_new();
		scoped_arena a = ARENA(LIMIT_ARENA_SPEC);
		struct host_facts f = { .cpus_online = 7 };
		struct err e = { 0 };

		put_basics(&t);
		fake_tree_put(&t, broken[i].path, broken[i].text);
		scoped_host h = fake_tree_host(&t);
		assert_true(host_facts_read(&h, &a, &f, &e) < 0);
		assert_string_equal(broken[i].error, e.msg);
		assert_int_equal(7, f.cpus_online);
	}
}

TEST(oom_kills_since_boot_where_the_kernel_counts_them)
{
	scoped_tree t = fake_tree_new();
	struct err e = { 0 };
	uint64_t n = 7;
	scoped_host h = fake_tree_host(&t);

	assert_int_equal(-ENOENT, host_oom_kills(&h, &n, &e));
	fake_tree_put(&t, "proc/vmstat", "pgfault 5\noom_killer 1\n");
	assert_int_equal(-ENOENT, host_oom_kills(&h, &n, &e));
	assert_string_equal("proc/vmstat: no oom_kill", e.msg);
	fake_tree_put(&t, "proc/vmstat", "oom_kill x\n");
	assert_int_equal(-EINVAL, host_oom_kills(&h, &n, &e));
	assert_int_equal(7, n);
	fake_tree_put(&t, "proc/vmstat", "pgfault 5\noom_kill 12\nnr 1\n");
	assert_int_equal(0, host_oom_kills(&h, &n, &e));
	assert_int_equal(12, n);
}

TEST(facts_of_this_host_are_plausible_and_cheap)
{
	struct host_facts f;
	struct err e = { 0 };
	struct host h;
	int64_t best = INT64_MAX;

	assert_int_equal(0, host_open(&h, "/", &e));
	for (int i = 0; i < 20; i++) {
		scoped_arena a = ARENA(LIMIT_ARENA_SPEC);
		int64_t start = clock_monotonic_ns(), took;

		if (host_facts_read(&h, &a, &f, &e) < 0)
			fail_msg("%s", e.msg);
		took = clock_monotonic_ns() - start;
		best = took < best ? took : best;
		assert_true(f.cpus && f.cpus[0] && f.mems && f.mems[0]);
	}
	assert_int_equal(sysconf(_SC_NPROCESSORS_ONLN), f.cpus_online);
	assert_true(f.mem_total_bytes > 16 << 20);
	host_close(&h);
	print_message("# host_facts_read: %d us\n", (int)(best / 1000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(open_names_what_is_missing), RUN(only_the_true_root_is_real),
		RUN(facts_of_a_captured_tree),   RUN(cpus_come_from_the_root_cpuset_where_there_is_one),
		RUN(broken_files_are_named),     RUN(facts_of_this_host_are_plausible_and_cheap),
		RUN(oom_kills_since_boot_where_the_kernel_counts_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
