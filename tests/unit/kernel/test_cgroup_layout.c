/* SPDX-License-Identifier: Apache-2.0 */
#include "../test.h"
#include "fake_tree.h"
#include "kernel/cgroup.h"

/* The mount table of a systemd host of the v1 days, shuffled a little: joined cpu,cpuacct, hybrid, an irrelevant bind
 * of a container's part of memory, a blank in a mount point. */
static const char hybrid[] =
	"31 23 0:28 / /sys/fs/cgroup ro,nosuid shared:9 - tmpfs tmpfs ro,mode=755\n"
	"40 31 0:36 /docker/x /mnt/part rw - cgroup cgroup rw,memory\n"
	"36 31 0:34 / /sys/fs/cgroup/freezer rw,relatime shared:12 master:1 - cgroup cgroup rw,freezer\n"
	"33 31 0:31 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,release_agent=/lib/x,name=systemd\n"
	"32 31 0:30 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw,nsdelegate\n"
	"34 31 0:32 / /sys/fs/cgroup/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct\n"
	"35 31 0:33 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n"
	"41 31 0:33 / /mnt/a\\040b rw - cgroup cgroup rw,pids,clone_children\n"
	"42 31 0:33 / /mnt/again rw - cgroup cgroup rw,memory\n"
	"garbage\n\n";

static struct cgroup_layout layout_of(const struct fake_tree *t)
{
	scoped_host h = fake_tree_host(t);
	struct cgroup_layout l;
	struct err e = { 0 };

	if (cgroup_layout_read(&h, &l, &e) < 0)
		fail_msg("%s", e.msg);
	return l;
}

TEST(hybrid_has_v2_first_and_the_freezer_last)
{
	static const struct {
		const char *mount, *name;
		bool v2;
	} want[] = {
		{ "sys/fs/cgroup/unified", "", true },
		{ "sys/fs/cgroup/systemd", "name=systemd", false },
		{ "sys/fs/cgroup/memory", "memory", false },
		{ "sys/fs/cgroup/cpu,cpuacct", "cpu,cpuacct", false },
		{ "mnt/a b", "pids", false },
		{ "sys/fs/cgroup/freezer", "freezer", false },
	};
	scoped_tree t = fake_tree_new();
	struct cgroup_layout l;

	fake_tree_put(&t, "proc/self/mountinfo", hybrid);
	fake_tree_put(&t, "sys/fs/cgroup/unified/cgroup.controllers", "hugetlb io\n");
	l = layout_of(&t);
	assert_int_equal(CGROUP_MODE_HYBRID, l.mode);
	assert_int_equal(ARRAY_LEN(want), l.n);
	for (unsigned i = 0; i < l.n; i++) {
		bool known = false;

		for (size_t k = 0; k < ARRAY_LEN(want); k++)
			known |= strcmp(want[k].mount, l.h[i].mount) == 0 && strcmp(want[k].name, l.h[i].name) == 0 &&
				 want[k].v2 == l.h[i].v2;
		if (!known)
			fail_msg("%s %s", l.h[i].mount, l.h[i].name);
	}
	assert_true(l.h[0].v2);
	assert_string_equal("freezer", l.h[l.n - 1].name);
	assert_int_equal(1u << CGROUP_HUGETLB | 1u << CGROUP_BLKIO, l.h[0].controllers);
}

TEST(hybrid_finds_each_controller_on_its_side)
{
	scoped_tree t = fake_tree_new();
	struct cgroup_layout l;

	fake_tree_put(&t, "proc/self/mountinfo", hybrid);
	fake_tree_put(&t, "sys/fs/cgroup/unified/cgroup.controllers", "hugetlb io\n");
	fake_tree_put(&t, "sys/fs/cgroup/memory/memory.memsw.limit_in_bytes", "1\n");
	l = layout_of(&t);
	assert_int_equal(cgroup_layout_find(&l, CGROUP_CPU), cgroup_layout_find(&l, CGROUP_CPUACCT));
	assert_false(l.h[cgroup_layout_find(&l, CGROUP_FREEZER)].v2);
	assert_true(l.h[cgroup_layout_find(&l, CGROUP_DEVICES)].v2); /* no v1 devices: BPF on the v2 side */
	assert_int_equal(0, cgroup_layout_find(&l, CGROUP_BLKIO));
	assert_false(cgroup_layout_has(&l, CGROUP_CPUSET));
	assert_true(l.memory_swap);
	assert_false(l.cpu_cfs);
	assert_false(l.blkio_weight);
}

TEST(v2_alone_needs_no_mount_table)
{
	scoped_tree t = fake_tree_new();
	struct cgroup_layout l;

	fake_tree_put(&t, "sys/fs/cgroup/cgroup.controllers", "cpuset cpu io memory hugetlb pids rdma misc\n");
	fake_tree_put(&t, "proc/swaps", "");
	fake_tree_put(&t, "proc/cmdline", "quiet\n");
	fake_tree_put(&t, "proc/sys/kernel/sched_cfs_bandwidth_slice_us", "5000\n");
	fake_tree_put(&t, "sys/fs/cgroup/io.cost.qos", "");
	l = layout_of(&t);
	assert_int_equal(CGROUP_MODE_V2, l.mode);
	assert_int_equal(1, l.n);
	assert_string_equal("sys/fs/cgroup", l.h[0].mount);
	assert_true(l.memory_swap && l.cpu_cfs && l.blkio_weight && !l.blkio_bfq);
	assert_true(cgroup_layout_has(&l, CGROUP_DEVICES) && cgroup_layout_has(&l, CGROUP_FREEZER));
	assert_true(cgroup_layout_has(&l, CGROUP_PIDS) && !cgroup_layout_has(&l, CGROUP_NET_CLS));
	fake_tree_put(&t, "proc/cmdline", "quiet swapaccount=0\n");
	l = layout_of(&t);
	assert_false(l.memory_swap);
}

TEST(v1_apart_without_unified)
{
	scoped_tree t = fake_tree_new();
	struct cgroup_layout l;

	fake_tree_put(&t, "proc/self/mountinfo",
		      "32 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n"
		      "33 31 0:30 /docker/abc /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n");
	fake_tree_put(&t, "sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n");
	l = layout_of(&t);
	assert_int_equal(CGROUP_MODE_V1, l.mode);
	assert_int_equal(2, l.n);
	assert_true(l.cpu_cfs);
	assert_string_equal("sys/fs/cgroup/pids", l.h[1].mount); /* only a part is seen: better than none */
	assert_false(cgroup_layout_has(&l, CGROUP_DEVICES));
}

TEST(no_mount_is_no_error_but_no_table_is)
{
	scoped_tree t = fake_tree_new();
	scoped_host h = fake_tree_host(&t);
	struct cgroup_layout l = { .n = 7 };
	struct err e = { 0 };

	assert_int_equal(-ENOENT, cgroup_layout_read(&h, &l, &e));
	assert_string_equal("cgroup mounts: open self/mountinfo: No such file or directory", e.msg);
	assert_int_equal(7, l.n);
	fake_tree_put(&t, "proc/self/mountinfo", "1 1 0:1 / / rw - ext4 /dev/vda rw\n");
	assert_int_equal(0, cgroup_layout_read(&h, &l, &e));
	assert_int_equal(CGROUP_MODE_NONE, l.mode);
	assert_false(cgroup_layout_has(&l, CGROUP_MEMORY));
}

/* ---- delegation ------------------------------------------------------------------------------------------------- */

#define ORDINARY 65534

/* A group of v2; ours may be changed by an ordinary user, by whomever this test is run. */
static void put_group(const struct fake_tree *t, const char *path, const char *controllers, bool ours)
{
	char dir[128], file[160];

	(void)snprintf(dir, sizeof dir, "sys/fs/cgroup%s", path);
	(void)snprintf(file, sizeof file, "%s/cgroup.controllers", dir);
	fake_tree_put(t, file, controllers);
	(void)snprintf(file, sizeof file, "%s/cgroup.procs", dir);
	fake_tree_put(t, file, "");
	assert_int_equal(0, fchmodat(t->fd, file, ours ? 0666 : 0444, 0));
}

static void put_slices(const struct fake_tree *t)
{
	static const char *const groups[] = { "", "/user.slice", "/user.slice/user@7", "/user.slice/user@7/app",
					      "/user.slice/login" };

	fake_tree_put(t, "proc/swaps", "");
	put_group(t, groups[0], "cpuset cpu io memory pids\n", false);
	put_group(t, groups[1], "cpuset cpu io memory pids\n", false);
	put_group(t, groups[2], "memory pids\n", true);
	put_group(t, groups[3], "memory\n", true);
	put_group(t, groups[4], "memory\n", false);
	for (size_t i = 0; i < ARRAY_LEN(groups); i++) {
		char dir[64];

		(void)snprintf(dir, sizeof dir, "sys/fs/cgroup%s", groups[i]);
		assert_int_equal(0, fchmodat(t->fd, dir, i == 2 || i == 3 ? 0777 : 0555, 0));
	}
	assert_int_equal(0, fchmod(t->fd, 0755));
}

/* Who removes the tree must be able to. */
static void let_go(const struct fake_tree *t)
{
	assert_int_equal(0, fchmodat(t->fd, "sys/fs/cgroup", 0755, 0));
	assert_int_equal(0, fchmodat(t->fd, "sys/fs/cgroup/user.slice", 0755, 0));
	assert_int_equal(0, fchmodat(t->fd, "sys/fs/cgroup/user.slice/login", 0755, 0));
}

static struct cgroup_layout delegated_of(const struct fake_tree *t, const char *own)
{
	scoped_host h = fake_tree_host(t);
	struct cgroup_layout l = layout_of(t);
	uid_t before = geteuid();
	char text[64];

	(void)snprintf(text, sizeof text, "0::%s\n", own);
	fake_tree_put(t, "proc/self/cgroup", text);
	assert_true(before != 0 || seteuid(ORDINARY) == 0);
	cgroup_layout_delegated(&h, &l);
	assert_true(before != 0 || seteuid(0) == 0);
	return l;
}

TEST(delegated_is_what_lies_below_the_topmost_group_that_may_be_changed)
{
	scoped_tree t = fake_tree_new();
	scoped_arena a = ARENA(1 << 16);
	struct cgroup_layout l;

	put_slices(&t);
	l = delegated_of(&t, "/user.slice/user@7/app");
	assert_int_equal(CGROUP_MODE_V2, l.mode);
	assert_string_equal("sys/fs/cgroup", l.h[0].mount);
	assert_string_equal("/user.slice/user@7", l.base);
	assert_int_equal(1u << CGROUP_MEMORY | 1u << CGROUP_PIDS, l.h[0].controllers);
	assert_string_equal("/user.slice/user@7/tare/x", cgroup_layout_group(&l, "/tare/x", &a));
	assert_string_equal("/user.slice/user@7/x", cgroup_layout_group(&l, "/user.slice/user@7/x", &a));
	l = delegated_of(&t, "/user.slice/login");
	assert_int_equal(CGROUP_MODE_NONE, l.mode);
	l = delegated_of(&t, "/");
	assert_int_equal(CGROUP_MODE_NONE, l.mode);
	assert_string_equal("/tare/x", cgroup_layout_group(&l, "/tare/x", &a));
	let_go(&t);
}

TEST(within_a_group_are_its_own_controllers)
{
	scoped_tree t = fake_tree_new();
	scoped_host h = fake_tree_host(&t);
	struct cgroup_layout l;

	put_slices(&t);
	l = layout_of(&t);
	cgroup_layout_within(&h, &l, "/user.slice/user@7/app");
	assert_int_equal(1u << CGROUP_MEMORY, l.h[0].controllers);
	let_go(&t);
}

TEST(controllers_have_names_both_ways)
{
	for (int i = 0; i < CGROUP_CONTROLLER_COUNT; i++)
		assert_int_equal(
			i, cgroup_controller_from_name(sv_from(cgroup_controller_name((enum cgroup_controller)i))));
	assert_int_equal(CGROUP_BLKIO, cgroup_controller_from_name(SV("io")));
	assert_int_equal(-1, cgroup_controller_from_name(SV("mem")));
	assert_string_equal("hybrid", cgroup_mode_name(CGROUP_MODE_HYBRID));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(hybrid_has_v2_first_and_the_freezer_last),
		RUN(hybrid_finds_each_controller_on_its_side),
		RUN(v2_alone_needs_no_mount_table),
		RUN(v1_apart_without_unified),
		RUN(no_mount_is_no_error_but_no_table_is),
		RUN(delegated_is_what_lies_below_the_topmost_group_that_may_be_changed),
		RUN(within_a_group_are_its_own_controllers),
		RUN(controllers_have_names_both_ways),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
