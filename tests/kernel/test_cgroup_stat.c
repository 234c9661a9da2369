/* SPDX-License-Identifier: Apache-2.0 */
/* Statistics of groups on the kernel that runs, in whatever layout: that the numbers are those of what was done. */
#include "groups.h"

#include "base/clock.h"
#include "kernel/cgroup_stat.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>

#define MIB (INT64_C(1) << 20)

static struct cgroup_stat stat_of(const char *name, unsigned what)
{
	struct cgroup_stat st;
	struct err e = { 0 };

	CHECK_OK(cgroup_stat_read(&host, &facts.cgroup, below(name), what, &st, &e));
	return st;
}

static void limit_memory(struct cgroup *cg, int64_t bytes)
{
	struct cgroup_limits want;

	cgroup_limits_init(&want);
	want.memory_limit_bytes = bytes;
	want.memory_swap_bytes = facts.cgroup.memory_swap ? bytes : CG_UNSET;
	limit(cg, &want);
}

/* ---- the OOM killer -------------------------------------------------------------------------------------------- */

TEST(oom_kills_are_counted_in_the_group_and_above)
{
	struct cgroup *parent, *leaf, *sibling;
	struct cgroup_stat st;
	struct err e = { 0 };
	bool v2;

	needs(CGROUP_MEMORY);
	v2 = facts.cgroup.h[cgroup_layout_find(&facts.cgroup, CGROUP_MEMORY)].v2;
	parent = create("oom");
	leaf = create("oom/leaf");
	sibling = create("oom/sibling");
	limit_memory(parent, 8 * MIB);
	assert_int_equal(0, stat_of("oom", CGROUP_STAT_EVENTS).memory_events.oom_kill);
	assert_int_equal(SIGKILL, end_of(start(leaf, eat_memory)));
	st = stat_of("oom/leaf", CGROUP_STAT_EVENTS | CGROUP_STAT_EVENTS_LOCAL);
	assert_int_equal(1, st.memory_events.oom_kill);
	assert_int_equal(1, st.memory_events_local.oom_kill);
	st = stat_of("oom", CGROUP_STAT_EVENTS | CGROUP_STAT_EVENTS_LOCAL);
	assert_int_equal(1, st.memory_events.oom_kill);
	assert_int_equal(0, st.memory_events_local.oom_kill);
	if (v2) /* whose limit it was */
		assert_int_equal(1, st.memory_events_local.oom);
	assert_int_equal(0, stat_of("oom/sibling", CGROUP_STAT_EVENTS).memory_events.oom_kill);
	cgroup_free(leaf);
	CHECK_OK(cgroup_remove(&host, &facts.cgroup, below("oom/leaf"), 5000, &e));
	assert_int_equal(v2, stat_of("oom", CGROUP_STAT_EVENTS).memory_events.oom_kill);
	cgroup_free(sibling);
	end(parent, "oom");
}

/* ---- numbers --------------------------------------------------------------------------------------------------- */

/* Until it has used so much of a processor, by its own account. */
static int spin(void)
{
	struct timespec t;

	do
		(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	while (t.tv_nsec < 100000000);
	return 0;
}

TEST(processor_time_is_what_the_process_used)
{
	struct cgroup *cg;
	struct cgroup_stat st;

	needs(CGROUP_CPUACCT);
	cg = create("cpu");
	assert_int_equal(0, end_of(start(cg, spin)));
	st = stat_of("cpu", CGROUP_STAT_CPU);
	assert_in_range(st.cpu.usage_ns, 100000000, 1000000000);
	assert_in_range(st.cpu.user_ns + st.cpu.system_ns, 70000000, 1000000000);
	end(cg, "cpu");
}

static void limit_cpu(struct cgroup *cg)
{
	struct cgroup_limits want;

	cgroup_limits_init(&want);
	want.cpu_quota_us = 10000;
	want.cpu_period_us = 100000;
	limit(cg, &want);
}

TEST(throttling_is_counted)
{
	struct cgroup *cg;
	struct cgroup_stat st;

	needs(CGROUP_CPU);
	if (!facts.cgroup.cpu_cfs) {
		print_message("# skipped: no bandwidth control here\n");
		skip();
	}
	cg = create("throttle");
	limit_cpu(cg);
	assert_int_equal(0, end_of(start(cg, spin)));
	st = stat_of("throttle", CGROUP_STAT_CPU);
	assert_true(st.cpu.throttled_periods > 0 && st.cpu.throttled_periods <= st.cpu.periods);
	assert_true(st.cpu.throttled_ns > 1000000);
	end(cg, "throttle");
}

static int hold_memory(void)
{
	size_t n = 8 * MIB;
	char *p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (p == MAP_FAILED)
		return 1;
	memset(p, 1, n);
	return raise(SIGSTOP);
}

TEST(memory_and_processes_are_those_that_are_there)
{
	struct cgroup *cg;
	struct cgroup_stat st;
	int status;
	pid_t pid;

	needs(CGROUP_MEMORY);
	cg = create("memory");
	limit_memory(cg, 64 * MIB);
	pid = start(cg, hold_memory);
	assert_int_equal(pid, waitpid(pid, &status, WUNTRACED));
	assert_true(WIFSTOPPED(status));
	st = stat_of("memory", CGROUP_STAT_ALL);
	assert_int_equal(64 * MIB, st.memory.limit_bytes);
	if (facts.cgroup.memory_swap)
		assert_int_equal(0, st.memory.swap_limit_bytes);
	assert_in_range(st.memory.usage_bytes, 8 * MIB, 32 * MIB);
	assert_true(st.memory.peak_bytes == CG_UNSET || st.memory.peak_bytes >= st.memory.usage_bytes);
	assert_in_range(st.memory.anon, 7 * MIB, 32 * MIB);
	assert_true(st.memory.kernel != 0 && st.memory.inactive_file >= 0 && st.memory.pgfault > 0);
	if (cgroup_layout_has(&facts.cgroup, CGROUP_PIDS)) {
		assert_int_equal(1, st.pids.current);
		assert_int_equal(CG_MAX, st.pids.limit);
		assert_int_equal(0, st.pids.limit_hits);
	}
	assert_int_equal(0, kill(pid, SIGKILL));
	assert_int_equal(SIGKILL, end_of(pid));
	end(cg, "memory");
}

static char disk_file[128];

static int write_to_disk(void)
{
	static char block[65536] __attribute__((aligned(4096)));
	int fd = open(disk_file, O_WRONLY | O_CREAT | O_TRUNC | O_DIRECT | O_CLOEXEC, 0600);

	for (int i = 0; fd >= 0 && i < 16; i++)
		if (write(fd, block, sizeof block) != (ssize_t)sizeof block)
			return 1;
	return fd < 0;
}

/* From Linux 6.10 v1 counts only for disks that somebody once throttled. */
static void throttle(struct cgroup *cg, dev_t disk)
{
	struct blkio_limit io = { major(disk), minor(disk), BLKIO_WRITE_BPS, UINT64_C(1) << 40 };
	struct cgroup_limits want;

	cgroup_limits_init(&want);
	want.blkio = &io;
	want.blkio_count = 1;
	limit(cg, &want);
}

TEST(bytes_written_past_the_cache_are_counted_for_their_disk)
{
	struct cgroup *cg;
	struct cgroup_stat st;
	struct stat s;
	int64_t bytes = 0, writes = 0;

	needs(CGROUP_BLKIO);
	assert_int_equal(0, stat("/var/tmp", &s));
	(void)snprintf(disk_file, sizeof disk_file, "/var/tmp%s", top);
	if (major(s.st_dev) == 0 || write_to_disk() != 0) {
		print_message("# skipped: /var/tmp is on no disk that can be written directly\n");
		skip();
	}
	cg = create("io");
	throttle(cg, s.st_dev);
	assert_int_equal(0, end_of(start(cg, write_to_disk)));
	assert_int_equal(0, unlink(disk_file));
	st = stat_of("io", CGROUP_STAT_IO);
	for (size_t i = 0; i < st.io.n; i++)
		if (st.io.device[i].major == major(s.st_dev) && st.io.device[i].minor == minor(s.st_dev)) {
			bytes = st.io.device[i].write_bytes;
			writes = st.io.device[i].writes;
		}
	assert_in_range(bytes, MIB, 2 * MIB);
	assert_in_range(writes, 1, 64);
	end(cg, "io");
}

TEST(pressure_where_the_kernel_tells_it)
{
	struct cgroup *cg = create("pressure");
	struct cgroup_stat st = stat_of("pressure", CGROUP_STAT_PRESSURE);

	if (facts.cgroup.h[0].v2 && access("/proc/pressure/cpu", R_OK) == 0)
		assert_true(st.cpu.pressure.some.total_us >= 0 && st.memory.pressure.full.avg10 >= 0 &&
			    st.io.pressure.some.avg300 >= 0);
	else
		assert_int_equal(CG_UNSET, st.cpu.pressure.some.total_us);
	end(cg, "pressure");
}

TEST(huge_pages_of_every_size_that_there_is)
{
	struct cgroup_write w = { 0, "hugetlb.2MB.limit_in_bytes", "2097152", CGROUP_CHECK_EXACT, false };
	struct cgroup *cg;
	struct cgroup_stat st;
	struct err e = { 0 };
	bool found = false;

	needs(CGROUP_HUGETLB);
	if (access("/sys/kernel/mm/hugepages/hugepages-2048kB", R_OK) < 0) {
		print_message("# skipped: no huge pages of 2 MiB here\n");
		skip();
	}
	cg = create("huge");
	w.hierarchy = (unsigned)cgroup_layout_find(&facts.cgroup, CGROUP_HUGETLB);
	if (facts.cgroup.h[w.hierarchy].v2)
		w.file = "hugetlb.2MB.max"; /* which is there only after it was asked for */
	CHECK_OK(cgroup_apply(cg, &w, &e));
	st = stat_of("huge", CGROUP_STAT_HUGETLB);
	for (size_t i = 0; i < st.hugetlb.n; i++) {
		bool limited = strcmp(st.hugetlb.size[i].size, "2MB") == 0;

		found |= limited;
		assert_int_equal(0, st.hugetlb.size[i].usage_bytes);
		assert_int_equal(limited ? 2 * MIB : CG_MAX, st.hugetlb.size[i].limit_bytes);
	}
	assert_true(found);
	end(cg, "huge");
}

/* Only printed. */
TEST(costs_are_told)
{
	static const struct {
		const char *name;
		unsigned what;
	} sets[] = {
		{ "events", CGROUP_STAT_EVENTS },
		{ "cpu, memory, pids, io", CGROUP_STAT_CPU | CGROUP_STAT_MEMORY | CGROUP_STAT_MEMORY_DETAIL |
						   CGROUP_STAT_PIDS | CGROUP_STAT_IO },
		{ "all", CGROUP_STAT_ALL },
	};
	struct cgroup *cg = create("cost");

	for (size_t i = 0; i < ARRAY_LEN(sets); i++) {
		int64_t begin = clock_monotonic_ns();

		for (int k = 0; k < 100; k++)
			(void)stat_of("cost", sets[i].what);
		print_message("# read %s: %d us\n", sets[i].name, (int)((clock_monotonic_ns() - begin) / 100000));
	}
	end(cg, "cost");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(oom_kills_are_counted_in_the_group_and_above),
		RUN(processor_time_is_what_the_process_used),
		RUN(throttling_is_counted),
		RUN(memory_and_processes_are_those_that_are_there),
		RUN(bytes_written_past_the_cache_are_counted_for_their_disk),
		RUN(pressure_where_the_kernel_tells_it),
		RUN(huge_pages_of_every_size_that_there_is),
		RUN(costs_are_told),
	};

	if (geteuid() != 0) {
		(void)puts("1..0 # SKIP control groups need root");
		return 0;
	}
	return cmocka_run_group_tests(tests, setup, teardown);
}
