/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_scope.c - `tare scope`: a command of the host under limits, and what it needed; systemd-run(1) --scope. */
#include "base/decimal.h"
#include "base/scope.h"
#include "cli/human.h"
#include "cli/opt.h"
#include "cli/session.h"
#include "cli/value.h"
#include "engine/scope_run.h"
#include "oci/json.h"

#include <errno.h>
#include <string.h>

struct scope_options {
	struct run_options run; /* the rows of opt_limit fill it */
	bool quiet, json;
};

/* ---- systemd's properties: systemd.resource-control(5) ------------------------------------------------------------ */

static int limit_bytes(const char *text, int64_t *ret, struct err *e)
{
	if (strcmp(text, "infinity") == 0) {
		*ret = -1;
		return 0;
	}
	if (size_parse(sv_from(text), 1024, ret) < 0 || *ret <= 0)
		return err_set(e, EINVAL, "\"%.40s\" is no size (256M, 1G, infinity)", text);
	return 0;
}

static int set_memory_max(const char *text, struct container_config *c, struct arena *a, struct err *e)
{
	return limit_bytes(text, &c->memory, e);
}

static int set_memory_high(const char *text, struct container_config *c, struct arena *a, struct err *e)
{
	return limit_bytes(text, &c->memory_high, e);
}

static int set_memory_low(const char *text, struct container_config *c, struct arena *a, struct err *e)
{
	return limit_bytes(text, &c->memory_reservation, e);
}

/* "50%" of one CPU */
static int set_cpu_quota(const char *text, struct container_config *c, struct arena *a, struct err *e)
{
	struct sv rest = sv_from(text);
	struct decimal d;
	int64_t n;

	if (!decimal_take(&rest, &d) || !sv_is(rest, "%") || decimal_times(&d, 10000000, &n) < 0 || n <= 0)
		return err_set(e, EINVAL, "\"%.40s\" is no share of a CPU (50%%, 200%%)", text);
	c->nano_cpus = n;
	return 0;
}

static int set_number(const char *text, int64_t most, int64_t *ret, struct err *e)
{
	int64_t n;

	if (sv_i64(sv_from(text), &n) < 0 || n < 1 || n > most)
		return err_set(e, EINVAL, "\"%.40s\" is no number from 1 to %lld", text, (long long)most);
	*ret = n;
	return 0;
}

static int set_tasks_max(const char *text, struct container_config *c, struct arena *a, struct err *e)
{
	if (strcmp(text, "infinity") == 0) {
		c->pids_limit = -1;
		return 0;
	}
	return set_number(text, INT32_MAX, &c->pids_limit, e);
}

static int set_cpu_weight(const char *text, struct container_config *c, struct arena *a, struct err *e)
{
	int64_t weight;
	int r = set_number(text, 10000, &weight, e);

	if (r == 0)
		c->cpu_shares = weight * 1024 / 100 < 2 ? 2 : weight * 1024 / 100;
	return r;
}

static int set_allowed_cpus(const char *text, struct container_config *c, struct arena *a, struct err *e)
{
	c->cpuset_cpus = text;
	return value_number_list(text, "cpus", e);
}

static const struct property {
	const char *name;
	int (*set)(const char *text, struct container_config *c, struct arena *a, struct err *e);
} properties[] = {
	{ "AllowedCPUs", set_allowed_cpus }, { "CPUQuota", set_cpu_quota },	{ "CPUWeight", set_cpu_weight },
	{ "MemoryHigh", set_memory_high },   { "MemoryLow", set_memory_low },	{ "MemoryMax", set_memory_max },
	{ "TasksMax", set_tasks_max },
};

static int set_property(const struct option_call *c, struct err *e)
{
	struct scope_options *o = c->target;
	struct sv name, value;

	if (!sv_cut(sv_from(c->text), '=', &name, &value))
		return err_set(e, EINVAL, "NAME=VALUE is wanted");
	for (size_t i = 0; i < ARRAY_LEN(properties); i++)
		if (sv_is(name, properties[i].name))
			return properties[i].set(value.p, &o->run.config, c->arena, e);
	return err_set(e, EINVAL,
		       "unknown property \"" SV_FMT
		       "\" (AllowedCPUs, CPUQuota, CPUWeight, MemoryHigh, MemoryLow, MemoryMax, TasksMax)",
		       (int)(name.n < 40 ? name.n : 40), name.p);
}

static int set_slice(const struct option_call *c, struct err *e)
{
	if (!*c->text || strstr(c->text, "..") || strcmp(c->text, "/") == 0)
		return err_set(e, EINVAL, "\"%.40s\" is no path of a group", c->text);
	((struct scope_options *)c->target)->run.config.cgroup_parent = c->text;
	return 0;
}

static int set_format(const struct option_call *c, struct err *e)
{
	struct scope_options *o = c->target;

	o->json = strcmp(c->text, "json") == 0;
	return o->json || strcmp(c->text, "text") == 0 ? 0 : err_set(e, EINVAL, "unknown format (text, json)");
}

static const struct option rows[] = {
	{ "format", 'f', "FORMAT", "of the report: text (default) or json", set_format, .words = "text json" },
	{ "property", 'p', "NAME=VALUE",
	  "as systemd-run: CPUQuota=50%, MemoryMax=256M, MemoryHigh, MemoryLow, TasksMax, CPUWeight, AllowedCPUs",
	  set_property, .words = "AllowedCPUs= CPUQuota= CPUWeight= MemoryHigh= MemoryLow= MemoryMax= TasksMax=" },
	{ "quiet", 'q', NULL, "no report at the end", option_switch, offsetof(struct scope_options, quiet) },
	{ "slice", 0, "GROUP", "below this group (default /tare/scopes)", set_slice },
};

static OPTION_GROUP(group, "Options", rows);
static const struct option_group *const groups[] = { &group, &opt_limit, NULL };

/* ---- the report --------------------------------------------------------------------------------------------------- */

static void put_text(const struct scope_report *r, int status, struct buf *out)
{
	const struct cgroup_stat *st = &r->st;
	double seconds = (double)r->lived_ns / 1e9, cpu = (double)st->cpu.usage_ns / 1e9;
	char peak[HUMAN_SIZE];

	buf_putf(out, "scope: status %d after %.2f s", status, seconds);
	if (st->cpu.usage_ns != CG_UNSET)
		buf_putf(out, ", CPU %.2f s (%.0f %%)", cpu, seconds > 0 ? cpu * 100 / seconds : 0);
	if (st->cpu.throttled_periods > 0)
		buf_putf(out, ", throttled %.2f s (in %lld of %lld periods)", (double)st->cpu.throttled_ns / 1e9,
			 (long long)st->cpu.throttled_periods, (long long)st->cpu.periods);
	if (st->memory.peak_bytes != CG_UNSET)
		buf_putf(out, ", memory peak %s", human_binary(st->memory.peak_bytes, peak));
	if (st->pids.limit_hits > 0)
		buf_putf(out, ", %lld forks refused", (long long)st->pids.limit_hits);
	if (st->memory_events.oom_kill != CG_UNSET)
		buf_putf(out, ", %lld OOM kills", (long long)st->memory_events.oom_kill);
	buf_puts(out, "\n");
}

struct shown {
	int64_t status;
	struct scope_report report;
};

#define NUMBER(key, field) { key, JSON_I64, JSON_NULL, offsetof(struct shown, field) }
static const struct json_row json_rows[] = {
	NUMBER("Status", status),
	NUMBER("LivedNs", report.lived_ns),
	NUMBER("CpuNs", report.st.cpu.usage_ns),
	NUMBER("UserNs", report.st.cpu.user_ns),
	NUMBER("SystemNs", report.st.cpu.system_ns),
	NUMBER("Periods", report.st.cpu.periods),
	NUMBER("ThrottledPeriods", report.st.cpu.throttled_periods),
	NUMBER("ThrottledNs", report.st.cpu.throttled_ns),
	NUMBER("MemoryPeak", report.st.memory.peak_bytes),
	NUMBER("OomKills", report.st.memory_events.oom_kill),
	NUMBER("ForksRefused", report.st.pids.limit_hits),
};
static const struct json_table json_table = JSON_TABLE(json_rows, struct shown);

static int put_json(const struct scope_report *r, int status, struct buf *out, struct err *e)
{
	const struct shown s = { status, *r };
	int rc = json_encode(&json_table, &s, false, out, e);

	buf_puts(out, "\n");
	return rc;
}

static int tell(const struct scope_options *o, const struct scope_report *r, int status, struct err *e)
{
	scoped_buf out = BUF(4096);
	int rc = 0;

	if (o->quiet)
		return 0;
	if (o->json)
		rc = put_json(r, status, &out, e);
	else
		put_text(r, status, &out);
	if (rc < 0)
		return rc;
	if (write(STDERR_FILENO, out.p, out.len) < 0) /* standard output is the command's */
		return err_sys(e, "write standard error");
	return 0;
}

static int run(struct cli *cli, void *options, const struct operands *operands, int *ret_status, struct err *e)
{
	struct scope_options *o = options;
	char **argv = arena_array(cli->arena, (size_t)operands->n + 1, sizeof *argv);
	scoped_session s = { .open = false };
	struct scope_report report;
	int r = argv ? session_open(&s, cli, e) : err_oom(e);

	if (r < 0)
		return r;
	for (int i = 0; i < operands->n; i++)
		argv[i] = operands->v[i];
	r = scope_run(&s.engine, &o->run.config, argv, cli->arena, ret_status, &report, e);
	return r == 0 ? tell(o, &report, *ret_status, e) : r;
}

const struct command command_scope = {
	.name = "scope",
	.args = "[OPTIONS] COMMAND [ARG...]",
	.summary = "run a command of the host under limits, and tell what it needed",
	.groups = groups,
	.options_size = sizeof(struct scope_options),
	.init = run_options_init,
	.min_args = 1,
	.max_args = -1,
	.stops = true,
	.error_status = 125,
	.run = run,
};
