/* SPDX-License-Identifier: Apache-2.0 */
/* The resource options in Docker's order and words (moby's verifyPlatformContainerResources is the reference). */
#include "spec/config_check_priv.h"

#include "kernel/cpulist.h"

#include <errno.h>
#include <inttypes.h>

#define MEMORY_MIN (INT64_C(6) << 20) /* Docker's: a start needs some; tare-runtime has no minimum */
#define SHARES_MIN 2
#define SHARES_MAX 262144
#define QUOTA_MIN_US 1000
#define NANO_CPU_MIN 10000000 /* a quota of 1 ms in a period of 100 ms */

static bool has(const struct config_checker *k, enum cgroup_controller c)
{
	return cgroup_layout_has(&k->f->cgroup, c);
}

static bool memory_of_v2(const struct cgroup_layout *l)
{
	for (unsigned i = 0; i < l->n; i++)
		if (l->h[i].v2 && (l->h[i].controllers & (1u << CGROUP_MEMORY)))
			return true;
	return false;
}

/* ---- memory ------------------------------------------------------------------------------------------------- */

static int check_memory(struct config_checker *k)
{
	struct container_config *c = k->c;
	option_text value;

	if (c->memory == 0)
		return 0;
	if (c->memory < MEMORY_MIN)
		return option_refuse(k, "--memory", check_bytes(c->memory, value),
				     "Minimum memory limit allowed is 6MB");
	if (has(k, CGROUP_MEMORY))
		return 0;
	(void)check_bytes(c->memory, value);
	c->memory = 0;
	c->memory_swap = -1;
	return option_discard(k, "--memory", value,
			      "Your kernel does not support memory limit capabilities or the cgroup is not mounted. "
			      "Limitation discarded.");
}

/* Without accounting a limit on memory is still one; what may be swapped out beyond it matters only where swap is. */
static int check_swap_accounting(struct config_checker *k)
{
	static const char text[] = "Your kernel does not support swap limit capabilities or the cgroup is not mounted. "
				   "Memory limited without swap.";
	struct container_config *c = k->c;
	bool asked = c->memory_swap > 0;
	option_text value;

	if (c->memory <= 0 || c->memory_swap == -1 || k->f->cgroup.memory_swap)
		return 0;
	(void)check_bytes(c->memory_swap, value);
	c->memory_swap = -1;
	if (asked)
		return option_discard(k, "--memory-swap", value, text);
	if (k->f->swap_total_bytes == 0)
		return 0;
	return warnings_add(k->w, "%s", text) < 0 ? err_oom(k->e) : 0;
}

static int check_swap(struct config_checker *k)
{
	const struct container_config *c = k->c;
	option_text value;

	(void)check_bytes(c->memory_swap, value);
	if (c->memory_swap < -1 || (c->memory > 0 && c->memory_swap > 0 && c->memory_swap < c->memory))
		return option_refuse(k, "--memory-swap", value,
				     "Minimum memoryswap limit should be larger than memory limit, see usage");
	if (c->memory == 0 && c->memory_swap > 0)
		return option_refuse(k, "--memory-swap", value,
				     "You should always set the Memory limit when using Memoryswap limit, see usage");
	return check_swap_accounting(k);
}

static int check_reservation(struct config_checker *k)
{
	struct container_config *c = k->c;
	option_text value;

	if (c->memory_reservation == 0)
		return 0;
	(void)check_bytes(c->memory_reservation, value);
	if (!has(k, CGROUP_MEMORY)) {
		c->memory_reservation = 0;
		return option_discard(
			k, "--memory-reservation", value,
			"Your kernel does not support memory soft limit capabilities or the cgroup is not "
			"mounted. Limitation discarded.");
	}
	if (c->memory_reservation < MEMORY_MIN)
		return option_refuse(k, "--memory-reservation", value, "Minimum memory reservation allowed is 6MB");
	if (c->memory > 0 && c->memory < c->memory_reservation)
		return option_refuse(k, "--memory-reservation", value,
				     "Minimum memory limit can not be less than memory reservation limit, see usage");
	return 0;
}

static int check_high(struct config_checker *k)
{
	struct container_config *c = k->c;
	option_text value;

	if (c->memory_high == 0)
		return 0;
	(void)check_bytes(c->memory_high, value);
	if (c->memory_high < MEMORY_MIN)
		return option_refuse(k, "--memory-high", value, "Minimum memory limit allowed is 6MB");
	if (memory_of_v2(&k->f->cgroup))
		return 0;
	c->memory_high = 0;
	return option_discard(k, "--memory-high", value,
			      "Your kernel does not support memory high limit capabilities (they need cgroup v2). "
			      "Limitation discarded.");
}

static bool has_memory_v1(const struct config_checker *k)
{
	int h = cgroup_layout_find(&k->f->cgroup, CGROUP_MEMORY);

	return h >= 0 && !k->f->cgroup.h[h].v2;
}

static int check_swappiness(struct config_checker *k)
{
	struct container_config *c = k->c;
	int64_t n = c->memory_swappiness;
	option_text value;

	if (n == OCI_UNSET || n == -1) {
		c->memory_swappiness = OCI_UNSET;
		return 0;
	}
	(void)option_number(n, value);
	if (n < 0 || n > 100)
		return option_refuse(k, "--memory-swappiness", value,
				     "Invalid value: %s, valid memory swappiness range is 0-100", value);
	if (has_memory_v1(k))
		return 0;
	c->memory_swappiness = OCI_UNSET;
	return option_discard(
		k, "--memory-swappiness", value,
		"Your kernel does not support memory swappiness capabilities or the cgroup is not mounted. "
		"Memory swappiness discarded.");
}

static int check_oom_kill(struct config_checker *k)
{
	struct container_config *c = k->c;

	if (!c->oom_kill_disable)
		return 0;
	if (!has_memory_v1(k)) {
		c->oom_kill_disable = false;
		return option_discard(k, "--oom-kill-disable", "true",
				      "Your kernel does not support OomKillDisable. OomKillDisable discarded.");
	}
	if (c->memory == 0 &&
	    warnings_add(k->w, "OOM killer is disabled for the container, but no memory limit is set, this can result "
			       "in the system running out of resources.") < 0)
		return err_oom(k->e);
	return 0;
}

static int check_pids(struct config_checker *k)
{
	option_text value;

	if (k->c->pids_limit <= 0 || has(k, CGROUP_PIDS))
		return 0;
	(void)option_number(k->c->pids_limit, value);
	k->c->pids_limit = 0;
	return option_discard(k, "--pids-limit", value,
			      "Your kernel does not support PIDs limit capabilities or the cgroup is not mounted. PIDs "
			      "limit discarded.");
}

/* ---- cpu ---------------------------------------------------------------------------------------------------- */

static int check_cpus(struct config_checker *k)
{
	const struct container_config *c = k->c;
	int64_t n = c->nano_cpus;
	option_text value;

	if (n == 0)
		return 0;
	(void)option_cpus(n, value);
	if (n > 0 && c->cpu_period_us > 0)
		return option_refuse(k, "--cpus", value,
				     "Conflicting options: Nano CPUs and CPU Period cannot both be set");
	if (n > 0 && c->cpu_quota_us > 0)
		return option_refuse(k, "--cpus", value,
				     "Conflicting options: Nano CPUs and CPU Quota cannot both be set");
	if (n > 0 && !k->f->cgroup.cpu_cfs)
		return option_refuse(
			k, "--cpus", value,
			"NanoCPUs can not be set, as your kernel does not support CPU CFS scheduler or the "
			"cgroup is not mounted");
	if (n < NANO_CPU_MIN || (uint64_t)n > k->f->cpus_online * UINT64_C(1000000000))
		return option_refuse(k, "--cpus", value,
				     "range of CPUs is from 0.01 to %u.00, as there are only %u CPUs available",
				     k->f->cpus_online, k->f->cpus_online);
	return 0;
}

static int check_shares(struct config_checker *k)
{
	struct container_config *c = k->c;
	option_text value;

	if (c->cpu_shares == 0)
		return 0;
	(void)option_number(c->cpu_shares, value);
	if (c->cpu_shares < 0)
		return option_refuse(k, "--cpu-shares", value, "shares: invalid argument");
	if (!has(k, CGROUP_CPU)) {
		c->cpu_shares = 0;
		return option_discard(k, "--cpu-shares", value,
				      "Your kernel does not support CPU shares or the cgroup is not mounted. Shares "
				      "discarded.");
	}
	if (c->cpu_shares < SHARES_MIN)
		return option_refuse(k, "--cpu-shares", value, "the minimum allowed cpu-shares is %d", SHARES_MIN);
	if (c->cpu_shares > SHARES_MAX)
		return option_refuse(k, "--cpu-shares", value, "the maximum allowed cpu-shares is %d", SHARES_MAX);
	return 0;
}

static int discard_cfs(struct config_checker *k)
{
	const char *option = k->c->cpu_period_us ? "--cpu-period" : "--cpu-quota";
	option_text value;

	(void)option_number(k->c->cpu_period_us ? k->c->cpu_period_us : k->c->cpu_quota_us, value);
	k->c->cpu_period_us = 0;
	k->c->cpu_quota_us = 0;
	return option_discard(k, option, value,
			      "Your kernel does not support CPU CFS scheduler. CPU period/quota discarded.");
}

/* A negative quota is no limit. */
static int check_cfs(struct config_checker *k)
{
	int64_t period = k->c->cpu_period_us, quota = k->c->cpu_quota_us;
	option_text value;

	if (!period && !quota)
		return 0;
	if (!k->f->cgroup.cpu_cfs)
		return discard_cfs(k);
	if (period && (period < 1000 || period > 1000000))
		return option_refuse(k, "--cpu-period", option_number(period, value),
				     "CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. "
				     "1000000)");
	if (quota > 0 && quota < QUOTA_MIN_US)
		return option_refuse(k, "--cpu-quota", option_number(quota, value),
				     "CPU cfs quota can not be less than 1ms (i.e. 1000)");
	return 0;
}

/* Not discarded: a process that counts on its time would fail later, and at random. */
static int check_realtime(struct config_checker *k)
{
	int64_t period = k->c->cpu_rt_period_us, runtime = k->c->cpu_rt_runtime_us;
	const char *option = runtime ? "--cpu-rt-runtime" : "--cpu-rt-period";
	option_text value;

	if (!period && !runtime)
		return 0;
	(void)option_number(runtime ? runtime : period, value);
	if (period < 0 || runtime < 0)
		return option_refuse(k, option, value, "microseconds, 0 or more");
	if (!k->f->cgroup.cpu_rt)
		return option_refuse(k, option, value,
				     "kernel does not support CPU real-time scheduler (it needs cgroup v1 and "
				     "CONFIG_RT_GROUP_SCHED)");
	if (period && runtime > period)
		return option_refuse(k, option, value,
				     "cpu real-time runtime cannot be higher than cpu real-time period");
	return 0;
}

/* ---- cpuset ------------------------------------------------------------------------------------------------- */

static int check_list(struct config_checker *k, const char *option, const char *what, const char *things,
		      const char *asked, const char *available)
{
	struct cpulist want, have;

	if (!asked || !*asked)
		return 0;
	if (cpulist_parse(sv_from(asked), &want) < 0 || cpulist_count(&want) == 0)
		return option_refuse(k, option, asked, "Invalid value %s for cpuset %s", asked, what);
	if (cpulist_parse(sv_from(available), &have) < 0 || !cpulist_is_subset(&want, &have))
		return option_refuse(k, option, asked, "Requested %s are not available - requested %s, available: %s",
				     things, asked, available ? available : "");
	return 0;
}

static int discard_cpuset(struct config_checker *k)
{
	const char *cpus = k->c->cpuset_cpus, *mems = k->c->cpuset_mems;
	bool of_cpus = cpus && *cpus;

	k->c->cpuset_cpus = NULL;
	k->c->cpuset_mems = NULL;
	return option_discard(k, of_cpus ? "--cpuset-cpus" : "--cpuset-mems", of_cpus ? cpus : mems,
			      "Your kernel does not support cpuset or the cgroup is not mounted. Cpuset discarded.");
}

static int check_cpuset(struct config_checker *k)
{
	const struct container_config *c = k->c;
	bool asked = (c->cpuset_cpus && *c->cpuset_cpus) || (c->cpuset_mems && *c->cpuset_mems);
	int r;

	if (asked && !has(k, CGROUP_CPUSET))
		return discard_cpuset(k);
	r = check_list(k, "--cpuset-cpus", "cpus", "CPUs", c->cpuset_cpus, k->f->cpus);
	return r ? r : check_list(k, "--cpuset-mems", "mems", "memory nodes", c->cpuset_mems, k->f->mems);
}

int config_check_resources(struct config_checker *k)
{
	static int (*const checks[])(struct config_checker *) = {
		check_memory, check_swap, check_reservation, check_high,     check_swappiness, check_oom_kill,
		check_pids,   check_cpus, check_shares,	     check_cfs,	     check_realtime,   check_cpuset,
		config_check_blkio,
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof checks / sizeof *checks; i++)
		r = checks[i](k);
	return r;
}
