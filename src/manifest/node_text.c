/* SPDX-License-Identifier: Apache-2.0 */
#include "manifest/node_text.h"

#include "oci/json.h"

#include <inttypes.h>
#include <string.h>

/* ---- making ------------------------------------------------------------------------------------------------- */

static struct node *make(struct arena *a, enum node_kind kind, size_t room)
{
	struct node *n = arena_alloc(a, sizeof *n);

	if (!n)
		return NULL;
	*n = (struct node){ .kind = kind, .weight = 1, .line = 1, .column = 1 };
	n->items = arena_array(a, room + 1, sizeof *n->items);
	n->keys = arena_array(a, room + 1, sizeof *n->keys);
	return n->items && n->keys ? n : NULL;
}

static const struct node *scalar(struct arena *a, const char *text, bool quoted)
{
	struct node *n = text ? make(a, NODE_SCALAR, 0) : NULL;

	if (!n)
		return NULL;
	n->text = text;
	n->quoted = quoted;
	return n;
}

const struct node *node_text(struct arena *a, const char *text)
{
	return scalar(a, text, true);
}

const struct node *node_plain(struct arena *a, const char *text)
{
	return scalar(a, text, false);
}

const struct node *node_object(struct arena *a)
{
	return make(a, NODE_MAPPING, 0);
}

const struct node *node_sequence(struct arena *a, const struct node *const *items, size_t n)
{
	struct node *l = make(a, NODE_SEQUENCE, n);

	for (size_t i = 0; l && i < n; i++)
		l->items[l->n++] = items[i];
	return l;
}

const struct node *node_list(struct arena *a, const struct node *item)
{
	return node_sequence(a, &item, 1);
}

static struct node *copy(struct arena *a, const struct node *from, enum node_kind kind, size_t more)
{
	size_t count = from ? from->n : 0;
	struct node *n = make(a, kind, count + more);

	if (!n)
		return NULL;
	if (count) {
		memcpy(n->items, from->items, count * sizeof *n->items);
		memcpy(n->keys, from->keys, count * sizeof *n->keys);
	}
	n->n = count;
	return n;
}

const struct node *node_with(struct arena *a, const struct node *map, const char *key, const struct node *value)
{
	const struct node *name = node_text(a, key);
	struct node *n = name && value ? copy(a, map, NODE_MAPPING, 1) : NULL;

	if (!n)
		return NULL;
	for (size_t i = 0; i < n->n; i++)
		if (strcmp(n->keys[i]->text, key) == 0) {
			n->items[i] = value;
			return n;
		}
	n->keys[n->n] = name;
	n->items[n->n++] = value;
	return n;
}

const struct node *node_with_item(struct arena *a, const struct node *list, size_t i, const struct node *value)
{
	struct node *n = value ? copy(a, list, NODE_SEQUENCE, 0) : NULL;

	if (n && i < n->n)
		n->items[i] = value;
	return n;
}

const struct node *node_amounts(struct arena *a, const struct resource_list *l)
{
	const struct node *n = node_object(a);
	char text[QUANTITY_TEXT];

	for (size_t i = 0; n && i < l->n; i++)
		n = node_with(a, n, l->v[i].name, node_text(a, arena_str(a, quantity_print(&l->v[i].amount, text))));
	return n;
}

/* ---- scalars ------------------------------------------------------------------------------------------------ */

static bool is_json_number(const char *p)
{
	p += *p == '-';
	if (*p == '0' && p[1] >= '0' && p[1] <= '9')
		return false;
	if (*p < '0' || *p > '9')
		return false;
	return !strchr(p, '_') && p[strlen(p) - 1] != '.' && !strstr(p, ".e") && !strstr(p, ".E");
}

static void put_scalar(const struct node *n, struct buf *out)
{
	int64_t whole;
	bool truth;

	if (node_is_null(n))
		(void)buf_puts(out, "null");
	else if (node_bool(n, &truth))
		(void)buf_puts(out, truth ? "true" : "false");
	else if (node_i64(n, &whole))
		(void)buf_putf(out, "%" PRId64, whole);
	else if (node_is_number(n) && is_json_number(n->text))
		(void)buf_puts(out, n->text);
	else
		json_put_text(out, sv_from(n->text));
}

/* Text that YAML takes for itself without quotes. */
static bool is_plain(const struct node *n)
{
	struct node bare = { .kind = NODE_SCALAR, .text = n->text };
	bool truth;

	if (node_is_null(&bare) || node_is_number(&bare) || node_bool(&bare, &truth))
		return false;
	if (strchr("-.~", n->text[0]))
		return false;
	for (const char *p = n->text; *p; p++)
		if (!((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') ||
		      strchr("-_./", *p)))
			return false;
	return true;
}

/* ---- JSON --------------------------------------------------------------------------------------------------- */

static void new_line(struct buf *out, bool pretty, unsigned depth)
{
	if (!pretty)
		return;
	(void)buf_puts(out, "\n");
	for (unsigned i = 0; i < depth; i++)
		(void)buf_puts(out, "    ");
}

static void put_json(const struct node *n, bool pretty, unsigned depth, struct buf *out)
{
	bool map = n->kind == NODE_MAPPING;

	if (n->kind == NODE_SCALAR) {
		put_scalar(n, out);
		return;
	}
	(void)buf_puts(out, map ? "{" : "[");
	for (size_t i = 0; i < n->n; i++) {
		(void)buf_puts(out, i ? "," : "");
		new_line(out, pretty, depth + 1);
		if (map) {
			json_put_text(out, sv_from(n->keys[i]->text));
			(void)buf_puts(out, pretty ? ": " : ":");
		}
		put_json(n->items[i], pretty, depth + 1, out);
	}
	if (n->n)
		new_line(out, pretty, depth);
	(void)buf_puts(out, map ? "}" : "]");
}

void node_print_json(const struct node *n, bool pretty, struct buf *out)
{
	put_json(n, pretty, 0, out);
	if (pretty)
		(void)buf_puts(out, "\n");
}

/* ---- YAML --------------------------------------------------------------------------------------------------- */

static void put_yaml_text(const struct node *n, struct buf *out)
{
	if (is_plain(n))
		(void)buf_puts(out, n->text);
	else if (n->quoted)
		json_put_text(out, sv_from(n->text));
	else
		put_scalar(n, out);
}

static bool is_flow(const struct node *n)
{
	return n->kind == NODE_SCALAR || n->n == 0;
}

static void put_flow(const struct node *n, struct buf *out)
{
	if (n->kind == NODE_SCALAR)
		put_yaml_text(n, out);
	else
		(void)buf_puts(out, n->kind == NODE_MAPPING ? "{}" : "[]");
	(void)buf_puts(out, "\n");
}

/* The first line of a block stands where its dash has left off. */
static void put_block(const struct node *n, unsigned depth, bool begun, struct buf *out)
{
	for (size_t i = 0; i < n->n; i++) {
		const struct node *item = n->items[i];
		bool map = n->kind == NODE_MAPPING;

		(void)buf_putf(out, "%*s", begun && i == 0 ? 0 : (int)depth, "");
		if (map) {
			struct node key = *n->keys[i];

			key.quoted = true;
			put_yaml_text(&key, out);
			(void)buf_puts(out, is_flow(item) ? ": " : ":\n");
		} else {
			(void)buf_puts(out, "- ");
		}
		if (is_flow(item))
			put_flow(item, out);
		else if (map)
			put_block(item, depth + (item->kind == NODE_MAPPING ? 2 : 0), false, out);
		else
			put_block(item, depth + 2, true, out);
	}
}

void node_print_yaml(const struct node *n, struct buf *out)
{
	if (is_flow(n))
		put_flow(n, out);
	else
		put_block(n, 0, false, out);
}
