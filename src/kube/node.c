/* SPDX-License-Identifier: Apache-2.0 */
#include "kube/node.h"

#include <stdlib.h>
#include <string.h>

int node_allocatable(const struct resource_list *capacity, const struct resource_list *kept, size_t n, struct arena *a,
		     struct resource_list *ret)
{
	struct resource_list left;
	int r = resource_copy(a, &left, capacity);

	for (size_t i = 0; r == 0 && i < left.n; i++) {
		for (size_t k = 0; k < n; k++) {
			const struct quantity *q = resource_find(&kept[k], left.v[i].name);

			if (q)
				left.v[i].amount = quantity_sub(&left.v[i].amount, q);
		}
		if (quantity_sign(&left.v[i].amount) < 0)
			left.v[i].amount = quantity_of(0, left.v[i].amount.format);
	}
	if (r == 0)
		*ret = left;
	return r;
}

int eviction_threshold(struct sv text, const struct quantity *capacity, struct quantity *ret, struct err *e)
{
	struct sv number = text;
	struct quantity q;
	int64_t percent;
	int r;

	if (sv_has_suffix(text, "%")) {
		number.n--;
		r = quantity_parse(number, &q, e);
		percent = r == 0 ? quantity_milli(&q) : 0;
		if (r == 0 && (percent <= 0 || percent > 100000))
			r = err_set(e, EINVAL, "a percentage is above 0 and at most 100");
		if (r == 0)
			q = quantity_of((int64_t)((__int128)quantity_value(capacity) * percent / 100000),
					(enum quantity_format)capacity->format);
	} else {
		r = quantity_parse(number, &q, e);
		if (r == 0 && quantity_sign(&q) < 0)
			r = err_set(e, EINVAL, "must be greater than or equal to 0");
	}
	if (r < 0)
		return err_wrap(e, r, SV_FMT, SV_ARG(text));
	*ret = q;
	return 0;
}

/* ---- eviction ----------------------------------------------------------------------------------------------- */

static int rising(int64_t a, int64_t b)
{
	return a < b ? -1 : a > b;
}

static int by_name(const struct eviction_candidate *x, const struct eviction_candidate *y)
{
	int r = strcmp(x->pod->namespace, y->pod->namespace);

	return r ? r : strcmp(x->pod->name, y->pod->name);
}

static int compare(const struct eviction_candidate *x, const struct eviction_candidate *y, enum eviction_signal s)
{
	int r = s == EVICTION_PIDS ? 0 : rising(y->usage > y->request, x->usage > x->request);

	if (!r)
		r = rising(x->pod->priority, y->pod->priority);
	if (!r && s == EVICTION_MEMORY)
		r = rising(y->usage - y->request, x->usage - x->request);
	if (!r && s != EVICTION_MEMORY)
		r = rising(y->usage, x->usage);
	return r ? r : by_name(x, y);
}

static int compare_memory(const void *x, const void *y)
{
	return compare(x, y, EVICTION_MEMORY);
}

static int compare_disk(const void *x, const void *y)
{
	return compare(x, y, EVICTION_DISK);
}

static int compare_pids(const void *x, const void *y)
{
	return compare(x, y, EVICTION_PIDS);
}

void eviction_rank(struct eviction_candidate *v, size_t n, enum eviction_signal signal)
{
	static int (*const by[])(const void *, const void *) = {
		[EVICTION_MEMORY] = compare_memory, [EVICTION_DISK] = compare_disk, [EVICTION_PIDS] = compare_pids
	};

	if (n)
		qsort(v, n, sizeof *v, by[signal]);
}

/* ---- fitting ------------------------------------------------------------------------------------------------ */

static const struct quantity none;

static bool fits(const struct resource_list *allocatable, const struct resource_list *asked, const char *name,
		 const struct quantity *more)
{
	const struct quantity *all = resource_find(allocatable, name), *taken = resource_find(asked, name);
	struct quantity sum = quantity_add(taken ? taken : &none, more);

	return quantity_sign(more) <= 0 || quantity_compare(&sum, all ? all : &none) <= 0;
}

int node_fits(const struct resource_list *allocatable, const struct resource_list *asked,
	      const struct resource_list *requests, struct err *e)
{
	static const struct quantity one = { .magnitude = 1 };
	char reasons[400] = "";
	size_t n = 0;

	for (size_t i = 0; i < requests->n && n < sizeof reasons - 100; i++)
		if (!fits(allocatable, asked, requests->v[i].name, &requests->v[i].amount))
			n += (size_t)snprintf(reasons + n, sizeof reasons - n, "%s1 Insufficient %.60s", n ? ", " : "",
					      requests->v[i].name);
	if (resource_find(allocatable, "pods") && !fits(allocatable, asked, "pods", &one))
		n += (size_t)snprintf(reasons + n, sizeof reasons - n, "%s1 Too many pods", n ? ", " : "");
	return n ? err_set(e, ENOSPC, "%s", reasons) : 0;
}
