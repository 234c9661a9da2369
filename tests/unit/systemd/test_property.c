/* SPDX-License-Identifier: Apache-2.0 */
#include "systemd/property.h"

#include "../test.h"

#include "base/scope.h"

#include <string.h>

enum { V2, V1 };

static const struct cgroup_layout layout = {
	.mode = CGROUP_MODE_HYBRID,
	.n = 2,
	.h = { [V2] = { .mount = "sys/fs/cgroup/unified", .v2 = true,
			.controllers = 1u << CGROUP_BLKIO | 1u << CGROUP_MEMORY },
	       [V1] = { .mount = "sys/fs/cgroup/cpu", .controllers = 1u << CGROUP_CPU } },
};

static const struct {
	unsigned hierarchy;
	const char *file, *value, *want;
} writes[] = {
	{ V2, "memory.max", "67108864\n", "MemoryMax t 67108864\n" },
	{ V2, "memory.max", "max", "MemoryMax t 18446744073709551615\n" },
	{ V2, "memory.swap.max", "0", "MemorySwapMax t 0\n" },
	{ V2, "memory.low", "1024", "MemoryLow t 1024\n" },
	{ V2, "cpu.weight", "100", "CPUWeight t 100\n" },
	{ V2, "cpu.idle", "1", "CPUWeight t 0\n" },
	{ V2, "cpu.idle", "0", "" },
	{ V2, "cpu.max", "50000 100000", "CPUQuotaPeriodUSec t 100000\nCPUQuotaPerSecUSec t 500000\n" },
	{ V2, "cpu.max", "max 100000", "CPUQuotaPeriodUSec t 100000\nCPUQuotaPerSecUSec t 18446744073709551615\n" },
	{ V2, "cpu.max", "33333", "CPUQuotaPerSecUSec t 340000\n" }, /* a whole percent, never less */
	{ V2, "pids.max", "20", "TasksMax t 20\n" },
	{ V2, "cpuset.cpus", "0-2,9", "AllowedCPUs ay 2 7 2\n" },
	{ V2, "cpuset.mems", "0", "AllowedMemoryNodes ay 1 1\n" },
	{ V2, "io.weight", "default 200", "IOWeight t 200\n" },
	{ V2, "io.weight", "8:0 300", "IODeviceWeight a(st) 1 /dev/block/8:0 300\n" },
	{ V2, "io.bfq.weight", "1000", "IOWeight t 10000\n" },
	{ V2, "io.max", "8:0 rbps=1048576 wiops=max",
	  "IOReadBandwidthMax a(st) 1 /dev/block/8:0 1048576\nIOWriteIOPSMax a(st) 1 /dev/block/8:0 18446744073709551615\n" },
	{ V2, "memory.oom.group", "1", "" }, /* systemd leaves it alone */
	{ V1, "memory.max", "1", "" },       /* not a file of v1 */
	{ V1, "memory.limit_in_bytes", "-1", "MemoryLimit t 18446744073709551615\n" },
	{ V1, "cpu.shares", "512", "CPUShares t 512\n" },
	{ V1, "cpu.cfs_quota_us", "50000", "CPUQuotaPerSecUSec t 500000\n" },
};

TEST(a_write_becomes_the_property_by_which_systemd_would_write_the_same)
{
	for (size_t i = 0; i < ARRAY_LEN(writes); i++) {
		scoped_arena a = ARENA(1 << 18);
		scoped_buf out = BUF(4096);
		struct cgroup_write w = { .hierarchy = writes[i].hierarchy,
					  .file = writes[i].file,
					  .value = writes[i].value };
		struct unit_properties l = { .arena = &a };

		unit_properties_limits(&l, &layout, &(struct cgroup_writes){ .w = &w, .n = 1 });
		unit_properties_print(&l, &out);
		assert_int_equal(0, unit_properties_status(&l, NULL));
		assert_string_equal(writes[i].want, out.p ? out.p : "");
	}
}

TEST(quota_and_period_of_v1_come_together)
{
	scoped_arena a = ARENA(1 << 16);
	scoped_buf out = BUF(4096);
	struct cgroup_write w[] = { { .hierarchy = V1, .file = "cpu.cfs_period_us", .value = "20000" },
				    { .hierarchy = V1, .file = "cpu.cfs_quota_us", .value = "30000" } };
	struct unit_properties l = { .arena = &a };

	unit_properties_limits(&l, &layout, &(struct cgroup_writes){ .w = w, .n = 2 });
	unit_properties_print(&l, &out);
	assert_string_equal("CPUQuotaPeriodUSec t 20000\nCPUQuotaPerSecUSec t 1500000\n", out.p);
}

#define RWM (DEVICE_READ | DEVICE_WRITE | DEVICE_MKNOD)
#define DENY_ALL { false, 'a', CG_MAX, CG_MAX, RWM }

static const struct {
	struct device_rule rules[4];
	size_t n;
	const char *want;
} devices[] = {
	{ { DENY_ALL, { true, 'c', 1, 3, RWM }, { true, 'c', 136, CG_MAX, DEVICE_READ | DEVICE_WRITE } },
	  3,
	  "DevicePolicy s strict\nDeviceAllow a(ss) 0\nDeviceAllow a(ss) 2 /dev/char/1:3 rwm char-136 rw\n" },
	{ { DENY_ALL, { true, 'b', CG_MAX, CG_MAX, DEVICE_MKNOD } },
	  2,
	  "DevicePolicy s strict\nDeviceAllow a(ss) 0\nDeviceAllow a(ss) 1 block-* m\n" },
	{ { DENY_ALL }, 1, "DevicePolicy s strict\nDeviceAllow a(ss) 0\n" },
	{ { { true, 'a', CG_MAX, CG_MAX, RWM }, { false, 'c', 10, 229, RWM } },
	  2,
	  "DevicePolicy s auto\nDeviceAllow a(ss) 0\n" },
	{ { DENY_ALL, { true, 'c', 10, 229, RWM }, { false, 'c', 10, CG_MAX, RWM } },
	  3,
	  "DevicePolicy s strict\nDeviceAllow a(ss) 0\n" },
	{ { { true, 'c', 1, 3, RWM }, DENY_ALL, { true, 'c', 1, 5, DEVICE_READ } },
	  3,
	  "DevicePolicy s strict\nDeviceAllow a(ss) 0\nDeviceAllow a(ss) 1 /dev/char/1:5 r\n" },
	{ { { 0 } }, 0, "" },
};

TEST(device_rules_become_a_policy_and_what_it_allows)
{
	for (size_t i = 0; i < ARRAY_LEN(devices); i++) {
		scoped_arena a = ARENA(1 << 16);
		scoped_buf out = BUF(4096);
		struct unit_properties l = { .arena = &a };

		unit_properties_devices(&l, devices[i].rules, devices[i].n);
		unit_properties_print(&l, &out);
		assert_string_equal(devices[i].want, out.p ? out.p : "");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(a_write_becomes_the_property_by_which_systemd_would_write_the_same),
		RUN(quota_and_period_of_v1_come_together),
		RUN(device_rules_become_a_policy_and_what_it_allows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
