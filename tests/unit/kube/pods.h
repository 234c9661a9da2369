/* SPDX-License-Identifier: Apache-2.0 */
/* pods.h - pods for tests, in short: "cpu=1 memory=1Gi / cpu=2" are requests and limits. */
#pragma once

#include "../test.h"
#include "base/scope.h"
#include "kube/resources.h"

#include <string.h>

static inline void list_of(struct arena *a, struct sv text, struct resource_list *l)
{
	struct sv word, name, amount;

	text = sv_trim(text);
	while (text.n && sv_next(&text, ' ', &word)) {
		struct quantity q;
		struct err e = { 0 };

		assert_true(sv_cut(word, '=', &name, &amount));
		if (quantity_parse(amount, &q, &e) < 0)
			fail_msg("%s", e.msg);
		assert_int_equal(0, resource_set(a, l, arena_sv(a, name), &q));
	}
}

static inline struct resources resources_of(struct arena *a, const char *text)
{
	struct resources r = { 0 };
	const char *slash = text[0] == '/' ? text : strstr(text, " /"); /* one in a name has no blank before it */
	struct sv all = sv_from(text);
	size_t n = slash ? (size_t)(slash - text) : all.n;

	list_of(a, (struct sv){ text, n }, &r.requests);
	if (slash)
		list_of(a, sv_from(slash + (slash[0] == ' ' ? 2 : 1)), &r.limits);
	return r;
}

/* "app: cpu=1 / cpu=2; +proxy: /memory=64Mi; -setup: cpu=3; *: cpu=1": containers, sidecars, init containers, and the
 * pod level. Its defaults are filled in. */
static inline struct kube_pod pod_of(struct arena *a, const char *text)
{
	struct kube_pod p = { .name = "p", .namespace = "default", .uid = "0000-11" };
	struct sv rest = sv_from(text), part, name, what;

	p.containers = arena_array(a, 8, sizeof *p.containers);
	p.inits = arena_array(a, 8, sizeof *p.inits);
	while (sv_next(&rest, ';', &part)) {
		struct kube_container c = { 0 };

		(void)sv_cut(sv_trim(part), ':', &name, &what);
		c.name = arena_sv(a, name);
		c.resources = resources_of(a, arena_sv(a, what));
		c.sidecar = c.name[0] == '+';
		if (c.name[0] == '*') {
			p.has_resources = true;
			p.resources = c.resources;
		} else if (c.name[0] == '+' || c.name[0] == '-') {
			p.inits[p.n_inits++] = c;
		} else {
			p.containers[p.n_containers++] = c;
		}
	}
	assert_int_equal(0, pod_defaults(&p, a));
	return p;
}

static inline const char *list_text(struct arena *a, const struct resource_list *l)
{
	const char *text = "";
	char q[QUANTITY_TEXT];

	for (size_t i = 0; i < l->n; i++)
		text = arena_fmt(a, "%s%s%s=%s", text, i ? " " : "", l->v[i].name, quantity_print(&l->v[i].amount, q));
	return text;
}
