/* SPDX-License-Identifier: Apache-2.0 */
/* node_text.h - trees of node.h are made, changed and printed: what is kept of an object, and what `get -o` shows. */
#pragma once

#include "base/buf.h"
#include "kube/resources.h"
#include "manifest/node.h"

/* All of these: NULL when out of memory. Nodes are never changed: a tree with a change shares the rest. */
const struct node *node_text(struct arena *a, const char *text);
/* node_plain - a number, true or false, by its text */
const struct node *node_plain(struct arena *a, const char *text);
const struct node *node_object(struct arena *a);
/* node_with - a mapping (NULL: an empty one) with this value under this key, in the place of an earlier one */
const struct node *node_with(struct arena *a, const struct node *map, const char *key, const struct node *value);
/* node_list - of one item; node_sequence - of n of them */
const struct node *node_list(struct arena *a, const struct node *item);
const struct node *node_sequence(struct arena *a, const struct node *const *items, size_t n);
/* node_with_item - a list with another value at i */
const struct node *node_with_item(struct arena *a, const struct node *list, size_t i, const struct node *value);
/* node_amounts - {"cpu": "500m"} */
const struct node *node_amounts(struct arena *a, const struct resource_list *l);

void node_print_json(const struct node *n, bool pretty, struct buf *out);
void node_print_yaml(const struct node *n, struct buf *out);
