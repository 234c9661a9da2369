/* SPDX-License-Identifier: Apache-2.0 */
/* opt_resource.c - limits: cgroups(7). Ranges depend on each other and on the host: config_check() knows them. */
#include "cli/opt.h"
#include "cli/value.h"
#include "kube/quantity.h"
#include "manifest/names.h"

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

static int set_bytes(const struct option_call *c, struct err *e)
{
	int64_t *to = (int64_t *)(void *)((char *)c->target + c->row->field);

	if (!((struct run_options *)c->target)->changes || strcmp(c->text, "-1") != 0)
		return option_bytes(c, e);
	*to = -1;
	return 0;
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

static int set_cpu_request(const struct option_call *c, struct err *e)
{
	struct quantity q;
	int r = quantity_parse(sv_from(c->text), &q, e);

	if (r == 0)
		config(c)->cpu_request_milli = quantity_milli(&q);
	return r;
}

static int set_kube_namespace(const struct option_call *c, struct err *e)
{
	const char *bad = name_is_label(c->text);

	if (bad)
		return err_set(e, EINVAL, "%s", bad);
	config(c)->kube_namespace = c->text;
	return 0;
}

static int set_swappiness(const struct option_call *c, struct err *e)
{
	int64_t n;
	int r = value_i64(c->text, &n, e);

	if (r < 0)
		return r;
	if (n < -1 || n > 100)
		return err_set(e, EINVAL, "invalid value: %lld. Valid memory swappiness range is 0-100", (long long)n);
	config(c)->memory_swappiness = n < 0 ? OCI_UNSET : n;
	return 0;
}

/* ---- block devices ------------------------------------------------------------------------------------------ */

static int set_blkio_weight(const struct option_call *c, struct err *e)
{
	int64_t n;
	int r = value_i64(c->text, &n, e);

	if (r == 0 && (n < 0 || n > 1000 || (n > 0 && n < 10)))
		r = err_set(e, EINVAL, "Range of blkio weight is from 10 to 1000");
	if (r == 0)
		config(c)->blkio_weight = n;
	return r;
}

/* Of a path that is given twice the last value counts. */
static int set_weight_device(const struct option_call *c, struct err *e)
{
	__typeof__(config(c)->blkio_weight_devices) *list = &config(c)->blkio_weight_devices;
	struct weight_config w;
	int r = value_weight(c->text, c->arena, &w, e);

	if (r < 0)
		return r;
	for (size_t i = 0; i < list->n; i++)
		if (strcmp(list->v[i].path, w.path) == 0) {
			list->v[i] = w;
			return 0;
		}
	return LIST_PUT(c->arena, list, w, e);
}

static int add_rate(const struct option_call *c, bool bytes, struct err *e)
{
	struct rates *list = (struct rates *)((char *)c->target + c->row->field);
	struct rate_config rate;
	int r = value_rate(c->text, bytes, c->arena, &rate, e);

	if (r < 0)
		return r;
	for (size_t i = 0; i < list->n; i++)
		if (strcmp(list->v[i].path, rate.path) == 0) {
			list->v[i] = rate;
			return 0;
		}
	return LIST_PUT(c->arena, list, rate, e);
}

static int add_bps(const struct option_call *c, struct err *e)
{
	return add_rate(c, true, e);
}

static int add_iops(const struct option_call *c, struct err *e)
{
	return add_rate(c, false, e);
}

/* ---- cgroups ------------------------------------------------------------------------------------------------ */

static int set_cgroup_parent(const struct option_call *c, struct err *e)
{
	struct sv rest = sv_from(c->text), part;

	while (sv_next(&rest, '/', &part))
		if (sv_is(part, ".") || sv_is(part, ".."))
			return err_set(e, EINVAL, "invalid cgroup path: no . or .. is allowed in it");
	return option_text(c, e);
}

static const struct option limit_rows[] = {
	{ "blkio-weight", 0, "WEIGHT", "share of block I/O against other containers (10 to 1000; 0 is none of its own)",
	  set_blkio_weight },
	{ "blkio-weight-device", 0, "PATH:WEIGHT", "the same, for one device", set_weight_device },
	{ "cgroup-conf", 0, "FILE=VALUE", "write a value to a control file of cgroup v2, as memory.high=67108864",
	  option_pair, RUN_FIELD(config.cgroup_conf) },
	{ "cpu-period", 0, "MICROSECONDS", "length of the period that --cpu-quota counts for (1000 to 1000000)",
	  option_i64, RUN_FIELD(config.cpu_period_us) },
	{ "cpu-quota", 0, "MICROSECONDS", "CPU time that all processes together may use in a period (from 1000)",
	  option_i64, RUN_FIELD(config.cpu_quota_us) },
	{ "cpu-rt-period", 0, "MICROSECONDS", "length of the period that --cpu-rt-runtime counts for (cgroup v1)",
	  option_i64, RUN_FIELD(config.cpu_rt_period_us) },
	{ "cpu-rt-runtime", 0, "MICROSECONDS",
	  "CPU time that processes of real-time priority may use in a period (cgroup v1)", option_i64,
	  RUN_FIELD(config.cpu_rt_runtime_us) },
	{ "cpu-shares", 'c', "WEIGHT", "share of the CPU against other containers (2 to 262144; 1024 is usual)",
	  option_i64, RUN_FIELD(config.cpu_shares) },
	{ "cpus", 0, "DECIMAL", "CPUs' worth of time that may be used, as 0.5 or 2", set_cpus,
	  RUN_FIELD(config.nano_cpus) },
	{ "cpuset-cpus", 0, "LIST", "CPUs to run on, as 0-3,7", set_cpuset_cpus, RUN_FIELD(config.cpuset_cpus),
	  .late = true },
	{ "cpuset-mems", 0, "LIST", "NUMA nodes to take memory from, as 0,1", set_cpuset_mems,
	  RUN_FIELD(config.cpuset_mems), .late = true },
	{ "device-read-bps", 0, "PATH:BYTES", "bytes a second that may be read from a device", add_bps,
	  RUN_FIELD(config.device_read_bps) },
	{ "device-read-iops", 0, "PATH:N", "reads a second from a device", add_iops,
	  RUN_FIELD(config.device_read_iops) },
	{ "device-write-bps", 0, "PATH:BYTES", "bytes a second that may be written to a device", add_bps,
	  RUN_FIELD(config.device_write_bps) },
	{ "device-write-iops", 0, "PATH:N", "writes a second to a device", add_iops,
	  RUN_FIELD(config.device_write_iops) },
	{ "memory", 'm', "BYTES", "memory limit, as 64m or 1.5g; at least 6m", set_bytes, RUN_FIELD(config.memory) },
	{ "memory-high", 0, "BYTES", "memory above which processes are slowed down and reclaimed from (cgroup v2)",
	  set_bytes, RUN_FIELD(config.memory_high) },
	{ "memory-reservation", 0, "BYTES", "memory that is spared when the host runs short", set_bytes,
	  RUN_FIELD(config.memory_reservation) },
	{ "memory-swap", 0, "BYTES", "limit of memory and swap together; -1 is unlimited swap", set_memory_swap,
	  RUN_FIELD(config.memory_swap) },
	{ "memory-swappiness", 0, "N", "how readily memory is swapped out (0 to 100; cgroup v1)", set_swappiness },
	{ "pids-limit", 0, "N", "processes and threads at a time; 0 or -1 is unlimited", option_i64,
	  RUN_FIELD(config.pids_limit) },
};

OPTION_GROUP(opt_limit, "Limits", limit_rows);

static const struct option fixed_rows[] = {
	{ "cgroup-parent", 0, "PATH", "cgroup above the container's own (default /tare)", set_cgroup_parent,
	  RUN_FIELD(config.cgroup_parent), .late = true },
	{ "cpu-request", 0, "CPUS", "CPUs' worth of time that it is to get when they are short, as 250m or 0.25",
	  set_cpu_request, RUN_FIELD(config.cpu_request_milli) },
	{ "memory-request", 0, "BYTES", "memory that it is to have when that is short, as 64m", option_bytes,
	  RUN_FIELD(config.memory_request) },
	{ "namespace", 0, "NAME", "namespace whose quotas and limit ranges hold for it (tare-kube-apply(1))",
	  set_kube_namespace, RUN_FIELD(config.kube_namespace) },
	{ "oom-kill-disable", 0, NULL, "let processes wait for memory instead of killing one (cgroup v1)",
	  option_switch, RUN_FIELD(config.oom_kill_disable) },
	{ "oom-score-adj", 0, "N", "how early the OOM killer takes the processes (-1000 to 1000)", set_oom_score_adj,
	  RUN_FIELD(config.oom_score_adj) },
};

OPTION_GROUP(opt_cgroup, "Control group", fixed_rows);
