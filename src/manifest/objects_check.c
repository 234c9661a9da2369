/* SPDX-License-Identifier: Apache-2.0 */
/* What holds for the fields of an object together. */
#include "base/exit_rule.h"
#include "base/limits.h"
#include "base/scope.h"
#include "manifest/names.h"
#include "manifest/objects_priv.h"
#include "manifest/restart.h"

#include <stdarg.h>
#include <string.h>

int object_wrong(const struct node *n, struct err *e, const char *fmt, ...)
{
	char text[440];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	return err_set(e, EINVAL, "line %u, column %u: %s", n->line, n->column, text);
}

const struct node *object_at(const struct node *n, const char *path)
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

/* ---- of all kinds -------------------------------------------------------------------------------------------- */

int object_check_meta(const struct node *n, struct object *o, struct err *e)
{
	const char *bad;

	if (!o->meta.name)
		return object_wrong(object_at(n, "metadata"), e, "metadata.name: Required value");
	bad = o->kind == OBJECT_NAMESPACE ? name_is_label(o->meta.name) : name_is_subdomain(o->meta.name);
	if (bad)
		return object_wrong(object_at(n, "metadata/name"), e, "metadata.name: Invalid value: \"%.60s\": %s",
				    o->meta.name, bad);
	bad = o->meta.namespace ? name_is_label(o->meta.namespace) : NULL;
	if (bad)
		return object_wrong(object_at(n, "metadata/namespace"), e,
				    "metadata.namespace: Invalid value: \"%.60s\": %s", o->meta.namespace, bad);
	if (o->kind == OBJECT_NAMESPACE && o->meta.namespace)
		return object_wrong(object_at(n, "metadata/namespace"), e,
				    "metadata.namespace: Forbidden: not allowed on this type");
	return 0;
}

/* ---- of pods ------------------------------------------------------------------------------------------------- */

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

/* What is wrong with it, as a text in ret; false: nothing. */
static bool is_wrong_mount(const struct checking *c, const struct volume_mount *m, char *ret, size_t size)
{
	const char *sub = m->sub_path, *why = sub ? name_is_inner_path(sub) : NULL;

	if (!has_volume(c->pod, m->name))
		(void)snprintf(ret, size, "name: Not found: \"%.60s\"", m->name);
	else if (m->mount_path[0] != '/')
		(void)snprintf(ret, size, "mountPath: Invalid value: \"%.60s\": must be an absolute path",
			       m->mount_path);
	else if (why)
		(void)snprintf(ret, size, "subPath: Invalid value: \"%.60s\": %s", sub, why);
	else if (sub && *sub && m->sub_path_expr && *m->sub_path_expr)
		(void)snprintf(ret, size,
			       "subPathExpr: Invalid value: \"%.60s\": subPathExpr and subPath are mutually exclusive",
			       m->sub_path_expr);
	else if (m->recursive && strcmp(m->recursive, "Disabled") != 0 && m->read_only != 1)
		(void)snprintf(ret, size, "recursiveReadOnly: Forbidden: may only be specified when readOnly is true");
	else
		return false;
	return true;
}

static int check_mounts(const struct checking *c, const char *list, size_t index, const struct container_spec *s)
{
	char wrong[200];

	for (size_t i = 0; i < s->mounts.n; i++)
		if (is_wrong_mount(c, &s->mounts.v[i], wrong, sizeof wrong)) {
			const char *path = arena_fmt(c->a, "%s/%zu/volumeMounts/%zu", list, index, i);

			return path ? object_wrong(object_at(c->spec, path), c->e, "%s.%s[%zu].volumeMounts[%zu].%s",
						   c->path, list, index, i, wrong) :
				      err_oom(c->e);
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
			return object_wrong(
				object_at(c->spec, path), c->e, "%s.%s[%zu].%s: %s", c->path, list, index, names[i],
				actions(&probes[i]->action) ? "Forbidden: may not specify more than 1 handler type" :
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
		return object_wrong(object_at(c->spec, path), c->e, "%s.%s[%zu].name: Invalid value: \"%.60s\": %s",
				    c->path, list, index, name, bad);
	return 0;
}

static int duplicate(const struct checking *c, const char *list, size_t index, const char *name)
{
	const char *path = arena_fmt(c->a, "%s/%zu/name", list, index);

	return path ? object_wrong(object_at(c->spec, path), c->e, "%s.%s[%zu].name: Duplicate value: \"%.60s\"",
				   c->path, list, index, name) :
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
	return bad ? object_wrong(object_at(c->spec, path), c->e, "%s.%s: Invalid value: \"%.60s\": %s", c->path, field,
				  value, bad) :
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
			r = object_wrong(
				object_at(c->spec, path), c->e,
				"%s.%s[%zu].ports[%zu].hostPort: Invalid value: %lld: must match `containerPort` "
				"when `hostNetwork` is true",
				c->path, list, index, i, (long long)p->host_port);
	}
	return r;
}

#define RULES_MOST 20
#define EXIT_CODES_MOST 255

/* bad: what is wrong with a field of it; NULL: nothing */
static int refuse_rule(const struct checking *c, const char *list, size_t index, const char *field, const char *bad)
{
	const char *path = arena_fmt(c->a, "%s/%zu/restartPolicyRules", list, index);

	if (!path)
		return err_oom(c->e);
	return object_wrong(object_at(c->spec, path), c->e, "%s.%s[%zu].%s: %s", c->path, list, index, field, bad);
}

/* Every rule that it has. */
static bool restarts_all(const struct container_spec *s)
{
	for (size_t i = 0; i < s->restart_rules.n; i++)
		if (exit_action_of(sv_from(s->restart_rules.v[i].action)) != EXIT_RESTART_ALL)
			return false;
	return true;
}

static int check_rules(const struct checking *c, const char *list, size_t index, const struct container_spec *s)
{
	bool sidecar = s->restart_policy && strcmp(s->restart_policy, "Always") == 0 && container_is_init(c->pod, s);
	size_t n = s->restart_rules.n;
	int r = 0;

	if (n && !s->restart_policy)
		return refuse_rule(c, list, index, "restartPolicy",
				   "Required value: must specify restartPolicy when restart rules are used");
	if (sidecar && !restarts_all(s))
		return refuse_rule(
			c, list, index, "restartPolicyRules",
			"Forbidden: of an init container with restartPolicy Always only RestartAllContainers");
	if (n > RULES_MOST)
		return refuse_rule(c, list, index, "restartPolicyRules", "Too many: must have at most 20 items");
	for (size_t i = 0; r == 0 && i < n; i++) {
		const struct exit_codes *x = s->restart_rules.v[i].exit_codes;
		const char *field = arena_fmt(c->a, "restartPolicyRules[%zu].exitCodes%s", i, x ? ".values" : "");

		if (!field)
			return err_oom(c->e);
		if (!x)
			r = refuse_rule(c, list, index, field, "Required value: must be specified");
		else if (x->values.n > EXIT_CODES_MOST)
			r = refuse_rule(c, list, index, field, "Too many: must have at most 255 items");
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
		return object_wrong(
			object_at(c->spec, "dnsConfig"), c->e,
			"%s.dnsConfig.nameservers: Required value: must provide at least one DNS nameserver when "
			"`dnsPolicy` is None",
			c->path);
	if (d->nameservers.n > SERVERS_MOST || d->searches.n > SEARCHES_MOST)
		return object_wrong(object_at(c->spec, "dnsConfig"), c->e,
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

/* A namespace of the host's belongs to the host's users. */
static int check_users(const struct checking *c)
{
	const struct pod_spec *p = c->pod;
	const struct {
		const char *field;
		int64_t host;
	} others[] = { { "hostNetwork", p->host_network }, { "hostPID", p->host_pid }, { "hostIPC", p->host_ipc } };

	for (size_t i = 0; p->host_users == 0 && i < ARRAY_LEN(others); i++)
		if (others[i].host == 1)
			return object_wrong(object_at(c->spec, others[i].field), c->e,
					    "%s.%s: Forbidden: when `hostUsers` is false", c->path, others[i].field);
	return 0;
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
		if (r == 0)
			r = check_rules(c, list, i, &l->v[i]);
	}
	return r;
}

static int sources(const struct volume_spec_kube *v)
{
	return !!v->empty_dir + !!v->host_path + !!v->config_map + !!v->secret + !!v->downward + !!v->projected;
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
			r = object_wrong(object_at(c->spec, path), c->e, "%s.volumes[%zu]: %s", c->path, i,
					 sources(v) ? "Forbidden: may not specify more than 1 volume type" :
						      "Required value: must specify a volume type (emptyDir, hostPath, "
						      "configMap, secret, downwardAPI, projected)");
	}
	return r;
}

int object_check_pod(const struct node *n, const char *path, struct pod_spec *p, struct arena *a, struct err *e)
{
	struct checking c = { n, path, p, a, e };
	int r;

	if (p->containers.n == 0)
		return object_wrong(object_at(n, "containers"), e, "%s.containers: Required value", path);
	if (p->containers.n > LIMIT_KUBE_CONTAINERS || p->inits.n > LIMIT_KUBE_CONTAINERS ||
	    p->volumes.n > LIMIT_KUBE_CONTAINERS)
		return object_wrong(n, e, "%s: more than %d containers, init containers or volumes", path,
			     LIMIT_KUBE_CONTAINERS);
	r = check_volumes(&c);
	if (r == 0)
		r = check_containers(&c, "containers", &p->containers);
	if (r == 0)
		r = check_containers(&c, "initContainers", &p->inits);
	if (r == 0)
		r = check_users(&c);
	return r == 0 ? check_names(&c) : r;
}
