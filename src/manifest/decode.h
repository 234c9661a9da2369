/* SPDX-License-Identifier: Apache-2.0 */
/* decode.h - trees of node.h become structs, by tables; whatever is wrong or left aside is named with its place.
 *
 * Absent and null are the same. A field without a row is unknown; one that Kubernetes has and tare leaves aside has a row
 * that says so. */
#pragma once

#include "kube/resources.h"
#include "manifest/node.h"
#include "oci/runtime_spec.h"

#define FIELD_UNSET INT64_MIN

/* field_or - a number or truth value, or what it is when it was absent */
static inline int64_t field_or(int64_t n, int64_t usual)
{
	return n == FIELD_UNSET ? usual : n;
}

enum field_kind {
	FIELD_TEXT,    /* const char *; NULL when absent */
	FIELD_WORD,    /* the same, one of row.words ("Always IfNotPresent Never") */
	FIELD_BOOL,    /* int64_t: 0, 1, FIELD_UNSET */
	FIELD_INT,     /* int64_t, from row.low to row.high; FIELD_UNSET */
	FIELD_PORT,    /* const char *: a number or a name */
	FIELD_TEXTS,   /* struct oci_strings */
	FIELD_INTS,    /* struct { int64_t *v; size_t n; }, each from row.low to row.high */
	FIELD_PAIRS,   /* struct oci_pairs: texts by name */
	FIELD_AMOUNT,  /* struct quantity; row.flag_offset: bool, whether it was there */
	FIELD_AMOUNTS, /* struct resource_list */
	FIELD_OBJECT,  /* a struct by row.table; or, FIELD_POINTER, a pointer to one, NULL when absent */
	FIELD_POINTER,
	FIELD_OBJECTS, /* struct { T *v; size_t n; } */
	FIELD_IGNORED, /* means nothing on one node, or is the server's own: not looked at */
	FIELD_ASIDE,   /* would mean something, but tare does not do it: named */
	FIELD_REFUSED, /* the same, and without it nothing of the rest is worth anything: an error unless it is an empty list */
};

struct field {
	const char *key;
	enum field_kind kind;
	bool required;
	size_t offset;
	const struct fields *table;
	const char *words;
	int64_t low, high;
	size_t size; /* FIELD_AMOUNT: offset of its bool */
};

struct fields {
	const struct field *v;
	size_t n, size; /* of the struct; 0: a part of the struct around it */
};

#define FIELDS(rows_, type) { .v = rows_, .n = sizeof(rows_) / sizeof(*(rows_)), .size = sizeof(type) }

/* What was read over: unknown fields and those that tare does not do. */
struct remarks {
	struct oci_strings texts; /* "line 3, column 5: unknown field \"spec.foo\"" */
	bool strict;		  /* make them errors */
};

struct decoding {
	struct arena *a;
	struct remarks *remarks;
	struct err *e;
};

/* decode_object - n by the table into obj, which becomes as if every field were absent first. -EINVAL: "line 9, column 14:
 * spec.replicas: expected a number from 0 to 10000, got \"x\"". */
int decode_object(const struct decoding *d, const struct node *n, const struct fields *table, void *obj);
