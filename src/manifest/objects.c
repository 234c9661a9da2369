/* SPDX-License-Identifier: Apache-2.0 */
/* objects.c - which object a document is. The tables of its fields are in fields.c, what holds for them together in
 * objects_check.c. */
#include "manifest/objects.h"

#include "base/limits.h"
#include "base/scope.h"
#include "manifest/fields.h"
#include "manifest/objects_priv.h"

#include <string.h>

static const struct kind_row {
	const char *version, *name, *plural;
} kinds[] = {
#define X(id, version, kind, plural) [OBJECT_##id] = { version, kind, plural },
	OBJECT_KINDS(X)
#undef X
};

const char *object_kind_name(enum object_kind k)
{
	return kinds[k].name;
}

const char *object_kind_version(enum object_kind k)
{
	return kinds[k].version;
}

const char *object_kind_plural(enum object_kind k)
{
	return kinds[k].plural;
}

/* ---- which object ------------------------------------------------------------------------------------------- */

static const char *text_member(const struct node *n, const char *key)
{
	const struct node *m = node_member(n, key);

	return m && m->kind == NODE_SCALAR && !node_is_null(m) ? m->text : NULL;
}

static int find_kind(const struct node *n, enum object_kind *ret, struct err *e)
{
	const char *version = text_member(n, "apiVersion"), *kind = text_member(n, "kind");

	if (n->kind != NODE_MAPPING)
		return object_wrong(n, e, "expected an object with apiVersion and kind");
	if (!version || !kind)
		return object_wrong(n, e, "%s: Required value", version ? "kind" : "apiVersion");
	for (int i = 0; i < OBJECT_KIND_COUNT; i++)
		if (strcmp(kinds[i].name, kind) == 0 && strcmp(kinds[i].version, version) == 0) {
			*ret = (enum object_kind)i;
			return 0;
		}
	for (int i = 0; i < OBJECT_KIND_COUNT; i++)
		if (strcmp(kinds[i].name, kind) == 0)
			return object_wrong(node_member(n, "apiVersion"), e,
					    "apiVersion: \"%.60s\" has no %s; that is in %s", version, kind,
					    kinds[i].version);
	return object_wrong(
		node_member(n, "kind"), e,
		"kind: \"%.60s\" is not supported: Pod, Namespace, ResourceQuota, LimitRange, ConfigMap, Secret, "
		"Deployment, Job, List are",
		kind);
}

/* ---- one object --------------------------------------------------------------------------------------------- */

/* A Job has an end, a Deployment none. */
static int check_template(const struct node *n, const struct object *o, struct err *e)
{
	const char *policy = o->pod->restart_policy ? o->pod->restart_policy : "Always";
	const struct node *place = object_at(n, "spec/template/spec/restartPolicy");
	bool always = strcmp(policy, "Always") == 0;

	if (o->kind == OBJECT_JOB && always)
		return object_wrong(place, e,
				    "spec.template.spec.restartPolicy: Required value: valid values: \"OnFailure\", "
				    "\"Never\"");
	if (o->kind == OBJECT_DEPLOYMENT && !always)
		return object_wrong(place, e,
				    "spec.template.spec.restartPolicy: Unsupported value: \"%s\": supported values: "
				    "\"Always\"",
				    policy);
	return 0;
}

static int read_templated(const struct decoding *d, const struct node *n, struct object *o)
{
	struct templated_object whole;
	const struct fields *table = o->kind == OBJECT_JOB ? &job_fields : &deployment_fields;
	int r = decode_object(d, n, table, &whole);

	if (r < 0)
		return r;
	o->meta = whole.meta;
	o->replicas = whole.spec.replicas == FIELD_UNSET ? 1 : whole.spec.replicas;
	o->ttl = whole.spec.ttl;
	o->template = whole.spec.template.meta;
	o->pod = arena_alloc(d->a, sizeof *o->pod);
	if (!o->pod)
		return err_oom(d->e);
	*o->pod = whole.spec.template.spec;
	r = object_check_pod(object_at(n, "spec/template/spec"), "spec.template.spec", o->pod, d->a, d->e);
	return r == 0 ? check_template(n, o, d->e) : r;
}

static int read_pod(const struct decoding *d, const struct node *n, struct object *o)
{
	struct pod_template whole;
	int r = decode_object(d, n, &pod_fields, &whole);

	if (r < 0)
		return r;
	o->meta = whole.meta;
	o->replicas = 1;
	o->pod = arena_alloc(d->a, sizeof *o->pod);
	if (!o->pod)
		return err_oom(d->e);
	*o->pod = whole.spec;
	return object_check_pod(object_at(n, "spec"), "spec", o->pod, d->a, d->e);
}

static int read_quota(const struct decoding *d, const struct node *n, struct object *o)
{
	struct quota_object whole;
	int r = decode_object(d, n, &quota_fields, &whole);

	if (r < 0)
		return r;
	o->meta = whole.meta;
	o->quota = arena_alloc(d->a, sizeof *o->quota);
	if (!o->quota)
		return err_oom(d->e);
	*o->quota = whole.spec;
	return 0;
}

static int read_limits(const struct decoding *d, const struct node *n, struct object *o)
{
	struct limit_object whole;
	int r = decode_object(d, n, &limit_fields, &whole);

	if (r < 0)
		return r;
	o->meta = whole.meta;
	o->limits = arena_alloc(d->a, sizeof *o->limits);
	if (!o->limits)
		return err_oom(d->e);
	*o->limits = whole.spec;
	return 0;
}

static int read_data(const struct decoding *d, const struct node *n, struct object *o)
{
	struct data_object whole;
	int r = decode_object(d, n, o->kind == OBJECT_SECRET ? &secret_fields : &config_map_fields, &whole);

	if (r < 0)
		return r;
	o->meta = whole.meta;
	o->data = whole.data;
	o->binary = whole.binary;
	return 0;
}

static int read_namespace(const struct decoding *d, const struct node *n, struct object *o)
{
	struct namespace_object whole;
	int r = decode_object(d, n, &namespace_fields, &whole);

	o->meta = r == 0 ? whole.meta : o->meta;
	return r;
}

static int read_object(const struct decoding *d, const struct node *n, struct object *o)
{
	static int (*const readers[])(const struct decoding *d, const struct node *n, struct object *o) = {
		[OBJECT_POD] = read_pod,	     [OBJECT_NAMESPACE] = read_namespace,
		[OBJECT_QUOTA] = read_quota,	     [OBJECT_LIMIT_RANGE] = read_limits,
		[OBJECT_CONFIG_MAP] = read_data,     [OBJECT_SECRET] = read_data,
		[OBJECT_DEPLOYMENT] = read_templated, [OBJECT_JOB] = read_templated,
	};
	int r = find_kind(n, &o->kind, d->e);

	o->line = n->line;
	o->document = n;
	if (r == 0)
		r = readers[o->kind](d, n, o);
	return r == 0 ? object_check_meta(n, o, d->e) : r;
}

/* ---- a file ------------------------------------------------------------------------------------------------- */

static int read_list(const struct decoding *d, const struct node *n, struct objects *l)
{
	const struct node *items = node_member(n, "items");

	if (!items || items->kind != NODE_SEQUENCE)
		return object_wrong(n, d->e, "items: Required value");
	if (items->n > LIMIT_KUBE_OBJECTS - l->n)
		return object_wrong(n, d->e, "more than %d objects", LIMIT_KUBE_OBJECTS);
	for (size_t i = 0; i < items->n; i++) {
		int r = read_object(d, items->items[i], &l->v[l->n]);

		if (r < 0)
			return r;
		l->n++;
	}
	return 0;
}

static size_t count(const struct documents *docs)
{
	size_t n = docs->n;

	for (size_t i = 0; i < docs->n; i++) {
		const struct node *items = node_member(docs->v[i], "items");

		n += items ? items->n : 0;
	}
	return n;
}

int objects_read(struct sv text, struct arena *a, struct remarks *remarks, struct objects *ret, struct err *e)
{
	struct decoding d = { a, remarks, e };
	struct documents docs;
	struct objects l = { 0 };
	int r = documents_parse(text, a, &docs, e);

	if (r < 0)
		return r;
	l.v = arena_array(a, count(&docs) + 1, sizeof *l.v);
	if (!l.v)
		return err_oom(e);
	for (size_t i = 0; r == 0 && i < docs.n; i++) {
		const char *kind = text_member(docs.v[i], "kind");

		if (kind && strcmp(kind, "List") == 0)
			r = read_list(&d, docs.v[i], &l);
		else if (l.n == LIMIT_KUBE_OBJECTS)
			r = object_wrong(docs.v[i], e, "more than %d objects", LIMIT_KUBE_OBJECTS);
		else if ((r = read_object(&d, docs.v[i], &l.v[l.n])) == 0)
			l.n++;
	}
	if (r == 0)
		*ret = l;
	return r;
}

int object_read_stored(struct sv json, struct arena *a, struct object *ret, struct err *e)
{
	struct remarks nobody = { 0 };
	struct decoding d = { a, &nobody, e };
	struct object o = { 0 };
	const struct node *n;
	int r = document_parse_json(json, a, &n, e);

	if (r == 0)
		r = read_object(&d, n, &o);
	if (r == 0)
		*ret = o;
	return r;
}

/* ---- for arithmetic ----------------------------------------------------------------------------------------- */

static int containers_of(const struct container_specs *from, struct arena *a, struct kube_container **ret)
{
	struct kube_container *v = arena_array(a, from->n + 1, sizeof *v);
	int r = v ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < from->n; i++) {
		v[i].name = from->v[i].name;
		v[i].sidecar = from->v[i].restart_policy && strcmp(from->v[i].restart_policy, "Always") == 0;
		r = resource_copy(a, &v[i].resources.requests, &from->v[i].resources.requests);
		if (r == 0)
			r = resource_copy(a, &v[i].resources.limits, &from->v[i].resources.limits);
	}
	*ret = v;
	return r;
}

#define CRITICAL_PRIORITY 2000000000 /* system-critical priorities begin here */

int object_pod(const struct object *o, struct arena *a, struct kube_pod *ret)
{
	const struct pod_spec *s = o->pod;
	struct kube_pod p = { .name = o->meta.name,
			      .namespace = o->meta.namespace ? o->meta.namespace : "default",
			      .uid = o->meta.uid,
			      .n_containers = s->containers.n,
			      .n_inits = s->inits.n,
			      .has_resources = s->resources,
			      .priority = s->priority == FIELD_UNSET ? 0 : s->priority,
			      .priority_class = s->priority_class,
			      .has_deadline = s->active_deadline != FIELD_UNSET };
	int r = containers_of(&s->containers, a, &p.containers);

	if (r == 0)
		r = containers_of(&s->inits, a, &p.inits);
	if (r == 0 && s->resources)
		r = resource_copy(a, &p.resources.requests, &s->resources->requests);
	if (r == 0 && s->resources)
		r = resource_copy(a, &p.resources.limits, &s->resources->limits);
	if (r == 0)
		r = resource_copy(a, &p.overhead, &s->overhead);
	p.critical = p.priority >= CRITICAL_PRIORITY && s->priority_class &&
		     strcmp(s->priority_class, "system-node-critical") == 0;
	if (r == 0)
		r = pod_defaults(&p, a);
	if (r == 0)
		*ret = p;
	return r;
}

int object_limits(const struct object *o, struct arena *a, struct limit_range *ret)
{
	struct limit_range l = { .name = o->meta.name, .n = o->limits->items.n };

	l.v = arena_array(a, l.n + 1, sizeof *l.v);
	if (!l.v)
		return -ENOMEM;
	for (size_t i = 0; i < l.n; i++)
		l.v[i] = o->limits->items.v[i]; /* lists only grow by copies */
	if (limit_range_defaults(&l, a) < 0)
		return -ENOMEM;
	*ret = l;
	return 0;
}

int object_quota(const struct object *o, struct arena *a, struct kube_quota *ret)
{
	const struct quota_spec *s = o->quota;
	struct quota_scope *v = arena_array(a, s->scopes.n + s->selectors.n + 1, sizeof *v);
	size_t n = 0;

	if (!v)
		return -ENOMEM;
	for (size_t i = 0; i < s->scopes.n; i++)
		v[n++] = (struct quota_scope){ .scope = s->scopes.v[i] };
	for (size_t i = 0; i < s->selectors.n; i++)
		v[n++] = (struct quota_scope){ s->selectors.v[i].scope, s->selectors.v[i].op,
					       s->selectors.v[i].values.v, s->selectors.v[i].values.n };
	*ret = (struct kube_quota){ o->meta.name, s->hard, v, n };
	return 0;
}
