/* SPDX-License-Identifier: Apache-2.0 */
/* opt_resource.c - limits: cgroups(7). Ranges depend on each other and on the host: config_check() knows them. */
#include "cli/opt.h"
#include "cli/value.h"

#include <errno.h>
#include <string.h>

static struct container_config *config(const struct option_call *c)
{
	return &((struct run_options *)c->target)->config;
}

static int set_cpus(const struct option_call *c, struct err *e)
{
	return value_nano(c->text, &config(c)->nano_cpus, e);
}

static int set_cpuset_cpus(const struct option_call *c, struct err *e)
{
	return *c->text && value_number_list(c->text, "cpus", e) < 0 ? -EINVAL : option_text(c, e);
}

static int set_cpuset_mems(const struct option_call *c, struct err *e)
{
	return *c->text && value_number_list(c->text, "mems", e) < 0 ? -EINVAL : option_text(c, e);
}

static int set_memory_swap(const struct option_call *c, struct err *e)
{
	if (strcmp(c->text, "-1") != 0)
		return value_bytes(c->text, &config(c)->memory_swap, e);
	config(c)->memory_swap = -1;
	return 0;
}

static int set_oom_score_adj(const struct option_call *c, struct err *e)
{
	int r = value_i64(c->text, &config(c)->oom_score_adj, e);

	if (r == 0)
		config(c)->oom_score_adj_set = true;
	return r;
}

static int set_cgroup_parent(const struct option_call *c, struct err *e)
{
	struct sv rest = sv_from(c->text), part;

	while (sv_next(&rest, '/', &part))
		if (sv_is(part, ".") || sv_is(part, ".."))
			return err_set(e, EINVAL, "invalid cgroup path: no . or .. is allowed in it");
	return option_text(c, e);
}

static const struct option rows[] = {
	{ "cgroup-parent", 0, "PATH", "cgroup above the container's own (default /tare)", set_cgroup_parent,
	  RUN_FIELD(config.cgroup_parent) },
	{ "cpu-period", 0, "MICROSECONDS", "length of the period that --cpu-quota counts for (1000 to 1000000)",
	  option_i64, RUN_FIELD(config.cpu_period_us) },
	{ "cpu-quota", 0, "MICROSECONDS", "CPU time that all processes together may use in a period (from 1000)",
	  option_i64, RUN_FIELD(config.cpu_quota_us) },
	{ "cpu-shares", 'c', "WEIGHT", "share of the CPU against other containers (2 to 262144; 1024 is usual)",
	  option_i64, RUN_FIELD(config.cpu_shares) },
	{ "cpus", 0, "DECIMAL", "CPUs' worth of time that may be used, as 0.5 or 2", set_cpus,
	  RUN_FIELD(config.nano_cpus) },
	{ "cpuset-cpus", 0, "LIST", "CPUs to run on, as 0-3,7", set_cpuset_cpus, RUN_FIELD(config.cpuset_cpus) },
	{ "cpuset-mems", 0, "LIST", "NUMA nodes to take memory from, as 0,1", set_cpuset_mems,
	  RUN_FIELD(config.cpuset_mems) },
	{ "memory", 'm', "BYTES", "memory limit, as 64m or 1.5g; at least 6m", option_bytes, RUN_FIELD(config.memory) },
	{ "memory-high", 0, "BYTES", "memory above which processes are slowed down and reclaimed from (cgroup v2)",
	  option_bytes, RUN_FIELD(config.memory_high) },
	{ "memory-reservation", 0, "BYTES", "memory that is spared when the host runs short", option_bytes,
	  RUN_FIELD(config.memory_reservation) },
	{ "memory-swap", 0, "BYTES", "limit of memory and swap together; -1 is unlimited swap", set_memory_swap,
	  RUN_FIELD(config.memory_swap) },
	{ "oom-score-adj", 0, "N", "how early the OOM killer takes the processes (-1000 to 1000)", set_oom_score_adj,
	  RUN_FIELD(config.oom_score_adj) },
	{ "pids-limit", 0, "N", "processes and threads at a time; 0 or -1 is unlimited", option_i64,
	  RUN_FIELD(config.pids_limit) },
};

OPTION_GROUP(opt_resource, "Limits", rows);
