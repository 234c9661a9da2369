/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_kube_advise.c - `tare kube advise`: containers of pods are watched for a while, and requests and limits recommended. */
#include "base/clock.h"
#include "base/limits.h"
#include "base/scope.h"
#include "base/table.h"
#include "cli/opt_kube.h"
#include "cli/page.h"
#include "kernel/cgroup_stat.h"
#include "kube/advice.h"
#include "oci/list.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#define INTERVAL_MS 100

struct options {
	struct kube_command kube; /* the first member: its rows are of it */
	int64_t window_s;
};

struct watched {
	const struct kube_running *p;
	const struct kube_container *c;
	const char *path;
	struct observed seen;
	int64_t cpu_ns, at_ns; /* of the look before */
};

struct advising {
	struct engine *en;
	const struct cgroup_layout *layout;
	const struct options *o;
	struct arena *a;
	struct kube_world world;
	struct {
		struct watched *v;
		size_t n;
	} all;
	struct err *e;
};

/* ---- watching ---------------------------------------------------------------------------------------------------- */

static int64_t known(int64_t n)
{
	return n == CG_UNSET || n == CG_MAX ? 0 : n;
}

static void look(const struct advising *w, struct watched *c, bool first)
{
	struct cgroup_stat st;
	int64_t now, set;

	cgroup_stat_init(&st);
	if (cgroup_stat_read(w->en->host, w->layout, c->path,
			     CGROUP_STAT_CPU | CGROUP_STAT_MEMORY | CGROUP_STAT_MEMORY_DETAIL | CGROUP_STAT_EVENTS, &st,
			     NULL) < 0)
		return;
	now = clock_monotonic_ns();
	if (!first && now > c->at_ns)
		c->seen.cpu_milli[c->seen.n++] = (known(st.cpu.usage_ns) - c->cpu_ns) * 1000 / (now - c->at_ns);
	c->cpu_ns = known(st.cpu.usage_ns);
	c->at_ns = now;
	set = known(st.memory.usage_bytes) - known(st.memory.inactive_file);
	if (set > c->seen.working_set_bytes)
		c->seen.working_set_bytes = set;
	c->seen.peak_bytes = known(st.memory.peak_bytes);
	c->seen.throttled = known(st.cpu.throttled_periods);
	c->seen.periods = known(st.cpu.periods);
	if (known(st.memory_events.oom_kill) > c->seen.oom_kills)
		c->seen.oom_kills = known(st.memory_events.oom_kill);
}

static void watch(struct advising *w)
{
	const struct timespec interval = { 0, INTERVAL_MS * 1000000 };

	for (int64_t i = 0; i <= w->o->window_s * 1000 / INTERVAL_MS; i++) {
		if (i)
			(void)nanosleep(&interval, NULL);
		for (size_t k = 0; k < w->all.n; k++)
			look(w, &w->all.v[k], i == 0);
	}
}

static int add(struct advising *w, const struct kube_running *p, const struct kube_container *c,
	       const struct kube_status *s, const struct kube_policy *policy)
{
	struct watched *to = LIST_ADD(w->a, &w->all);

	if (!to)
		return err_oom(w->e);
	*to = (struct watched){ .p = p, .c = c, .path = container_path(policy, &p->pod, s->id, w->a) };
	to->seen.cpu_milli = arena_array(w->a, (size_t)w->o->window_s * 1000 / INTERVAL_MS + 1, sizeof(int64_t));
	to->seen.cpu_request_milli = resource_milli(&c->resources.requests, "cpu");
	to->seen.cpu_limit_milli = resource_milli(&c->resources.limits, "cpu");
	to->seen.memory_request_bytes = resource_value(&c->resources.requests, "memory");
	to->seen.memory_limit_bytes = resource_value(&c->resources.limits, "memory");
	to->seen.oom_kills = s->state.outcome.oom_kills;
	return to->path && to->seen.cpu_milli ? 0 : err_oom(w->e);
}

static int add_pod(struct advising *w, const struct kube_running *p)
{
	const struct kube_policy policy = kube_policy_of(p->row->cgroup);
	struct kube_status *v;
	size_t n;
	int r = kube_pod_look(w->en, p, w->a, &v, &n, w->e);

	for (size_t i = 0; r == 0 && i < n; i++) {
		const struct kube_container *c = i < p->pod.n_inits ? &p->pod.inits[i] :
								      &p->pod.containers[i - p->pod.n_inits];

		if (v[i].id && container_is_active(v[i].state.status))
			r = add(w, p, c, &v[i], &policy);
	}
	return r;
}

static int add_pods(struct advising *w, const struct operands *operands)
{
	const struct kube_command *k = &w->o->kube;
	const char *namespace = k->options.namespace ? k->options.namespace : "default";
	int r = 0;

	for (size_t i = 0; r == 0 && i < w->world.n_pods; i++) {
		const struct kube_running *p = &w->world.pods[i];
		bool wanted = operands->n == 0;

		for (int n = 0; n < operands->n; n++)
			wanted |= strcmp(operands->v[n], p->pod.name) == 0;
		if (wanted && !p->row->reason && (k->all_namespaces || strcmp(p->pod.namespace, namespace) == 0))
			r = add_pod(w, p);
	}
	return r == 0 && operands->n && !w->all.n ?
		       err_set(w->e, ENOENT, "pods \"%.253s\" not found, or nothing of it runs", operands->v[0]) :
		       r;
}

/* ---- advice ------------------------------------------------------------------------------------------------------ */

static const char *milli(struct arena *a, int64_t n)
{
	return n ? arena_fmt(a, "%" PRId64 "m", n) : "-";
}

static const char *mebi(struct arena *a, int64_t n)
{
	return n ? arena_fmt(a, "%" PRId64 "Mi", (n + (1 << 20) - 1) >> 20) : "-";
}

static void put_row(const struct advising *w, struct watched *c, struct table *t)
{
	struct arena *a = w->a;
	const struct observed *o = &c->seen;
	struct advice ad;

	advise(&c->seen, &ad);

	const char *const cpu[] = { c->p->pod.namespace,
				    c->p->pod.name,
				    c->c->name,
				    "cpu",
				    arena_fmt(a, "%s/%s", milli(a, o->cpu_request_milli), milli(a, o->cpu_limit_milli)),
				    arena_fmt(a, "%" PRId64 "m/%" PRId64 "m/%" PRId64 "m", ad.cpu_p50, ad.cpu_p95,
					      ad.cpu_most),
				    arena_fmt(a, "%s/%s", milli(a, ad.cpu_request_milli), milli(a, ad.cpu_limit_milli)),
				    ad.why && o->oom_kills == 0 ? ad.why : "" };
	const char *const memory[] = {
		c->p->pod.namespace,
		c->p->pod.name,
		c->c->name,
		"memory",
		arena_fmt(a, "%s/%s", mebi(a, o->memory_request_bytes), mebi(a, o->memory_limit_bytes)),
		arena_fmt(a, "%s/%s", mebi(a, o->working_set_bytes), mebi(a, o->peak_bytes)),
		arena_fmt(a, "%s/%s", mebi(a, ad.memory_request_bytes), mebi(a, ad.memory_limit_bytes)),
		o->oom_kills ? ad.why : ""
	};

	table_row(t, cpu + (w->o->kube.all_namespaces ? 0 : 1));
	table_row(t, memory + (w->o->kube.all_namespaces ? 0 : 1));
}

static int run(struct cli *cli, void *options, const struct operands *operands, int *ret_status, struct err *e)
{
	static const struct table_column columns[] = { { "NAMESPACE", 12 }, { "POD", 16 }, { "CONTAINER", 12 },
						       { "RESOURCE" },	      { "ASKED" },    { "USED" },
						       { "ADVISED" },	      { "WHY", 12 } };
	scoped_arena a = ARENA(LIMIT_ARENA_KUBE);
	scoped_session s = { .open = false };
	scoped_buf out = BUF(CLI_OUTPUT_MAX);
	struct advising w = { .en = &s.engine, .o = options, .a = &a, .e = e };
	unsigned skip = w.o->kube.all_namespaces ? 0 : 1;
	struct table t;
	int r = session_open(&s, cli, e);

	if (r == 0)
		r = engine_layout(w.en, &w.layout, e);
	if (r == 0)
		r = kube_load(w.en, &a, &w.world, e);
	if (r == 0)
		r = add_pods(&w, operands);
	if (r == 0 && !w.all.n)
		kube_say_none(&w.o->kube, false);
	if (r < 0 || !w.all.n)
		return r;
	watch(&w);
	table_init(&t, &a, columns + skip, ARRAY_LEN(columns) - skip);
	for (size_t i = 0; i < w.all.n; i++)
		put_row(&w, &w.all.v[i], &t);
	r = page_table(&t, w.o->kube.no_trunc, &out, e);
	return r < 0 ? r : cli_print(&out, e);
}

static void init(void *options)
{
	kube_command_init(options);
	((struct options *)options)->window_s = 5;
}

static int set_window(const struct option_call *c, struct err *e)
{
	struct sv text = sv_from(c->text);
	int64_t n;

	if (text.n && text.p[text.n - 1] == 's')
		text.n--;
	if (sv_i64(text, &n) < 0 || n < 1 || n > 3600)
		return err_set(e, EINVAL, "1 to 3600 seconds are needed, as 5s");
	((struct options *)c->target)->window_s = n;
	return 0;
}

static const struct option window_rows[] = {
	{ "window", 0, "SECONDS", "how long to watch (default 5s)", set_window },
};
OPTION_GROUP(window_options, "Watching", window_rows);
static const struct option_group *const groups[] = { &opt_kube_scope, &window_options, NULL };

const struct command command_kube_advise = {
	.name = "kube advise",
	.args = "[OPTIONS] [POD...]",
	.summary = "recommend requests and limits from what pods use",
	.groups = groups,
	.options_size = sizeof(struct options),
	.init = init,
	.max_args = -1,
	.run = run,
};
