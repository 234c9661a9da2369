/* SPDX-License-Identifier: Apache-2.0 */
#include "kube/validate.h"

#include "base/scope.h"

#include <string.h>

bool resource_is_extended(const char *name)
{
	return strchr(name, '/') && !strstr(name, "kubernetes.io/") && strncmp(name, "requests.", 9) != 0;
}

static bool may_overcommit(const char *name)
{
	return !resource_is_extended(name) && !resource_hugepages(name);
}

static bool is_compute(const char *name)
{
	return strcmp(name, "cpu") == 0 || strcmp(name, "memory") == 0;
}

/* ---- names and amounts -------------------------------------------------------------------------------------- */

static void check_name(struct complaints *c, const char *path, const char *name, bool pod_level)
{
	static const char *const others[] = { "pods", "services", "storage", "secrets", "configmaps", "resourcequotas",
					      "replicationcontrollers", "persistentvolumeclaims" };
	bool standard = is_compute(name) || strncmp(name, "hugepages-", 10) == 0 ||
			(!pod_level && strcmp(name, "ephemeral-storage") == 0), known = standard;

	if (strchr(name, '/') && !pod_level)
		return;
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		known |= strcmp(name, others[i]) == 0;
	known |= strcmp(name, "ephemeral-storage") == 0 || strchr(name, '/');
	if (!known)
		complain(c, "%s[%s]: Invalid value: \"%s\": must be a standard resource type or fully qualified", path,
			 name, name);
	if (!standard && !pod_level)
		complain(c, "%s[%s]: Invalid value: \"%s\": must be a standard resource for containers", path, name,
			 name);
	else if (!standard)
		complain(c, "%s[%s]: Unsupported value: \"%s\": supported values: \"cpu\", \"hugepages-\", \"memory\"",
			 path, name, name);
}

static void check_amount(struct complaints *c, const char *path, const struct resource *r)
{
	int64_t page = resource_hugepages(r->name);
	char text[QUANTITY_TEXT];

	(void)quantity_print(&r->amount, text);
	if (quantity_sign(&r->amount) < 0)
		complain(c, "%s[%s]: Invalid value: \"%s\": must be greater than or equal to 0", path, r->name, text);
	if (resource_is_extended(r->name) && !quantity_is_integer(&r->amount))
		complain(c, "%s[%s]: Invalid value: \"%s\": must be an integer", path, r->name, text);
	if (page && quantity_value(&r->amount) % page != 0)
		complain(c, "%s[%s]: Invalid value: \"%s\": %s is not positive integer multiple of %s", path, r->name,
			 text, text, r->name);
}

static void check_pair(struct complaints *c, const char *path, const struct resources *r,
		       const struct resource *request)
{
	const struct quantity *limit = resource_find(&r->limits, request->name);
	char text[QUANTITY_TEXT], most[QUANTITY_TEXT];
	int order = limit ? quantity_compare(&request->amount, limit) : 0;

	if (!limit && !may_overcommit(request->name))
		complain(c, "%s.limits: Required value: Limit must be set for non overcommitable resources", path);
	if (!limit || order == 0)
		return;
	(void)quantity_print(&request->amount, text);
	(void)quantity_print(limit, most);
	if (!may_overcommit(request->name))
		complain(c, "%s.requests: Invalid value: \"%s\": must be equal to %s limit of %s", path, text,
			 request->name, most);
	else if (order > 0)
		complain(c, "%s.requests: Invalid value: \"%s\": must be less than or equal to %s limit of %s", path,
			 text, request->name, most);
}

static bool any(const struct resources *r, bool (*is)(const char *name))
{
	for (size_t i = 0; i < r->limits.n; i++)
		if (is(r->limits.v[i].name))
			return true;
	for (size_t i = 0; i < r->requests.n; i++)
		if (is(r->requests.v[i].name))
			return true;
	return false;
}

static bool is_hugepages(const char *name)
{
	return strncmp(name, "hugepages-", 10) == 0;
}

static void check_resources(struct complaints *c, const char *path, const struct resources *r, bool pod_level)
{
	const char *limits = arena_fmt(c->a, "%s.limits", path), *requests = arena_fmt(c->a, "%s.requests", path);

	if (!limits || !requests) {
		c->failed = true;
		return;
	}
	for (size_t i = 0; i < r->limits.n; i++) {
		check_name(c, limits, r->limits.v[i].name, pod_level);
		check_amount(c, limits, &r->limits.v[i]);
	}
	for (size_t i = 0; i < r->requests.n; i++) {
		check_name(c, requests, r->requests.v[i].name, pod_level);
		check_amount(c, requests, &r->requests.v[i]);
		check_pair(c, path, r, &r->requests.v[i]);
	}
	if (any(r, is_hugepages) && !any(r, is_compute))
		complain(c, "%s: Forbidden: HugePages require cpu or memory", path);
}

/* ---- the pod level ------------------------------------------------------------------------------------------ */

static int check_sum(struct complaints *c, const struct kube_pod *p)
{
	struct resource_list sum;
	int r = pod_containers_requests(p, c->a, &sum);

	for (size_t i = 0; r == 0 && i < sum.n; i++) {
		const struct quantity *own = resource_find(&p->resources.requests, sum.v[i].name);
		char text[QUANTITY_TEXT], least[QUANTITY_TEXT];

		if (own && quantity_compare(own, &sum.v[i].amount) < 0)
			complain(c,
				 "spec.resources.requests[%s]: Invalid value: \"%s\": must be greater than or equal to "
				 "aggregate container requests of %s",
				 sum.v[i].name, quantity_print(own, text), quantity_print(&sum.v[i].amount, least));
	}
	return r;
}

static void check_below(struct complaints *c, const struct kube_pod *p, const char *list,
			const struct kube_container *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < v[i].resources.limits.n; k++) {
			const struct resource *own = &v[i].resources.limits.v[k];
			const struct quantity *most = resource_find(&p->resources.limits, own->name);
			char text[QUANTITY_TEXT], limit[QUANTITY_TEXT];

			if (most && quantity_compare(&own->amount, most) > 0)
				complain(
					c,
					"spec.resources.%s[%zu][%s].limits: Invalid value: \"%s\": must be less than or "
					"equal to pod limits of %s",
					list, i, own->name, quantity_print(&own->amount, text),
					quantity_print(most, limit));
		}
}

static void check_each(struct complaints *c, const char *list, const struct kube_container *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const char *path = arena_fmt(c->a, "spec.%s[%zu].resources", list, i);

		if (path)
			check_resources(c, path, &v[i].resources, false);
		else
			c->failed = true;
	}
}

int pod_validate(const struct kube_pod *p, struct arena *a, struct err *e)
{
	struct complaints c = { .a = a };

	check_each(&c, "containers", p->containers, p->n_containers);
	check_each(&c, "initContainers", p->inits, p->n_inits);
	if (p->has_resources) {
		check_resources(&c, "spec.resources", &p->resources, true);
		if (check_sum(&c, p) < 0)
			return err_oom(e);
		check_below(&c, p, "containers", p->containers, p->n_containers);
		check_below(&c, p, "initContainers", p->inits, p->n_inits);
	}
	for (size_t i = 0; i < p->overhead.n; i++)
		check_amount(&c, "spec.overhead", &p->overhead.v[i]);
	return complaints_end(&c, EINVAL, e, "Pod \"%s\" is invalid", p->name);
}
