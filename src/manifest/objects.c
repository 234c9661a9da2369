/* SPDX-License-Identifier: Apache-2.0 */
/* objects.c - which object a document is, and what holds for its fields together. The tables are in fields.c. */
#include "manifest/objects.h"

#include "base/limits.h"
#include "base/scope.h"
#include "manifest/fields.h"
#include "manifest/names.h"

#include <stdarg.h>
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

const char *object_kind_plural(enum object_kind k)
{
	return kinds[k].plural;
}

static __attribute__((format(printf, 3, 4))) int wrong(const struct node *n, struct err *e, const char *fmt, ...)
{
	char text[440];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	return err_set(e, EINVAL, "line %u, column %u: %s", n->line, n->column, text);
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
		return wrong(n, e, "expected an object with apiVersion and kind");
	if (!version || !kind)
		return wrong(n, e, "%s: Required value", version ? "kind" : "apiVersion");
	for (int i = 0; i < OBJECT_KIND_COUNT; i++)
		if (strcmp(kinds[i].name, kind) == 0 && strcmp(kinds[i].version, version) == 0) {
			*ret = (enum object_kind)i;
			return 0;
		}
	for (int i = 0; i < OBJECT_KIND_COUNT; i++)
		if (strcmp(kinds[i].name, kind) == 0)
			return wrong(node_member(n, "apiVersion"), e, "apiVersion: \"%.60s\" has no %s; that is in %s",
				     version, kind, kinds[i].version);
	return wrong(node_member(n, "kind"), e,
		     "kind: \"%.60s\" is not supported: Pod, Namespace, ResourceQuota, LimitRange, ConfigMap, Secret, "
		     "Deployment, Job, List are",
		     kind);
}

/* ---- what holds for fields together ------------------------------------------------------------------------- */

/* The place of a value: the deepest node on the way there that the document has. */
static const struct node *at(const struct node *n, const char *path)
{
	struct sv rest = sv_from(path), step;

	while (sv_next(&rest, '/', &step)) {
		const struct node *next = NULL;
		uint64_t i;

		for (size_t k = 0; n->kind == NODE_MAPPING && !next && k < n->n; k++)
			if (sv_is(step, n->keys[k]->text))
				next = n->items[k];
		if (n->kind == NODE_SEQUENCE && sv_u64(step, &i) == 0 && i < n->n)
			next = n->items[i];
		if (!next)
			return n;
		n = next;
	}
	return n;
}

static int check_meta(const struct node *n, struct object *o, struct err *e)
{
	const char *bad;

	if (!o->meta.name)
		return wrong(at(n, "metadata"), e, "metadata.name: Required value");
	bad = o->kind == OBJECT_NAMESPACE ? name_is_label(o->meta.name) : name_is_subdomain(o->meta.name);
	if (bad)
		return wrong(at(n, "metadata/name"), e, "metadata.name: Invalid value: \"%.60s\": %s", o->meta.name,
			     bad);
	bad = o->meta.namespace ? name_is_label(o->meta.namespace) : NULL;
	if (bad)
		return wrong(at(n, "metadata/namespace"), e, "metadata.namespace: Invalid value: \"%.60s\": %s",
			     o->meta.namespace, bad);
	if (o->kind == OBJECT_NAMESPACE && o->meta.namespace)
		return wrong(at(n, "metadata/namespace"), e, "metadata.namespace: Forbidden: not allowed on this type");
	return 0;
}

struct checking {
	const struct node *spec; /* of the pod */
	const char *path;	 /* "spec", "spec.template.spec" */
	struct pod_spec *pod;
	struct arena *a;
	struct err *e;
};

static bool has_volume(const struct pod_spec *p, const char *name)
{
	for (size_t i = 0; i < p->volumes.n; i++)
		if (strcmp(p->volumes.v[i].name, name) == 0)
			return true;
	return false;
}

static int check_mounts(const struct checking *c, const char *list, size_t index, const struct container_spec *s)
{
	for (size_t i = 0; i < s->mounts.n; i++) {
		const struct volume_mount *m = &s->mounts.v[i];
		const char *path = arena_fmt(c->a, "%s/%zu/volumeMounts/%zu", list, index, i);

		if (!path)
			return err_oom(c->e);
		if (!has_volume(c->pod, m->name))
			return wrong(at(c->spec, path), c->e, "%s.%s[%zu].volumeMounts[%zu].name: Not found: \"%.60s\"",
				     c->path, list, index, i, m->name);
		if (m->mount_path[0] != '/')
			return wrong(at(c->spec, path), c->e,
				     "%s.%s[%zu].volumeMounts[%zu].mountPath: Invalid value: \"%.60s\": must be an "
				     "absolute path",
				     c->path, list, index, i, m->mount_path);
	}
	return 0;
}

static int actions(const struct action *a)
{
	return !!a->exec + !!a->http + !!a->tcp + !!a->grpc + !!a->sleep;
}

static int check_probes(const struct checking *c, const char *list, size_t index, const struct container_spec *s)
{
	const struct probe *const probes[] = { s->liveness, s->readiness, s->startup };
	static const char *const names[] = { "livenessProbe", "readinessProbe", "startupProbe" };

	for (size_t i = 0; i < ARRAY_LEN(probes); i++) {
		const char *path = arena_fmt(c->a, "%s/%zu/%s", list, index, names[i]);

		if (!path)
			return err_oom(c->e);
		if (probes[i] && actions(&probes[i]->action) != 1)
			return wrong(at(c->spec, path), c->e, "%s.%s[%zu].%s: %s", c->path, list, index, names[i],
				     actions(&probes[i]->action) ?
					     "Forbidden: may not specify more than 1 handler type" :
					     "Required value: must specify a handler type");
	}
	return 0;
}

static int check_name(const struct checking *c, const char *list, size_t index, const char *name)
{
	const char *bad = name_is_label(name), *path = arena_fmt(c->a, "%s/%zu/name", list, index);

	if (!path)
		return err_oom(c->e);
	if (bad)
		return wrong(at(c->spec, path), c->e, "%s.%s[%zu].name: Invalid value: \"%.60s\": %s", c->path, list,
			     index, name, bad);
	return 0;
}

static int duplicate(const struct checking *c, const char *list, size_t index, const char *name)
{
	const char *path = arena_fmt(c->a, "%s/%zu/name", list, index);

	return path ? wrong(at(c->spec, path), c->e, "%s.%s[%zu].name: Duplicate value: \"%.60s\"", c->path, list,
			    index, name) :
		      err_oom(c->e);
}

/* Names of containers and of init containers are one set. */
static bool is_taken(const struct pod_spec *p, const struct container_spec *s)
{
	for (size_t i = 0; i < p->containers.n && &p->containers.v[i] != s; i++)
		if (strcmp(p->containers.v[i].name, s->name) == 0)
			return true;
	if (s >= p->containers.v && s < p->containers.v + p->containers.n)
		return false;
	for (size_t i = 0; i < p->inits.n && &p->inits.v[i] != s; i++)
		if (strcmp(p->inits.v[i].name, s->name) == 0)
			return true;
	return false;
}

/* what is wrong with a value; bad NULL: nothing */
static int refuse(const struct checking *c, const char *path, const char *field, const char *value, const char *bad)
{
	if (!path || !field)
		return err_oom(c->e);
	return bad ? wrong(at(c->spec, path), c->e, "%s.%s: Invalid value: \"%.60s\": %s", c->path, field, value, bad) :
		     0;
}

static int check_ports(const struct checking *c, const char *list, size_t index, const struct container_spec *s)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < s->ports.n; i++) {
		const struct container_port *p = &s->ports.v[i];
		const char *path = arena_fmt(c->a, "%s/%zu/ports/%zu", list, index, i);
		const char *field = arena_fmt(c->a, "%s[%zu].ports[%zu].hostIP", list, index, i);

		r = refuse(c, path, field, p->host_ip,
			   p->host_ip && *p->host_ip ? name_is_address(p->host_ip) : NULL);
		if (r == 0 && c->pod->host_network == 1 && p->host_port != FIELD_UNSET &&
		    p->host_port != p->container_port)
			r = wrong(at(c->spec, path), c->e,
				  "%s.%s[%zu].ports[%zu].hostPort: Invalid value: %lld: must match `containerPort` "
				  "when `hostNetwork` is true",
				  c->path, list, index, i, (long long)p->host_port);
	}
	return r;
}

#define SERVERS_MOST 3 /* resolv.conf(5) */
#define SEARCHES_MOST 32

static int check_dns(const struct checking *c)
{
	const struct dns_config *d = &c->pod->dns;
	bool none = c->pod->dns_policy && strcmp(c->pod->dns_policy, "None") == 0;
	int r = 0;

	if (none && !d->nameservers.n)
		return wrong(at(c->spec, "dnsConfig"), c->e,
			     "%s.dnsConfig.nameservers: Required value: must provide at least one DNS nameserver when "
			     "`dnsPolicy` is None",
			     c->path);
	if (d->nameservers.n > SERVERS_MOST || d->searches.n > SEARCHES_MOST)
		return wrong(at(c->spec, "dnsConfig"), c->e,
			     "%s.dnsConfig: must not have more than %d nameservers and %d search paths", c->path,
			     SERVERS_MOST, SEARCHES_MOST);
	for (size_t i = 0; r == 0 && i < d->nameservers.n; i++)
		r = refuse(c, "dnsConfig/nameservers", arena_fmt(c->a, "dnsConfig.nameservers[%zu]", i),
			   d->nameservers.v[i], name_is_address(d->nameservers.v[i]));
	for (size_t i = 0; r == 0 && i < d->searches.n; i++)
		r = refuse(c, "dnsConfig/searches", arena_fmt(c->a, "dnsConfig.searches[%zu]", i), d->searches.v[i],
			   strcmp(d->searches.v[i], ".") == 0 ? NULL : name_is_search(d->searches.v[i]));
	return r;
}

static int check_names(const struct checking *c)
{
	const struct pod_spec *p = c->pod;
	int r = refuse(c, "hostname", "hostname", p->hostname, p->hostname ? name_is_label(p->hostname) : NULL);

	if (r == 0)
		r = refuse(c, "subdomain", "subdomain", p->subdomain,
			   p->subdomain ? name_is_label(p->subdomain) : NULL);
	for (size_t i = 0; r == 0 && i < p->host_aliases.n; i++)
		r = refuse(c, "hostAliases", arena_fmt(c->a, "hostAliases[%zu].ip", i), p->host_aliases.v[i].ip,
			   name_is_address(p->host_aliases.v[i].ip));
	return r == 0 ? check_dns(c) : r;
}

static int check_containers(const struct checking *c, const char *list, const struct container_specs *l)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < l->n; i++) {
		r = check_name(c, list, i, l->v[i].name);
		if (r == 0 && is_taken(c->pod, &l->v[i]))
			r = duplicate(c, list, i, l->v[i].name);
		if (r == 0)
			r = check_mounts(c, list, i, &l->v[i]);
		if (r == 0)
			r = check_probes(c, list, i, &l->v[i]);
		if (r == 0)
			r = check_ports(c, list, i, &l->v[i]);
	}
	return r;
}

static int sources(const struct volume_spec_kube *v)
{
	return !!v->empty_dir + !!v->host_path + !!v->config_map + !!v->secret;
}

static int check_volumes(const struct checking *c)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < c->pod->volumes.n; i++) {
		const struct volume_spec_kube *v = &c->pod->volumes.v[i];
		const char *path = arena_fmt(c->a, "volumes/%zu", i);

		r = path ? check_name(c, "volumes", i, v->name) : err_oom(c->e);
		for (size_t k = 0; r == 0 && k < i; k++)
			if (strcmp(c->pod->volumes.v[k].name, v->name) == 0)
				r = duplicate(c, "volumes", i, v->name);
		if (r == 0 && sources(v) != 1)
			r = wrong(at(c->spec, path), c->e, "%s.volumes[%zu]: %s", c->path, i,
				  sources(v) ? "Forbidden: may not specify more than 1 volume type" :
					       "Required value: must specify a volume type (emptyDir, hostPath, "
					       "configMap, secret)");
	}
	return r;
}

static int check_pod(const struct node *n, const char *path, struct pod_spec *p, struct arena *a, struct err *e)
{
	struct checking c = { n, path, p, a, e };
	int r;

	if (p->containers.n == 0)
		return wrong(at(n, "containers"), e, "%s.containers: Required value", path);
	if (p->containers.n > LIMIT_KUBE_CONTAINERS || p->inits.n > LIMIT_KUBE_CONTAINERS ||
	    p->volumes.n > LIMIT_KUBE_CONTAINERS)
		return wrong(n, e, "%s: more than %d containers, init containers or volumes", path,
			     LIMIT_KUBE_CONTAINERS);
	r = check_volumes(&c);
	if (r == 0)
		r = check_containers(&c, "containers", &p->containers);
	if (r == 0)
		r = check_containers(&c, "initContainers", &p->inits);
	return r == 0 ? check_names(&c) : r;
}

/* ---- one object --------------------------------------------------------------------------------------------- */

static int read_templated(const struct decoding *d, const struct node *n, struct object *o)
{
	struct templated_object whole;
	const struct fields *table = o->kind == OBJECT_JOB ? &job_fields : &deployment_fields;
	int r = decode_object(d, n, table, &whole);

	if (r < 0)
		return r;
	o->meta = whole.meta;
	o->replicas = whole.spec.replicas == FIELD_UNSET ? 1 : whole.spec.replicas;
	o->template = whole.spec.template.meta;
	o->pod = arena_alloc(d->a, sizeof *o->pod);
	if (!o->pod)
		return err_oom(d->e);
	*o->pod = whole.spec.template.spec;
	return check_pod(at(n, "spec/template/spec"), "spec.template.spec", o->pod, d->a, d->e);
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
	return check_pod(at(n, "spec"), "spec", o->pod, d->a, d->e);
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
	return r == 0 ? check_meta(n, o, d->e) : r;
}

/* ---- a file ------------------------------------------------------------------------------------------------- */

static int read_list(const struct decoding *d, const struct node *n, struct objects *l)
{
	const struct node *items = node_member(n, "items");

	if (!items || items->kind != NODE_SEQUENCE)
		return wrong(n, d->e, "items: Required value");
	if (items->n > LIMIT_KUBE_OBJECTS - l->n)
		return wrong(n, d->e, "more than %d objects", LIMIT_KUBE_OBJECTS);
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
			r = wrong(docs.v[i], e, "more than %d objects", LIMIT_KUBE_OBJECTS);
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
