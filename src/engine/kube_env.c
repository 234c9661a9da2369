/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/kube_env.h"

#include "base/base64.h"
#include "base/limits.h"
#include "base/scope.h"
#include "engine/kube_network.h"
#include "oci/list.h"

#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

/* ---- config maps and secrets -------------------------------------------------------------------------------- */

const struct object *kube_source_find(const struct kube_build *b, enum object_kind kind, const char *name)
{
	for (size_t i = 0; i < b->sources->n; i++) {
		const struct object *o = &b->sources->v[i];

		if (o->kind == kind && strcmp(o->meta.name, name) == 0 &&
		    strcmp(o->meta.namespace, b->p->pod.namespace) == 0)
			return o;
	}
	return NULL;
}

static const char *value_in(const struct oci_pairs *l, const char *key)
{
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->v[i].key, key) == 0)
			return l->v[i].value;
	return NULL;
}

int kube_source_value(const struct kube_build *b, const struct object *o, const char *key, struct sv *ret)
{
	const char *text = value_in(&o->data, key), *coded = value_in(&o->binary, key);
	int r;

	if (text) {
		*ret = sv_from(text);
		return 0;
	}
	if (!coded)
		return err_set(b->e, ENOENT, "couldn't find key %s in %s %s/%s", key, object_kind_name(o->kind),
			       o->meta.namespace, o->meta.name);
	r = base64_decode(sv_from(coded), b->a, ret, b->e);
	return r < 0 ? err_wrap(b->e, r, "%s %s, key %s", object_kind_name(o->kind), o->meta.name, key) : 0;
}

/* ---- environment -------------------------------------------------------------------------------------------- */

struct environment {
	const struct kube_build *b;
	struct oci_pairs vars;
};

static const char *variable(const struct oci_pairs *vars, struct sv name)
{
	for (size_t i = 0; i < vars->n; i++)
		if (sv_is(name, vars->v[i].key))
			return vars->v[i].value;
	return NULL;
}

const char *kube_env_expand(const struct kube_build *b, const struct oci_pairs *vars, const char *text, bool *ret_known)
{
	scoped_buf out = BUF(LIMIT_ENV_FILE);

	for (const char *p = text; *p; p++) {
		const char *end = p[0] == '$' && p[1] == '(' ? strchr(p, ')') : NULL;
		const char *value = end ? variable(vars, (struct sv){ p + 2, (size_t)(end - p) - 2 }) : NULL;

		if (ret_known && end && !value)
			*ret_known = false;
		if (value) {
			(void)buf_puts(&out, value);
			p = end;
		} else {
			(void)buf_put(&out, p, 1);
			p += p[0] == '$' && p[1] == '$';
		}
	}
	return buf_status(&out, NULL) < 0 ? NULL : arena_sv(b->a, buf_sv(&out));
}

static int set(struct environment *env, const char *name, const char *value)
{
	return pairs_set(env->b->a, &env->vars, name, value) < 0 ? err_oom(env->b->e) : 0;
}

static int missing(const struct kube_build *b, enum object_kind kind, const struct key_selector *s)
{
	return s->optional == 1 ? 0 :
				  err_set(b->e, ENOENT, "%s \"%s\" not found",
					  kind == OBJECT_SECRET ? "secret" : "configmap", s->name);
}

static int set_from_key(struct environment *env, const char *name, enum object_kind kind, const struct key_selector *s)
{
	const struct object *o = kube_source_find(env->b, kind, s->name);
	struct sv value;
	char *text;
	int r;

	if (!o)
		return missing(env->b, kind, s);
	r = kube_source_value(env->b, o, s->key, &value);
	if (r < 0)
		return r == -ENOENT && s->optional == 1 ? 0 : r;
	text = arena_sv(env->b->a, value);
	return text ? set(env, name, text) :
		      err_set(env->b->e, EINVAL, "%s: the value has a NUL byte, or there is no memory", name);
}

static const char *node_name(const struct kube_build *b)
{
	struct utsname u;

	return uname(&u) == 0 ? arena_str(b->a, u.nodename) : NULL;
}

/* "app" of metadata.labels['app'] */
static const char *value_by_key(const struct oci_pairs *l, struct sv path, const char *prefix)
{
	struct sv key = { path.p + strlen(prefix), path.n - strlen(prefix) };

	if (!sv_has_prefix(path, prefix) || !sv_has_suffix(path, "']"))
		return NULL;
	key.n -= 2;
	for (size_t i = 0; i < l->n; i++)
		if (sv_is(key, l->v[i].key))
			return l->v[i].value;
	return ""; /* Kubernetes' answer too */
}

/* Not known before the container that has it is made: that one is told afterwards (kube_sandbox.c). */
static const char *pod_address(const struct kube_build *b)
{
	b->shared->asked |= !b->shared->ip;
	return b->shared->ip ? b->shared->ip : "";
}

static const char *pod_addresses(const struct kube_build *b)
{
	b->shared->asked |= !b->shared->ips;
	return b->shared->ips ? b->shared->ips : "";
}

static const char *host_address(const struct kube_build *b)
{
	return kube_host_address(b->a);
}

static const struct {
	const char *path;
	const char *(*find)(const struct kube_build *b); /* NULL: out of memory */
} found[] = {
	{ "spec.nodeName", node_name },	    { "status.podIP", pod_address },    { "status.podIPs", pod_addresses },
	{ "status.hostIP", host_address },  { "status.hostIPs", host_address },
};

static const char *find_field(const struct kube_build *b, const char *path)
{
	const struct object_meta *meta = &b->p->object.meta;
	const struct kube_pod *p = &b->p->pod;
	const struct {
		const char *path, *value;
	} fields[] = {
		{ "metadata.name", p->name },	 { "metadata.namespace", p->namespace },
		{ "metadata.uid", p->uid },	 { "spec.serviceAccountName", "default" },
	};
	const char *value = value_by_key(&meta->labels, sv_from(path), "metadata.labels['");

	if (!value)
		value = value_by_key(&meta->annotations, sv_from(path), "metadata.annotations['");
	for (size_t i = 0; !value && i < ARRAY_LEN(fields); i++)
		if (strcmp(path, fields[i].path) == 0)
			value = fields[i].value;
	return value;
}

static int set_from_field(struct environment *env, const char *name, const char *path)
{
	const struct kube_build *b = env->b;
	const char *value = find_field(b, path);

	for (size_t i = 0; !value && i < ARRAY_LEN(found); i++)
		if (strcmp(path, found[i].path) == 0 && !(value = found[i].find(b)))
			return err_oom(b->e);
	return value ? set(env, name, value) :
		       err_set(b->e, ENOTSUP,
			       "env %s: fieldPath %.60s is not supported (metadata.name, metadata.namespace, "
			       "metadata.uid, metadata.labels['KEY'], metadata.annotations['KEY'], spec.nodeName, "
			       "spec.serviceAccountName, status.podIP, status.hostIP)",
			       name, path);
}

/* As Go's %q has them. */
static void put_quoted(struct buf *out, const char *text)
{
	static const char plain[] = "\a\b\f\n\r\t\v\\\"", letters[] = "abfnrtv\\\"";

	buf_puts(out, "\"");
	for (; *text; text++) {
		const char *special = strchr(plain, *text);

		if (special)
			buf_putf(out, "\\%c", letters[special - plain]);
		else if ((unsigned char)*text < ' ' || *text == 0x7f)
			buf_putf(out, "\\x%02x", (unsigned char)*text);
		else
			buf_put(out, text, 1);
	}
	buf_puts(out, "\"");
}

static int compare_keys(const void *x, const void *y)
{
	return strcmp(((const struct oci_pair *)x)->key, ((const struct oci_pair *)y)->key);
}

/* A line of each, sorted: as the files of a downwardAPI have them. */
static const char *print_pairs(const struct kube_build *b, const struct oci_pairs *l)
{
	scoped_buf out = BUF(LIMIT_KUBE_MANIFEST);
	struct oci_pair *v = arena_array(b->a, l->n + 1, sizeof *v);

	if (!v)
		return NULL;
	if (l->n)
		memcpy(v, l->v, l->n * sizeof *v);
	qsort(v, l->n, sizeof *v, compare_keys);
	for (size_t i = 0; i < l->n; i++) {
		buf_putf(&out, "%s%s=", i ? "\n" : "", v[i].key);
		put_quoted(&out, v[i].value);
	}
	return buf_status(&out, NULL) < 0 ? NULL : arena_sv(b->a, buf_sv(&out));
}

int kube_field_read(const struct kube_build *b, const char *path, const char **ret, struct err *e)
{
	const struct object_meta *meta = &b->p->object.meta;
	bool labels = strcmp(path, "metadata.labels") == 0;

	if (labels || strcmp(path, "metadata.annotations") == 0) {
		*ret = print_pairs(b, labels ? &meta->labels : &meta->annotations);
		return *ret ? 0 : err_oom(e);
	}
	*ret = find_field(b, path);
	return *ret ? 0 :
		      err_set(e, ENOTSUP,
			      "fieldPath %.60s is not supported (metadata.name, metadata.namespace, metadata.uid, "
			      "metadata.labels, metadata.annotations, and ['KEY'] of those)",
			      path);
}

static const struct kube_container *named(const struct kube_container *v, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(v[i].name, name) == 0)
			return &v[i];
	return NULL;
}

static const struct kube_container *container_named(const struct kube_pod *p, const char *name)
{
	const struct kube_container *k = named(p->containers, p->n_containers, name);

	return k ? k : named(p->inits, p->n_inits, name);
}

int kube_amount_read(const struct kube_build *b, const char *own, const struct amount_ref *f, const char **ret,
		     struct err *e)
{
	const char *whose = f->container ? f->container : own;
	const struct kube_container *k = whose ? container_named(&b->p->pod, whose) : NULL;
	bool limit = sv_has_prefix(sv_from(f->resource), "limits.");
	const char *what = strchr(f->resource, '.') + 1;
	bool cpu = strcmp(what, "cpu") == 0;
	int64_t n, unit = !f->has_divisor ? (cpu ? 1000 : 1) :
			  cpu             ? quantity_milli(&f->divisor) :
					    quantity_value(&f->divisor);
	const struct resource_list *l = k ? (limit ? &k->resources.limits : &k->resources.requests) : NULL;

	if (!k)
		return err_set(e, ENOENT, "container %.60s not found", whose ? whose : "");
	if (limit && !resource_find(l, what))
		l = &b->site->node.allocatable;
	n = cpu ? resource_milli(l, what) : resource_value(l, what);
	if (unit <= 0)
		unit = cpu ? 1000 : 1;
	n = n / unit + (n % unit > 0);
	*ret = arena_fmt(b->a, "%lld", (long long)n);
	return *ret ? 0 : err_oom(e);
}

static int set_from_amount(struct environment *env, const char *name, const char *own, const struct amount_ref *f)
{
	const char *text;
	int r = kube_amount_read(env->b, own, f, &text, env->b->e);

	return r < 0 ? err_wrap(env->b->e, r, "env %s", name) : set(env, name, text);
}

static int set_all(struct environment *env, const struct env_from *f, enum object_kind kind,
		   const struct key_selector *s)
{
	const struct object *o = s ? kube_source_find(env->b, kind, s->name) : NULL;
	int r = s && !o ? missing(env->b, kind, s) : 0;

	for (int side = 0; o && side < 2; side++) {
		const struct oci_pairs *l = side ? &o->data : &o->binary;

		for (size_t i = 0; r == 0 && i < l->n; i++) {
			struct key_selector one = { s->name, l->v[i].key, FIELD_UNSET };
			const char *name = arena_fmt(env->b->a, "%s%s", f->prefix ? f->prefix : "", l->v[i].key);

			r = name ? set_from_key(env, name, kind, &one) : err_oom(env->b->e);
		}
	}
	return r;
}

static int set_one(struct environment *env, const char *container, const struct env_var *v)
{
	const char *value;

	if (v->from && v->from->config_map)
		return set_from_key(env, v->name, OBJECT_CONFIG_MAP, v->from->config_map);
	if (v->from && v->from->secret)
		return set_from_key(env, v->name, OBJECT_SECRET, v->from->secret);
	if (v->from && v->from->field)
		return set_from_field(env, v->name, v->from->field->path);
	if (v->from && v->from->amount)
		return set_from_amount(env, v->name, container, v->from->amount);
	value = kube_env_expand(env->b, &env->vars, v->value ? v->value : "", NULL);
	return value ? set(env, v->name, value) : err_oom(env->b->e);
}

int kube_env_read(const struct kube_build *b, const struct container_spec *s, struct oci_pairs *ret)
{
	struct environment env = { .b = b };
	int r = 0;

	for (size_t i = 0; r == 0 && i < s->env_from.n; i++) {
		r = set_all(&env, &s->env_from.v[i], OBJECT_CONFIG_MAP, s->env_from.v[i].config_map);
		if (r == 0)
			r = set_all(&env, &s->env_from.v[i], OBJECT_SECRET, s->env_from.v[i].secret);
	}
	for (size_t i = 0; r == 0 && i < s->env.n; i++)
		r = set_one(&env, s->name, &s->env.v[i]);
	if (r == 0)
		*ret = env.vars;
	return r;
}
