/* SPDX-License-Identifier: Apache-2.0 */
#include "kube/limit_range.h"

#include "base/scope.h"

#include <string.h>

static bool is_type(const struct limit_item *i, const char *type)
{
	return strcmp(i->type, type) == 0;
}

/* ---- the items themselves ----------------------------------------------------------------------------------- */

static int fill_missing(struct arena *a, struct resource_list *to, const struct resource_list *from)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < from->n; i++)
		if (!resource_find(to, from->v[i].name))
			r = resource_set(a, to, from->v[i].name, &from->v[i].amount);
	return r;
}

int limit_range_defaults(struct limit_range *l, struct arena *a)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < l->n; i++) {
		struct limit_item *item = &l->v[i];

		if (!is_type(item, "Container"))
			continue;
		r = fill_missing(a, &item->standard, &item->max);
		if (r == 0)
			r = fill_missing(a, &item->standard_request, &item->standard);
		if (r == 0)
			r = fill_missing(a, &item->standard_request, &item->min);
	}
	return r;
}

/* Two of an item's lists, of which the first may nowhere be more than the second. */
struct order {
	size_t low, high; /* offsets of the lists */
	const char *field, *low_name, *high_name;
	bool shows_low; /* the value that is said to be wrong */
};

static const struct order orders[] = {
#define L(name) offsetof(struct limit_item, name)
	{ L(min), L(max), "min", "min", "max", true },
	{ L(min), L(standard_request), "defaultRequest", "min", "default request", false },
	{ L(standard_request), L(max), "defaultRequest", "default request", "max", true },
	{ L(standard_request), L(standard), "defaultRequest", "default request", "default limit", true },
	{ L(min), L(standard), "default", "min", "default", true },
	{ L(standard), L(max), "default", "default", "max", false },
#undef L
};

static const struct resource_list *list_at(const struct limit_item *i, size_t offset)
{
	return (const struct resource_list *)(const void *)((const char *)i + offset);
}

static void check_order(struct complaints *c, size_t index, const struct limit_item *item, const struct order *o)
{
	const struct resource_list *low = list_at(item, o->low);

	for (size_t i = 0; i < low->n; i++) {
		const struct quantity *high = resource_find(list_at(item, o->high), low->v[i].name);
		char a[QUANTITY_TEXT], b[QUANTITY_TEXT];

		if (!high || quantity_compare(&low->v[i].amount, high) <= 0)
			continue;
		(void)quantity_print(&low->v[i].amount, a);
		(void)quantity_print(high, b);
		complain(c, "spec.limits[%zu].%s[%s]: Invalid value: \"%s\": %s value %s is greater than %s value %s",
			 index, o->field, low->v[i].name, o->shows_low ? a : b, o->low_name, a, o->high_name, b);
	}
}

static void check_ratio(struct complaints *c, size_t index, const struct limit_item *item)
{
	static const struct quantity one = { .magnitude = 1 };

	for (size_t i = 0; i < item->ratio.n; i++) {
		const struct resource *r = &item->ratio.v[i];
		const struct quantity *min = resource_find(&item->min, r->name),
				      *max = resource_find(&item->max, r->name);
		double most = min && max && quantity_value(min) ?
				      (double)quantity_milli(max) / (double)quantity_milli(min) :
				      0;
		char text[QUANTITY_TEXT];

		(void)quantity_print(&r->amount, text);
		if (quantity_compare(&r->amount, &one) < 0)
			complain(
				c,
				"spec.limits[%zu].maxLimitRequestRatio[%s]: Invalid value: \"%s\": ratio %s is less than 1",
				index, r->name, text, text);
		if (most > 0 && (double)quantity_milli(&r->amount) / 1000 > most)
			complain(
				c,
				"spec.limits[%zu].maxLimitRequestRatio[%s]: Invalid value: \"%s\": ratio %s is greater "
				"than max/min = %f",
				index, r->name, text, text, most);
	}
}

static void check_item(struct complaints *c, const struct limit_range *l, size_t index)
{
	const struct limit_item *item = &l->v[index];

	if (!is_type(item, "Container") && !is_type(item, "Pod") && !is_type(item, "PersistentVolumeClaim"))
		complain(
			c,
			"spec.limits[%zu].type: Invalid value: \"%s\": must be a standard limit type or fully qualified",
			index, item->type);
	for (size_t i = 0; i < index; i++)
		if (strcmp(l->v[i].type, item->type) == 0)
			complain(c, "spec.limits[%zu].type: Duplicate value: \"%s\"", index, item->type);
	if (is_type(item, "Pod") && item->standard.n)
		complain(c, "spec.limits[%zu].default: Forbidden: may not be specified when `type` is 'Pod'", index);
	if (is_type(item, "Pod") && item->standard_request.n)
		complain(c, "spec.limits[%zu].defaultRequest: Forbidden: may not be specified when `type` is 'Pod'",
			 index);
	if (is_type(item, "PersistentVolumeClaim") && !resource_find(&item->min, "storage") &&
	    !resource_find(&item->max, "storage"))
		complain(
			c,
			"spec.limits[%zu].limits: Required value: either minimum or maximum storage value is required, "
			"but neither was provided",
			index);
	for (size_t i = 0; i < ARRAY_LEN(orders); i++)
		check_order(c, index, item, &orders[i]);
	check_ratio(c, index, item);
}

int limit_range_validate(const struct limit_range *l, struct arena *a, struct err *e)
{
	struct complaints c = { .a = a };

	for (size_t i = 0; i < l->n; i++)
		check_item(&c, l, i);
	return complaints_end(&c, EINVAL, e, "LimitRange \"%s\" is invalid", l->name);
}

/* ---- filling ------------------------------------------------------------------------------------------------ */

struct filling {
	struct arena *a;
	const char *note; /* NULL: nothing yet */
	bool failed;
};

/* What the list lacks; the note says which, for whom. */
static void fill(struct filling *f, struct resource_list *to, const struct resource_list *from, const char *what,
		 const char *kind, const char *name)
{
	const char *set = NULL;

	for (size_t i = 0; i < from->n && !f->failed; i++) {
		if (resource_find(to, from->v[i].name))
			continue;
		f->failed = resource_set(f->a, to, from->v[i].name, &from->v[i].amount) < 0;
		set = set ? arena_fmt(f->a, "%s, %s", set, from->v[i].name) : from->v[i].name;
		f->failed |= !set;
	}
	if (!set || f->failed)
		return;
	f->note = f->note ? arena_fmt(f->a, "%s; %s %s for %s %s", f->note, set, what, kind, name) :
			    arena_fmt(f->a, "LimitRanger plugin set: %s %s for %s %s", set, what, kind, name);
	f->failed = !f->note;
}

static void fill_all(struct filling *f, const struct limit_item *item, struct kube_container *v, size_t n,
		     const char *kind)
{
	for (size_t i = 0; i < n; i++) {
		fill(f, &v[i].resources.requests, &item->standard_request, "request", kind, v[i].name);
		fill(f, &v[i].resources.limits, &item->standard, "limit", kind, v[i].name);
	}
}

int limit_range_fill(const struct limit_range *l, size_t n, struct kube_pod *p, struct arena *a,
		     const char **annotation)
{
	struct filling f = { .a = a };

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < l[i].n; k++) {
			if (!is_type(&l[i].v[k], "Container"))
				continue;
			fill_all(&f, &l[i].v[k], p->containers, p->n_containers, "container");
			fill_all(&f, &l[i].v[k], p->inits, p->n_inits, "init container");
		}
	if (f.failed)
		return -ENOMEM;
	*annotation = f.note;
	return 0;
}

/* ---- admission ---------------------------------------------------------------------------------------------- */

static void check_min(struct complaints *c, const struct limit_item *item, const struct resources *r)
{
	for (size_t i = 0; i < item->min.n; i++) {
		const struct resource *least = &item->min.v[i];
		const struct quantity *request = resource_find(&r->requests, least->name);
		const struct quantity *limit = resource_find(&r->limits, least->name);
		char want[QUANTITY_TEXT], got[QUANTITY_TEXT];

		(void)quantity_print(&least->amount, want);
		if (!request)
			complain(c, "minimum %s usage per %s is %s.  No request is specified", least->name, item->type,
				 want);
		else if (quantity_compare(request, &least->amount) < 0)
			complain(c, "minimum %s usage per %s is %s, but request is %s", least->name, item->type, want,
				 quantity_print(request, got));
		else if (limit && quantity_compare(limit, &least->amount) < 0)
			complain(c, "minimum %s usage per %s is %s, but limit is %s", least->name, item->type, want,
				 quantity_print(limit, got));
	}
}

static void check_max(struct complaints *c, const struct limit_item *item, const struct resources *r)
{
	for (size_t i = 0; i < item->max.n; i++) {
		const struct resource *most = &item->max.v[i];
		const struct quantity *request = resource_find(&r->requests, most->name);
		const struct quantity *limit = resource_find(&r->limits, most->name);
		char want[QUANTITY_TEXT], got[QUANTITY_TEXT];

		(void)quantity_print(&most->amount, want);
		if (!limit)
			complain(c, "maximum %s usage per %s is %s.  No limit is specified", most->name, item->type,
				 want);
		else if (quantity_compare(limit, &most->amount) > 0)
			complain(c, "maximum %s usage per %s is %s, but limit is %s", most->name, item->type, want,
				 quantity_print(limit, got));
		else if (request && quantity_compare(request, &most->amount) > 0)
			complain(c, "maximum %s usage per %s is %s, but request is %s", most->name, item->type, want,
				 quantity_print(request, got));
	}
}

static void admit_ratio(struct complaints *c, const struct limit_item *item, const struct resources *r)
{
	for (size_t i = 0; i < item->ratio.n; i++) {
		const struct resource *most = &item->ratio.v[i];
		int64_t request = resource_milli(&r->requests, most->name),
			limit = resource_milli(&r->limits, most->name);
		double ratio = request > 0 ? (double)limit / (double)request : 0;
		char want[QUANTITY_TEXT];

		(void)quantity_print(&most->amount, want);
		if (request <= 0 || limit <= 0)
			complain(c, "%s max limit to request ratio per %s is %s, but no %s is specified or %s is 0",
				 most->name, item->type, want, request <= 0 ? "request" : "limit",
				 request <= 0 ? "request" : "limit");
		else if (ratio * 1000 > (double)quantity_milli(&most->amount))
			complain(c, "%s max limit to request ratio per %s is %s, but provided ratio is %f", most->name,
				 item->type, want, ratio);
	}
}

static void admit(struct complaints *c, const struct limit_item *item, const struct resources *r)
{
	check_min(c, item, r);
	check_max(c, item, r);
	admit_ratio(c, item, r);
}

int limit_range_admit(const struct limit_range *l, size_t n, const struct kube_pod *p, struct arena *a, struct err *e)
{
	struct complaints c = { .a = a };
	struct resources sum;

	if (pod_requests(p, a, &sum.requests) < 0 || pod_limits(p, a, &sum.limits) < 0)
		return err_oom(e);
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < l[i].n; k++) {
			const struct limit_item *item = &l[i].v[k];

			for (size_t j = 0; is_type(item, "Container") && j < p->n_containers; j++)
				admit(&c, item, &p->containers[j].resources);
			for (size_t j = 0; is_type(item, "Container") && j < p->n_inits; j++)
				admit(&c, item, &p->inits[j].resources);
			if (is_type(item, "Pod"))
				admit(&c, item, &sum);
		}
	return complaints_end(&c, EACCES, e, "pods \"%s\" is forbidden", p->name);
}
