/* SPDX-License-Identifier: Apache-2.0 */
/* host.h - the host as a parameter: directory descriptors instead of the strings /proc and /sys/fs/cgroup.
 *
 * host_open("/") in main, host_open("tests/hosts/guest-v2") in a test: a captured tree has the same files. Those that
 * are looked at, below the root: proc/{self/mountinfo,self/status,self/oom_score_adj,meminfo,vmstat,swaps,cmdline},
 * proc/sys/kernel/sched_cfs_bandwidth_slice_us, sys/devices/system/{cpu,node}/online, cpuN/thermal_throttle beside them,
 * sys/module/bfq, sys/fs/cgroup/cgroup.controllers, and in the root of each hierarchy cgroup.controllers, cpuset.*,
 * memory.memsw.limit_in_bytes, cpu.cfs_quota_us, blkio.bfq.io_service_bytes, blkio.leaf_weight, io.cost.qos; for limits
 * that few ask for cpu.rt_runtime_us, blkio.throttle.read_bps_device and sys/class/block/NAME/dev. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "kernel/cgroup.h"
#include "kernel/kfeat.h"

#include <stdbool.h>
#include <stdint.h>

struct host {
	int root, proc, sys; /* O_PATH directories; -1 when closed */
	bool real;           /* opened at "/": the running kernel may be asked (kfeat_probe) */
};

int host_open(struct host *h, const char *root, struct err *e);
void host_close(struct host *h);

/* What the pure code needs to know about a host; text lives in the arena given to host_facts_read(). */
struct host_facts {
	struct cgroup_layout cgroup;
	struct kfeat kernel;
	unsigned cpus_online;       /* sys/devices/system/cpu/online, counted */
	const char *cpus;           /* the cpus a new cgroup may have: "0-1" (root cpuset's effective set) */
	const char *mems;           /* likewise NUMA nodes: "0" */
	uint64_t mem_total_bytes;   /* proc/meminfo MemTotal */
	uint64_t swap_total_bytes;  /* proc/meminfo SwapTotal */
	uint64_t capabilities;      /* bounding set of this process: CapBnd of proc/self/status */
	uint64_t
		signals_ignored; /* SigIgn of proc/self/status: bit n - 1 for signal n; its children ignore them as well */
	int oom_score_adj;          /* own: proc/self/oom_score_adj; the least that may be asked without CAP_SYS_RESOURCE */
	bool user_namespace;        /* we are in one that is not the first: no devices can be made, no file system of the host's changed */
	bool setgroups_denied;      /* and groups cannot be set in it: user_namespaces(7) */
	uint32_t users, groups;     /* and so many are in it, from 0 on; 0: all */
	unsigned thermal_throttle;  /* n: cpu0..cpu(n-1) have sys/devices/system/cpu/cpuN/thermal_throttle; 0: none */
};

/* host_facts_read - collect them; of control groups, in a user namespace, what cgroup_layout_delegated() leaves. On a captured tree (`real` false) `kernel` is kfeat_all(), unless the tree has a
 * file `kfeat` (lines "name 0|1"). */
int host_facts_read(const struct host *h, struct arena *a, struct host_facts *ret, struct err *e);

/* host_facts_read_plan - what a plan of a document is made from: without the machine's size and its overlayfs */
int host_facts_read_plan(const struct host *h, struct host_facts *ret, struct err *e);

/* host_memory - bytes of memory and swap: mem_total_bytes and swap_total_bytes alone */
int host_memory(const struct host *h, uint64_t *ret_total, uint64_t *ret_swap, struct err *e);

/* host_oom_kills - processes that the OOM killer took since boot, for whatever limit: proc/vmstat oom_kill (Linux 4.13). It is
 * counted before the group's memory_events.oom_kill. -ENOENT: not told */
int host_oom_kills(const struct host *h, uint64_t *ret, struct err *e);
