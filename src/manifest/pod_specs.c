/* SPDX-License-Identifier: Apache-2.0 */
#include "manifest/pod_specs.h"

#include "base/limits.h"
#include "base/scope.h"
#include "manifest/fields.h"
#include "oci/list.h"

#include <errno.h>
#include <string.h>

static const char *text_at(const struct node *n, const char *key)
{
	const struct node *m = n ? node_member(n, key) : NULL;

	return m && m->kind == NODE_SCALAR && !node_is_null(m) ? m->text : NULL;
}

/* "spec.template.spec" */
static const struct node *find(const struct node *n, const char *path)
{
	struct sv rest = sv_from(path), word;

	while (n && sv_next(&rest, '.', &word)) {
		char key[32];

		n = sv_copy(word, key, sizeof key) == 0 ? node_member(n, key) : NULL;
	}
	return n;
}

/* Where the pod is in an object; NULL: there is none. */
static const struct node *pod_in(const struct node *object, const char *kind)
{
	static const char *const paths[] = { "spec.template.spec", "spec.jobTemplate.spec.template.spec" };
	const struct node *n = strcmp(kind, "Pod") == 0 ? node_member(object, "spec") : NULL;

	for (size_t i = 0; !n && i < ARRAY_LEN(paths); i++)
		n = find(object, paths[i]);
	return n && node_member(n, "containers") ? n : NULL;
}

static int read_pod(const struct decoding *d, const struct node *object, const char *kind, const struct node *n,
		    struct pods_of *l)
{
	const char *name = text_at(node_member(object, "metadata"), "name");
	struct pod_of *to = LIST_ADD(d->a, l);

	if (!to)
		return err_oom(d->e);
	*to = (struct pod_of){ kind, name ? name : "?", object->line, arena_alloc(d->a, sizeof *to->pod) };
	if (!to->pod)
		return err_oom(d->e);
	return decode_object(d, n, &pod_spec_fields, to->pod);
}

static int read_object(const struct decoding *d, const struct node *n, struct pods_of *l)
{
	const char *kind = text_at(n, "kind");
	const struct node *items = node_member(n, "items"), *pod;
	int r = 0;

	if (!kind || !text_at(n, "apiVersion"))
		return err_set(d->e, EINVAL, "line %u, column %u: expected an object with apiVersion and kind", n->line,
			       n->column);
	if (strcmp(kind, "List") == 0) {
		for (size_t i = 0; r == 0 && items && items->kind == NODE_SEQUENCE && i < items->n; i++)
			r = read_object(d, items->items[i], l);
		return r;
	}
	pod = pod_in(n, kind);
	if (pod && l->n == LIMIT_KUBE_OBJECTS)
		return err_set(d->e, E2BIG, "more than %d pods", LIMIT_KUBE_OBJECTS);
	return pod ? read_pod(d, n, kind, pod, l) : 0;
}

int pod_specs_read(struct sv text, struct arena *a, struct pods_of *ret, struct err *e)
{
	struct remarks remarks = { 0 };
	const struct decoding d = { a, &remarks, e };
	struct documents docs;
	struct pods_of l = { 0 };
	int r = documents_parse(text, a, &docs, e);

	for (size_t i = 0; r == 0 && i < docs.n; i++)
		r = read_object(&d, docs.v[i], &l);
	if (r == 0)
		*ret = l;
	return r;
}
