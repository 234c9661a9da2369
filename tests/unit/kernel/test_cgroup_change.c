/* SPDX-License-Identifier: Apache-2.0 */
/* Limits of a group that is in use: which writes, in which order, and that a failure leaves things as they were. */
#include "../test.h"
#include "fake_tree.h"
#include "base/arena.h"
#include "base/buf.h"
#include "kernel/cgroup.h"

#define BIT(c) (1u << CGROUP_##c)

static const struct cgroup_layout v1 = {
	.mode = CGROUP_MODE_V1,
	.n = 4,
	.h = { { "cg/cpu", "cpu", BIT(CPU), false },
	       { "cg/cpuset", "cpuset", BIT(CPUSET), false },
	       { "cg/memory", "memory", BIT(MEMORY), false },
	       { "cg/blkio", "blkio", BIT(BLKIO), false } },
	.memory_swap = true,
	.cpu_cfs = true,
};
static const struct cgroup_layout v2 = {
	.mode = CGROUP_MODE_V2,
	.n = 1,
	.h = { { "cg", "", BIT(CPU) | BIT(CPUSET) | BIT(MEMORY) | BIT(BLKIO) | BIT(PIDS), true } },
	.memory_swap = true,
	.cpu_cfs = true,
};

static struct cgroup_writes plan(const struct cgroup_layout *l, const struct cgroup_limits *want, struct arena *a)
{
	struct cgroup_writes w;
	struct err e = { 0 };

	if (cgroup_plan(l, want, a, &w, &e) < 0)
		fail_msg("%s", e.msg);
	return w;
}

static const char *print(const struct cgroup_writes *w, char ret[512])
{
	size_t n = 0;

	ret[0] = '\0';
	for (size_t i = 0; i < w->n; i++)
		n += (size_t)snprintf(ret + n, 512 - n, "%s%s=%s", i ? "; " : "", w->w[i].file,
				      w->w[i].value ? w->w[i].value : "(parent)");
	return ret;
}

static const struct blkio_limit slow[] = { { 8, 0, BLKIO_READ_BPS, 1048576 }, { 8, 0, BLKIO_WRITE_BPS, 2097152 } };
static const struct blkio_limit slower[] = { { 8, 0, BLKIO_READ_BPS, 4096 } };

struct numbers {
	int64_t memory, swap, quota, pids;
	const char *cpus;
	const struct blkio_limit *blkio;
	size_t blkio_count;
};

static struct cgroup_limits limits(const struct numbers *n)
{
	struct cgroup_limits l;

	cgroup_limits_init(&l);
	l.memory_limit_bytes = n->memory ? n->memory : CG_UNSET;
	l.memory_swap_bytes = n->swap ? n->swap : CG_UNSET;
	l.cpu_quota_us = n->quota ? n->quota : CG_UNSET;
	l.pids_limit = n->pids ? n->pids : CG_UNSET;
	l.cpuset_cpus = n->cpus;
	l.blkio = n->blkio;
	l.blkio_count = n->blkio_count;
	return l;
}

static const struct {
	struct numbers from, to;
	bool all;
	const char *v1, *v2;
} changes[] = {
	{ { .memory = 4096 }, { .memory = 4096 }, false, "", "" },
	{ { .memory = 4096 }, { .memory = 4096 }, true, "memory.limit_in_bytes=4096", "memory.max=4096" },
	{ { .memory = 4096 }, { .memory = 8192 }, false, "memory.limit_in_bytes=8192", "memory.max=8192" },
	{ { .memory = 4096, .swap = 8192 },
	  { .quota = 5000 },
	  false,
	  "memory.limit_in_bytes=-1; memory.memsw.limit_in_bytes=-1; cpu.cfs_quota_us=5000",
	  "memory.max=max; memory.swap.max=max; cpu.max=5000 100000" },
	{ { .quota = 5000, .cpus = "0" }, { 0 }, false, "cpuset.cpus=(parent); cpu.cfs_quota_us=-1",
	  "cpuset.cpus=(parent); cpu.max=max 100000" },
	{ { .blkio = slow, .blkio_count = 2 },
	  { .blkio = slower, .blkio_count = 1 },
	  false,
	  "blkio.throttle.write_bps_device=8:0 0; blkio.throttle.read_bps_device=8:0 4096",
	  "io.max=8:0 wbps=max; io.max=8:0 rbps=4096" },
};

TEST(only_what_differs_is_written_and_what_is_gone_becomes_plain)
{
	char text[512];

	for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
		const struct cgroup_limits from = limits(&changes[i].from), to = limits(&changes[i].to);
		const struct cgroup_layout *const layouts[] = { &v1, &v2 };
		const char *const want[] = { changes[i].v1, changes[i].v2 };

		for (size_t k = 0; k < 2; k++) {
			scoped_arena a = ARENA(1 << 20);
			struct cgroup_writes w, f = plan(layouts[k], &from, &a), t = plan(layouts[k], &to, &a);

			assert_int_equal(0, cgroup_change_plan(&f, &t, changes[i].all, &a, &w, NULL));
			assert_string_equal(want[k], print(&w, text));
		}
	}
}

TEST(a_file_of_which_nobody_knows_its_beginning_is_refused)
{
	scoped_arena a = ARENA(1 << 20);
	struct cgroup_write one = { .file = "hugetlb.2MB.max", .value = "0" };
	struct cgroup_writes from = { .w = &one, .n = 1 }, to = { 0 }, w;
	struct err e;

	assert_int_equal(-ENOTSUP, cgroup_change_plan(&from, &to, false, &a, &w, &e));
	assert_string_equal("hugetlb.2MB.max: what it is without a limit is not known here; write a value", e.msg);
}

/* ---- carried out, on files --------------------------------------------------------------------------------------- */

static void put_group(const struct fake_tree *t)
{
	fake_tree_put(t, "cg/cpu/x/cpu.cfs_quota_us", "-1\n");
	fake_tree_put(t, "cg/cpu/x/tasks", "");
	fake_tree_put(t, "cg/cpuset/cpuset.cpus", "0-3\n");
	fake_tree_put(t, "cg/cpuset/x/cpuset.cpus", "0\n");
	fake_tree_put(t, "cg/cpuset/x/tasks", "");
	fake_tree_put(t, "cg/memory/x/memory.limit_in_bytes", "65536\n");
	fake_tree_put(t, "cg/memory/x/memory.memsw.limit_in_bytes", "131072\n");
	fake_tree_put(t, "cg/memory/x/tasks", "");
	fake_tree_put(t, "cg/blkio/x/tasks", "");
}

static int change(const struct fake_tree *t, const struct cgroup_layout *l, struct cgroup_writes *w, struct arena *a,
		  struct err *e)
{
	struct host h = fake_tree_host(t);
	struct cgroup *cg;
	int r;

	assert_int_equal(0, cgroup_open(&h, l, "/x", &cg, e));
	r = cgroup_change(cg, w, a, e);
	cgroup_free(cg);
	host_close(&h);
	return r;
}

TEST(memory_and_swap_go_in_the_order_that_is_allowed)
{
	scoped_arena a = ARENA(1 << 20);
	static const struct {
		const char *limit, *sum, *first;
	} rows[] = {
		{ "262144", "524288", "memory.memsw.limit_in_bytes" }, /* more: the sum first */
		{ "32768", "65536", "memory.limit_in_bytes" },
		{ "-1", "-1", "memory.memsw.limit_in_bytes" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct fake_tree t = fake_tree_new();
		struct cgroup_write w[] = {
			{ .hierarchy = 2, .file = "memory.limit_in_bytes", .value = rows[i].limit,
			  .check = CGROUP_CHECK_PAGES },
			{ .hierarchy = 2, .file = "memory.memsw.limit_in_bytes", .value = rows[i].sum,
			  .check = CGROUP_CHECK_PAGES },
		};

		put_group(&t);
		assert_int_equal(0, change(&t, &v1, &(struct cgroup_writes){ .w = w, .n = 2 }, &a, NULL));
		assert_string_equal(rows[i].first, w[0].file);
		assert_string_equal(rows[i].limit, fake_tree_get(&t, "cg/memory/x/memory.limit_in_bytes"));
		assert_string_equal(rows[i].sum, fake_tree_get(&t, "cg/memory/x/memory.memsw.limit_in_bytes"));
		fake_tree_end(&t);
	}
}

TEST(when_one_write_fails_those_before_it_are_undone)
{
	scoped_arena a = ARENA(1 << 20);
	struct fake_tree t = fake_tree_new();
	struct cgroup_write w[] = {
		{ .hierarchy = 0, .file = "cpu.cfs_quota_us", .value = "5000", .check = CGROUP_CHECK_EXACT },
		{ .hierarchy = 1, .file = "cpuset.cpus", .check = CGROUP_CHECK_CPUS },
		{ .hierarchy = 2, .file = "memory.soft_limit_in_bytes", .value = "1", .check = CGROUP_CHECK_PAGES },
	};
	struct err e;

	put_group(&t);
	assert_int_equal(-ENOENT, change(&t, &v1, &(struct cgroup_writes){ .w = w, .n = 3 }, &a, &e));
	assert_non_null(strstr(e.msg, "memory.soft_limit_in_bytes"));
	assert_string_equal("0-3", w[1].value); /* the parent's */
	assert_string_equal("-1", fake_tree_get(&t, "cg/cpu/x/cpu.cfs_quota_us"));
	assert_string_equal("0", fake_tree_get(&t, "cg/cpuset/x/cpuset.cpus"));
	fake_tree_end(&t);
}

/* The kernel lets no group in which processes run have an empty list. */
TEST(a_list_of_v2_that_is_taken_away_is_what_the_group_above_has)
{
	scoped_arena a = ARENA(1 << 20);
	struct fake_tree t = fake_tree_new();
	struct cgroup_write w[] = {
		{ .file = "cpuset.mems", .check = CGROUP_CHECK_CPUS },
		{ .file = "cpuset.cpus", .value = "1", .check = CGROUP_CHECK_CPUS },
		{ .file = "pids.max", .value = "1" },
	};
	struct err e;

	fake_tree_put(&t, "cg/cpuset.cpus.effective", "0-3\n");
	fake_tree_put(&t, "cg/cpuset.mems.effective", "0\n");
	fake_tree_put(&t, "cg/x/cpuset.cpus", "\n");
	fake_tree_put(&t, "cg/x/cpuset.mems", "1\n");
	assert_int_equal(-ENOENT, change(&t, &v2, &(struct cgroup_writes){ .w = w, .n = 3 }, &a, &e));
	assert_string_equal("0", w[0].value);
	assert_string_equal("0-3", fake_tree_get(&t, "cg/x/cpuset.cpus")); /* undone */
	assert_string_equal("1", fake_tree_get(&t, "cg/x/cpuset.mems"));
	fake_tree_end(&t);
}

static const struct {
	const char *stat, *swap_max, *to;
	uint64_t swap_kib;
	bool fits;
} uses[] = {
	/* of 1,000,000 bytes */
	{ "inactive_anon 900000\nactive_file 100000\n", "max\n", "1000000", 0, true },
	{ "inactive_anon 900000\nactive_file 100000\n", "max\n", "900000", 0, true },
	{ "inactive_anon 900000\nactive_file 100000\n", "max\n", "800000", 0, false },
	{ "inactive_anon 900000\nactive_file 100000\n", "max\n", "800000", 98, true },
	{ "inactive_anon 900000\nactive_file 100000\n", "0\n", "800000", 98, false },
	{ "file 900000\nshmem 900000\nactive_anon 900000\n", "max\n", "800000", 0, false }, /* files, but in memory */
	{ "file 900000\nunevictable 900000\n", "max\n", "800000", 1000, false },
	{ "slab_reclaimable 300000\nactive_file 300000\n", "max\n", "400000", 0, true },
	{ "", "max\n", "max", 0, true },
};

TEST(what_cannot_be_taken_back_is_not_killed_for)
{
	for (size_t i = 0; i < ARRAY_LEN(uses); i++) {
		scoped_arena a = ARENA(1 << 20);
		struct fake_tree t = fake_tree_new();
		struct cgroup_write w = { .file = "memory.max", .value = uses[i].to, .check = CGROUP_CHECK_PAGES };
		char meminfo[64];
		struct err e;
		int r;

		(void)snprintf(meminfo, sizeof meminfo, "MemFree: 1 kB\nSwapFree: %llu kB\n",
			       (unsigned long long)uses[i].swap_kib);
		fake_tree_put(&t, "proc/meminfo", meminfo);
		fake_tree_put(&t, "cg/x/memory.current", "1000000\n");
		fake_tree_put(&t, "cg/x/memory.stat", uses[i].stat);
		fake_tree_put(&t, "cg/x/memory.swap.max", uses[i].swap_max);
		fake_tree_put(&t, "cg/x/memory.max", "max\n");
		r = change(&t, &v2, &(struct cgroup_writes){ .w = &w, .n = 1 }, &a, &e);
		if (r != (uses[i].fits ? 0 : -EBUSY))
			fail_msg("row %zu: %d", i, r);
		if (r < 0)
			assert_non_null(strstr(e.msg, " (current usage: 1000000, peak usage: "));
		fake_tree_end(&t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(only_what_differs_is_written_and_what_is_gone_becomes_plain),
		RUN(a_file_of_which_nobody_knows_its_beginning_is_refused),
		RUN(memory_and_swap_go_in_the_order_that_is_allowed),
		RUN(when_one_write_fails_those_before_it_are_undone),
		RUN(a_list_of_v2_that_is_taken_away_is_what_the_group_above_has),
		RUN(what_cannot_be_taken_back_is_not_killed_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
