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

/* ---- one pod's change -------------------------------------------------------------------------------------------- */

struct resize_step {
	enum { STEP_POD, STEP_CONTAINER } what;
	enum kube_part part;
	size_t container; /* in the order of the manifest, inits first */
};

struct resize_steps {
	struct resize_step v[2 * LIMIT_KUBE_CONTAINERS * 2 + 8];
	size_t n;
};

/* A pod of the file: from what to what, and the steps between. */
struct change {
	struct kube_work *k;
	const struct object *o;	 /* of the file */
	struct kube_running *p;	 /* in the world, as it will be */
	struct kube_pod old;	 /* as it is */
	struct kube_change to;	 /* its row, and the pod as it was admitted */
	struct resize_steps *steps;
	size_t done; /* of the steps */
};

struct changes {
	struct kube_work *k;
	struct change *v;
	size_t n;
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

static int check_rest(const struct kube_work *k, const struct kube_running *p, const struct object *o)
{
	const struct node *before;
	int r = parse_one(p->row->applied, k->a, &before, k->e);

	if (r == 0 && !is_same_but_resources(node_member(before, "spec"), node_member(o->document, "spec")))
		r = err_set(
			k->e, EINVAL,
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
static int check_change(const struct kube_work *k, const struct kube_pod *old, const struct kube_pod *now)
{
	const char *what = NULL;

	if (pod_qos(old) != pod_qos(now))
		return err_set(
			k->e, EINVAL,
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
				k->e, EINVAL,
				"Pod \"%s\" is invalid: spec.initContainers[%zu].resources: Forbidden: resources for "
				"non-sidecar init containers are immutable",
				now->name, i);
		else if (loses(&old->inits[i].resources.limits, &now->inits[i].resources.limits))
			what = "initContainers";
	return what ? err_set(k->e, EINVAL,
			      "Pod \"%s\" is invalid: spec.%s: Forbidden: resource limits cannot be removed", now->name,
			      what) :
		      0;
}

/* ---- the document ------------------------------------------------------------------------------------------------ */

/* Those of the file, in its order: what else is in the list was found to be the same. */
static const struct node *with_resources(struct arena *a, const struct node *list, const struct node *from)
{
	for (size_t i = 0; list && from && i < list->n && i < from->n; i++) {
		const struct node *r = node_member(from->items[i], "resources");

		if (r)
			list = node_with_item(a, list, i, node_with(a, list->items[i], "resources", r));
	}
	return list;
}

static int make_object(const struct kube_work *k, const struct kube_running *p, const struct object *o,
		       struct object *ret)
{
	const struct node *from = node_member(o->document, "spec"), *doc, *spec, *part;
	static const char *const lists[] = { "containers", "initContainers" };
	struct remarks nobody = { 0 };
	scoped_buf text = BUF(64u << 20);
	struct objects l;
	int r = parse_one(p->row->document, k->a, &doc, k->e);

	if (r < 0)
		return r;
	spec = node_member(doc, "spec");
	for (size_t i = 0; spec && i < ARRAY_LEN(lists); i++) {
		part = node_member(spec, lists[i]);
		if (part)
			spec = node_with(k->a, spec, lists[i],
					 with_resources(k->a, part, node_member(from, lists[i])));
	}
	part = node_member(from, "resources");
	if (spec && part)
		spec = node_with(k->a, spec, "resources", part);
	doc = spec ? node_with(k->a, doc, "spec", spec) : NULL;
	if (!doc)
		return err_oom(k->e);
	node_print_json(doc, false, &text);
	r = buf_status(&text, k->e);
	if (r == 0)
		r = objects_read(buf_sv(&text), k->a, &nobody, &l, k->e);
	if (r < 0)
		return r;
	*ret = l.v[0];
	ret->meta.namespace = p->row->namespace;
	ret->meta.uid = p->row->uid;
	ret->line = o->line;
	return 0;
}

/* ---- steps ------------------------------------------------------------------------------------------------------- */

static const struct kube_container *container_at(const struct kube_pod *p, size_t i)
{
	return i < p->n_inits ? &p->inits[i] : &p->containers[i - p->n_inits];
}

static void add(struct change *c, int what, enum kube_part part, size_t container)
{
	c->steps->v[c->steps->n++] = (struct resize_step){ what, part, container };
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
		for (size_t i = 0; i < c->to.pod.n_inits + c->to.pod.n_containers; i++) {
			const struct resource_list *old = &container_at(&c->old, i)->resources.limits;
			const struct resource_list *now = &container_at(&c->to.pod, i)->resources.limits;

			if (stays(&c->to.pod, i) && (compare_limit(now, old, name) > 0) == grow)
				add(c, STEP_CONTAINER, part, i);
		}
}

static int plan_steps(struct change *c)
{
	struct resource_list old_limits, limits, old_requests, requests;
	struct arena *a = c->k->a;
	bool memory_grows, cpu_grows, shares_grow;

	if (pod_limits(&c->old, a, &old_limits) < 0 || pod_limits(&c->to.pod, a, &limits) < 0 ||
	    pod_requests(&c->old, a, &old_requests) < 0 || pod_requests(&c->to.pod, a, &requests) < 0)
		return err_oom(c->k->e);
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
	const struct kube_build b = { &c->k->site, &p, NULL, NULL, NULL, c->k->a, e };
	const struct kube_container *k = container_at(to, s->container);
	const char *name = kube_container_name(to->uid, k->name, c->k->a);
	struct container_config limits;
	struct update u;
	int r;

	p.pod = *to;
	config_init(&limits);
	update_init(&u);
	u.admitted = true;
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
	return r < 0 ? r : engine_update(c->k->en, sv_from(name), &u, e);
}

static int run_step(struct change *c, const struct resize_step *s, bool back, struct err *e)
{
	const struct kube_pod *from = back ? &c->to.pod : &c->old, *to = back ? &c->old : &c->to.pod;
	int r = s->what == STEP_POD ? kube_site_change_pod(&c->k->site, from, to, s->part, c->k->a, e) :
				      change_container(c, s, to, e);

	return r < 0 && s->what == STEP_CONTAINER ?
		       err_wrap(e, r, "container %s", container_at(&c->to.pod, s->container)->name) :
		       r;
}

static int run_steps(struct change *c)
{
	int r = 0;

	while (r == 0 && c->done < c->steps->n) {
		r = run_step(c, &c->steps->v[c->done], false, c->k->e);
		c->done += r == 0;
	}
	return r;
}

/* From the last pod's last step to the first one's first. */
static void undo(struct changes *l)
{
	for (size_t i = l->n; i-- > 0;)
		while (l->v[i].done)
			(void)run_step(&l->v[i], &l->v[i].steps->v[--l->v[i].done], true, &(struct err){ 0 });
}

/* ---- all pods of a file ------------------------------------------------------------------------------------------ */

static struct kube_running *find_pod(struct kube_work *k, const struct object *o)
{
	for (size_t i = 0; i < k->world.n_pods; i++)
		if (strcmp(k->world.pods[i].pod.name, o->meta.name) == 0 &&
		    strcmp(k->world.pods[i].pod.namespace, o->meta.namespace) == 0)
			return &k->world.pods[i];
	return NULL;
}

/* The others, as they will be: what it has now does not count against it. */
static int without(const struct kube_work *k, const struct kube_running *p, struct kube_world *ret)
{
	*ret = k->world;
	ret->pods = arena_array(k->a, k->world.n_pods + 1, sizeof *ret->pods);
	ret->n_pods = 0;
	for (size_t i = 0; ret->pods && i < k->world.n_pods; i++)
		if (&k->world.pods[i] != p)
			ret->pods[ret->n_pods++] = k->world.pods[i];
	return ret->pods ? 0 : err_oom(k->e);
}

static int read_change(struct changes *l, const struct object *o)
{
	struct kube_work *k = l->k;
	struct change *c = &l->v[l->n];
	int r;

	if (o->kind != OBJECT_POD)
		return err_set(k->e, EINVAL, "line %u: %s \"%s\": only pods are resized", o->line,
			       kube_kind_word(o->kind), o->meta.name);
	*c = (struct change){ .k = k, .o = o, .p = find_pod(k, o), .steps = arena_alloc(k->a, sizeof *c->steps) };
	if (!c->p)
		return err_set(k->e, ENOENT, "pods \"%s\" not found", o->meta.name);
	for (size_t i = 0; i < l->n; i++)
		if (l->v[i].p == c->p)
			return err_set(k->e, EEXIST, "line %u: pod \"%s\" stands in line %u already", o->line,
				       o->meta.name, l->v[i].o->line);
	l->n++;
	c->old = c->p->pod;
	c->to.row = *c->p->row;
	r = c->steps ? check_rest(k, c->p, o) : err_oom(k->e);
	if (r == 0)
		r = make_object(k, c->p, o, &c->to.object);
	if (r == 0 && object_pod(&c->to.object, k->a, &c->p->pod) < 0)
		r = err_oom(k->e);
	return r;
}

static int admit(struct change *c)
{
	struct kube_work *k = c->k;
	struct kube_world others;
	int r = without(k, c->p, &others);

	if (r == 0)
		r = kube_admit_resize(&others, &k->site, &c->to, k->a, k->e);
	if (r == 0)
		r = check_change(k, &c->old, &c->to.pod);
	if (r < 0)
		return r;
	c->p->pod = c->to.pod;
	c->to.row.reason = c->p->row->reason; /* one that waited does so until kube_pending_begin() */
	c->to.row.applied = kube_json(c->o->document, k->a);
	return c->to.row.applied ? 0 : err_oom(k->e);
}

static int run_change(struct change *c)
{
	int r = 0;

	if (c->p->row->reason || !kube_sandbox_is_alive(c->k->en, c->p->row->uid))
		return 0;
	r = plan_steps(c);
	return r < 0 ? r : run_steps(c);
}

static int store(const struct changes *l)
{
	struct db *db;
	int r = engine_db(l->k->en, &db, l->k->e);

	if (r == 0)
		r = db_begin(db, l->k->e);
	if (r < 0)
		return r;
	for (size_t i = 0; r == 0 && i < l->n; i++)
		r = kube_rows_replace(db, &l->v[i].to.row, l->k->e);
	return db_end(db, r, l->k->e);
}

/* All are looked at before any is changed. */
static int each(struct changes *l, int (*what)(struct change *c))
{
	for (size_t i = 0; i < l->n; i++) {
		int r = what(&l->v[i]);

		if (r < 0)
			return err_wrap(l->k->e, r, "pod %s/%s", l->v[i].old.namespace, l->v[i].old.name);
	}
	return 0;
}

static int resize(struct changes *l, const struct objects *file)
{
	struct kube_work *k = l->k;
	int r = 0;

	l->v = arena_array(k->a, file->n + 1, sizeof *l->v);
	if (!l->v)
		return err_oom(k->e);
	for (size_t i = 0; r == 0 && i < file->n; i++)
		r = read_change(l, &file->v[i]);
	if (r == 0)
		r = each(l, admit);
	if (r < 0)
		return r;
	r = each(l, run_change);
	if (r == 0)
		r = store(l);
	if (r < 0)
		undo(l);
	for (size_t i = 0; r == 0 && i < l->n; i++)
		if (strings_addf(k->a, k->done, "pod/%s resized", l->v[i].o->meta.name) < 0)
			r = err_oom(k->e);
	return r;
}

int kube_resize(struct engine *en, struct sv text, const struct kube_options *o, struct arena *a,
		struct remarks *remarks, struct oci_strings *done, struct err *e)
{
	scoped_work k = { en, o, a, remarks, done, e, .lock = -1 };
	struct changes l = { .k = &k };
	struct objects file;
	int r = kube_work_read(&k, text, &file);

	if (r == 0)
		r = resize(&l, &file);
	if (r == 0)
		r = kube_write_tiers(&k.site, &k.world, a, e);
	return r < 0 ? r : kube_pending_begin(en, o, a, e);
}
