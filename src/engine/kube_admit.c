/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/kube_priv.h"

#include "base/scope.h"
#include "engine/kube_network.h"
#include "kube/node.h"
#include "kube/validate.h"
#include "manifest/node_text.h"

#include <string.h>

/* What there is and what comes before, one after the other. */
struct among {
	const struct kube_world *w;
	const struct kube_changes *before;
	size_t i;
};

static const struct object *next(struct among *m)
{
	if (m->i < m->w->rows.n)
		return &m->w->objects[m->i++];
	while (m->i - m->w->rows.n < m->before->n) {
		const struct kube_change *c = &m->before->v[m->i++ - m->w->rows.n];

		if (c->is_new) /* else it is among those that there are, as it will be */
			return &c->object;
	}
	return NULL;
}

static bool is_in(const struct object *o, enum object_kind kind, const char *namespace)
{
	return o->kind == kind && strcmp(o->meta.namespace, namespace) == 0;
}

static int check_namespace(const struct kube_world *w, const struct kube_changes *before, const char *namespace,
			   struct err *e)
{
	struct among m = { w, before, 0 };
	const struct object *o;

	while ((o = next(&m)))
		if (o->kind == OBJECT_NAMESPACE && strcmp(o->meta.name, namespace) == 0)
			return 0;
	return strcmp(namespace, "default") == 0 ? 0 : err_set(e, ENOENT, "namespaces \"%s\" not found", namespace);
}

/* ---- limit ranges ------------------------------------------------------------------------------------------- */

static int ranges_of(const struct kube_world *w, const struct kube_changes *before, const char *namespace,
		     struct arena *a, struct limit_range **ret, size_t *ret_n)
{
	struct among m = { w, before, 0 };
	struct limit_range *v = arena_array(a, w->rows.n + before->n + 1, sizeof *v);
	const struct object *o;
	size_t n = 0;

	while (v && (o = next(&m)))
		if (is_in(o, OBJECT_LIMIT_RANGE, namespace) && object_limits(o, a, &v[n++]) < 0)
			return -ENOMEM;
	*ret = v;
	*ret_n = n;
	return v ? 0 : -ENOMEM;
}

static const struct node *filled(struct arena *a, const struct node *list, const struct kube_container *v, size_t n)
{
	for (size_t i = 0; list && i < n; i++) {
		const struct node *r = node_object(a);

		if (r && v[i].resources.requests.n)
			r = node_with(a, r, "requests", node_amounts(a, &v[i].resources.requests));
		if (r && v[i].resources.limits.n)
			r = node_with(a, r, "limits", node_amounts(a, &v[i].resources.limits));
		list = r ? node_with_item(a, list, i, node_with(a, list->items[i], "resources", r)) : NULL;
	}
	return list;
}

/* The document of a pod as it was admitted: with requests and limits that it has now. */
static int keep(struct kube_change *c, const char *note, struct arena *a, struct err *e)
{
	const struct node *doc = c->object.document, *spec = node_member(doc, "spec"),
			  *meta = node_member(doc, "metadata");
	scoped_buf text = BUF(64u << 20);

	spec = node_with(a, spec, "containers",
			 filled(a, node_member(spec, "containers"), c->pod.containers, c->pod.n_containers));
	if (spec && c->pod.n_inits)
		spec = node_with(a, spec, "initContainers",
				 filled(a, node_member(spec, "initContainers"), c->pod.inits, c->pod.n_inits));
	if (note && meta)
		meta = node_with(a, meta, "annotations",
				 node_with(a, node_member(meta, "annotations"), "kubernetes.io/limit-ranger",
					   node_text(a, note)));
	if (meta)
		meta = node_with(a, meta, "namespace", node_text(a, c->object.meta.namespace));
	if (meta)
		meta = node_with(a, meta, "uid", node_text(a, c->row.uid));
	doc = spec && meta ? node_with(a, node_with(a, doc, "metadata", meta), "spec", spec) : NULL;
	if (!doc)
		return err_oom(e);
	node_print_json(doc, false, &text);
	c->row.document = buf_status(&text, e) < 0 ? NULL : arena_sv(a, buf_sv(&text));
	return c->row.document ? 0 : err_oom(e);
}

/* ---- quotas and the node ------------------------------------------------------------------------------------ */

static int check_quota(const struct kube_world *w, const struct kube_changes *before, const struct kube_quota *q,
		       const struct kube_pod *p, struct arena *a, struct err *e)
{
	struct resource_list used = { 0 };
	int r = 0;

	for (size_t i = 0; r == 0 && i < w->n_pods; i++)
		if (strcmp(w->pods[i].pod.namespace, p->namespace) == 0)
			r = quota_charge(q, &w->pods[i].pod, a, &used);
	for (size_t i = 0; r == 0 && i < before->n; i++)
		if (before->v[i].is_new && is_in(&before->v[i].object, OBJECT_POD, p->namespace))
			r = quota_charge(q, &before->v[i].pod, a, &used);
	return r < 0 ? err_oom(e) : quota_admit(q, &used, p, a, e);
}

static int check_quotas(const struct kube_world *w, const struct kube_changes *before, const struct kube_pod *p,
			struct arena *a, struct err *e)
{
	struct among m = { w, before, 0 };
	const struct object *o;
	int r = 0;

	while (r == 0 && (o = next(&m))) {
		struct kube_quota q;

		if (!is_in(o, OBJECT_QUOTA, p->namespace))
			continue;
		r = object_quota(o, a, &q) < 0 ? err_oom(e) : check_quota(w, before, &q, p, a, e);
	}
	return r;
}

static int ask(const struct kube_pod *p, struct arena *a, struct resource_list *asked)
{
	static const struct quantity one = { .magnitude = 1 };
	struct resource pod = { "pods", one };
	struct resource_list requests;
	int r = pod_requests(p, a, &requests);

	if (r == 0)
		r = resource_add(a, asked, &requests);
	return r == 0 ? resource_add(a, asked, &(struct resource_list){ &pod, 1 }) : r;
}

/* Another one has a port of the host that it wants. */
static bool is_port_taken(const struct kube_world *w, const struct kube_changes *before, const struct kube_change *c)
{
	for (size_t i = 0; i < w->n_pods; i++)
		if (!w->pods[i].row->reason && !w->pods[i].pod.ended &&
		    kube_ports_meet(c->object.pod, w->pods[i].object.pod))
			return true;
	for (size_t i = 0; i < before->n; i++)
		if (before->v[i].is_new && before->v[i].object.kind == OBJECT_POD && !before->v[i].row.reason &&
		    kube_ports_meet(c->object.pod, before->v[i].object.pod))
			return true;
	return false;
}

/* One that does not fit waits. */
static int check_node(const struct kube_world *w, const struct kube_changes *before, const struct kube_site *site,
		      struct kube_change *c, struct arena *a, struct err *e)
{
	struct resource_list asked = { 0 }, requests;
	struct err why = { 0 };
	int r = pod_requests(&c->pod, a, &requests);

	for (size_t i = 0; r == 0 && i < w->n_pods; i++)
		if (!w->pods[i].row->reason && !w->pods[i].pod.ended)
			r = ask(&w->pods[i].pod, a, &asked);
	for (size_t i = 0; r == 0 && i < before->n; i++)
		if (before->v[i].is_new && before->v[i].object.kind == OBJECT_POD && !before->v[i].row.reason)
			r = ask(&before->v[i].pod, a, &asked);
	if (r < 0)
		return err_oom(e);
	if (is_port_taken(w, before, c)) {
		c->row.reason =
			"0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports.";
		return 0;
	}
	if (node_fits(&site->node.allocatable, &asked, &requests, &why) == 0)
		return 0;
	c->row.reason = arena_fmt(a, "0/1 nodes are available: %s.", why.msg);
	return c->row.reason ? 0 : err_oom(e);
}

/* ---- all of it ---------------------------------------------------------------------------------------------- */

int kube_admit(const struct kube_world *w, const struct kube_changes *before, const struct kube_site *site,
	       struct kube_change *c, struct arena *a, struct err *e)
{
	const char *namespace = c->object.meta.namespace, *note = NULL;
	struct limit_range *ranges = NULL;
	size_t n = 0;
	int r = check_namespace(w, before, namespace, e);

	if (r < 0)
		return r;
	c->object.meta.uid = c->row.uid;
	if (object_pod(&c->object, a, &c->pod) < 0 || ranges_of(w, before, namespace, a, &ranges, &n) < 0 ||
	    limit_range_fill(ranges, n, &c->pod, a, &note) < 0)
		return err_oom(e);
	r = pod_validate(&c->pod, a, e);
	if (r == 0)
		r = limit_range_admit(ranges, n, &c->pod, a, e);
	if (r == 0)
		r = check_quotas(w, before, &c->pod, a, e);
	if (r == 0)
		r = check_node(w, before, site, c, a, e);
	return r == 0 ? keep(c, note, a, e) : r;
}

int kube_admit_resize(const struct kube_world *others, const struct kube_site *site, struct kube_change *c,
		      struct arena *a, struct err *e)
{
	const struct kube_changes none = { 0 };
	struct limit_range *ranges = NULL;
	size_t n = 0;
	int r;

	if (object_pod(&c->object, a, &c->pod) < 0 ||
	    ranges_of(others, &none, c->object.meta.namespace, a, &ranges, &n) < 0)
		return err_oom(e);
	r = pod_validate(&c->pod, a, e);
	if (r == 0)
		r = limit_range_admit(ranges, n, &c->pod, a, e);
	if (r == 0)
		r = check_quotas(others, &none, &c->pod, a, e);
	c->row.reason = NULL;
	if (r == 0)
		r = check_node(others, &none, site, c, a, e);
	if (r == 0 && c->row.reason)
		return err_set(e, ENOSPC, "the resize is infeasible: %s", c->row.reason);
	return r == 0 ? keep(c, NULL, a, e) : r;
}

int kube_admit_pending(const struct kube_world *w, const struct kube_site *site, size_t pod, const char **ret_reason,
		       struct arena *a, struct err *e)
{
	const struct kube_changes none = { 0 };
	struct kube_change c = { .pod = w->pods[pod].pod, .object = w->pods[pod].object };
	int r = check_node(w, &none, site, &c, a, e);

	*ret_reason = c.row.reason;
	return r;
}

int kube_admit_ended(const struct kube_world *w, const struct kube_site *site, size_t pod, struct arena *a,
		     struct err *e)
{
	const struct kube_changes none = { 0 };
	struct kube_change c = { .pod = w->pods[pod].pod, .object = w->pods[pod].object };
	int r;

	c.pod.ended = false;
	r = check_quotas(w, &none, &c.pod, a, e);
	if (r == 0)
		r = check_node(w, &none, site, &c, a, e);
	return r == 0 && c.row.reason ? err_set(e, ENOSPC, "%s", c.row.reason) : r;
}

int kube_admit_other(const struct object *o, struct arena *a, struct err *e)
{
	struct limit_range l;
	struct kube_quota q;

	if (o->kind == OBJECT_LIMIT_RANGE)
		return object_limits(o, a, &l) < 0 ? err_oom(e) : limit_range_validate(&l, a, e);
	if (o->kind == OBJECT_QUOTA)
		return object_quota(o, a, &q) < 0 ? err_oom(e) : quota_validate(&q, a, e);
	return 0;
}
