/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/proc_use.h"

#include "../test.h"
#include "fake_tree.h"

#include <errno.h>
#include <unistd.h>

/* pid, parent, ticks of its own and of children that have ended, threads, resident pages, pid namespace */
static const struct {
	int pid, parent;
	unsigned user, kernel, child_user, child_kernel, threads, pages;
	const char *space;
} processes[] = {
	{ 1, 0, 900, 900, 900, 900, 1, 900, "ours" },     { 10, 1, 1, 2, 3, 4, 1, 100, "theirs" },
	{ 11, 10, 10, 20, 30, 40, 3, 200, "theirs" },     { 12, 1, 100, 200, 0, 0, 1, 300, "theirs" }, /* exec */
	{ 20, 1, 900, 900, 900, 900, 9, 900, "ours" },    { 30, 1, 5, 6, 0, 0, 1, 10, "ours" },
	{ 32, 31, 5, 6, 0, 0, 1, 30, "ours" },            { 31, 30, 5, 6, 0, 0, 1, 20, "ours" },
};

static void put_link(const struct fake_tree *t, const char *pid, const char *space)
{
	char path[64], target[64];

	(void)snprintf(path, sizeof path, "proc/%s/ns", pid);
	fake_tree_dir(t, path);
	(void)snprintf(path, sizeof path, "proc/%s/ns/pid", pid);
	(void)snprintf(target, sizeof target, "../../../%s", space);
	assert_int_equal(0, symlinkat(target, t->fd, path));
}

static void put_all(const struct fake_tree *t)
{
	fake_tree_put(t, "ours", "");
	fake_tree_put(t, "theirs", "");
	put_link(t, "self", "ours");
	for (size_t i = 0; i < ARRAY_LEN(processes); i++) {
		char path[64], line[256], pid[16];

		(void)snprintf(pid, sizeof pid, "%d", processes[i].pid);
		(void)snprintf(path, sizeof path, "proc/%s/stat", pid);
		(void)snprintf(line, sizeof line, "%s (x) S %d 1 1 0 -1 0 0 0 0 0 %u %u %u %u 20 0 %u 0 77 4096 %u 1\n",
			       pid, processes[i].parent, processes[i].user, processes[i].kernel,
			       processes[i].child_user, processes[i].child_kernel, processes[i].threads,
			       processes[i].pages);
		fake_tree_put(t, path, line);
		put_link(t, pid, processes[i].space);
	}
}

static void check_use(const struct host *h, pid_t first, int64_t user, int64_t kernel, int64_t threads, int64_t pages)
{
	int64_t tick = INT64_C(1000000000) / sysconf(_SC_CLK_TCK);
	struct cgroup_stat st;

	assert_int_equal(0, proc_use_read(h, first, &st, NULL));
	assert_int_equal(user * tick, st.cpu.user_ns);
	assert_int_equal(kernel * tick, st.cpu.system_ns);
	assert_int_equal((user + kernel) * tick, st.cpu.usage_ns);
	assert_int_equal(pages * sysconf(_SC_PAGESIZE), st.memory.usage_bytes);
	assert_int_equal(threads, st.pids.current);
	assert_true(st.memory.limit_bytes == CG_UNSET && st.cpu.throttled_ns == CG_UNSET && st.io.n == 0);
}

TEST(with_a_pid_namespace_all_that_are_in_it)
{
	scoped_tree t = fake_tree_new();
	scoped_host h = fake_tree_host(&t);

	put_all(&t);
	check_use(&h, 10, 1 + 3 + 10 + 30 + 100, 2 + 4 + 20 + 40 + 200, 5, 600);
}

TEST(in_our_own_only_what_descends_from_it)
{
	scoped_tree t = fake_tree_new();
	scoped_host h = fake_tree_host(&t);
	scoped_arena a = ARENA(1 << 20);
	pid_t *pids;
	size_t n;

	put_all(&t);
	check_use(&h, 30, 15, 18, 3, 60);
	assert_int_equal(0, proc_use_pids(&h, 30, &a, &pids, &n, NULL));
	assert_int_equal(3, n);
	assert_int_equal(30 + 31 + 32, pids[0] + pids[1] + pids[2]);
}

TEST(one_that_has_ended_is_said)
{
	scoped_tree t = fake_tree_new();
	scoped_host h = fake_tree_host(&t);
	struct cgroup_stat st;
	struct err e = { 0 };

	put_all(&t);
	assert_int_equal(-ESRCH, proc_use_read(&h, 99, &st, &e));
	assert_string_equal("process 99: no such process", e.msg);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(with_a_pid_namespace_all_that_are_in_it),
		RUN(in_our_own_only_what_descends_from_it),
		RUN(one_that_has_ended_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
