/* SPDX-License-Identifier: Apache-2.0 */
#include "report/explain.h"

#include "base/clock.h"
#include "base/scope.h"
#include "spec/config.h"
#include "engine/create.h"
#include "oci/list.h"
#include "spec/spec.h"
#include "monitor/oom.h"
#include "runtime/plan.h"

#include <errno.h>
#include <string.h>

/* ---- which option a file comes from ------------------------------------------------------------------------------ */

enum form { FORM_BYTES, FORM_NUMBER, FORM_MILLI, FORM_NANO, FORM_TEXT, FORM_RATES, FORM_SWITCH };

#define FILES 5
struct option_row {
	const char *resource, *option;
	enum form form;
	size_t at;
	const char *files[FILES]; /* of both versions */
};
#define AT(field) offsetof(struct container_config, field)

/* The first row of a file that was asked for wins; the last one of it stands for what follows from others. */
static const struct option_row option_rows[] = {
	{ "cpu", "--cpus", FORM_NANO, AT(nano_cpus), { "cpu.cfs_quota_us", "cpu.cfs_period_us", "cpu.max" } },
	{ "cpu", "--cpu-quota", FORM_NUMBER, AT(cpu_quota_us), { "cpu.cfs_quota_us", "cpu.max" } },
	{ "cpu", "--cpu-period", FORM_NUMBER, AT(cpu_period_us), { "cpu.cfs_period_us", "cpu.max" } },
	{ "cpu", "--cpu-request", FORM_MILLI, AT(cpu_request_milli), { "cpu.shares", "cpu.weight" } },
	{ "cpu", "--cpu-shares", FORM_NUMBER, AT(cpu_shares), { "cpu.shares", "cpu.weight" } },
	{ "cpu", "--cpuset-cpus", FORM_TEXT, AT(cpuset_cpus), { "cpuset.cpus" } },
	{ "cpu", "--cpuset-mems", FORM_TEXT, AT(cpuset_mems), { "cpuset.mems" } },
	{ "cpu", "--cpu-rt-period", FORM_NUMBER, AT(cpu_rt_period_us), { "cpu.rt_period_us" } },
	{ "cpu", "--cpu-rt-runtime", FORM_NUMBER, AT(cpu_rt_runtime_us), { "cpu.rt_runtime_us" } },
	{ "memory", "--memory", FORM_BYTES, AT(memory), { "memory.limit_in_bytes", "memory.max" } },
	{ "memory",
	  "--memory-swap",
	  FORM_BYTES,
	  AT(memory_swap),
	  { "memory.memsw.limit_in_bytes", "memory.swap.max" } },
	{ "memory",
	  "--memory (as much swap again)",
	  FORM_SWITCH,
	  0,
	  { "memory.memsw.limit_in_bytes", "memory.swap.max" } },
	{ "memory",
	  "--memory-reservation",
	  FORM_BYTES,
	  AT(memory_reservation),
	  { "memory.soft_limit_in_bytes", "memory.low" } },
	{ "memory", "--memory-high", FORM_BYTES, AT(memory_high), { "memory.high" } },
	{ "memory", "--memory-swappiness", FORM_NUMBER, AT(memory_swappiness), { "memory.swappiness" } },
	{ "memory", "--oom-kill-disable", FORM_SWITCH, 0, { "memory.oom_control" } },
	{ "pids", "--pids-limit", FORM_NUMBER, AT(pids_limit), { "pids.max" } },
	{ "io", "--blkio-weight", FORM_NUMBER, AT(blkio_weight),
	  { "blkio.weight", "blkio.bfq.weight", "io.weight", "io.bfq.weight" } },
	{ "io", "--device-read-bps", FORM_RATES, AT(device_read_bps), { "blkio.throttle.read_bps_device" } },
	{ "io", "--device-write-bps", FORM_RATES, AT(device_write_bps), { "blkio.throttle.write_bps_device" } },
	{ "io", "--device-read-iops", FORM_RATES, AT(device_read_iops), { "blkio.throttle.read_iops_device" } },
	{ "io", "--device-write-iops", FORM_RATES, AT(device_write_iops), { "blkio.throttle.write_iops_device" } },
	{ "io", "--device-…-bps, --device-…-iops", FORM_SWITCH, 0, { "io.max" } },
};

static bool is_for(const struct option_row *o, const char *file)
{
	for (size_t i = 0; i < FILES && o->files[i]; i++)
		if (strcmp(o->files[i], file) == 0)
			return true;
	return false;
}

static const char *rates_text(const struct rates *l, struct arena *a)
{
	const char *text = "";

	for (size_t i = 0; i < l->n && text; i++)
		text = arena_fmt(a, "%s%s%s:%lld", text, i ? " " : "", l->v[i].path, (long long)l->v[i].rate);
	return text;
}

/* As it was given, or near enough. NULL: it was not, or there was no memory for it. */
static const char *given(const struct option_row *o, const struct container_config *c, struct arena *a)
{
	const void *field = (const char *)c + o->at;
	int64_t n =
		o->form == FORM_TEXT || o->form == FORM_RATES || o->form == FORM_SWITCH ? 0 : *(const int64_t *)field;
	bool none = n == 0 || n == OCI_UNSET;

	switch (o->form) {
	case FORM_SWITCH:
		return "";
	case FORM_TEXT:
		return *(const char *const *)field && **(const char *const *)field ? *(const char *const *)field : NULL;
	case FORM_RATES:
		return ((const struct rates *)field)->n ? rates_text(field, a) : NULL;
	case FORM_NANO:
		return none ? NULL : arena_fmt(a, "%g", (double)n / 1e9);
	case FORM_MILLI:
		return none ? NULL : arena_fmt(a, "%lldm", (long long)n);
	case FORM_NUMBER:
		return n == OCI_UNSET || (n == 0 && o->at != AT(memory_swappiness)) ?
			       NULL :
			       arena_fmt(a, "%lld", (long long)n);
	case FORM_BYTES:
		break;
	}
	if (none)
		return NULL;
	return n > 0 && n % (1 << 20) == 0 ? arena_fmt(a, "%lldm", (long long)(n >> 20)) :
					     arena_fmt(a, "%lld", (long long)n);
}

static const char *resource_of(const char *file)
{
	return strncmp(file, "cpu", 3) == 0 ? "cpu" :
	       strncmp(file, "pids", 4) == 0 ? "pids" :
	       strncmp(file, "io", 2) == 0 || strncmp(file, "blkio", 5) == 0 ? "io" : "memory";
}

static void name_option(const struct container_config *c, const char *file, struct arena *a, struct explain_setting *s)
{
	for (size_t i = 0; i < c->cgroup_conf.n; i++)
		if (strcmp(c->cgroup_conf.v[i].key, file) == 0) {
			*s = (struct explain_setting){ resource_of(file), "--cgroup-conf",
						       arena_fmt(a, "%s=%s", file, c->cgroup_conf.v[i].value) };
			return;
		}
	for (size_t i = 0; i < ARRAY_LEN(option_rows); i++) {
		const struct option_row *o = &option_rows[i];
		const char *text = is_for(o, file) ? given(o, c, a) : NULL;

		if (!text)
			continue;
		*s = (struct explain_setting){ o->resource, o->option, *text ? text : NULL };
		return;
	}
	*s = (struct explain_setting){ resource_of(file), "default", NULL };
}

/* ---- what was written, and what it says now ----------------------------------------------------------------------- */

static int add_setting(const struct host *h, const struct cgroup_layout *l, const struct subject *s,
		       const struct container_config *c, const struct cgroup_write *w, struct arena *a,
		       struct explain_input *in, struct err *e)
{
	struct explain_setting *to = &in->settings[in->n_settings];
	bool same = true;

	name_option(c, w->file, a, to);
	to->file = arena_fmt(a, "/%s%s/%s", l->h[w->hierarchy].mount, s->row.cgroup, w->file);
	to->wrote = w->value;
	if (!to->file || !to->option)
		return err_oom(e);
	if (s->alive && cgroup_read_back(h, l, s->row.cgroup, w, a, &to->now, &same, NULL) == 0)
		to->changed = !same;
	in->n_settings++;
	return 0;
}

static int add_settings(struct engine *en, const struct cgroup_layout *l, const struct subject *s, struct arena *a,
			struct explain_input *in, struct err *e)
{
	struct container_config c;
	struct creation cr;
	struct runtime_spec spec;
	struct cgroup_writes writes = { 0 };
	int r;

	config_init(&c);
	runtime_spec_init(&spec);
	r = config_parse(sv_from(s->row.config), a, &c, e);
	if (r == 0)
		r = creation_limits(en, &c, s->row.cgroup, a, &cr, e);
	if (r == 0)
		r = spec_limits(&c, &cr.facts, &cr.inputs, a, &spec.resources, e);
	if (r == 0)
		r = plan_resources(&spec.resources, l, a, &writes, e);
	if (r < 0)
		return r;
	in->settings = arena_array(a, writes.n + 1, sizeof *in->settings);
	if (!in->settings)
		return err_oom(e);
	for (size_t i = 0; r == 0 && i < writes.n; i++)
		r = add_setting(en->host, l, s, &c, &writes.w[i], a, in, e);
	return r;
}

/* ---- a life that is over ------------------------------------------------------------------------------------------ */

static int add_outcome(const struct subject *s, struct arena *a, struct explain_input *in, struct err *e)
{
	const struct outcome *o = &s->state.outcome;
	char when[RFC3339_SIZE];

	in->pid_is_first = true;
	if (o->oom_killed && !s->alive)
		in->oom = (struct explain_oom){ o->oom_kills, o->oom_owner[0] ? o->oom_owner : NULL, o->oom_limit_bytes,
						o->oom_victim[0] ? o->oom_victim : NULL, o->oom_victim_pid };
	if (s->alive)
		return 0;
	if (s->state.status == CONTAINER_CREATED)
		in->ended = "was never started";
	else if (o->error[0])
		in->ended = arena_fmt(a, "failed: %s", o->error);
	else
		in->ended = arena_fmt(
			a, "ended with status %d at %s%s", o->exit_code, clock_rfc3339(o->finished_ns, when),
			o->exit_code == 137 && !o->oom_killed ? ": killed by SIGKILL, and not by the OOM killer" : "");
	return in->ended ? 0 : err_oom(e);
}

/* Of every hierarchy that could limit it. */
static bool is_in_root(const struct cgroup_layout *l, const struct cgroup_place *place)
{
	for (unsigned i = 0; i < l->n; i++)
		if ((l->h[i].controllers || l->h[i].v2) && place->path[i] && strcmp(place->path[i], "/") != 0)
			return false;
	return true;
}

int engine_explain(struct engine *en, const struct host *h, const struct cgroup_layout *l, const struct subject *s,
		   struct arena *a, struct explanation *ret, struct err *e)
{
	struct explain_input *in = arena_alloc(a, sizeof *in);
	int r = in ? 0 : err_oom(e);

	if (r < 0)
		return r;
	*in = (struct explain_input){
		.host = h, .layout = l, .subject = s->text, .place = s->place, .alive = s->alive, .pid = s->pid
	};
	in->name = s->kind == SUBJECT_CONTAINER ? "the container" :
		   s->kind == SUBJECT_POD       ? "the pod" :
		   s->kind == SUBJECT_PROCESS   ? "its group" :
						  "the group";
	in->in_root = s->kind == SUBJECT_PROCESS && is_in_root(l, &s->place);
	in->no_group = in->in_root || (s->kind == SUBJECT_CONTAINER && cgroup_is_none(s->row.cgroup));
	if (s->kind == SUBJECT_CONTAINER && !in->no_group)
		r = add_settings(en, l, s, a, in, e);
	if (r == 0 && s->kind == SUBJECT_CONTAINER)
		r = add_outcome(s, a, in, e);
	return r < 0 ? r : explain(in, a, ret, e);
}
