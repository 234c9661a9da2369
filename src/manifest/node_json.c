/* SPDX-License-Identifier: Apache-2.0 */
/* What node_print_json() has printed is a tree again: a twentieth of the work that YAML takes. */
#include "manifest/node.h"

#include "base/limits.h"
#include "oci/json_text.h"
#include "oci/list.h"

#include <string.h>

struct reading {
	struct json_text t;
	struct arena *a;
	struct err *e;
	size_t nodes;
};

struct node_list {
	const struct node **v;
	size_t n;
};

static int read_value(struct reading *r, const struct node **ret);

static int add(struct reading *r, struct node_list *l, const struct node *n)
{
	const struct node **to = LIST_ADD(r->a, l);

	if (!to)
		return err_oom(r->e);
	*to = n;
	return 0;
}

static int make(struct reading *r, enum node_kind kind, struct node **ret)
{
	struct node *n = arena_alloc(r->a, sizeof *n);

	if (++r->nodes > LIMIT_KUBE_NODES)
		return err_set(r->e, E2BIG, "more than %d values", LIMIT_KUBE_NODES);
	if (!n)
		return err_oom(r->e);
	*n = (struct node){ .kind = kind, .line = 1, .column = 1, .weight = 1 };
	*ret = n;
	return 0;
}

static int make_scalar(struct reading *r, struct sv text, bool quoted, const struct node **ret)
{
	struct node *n;
	int rc = make(r, NODE_SCALAR, &n);

	if (rc < 0)
		return rc;
	if (text.n && memchr(text.p, '\0', text.n))
		return err_set(r->e, EINVAL, "a text with a NUL character");
	n->text = quoted ? text.p : arena_sv(r->a, text); /* a string has its NUL where it stands */
	n->quoted = quoted;
	*ret = n;
	return n->text ? 0 : err_oom(r->e);
}

static int read_scalar(struct reading *r, enum json_value kind, const struct node **ret)
{
	struct sv text = SV("null");
	bool truth = false;
	int rc;

	switch (kind) {
	case JSON_VALUE_STRING:
		rc = json_text_string(&r->t, &text);
		break;
	case JSON_VALUE_NUMBER:
		rc = json_text_number(&r->t, &text);
		break;
	case JSON_VALUE_BOOL:
		rc = json_text_bool(&r->t, &truth);
		text = truth ? SV("true") : SV("false");
		break;
	case JSON_VALUE_NULL:
		rc = json_text_null(&r->t);
		break;
	default:
		return json_text_skip(&r->t); /* which says what is wrong */
	}
	return rc < 0 ? rc : make_scalar(r, text, kind == JSON_VALUE_STRING, ret);
}

static int read_sequence(struct reading *r, struct node *to)
{
	struct node_list items = { 0 };
	bool first = true;
	int rc;

	while ((rc = json_text_item(&r->t, &first)) == 1) {
		const struct node *n = NULL;

		rc = read_value(r, &n);
		if (rc == 0)
			rc = add(r, &items, n);
		if (rc < 0)
			return rc;
		to->weight += n->weight;
	}
	to->items = items.v;
	to->n = items.n;
	return rc;
}

static int read_mapping(struct reading *r, struct node *to)
{
	struct node_list keys = { 0 }, items = { 0 };
	bool first = true;
	struct sv key;
	int rc;

	while ((rc = json_text_key(&r->t, &first, &key)) == 1) {
		const struct node *name = NULL, *n = NULL;

		rc = make_scalar(r, key, true, &name);
		if (rc == 0)
			rc = read_value(r, &n);
		if (rc == 0)
			rc = add(r, &keys, name);
		if (rc == 0)
			rc = add(r, &items, n);
		if (rc < 0)
			return rc;
		to->weight += n->weight + 1;
	}
	to->keys = keys.v;
	to->items = items.v;
	to->n = items.n;
	return rc;
}

static int read_value(struct reading *r, const struct node **ret)
{
	enum json_value kind = json_text_kind(&r->t);
	bool map = kind == JSON_VALUE_OBJECT;
	struct node *n;
	int rc;

	if (!map && kind != JSON_VALUE_ARRAY)
		return read_scalar(r, kind, ret);
	rc = make(r, map ? NODE_MAPPING : NODE_SEQUENCE, &n);
	if (rc == 0)
		rc = json_text_enter(&r->t);
	if (rc == 0)
		rc = map ? read_mapping(r, n) : read_sequence(r, n);
	if (rc == 0)
		*ret = n;
	return rc;
}

int document_parse_json(struct sv text, struct arena *a, const struct node **ret, struct err *e)
{
	struct reading r = { .a = a, .e = e };
	const struct node *n = NULL;
	int rc = json_text_init(&r.t, text, a, e);

	if (rc == 0)
		rc = read_value(&r, &n);
	if (rc == 0)
		rc = json_text_end(&r.t);
	if (rc < 0)
		return rc;
	if (!n)
		return err_set(e, EBADMSG, "not JSON");
	*ret = n;
	return 0;
}
