/* SPDX-License-Identifier: Apache-2.0 */
#include "manifest/node.h"

#include "base/limits.h"
#include "base/scope.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <yaml.h>

#define ANCHORS_MAX 1000

struct anchor {
	const char *name;
	const struct node *node;
};

struct reader {
	yaml_parser_t parser;
	struct arena *a;
	struct err *e;
	struct anchor *anchors;
	size_t n_anchors;
	unsigned depth;
};

/* ---- errors ------------------------------------------------------------------------------------------------- */

static int broken(struct reader *r, yaml_mark_t at, int code, const char *what)
{
	return err_set(r->e, code, "line %zu, column %zu: %s", at.line + 1, at.column + 1, what);
}

static int yaml_failure(struct reader *r)
{
	const yaml_parser_t *p = &r->parser;

	if (p->error == YAML_MEMORY_ERROR)
		return err_oom(r->e);
	if (p->error == YAML_READER_ERROR)
		return err_set(r->e, EINVAL, "byte %zu: %s", p->problem_offset, p->problem ? p->problem : "not text");
	return err_set(r->e, EINVAL, "line %zu, column %zu: %s%s%s", p->problem_mark.line + 1,
		       p->problem_mark.column + 1, p->problem ? p->problem : "not YAML", p->context ? ", " : "",
		       p->context ? p->context : "");
}

static int next_event(struct reader *r, yaml_event_t *event)
{
	return yaml_parser_parse(&r->parser, event) ? 0 : yaml_failure(r);
}

/* ---- nodes -------------------------------------------------------------------------------------------------- */

static struct node *new_node(struct reader *r, enum node_kind kind, yaml_mark_t at)
{
	struct node *n = arena_alloc(r->a, sizeof *n);

	if (n)
		*n = (struct node){ .kind = kind, .line = (unsigned)at.line + 1, .column = (unsigned)at.column + 1,
				    .weight = 1, .height = kind == NODE_SCALAR ? 0 : 1 };
	return n;
}

static int remember(struct reader *r, const yaml_char_t *name, const struct node *n, yaml_mark_t at)
{
	const char *copy = name ? arena_str(r->a, (const char *)name) : NULL;

	if (!name)
		return 0;
	if (r->n_anchors == ANCHORS_MAX)
		return broken(r, at, E2BIG, "too many anchors");
	if (!r->anchors)
		r->anchors = arena_array(r->a, ANCHORS_MAX, sizeof *r->anchors);
	if (!r->anchors || !copy)
		return err_oom(r->e);
	r->anchors[r->n_anchors++] = (struct anchor){ copy, n };
	return 0;
}

static int alias(struct reader *r, const yaml_event_t *event, const struct node **ret)
{
	for (size_t i = r->n_anchors; i-- > 0;)
		if (strcmp(r->anchors[i].name, (const char *)event->data.alias.anchor) == 0) {
			*ret = r->anchors[i].node;
			return 0;
		}
	return broken(r, event->start_mark, EINVAL, "an alias of an anchor that is not there");
}

static int scalar(struct reader *r, const yaml_event_t *event, const struct node **ret)
{
	struct sv text = { (const char *)event->data.scalar.value, event->data.scalar.length };
	struct node *n = new_node(r, NODE_SCALAR, event->start_mark);

	if (!n)
		return err_oom(r->e);
	if (text.n && memchr(text.p, '\0', text.n))
		return broken(r, event->start_mark, EINVAL, "a text with a NUL character");
	n->text = arena_sv(r->a, text);
	n->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
	if (!n->text)
		return err_oom(r->e);
	*ret = n;
	return remember(r, event->data.scalar.anchor, n, event->start_mark);
}

static int read_node(struct reader *r, const yaml_event_t *event, const struct node **ret);

/* The next node of a collection. 0: the collection ended. */
static int read_member(struct reader *r, yaml_event_type_t last, const struct node **ret)
{
	yaml_event_t event;
	int rc = next_event(r, &event);

	if (rc < 0)
		return rc;
	rc = event.type == last ? 0 : read_node(r, &event, ret);
	if (event.type != last && rc == 0)
		rc = 1;
	yaml_event_delete(&event);
	return rc;
}

/* Room for one more; arrays double. */
static int grow(struct reader *r, struct node *n)
{
	size_t cap = n->n ? n->n * 2 : 4;
	const struct node **items, **keys;

	if (n->n & (n->n - 1) || (n->n && n->n < 4))
		return 0;
	items = arena_array(r->a, cap, sizeof *items);
	keys = arena_array(r->a, cap, sizeof *keys);
	if (!items || !keys)
		return err_oom(r->e);
	if (n->n) {
		memcpy(items, n->items, n->n * sizeof *items);
		memcpy(keys, n->keys, n->n * sizeof *keys);
	}
	n->items = items;
	n->keys = keys;
	return 0;
}

static int too_large(struct reader *r, const struct node *n)
{
	return err_set(r->e, E2BIG, "line %u, column %u: more than %u nodes, aliases written out", n->line, n->column,
		       LIMIT_KUBE_NODES);
}

static int add(struct reader *r, struct node *to, const struct node *key, const struct node *item)
{
	int rc = grow(r, to);

	if (rc < 0)
		return rc;
	to->keys[to->n] = key;
	to->items[to->n++] = item;
	to->weight += item->weight + (key ? 1 : 0);
	if (to->height <= item->height)
		to->height = item->height + 1;
	if (r->depth + item->height > LIMIT_DEPTH)
		return err_set(r->e, E2BIG, "line %u, column %u: nested too deeply", item->line, item->column);
	return to->weight > LIMIT_KUBE_NODES ? too_large(r, item) : 0;
}

static int check_key(struct reader *r, const struct node *map, const struct node *key)
{
	if (key->kind != NODE_SCALAR)
		return err_set(r->e, EINVAL, "line %u, column %u: a key must be text", key->line, key->column);
	if (map->n >= LIMIT_KUBE_KEYS)
		return err_set(r->e, E2BIG, "line %u, column %u: more than %d keys in one object", key->line,
			       key->column, LIMIT_KUBE_KEYS);
	for (size_t i = 0; i < map->n; i++)
		if (strcmp(map->keys[i]->text, key->text) == 0)
			return err_set(r->e, EINVAL, "line %u, column %u: key \"%.60s\" stands in line %u already",
				       key->line, key->column, key->text, map->keys[i]->line);
	return 0;
}

static int read_pair(struct reader *r, struct node *map)
{
	const struct node *key, *value;
	int rc = read_member(r, YAML_MAPPING_END_EVENT, &key);

	if (rc <= 0)
		return rc;
	rc = check_key(r, map, key);
	if (rc == 0)
		rc = read_member(r, YAML_NO_EVENT, &value);
	if (rc > 0)
		rc = add(r, map, key, value);
	return rc < 0 ? rc : 1;
}

static int read_item(struct reader *r, struct node *list)
{
	const struct node *item;
	int rc = read_member(r, YAML_SEQUENCE_END_EVENT, &item);

	if (rc <= 0)
		return rc;
	rc = add(r, list, NULL, item);
	return rc < 0 ? rc : 1;
}

static int collection(struct reader *r, const yaml_event_t *event, const struct node **ret)
{
	bool is_map = event->type == YAML_MAPPING_START_EVENT;
	struct node *n = new_node(r, is_map ? NODE_MAPPING : NODE_SEQUENCE, event->start_mark);
	int rc;

	if (!n)
		return err_oom(r->e);
	if (++r->depth > LIMIT_DEPTH)
		return broken(r, event->start_mark, E2BIG, "nested too deeply");
	do
		rc = is_map ? read_pair(r, n) : read_item(r, n);
	while (rc > 0);
	r->depth--;
	if (rc < 0)
		return rc;
	*ret = n;
	return remember(r, is_map ? event->data.mapping_start.anchor : event->data.sequence_start.anchor, n,
			event->start_mark);
}

static int read_node(struct reader *r, const yaml_event_t *event, const struct node **ret)
{
	switch (event->type) {
	case YAML_ALIAS_EVENT:
		return alias(r, event, ret);
	case YAML_SCALAR_EVENT:
		return scalar(r, event, ret);
	case YAML_SEQUENCE_START_EVENT:
	case YAML_MAPPING_START_EVENT:
		return collection(r, event, ret);
	default:
		return broken(r, event->start_mark, EINVAL, "a value is missing");
	}
}

/* ---- documents ---------------------------------------------------------------------------------------------- */

static int keep(struct reader *r, struct documents *d, const struct node *n)
{
	if (n->kind == NODE_SCALAR && node_is_null(n))
		return 0;
	if (d->n == LIMIT_KUBE_OBJECTS)
		return err_set(r->e, E2BIG, "line %u: more than %d documents", n->line, LIMIT_KUBE_OBJECTS);
	if (!d->v)
		d->v = arena_array(r->a, LIMIT_KUBE_OBJECTS, sizeof *d->v);
	if (!d->v)
		return err_oom(r->e);
	d->v[d->n++] = n;
	return 0;
}

/* 1: there may be more; 0: the stream has ended. */
static int read_document(struct reader *r, struct documents *d)
{
	const struct node *n = NULL;
	yaml_event_t event;
	bool end = false;
	int rc = next_event(r, &event);

	if (rc < 0)
		return rc;
	if (event.type == YAML_STREAM_END_EVENT) {
		end = true;
	} else if (event.type == YAML_DOCUMENT_START_EVENT) {
		r->n_anchors = 0;
	} else if (event.type != YAML_STREAM_START_EVENT && event.type != YAML_DOCUMENT_END_EVENT) {
		rc = read_node(r, &event, &n);
		if (rc == 0)
			rc = keep(r, d, n);
	}
	yaml_event_delete(&event);
	return rc < 0 ? rc : end ? 0 : 1;
}

int documents_parse(struct sv text, struct arena *a, struct documents *ret, struct err *e)
{
	struct reader r = { .a = a, .e = e };
	struct documents d = { 0 };
	int rc;

	if (text.n > LIMIT_KUBE_MANIFEST)
		return err_set(e, E2BIG, "more than %u bytes", LIMIT_KUBE_MANIFEST);
	if (!yaml_parser_initialize(&r.parser))
		return err_oom(e);
	yaml_parser_set_input_string(&r.parser, (const yaml_char_t *)(text.n ? text.p : ""), text.n);
	yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
	do
		rc = read_document(&r, &d);
	while (rc > 0);
	yaml_parser_delete(&r.parser);
	if (rc == 0)
		*ret = d;
	return rc;
}

/* ---- looking ------------------------------------------------------------------------------------------------ */

const struct node *node_member(const struct node *n, const char *key)
{
	for (size_t i = 0; n && n->kind == NODE_MAPPING && i < n->n; i++)
		if (strcmp(n->keys[i]->text, key) == 0)
			return n->items[i];
	return NULL;
}

static bool is_one_of(const struct node *n, const char *const *words, size_t count)
{
	for (size_t i = 0; n->kind == NODE_SCALAR && !n->quoted && i < count; i++)
		if (strcmp(n->text, words[i]) == 0)
			return true;
	return false;
}

bool node_is_null(const struct node *n)
{
	static const char *const words[] = { "", "~", "null", "Null", "NULL" };

	return is_one_of(n, words, ARRAY_LEN(words));
}

bool node_bool(const struct node *n, bool *ret)
{
	static const char *const yes[] = { "true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON" };
	static const char *const no[] = { "false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF" };

	if (is_one_of(n, yes, ARRAY_LEN(yes)))
		*ret = true;
	else if (is_one_of(n, no, ARRAY_LEN(no)))
		*ret = false;
	else
		return false;
	return true;
}

static int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : 99;
}

static bool digits(const char *p, int base, uint64_t *ret)
{
	uint64_t n = 0;

	if (!*p)
		return false;
	for (; *p; p++)
		if (digit_of(*p) >= base || __builtin_mul_overflow(n, (uint64_t)base, &n) ||
		    __builtin_add_overflow(n, (uint64_t)digit_of(*p), &n))
			return false;
	*ret = n;
	return true;
}

bool node_i64(const struct node *n, int64_t *ret)
{
	const char *p = n->kind == NODE_SCALAR && !n->quoted ? n->text : "";
	bool negative = *p == '-';
	int base = 10;
	uint64_t v;

	p += *p == '-' || *p == '+';
	if (p[0] == '0' && (p[1] == 'x' || p[1] == 'o')) {
		base = p[1] == 'x' ? 16 : 8;
		p += 2;
	} else if (p[0] == '0' && p[1]) {
		base = 8;
		p++;
	}
	if (!digits(p, base, &v) || v > INT64_MAX)
		return false;
	*ret = negative ? -(int64_t)v : (int64_t)v;
	return true;
}

static const char *skip_digits(const char *p)
{
	while (*p >= '0' && *p <= '9')
		p++;
	return p;
}

bool node_is_number(const struct node *n)
{
	const char *p = n->kind == NODE_SCALAR && !n->quoted ? n->text : "", *from;
	int64_t whole;
	bool any;

	if (node_i64(n, &whole))
		return true;
	p += *p == '-' || *p == '+';
	from = p;
	p = skip_digits(p);
	any = p > from;
	if (*p == '.') {
		from = ++p;
		p = skip_digits(p);
		any |= p > from;
	}
	if (!any)
		return false;
	if (*p == 'e' || *p == 'E') {
		p += p[1] == '+' || p[1] == '-' ? 2 : 1;
		from = p;
		p = skip_digits(p);
		return p > from && !*p;
	}
	return !*p;
}

const char *node_sketch(const struct node *n, char ret[64])
{
	if (n->kind != NODE_SCALAR)
		(void)snprintf(ret, 64, "%s", n->kind == NODE_SEQUENCE ? "a list" : "an object");
	else if (node_is_null(n))
		(void)snprintf(ret, 64, "nothing");
	else
		(void)snprintf(ret, 64, n->quoted ? "\"%.40s\"" : "%.40s", n->text);
	return ret;
}
