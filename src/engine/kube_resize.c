/* SPDX-License-Identifier: Apache-2.0 */
/* Requests and limits of pods that run become others, in the kubelet's order: memory before CPU; what a pod may have grows
 * before its containers' does, and shrinks after it. */
#include "engine/kube_priv.h"

#include "base/limits.h"
#include "base/scope.h"
#include "engine/kube_config.h"
#include "engine/kube_sandbox.h"
#include "engine/update.h"
#include "manifest/node_text.h"
#include "oci/list.h"

#include <string.h>

struct resizing {
	struct engine *en;
	const struct kube_options *o;
	struct arena *a;
	struct remarks *remarks;
	struct oci_strings *done;
	struct err *e;
	struct kube_world world;
	struct kube_site site;
};

/* ---- what may change --------------------------------------------------------------------------------------------- */

/* Whatever is called "resources" does not count, nor the order of members. */
static bool is_same_but_resources(const struct node *x, const struct node *y)
{
	size_t own = 0, others = 0;

	if (!x || !y || x->kind != y->kind)
		return x == y;
	if (x->kind == NODE_SCALAR)
		return strcmp(x->text, y->text) == 0;
	if (x->kind == NODE_SEQUENCE) {
		for (size_t i = 0; i < x->n && x->n == y->n; i++)
			if (!is_same_but_resources(x->items[i], y->items[i]))
				return false;
		return x->n == y->n;
	}
	for (size_t i = 0; i < y->n; i++)
		others += strcmp(y->keys[i]->text, "resources") != 0;
	for (size_t i = 0; i < x->n; i++) {
		if (strcmp(x->keys[i]->text, "resources") == 0)
			continue;
		own++;
		if (!is_same_but_resources(x->items[i], node_member(y, x->keys[i]->text)))
			return false;
	}
	return own == others;
}

static int parse_one(const char *json, struct arena *a, const struct node **ret, struct err *e)
{
	struct documents d;
	int r = documents_parse(sv_from(json), a, &d, e);

	if (r == 0 && d.n != 1)
		r = err_set(e, EBADMSG, "not one object");
	if (r == 0)
		*ret = d.v[0];
	return r;
}

static int check_rest(const struct resizing *z, const struct kube_running *p, const struct object *o)
{
	const struct node *before;
	int r = parse_one(p->row->applied, z->a, &before, z->e);

	if (r == 0 && !is_same_but_resources(node_member(before, "spec"), node_member(o->document, "spec")))
		r = err_set(
			z->e, EINVAL,
			"line %u: Pod \"%s\" is invalid: spec: Forbidden: only cpu and memory resources are mutable",
			o->line, o->meta.name);
	return r;
}

static bool loses(const struct resource_list *old, const struct resource_list *now)
{
	for (size_t i = 0; i < old->n; i++)
		if (!resource_find(now, old->v[i].name))
			return true;
	return false;
}

static bool is_same(const struct resource_list *x, const struct resource_list *y)
{
	for (size_t i = 0; i < x->n; i++) {
		const struct quantity *other = resource_find(y, x->v[i].name);

		if (!other || quantity_compare(&x->v[i].amount, other) != 0)
			return false;
	}
	return x->n == y->n;
}

/* Texts of the API server. */
static int check_change(const struct resizing *z, const struct kube_pod *old, const struct kube_pod *now)
{
	const char *what = NULL;

	if (pod_qos(old) != pod_qos(now))
		return err_set(
			z->e, EINVAL,
			"Pod \"%s\" is invalid: spec: Invalid value: \"%s\": Pod QOS Class may not change as a result "
			"of resizing",
			now->name, qos_name(pod_qos(now)));
	for (size_t i = 0; !what && i < now->n_containers; i++)
		if (loses(&old->containers[i].resources.limits, &now->containers[i].resources.limits))
			what = "containers";
	for (size_t i = 0; !what && i < now->n_inits; i++)
		if (!now->inits[i].sidecar &&
		    (!is_same(&old->inits[i].resources.limits, &now->inits[i].resources.limits) ||
		     !is_same(&old->inits[i].resources.requests, &now->inits[i].resources.requests)))
			return err_set(
				z->e, EINVAL,
				"Pod \"%s\" is invalid: spec.initContainers[%zu].resources: Forbidden: resources for "
				"non-sidecar init containers are immutable",
				now->name, i);
		else if (loses(&old->inits[i].resources.limits, &now->inits[i].resources.limits))
			what = "initContainers";
	return what ? err_set(z->e, EINVAL,
			      "Pod \"%s\" is invalid: spec.%s: Forbidden: resource limits cannot be removed", now->name,
			      what) :
		      0;
}

/* ---- the document ------------------------------------------------------------------------------------------------ */

/* Those of the file, by their names. */
static const struct node *with_resources(struct arena *a, const struct node *list, const struct node *from)
{
	for (size_t i = 0; list && from && i < list->n && i < from->n; i++) {
		const struct node *r = node_member(from->items[i], "resources");

		if (r)
			list = node_with_item(a, list, i, node_with(a, list->items[i], "resources", r));
	}
	return list;
}

static int make_object(const struct resizing *z, const struct kube_running *p, const struct object *o,
		       struct object *ret)
{
	const struct node *from = node_member(o->document, "spec"), *doc, *spec, *part;
	static const char *const lists[] = { "containers", "initContainers" };
	struct remarks nobody = { 0 };
	scoped_buf text = BUF(64u << 20);
	struct objects l;
	int r = parse_one(p->row->document, z->a, &doc, z->e);

	if (r < 0)
		return r;
	spec = node_member(doc, "spec");
	for (size_t i = 0; spec && i < ARRAY_LEN(lists); i++) {
		part = node_member(spec, lists[i]);
		if (part)
			spec = node_with(z->a, spec, lists[i],
					 with_resources(z->a, part, node_member(from, lists[i])));
	}
	part = node_member(from, "resources");
	if (spec && part)
		spec = node_with(z->a, spec, "resources", part);
	doc = spec ? node_with(z->a, doc, "spec", spec) : NULL;
	if (!doc)
		return err_oom(z->e);
	node_print_json(doc, false, &text);
	r = buf_status(&text, z->e);
	if (r == 0)
		r = objects_read(buf_sv(&text), z->a, &nobody, &l, z->e);
	if (r < 0)
		return r;
	*ret = l.v[0];
	ret->meta.namespace = p->row->namespace;
	ret->meta.uid = p->row->uid;
	ret->line = o->line;
	return 0;
}

/* ---- steps ------------------------------------------------------------------------------------------------------- */

struct resize_step {
	enum { STEP_POD, STEP_CONTAINER } what;
	enum kube_part part;
	size_t container; /* in the order of the manifest, inits first */
};

struct resize_steps {
	struct resize_step v[2 * LIMIT_KUBE_CONTAINERS * 2 + 8];
	size_t n;
};

struct change {
	struct resizing *z;
	const struct kube_running *p;
	const struct kube_pod *old, *now;
	struct resize_steps steps;
};

static const struct kube_container *container_at(const struct kube_pod *p, size_t i)
{
	return i < p->n_inits ? &p->inits[i] : &p->containers[i - p->n_inits];
}

static void add(struct change *c, int what, enum kube_part part, size_t container)
{
	c->steps.v[c->steps.n++] = (struct resize_step){ what, part, container };
}

/* A limit that is not there is above all others. */
static int compare_limit(const struct resource_list *x, const struct resource_list *y, const char *name)
{
	const struct quantity *a = resource_find(x, name), *b = resource_find(y, name);

	if (!a || !b)
		return (a == NULL) - (b == NULL);
	return quantity_compare(a, b);
}

static bool stays(const struct kube_pod *p, size_t i)
{
	return i >= p->n_inits || p->inits[i].sidecar;
}

/* Decreases before increases. */
static void add_containers(struct change *c, enum kube_part part, const char *name)
{
	for (int grow = 0; grow < 2; grow++)
		for (size_t i = 0; i < c->now->n_inits + c->now->n_containers; i++) {
			const struct resource_list *old = &container_at(c->old, i)->resources.limits;
			const struct resource_list *now = &container_at(c->now, i)->resources.limits;

			if (stays(c->now, i) && (compare_limit(now, old, name) > 0) == grow)
				add(c, STEP_CONTAINER, part, i);
		}
}

static int plan_steps(struct change *c)
{
	struct resource_list old_limits, limits, old_requests, requests;
	struct arena *a = c->z->a;
	bool memory_grows, cpu_grows, shares_grow;

	if (pod_limits(c->old, a, &old_limits) < 0 || pod_limits(c->now, a, &limits) < 0 ||
	    pod_requests(c->old, a, &old_requests) < 0 || pod_requests(c->now, a, &requests) < 0)
		return err_oom(c->z->e);
	memory_grows = compare_limit(&limits, &old_limits, "memory") > 0;
	cpu_grows = compare_limit(&limits, &old_limits, "cpu") > 0;
	shares_grow = resource_milli(&requests, "cpu") > resource_milli(&old_requests, "cpu");
	if (memory_grows)
		add(c, STEP_POD, KUBE_PART_MEMORY, 0);
	add_containers(c, KUBE_PART_MEMORY, "memory");
	if (!memory_grows)
		add(c, STEP_POD, KUBE_PART_MEMORY, 0);
	if (cpu_grows)
		add(c, STEP_POD, KUBE_PART_QUOTA, 0);
	if (shares_grow)
		add(c, STEP_POD, KUBE_PART_SHARES, 0);
	add_containers(c, KUBE_PART_QUOTA, "cpu");
	if (!shares_grow)
		add(c, STEP_POD, KUBE_PART_SHARES, 0);
	if (!cpu_grows)
		add(c, STEP_POD, KUBE_PART_QUOTA, 0);
	return 0;
}

static int change_container(struct change *c, const struct resize_step *s, const struct kube_pod *to, struct err *e)
{
	struct kube_running p = *c->p;
	const struct kube_build b = { &c->z->site, &p, NULL, NULL, c->z->a, e };
	const struct kube_container *k = container_at(to, s->container);
	const char *name = kube_container_name(to->uid, k->name, c->z->a);
	struct container_config limits;
	struct update u;
	int r;

	p.pod = *to;
	config_init(&limits);
	update_init(&u);
	r = name ? kube_config_limits(&b, k, &limits) : err_oom(e);
	if (s->part == KUBE_PART_MEMORY) {
		u.to.memory = limits.memory;
		u.to.memory_swap = limits.memory_swap ? limits.memory_swap : UPDATE_KEEP;
		u.to.cgroup_conf = limits.cgroup_conf;
	} else {
		u.to.cpu_shares = limits.cpu_shares;
		u.to.cpu_quota_us = limits.cpu_quota_us;
		u.to.cpu_period_us = limits.cpu_period_us;
	}
	return r < 0 ? r : engine_update(c->z->en, sv_from(name), &u, e);
}

static int run_step(struct change *c, const struct resize_step *s, bool back, struct err *e)
{
	const struct kube_pod *from = back ? c->now : c->old, *to = back ? c->old : c->now;
	int r = s->what == STEP_POD ? kube_site_change_pod(&c->z->site, from, to, s->part, c->z->a, e) :
				      change_container(c, s, to, e);

	return r < 0 && s->what == STEP_CONTAINER ?
		       err_wrap(e, r, "container %s", container_at(c->now, s->container)->name) :
		       r;
}

static int run_steps(struct change *c)
{
	size_t i = 0;
	int r = 0;

	while (r == 0 && i < c->steps.n)
		r = run_step(c, &c->steps.v[i++], false, c->z->e);
	if (r < 0)
		for (i--; i-- > 0;)
			(void)run_step(c, &c->steps.v[i], true, &(struct err){ 0 });
	return r;
}

/* ---- one pod ----------------------------------------------------------------------------------------------------- */

static struct kube_running *find_pod(struct resizing *z, const struct object *o)
{
	for (size_t i = 0; i < z->world.n_pods; i++)
		if (strcmp(z->world.pods[i].pod.name, o->meta.name) == 0 &&
		    strcmp(z->world.pods[i].pod.namespace, o->meta.namespace) == 0)
			return &z->world.pods[i];
	return NULL;
}

/* The others: what it has now does not count against it. */
static int without(const struct resizing *z, const struct kube_running *p, struct kube_world *ret)
{
	*ret = z->world;
	ret->pods = arena_array(z->a, z->world.n_pods + 1, sizeof *ret->pods);
	ret->n_pods = 0;
	for (size_t i = 0; ret->pods && i < z->world.n_pods; i++)
		if (&z->world.pods[i] != p)
			ret->pods[ret->n_pods++] = z->world.pods[i];
	return ret->pods ? 0 : err_oom(z->e);
}

static int store(const struct resizing *z, const struct kube_row *row)
{
	struct db *db;
	int r = engine_db(z->en, &db, z->e);

	return r < 0 ? r : kube_rows_replace(db, row, z->e);
}

static int prepare(struct resizing *z, const struct kube_running *p, const struct object *o, struct kube_change *ret)
{
	struct kube_change c = { .row = *p->row };
	scoped_buf text = BUF(64u << 20);
	struct kube_world others;
	int r = check_rest(z, p, o);

	if (r == 0)
		r = make_object(z, p, o, &c.object);
	if (r == 0)
		r = without(z, p, &others);
	if (r == 0)
		r = kube_admit_resize(&others, &z->site, &c, z->a, z->e);
	if (r == 0)
		r = check_change(z, &p->pod, &c.pod);
	if (r < 0)
		return r;
	node_print_json(o->document, false, &text);
	c.row.applied = buf_status(&text, z->e) < 0 ? NULL : arena_sv(z->a, buf_sv(&text));
	*ret = c;
	return c.row.applied ? 0 : err_oom(z->e);
}

static int resize(struct resizing *z, const struct object *o)
{
	struct kube_running *p = find_pod(z, o);
	struct change *steps = arena_alloc(z->a, sizeof *steps);
	struct kube_change c;
	int r = p && steps ? prepare(z, p, o, &c) :
		p	   ? err_oom(z->e) :
			     err_set(z->e, ENOENT, "pods \"%s\" not found", o->meta.name);

	if (r < 0)
		return r;
	*steps = (struct change){ z, p, &p->pod, &c.pod, { .n = 0 } };
	if (!p->row->reason && kube_sandbox_is_alive(z->en, p->row->uid)) {
		r = plan_steps(steps);
		if (r == 0)
			r = run_steps(steps);
	}
	if (r == 0)
		r = store(z, &c.row);
	if (r < 0)
		return err_wrap(z->e, r, "pod %s/%s", p->pod.namespace, p->pod.name);
	p->pod = c.pod;
	return strings_addf(z->a, z->done, "pod/%s resized", o->meta.name) < 0 ? err_oom(z->e) : 0;
}

int kube_resize(struct engine *en, struct sv text, const struct kube_options *o, struct arena *a,
		struct remarks *remarks, struct oci_strings *done, struct err *e)
{
	struct resizing z = { .en = en, .o = o, .a = a, .remarks = remarks, .done = done, .e = e };
	struct objects l;
	scoped_fd lock = -1;
	int r;

	remarks->strict = o->strict;
	r = objects_read(text, a, remarks, &l, e);
	if (r == 0)
		r = kube_begin(en, o, a, &lock, &z.world, &z.site, e);
	for (size_t i = 0; r == 0 && i < l.n; i++) {
		r = kube_set_namespace(o, &l.v[i], e);
		if (r == 0 && l.v[i].kind != OBJECT_POD)
			r = err_set(e, EINVAL, "line %u: %s \"%s\": only pods are resized", l.v[i].line,
				    kube_kind_word(l.v[i].kind), l.v[i].meta.name);
		if (r == 0)
			r = resize(&z, &l.v[i]);
	}
	if (r == 0)
		r = kube_write_tiers(&z.site, &z.world, a, e);
	return r < 0 ? r : kube_pending_begin(en, o, a, e);
}
