/* SPDX-License-Identifier: Apache-2.0 */
/* A group on trees of plain files: paths, what is opened, what is written where. What only a kernel does (files that
 * appear with mkdir(2), EBUSY, joins) is in tests/kernel/. */
#include "../test.h"
#include "fake_tree.h"
#include "kernel/cgroup.h"
#include "kernel/cgroup_stat.h"

static struct cgroup_layout read_layout(const struct host *h)
{
	struct cgroup_layout l;
	struct err e = { 0 };

	if (cgroup_layout_read(h, &l, &e) < 0)
		fail_msg("%s", e.msg);
	return l;
}

static void put_v1_group(const struct fake_tree *t)
{
	fake_tree_put(t, "proc/self/mountinfo",
		      "32 31 0:29 / /cg/memory rw - cgroup cgroup rw,memory\n"
		      "33 31 0:30 / /cg/cpuset rw - cgroup cgroup rw,cpuset\n"
		      "34 31 0:31 / /cg/freezer rw - cgroup cgroup rw,freezer\n");
	fake_tree_put(t, "cg/memory/tare/x/tasks", "");
	fake_tree_put(t, "cg/memory/tare/x/cgroup.procs", "");
	fake_tree_put(t, "cg/memory/tare/x/memory.limit_in_bytes", "9223372036854771712\n");
	fake_tree_put(t, "cg/cpuset/cpuset.cpus", "0-3\n");
	fake_tree_put(t, "cg/cpuset/cpuset.mems", "0\n");
	fake_tree_put(t, "cg/cpuset/tare/cpuset.cpus", "\n");
	fake_tree_put(t, "cg/cpuset/tare/cpuset.mems", "\n");
	fake_tree_put(t, "cg/cpuset/tare/x/tasks", "");
	fake_tree_put(t, "cg/cpuset/tare/x/cpuset.cpus", "\n");
	fake_tree_put(t, "cg/cpuset/tare/x/cpuset.mems", "\n");
	fake_tree_put(t, "cg/freezer/tare/x/tasks", "");
	fake_tree_put(t, "cg/freezer/tare/x/cgroup.procs", "");
}

static void put_v2_group(const struct fake_tree *t)
{
	fake_tree_put(t, "sys/fs/cgroup/cgroup.controllers", "cpu memory pids hugetlb\n");
	fake_tree_put(t, "sys/fs/cgroup/cgroup.subtree_control", "cpu\n");
	fake_tree_put(t, "sys/fs/cgroup/tare/cgroup.subtree_control", "cpu memory pids\n");
	fake_tree_put(t, "sys/fs/cgroup/tare/x/cgroup.controllers", "cpu\n");
	fake_tree_put(t, "sys/fs/cgroup/tare/x/cgroup.events", "populated 1\nfrozen 0\n");
	fake_tree_put(t, "sys/fs/cgroup/tare/x/cgroup.kill", "");
	fake_tree_put(t, "sys/fs/cgroup/tare/x/memory.max", "max\n");
}

static struct cgroup *create(const struct host *h)
{
	struct cgroup_layout l = read_layout(h);
	struct cgroup *cg;
	struct err e = { 0 };

	if (cgroup_create(h, &l, "/tare/x", false, &cg, &e) < 0)
		fail_msg("%s", e.msg);
	return cg;
}

TEST(v1_cpuset_is_filled_from_above)
{
	scoped_tree t = fake_tree_new();

	put_v1_group(&t);
	scoped_host h = fake_tree_host(&t);
	cgroup_free(create(&h));
	assert_string_equal("0-3", fake_tree_get(&t, "cg/cpuset/tare/cpuset.cpus"));
	assert_string_equal("0-3", fake_tree_get(&t, "cg/cpuset/tare/x/cpuset.cpus"));
	assert_string_equal("0", fake_tree_get(&t, "cg/cpuset/tare/x/cpuset.mems"));
}

TEST(v1_join_writes_zero_everywhere)
{
	scoped_tree t = fake_tree_new();
	struct err e = { 0 };
	struct cgroup *cg;

	put_v1_group(&t);
	scoped_host h = fake_tree_host(&t);
	cg = create(&h);
	assert_int_equal(-1, cgroup_clone_fd(cg));
	assert_string_equal("/tare/x", cgroup_path(cg));
	assert_int_equal(0, cgroup_join(cg, &e));
	assert_string_equal("0", fake_tree_get(&t, "cg/memory/tare/x/tasks"));
	assert_string_equal("0", fake_tree_get(&t, "cg/cpuset/tare/x/tasks"));
	assert_string_equal("0", fake_tree_get(&t, "cg/freezer/tare/x/tasks"));
	cgroup_close_tasks(cg);
	assert_int_equal(0, cgroup_join(cg, &e)); /* nothing is held any more: nothing is written */
	cgroup_free(cg);
}

TEST(values_are_written_and_compared)
{
	struct cgroup_write w = { 0, "memory.limit_in_bytes", "1000000", CGROUP_CHECK_PAGES, false };
	scoped_tree t = fake_tree_new();
	struct err e = { 0 };
	struct cgroup *cg;

	put_v1_group(&t);
	scoped_host h = fake_tree_host(&t);
	cg = create(&h);
	assert_int_equal(0, cgroup_apply(cg, &w, &e));
	assert_string_equal("1000000", fake_tree_get(&t, "cg/memory/tare/x/memory.limit_in_bytes"));
	w.value = "cpus";
	w.check = CGROUP_CHECK_CPUS;
	assert_int_equal(-EIO, cgroup_apply(cg, &w, &e));
	assert_string_equal("cgroup /tare/x: memory.limit_in_bytes: wrote \"cpus\", the kernel has \"cpus\"", e.msg);
	w.file = "memory.max";
	assert_int_equal(-ENOENT, cgroup_apply(cg, &w, &e));
	assert_string_equal("cgroup /tare/x: memory.max: open to write \"cpus\": No such file or directory", e.msg);
	w.file = "../memory.max";
	assert_int_equal(-EINVAL, cgroup_apply(cg, &w, &e));
	w.hierarchy = 3;
	w.file = "memory.max";
	assert_int_equal(-EINVAL, cgroup_apply(cg, &w, &e));
	cgroup_free(cg);
}

TEST(v2_controllers_are_enabled_where_they_are_not)
{
	scoped_tree t = fake_tree_new();

	put_v2_group(&t);
	scoped_host h = fake_tree_host(&t);
	cgroup_free(create(&h));
	/* plain files keep what was written one after the other; each was one write(2) */
	assert_string_equal("+memory+pids", fake_tree_get(&t, "sys/fs/cgroup/cgroup.subtree_control"));
	assert_string_equal("cpu memory pids\n", fake_tree_get(&t, "sys/fs/cgroup/tare/cgroup.subtree_control"));
}

TEST(v2_needs_no_write_when_all_are_there)
{
	scoped_tree t = fake_tree_new();

	put_v2_group(&t);
	fake_tree_put(&t, "sys/fs/cgroup/tare/x/cgroup.controllers", "cpu memory pids\n");
	scoped_host h = fake_tree_host(&t);
	cgroup_free(create(&h));
	assert_string_equal("cpu\n", fake_tree_get(&t, "sys/fs/cgroup/cgroup.subtree_control"));
}

TEST(v2_rare_controller_is_enabled_by_the_limit_that_needs_it)
{
	struct cgroup_write w = { 0, "hugetlb.2MB.max", "0", CGROUP_CHECK_NONE, false };
	scoped_tree t = fake_tree_new();
	struct err e = { 0 };
	struct cgroup *cg;

	put_v2_group(&t);
	fake_tree_put(&t, "sys/fs/cgroup/tare/x/cgroup.controllers", "cpu memory pids\n");
	fake_tree_put(&t, "sys/fs/cgroup/tare/cgroup.subtree_control", "");
	scoped_host h = fake_tree_host(&t);
	cg = create(&h);
	assert_int_equal(-ENOENT, cgroup_apply(cg, &w, &e)); /* no kernel here to make the file */
	assert_string_equal("+hugetlb", fake_tree_get(&t, "sys/fs/cgroup/tare/cgroup.subtree_control"));
	cgroup_free(cg);
}

TEST(v2_tells_why_a_controller_is_missing)
{
	struct cgroup_write w = { 0, "pids.max", "5", CGROUP_CHECK_EXACT, false };
	scoped_tree t = fake_tree_new();
	struct err e = { 0 };
	struct cgroup *cg;

	put_v2_group(&t);
	assert_int_equal(0, unlinkat(t.fd, "sys/fs/cgroup/cgroup.subtree_control", 0));
	scoped_host h = fake_tree_host(&t);
	cg = create(&h);
	assert_int_equal(-ENOENT, cgroup_apply(cg, &w, &e));
	assert_string_equal("cgroup /tare/x: pids.max: controller cpu cannot be enabled below group /: No such file or "
			    "directory",
			    e.msg);
	cgroup_free(cg);
}

TEST(v2_group_with_processes_is_not_made_threaded)
{
	scoped_tree t = fake_tree_new();

	put_v2_group(&t);
	fake_tree_put(&t, "sys/fs/cgroup/tare/cgroup.subtree_control", "");
	fake_tree_put(&t, "sys/fs/cgroup/tare/cgroup.type", "domain\n");
	fake_tree_put(&t, "sys/fs/cgroup/tare/cgroup.procs", "77\n");
	scoped_host h = fake_tree_host(&t);
	cgroup_free(create(&h));
	assert_string_equal("", fake_tree_get(&t, "sys/fs/cgroup/tare/cgroup.subtree_control"));
	fake_tree_put(&t, "sys/fs/cgroup/tare/cgroup.procs", "");
	cgroup_free(create(&h));
	assert_string_equal("+cpu+memory+pids", fake_tree_get(&t, "sys/fs/cgroup/tare/cgroup.subtree_control"));
}

TEST(v2_is_asked_about_members_and_kills)
{
	scoped_tree t = fake_tree_new();
	struct err e = { 0 };
	struct cgroup *cg;

	put_v2_group(&t);
	scoped_host h = fake_tree_host(&t);
	cg = create(&h);
	assert_true(cgroup_clone_fd(cg) >= 0);
	assert_true(cgroup_is_populated(cg));
	fake_tree_put(&t, "sys/fs/cgroup/tare/x/cgroup.events", "populated 0\nfrozen 0\n");
	assert_false(cgroup_is_populated(cg));
	assert_int_equal(0, cgroup_kill(cg, &e));
	assert_string_equal("1", fake_tree_get(&t, "sys/fs/cgroup/tare/x/cgroup.kill"));
	cgroup_free(cg);
}

TEST(v1_finds_members_below)
{
	scoped_tree t = fake_tree_new();
	struct cgroup *cg;

	put_v1_group(&t);
	scoped_host h = fake_tree_host(&t);
	cg = create(&h);
	assert_false(cgroup_is_populated(cg));
	fake_tree_put(&t, "cg/freezer/tare/x/a/b/cgroup.procs", "77\n");
	assert_true(cgroup_is_populated(cg));
	cgroup_free(cg);
}

static const struct {
	const char *path;
	int rc;
} paths[] = {
	{ "/", -EINVAL },	 { "tare", -EINVAL },	 { "/..", -EINVAL },
	{ "/tare/../x", -EINVAL }, { "/tare/./x", -EINVAL }, { "/tare//x", -EINVAL }, { "/tare/", -EINVAL },
	{ "//tare", -EINVAL },	{ "/a\nb", -EINVAL },	 { "/tare/..", -EINVAL },
};

TEST(crooked_paths_are_refused_everywhere)
{
	scoped_tree t = fake_tree_new();
	struct cgroup_layout l;
	struct cgroup *cg = (struct cgroup *)&l;

	put_v1_group(&t);
	scoped_host h = fake_tree_host(&t);
	l = read_layout(&h);
	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		struct err e = { 0 };

		assert_int_equal(paths[i].rc, cgroup_create(&h, &l, paths[i].path, false, &cg, &e));
		assert_int_equal(paths[i].rc, cgroup_open(&h, &l, paths[i].path, &cg, &e));
		assert_int_equal(paths[i].rc, cgroup_remove(&h, &l, paths[i].path, 0, &e));
		assert_ptr_equal(&l, cg);
	}
}

TEST(the_group_of_what_has_none_is_refused_in_one_way)
{
	scoped_tree t = fake_tree_new();
	scoped_arena a = ARENA(1 << 16);
	struct cgroup_write w = { .file = "memory.max", .value = "1" };
	struct cgroup_layout l;
	struct cgroup_stat st;
	struct cgroup *cg;
	const char *now;
	bool same;

	put_v1_group(&t);
	scoped_host h = fake_tree_host(&t);
	l = read_layout(&h);
	for (int i = 0; i < 4; i++) {
		struct err e = { 0 };
		int r = i == 0 ? cgroup_create(&h, &l, CGROUP_NONE, false, &cg, &e) :
			i == 1 ? cgroup_open(&h, &l, CGROUP_NONE, &cg, &e) :
			i == 2 ? cgroup_stat_read(&h, &l, CGROUP_NONE, CGROUP_STAT_CPU, &st, &e) :
				 cgroup_read_back(&h, &l, CGROUP_NONE, &w, &a, &now, &same, &e);

		assert_int_equal(-ENOTSUP, r);
		assert_string_equal(CGROUP_NONE_TEXT, e.msg);
	}
	assert_int_equal(0, cgroup_remove(&h, &l, CGROUP_NONE, 0, NULL));
	assert_false(cgroup_path_is_frozen(&h, &l, CGROUP_NONE));
}

TEST(open_finds_what_is_there)
{
	scoped_tree t = fake_tree_new();
	struct cgroup_layout l;
	struct err e = { 0 };
	struct cgroup *cg;

	put_v1_group(&t);
	scoped_host h = fake_tree_host(&t);
	l = read_layout(&h);
	assert_int_equal(-ENOENT, cgroup_open(&h, &l, "/tare/y", &cg, &e));
	assert_string_equal("cgroup /tare/y: no such group", e.msg);
	fake_tree_put(&t, "cg/memory/tare/y/tasks", "");
	assert_int_equal(0, cgroup_open(&h, &l, "/tare/y", &cg, &e)); /* in one hierarchy is enough */
	cgroup_free(cg);
	l.n = 0;
	assert_int_equal(-ENOTSUP, cgroup_open(&h, &l, "/tare/y", &cg, &e));
}

TEST(failed_create_takes_back_what_it_made)
{
	scoped_tree t = fake_tree_new();
	struct cgroup_layout l;
	struct err e = { 0 };
	struct cgroup *cg;

	put_v1_group(&t);
	scoped_host h = fake_tree_host(&t);
	l = read_layout(&h);
	/* no kernel fills the new directory: the first file that is looked for is missing */
	assert_int_equal(-ENOENT, cgroup_create(&h, &l, "/new/deep/leaf", true, &cg, &e));
	assert_true(faccessat(t.fd, "cg/memory/new", F_OK, 0) < 0);
	assert_int_equal(-EEXIST, cgroup_create(&h, &l, "/tare/x", true, &cg, &e));
	assert_string_equal("cgroup /tare/x: cg/memory/tare/x: exists", e.msg);
	assert_int_equal(0, faccessat(t.fd, "cg/memory/tare/x", F_OK, 0));
}

TEST(remove_takes_empty_groups_of_any_depth)
{
	scoped_tree t = fake_tree_new();
	struct cgroup_layout l;
	struct err e = { 0 };

	put_v1_group(&t);
	fake_tree_dir(&t, "cg/memory/tare/y/a/b/c");
	fake_tree_dir(&t, "cg/memory/tare/y/a/d");
	fake_tree_dir(&t, "cg/freezer/tare/y");
	scoped_host h = fake_tree_host(&t);
	l = read_layout(&h);
	assert_int_equal(0, cgroup_remove(&h, &l, "/tare/y", 0, &e));
	assert_true(faccessat(t.fd, "cg/memory/tare/y", F_OK, 0) < 0);
	assert_true(faccessat(t.fd, "cg/freezer/tare/y", F_OK, 0) < 0);
	assert_int_equal(0, cgroup_remove(&h, &l, "/tare/y", 0, &e)); /* gone already */
	assert_int_equal(-EBUSY, cgroup_remove(&h, &l, "/tare/x", 0, &e));
	assert_int_equal(0, faccessat(t.fd, "cg/memory/tare/x/tasks", F_OK, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(v1_cpuset_is_filled_from_above),
		RUN(v1_join_writes_zero_everywhere),
		RUN(values_are_written_and_compared),
		RUN(v2_controllers_are_enabled_where_they_are_not),
		RUN(v2_needs_no_write_when_all_are_there),
		RUN(v2_rare_controller_is_enabled_by_the_limit_that_needs_it),
		RUN(v2_tells_why_a_controller_is_missing),
		RUN(v2_group_with_processes_is_not_made_threaded),
		RUN(v2_is_asked_about_members_and_kills),
		RUN(v1_finds_members_below),
		RUN(crooked_paths_are_refused_everywhere),
		RUN(the_group_of_what_has_none_is_refused_in_one_way),
		RUN(open_finds_what_is_there),
		RUN(failed_create_takes_back_what_it_made),
		RUN(remove_takes_empty_groups_of_any_depth),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
