/* SPDX-License-Identifier: Apache-2.0 */
/* Limits -> writes, on three hosts. A write reads "hierarchy file=value", with "!" when it is late; they are joined by
 * "; ". */
#include "../test.h"
#include "base/buf.h"
#include "base/scope.h"
#include "kernel/cgroup.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#define BIT(c) (1u << CGROUP_##c)

static const struct cgroup_layout v1 = {
	.mode = CGROUP_MODE_V1,
	.n = 6,
	.h = { { "m/cpu,cpuacct", "cpu,cpuacct", BIT(CPU) | BIT(CPUACCT), false },
	       { "m/cpuset", "cpuset", BIT(CPUSET), false },
	       { "m/memory", "memory", BIT(MEMORY), false },
	       { "m/devices", "devices", BIT(DEVICES), false },
	       { "m/blkio", "blkio", BIT(BLKIO), false },
	       { "m/pids", "pids", BIT(PIDS), false } },
	.memory_swap = true,
	.cpu_cfs = true,
	.blkio_weight = true,
	.blkio_bfq = true,
};
static const struct cgroup_layout v2 = {
	.mode = CGROUP_MODE_V2,
	.n = 1,
	.h = { { "m", "", BIT(CPU) | BIT(CPUSET) | BIT(MEMORY) | BIT(BLKIO) | BIT(PIDS) | BIT(HUGETLB), true } },
	.memory_swap = true,
	.cpu_cfs = true,
	.blkio_weight = true,
};
static const struct cgroup_layout hybrid = {
	/* memory on v1, pids on v2, nothing else */
	.mode = CGROUP_MODE_HYBRID,
	.n = 2,
	.h = { { "m/unified", "", BIT(PIDS) | BIT(HUGETLB), true }, { "m/memory", "memory", BIT(MEMORY), false } },
};

static const struct device_rule docker_rules[] = {
	{ false, 'a', CG_MAX, CG_MAX, 7 },
	{ true, 'c', 1, 3, 7 },
	{ true, 'c', 136, CG_MAX, 7 },
	{ false, 'c', 10, 229, 7 },
};
static const struct device_rule privileged_rules[] = { { true, 'a', CG_MAX, CG_MAX, 7 } };
static const struct device_rule partial_rules[] = { { false, 'a', CG_MAX, CG_MAX, 7 },
						    { true, 'a', CG_MAX, CG_MAX, DEVICE_MKNOD } };
static const struct blkio_limit throttles[] = { { 8, 0, BLKIO_READ_BPS, 1048576 },
						{ 8, 0, BLKIO_WRITE_IOPS, 0 },
						{ 8, 16, BLKIO_WEIGHT_DEVICE, 100 } };
static const struct cgroup_file files[] = { { "memory.high", "1048576" },
					    { "cpu.max", "5000 10000" },
					    { "cgroup.pressure", "0" } };
static const struct cgroup_file huge[] = { { "hugetlb.2MB.max", "0" } };
static const struct cgroup_file crooked[] = { { "../memory.max", "1" } };
static const struct cgroup_file moving[] = { { "cgroup.procs", "0" } };
static const struct cgroup_file dotless[] = { { "tasks", "0" } };

/* every number unset, but for those that the row names again */
#ifdef __clang__
#pragma GCC diagnostic ignored "-Winitializer-overrides"
#else
#pragma GCC diagnostic ignored "-Woverride-init"
#endif
#define U CG_UNSET
#define LIMITS(...)                                                                                                    \
	{                                                                                                              \
		.memory_limit_bytes = U, .memory_swap_bytes = U, .memory_reservation_bytes = U, .memory_swappiness = U, \
		.oom_kill_disable = U, .cpu_shares = U, .cpu_quota_us = U, .cpu_period_us = U, .cpu_burst_us = U,      \
		.cpu_idle = U, .cpu_rt_runtime_us = U, .cpu_rt_period_us = U, .pids_limit = U, .blkio_weight = U,      \
		__VA_ARGS__                                                                                            \
	}

/* A text beginning with '-' is an error: "-EINVAL text". */
static const struct {
	struct cgroup_limits want;
	const char *v1, *v2, *hybrid;
} rows[] = {
	{ LIMITS(), "", "", "" },
	{ LIMITS(.memory_limit_bytes = 64 << 20, .memory_swap_bytes = 128 << 20),
	  "memory memory.limit_in_bytes=67108864; memory memory.memsw.limit_in_bytes=134217728",
	  " memory.max=67108864;  memory.swap.max=67108864",
	  "-ENOTSUP memory swap: no swap accounting on this kernel" },
	{ LIMITS(.memory_limit_bytes = 64 << 20, .memory_swap_bytes = 64 << 20),
	  "memory memory.limit_in_bytes=67108864; memory memory.memsw.limit_in_bytes=67108864",
	  " memory.max=67108864;  memory.swap.max=0", "-ENOTSUP memory swap: no swap accounting on this kernel" },
	{ LIMITS(.memory_limit_bytes = 64 << 20, .memory_swap_bytes = -1),
	  "memory memory.limit_in_bytes=67108864; memory memory.memsw.limit_in_bytes=-1",
	  " memory.max=67108864;  memory.swap.max=max", "memory memory.limit_in_bytes=67108864" },
	{ LIMITS(.memory_limit_bytes = CG_MAX), "memory memory.limit_in_bytes=-1",
	  " memory.max=max;  memory.swap.max=max", "memory memory.limit_in_bytes=-1" },
	{ LIMITS(.memory_limit_bytes = 0, .memory_swap_bytes = 0, .cpu_shares = 0, .cpu_quota_us = 0,
		 .blkio_weight = 0),
	  "", "", "" },
	{ LIMITS(.memory_limit_bytes = 8 << 20, .memory_reservation_bytes = 4 << 20),
	  "memory memory.limit_in_bytes=8388608; memory memory.soft_limit_in_bytes=4194304",
	  " memory.max=8388608;  memory.low=4194304",
	  "memory memory.limit_in_bytes=8388608; memory memory.soft_limit_in_bytes=4194304" },
	{ LIMITS(.memory_swap_bytes = 1 << 20), "-EINVAL memory swap: set a memory limit too",
	  "-EINVAL memory swap: set a memory limit too", "-EINVAL memory swap: set a memory limit too" },
	{ LIMITS(.memory_limit_bytes = 2000, .memory_swap_bytes = 1000),
	  "-EINVAL memory swap 1000: less than the memory limit (it is the sum of both)",
	  "-EINVAL memory swap 1000: less than the memory limit (it is the sum of both)",
	  "-EINVAL memory swap 1000: less than the memory limit (it is the sum of both)" },
	{ LIMITS(.memory_swappiness = 0, .oom_kill_disable = 1),
	  "memory memory.swappiness=0; memory memory.oom_control=1", "-ENOTSUP memory swappiness: cgroup v2 has none",
	  "memory memory.swappiness=0; memory memory.oom_control=1" },
	{ LIMITS(.memory_swappiness = -1, .oom_kill_disable = 0), "", "", "" },
	{ LIMITS(.cpu_quota_us = 50000, .cpu_period_us = 100000),
	  "cpu,cpuacct !cpu.cfs_period_us=100000; cpu,cpuacct !cpu.cfs_quota_us=50000", " !cpu.max=50000 100000",
	  "-ENOTSUP cpu: no cpu controller" },
	{ LIMITS(.cpu_quota_us = -1), "cpu,cpuacct !cpu.cfs_quota_us=-1", " !cpu.max=max 100000", "" },
	{ LIMITS(.cpu_period_us = 20000), "cpu,cpuacct !cpu.cfs_period_us=20000", " !cpu.max=max 20000",
	  "-ENOTSUP cpu: no cpu controller" },
	{ LIMITS(.cpu_quota_us = 5000, .cpu_burst_us = 2000),
	  "cpu,cpuacct !cpu.cfs_quota_us=5000; cpu,cpuacct !cpu.cfs_burst_us=2000",
	  " !cpu.max=5000 100000;  !cpu.max.burst=2000", "-ENOTSUP cpu: no cpu controller" },
	{ LIMITS(.cpu_quota_us = 999), "-EINVAL cpu quota 999: at least 1000 microseconds",
	  "-EINVAL cpu quota 999: at least 1000 microseconds", "-EINVAL cpu quota 999: at least 1000 microseconds" },
	{ LIMITS(.cpu_period_us = 1000001), "-EINVAL cpu period 1000001: 1000 to 1000000 microseconds",
	  "-EINVAL cpu period 1000001: 1000 to 1000000 microseconds",
	  "-EINVAL cpu period 1000001: 1000 to 1000000 microseconds" },
	{ LIMITS(.cpu_shares = 512), "cpu,cpuacct cpu.shares=512", " cpu.weight=59",
	  "-ENOTSUP cpu: no cpu controller" },
	{ LIMITS(.cpu_shares = 1), "-EINVAL cpu shares: the minimum allowed cpu-shares is 2", " cpu.weight=1",
	  "-ENOTSUP cpu: no cpu controller" },
	{ LIMITS(.cpu_idle = 1, .cpu_shares = 1024), "cpu,cpuacct cpu.shares=1024; cpu,cpuacct cpu.idle=1",
	  " cpu.weight=100;  cpu.idle=1", "-ENOTSUP cpu: no cpu controller" },
	{ LIMITS(.cpu_rt_period_us = 1000000, .cpu_rt_runtime_us = 1000),
	  "cpu,cpuacct cpu.rt_period_us=1000000; cpu,cpuacct cpu.rt_runtime_us=1000",
	  "-ENOTSUP cpu real-time runtime: cgroup v2 has none", "-ENOTSUP cpu: no cpu controller" },
	{ LIMITS(.cpuset_cpus = "0,1", .cpuset_mems = "0"), "cpuset cpuset.cpus=0,1; cpuset cpuset.mems=0",
	  " cpuset.cpus=0,1;  cpuset.mems=0", "-ENOTSUP cpuset.cpus: no cpuset controller" },
	{ LIMITS(.cpuset_cpus = "0-"), "-EINVAL cpuset.cpus: not a list of numbers: \"0-\"",
	  "-EINVAL cpuset.cpus: not a list of numbers: \"0-\"", "-EINVAL cpuset.cpus: not a list of numbers: \"0-\"" },
	{ LIMITS(.pids_limit = 100), "pids pids.max=100", " pids.max=100", " pids.max=100" },
	{ LIMITS(.pids_limit = -1), "pids pids.max=max", " pids.max=max", " pids.max=max" },
	{ LIMITS(.pids_limit = 0), "pids pids.max=1", " pids.max=1", " pids.max=1" },
	{ LIMITS(.blkio_weight = 500), "blkio blkio.bfq.weight=500", " io.weight=4950",
	  "-ENOTSUP blkio: no blkio controller" },
	{ LIMITS(.blkio_weight = 9), "-EINVAL blkio weight 9: 10 to 1000", "-EINVAL blkio weight 9: 10 to 1000",
	  "-ENOTSUP blkio: no blkio controller" },
	{ LIMITS(.blkio = throttles, .blkio_count = 3),
	  "blkio blkio.throttle.read_bps_device=8:0 1048576; blkio blkio.throttle.write_iops_device=8:0 0; "
	  "blkio blkio.bfq.weight_device=8:16 100",
	  " io.max=8:0 rbps=1048576;  io.max=8:0 wiops=max;  io.weight=8:16 910",
	  "-ENOTSUP blkio: no blkio controller" },
	{ LIMITS(.devices = docker_rules, .device_count = 4),
	  "devices devices.deny=a; devices devices.allow=c 1:3 rwm; devices devices.allow=c 136:* rwm", "program 0",
	  "program 0" },
	{ LIMITS(.devices = privileged_rules, .device_count = 1), "devices devices.allow=a", "program 0", "program 0" },
	{ LIMITS(.devices = partial_rules, .device_count = 2),
	  "devices devices.deny=a; devices devices.allow=b *:* m; devices devices.allow=c *:* m", "program 0",
	  "program 0" },
	{ LIMITS(.unified = files, .unified_count = 3), "-ENOTSUP unified \"memory.high\": this host has no cgroup v2",
	  " memory.high=1048576;  !cpu.max=5000 10000;  cgroup.pressure=0",
	  "-ENOTSUP unified \"memory.high\": the controller memory is not on cgroup v2 here" },
	{ LIMITS(.unified = huge, .unified_count = 1),
	  "-ENOTSUP unified \"hugetlb.2MB.max\": this host has no cgroup v2", " hugetlb.2MB.max=0",
	  " hugetlb.2MB.max=0" },
	{ LIMITS(.unified = crooked, .unified_count = 1),
	  "-EINVAL unified \"../memory.max\": not the name of a control file",
	  "-EINVAL unified \"../memory.max\": not the name of a control file",
	  "-EINVAL unified \"../memory.max\": not the name of a control file" },
	{ LIMITS(.unified = moving, .unified_count = 1),
	  "-EINVAL unified \"cgroup.procs\": not a limit: it moves processes or changes the tree",
	  "-EINVAL unified \"cgroup.procs\": not a limit: it moves processes or changes the tree",
	  "-EINVAL unified \"cgroup.procs\": not a limit: it moves processes or changes the tree" },
	{ LIMITS(.unified = dotless, .unified_count = 1), "-EINVAL unified \"tasks\": not the name of a control file",
	  "-EINVAL unified \"tasks\": not the name of a control file",
	  "-EINVAL unified \"tasks\": not the name of a control file" },
};

static void print_writes(const struct cgroup_layout *l, const struct cgroup_writes *w, struct buf *out)
{
	for (size_t i = 0; i < w->n; i++)
		buf_putf(out, "%s%s %s%s=%s", i ? "; " : "", l->h[w->w[i].hierarchy].name, w->w[i].late ? "!" : "",
			 w->w[i].file, w->w[i].value);
	if (w->device_program)
		buf_putf(out, "program %u", w->device_hierarchy);
}

static void check(size_t row, const struct cgroup_layout *l, const char *want)
{
	scoped_arena a = ARENA(1 << 20);
	scoped_buf out = BUF(1 << 16);
	struct cgroup_writes w = { .n = 7 };
	struct err e = { 0 };
	int r = cgroup_plan(l, &rows[row].want, &a, &w, &e);

	buf_puts(&out, "");
	if (r == 0)
		print_writes(l, &w, &out);
	else
		buf_putf(&out, "-%s %s", r == -ENOTSUP ? "ENOTSUP" : strerrorname_np(-r), e.msg);
	if (strcmp(out.p, want) != 0)
		fail_msg("row %zu, %s:\n%s\nwanted\n%s", row, cgroup_mode_name(l->mode), out.p, want);
	if (r < 0)
		assert_int_equal(7, w.n);
}

TEST(limits_become_writes_in_order)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		check(i, &v1, rows[i].v1);
		check(i, &v2, rows[i].v2);
		check(i, &hybrid, rows[i].hybrid);
	}
}

TEST(a_host_without_cgroups_is_asked_for_nothing)
{
	static const struct cgroup_layout none;
	scoped_arena a = ARENA(1 << 20);
	struct cgroup_writes w;
	struct cgroup_limits want;
	struct err e = { 0 };

	cgroup_limits_init(&want);
	want.pids_limit = want.memory_limit_bytes = CG_MAX;
	want.devices = privileged_rules;
	want.device_count = 1;
	assert_int_equal(0, cgroup_plan(&none, &want, &a, &w, &e));
	assert_int_equal(0, w.n);
	want.pids_limit = 5;
	assert_int_equal(-ENOTSUP, cgroup_plan(&none, &want, &a, &w, &e));
	assert_string_equal("pids limit: no pids controller", e.msg);
}

/* opencontainers/cgroups and crun give these; the table is in their documentation of the conversion. */
TEST(weight_follows_the_new_formula)
{
	static const unsigned known[][2] = { { 0, 1 },       { 1, 1 },        { 2, 1 },          { 10, 4 },
					     { 100, 17 },    { 256, 35 },     { 512, 59 },       { 1000, 99 },
					     { 1024, 100 },  { 2000, 170 },   { 2048, 174 },     { 4096, 303 },
					     { 10240, 639 }, { 65536, 3023 }, { 262144, 10000 }, { 300000, 10000 } };
	uint64_t before = 1;

	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		assert_int_equal(known[i][1], cgroup_weight(known[i][0]));
	for (uint64_t s = 2; s <= 262144; s += 7) {
		uint64_t w = cgroup_weight(s);

		assert_true(w >= before && w <= 10000);
		before = w;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(limits_become_writes_in_order),
		RUN(a_host_without_cgroups_is_asked_for_nothing),
		RUN(weight_follows_the_new_formula),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
