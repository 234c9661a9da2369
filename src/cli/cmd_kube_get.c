/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_kube_get.c - `tare kube get` */
#include "base/clock.h"
#include "base/limits.h"
#include "base/scope.h"
#include "base/table.h"
#include "cli/kube_document.h"
#include "cli/listing.h"
#include "cli/opt_kube.h"
#include "cli/page.h"
#include "manifest/node_text.h"

#include <inttypes.h>
#include <string.h>

struct getting {
	struct engine *en;
	const struct kube_command *k;
	struct arena *a;
	struct kube_world world;
	struct kube_addresses addresses; /* when they are shown */
	enum object_kind kind;
	struct err *e;
};

static bool is_wanted(const struct getting *g, size_t i, const struct operands *operands)
{
	const struct kube_row *row = &g->world.rows.v[i];
	const char *namespace = g->k->options.namespace ? g->k->options.namespace : "default";

	if (g->world.objects[i].kind != g->kind)
		return false;
	if (g->kind != OBJECT_NAMESPACE && !g->k->all_namespaces && strcmp(row->namespace, namespace) != 0)
		return false;
	for (int n = 1; n < operands->n; n++)
		if (strcmp(operands->v[n], row->name) == 0)
			return true;
	return operands->n == 1;
}

static bool is_wide(const struct getting *g)
{
	return g->k->output && strcmp(g->k->output, "wide") == 0;
}

/* ---- tables ------------------------------------------------------------------------------------------------- */

static const struct kube_running *pod_at(const struct getting *g, size_t i)
{
	for (size_t k = 0; k < g->world.n_pods; k++)
		if (g->world.pods[k].row == &g->world.rows.v[i])
			return &g->world.pods[k];
	return NULL;
}

static int pod_row(const struct getting *g, size_t i, struct table *t)
{
	const struct kube_running *p = pod_at(g, i);
	const struct kube_policy policy = kube_policy_of(p->row->cgroup);
	struct pod_summary s;
	struct kube_status *v;
	size_t n;
	int r = kube_pod_look(g->en, p, g->a, &v, &n, g->e);
	const char *address = is_wide(g) ? kube_addresses_of(&g->addresses, p, g->a) : "";

	if (r < 0)
		return r;
	if (!address)
		return err_oom(g->e);
	pod_summary_make(p, v, n, &s);

	const char *const cells[] = { p->pod.namespace,
				      p->pod.name,
				      arena_fmt(g->a, "%d/%d", s.ready, s.containers),
				      arena_str(g->a, s.status),
				      arena_fmt(g->a, "%d", s.restarts),
				      kube_age(g->a, p->row->created_ns),
				      *address ? address : "<none>",
				      qos_name(pod_qos(&p->pod)),
				      p->row->reason ? p->row->reason : pod_path(&policy, &p->pod, g->a) };

	table_row(t, cells + (g->k->all_namespaces ? 0 : 1));
	return 0;
}

static int other_row(const struct getting *g, size_t i, struct table *t)
{
	const struct kube_row *row = &g->world.rows.v[i];
	const struct object *o = &g->world.objects[i];
	const char *what = arena_fmt(g->a, "%zu", o->data.n + o->binary.n);

	if (o->kind == OBJECT_DEPLOYMENT || o->kind == OBJECT_JOB)
		what = arena_fmt(g->a, "%" PRId64, o->replicas);
	else if (o->kind == OBJECT_NAMESPACE)
		what = "Active";
	else if (o->kind == OBJECT_QUOTA)
		what = arena_fmt(g->a, "%zu", o->quota->hard.n);
	else if (o->kind == OBJECT_LIMIT_RANGE)
		what = arena_fmt(g->a, "%zu", o->limits->items.n);

	const char *const cells[] = { row->namespace, row->name, what, kube_age(g->a, row->created_ns) };

	table_row(t, cells + (g->k->all_namespaces ? 0 : 1));
	return 0;
}

static const struct table_column pod_columns[] = { { "NAMESPACE", 12 }, { "NAME", 40 }, { "READY" }, { "STATUS", 16 },
						   { "RESTARTS", 0, 1 }, { "AGE", 0, 2 },	{ "IP" },    { "QOS" },
						   { "CGROUP" } };
#define WIDE_COLUMNS 3
static const struct table_column other_columns[][4] = {
	[OBJECT_NAMESPACE] = { { "NAMESPACE", 12 }, { "NAME", 40 }, { "STATUS" }, { "AGE" } },
	[OBJECT_QUOTA] = { { "NAMESPACE", 12 }, { "NAME", 40 }, { "LIMITS" }, { "AGE" } },
	[OBJECT_LIMIT_RANGE] = { { "NAMESPACE", 12 }, { "NAME", 40 }, { "ITEMS" }, { "AGE" } },
	[OBJECT_CONFIG_MAP] = { { "NAMESPACE", 12 }, { "NAME", 40 }, { "DATA" }, { "AGE" } },
	[OBJECT_SECRET] = { { "NAMESPACE", 12 }, { "NAME", 40 }, { "DATA" }, { "AGE" } },
	[OBJECT_DEPLOYMENT] = { { "NAMESPACE", 12 }, { "NAME", 40 }, { "REPLICAS" }, { "AGE" } },
	[OBJECT_JOB] = { { "NAMESPACE", 12 }, { "NAME", 40 }, { "PARALLELISM" }, { "AGE" } },
};

static void begin_table(const struct getting *g, struct table *t)
{
	unsigned skip = g->k->all_namespaces ? 0 : 1;

	if (g->kind == OBJECT_POD)
		table_init(t, g->a, pod_columns + skip,
			   ARRAY_LEN(pod_columns) - skip - (is_wide(g) ? 0 : WIDE_COLUMNS));
	else
		table_init(t, g->a, other_columns[g->kind] + skip, 4 - skip);
}

/* ---- documents ---------------------------------------------------------------------------------------------- */

static int put_document(const struct getting *g, size_t i, bool first, struct buf *out)
{
	const struct node *n = g->world.objects[i].document;
	bool pod = g->kind == OBJECT_POD && strcmp(g->k->output, "name") != 0;
	int r = pod ? kube_document_of(g->en, pod_at(g, i), &g->addresses, g->a, &n, g->e) : 0;

	if (r < 0)
		return r;
	if (strcmp(g->k->output, "name") == 0) {
		buf_putf(out, "%s/%s\n", kube_kind_word(g->kind), g->world.rows.v[i].name);
	} else if (strcmp(g->k->output, "yaml") == 0) {
		buf_puts(out, first ? "" : "---\n");
		node_print_yaml(n, out);
	} else {
		node_print_json(n, true, out);
	}
	return 0;
}

static int put_all(const struct getting *g, const struct operands *operands, struct buf *out)
{
	bool documents = g->k->output && strcmp(g->k->output, "wide") != 0;
	struct table t;
	size_t n = 0;
	int r = 0;

	begin_table(g, &t);
	for (size_t i = 0; r == 0 && i < g->world.rows.n; i++) {
		if (!is_wanted(g, i, operands))
			continue;
		if (documents)
			r = put_document(g, i, n == 0, out);
		else
			r = g->kind == OBJECT_POD ? pod_row(g, i, &t) : other_row(g, i, &t);
		n++;
	}
	if (r < 0)
		return r;
	if (n == 0 && operands->n > 1)
		return err_set(g->e, ENOENT, "%s \"%s\" not found", object_kind_plural(g->kind), operands->v[1]);
	if (n == 0 && !documents)
		kube_say_none(g->k, g->kind == OBJECT_NAMESPACE);
	return documents || n == 0 ? 0 : page_table(&t, is_wide(g), out, g->e);
}

static int run(struct cli *cli, void *options, const struct operands *operands, int *ret_status, struct err *e)
{
	scoped_arena a = ARENA(LIMIT_ARENA_KUBE);
	scoped_session s = { .open = false };
	scoped_buf out = BUF(CLI_OUTPUT_MAX);
	struct getting g = { .k = options, .a = &a, .e = e };
	int r = kube_kind(operands->v[0], &g.kind, e);

	if (r == 0)
		r = session_open(&s, cli, e);
	g.en = &s.engine;
	if (r == 0)
		r = kube_load(&s.engine, &a, &g.world, e);
	if (r == 0 && g.kind == OBJECT_POD && g.k->output)
		r = kube_addresses_read(&s.engine, &a, &g.addresses, e);
	if (r == 0)
		r = put_all(&g, operands, &out);
	return r < 0 ? r : cli_print(&out, e);
}

static const struct option_group *const groups[] = { &opt_kube_get, NULL };

const struct command command_kube_get = {
	.name = "kube get",
	.args = "[OPTIONS] KIND [NAME...]",
	.summary = "list objects, or show them",
	.groups = groups,
	.complete = "pods namespaces resourcequotas limitranges configmaps secrets deployments jobs",
	.options_size = sizeof(struct kube_command),
	.init = kube_command_init,
	.min_args = 1,
	.max_args = -1,
	.run = run,
};
