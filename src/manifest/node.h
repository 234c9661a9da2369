/* SPDX-License-Identifier: Apache-2.0 */
/* node.h - documents of YAML (1.1, libyaml) or JSON as trees, every node with its place in the text.
 *
 * JSON is read as the YAML that it is. A tree shares what an alias repeats; a document that would be larger than
 * LIMIT_KUBE_NODES, or deeper than LIMIT_DEPTH, with its aliases written out is refused, and so is a key that stands twice in one mapping. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/sv.h"

#include <stdbool.h>
#include <stddef.h>

enum node_kind { NODE_SCALAR, NODE_SEQUENCE, NODE_MAPPING };

struct node {
	enum node_kind kind;
	unsigned line, column; /* from 1 */
	bool quoted;	       /* of a scalar: cannot be anything but text */
	const char *text;
	size_t n;		   /* items, or pairs */
	const struct node **items; /* of a sequence; of a mapping the values */
	const struct node **keys;  /* scalars */
	size_t weight;		   /* nodes in it, aliases written out */
	unsigned height;	   /* of nodes in nodes; 0: a scalar. Of a document that was parsed from YAML */
};

struct documents {
	const struct node **v;
	size_t n;
};

/* documents_parse - all documents of the text that are not empty. -EINVAL: "line 3, column 7: …". -E2BIG: past a ceiling. */
int documents_parse(struct sv text, struct arena *a, struct documents *ret, struct err *e);

/* document_parse_json - one document of JSON alone, as node_print_json() prints it; its nodes have no places. A key that stands
 * twice is not noticed. -EINVAL, -E2BIG */
int document_parse_json(struct sv text, struct arena *a, const struct node **ret, struct err *e);

/* node_member - the value of a key of a mapping; NULL: none, or not a mapping */
const struct node *node_member(const struct node *n, const char *key);

/* What a scalar without quotes is by YAML 1.1; it is text when it is none of these. */
bool node_is_null(const struct node *n);
bool node_is_number(const struct node *n);
bool node_bool(const struct node *n, bool *ret); /* false: it is not a truth value */
bool node_i64(const struct node *n, int64_t *ret); /* decimal, 0x, 0o and 0 */

/* node_sketch - for messages: the text of a scalar, cut when it is long; "a list", "an object", "nothing" */
const char *node_sketch(const struct node *n, char ret[64]);
