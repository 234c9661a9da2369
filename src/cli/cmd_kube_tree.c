/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_kube_tree.c - `tare kube tree`: kubepods, its tiers, pods and containers; what each asked for, what the kernel was told,
 * and what is used. */
#include "base/limits.h"
#include "base/scope.h"
#include "base/table.h"
#include "cli/human.h"
#include "cli/kube_use.h"
#include "cli/opt_kube.h"
#include "cli/page.h"
#include "kube/cpu.h"
#include "oci/list.h"

#include <inttypes.h>
#include <string.h>

/* A line of it, in the order in which they are shown. */
struct line {
	unsigned depth;
	const char *name, *path;
	struct resources asked;
};

struct tree {
	struct engine *en;
	const struct cgroup_layout *layout;
	struct kube_policy policy;
	struct kube_world world;
	struct arena *a;
	struct lines {
		struct line *v;
		size_t n;
	} lines;
	struct err *e;
};

/* ---- cells -------------------------------------------------------------------------------------------------- */

static const char *amount(struct arena *a, const struct resource_list *l, const char *name)
{
	const struct quantity *q = resource_find(l, name);
	char text[QUANTITY_TEXT];

	return q && quantity_sign(q) ? arena_str(a, quantity_print(q, text)) : "-";
}

static const char *asked(struct arena *a, const struct resources *r, const char *name)
{
	return arena_fmt(a, "%s/%s", amount(a, &r->requests, name), amount(a, &r->limits, name));
}

static bool is_number(int64_t n)
{
	return n != CG_UNSET && n != CG_MAX;
}

static const char *weight(struct arena *a, const struct kube_use *u)
{
	if (is_number(u->shares))
		return arena_fmt(a, "shares %" PRId64, u->shares);
	return is_number(u->weight) ? arena_fmt(a, "weight %" PRId64, u->weight) : "-";
}

static const char *cpu_limit(struct arena *a, const struct kube_use *u)
{
	struct quantity q;
	char text[QUANTITY_TEXT];

	if (!is_number(u->quota_us) || u->quota_us <= 0 || !is_number(u->period_us))
		return "-";
	q = quantity_of_milli(cpu_quota_milli(u->quota_us, u->period_us));
	return arena_str(a, quantity_print(&q, text));
}

static const char *bytes(struct arena *a, int64_t n)
{
	char text[HUMAN_SIZE];

	return is_number(n) ? arena_str(a, human_binary(n, text)) : "-";
}

static const char *seconds(struct arena *a, int64_t ns)
{
	return is_number(ns) ? arena_fmt(a, "%" PRId64 ".%03" PRId64 "s", ns / 1000000000, ns / 1000000 % 1000) : "-";
}

/* ---- levels ------------------------------------------------------------------------------------------------- */

static int put(struct tree *t, unsigned depth, const char *name, const char *path, const struct resources *asked_for)
{
	struct line *l = name && path ? LIST_ADD(t->a, &t->lines) : NULL;

	if (!l)
		return err_oom(t->e);
	*l = (struct line){ depth, name, path, *asked_for };
	return 0;
}

static int put_pod(struct tree *t, const struct kube_running *p, unsigned depth)
{
	const char *path = pod_path(&t->policy, &p->pod, t->a);
	struct resources sum;
	struct kube_status *v;
	size_t n;
	int r = path && pod_requests(&p->pod, t->a, &sum.requests) == 0 && pod_limits(&p->pod, t->a, &sum.limits) == 0 ?
			0 :
			err_oom(t->e);

	if (r == 0)
		r = kube_pod_look(t->en, p, t->a, &v, &n, t->e);
	if (r < 0)
		return r;
	r = put(t, depth, arena_fmt(t->a, "pod %s/%s", p->pod.namespace, p->pod.name), path, &sum);
	for (size_t i = 0; r == 0 && i < n; i++) {
		const struct kube_container *c = i < p->pod.n_inits ? &p->pod.inits[i] :
								      &p->pod.containers[i - p->pod.n_inits];

		if (v[i].id)
			r = put(t, depth + 1, v[i].name, container_path(&t->policy, &p->pod, v[i].id, t->a),
				&c->resources);
	}
	return r;
}

/* What the pods of a class, or of all (< 0), ask for together. */
static int sum_of(struct tree *t, int class, struct resources *ret, size_t *ret_n)
{
	int r = 0;

	*ret = (struct resources){ 0 };
	*ret_n = 0;
	for (size_t i = 0; r == 0 && i < t->world.n_pods; i++) {
		const struct kube_running *p = &t->world.pods[i];
		struct resource_list requests;

		if (class >= 0 && (int)pod_qos(&p->pod) != class)
			continue;
		++*ret_n;
		r = pod_requests(&p->pod, t->a, &requests);
		if (r == 0)
			r = resource_add(t->a, &ret->requests, &requests);
	}
	return r < 0 ? err_oom(t->e) : 0;
}

static int put_class(struct tree *t, enum qos class)
{
	unsigned depth = class == QOS_GUARANTEED ? 1 : 2;
	struct resources sum;
	size_t n;
	int r = sum_of(t, (int)class, &sum, &n);

	if (r == 0 && class != QOS_GUARANTEED)
		r = put(t, 1, class == QOS_BURSTABLE ? "burstable" : "besteffort", tier_path(&t->policy, class, t->a),
		    &sum);
	for (size_t i = 0; r == 0 && i < t->world.n_pods; i++)
		if (pod_qos(&t->world.pods[i].pod) == class)
			r = put_pod(t, &t->world.pods[i], depth);
	return r;
}

static int put_all(struct tree *t)
{
	struct resources sum;
	size_t n;
	int r = sum_of(t, -1, &sum, &n);

	if (r < 0 || n == 0)
		return r;
	t->policy = kube_policy_of(t->world.pods[0].row->cgroup);
	r = put(t, 0, "kubepods", kubepods_path(&t->policy, t->a), &sum);
	for (enum qos q = QOS_GUARANTEED; r == 0 && q <= QOS_BEST_EFFORT; q++)
		r = put_class(t, q);
	return r;
}

/* ---- the table ---------------------------------------------------------------------------------------------- */

static void put_line(struct table *table, struct arena *a, const struct line *l, const struct kube_use *u)
{
	table_row(table, (const char *const[]){ arena_fmt(a, "%*s%s", (int)l->depth * 2, "", l->name),
						asked(a, &l->asked, "cpu"), asked(a, &l->asked, "memory"), weight(a, u),
						cpu_limit(a, u), bytes(a, u->memory_limit_bytes), seconds(a, u->cpu_ns),
						bytes(a, u->memory_bytes) });
}

static int fill(struct tree *t, struct table *table)
{
	const struct lines *l = &t->lines;
	struct kube_use *v = arena_array(t->a, l->n + 1, sizeof *v);
	int r = v ? 0 : err_oom(t->e);

	for (size_t i = 0; r == 0 && i < l->n; i++)
		v[i].path = l->v[i].path;
	if (r == 0 && l->n)
		r = kube_use_read(t->en, t->layout, l->v[0].path, KUBE_USE_CPU | KUBE_USE_MEMORY | KUBE_USE_LIMITS, v,
				  l->n, t->e);
	for (size_t i = 0; r == 0 && i < l->n; i++)
		put_line(table, t->a, &l->v[i], &v[i]);
	return r;
}

static int run(struct cli *cli, void *options, const struct operands *operands, int *ret_status, struct err *e)
{
	static const struct table_column columns[] = { { "GROUP", 24 },
						       { "CPU ASKED", 0, 3 },
						       { "MEMORY ASKED", 0, 4 },
						       { "SHARE", 0, 2 },
						       { "CPU LIMIT" },
						       { "MEMORY LIMIT" },
						       { "CPU USED", 0, 1 },
						       { "MEMORY USED" } };
	const struct kube_command *k = options;
	scoped_arena a = ARENA(LIMIT_ARENA_KUBE);
	scoped_session s = { .open = false };
	scoped_buf out = BUF(CLI_OUTPUT_MAX);
	struct tree t = { .en = &s.engine, .a = &a, .e = e };
	struct table table;
	int r = session_open(&s, cli, e);

	if (r == 0)
		r = engine_layout(&s.engine, &t.layout, e);
	if (r == 0)
		r = kube_load_begun(&s.engine, &a, &t.world, e);
	if (r < 0)
		return r;
	table_init(&table, &a, columns, ARRAY_LEN(columns));
	r = put_all(&t);
	if (r == 0)
		r = fill(&t, &table);
	if (r == 0)
		r = page_table(&table, k->no_trunc, &out, e);
	return r < 0 ? r : cli_print(&out, e);
}

static const struct option_group *const groups[] = { &opt_kube_tree, NULL };

const struct command command_kube_tree = {
	.name = "kube tree",
	.args = "[OPTIONS]",
	.summary = "show the control groups of pods: asked for, set and used",
	.groups = groups,
	.options_size = sizeof(struct kube_command),
	.run = run,
};
