/* SPDX-License-Identifier: Apache-2.0 */
/* Statistics on plain files: the captured hosts, and what those do not show. */
#include "../test.h"
#include "fake_tree.h"
#include "kernel/cgroup_stat.h"

#include <stdio.h>
#include <stdlib.h>

#define GIB (INT64_C(1) << 30)

static struct cgroup_stat parsed(unsigned version, const char *file, const char *text)
{
	struct cgroup_stat st;

	cgroup_stat_init(&st);
	cgroup_stat_parse(&st, version, file, sv_from(text));
	return st;
}

static struct cgroup_stat read_stat(const struct host *h, const char *path, unsigned what)
{
	struct cgroup_layout l;
	struct cgroup_stat st = { 0 };
	struct err e = { 0 };

	if (cgroup_layout_read(h, &l, &e) < 0 || cgroup_stat_read(h, &l, path, what, &st, &e) < 0)
		fail_msg("%s", e.msg);
	return st;
}

/* ---- texts ---------------------------------------------------------------------------------------------------- */

TEST(nothing_is_known_before_a_file_was_read)
{
	struct cgroup_stat st;

	cgroup_stat_init(&st);
	assert_int_equal(CG_UNSET, st.cpu.usage_ns);
	assert_int_equal(CG_UNSET, st.memory.slab);
	assert_int_equal(CG_UNSET, st.memory.swap_limit_bytes);
	assert_int_equal(CG_UNSET, st.memory.both_limit_bytes);
	assert_int_equal(CG_UNSET, st.memory_events.oom_group_kill);
	assert_int_equal(CG_UNSET, st.memory_events_local.max);
	assert_int_equal(CG_UNSET, st.pids.peak);
	assert_int_equal(CG_UNSET, st.io.pressure.full.total_us);
	assert_int_equal(0, st.io.n);
	assert_int_equal(0, st.hugetlb.n);
}

TEST(times_of_either_version_are_nanoseconds)
{
	struct cgroup_stat v2 = parsed(2, "cpu.stat",
				       "usage_usec 5\nuser_usec 3\nsystem_usec 2\nnr_periods 7\nnr_throttled 6\n"
				       "throttled_usec 9\nnr_bursts 1\nburst_usec 4\n");
	struct cgroup_stat v1 = parsed(1, "cpuacct.stat", "user 3\nsystem 2\n");

	assert_int_equal(5000, v2.cpu.usage_ns);
	assert_int_equal(3000, v2.cpu.user_ns);
	assert_int_equal(2000, v2.cpu.system_ns);
	assert_int_equal(7, v2.cpu.periods);
	assert_int_equal(6, v2.cpu.throttled_periods);
	assert_int_equal(9000, v2.cpu.throttled_ns);
	assert_int_equal(1, v2.cpu.bursts);
	assert_int_equal(4000, v2.cpu.burst_ns);
	assert_int_equal(30000000, v1.cpu.user_ns);
	assert_int_equal(20000000, v1.cpu.system_ns);
	assert_int_equal(9, parsed(1, "cpu.stat", "throttled_time 9\n").cpu.throttled_ns);
	assert_int_equal(CG_UNSET, parsed(1, "cpu.stat", "throttled_usec 9\n").cpu.throttled_ns);
}

TEST(a_quota_is_two_words_or_two_files)
{
	struct cgroup_stat st = parsed(2, "cpu.max", "50000 100000\n");

	assert_int_equal(50000, st.cpu.quota_us);
	assert_int_equal(100000, st.cpu.period_us);
	st = parsed(2, "cpu.max", "max 100000\n");
	assert_int_equal(CG_MAX, st.cpu.quota_us);
	st = parsed(2, "cpu.max", "\n");
	assert_int_equal(CG_UNSET, st.cpu.quota_us);
	assert_int_equal(CG_UNSET, st.cpu.period_us);
	assert_int_equal(CG_MAX, parsed(1, "cpu.cfs_quota_us", "-1\n").cpu.quota_us);
	assert_int_equal(20000, parsed(1, "cpu.cfs_quota_us", "20000\n").cpu.quota_us);
	assert_int_equal(50, parsed(2, "cpu.weight", "50\n").cpu.weight);
}

static const struct {
	const char *text;
	int64_t want;
} limits[] = {
	{ "max\n", CG_MAX },
	{ "9223372036854771712\n", CG_MAX }, /* v1, pages of 4 KiB */
	{ "9223372036852678656\n", CG_MAX }, /* of 2 MiB */
	{ "99999999999999999999\n", CG_UNSET },
	{ "0\n", 0 },
	{ "1073741824\n", GIB },
	{ "1073741824", GIB },
	{ "", CG_UNSET },
	{ "\n", CG_UNSET },
	{ "-1\n", CG_MAX }, /* what one writes, and what cpu.cfs_quota_us reads as */
	{ "-2\n", CG_UNSET },
	{ "12 34\n", CG_UNSET },
};

TEST(limits_of_every_spelling)
{
	for (size_t i = 0; i < ARRAY_LEN(limits); i++) {
		assert_int_equal(limits[i].want, parsed(2, "memory.max", limits[i].text).memory.limit_bytes);
		assert_int_equal(limits[i].want, parsed(1, "memory.limit_in_bytes", limits[i].text).memory.limit_bytes);
	}
	assert_int_equal(CG_UNSET, parsed(1, "memory.max", "1\n").memory.limit_bytes);
}

TEST(a_product_that_does_not_fit_is_the_most)
{
	assert_int_equal(CG_MAX, parsed(2, "cpu.stat", "usage_usec 18446744073709551615\n").cpu.usage_ns);
	assert_int_equal(CG_MAX, parsed(1, "cpuacct.stat", "user 9999999999999\n").cpu.user_ns);
}

TEST(a_key_is_a_whole_word)
{
	struct cgroup_stat st =
		parsed(2, "memory.stat", "slab_reclaimable 1\nslabs 2\nslab 3\nslab 4\n anon 5\nfile\nfile \n");

	assert_int_equal(3, st.memory.slab);
	assert_int_equal(1, st.memory.slab_reclaimable);
	assert_int_equal(CG_UNSET, st.memory.anon);
	assert_int_equal(CG_UNSET, st.memory.file);
}

TEST(pressure_is_in_hundredths_of_a_percent)
{
	struct cgroup_stat st = parsed(2, "memory.pressure",
				       "some avg10=12.34 avg60=0.05 avg300=100.00 total=77\n"
				       "full avg10=1.5 avg60=.50 avg300=1.2.3 total=x\n");

	assert_int_equal(1234, st.memory.pressure.some.avg10);
	assert_int_equal(5, st.memory.pressure.some.avg60);
	assert_int_equal(10000, st.memory.pressure.some.avg300);
	assert_int_equal(77, st.memory.pressure.some.total_us);
	assert_int_equal(CG_UNSET, st.memory.pressure.full.avg10);
	assert_int_equal(CG_UNSET, st.memory.pressure.full.avg60);
	assert_int_equal(CG_UNSET, st.memory.pressure.full.avg300);
	assert_int_equal(CG_UNSET, st.memory.pressure.full.total_us);
	assert_int_equal(CG_UNSET, st.cpu.pressure.some.avg10);
}

TEST(devices_of_v2)
{
	struct cgroup_stat st = parsed(2, "io.stat",
				       "254:16 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6\n"
				       "8:0 \n7:1 rbytes=9\nx:y rbytes=8\n9\n8:4294967296 rbytes=1\n");

	assert_int_equal(3, st.io.n);
	assert_int_equal(254, st.io.device[0].major);
	assert_int_equal(16, st.io.device[0].minor);
	assert_int_equal(1, st.io.device[0].read_bytes);
	assert_int_equal(2, st.io.device[0].write_bytes);
	assert_int_equal(3, st.io.device[0].reads);
	assert_int_equal(4, st.io.device[0].writes);
	assert_int_equal(5, st.io.device[0].discard_bytes);
	assert_int_equal(6, st.io.device[0].discards);
	assert_int_equal(CG_UNSET, st.io.device[1].read_bytes);
	assert_int_equal(9, st.io.device[2].read_bytes);
	assert_int_equal(CG_UNSET, st.io.device[2].writes);
}

TEST(devices_of_v1_are_counted_by_the_scheduler_first)
{
	struct cgroup_stat st;

	cgroup_stat_init(&st);
	cgroup_stat_parse(&st, 1, "blkio.bfq.io_service_bytes_recursive",
			  SV("8:0 Read 10\n8:0 Write 20\n8:0 Sync 30\n8:0 Discard 1\n8:0 Total 30\nTotal 30\n"));
	cgroup_stat_parse(&st, 1, "blkio.throttle.io_service_bytes_recursive",
			  SV("8:0 Read 99\n8:16 Read 7\nTotal 106\n"));
	cgroup_stat_parse(&st, 1, "blkio.throttle.io_serviced_recursive", SV("8:0 Read 3\n8:0 Write 4\n"));
	assert_int_equal(2, st.io.n);
	assert_int_equal(10, st.io.device[0].read_bytes);
	assert_int_equal(20, st.io.device[0].write_bytes);
	assert_int_equal(1, st.io.device[0].discard_bytes);
	assert_int_equal(3, st.io.device[0].reads);
	assert_int_equal(4, st.io.device[0].writes);
	assert_int_equal(7, st.io.device[1].read_bytes);
}

TEST(a_ceiling_of_devices)
{
	struct cgroup_stat st;
	char line[64];

	cgroup_stat_init(&st);
	for (int i = 0; i < CGROUP_STAT_DEVICES + 3; i++) {
		(void)snprintf(line, sizeof line, "8:%d rbytes=%d\n", i, i);
		cgroup_stat_parse(&st, 2, "io.stat", sv_from(line));
		assert_int_equal(i >= CGROUP_STAT_DEVICES, st.io.more);
	}
	assert_int_equal(CGROUP_STAT_DEVICES, st.io.n);
	cgroup_stat_parse(&st, 2, "io.stat", SV("8:5 wbytes=4\n"));
	assert_int_equal(4, st.io.device[5].write_bytes);
}

TEST(huge_pages_of_each_size)
{
	struct cgroup_stat st;

	cgroup_stat_init(&st);
	cgroup_stat_parse(&st, 1, "hugetlb.2MB.usage_in_bytes", SV("2097152\n"));
	cgroup_stat_parse(&st, 1, "hugetlb.2MB.rsvd.usage_in_bytes", SV("1\n"));
	cgroup_stat_parse(&st, 1, "hugetlb.1GB.limit_in_bytes", SV("1073741824\n"));
	cgroup_stat_parse(&st, 1, "hugetlb.2MB.failcnt", SV("3\n"));
	cgroup_stat_parse(&st, 1, "hugetlb..failcnt", SV("3\n"));
	cgroup_stat_parse(&st, 1, "hugetlb.a-very-long-size.failcnt", SV("3\n"));
	assert_int_equal(2, st.hugetlb.n);
	assert_string_equal("2MB", st.hugetlb.size[0].size);
	assert_int_equal(2097152, st.hugetlb.size[0].usage_bytes);
	assert_int_equal(3, st.hugetlb.size[0].limit_hits);
	assert_int_equal(CG_UNSET, st.hugetlb.size[0].limit_bytes);
	assert_int_equal(GIB, st.hugetlb.size[1].limit_bytes);
	st = parsed(2, "hugetlb.1GB.events", "max 5\n");
	assert_int_equal(5, st.hugetlb.size[0].limit_hits);
	for (int i = 0; i < CGROUP_STAT_HUGEPAGES + 2; i++) {
		char name[40];

		(void)snprintf(name, sizeof name, "hugetlb.%dMB.current", i);
		cgroup_stat_parse(&st, 2, name, SV("1\n"));
	}
	assert_int_equal(CGROUP_STAT_HUGEPAGES, st.hugetlb.n);
}

/* ---- trees ---------------------------------------------------------------------------------------------------- */

/* What the group `tare-capture` of each captured host went through: 16 MiB at the most, met once by the OOM killer; 8
 * processes, of which some were refused; a fifth of a processor; a MiB written past the page cache. */
static const struct {
	const char *name;
	bool pressure, hugetlb;
} hosts[] = {
	{ "guest-v2", true, true },
	{ "v1-joined", false, true },
	{ "hybrid", true, true },
};

static void check_psi(const struct psi *p, bool known)
{
	assert_int_equal(known, p->some.total_us != CG_UNSET && p->full.total_us != CG_UNSET);
	assert_int_equal(known, p->some.avg10 >= 0 && p->full.avg300 >= 0);
}

static void check_cpu_and_memory(const struct cgroup_stat *st, bool pressure)
{
	assert_true(st->cpu.usage_ns > 100000000 && st->cpu.user_ns > 0 && st->cpu.system_ns > 0);
	assert_true(st->cpu.user_ns + st->cpu.system_ns <= st->cpu.usage_ns + 20000000);
	assert_true(st->cpu.throttled_periods > 0 && st->cpu.periods >= st->cpu.throttled_periods);
	assert_true(st->cpu.throttled_ns > 1000000 && st->cpu.bursts == 0 && st->cpu.burst_ns == 0);
	assert_int_equal(16 << 20, st->memory.limit_bytes);
	assert_true(st->memory.peak_bytes > 15 << 20 && st->memory.peak_bytes <= 16 << 20);
	assert_true(st->memory.usage_bytes > 0 && st->memory.usage_bytes < 16 << 20);
	assert_true(st->memory.anon > 0 && st->memory.kernel > 0 && st->memory.file >= 0);
	assert_true(st->memory.inactive_file >= 0 && st->memory.pgfault > 1000);
	assert_int_equal(0, st->memory.swap_bytes);
	assert_int_equal(0, st->memory.swap_limit_bytes);
	assert_int_equal(1, st->memory_events.oom_kill);
	assert_int_equal(1, st->memory_events_local.oom_kill);
	check_psi(&st->cpu.pressure, pressure);
	check_psi(&st->memory.pressure, pressure);
	check_psi(&st->io.pressure, pressure);
}

TEST(captured_hosts_tell_the_same_story)
{
	for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
		const char *source = getenv("TARE_TOP");
		char path[512];
		struct host h;
		struct err e = { 0 };
		struct cgroup_stat st;

		(void)snprintf(path, sizeof path, "%s/tests/hosts/%s", source ? source : ".", hosts[i].name);
		if (host_open(&h, path, &e) < 0)
			fail_msg("%s", e.msg);
		st = read_stat(&h, "/tare-capture", CGROUP_STAT_ALL);
		print_message("# %s\n", hosts[i].name);
		check_cpu_and_memory(&st, hosts[i].pressure);
		assert_true(st.pids.current > 0 && st.pids.current <= 8 && st.pids.limit_hits >= 3);
		assert_int_equal(8, st.pids.limit);
		assert_int_equal(1, st.io.n);
		assert_int_equal(1 << 20, st.io.device[0].write_bytes);
		assert_int_equal(16, st.io.device[0].writes);
		assert_int_equal(hosts[i].hugetlb ? 2 : 0, st.hugetlb.n);
		for (size_t k = 0; k < st.hugetlb.n; k++)
			assert_true(st.hugetlb.size[k].usage_bytes == 0 && st.hugetlb.size[k].limit_bytes == CG_MAX &&
				    st.hugetlb.size[k].limit_hits == 0);
		host_close(&h);
	}
}

TEST(what_was_not_asked_for_is_not_read)
{
	scoped_tree t = fake_tree_new();
	struct cgroup_stat st;

	fake_tree_put(&t, "sys/fs/cgroup/cgroup.controllers", "memory pids\n");
	fake_tree_put(&t, "sys/fs/cgroup/a/b/memory.max", "4096\n");
	fake_tree_put(&t, "sys/fs/cgroup/a/b/memory.stat", "anon 1\n");
	fake_tree_put(&t, "sys/fs/cgroup/a/b/pids.max", "max\n");
	fake_tree_put(&t, "sys/fs/cgroup/a/b/io.stat", "8:0 rbytes=1\n"); /* the host has no io controller */
	scoped_host h = fake_tree_host(&t);
	st = read_stat(&h, "/a/b", CGROUP_STAT_MEMORY | CGROUP_STAT_IO);
	assert_int_equal(4096, st.memory.limit_bytes);
	assert_int_equal(CG_UNSET, st.memory.anon);
	assert_int_equal(CG_UNSET, st.pids.limit);
	assert_int_equal(0, st.io.n);
	st = read_stat(&h, "/a/b", CGROUP_STAT_PIDS | CGROUP_STAT_MEMORY_DETAIL);
	assert_int_equal(CG_UNSET, st.memory.limit_bytes);
	assert_int_equal(1, st.memory.anon);
	assert_int_equal(CG_MAX, st.pids.limit);
}

TEST(a_group_without_files_is_empty_and_no_group_is_an_error)
{
	scoped_tree t = fake_tree_new();
	struct cgroup_layout l;
	struct cgroup_stat st;
	struct err e = { 0 };

	fake_tree_put(&t, "sys/fs/cgroup/cgroup.controllers", "memory\n");
	fake_tree_put(&t, "sys/fs/cgroup/a/cgroup.procs", "");
	fake_tree_put(&t, "sys/fs/cgroup/memory.stat", "anon 5\n");
	scoped_host h = fake_tree_host(&t);
	st = read_stat(&h, "/a", CGROUP_STAT_ALL);
	assert_int_equal(CG_UNSET, st.memory.usage_bytes);
	st = read_stat(&h, "/", CGROUP_STAT_MEMORY_DETAIL);
	assert_int_equal(5, st.memory.anon);
	assert_int_equal(0, cgroup_layout_read(&h, &l, &e));
	assert_int_equal(-ENOENT, cgroup_stat_read(&h, &l, "/b", CGROUP_STAT_ALL, &st, &e));
	assert_string_equal("cgroup /b: no such group", e.msg);
	assert_int_equal(-EINVAL, cgroup_stat_read(&h, &l, "a", CGROUP_STAT_ALL, &st, &e));
	assert_int_equal(5, st.memory.anon); /* untouched */
}

/* ---- many groups ------------------------------------------------------------------------------------------------ */

static void put_v1(struct fake_tree *t)
{
	fake_tree_put(
		t, "proc/self/mountinfo",
		"32 31 0:29 / /cg/memory rw - cgroup cgroup rw,memory\n33 31 0:30 / /cg/cpu rw - cgroup cgroup rw,cpu\n");
	for (int i = 0; i < 3; i++) {
		char path[64];

		snprintf(path, sizeof path, "cg/memory/a/%d/memory.usage_in_bytes", i);
		fake_tree_put(t, path, i ? "1\n" : "7\n");
		snprintf(path, sizeof path, "cg/cpu/a/%d/cpu.cfs_quota_us", i);
		fake_tree_put(t, path, i ? "-1\n" : "50000\n");
		snprintf(path, sizeof path, "cg/cpu/a/%d/cpu.cfs_period_us", i);
		fake_tree_put(t, path, "100000\n");
		snprintf(path, sizeof path, "cg/cpu/a/%d/cpu.stat", i);
		fake_tree_put(t, path, "nr_periods 4\nnr_throttled 3\nthrottled_time 2\n");
	}
	fake_tree_put(t, "cg/memory/top/memory.usage_in_bytes", "5\n");
}

TEST(neighbours_are_read_as_one_group_is)
{
	scoped_tree t = fake_tree_new();
	struct cgroup_layout l;
	struct err e = { 0 };

	put_v1(&t);
	scoped_host h = fake_tree_host(&t);
	assert_int_equal(0, cgroup_layout_read(&h, &l, &e));
	scoped_stat_reader rd;
	cgroup_stat_reader_init(&rd, &h, &l);
	for (int i = 0; i < 3; i++) {
		struct cgroup_stat st, one;
		char path[16];

		snprintf(path, sizeof path, "/a/%d", i);
		one = read_stat(&h, path, CGROUP_STAT_MEMORY | CGROUP_STAT_CPU);
		assert_int_equal(0, cgroup_stat_reader_read(&rd, path, CGROUP_STAT_MEMORY | CGROUP_STAT_CPU, &st, &e));
		assert_memory_equal(&one, &st, sizeof st);
	}
}

TEST(a_reader_of_many_goes_from_folder_to_folder)
{
	scoped_tree t = fake_tree_new();
	struct cgroup_layout l;
	struct cgroup_stat st;
	struct err e = { 0 };

	put_v1(&t);
	scoped_host h = fake_tree_host(&t);
	assert_int_equal(0, cgroup_layout_read(&h, &l, &e));
	scoped_stat_reader rd;
	cgroup_stat_reader_init(&rd, &h, &l);
	assert_int_equal(0, cgroup_stat_reader_read(&rd, "/a/0", CGROUP_STAT_MEMORY, &st, &e));
	assert_int_equal(7, st.memory.usage_bytes);
	assert_int_equal(0, cgroup_stat_reader_read(&rd, "/top", CGROUP_STAT_MEMORY, &st, &e));
	assert_int_equal(5, st.memory.usage_bytes);
	assert_int_equal(-ENOENT, cgroup_stat_reader_read(&rd, "/a/9", CGROUP_STAT_MEMORY, &st, &e));
	assert_int_equal(-ENOENT, cgroup_stat_reader_read(&rd, "/b/9", CGROUP_STAT_MEMORY, &st, &e));
	assert_string_equal("cgroup /b/9: no such group", e.msg);
	assert_int_equal(-EINVAL, cgroup_stat_reader_read(&rd, "a", CGROUP_STAT_MEMORY, &st, &e));
}

TEST(a_deep_reader_stays_in_the_folder_it_entered)
{
	scoped_tree t = fake_tree_new();
	struct cgroup_layout l;
	struct cgroup_stat st;
	struct err e = { 0 };

	put_v1(&t);
	fake_tree_put(&t, "cg/memory/a/0/below/memory.usage_in_bytes", "3\n");
	fake_tree_put(&t, "cg/memory/ab/memory.usage_in_bytes", "4\n");
	scoped_host h = fake_tree_host(&t);
	assert_int_equal(0, cgroup_layout_read(&h, &l, &e));
	scoped_stat_reader rd;
	cgroup_stat_reader_init(&rd, &h, &l);
	rd.deep = true;
	assert_int_equal(0, cgroup_stat_reader_enter(&rd, SV("/a"), &e));
	for (size_t i = 0; i < 2; i++) {
		static const char *const paths[] = { "/a/0", "/a/0/below", "/top", "/ab", "/a/1" };
		static const int bytes[] = { 7, 3, 5, 4, 1 };

		for (size_t k = 0; k < sizeof bytes / sizeof *bytes; k++) {
			assert_int_equal(0, cgroup_stat_reader_read(&rd, paths[k], CGROUP_STAT_MEMORY, &st, &e));
			assert_int_equal(bytes[k], st.memory.usage_bytes);
			assert_string_equal("/a", rd.parent);
		}
	}
	assert_int_equal(-ENOENT, cgroup_stat_reader_read(&rd, "/a/0/none", CGROUP_STAT_MEMORY, &st, &e));
	assert_string_equal("cgroup /a/0/none: no such group", e.msg);
}

/* put_neighbours - twelve groups below /p; the counters of each disk's bytes: of the group above, and of the last one */
static void put_neighbours(const struct fake_tree *t, const char *above, const char *last)
{
	fake_tree_put(t, "proc/self/mountinfo", "32 31 0:29 / /cg rw - cgroup cgroup rw,memory,blkio\n");
	fake_tree_put(t, "cg/p/blkio.throttle.io_service_bytes_recursive", above);
	fake_tree_put(t, "cg/p/memory.usage_in_bytes", "9\n");
	for (int i = 0; i < 12; i++) {
		char path[64];

		snprintf(path, sizeof path, "cg/p/%d/memory.usage_in_bytes", i);
		fake_tree_put(t, path, "1\n");
		snprintf(path, sizeof path, "cg/p/%d/memory.limit_in_bytes", i);
		fake_tree_put(t, path, "2\n");
		snprintf(path, sizeof path, "cg/p/%d/blkio.throttle.io_service_bytes_recursive", i);
		fake_tree_put(t, path, i == 11 ? last : "Total 0\n");
	}
}

static void read_neighbours(const struct fake_tree *t, struct cgroup_stat *ret_last)
{
	scoped_host h = fake_tree_host(t);
	struct cgroup_layout l;
	struct err e = { 0 };
	scoped_stat_reader rd;

	assert_int_equal(0, cgroup_layout_read(&h, &l, &e));
	cgroup_stat_reader_init(&rd, &h, &l);
	for (int i = 0; i < 12; i++) {
		char path[16];

		snprintf(path, sizeof path, "/p/%d", i);
		assert_int_equal(0,
				 cgroup_stat_reader_read(&rd, path, CGROUP_STAT_MEMORY | CGROUP_STAT_IO, ret_last, &e));
		assert_int_equal(1, ret_last->memory.usage_bytes);
	}
}

TEST(many_neighbours_are_asked_for_what_the_group_above_has)
{
	scoped_tree t = fake_tree_new();
	struct cgroup_stat st;

	put_neighbours(&t, "8:0 Read 5\n8:0 Write 0\nTotal 5\n", "8:0 Read 5\n8:0 Write 0\nTotal 5\n");
	read_neighbours(&t, &st);
	assert_int_equal(1, st.io.n);
	assert_int_equal(5, st.io.device[0].read_bytes);
	assert_int_equal(CG_UNSET, st.memory.limit_bytes); /* the group above has none: not on a real host */
}

TEST(a_sum_of_zero_above_is_zero_in_each_of_many_neighbours)
{
	scoped_tree t = fake_tree_new();
	struct cgroup_stat st;

	put_neighbours(&t, "8:0 Read 0\n8:0 Write 0\nTotal 0\n", "8:0 Read 5\n8:0 Write 0\nTotal 5\n");
	read_neighbours(&t, &st);
	assert_int_equal(0, st.io.n);
}

/* A folder that is opened first makes no difference, nor does one that is gone by then. */
TEST(many_files_of_a_neighbour_are_read_from_its_own_folder)
{
	enum { WHAT = CGROUP_STAT_MEMORY | CGROUP_STAT_PIDS };
	scoped_tree t = fake_tree_new();
	struct cgroup_stat st, one;
	struct cgroup_layout l;
	struct err e = { 0 };
	char path[64];

	fake_tree_put(&t, "sys/fs/cgroup/cgroup.controllers", "memory pids\n");
	for (int i = 0; i < 3; i++)
		for (int k = 0; k < 4; k++) {
			static const char *const files[] = { "memory.current", "memory.max", "pids.current",
							     "pids.max" };

			snprintf(path, sizeof path, "sys/fs/cgroup/a/%d/%s", i, files[k]);
			fake_tree_put(&t, path, k % 2 ? "max\n" : "7\n");
		}
	scoped_host h = fake_tree_host(&t);
	assert_int_equal(0, cgroup_layout_read(&h, &l, &e));
	scoped_stat_reader rd;
	cgroup_stat_reader_init(&rd, &h, &l);
	for (int i = 0; i < 3; i++) {
		snprintf(path, sizeof path, "/a/%d", i);
		one = read_stat(&h, path, WHAT);
		assert_int_equal(0, cgroup_stat_reader_read(&rd, path, WHAT, &st, &e));
		assert_memory_equal(&one, &st, sizeof st);
		assert_true(rd.files[0] >= 4);
	}
	assert_int_equal(-ENOENT, cgroup_stat_reader_read(&rd, "/a/9", WHAT, &st, &e));
}

static int64_t pressure_of_last(const char *above, int64_t least)
{
	scoped_tree t = fake_tree_new();
	struct cgroup_stat st;
	struct cgroup_layout l;
	struct err e = { 0 };
	char path[64];

	fake_tree_put(&t, "sys/fs/cgroup/cgroup.controllers", "cpu\n");
	fake_tree_put(&t, "sys/fs/cgroup/p/cpu.pressure", above);
	for (int i = 0; i < 12; i++) {
		snprintf(path, sizeof path, "sys/fs/cgroup/p/%d/cpu.pressure", i);
		fake_tree_put(&t, path, "some avg10=7.00 avg60=0.00 avg300=0.00 total=1\n");
	}
	scoped_host h = fake_tree_host(&t);
	assert_int_equal(0, cgroup_layout_read(&h, &l, &e));
	scoped_stat_reader rd;
	cgroup_stat_reader_init(&rd, &h, &l);
	rd.least_pressure = least;
	for (int i = 0; i < 12; i++) {
		snprintf(path, sizeof path, "/p/%d", i);
		assert_int_equal(0, cgroup_stat_reader_read(&rd, path, CGROUP_STAT_PRESSURE, &st, &e));
	}
	return st.cpu.pressure.some.avg10;
}

TEST(many_neighbours_are_asked_for_pressure_where_the_group_above_has_some)
{
	const char *none = "some avg10=0.00 avg60=0.00 avg300=0.00 total=9\n";

	assert_int_equal(CG_UNSET, pressure_of_last(none, 500));
	assert_int_equal(700, pressure_of_last(none, 0));
	assert_int_equal(700, pressure_of_last("some avg10=6.00 avg60=0.00 avg300=0.00 total=9\n", 500));
	assert_int_equal(700, pressure_of_last("", 500)); /* it does not say */
}

TEST(of_troubles_only_what_has_a_limit_is_asked_for_its_use)
{
	scoped_tree t = fake_tree_new();
	struct cgroup_stat st;

	fake_tree_put(&t, "sys/fs/cgroup/cgroup.controllers", "cpu memory pids\n");
	for (int limited = 0; limited < 2; limited++) {
		const char *group = limited ? "sys/fs/cgroup/limited" : "sys/fs/cgroup/free";
		char path[64];

#define PUT(file, none, some) (snprintf(path, sizeof path, "%s/" file, group), fake_tree_put(&t, path, limited ? some : none))
		PUT("cpu.max", "max 100000\n", "20000 100000\n");
		PUT("cpu.stat", "nr_periods 5\n", "nr_periods 5\n");
		PUT("memory.max", "max\n", "4096\n");
		PUT("memory.current", "9\n", "9\n");
		PUT("memory.stat", "shmem 3\n", "shmem 3\n");
		PUT("memory.events", "oom_kill 0\n", "oom_kill 2\n");
		PUT("memory.events.local", "oom 1\n", "oom 1\n");
		PUT("pids.current", "1\n", "1\n");
		PUT("pids.max", "max\n", "8\n");
		PUT("pids.events", "max 6\n", "max 6\n");
#undef PUT
	}
	scoped_host h = fake_tree_host(&t);
	st = read_stat(&h, "/free", CGROUP_STAT_TROUBLES);
	assert_int_equal(1, st.pids.current);
	assert_int_equal(0, st.memory_events.oom_kill);
	assert_int_equal(CG_UNSET, st.memory_events_local.oom);
	assert_int_equal(CG_UNSET, st.cpu.periods);
	assert_int_equal(CG_UNSET, st.memory.usage_bytes);
	assert_int_equal(CG_UNSET, st.memory.shmem);
	assert_int_equal(CG_UNSET, st.pids.limit_hits);
	st = read_stat(&h, "/limited", CGROUP_STAT_TROUBLES);
	assert_int_equal(20000, st.cpu.quota_us);
	assert_int_equal(5, st.cpu.periods);
	assert_int_equal(9, st.memory.usage_bytes);
	assert_int_equal(3, st.memory.shmem);
	assert_int_equal(1, st.memory_events_local.oom);
	assert_int_equal(6, st.pids.limit_hits);
}

TEST(a_line_asks_for_the_limit_in_force_on_v1)
{
	scoped_tree t = fake_tree_new();
	struct cgroup_stat st;

	put_v1(&t);
	fake_tree_put(&t, "cg/memory/a/0/memory.limit_in_bytes", "4096\n");
	fake_tree_put(&t, "cg/memory/a/0/memory.stat", "cache 1\nhierarchical_memory_limit 2048\ntotal_cache 3\n");
	scoped_host h = fake_tree_host(&t);
	st = read_stat(&h, "/a/0", CGROUP_STAT_LINE);
	assert_int_equal(7, st.memory.usage_bytes);
	assert_int_equal(2048, st.memory.limit_in_force_bytes);
	assert_int_equal(CG_UNSET, st.memory.limit_bytes);
	assert_int_equal(3, st.memory.file);
	assert_int_equal(3, st.cpu.throttled_periods);
	assert_int_equal(CG_UNSET, st.cpu.quota_us);
}

TEST(swap_of_v1_is_told_apart_from_its_sum_with_memory)
{
	static const struct {
		const char *both;
		int64_t limit;
	} cases[] = { { "12288\n", 8192 }, { "4096\n", 0 }, { "9223372036854771712\n", CG_MAX } };

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		scoped_tree t = fake_tree_new();
		struct cgroup_stat st;

		put_v1(&t);
		fake_tree_put(&t, "cg/memory/a/0/memory.limit_in_bytes", "4096\n");
		fake_tree_put(&t, "cg/memory/a/0/memory.memsw.limit_in_bytes", cases[i].both);
		fake_tree_put(&t, "cg/memory/a/0/memory.stat", "swap 5\ntotal_cache 3\ntotal_swap 6144\n");
		scoped_host h = fake_tree_host(&t);
		st = read_stat(&h, "/a/0", CGROUP_STAT_MEMORY | CGROUP_STAT_MEMORY_DETAIL);
		assert_int_equal(6144, st.memory.swap_bytes);
		assert_int_equal(cases[i].limit, st.memory.swap_limit_bytes);
		assert_int_equal(7, st.memory.usage_bytes);
	}
}

TEST(files_without_a_wanted_field_are_not_read)
{
	scoped_tree t = fake_tree_new();
	bool wanted[CGROUP_STAT_FIELDS] = { [offsetof(struct cgroup_stat, memory.usage_bytes) / sizeof(int64_t)] =
						    true };
	struct cgroup_layout l;
	struct cgroup_stat st;
	struct err e = { 0 };

	put_v1(&t);
	fake_tree_put(&t, "cg/memory/a/0/memory.limit_in_bytes", "4096\n");
	scoped_host h = fake_tree_host(&t);
	assert_int_equal(0, cgroup_layout_read(&h, &l, &e));
	scoped_stat_reader rd;
	cgroup_stat_reader_init(&rd, &h, &l);
	rd.wanted = wanted;
	assert_int_equal(0, cgroup_stat_reader_read(&rd, "/a/0", CGROUP_STAT_MEMORY | CGROUP_STAT_CPU, &st, &e));
	assert_int_equal(7, st.memory.usage_bytes);
	assert_int_equal(CG_UNSET, st.memory.limit_bytes);
	assert_int_equal(CG_UNSET, st.cpu.periods);
}

TEST(no_limit_in_force_is_none_of_the_group_either)
{
	struct cgroup_stat st = parsed(
		1, "memory.stat", "hierarchical_memory_limit 9223372036854771712\nhierarchical_memsw_limit 4096\n");

	assert_int_equal(CG_MAX, st.memory.limit_bytes);
	assert_int_equal(CG_UNSET, st.memory.both_limit_bytes);
	st = parsed(1, "memory.stat", "hierarchical_memory_limit 4096\n");
	assert_int_equal(CG_UNSET, st.memory.limit_bytes);
}

TEST(briefly_only_a_group_with_a_quota_is_asked_for_throttling)
{
	scoped_tree t = fake_tree_new();
	struct cgroup_stat st;

	put_v1(&t);
	scoped_host h = fake_tree_host(&t);
	st = read_stat(&h, "/a/0", CGROUP_STAT_BRIEF);
	assert_int_equal(50000, st.cpu.quota_us);
	assert_int_equal(100000, st.cpu.period_us);
	assert_int_equal(3, st.cpu.throttled_periods);
	st = read_stat(&h, "/a/1", CGROUP_STAT_BRIEF);
	assert_int_equal(CG_MAX, st.cpu.quota_us);
	assert_int_equal(CG_UNSET, st.cpu.throttled_periods);
	assert_int_equal(1, st.memory.usage_bytes);
	st = read_stat(&h, "/a/1", CGROUP_STAT_CPU);
	assert_int_equal(3, st.cpu.throttled_periods);
}

/* ---- the OOM killer in groups below ---------------------------------------------------------------------------- */

TEST(v1_kills_below_are_added_up)
{
	scoped_tree t = fake_tree_new();
	struct cgroup_stat st;

	fake_tree_put(&t, "proc/self/mountinfo", "32 31 0:29 / /cg/memory rw - cgroup cgroup rw,memory\n");
	fake_tree_put(&t, "cg/memory/x/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 1\n");
	scoped_host h = fake_tree_host(&t);
	assert_int_equal(1, read_stat(&h, "/x", CGROUP_STAT_EVENTS).memory_events.oom_kill);
	fake_tree_put(&t, "cg/memory/x/a/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n");
	fake_tree_put(&t, "cg/memory/x/b/c/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 4\n");
	st = read_stat(&h, "/x", CGROUP_STAT_EVENTS | CGROUP_STAT_EVENTS_LOCAL);
	assert_int_equal(7, st.memory_events.oom_kill);
	assert_int_equal(1, st.memory_events_local.oom_kill);
	fake_tree_put(&t, "cg/memory/x/memory.oom_control",
		      "oom_kill_disable 0\nunder_oom 0\n"); /* before Linux 4.13 */
	assert_int_equal(CG_UNSET, read_stat(&h, "/x", CGROUP_STAT_EVENTS).memory_events.oom_kill);
}

TEST(v2_adds_kills_up_unless_events_are_local)
{
	scoped_tree t = fake_tree_new();

	fake_tree_put(&t, "sys/fs/cgroup/cgroup.controllers", "memory\n");
	fake_tree_put(&t, "sys/fs/cgroup/x/memory.events",
		      "oom 1\noom_kill 5\n"); /* of these, some in a group that is gone */
	fake_tree_put(&t, "sys/fs/cgroup/x/memory.events.local", "oom 1\noom_kill 1\n");
	fake_tree_put(&t, "sys/fs/cgroup/x/a/memory.events.local", "oom_kill 2\n");
	scoped_host h = fake_tree_host(&t);
	assert_int_equal(5, read_stat(&h, "/x", CGROUP_STAT_EVENTS).memory_events.oom_kill);
	fake_tree_put(&t, "sys/fs/cgroup/x/memory.events", "oom 1\noom_kill 1\n"); /* memory_localevents */
	assert_int_equal(3, read_stat(&h, "/x", CGROUP_STAT_EVENTS).memory_events.oom_kill);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(nothing_is_known_before_a_file_was_read),
		RUN(times_of_either_version_are_nanoseconds),
		RUN(a_quota_is_two_words_or_two_files),
		RUN(limits_of_every_spelling),
		RUN(a_product_that_does_not_fit_is_the_most),
		RUN(a_key_is_a_whole_word),
		RUN(pressure_is_in_hundredths_of_a_percent),
		RUN(devices_of_v2),
		RUN(devices_of_v1_are_counted_by_the_scheduler_first),
		RUN(a_ceiling_of_devices),
		RUN(huge_pages_of_each_size),
		RUN(captured_hosts_tell_the_same_story),
		RUN(what_was_not_asked_for_is_not_read),
		RUN(a_group_without_files_is_empty_and_no_group_is_an_error),
		RUN(neighbours_are_read_as_one_group_is),
		RUN(a_reader_of_many_goes_from_folder_to_folder),
		RUN(a_deep_reader_stays_in_the_folder_it_entered),
		RUN(many_neighbours_are_asked_for_what_the_group_above_has),
		RUN(a_sum_of_zero_above_is_zero_in_each_of_many_neighbours),
		RUN(many_files_of_a_neighbour_are_read_from_its_own_folder),
		RUN(many_neighbours_are_asked_for_pressure_where_the_group_above_has_some),
		RUN(of_troubles_only_what_has_a_limit_is_asked_for_its_use),
		RUN(a_line_asks_for_the_limit_in_force_on_v1),
		RUN(files_without_a_wanted_field_are_not_read),
		RUN(swap_of_v1_is_told_apart_from_its_sum_with_memory),
		RUN(no_limit_in_force_is_none_of_the_group_either),
		RUN(briefly_only_a_group_with_a_quota_is_asked_for_throttling),
		RUN(v1_kills_below_are_added_up),
		RUN(v2_adds_kills_up_unless_events_are_local),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
