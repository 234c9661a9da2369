/* SPDX-License-Identifier: Apache-2.0 */
/* facts.h - hosts made up for tests of pure code: two cpus, one node, everything there unless a test takes it away. */
#pragma once

#include "kernel/host.h"

#define ALL_CONTROLLERS ((1u << CGROUP_CONTROLLER_COUNT) - 1)

static inline struct host_facts facts_v2(void)
{
	struct host_facts f = { .kernel = kfeat_all(), .cpus_online = 2, .cpus = "0-1", .mems = "0",
				.mem_total_bytes = UINT64_C(4) << 30, .swap_total_bytes = UINT64_C(1) << 30,
				.capabilities = UINT64_MAX >> 23 };

	f.cgroup.mode = CGROUP_MODE_V2;
	f.cgroup.n = 1;
	f.cgroup.h[0] = (struct cgroup_hierarchy){ "sys/fs/cgroup", "", ALL_CONTROLLERS, true };
	f.cgroup.memory_swap = f.cgroup.cpu_cfs = f.cgroup.blkio_weight = f.cgroup.blkio_throttle = true;
	return f;
}

static inline struct host_facts facts_v1(void)
{
	struct host_facts f = facts_v2();

	f.cgroup.mode = CGROUP_MODE_V1;
	f.cgroup.h[0] = (struct cgroup_hierarchy){ "sys/fs/cgroup/all", "all", ALL_CONTROLLERS, false };
	return f;
}

static inline struct host_facts facts_bare(void)
{
	struct host_facts f = facts_v2();

	f.cgroup = (struct cgroup_layout){ .mode = CGROUP_MODE_NONE };
	return f;
}
