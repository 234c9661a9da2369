/* SPDX-License-Identifier: Apache-2.0 */
/* cpu.h - thousandths of a CPU as the kernel's numbers. */
#pragma once

#include <stdint.h>

#define CPU_SHARES_MIN 2
#define CPU_SHARES_MAX 262144
#define CPU_PERIOD_US 100000

/* cpu_shares - of cgroup v1: 1024 for each CPU, from 2 to 262144. */
uint64_t cpu_shares(int64_t milli);
int64_t cpu_shares_milli(uint64_t shares); /* back, rounded up */

/* cpu_weight_linear - shares on cgroup v2 as the kubelet writes them for pods, tiers and kubepods: 1024 become 39. For
 * containers runtimes have a newer curve, cgroup_weight() in kernel/cgroup.h: 1024 become 100, the kernel's default. */
uint64_t cpu_weight_linear(uint64_t shares);

/* cpu_quota_us - in a period; at least 1000, which is the kernel's least. 0: no limit. */
int64_t cpu_quota_us(int64_t milli, int64_t period_us);
int64_t cpu_quota_milli(int64_t quota_us, int64_t period_us);

/* cpu_burst_us - what of unused quota may be saved: `percent` of it, at most all of it (the kernel's rule). */
int64_t cpu_burst_us(int64_t quota_us, unsigned percent);
