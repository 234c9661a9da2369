/* SPDX-License-Identifier: Apache-2.0 */
#include "kube/quota.h"

#include "base/scope.h"
#include "kube/validate.h"

#include <string.h>

static bool is(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

/* ---- a quota itself ----------------------------------------------------------------------------------------- */

static const char *const plain_scopes[] = { "Terminating", "NotTerminating", "BestEffort", "NotBestEffort",
					    "PriorityClass", "CrossNamespacePodAffinity", "VolumeAttributesClass" };

static bool counts_pods(const char *key)
{
	return is(key, "pods") || is(key, "count/pods");
}

/* Whole numbers only: counted objects and extended resources. */
static bool is_counted(const char *key)
{
	static const char *const keys[] = { "pods",	   "services",	     "secrets",
					    "configmaps",  "resourcequotas", "replicationcontrollers",
					    "persistentvolumeclaims", "services.nodeports", "services.loadbalancers" };

	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		if (is(key, keys[i]))
			return true;
	return strncmp(key, "count/", 6) == 0 || (strncmp(key, "requests.", 9) == 0 && resource_is_extended(key + 9));
}

static bool is_compute_key(const char *key)
{
	static const char *const keys[] = { "cpu", "memory", "limits.cpu", "limits.memory", "requests.cpu",
					    "requests.memory" };

	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		if (is(key, keys[i]))
			return true;
	return false;
}

static const char *scopes_text(const struct kube_quota *q, struct arena *a)
{
	const char *text = "[";

	for (size_t i = 0; text && i < q->n_scopes; i++)
		if (!q->scopes[i].op)
			text = arena_fmt(a, "%s%s\"%s\"", text, text[1] ? "," : "", q->scopes[i].scope);
	return text ? arena_fmt(a, "%s]", text) : NULL;
}

static bool has_scope(const struct kube_quota *q, const char *scope)
{
	for (size_t i = 0; i < q->n_scopes; i++)
		if (is(q->scopes[i].scope, scope))
			return true;
	return false;
}

static bool is_known_scope(const char *scope)
{
	for (size_t i = 0; i < ARRAY_LEN(plain_scopes); i++)
		if (is(scope, plain_scopes[i]))
			return true;
	return false;
}

static void check_scopes(struct complaints *c, const struct kube_quota *q)
{
	const char *all = scopes_text(q, c->a);

	if (!all) {
		c->failed = true;
		return;
	}
	for (size_t i = 0; i < q->n_scopes; i++) {
		const char *scope = q->scopes[i].scope;

		if (!is_known_scope(scope))
			complain(c, "spec.scopes: Invalid value: %s: unsupported scope", all);
		for (size_t k = 0; k < q->hard.n; k++)
			if (is(scope, "BestEffort") && !counts_pods(q->hard.v[k].name) &&
			    !strchr(q->hard.v[k].name, '/'))
				complain(c, "spec.scopes: Invalid value: %s: unsupported scope applied to resource",
					 all);
	}
	if ((has_scope(q, "BestEffort") && has_scope(q, "NotBestEffort")) ||
	    (has_scope(q, "Terminating") && has_scope(q, "NotTerminating")))
		complain(c, "spec.scopes: Invalid value: %s: conflicting scopes", all);
}

int quota_validate(const struct kube_quota *q, struct arena *a, struct err *e)
{
	struct complaints c = { .a = a };

	for (size_t i = 0; i < q->hard.n; i++) {
		const struct resource *r = &q->hard.v[i];
		char text[QUANTITY_TEXT];

		(void)quantity_print(&r->amount, text);
		if (quantity_sign(&r->amount) < 0)
			complain(&c, "spec.hard[%s]: Invalid value: \"%s\": must be greater than or equal to 0",
				 r->name, text);
		if (is_counted(r->name) && !quantity_is_integer(&r->amount))
			complain(&c, "spec.hard[%s]: Invalid value: \"%s\": must be an integer", r->name, text);
	}
	check_scopes(&c, q);
	return complaints_end(&c, EINVAL, e, "ResourceQuota \"%s\" is invalid", q->name);
}

/* ---- which pods --------------------------------------------------------------------------------------------- */

static bool selects(const struct quota_scope *s, const char *class)
{
	bool found = false;

	for (size_t i = 0; i < s->n_values; i++)
		found |= class && is(s->values[i], class);
	if (!s->op || is(s->op, "Exists"))
		return class && *class;
	if (is(s->op, "DoesNotExist"))
		return !class || !*class;
	return is(s->op, "In") ? found : !found;
}

static bool in_scope(const struct quota_scope *s, const struct kube_pod *p)
{
	if (is(s->scope, "Terminating"))
		return p->has_deadline;
	if (is(s->scope, "NotTerminating"))
		return !p->has_deadline;
	if (is(s->scope, "BestEffort"))
		return pod_qos(p) == QOS_BEST_EFFORT;
	if (is(s->scope, "NotBestEffort"))
		return pod_qos(p) != QOS_BEST_EFFORT;
	return is(s->scope, "PriorityClass") && selects(s, p->priority_class);
}

bool quota_counts(const struct kube_quota *q, const struct kube_pod *p)
{
	for (size_t i = 0; i < q->n_scopes; i++)
		if (!in_scope(&q->scopes[i], p))
			return false;
	return true;
}

/* ---- what is used ------------------------------------------------------------------------------------------- */

static int use_requests(const struct resource_list *requests, struct arena *a, struct resource_list *l)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < requests->n; i++) {
		const char *name = requests->v[i].name, *key = arena_fmt(a, "requests.%s", name);

		r = key ? resource_set(a, l, key, &requests->v[i].amount) : -ENOMEM;
		if (r == 0 && !resource_is_extended(name)) /* "cpu" is short for "requests.cpu" */
			r = resource_set(a, l, name, &requests->v[i].amount);
	}
	return r;
}

int pod_usage(const struct kube_pod *p, struct arena *a, struct resource_list *ret)
{
	static const struct quantity one = { .magnitude = 1 };
	struct resource_list requests, limits, l = { 0 };
	int r = resource_set(a, &l, "count/pods", &one);

	if (r == 0 && !p->ended)
		r = resource_set(a, &l, "pods", &one);
	if (r == 0 && !p->ended)
		r = pod_requests(p, a, &requests);
	if (r == 0 && !p->ended)
		r = use_requests(&requests, a, &l);
	if (r == 0 && !p->ended)
		r = pod_limits(p, a, &limits);
	for (size_t i = 0; r == 0 && !p->ended && i < limits.n; i++) {
		const char *key = arena_fmt(a, "limits.%s", limits.v[i].name);

		r = key ? resource_set(a, &l, key, &limits.v[i].amount) : -ENOMEM;
	}
	if (r == 0)
		*ret = l;
	return r;
}

int quota_charge(const struct kube_quota *q, const struct kube_pod *p, struct arena *a, struct resource_list *used)
{
	struct resource_list usage;
	int r = quota_counts(q, p) ? pod_usage(p, a, &usage) : 0;

	for (size_t i = 0; r == 0 && quota_counts(q, p) && i < q->hard.n; i++) {
		const struct quantity *more = resource_find(&usage, q->hard.v[i].name);
		struct resource one = { q->hard.v[i].name, more ? *more : (struct quantity){ 0 } };

		if (more)
			r = resource_add(a, used, &(struct resource_list){ &one, 1 });
	}
	return r;
}

/* ---- what must be stated ------------------------------------------------------------------------------------ */

static bool states(const struct resources *r, const char *key)
{
	if (strncmp(key, "limits.", 7) == 0)
		return resource_find(&r->limits, key + 7);
	return resource_find(&r->requests, strncmp(key, "requests.", 9) == 0 ? key + 9 : key);
}

static const char *silent_ones(const struct kube_container *v, size_t n, const char *key, const char *names,
			       struct arena *a)
{
	for (size_t i = 0; names && i < n; i++)
		if (!states(&v[i].resources, key))
			names = arena_fmt(a, "%s%s%s", names, *names ? "," : "", v[i].name);
	return names;
}

/* With resources of the pod nothing has to be stated below it. */
static int check_stated(const struct kube_quota *q, const struct kube_pod *p, struct arena *a, struct err *e)
{
	const char *all = "";

	for (size_t i = 0; !p->has_resources && all && i < q->hard.n; i++) {
		const char *key = q->hard.v[i].name, *names = "";

		if (!is_compute_key(key))
			continue;
		names = silent_ones(p->containers, p->n_containers, key, names, a);
		if (names)
			names = silent_ones(p->inits, p->n_inits, key, names, a);
		if (!names)
			return err_oom(e);
		if (*names)
			all = arena_fmt(a, "%s%s%s for: %s", all, *all ? "; " : "", key, names);
	}
	if (!all)
		return err_oom(e);
	return *all ? err_set(e, EACCES, "pods \"%s\" is forbidden: failed quota: %s: must specify %s", p->name,
			      q->name, all) :
		      0;
}

/* ---- what fits ---------------------------------------------------------------------------------------------- */

struct excess {
	const char *requested, *used, *limited;
};

static bool note(struct arena *a, const char **text, const char *key, const struct quantity *q)
{
	char amount[QUANTITY_TEXT];

	*text = arena_fmt(a, "%s%s%s=%s", *text, **text ? "," : "", key, quantity_print(q, amount));
	return *text;
}

int quota_admit(const struct kube_quota *q, const struct resource_list *used, const struct kube_pod *p, struct arena *a,
		struct err *e)
{
	static const struct quantity none;
	struct excess x = { "", "", "" };
	struct resource_list usage;
	int r = quota_counts(q, p) ? check_stated(q, p, a, e) : 0;

	if (r < 0 || !quota_counts(q, p))
		return r;
	if (pod_usage(p, a, &usage) < 0)
		return err_oom(e);
	for (size_t i = 0; i < q->hard.n; i++) {
		const char *key = q->hard.v[i].name;
		const struct quantity *more = resource_find(&usage, key), *before = resource_find(used, key);
		struct quantity sum;

		if (!more || quantity_sign(more) <= 0)
			continue;
		sum = quantity_add(before ? before : &none, more);
		if (quantity_compare(&sum, &q->hard.v[i].amount) <= 0)
			continue;
		if (!note(a, &x.requested, key, more) || !note(a, &x.used, key, before ? before : &none) ||
		    !note(a, &x.limited, key, &q->hard.v[i].amount))
			return err_oom(e);
	}
	return *x.requested ?
		       err_set(e, EACCES,
			       "pods \"%s\" is forbidden: exceeded quota: %s, requested: %s, used: %s, limited: %s",
			       p->name, q->name, x.requested, x.used, x.limited) :
		       0;
}
