/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/kube_plain.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/scope.h"
#include "engine/kube_config.h"
#include "engine/kube_priv.h"
#include "engine/units.h"
#include "kernel/cgroup.h"
#include "kube/cpu.h"
#include "manifest/node_text.h"

#include <fcntl.h>
#include <string.h>

bool kube_plain_is(const struct container_config *c)
{
	return c->kube_namespace || c->cpu_request_milli || c->memory_request;
}

bool kube_plain_has_uid(const char *uid)
{
	return id_is_valid(sv_from(uid));
}

/* ---- the pod that it is ------------------------------------------------------------------------------------------ */

/* A name that Docker takes as one that Kubernetes takes: "My_App.1" is "my-app-1". */
static const char *pod_name(const struct creation *cr)
{
	const char *name = cr->config->name ? cr->config->name : arena_fmt(cr->a, "%.12s", cr->id.hex);
	char *to = name ? arena_sv(cr->a, (struct sv){ name, strnlen(name, 63) }) : NULL;
	size_t n = to ? strlen(to) : 0;

	for (size_t i = 0; i < n; i++)
		if (to[i] >= 'A' && to[i] <= 'Z')
			to[i] = (char)(to[i] - 'A' + 'a');
		else if (!((to[i] >= 'a' && to[i] <= 'z') || (to[i] >= '0' && to[i] <= '9')))
			to[i] = '-';
	while (n > 1 && to[n - 1] == '-')
		to[--n] = '\0';
	return to;
}

static const char *restart_of(const struct container_config *c)
{
	return c->restart.name == RESTART_NO ? "Never" : c->restart.name == RESTART_ON_FAILURE ? "OnFailure" : "Always";
}

static int64_t cpu_limit_milli(const struct container_config *c)
{
	if (c->nano_cpus)
		return c->nano_cpus / 1000000;
	return c->cpu_quota_us > 0 ?
		       cpu_quota_milli(c->cpu_quota_us, c->cpu_period_us ? c->cpu_period_us : CPU_PERIOD_US) :
		       0;
}

static const struct node *amounts(struct arena *a, int64_t cpu_milli, int64_t memory)
{
	struct quantity cpu = quantity_of_milli(cpu_milli), bytes = quantity_of(memory, QUANTITY_BINARY_SI);
	struct resource_list l = { 0 };

	if ((cpu_milli && resource_set(a, &l, "cpu", &cpu) < 0) ||
	    (memory && resource_set(a, &l, "memory", &bytes) < 0))
		return NULL;
	return node_amounts(a, &l);
}

static const struct node *with(struct arena *a, const struct node *map, const char *key, const struct node *value)
{
	return map && value ? node_with(a, map, key, value) : NULL;
}

static const struct node *resources_node(const struct creation *cr)
{
	const struct container_config *c = cr->config;
	const struct node *n = node_object(cr->a);

	n = with(cr->a, n, "requests", amounts(cr->a, c->cpu_request_milli, c->memory_request));
	return with(cr->a, n, "limits", amounts(cr->a, cpu_limit_milli(c), c->memory));
}

static const struct node *document(const struct creation *cr, const char *name)
{
	struct arena *a = cr->a;
	const struct node *text = node_text(a, name), *meta = node_object(a), *doc = node_object(a), *one, *spec, *list;
	const char *image = cr->config->image ? cr->config->image : cr->config->rootfs;

	one = with(a, node_object(a), "name", text);
	one = with(a, one, "image", image ? node_text(a, image) : NULL);
	one = with(a, one, "resources", resources_node(cr));
	list = one ? node_list(a, one) : NULL;
	spec = with(a, node_object(a), "containers", list);
	spec = with(a, spec, "restartPolicy", node_text(a, restart_of(cr->config)));
	meta = with(a, meta, "name", text);
	doc = with(a, doc, "apiVersion", node_text(a, "v1"));
	doc = with(a, doc, "kind", node_text(a, "Pod"));
	doc = with(a, doc, "metadata", meta);
	return with(a, doc, "spec", spec);
}

static int make_object(const struct creation *cr, struct object *ret, const char **ret_text, struct err *e)
{
	struct remarks nobody = { 0 };
	const char *name = pod_name(cr);
	const struct node *doc = name ? document(cr, name) : NULL;
	struct objects l;
	int r;

	*ret_text = doc ? kube_json(doc, cr->a) : NULL;
	if (!*ret_text)
		return err_oom(e);
	r = objects_read(sv_from(*ret_text), cr->a, &nobody, &l, e);
	if (r < 0)
		return r;
	*ret = l.v[0];
	ret->meta.namespace = cr->config->kube_namespace ? cr->config->kube_namespace : "default";
	ret->meta.uid = cr->id.hex;
	return 0;
}

/* ---- admission --------------------------------------------------------------------------------------------------- */

int kube_plain_check(const struct creation *cr, struct err *e)
{
	const struct container_config *c = cr->config;
	const char *bad = c->cpu_shares ? "--cpu-shares" : c->oom_score_adj_set ? "--oom-score-adj" : NULL;

	if (!kube_plain_is(c))
		return 0;
	if (!cr->en)
		return err_set(e, EINVAL, "quotas need the data root; without it nothing can be admitted");
	if (cr->row)
		return 0;
	if (c->cpu_request_milli < 0 || c->memory_request < 0)
		return err_set(e, EINVAL, "%s: must be greater than or equal to 0",
			       c->memory_request < 0 ? "--memory-request" : "--cpu-request");
	return bad ? err_set(e, EINVAL,
			     "Conflicting options: %s and --namespace, --cpu-request or --memory-request, from which "
			     "it follows",
			     bad) :
		     0;
}

static int check_place(const struct kube_world *w, const struct object *o, struct err *e)
{
	size_t i = kube_row_index(w, OBJECT_POD, o->meta.namespace, o->meta.name);

	return i < w->rows.n ? err_set(e, EEXIST, "pods \"%s\" already exists", o->meta.name) : 0;
}

static int fill_config(struct creation *cr, const struct kube_site *site, const struct kube_change *c, struct err *e)
{
	const struct kube_sources none = { 0 };
	const struct kube_running p = { &c->row, c->object, c->pod };
	const struct kube_build b = { site, &p, &none, NULL, NULL, cr->a, e };
	struct container_config *to = cr->config;
	int64_t swap = to->memory_swap;
	int r = kube_config_limits(&b, &c->pod.containers[0], to);

	if (swap)
		to->memory_swap = swap;
	to->nano_cpus = 0; /* as a quota now */
	to->qos = qos_name(pod_qos(&c->pod));
	to->kube_namespace = c->object.meta.namespace;
	to->cpu_request_milli = resource_milli(&c->pod.containers[0].resources.requests, "cpu");
	to->memory_request = resource_value(&c->pod.containers[0].resources.requests, "memory");
	return r;
}

static int admit_new(struct creation *cr, struct kube_work *w, struct err *e)
{
	const struct kube_changes none = { 0 };
	struct kube_change c = { .row = { .kind = "Pod", .uid = cr->id.hex, .created_ns = clock_real_ns() } };
	int r = make_object(cr, &c.object, &c.row.applied, e);

	c.row.namespace = c.object.meta.namespace;
	c.row.name = c.object.meta.name;
	c.row.cgroup = w->site.v1.root;
	if (r == 0)
		r = check_place(&w->world, &c.object, e);
	if (r == 0)
		r = kube_admit(&w->world, &none, &w->site, &c, cr->a, e);
	if (r == 0 && c.row.reason)
		r = err_set(e, ENOSPC, "%s", c.row.reason);
	if (r == 0)
		r = fill_config(cr, &w->site, &c, e);
	if (r < 0)
		return r;
	cr->kube_row = arena_alloc(cr->a, sizeof *cr->kube_row);
	if (!cr->kube_row)
		return err_oom(e);
	*cr->kube_row = c.row;
	return 0;
}

/* It had ended, and did not count any more. */
static int admit_again(struct creation *cr, struct kube_work *w, struct err *e)
{
	for (size_t i = 0; i < w->world.n_pods; i++)
		if (strcmp(w->world.pods[i].row->uid, cr->id.hex) == 0 && w->world.pods[i].pod.ended)
			return kube_admit_ended(&w->world, &w->site, i, cr->a, e);
	return 0;
}

/* On a host that is only looked at, or while others hold the lock and wait for this container, nothing is locked. */
static int look(const struct creation *cr, struct kube_work *w)
{
	bool lock = !cr->plan_only && !cr->row;

	return lock ? kube_work_open(w) : kube_look(w->en, w->o, w->a, &w->world, &w->site, w->e);
}

int kube_plain_admit(struct creation *cr, struct err *e)
{
	const struct kube_options o = { .cgroup_root = cr->config->cgroup_parent };
	struct kube_work w = { cr->en, &o, cr->a, NULL, NULL, e, .lock = -1 };
	int r;

	if (!kube_plain_is(cr->config))
		return 0;
	r = look(cr, &w);
	cr->kube_lock = w.lock;
	if (r < 0)
		return r;
	return cr->row ? admit_again(cr, &w, e) : admit_new(cr, &w, e);
}

void kube_plain_admitted(struct creation *cr)
{
	if (cr->kube_lock >= 0)
		kube_unlock(cr->en, &cr->kube_lock);
}

int kube_plain_record(const struct creation *cr, struct db *db, struct err *e)
{
	return cr->kube_row ? kube_rows_put(db, cr->kube_row, e) : 0;
}

/* ---- groups ------------------------------------------------------------------------------------------------------ */

#define ROUNDS 10

/* A new row is the last one. */
static bool is_same(const struct kube_world *x, const struct kube_world *y)
{
	size_t n = x->n_pods;

	return n == y->n_pods && (n == 0 || strcmp(x->pods[n - 1].row->uid, y->pods[n - 1].row->uid) == 0);
}

/* Nothing is locked: whoever writes last must have seen all pods that were there when it wrote. */
static int write_tiers(struct engine *en, struct arena *a, struct kube_world *ret, struct kube_site *ret_site,
		       struct err *e)
{
	const struct kube_options o = { 0 };
	struct kube_world now;
	int r = 0;

	for (int i = 0; i < ROUNDS; i++) {
		r = kube_look(en, &o, a, ret, ret_site, e);
		if (r == 0)
			r = kube_write_tiers(ret_site, ret, a, e);
		if (r == 0)
			r = kube_load(en, a, &now, e);
		if (r < 0 || is_same(ret, &now))
			break;
	}
	return r;
}

int kube_plain_groups(struct creation *cr, struct err *e)
{
	scoped_arena a = ARENA(LIMIT_ARENA_KUBE);
	struct kube_world w;
	struct kube_site site;
	int r;

	if (!kube_plain_is(cr->config))
		return 0;
	r = write_tiers(cr->en, &a, &w, &site, e);
	for (size_t i = 0; r == 0 && i < w.n_pods; i++)
		if (strcmp(w.pods[i].row->uid, cr->id.hex) == 0)
			r = kube_site_make_pod(&site, &w.pods[i].pod, &a, e);
	return r;
}

int kube_plain_remove_group(struct engine *en, const char *cgroup, struct err *e)
{
	scoped_arena a = ARENA(LIMIT_ARENA_KUBE);
	const char *leaf = strrchr(cgroup, '/');
	const char *parent = leaf ? arena_sv(&a, (struct sv){ cgroup, (size_t)(leaf - cgroup) }) : NULL;
	const struct cgroup_layout *l;
	int r = engine_layout(en, &l, e);

	if (r < 0 || !parent)
		return r;
	return kube_site_remove_path(en, l, parent, e);
}

int kube_plain_gone(struct engine *en, const char *cgroup, struct err *e)
{
	return en->kube_held ? 0 : kube_settle(en, cgroup, e); /* who holds it does so at the end */
}
