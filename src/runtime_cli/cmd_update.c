/* SPDX-License-Identifier: Apache-2.0 */
/* update - other limits for a container that exists. What is given takes the place of what its config.json says; the group
 * gets what differs (kernel/cgroup.h), and the saved document is what the next update and every exec go by. */
#include "base/io.h"
#include "base/limits.h"
#include "base/scope.h"
#include "runtime_cli/bundle.h"
#include "runtime_cli/group.h"

#include <fcntl.h>
#include <string.h>

struct update_options {
	const char *file; /* "-": standard input */
	struct oci_resources resources;
	const char *l3_cache_schema, *mem_bw_schema;
};

/* -1 is "no limit" */
static int set_limit(const struct option_call *c, struct err *e)
{
	return strcmp(c->text, "-1") == 0 ? option_i64(c, e) : option_bytes(c, e);
}

#define RESOURCE(member) offsetof(struct update_options, resources.member)

static const struct option rows[] = {
	{ "blkio-weight", 0, "WEIGHT", "block IO weight, 10 to 1000", option_i64, RESOURCE(block_io.weight) },
	{ "cpu-burst", 0, "US", "time that may be saved up for a burst above the quota", option_i64,
	  RESOURCE(cpu.burst) },
	{ "cpu-idle", 0, "0|1", "1: only what nobody else wants of the CPUs", option_i64, RESOURCE(cpu.idle) },
	{ "cpu-period", 0, "US", "period of the quota", option_i64, RESOURCE(cpu.period) },
	{ "cpu-quota", 0, "US", "CPU time in each period; -1: no limit", option_i64, RESOURCE(cpu.quota) },
	{ "cpu-rt-period", 0, "US", "period of real-time tasks", option_i64, RESOURCE(cpu.realtime_period) },
	{ "cpu-rt-runtime", 0, "US", "real-time tasks' time in each period", option_i64,
	  RESOURCE(cpu.realtime_runtime) },
	{ "cpu-share", 0, "SHARES", "CPU shares relative to others'", option_i64, RESOURCE(cpu.shares) },
	{ "cpuset-cpus", 0, "LIST", "CPUs to run on: 0-2,5", option_text, RESOURCE(cpu.cpus) },
	{ "cpuset-mems", 0, "LIST", "memory nodes to use", option_text, RESOURCE(cpu.mems) },
	{ "l3-cache-schema", 0, "SCHEMA", "Intel RDT, L3 cache", option_text,
	  offsetof(struct update_options, l3_cache_schema) },
	{ "mem-bw-schema", 0, "SCHEMA", "Intel RDT, memory bandwidth", option_text,
	  offsetof(struct update_options, mem_bw_schema) },
	{ "memory", 0, "BYTES", "memory limit; -1: none", set_limit, RESOURCE(memory.limit) },
	{ "memory-reservation", 0, "BYTES", "memory that is kept when others need some", set_limit,
	  RESOURCE(memory.reservation) },
	{ "memory-swap", 0, "BYTES", "limit of memory and swap together; -1: none", set_limit, RESOURCE(memory.swap) },
	{ "pids-limit", 0, "N", "processes and threads; -1: no limit", option_i64, RESOURCE(pids_limit) },
	{ "resources", 'r', "FILE",
	  "linux.resources as a JSON document, - for standard input; other options have no effect then", option_text,
	  offsetof(struct update_options, file) },
};
static OPTION_GROUP(group, "Options", rows);

static void init(void *options)
{
	oci_resources_init(&((struct update_options *)options)->resources);
}

/* ---- what is wanted --------------------------------------------------------------------------------------------- */

static int read_document(const struct update_options *u, struct buf *json, struct err *e)
{
	int r;

	if (!u->file)
		return oci_resources_print(&u->resources, json, e);
	r = strcmp(u->file, "-") == 0 ? io_read_fd(STDIN_FILENO, json, e) : io_read_at(AT_FDCWD, u->file, json, e);
	return r < 0 ? err_wrap(e, r, "--resources %s", u->file) : 0;
}

/* Engines say 0 for what shall stay as it is, as runc takes it. */
static void keep_where_zero(struct oci_resources *now, const struct oci_resources *before)
{
	static const size_t numbers[] = {
		offsetof(struct oci_resources, memory.limit),
		offsetof(struct oci_resources, memory.swap),
		offsetof(struct oci_resources, memory.reservation),
		offsetof(struct oci_resources, memory.kernel),
		offsetof(struct oci_resources, memory.kernel_tcp),
		offsetof(struct oci_resources, cpu.shares),
		offsetof(struct oci_resources, cpu.quota),
		offsetof(struct oci_resources, cpu.period),
		offsetof(struct oci_resources, cpu.realtime_runtime),
		offsetof(struct oci_resources, cpu.realtime_period),
		offsetof(struct oci_resources, pids_limit),
		offsetof(struct oci_resources, block_io.weight),
	};

	for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
		int64_t *v = (void *)((char *)now + numbers[i]);

		if (*v == 0)
			*v = *(const int64_t *)(const void *)((const char *)before + numbers[i]);
	}
}

/* Device rules are made once. */
static int merge(struct runtime *rt, const struct update_options *u, struct oci_resources *r, struct err *e)
{
	scoped_buf json = BUF(LIMIT_CONFIG_JSON);
	struct oci_resources before = *r;
	int rc = read_document(u, &json, e);

	if (rc == 0)
		rc = oci_resources_merge(buf_sv(&json), rt->arena, r, e);
	if (rc < 0)
		return u->file ? err_wrap(e, rc, "--resources %s", u->file) : rc;
	keep_where_zero(r, &before);
	r->devices = before.devices;
	return 0;
}

/* ---- what differs ----------------------------------------------------------------------------------------------- */

static int save(const struct entry *c, const struct runtime_spec *spec, struct err *e)
{
	scoped_buf json = BUF(LIMIT_CONFIG_JSON);
	int r = runtime_spec_print(spec, false, &json, e);

	return r < 0 ? r : io_replace_at(c->dir, STATE_CONFIG, json.p, json.len, 0600, IO_DISK_LATER, e);
}

static int set_properties(struct runtime *rt, const struct entry *c, const struct unit_properties *p, struct err *e)
{
	struct unit_client client = UNIT_CLIENT_NONE;
	struct unit_manager *m;
	int r = runtime_manager(rt, c->record.unit_user, &m, e);

	if (r == 0)
		r = unit_client_open(m, &client, e);
	if (r < 0)
		return r;
	r = unit_set(&client, c->record.unit, p, e);
	unit_client_close(&client);
	return r;
}

/* So that a daemon-reload leaves them. It writes them, too, and a quota rounded to whole percents: that is written again. */
static int tell_systemd(struct runtime *rt, const struct entry *c, struct cgroup *cg, const struct cgroup_writes *now,
			struct err *e)
{
	struct unit_properties p = { .arena = rt->arena };
	int r;

	unit_properties_limits(&p, &rt->facts.cgroup, now);
	r = unit_properties_status(&p, e);
	if (r == 0 && p.n)
		r = set_properties(rt, c, &p, e);
	for (size_t i = 0; r == 0 && i < now->n; i++)
		if (strcmp(now->w[i].file, "cpu.max") == 0 || strcmp(now->w[i].file, "cpu.cfs_quota_us") == 0)
			r = cgroup_apply(cg, &now->w[i], e);
	return r;
}

static int change_group(struct runtime *rt, const struct entry *c, const struct oci_resources *before,
			const struct oci_resources *now, struct err *e)
{
	const struct cgroup_layout *l = &rt->facts.cgroup;
	struct cgroup_writes from, to, change;
	scoped_group cg = NULL;
	int r = group_open(rt, c, &cg, e);

	if (r == 0)
		r = plan_resources(before, l, rt->arena, &from, e);
	if (r == 0)
		r = plan_resources(now, l, rt->arena, &to, e);
	if (r == 0)
		r = cgroup_change_plan(&from, &to, false, rt->arena, &change, e);
	if (r == 0)
		r = cgroup_change(cg, &change, rt->arena, e);
	return r < 0 || !c->record.unit ? r : tell_systemd(rt, c, cg, &to, e);
}

static int update(struct runtime *rt, struct entry *c, void *options, const struct operands *o, int *ret_status,
		  struct err *e)
{
	const struct update_options *u = options;
	scoped_bundle b = BUNDLE;
	struct oci_resources before;
	enum container_status s;
	int r;

	if (u->l3_cache_schema || u->mem_bw_schema)
		return err_set(e, ENOTSUP, "--%s: Intel RDT is set when a container is made, not later",
			       u->l3_cache_schema ? "l3-cache-schema" : "mem-bw-schema");
	r = entry_status(rt, c, &s, NULL, e);
	if (r == 0 && s == STATUS_STOPPED)
		r = err_set(e, ESRCH, "container not running");
	if (r == 0)
		r = bundle_read_saved(rt, c, &b, e);
	if (r < 0)
		return r;
	before = b.spec.resources;
	r = merge(rt, u, &b.spec.resources, e);
	if (r == 0)
		r = change_group(rt, c, &before, &b.spec.resources, e);
	return r < 0 ? r : save(c, &b.spec, e);
}

static const struct option_group *const groups[] = { &group, NULL };

const struct runtime_command runtime_command_update = {
	.name = "update", .args = "[OPTIONS] ID", .summary = "change the limits of a container", .groups = groups,
	.options_size = sizeof(struct update_options), .init = init, .min_args = 1, .max_args = 1, .on = update,
	.lock_ms = LOCK_TIMEOUT_MS,
};
