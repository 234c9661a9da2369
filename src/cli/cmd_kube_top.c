/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_kube_top.c - `tare kube top`, `tare kube who-dies-first`: what pods use, and whom that will cost his life. */
#include "base/clock.h"
#include "base/limits.h"
#include "base/scope.h"
#include "base/table.h"
#include "cli/kube_use.h"
#include "cli/opt_kube.h"
#include "cli/page.h"
#include "kube/node.h"
#include "oci/list.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

/* One container, or a pod, or the node, at two moments. */
struct usage {
	const struct kube_running *p; /* NULL: the node */
	const char *container;	      /* NULL: the whole pod */
	const char *path;
	int64_t cpu_ns[2], at_ns[2];
	int64_t working_set; /* bytes in use that cannot simply be dropped */
	int64_t oom_score_adj;
};

struct usages {
	struct usage *v;
	size_t n;
};

struct topping {
	struct engine *en;
	const struct kube_command *k;
	struct arena *a;
	struct kube_world world;
	struct kube_site site;
	struct usages all;
	struct err *e;
};

static const char *root_of(const struct kube_world *w)
{
	for (size_t i = 0; i < w->n_pods; i++)
		if (w->pods[i].row->cgroup)
			return w->pods[i].row->cgroup;
	return KUBE_ROOT;
}

/* All groups at once; which: of the two moments. */
static int sample(struct topping *t, unsigned what, int which)
{
	const struct kube_policy policy = kube_policy_of(root_of(&t->world));
	const char *kubepods = kubepods_path(&policy, t->a);
	struct kube_use *v = arena_array(t->a, t->all.n + 1, sizeof *v);
	int r = kubepods && v ? 0 : err_oom(t->e);

	for (size_t i = 0; r == 0 && i < t->all.n; i++)
		v[i].path = t->all.v[i].path;
	if (r == 0)
		r = kube_use_read(t->en, t->site.layout, kubepods, what, v, t->all.n, t->e);
	for (size_t i = 0; r == 0 && i < t->all.n; i++) {
		struct usage *u = &t->all.v[i];

		u->at_ns[which] = v[i].at_ns;
		u->cpu_ns[which] = v[i].cpu_ns == CG_UNSET ? 0 : v[i].cpu_ns;
		u->working_set = v[i].working_set_bytes == CG_UNSET ? 0 : v[i].working_set_bytes;
	}
	return r;
}

#define WINDOW_NS 50000000 /* of CPU use: some ticks of the kernel's clock, by which it counts what runs */

/* It begins with the first group that is looked at. */
static int sample_twice(struct topping *t)
{
	int64_t end = clock_monotonic_ns() + WINDOW_NS;
	int r = sample(t, KUBE_USE_CPU, 0);

	if (r == 0)
		(void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME,
				      &(struct timespec){ end / 1000000000, end % 1000000000 }, NULL);
	return r < 0 ? r : sample(t, KUBE_USE_CPU | KUBE_USE_WORKING_SET, 1);
}

static int64_t milli_of(const struct usage *u)
{
	int64_t ns = u->at_ns[1] - u->at_ns[0];

	return ns > 0 ? (u->cpu_ns[1] - u->cpu_ns[0]) * 1000 / ns : 0;
}

static int add(struct topping *t, struct usage u)
{
	struct usage *to = u.path ? LIST_ADD(t->a, &t->all) : NULL;

	if (!to)
		return err_oom(t->e);
	*to = u;
	return 0;
}

static int add_containers(struct topping *t, const struct kube_running *p, const struct kube_policy *policy)
{
	struct kube_status *v;
	size_t n;
	int r = kube_pod_look(t->en, p, t->a, &v, &n, t->e);

	for (size_t i = 0; r == 0 && i < n; i++) {
		const struct kube_container *c = i < p->pod.n_inits ? &p->pod.inits[i] :
								      &p->pod.containers[i - p->pod.n_inits];

		if (v[i].id && container_is_active(v[i].state.status))
			r = add(t, (struct usage){ .p = p, .container = v[i].name,
						   .path = container_path(policy, &p->pod, v[i].id, t->a),
						   .oom_score_adj = container_oom_score_adj(
							   &p->pod, c, t->site.node.memory_bytes) });
	}
	return r;
}

static bool is_shown(const struct topping *t, const struct kube_running *p)
{
	const char *namespace = t->k->options.namespace ? t->k->options.namespace : "default";

	return t->k->all_namespaces || strcmp(p->pod.namespace, namespace) == 0;
}

static int add_pods(struct topping *t, bool containers)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < t->world.n_pods; i++) {
		const struct kube_running *p = &t->world.pods[i];
		const struct kube_policy policy = kube_policy_of(p->row->cgroup);
		const char *path = pod_path(&policy, &p->pod, t->a);

		if (!is_shown(t, p))
			continue;
		if (!path)
			return err_oom(t->e);
		r = containers ? add_containers(t, p, &policy) : add(t, (struct usage){ .p = p, .path = path });
	}
	return r;
}

static int begin(struct topping *t, struct session *s, struct cli *cli)
{
	int r = session_open(s, cli, t->e);

	t->en = &s->engine;
	if (r == 0)
		r = kube_site_read(t->en, NULL, t->a, &t->site, t->e);
	return r == 0 ? kube_load_begun(t->en, t->a, &t->world, t->e) : r;
}

/* ---- top ---------------------------------------------------------------------------------------------------- */

static void put_pods(struct topping *t, struct table *table, bool containers)
{
	for (size_t i = 0; i < t->all.n; i++) {
		const struct usage *u = &t->all.v[i];
		const char *cells[5];
		unsigned n = 0;

		if (t->k->all_namespaces)
			cells[n++] = u->p->pod.namespace;
		cells[n++] = u->p->pod.name;
		if (containers)
			cells[n++] = u->container;
		cells[n++] = arena_fmt(t->a, "%" PRId64 "m", milli_of(u));
		cells[n++] = arena_fmt(t->a, "%" PRId64 "Mi", u->working_set >> 20);
		table_row(table, cells);
	}
}

static void begin_pods(struct topping *t, struct table *table, bool containers)
{
	struct table_column *columns = arena_array(t->a, 5, sizeof *columns);
	unsigned n = 0;

	if (!columns)
		return;
	if (t->k->all_namespaces)
		columns[n++] = (struct table_column){ "NAMESPACE", 12 };
	columns[n++] = (struct table_column){ containers ? "POD" : "NAME", 24 };
	if (containers)
		columns[n++] = (struct table_column){ "NAME", 12 };
	columns[n++].title = "CPU(cores)";
	columns[n++].title = "MEMORY(bytes)";
	table_init(table, t->a, columns, n);
}

static void put_node(struct topping *t, struct table *table)
{
	static const struct table_column columns[] = {
		{ "NAME" }, { "CPU(cores)" }, { "CPU(%)" }, { "MEMORY(bytes)" }, { "MEMORY(%)" }
	};
	const struct usage *u = &t->all.v[0];
	int64_t cpus = resource_milli(&t->site.node.allocatable, "cpu"), memory = t->site.node.memory_bytes;

	table_init(table, t->a, columns, ARRAY_LEN(columns));
	table_row(table, (const char *const[]){
				 "kubepods", arena_fmt(t->a, "%" PRId64 "m", milli_of(u)),
				 arena_fmt(t->a, "%" PRId64 "%%", cpus ? milli_of(u) * 100 / cpus : 0),
				 arena_fmt(t->a, "%" PRId64 "Mi", u->working_set >> 20),
				 arena_fmt(t->a, "%" PRId64 "%%", memory ? u->working_set * 100 / memory : 0) });
}

static int run_top(struct cli *cli, void *options, const struct operands *operands, int *ret_status, struct err *e)
{
	scoped_arena a = ARENA(LIMIT_ARENA_KUBE);
	scoped_session s = { .open = false };
	scoped_buf out = BUF(CLI_OUTPUT_MAX);
	struct topping t = { .k = options, .a = &a, .e = e };
	bool node = strcmp(operands->v[0], "node") == 0 || strcmp(operands->v[0], "nodes") == 0;
	struct kube_policy policy = { 0 };
	struct table table;
	int r;

	if (!node && strcmp(operands->v[0], "pod") != 0 && strcmp(operands->v[0], "pods") != 0)
		return err_set(e, EINVAL, "%.60s: either node or pod", operands->v[0]);
	r = begin(&t, &s, cli);
	policy = kube_policy_of(root_of(&t.world));
	if (r == 0)
		r = node ? add(&t, (struct usage){ .path = kubepods_path(&policy, &a) }) :
			   add_pods(&t, t.k->containers);
	if (r == 0 && !t.all.n)
		kube_say_none(t.k, false);
	if (r < 0 || !t.all.n)
		return r;
	r = sample_twice(&t);
	if (r < 0)
		return r;
	if (node) {
		put_node(&t, &table);
	} else {
		begin_pods(&t, &table, t.k->containers);
		put_pods(&t, &table, t.k->containers);
	}
	r = page_table(&table, t.k->no_trunc, &out, e);
	return r < 0 ? r : cli_print(&out, e);
}

static const struct option_group *const top_groups[] = { &opt_kube_top, NULL };

const struct command command_kube_top = {
	.name = "kube top",
	.args = "[OPTIONS] node | pod",
	.summary = "show what pods or the node use",
	.groups = top_groups,
	.complete = "node pod",
	.options_size = sizeof(struct kube_command),
	.init = kube_command_init,
	.min_args = 1,
	.max_args = 1,
	.run = run_top,
};

/* ---- who-dies-first ----------------------------------------------------------------------------------------- */

/* The kernel's: thousandths of memory in use, and oom_score_adj; the highest goes first (oom_badness()). */
static int64_t score(const struct topping *t, const struct usage *u)
{
	int64_t total = t->site.node.memory_bytes + t->site.node.swap_bytes;

	return total > 0 ? u->working_set * 1000 / total + u->oom_score_adj : 0;
}

static int64_t rank_in(const struct eviction_candidate *v, size_t n, const struct kube_pod *p)
{
	for (size_t i = 0; i < n; i++)
		if (v[i].pod == p)
			return (int64_t)i + 1;
	return 0;
}

/* Pods in the order in which the kubelet would send them away. */
static int rank(struct topping *t, struct eviction_candidate **ret, size_t *ret_n)
{
	struct eviction_candidate *v = arena_array(t->a, t->world.n_pods + 1, sizeof *v);
	size_t n = 0;

	if (!v)
		return err_oom(t->e);
	for (size_t i = 0; i < t->all.n; i++) {
		const struct usage *u = &t->all.v[i];
		struct resource_list requests;

		if (n == 0 || v[n - 1].pod != &u->p->pod) {
			if (pod_requests(&u->p->pod, t->a, &requests) < 0)
				return err_oom(t->e);
			v[n++] = (struct eviction_candidate){ &u->p->pod, 0, resource_value(&requests, "memory") };
		}
		v[n - 1].usage += u->working_set;
	}
	eviction_rank(v, n, EVICTION_MEMORY);
	*ret = v;
	*ret_n = n;
	return 0;
}

/* The largest score first; of equal ones the one that uses more. Stable, as the list is short. */
static void sort(const struct topping *t, struct usages *l)
{
	for (size_t i = 1; i < l->n; i++)
		for (size_t k = i; k > 0; k--) {
			int64_t x = score(t, &l->v[k - 1]), y = score(t, &l->v[k]);
			struct usage keep = l->v[k];

			if (x > y || (x == y && l->v[k - 1].working_set >= keep.working_set))
				break;
			l->v[k] = l->v[k - 1];
			l->v[k - 1] = keep;
		}
}

static int run_who(struct cli *cli, void *options, const struct operands *operands, int *ret_status, struct err *e)
{
	static const struct table_column columns[] = {
		{ "KILLED" }, { "POD", 20 }, { "CONTAINER", 12 }, { "QOS" }, { "OOM_SCORE_ADJ", 0, 1 },
		{ "MEMORY" }, { "EVICTED" }
	};
	scoped_arena a = ARENA(LIMIT_ARENA_KUBE);
	scoped_session s = { .open = false };
	scoped_buf out = BUF(CLI_OUTPUT_MAX);
	struct kube_command all = { .all_namespaces = true };
	struct topping t = { .k = &all, .a = &a, .e = e };
	struct eviction_candidate *evicted = NULL;
	struct table table;
	size_t n = 0;
	int r = begin(&t, &s, cli);

	if (r == 0)
		r = add_pods(&t, true);
	if (r == 0)
		r = sample(&t, KUBE_USE_WORKING_SET, 0);
	if (r == 0)
		r = rank(&t, &evicted, &n);
	if (r < 0)
		return r;
	sort(&t, &t.all);
	table_init(&table, &a, columns, ARRAY_LEN(columns));
	for (size_t i = 0; i < t.all.n; i++) {
		const struct usage *u = &t.all.v[i];

		table_row(&table, (const char *const[]){ arena_fmt(&a, "%zu", i + 1),
							 arena_fmt(&a, "%s/%s", u->p->pod.namespace, u->p->pod.name),
							 u->container, qos_name(pod_qos(&u->p->pod)),
							 arena_fmt(&a, "%" PRId64, u->oom_score_adj),
							 arena_fmt(&a, "%" PRId64 "Mi", u->working_set >> 20),
							 arena_fmt(&a, "%" PRId64, rank_in(evicted, n, &u->p->pod)) });
	}
	r = page_table(&table, t.k->no_trunc, &out, e);
	return r < 0 ? r : cli_print(&out, e);
}

const struct command command_kube_who_dies_first = {
	.name = "kube who-dies-first",
	.args = "",
	.summary = "tell in which order containers die when memory runs out",
	.run = run_who,
};
