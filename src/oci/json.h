/* SPDX-License-Identifier: Apache-2.0 */
/* json.h - JSON documents to C structs and back, by tables (RFC 8259).
 *
 * A table describes one JSON object: a row is a key, what its value is, and where in the struct it lives. The same
 * rows parse and print, so a field cannot be known to one and not to the other. Nested objects have a table of their
 * own; an OBJECT row with offset 0 keeps the inner fields in the outer struct.
 *
 * Absent and null are the same. Keys without a row are ignored; of a key that is given twice the last counts. Numbers
 * are exact or refused: 1.0, 1e3 and what does not fit are errors. Text with a NUL byte is refused; other bytes pass
 * as they are (paths of Linux need not be UTF-8). */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JSON_UNSET INT64_MIN

enum json_kind {
	JSON_TEXT,    /* const char *: NULL when absent */
	JSON_BOOL,    /* bool */
	JSON_CHOICE,  /* int64_t: 0, 1, or JSON_UNSET when absent */
	JSON_I64,     /* int64_t, JSON_UNSET when absent (with JSON_ZERO: 0) */
	JSON_COUNT,   /* the same, from 0 to INT64_MAX */
	JSON_U32,     /* the same, from 0 to UINT32_MAX */
	JSON_U16,     /* the same, from 0 to UINT16_MAX */
	JSON_LIMIT,   /* int64_t of statistics: "max" is INT64_MAX, else a number; JSON_UNSET when absent */
	JSON_U64,     /* uint64_t, 0 when absent */
	JSON_CODED,   /* text that row.codec turns into a value */
	JSON_TEXTS,   /* struct oci_strings: ["a", "b"]; of a parsed document with a NULL after the last */
	JSON_INTS,    /* struct json_list of int64_t, each from 0 to UINT32_MAX */
	JSON_CODEDS,  /* struct json_list of row.codec's values */
	JSON_PAIRS,   /* struct oci_pairs: {"a": "b"}, in the document's order */
	JSON_KEYS,    /* struct oci_strings: {"a": {}, "b": {}}, sorted */
	JSON_OBJECT,  /* a struct, by row.table */
	JSON_OBJECTS, /* struct json_list of structs, by row.table: [{…}, {…}] */
	JSON_MEMBERS, /* the same as {"a": {…}, "b": {…}}, sorted by key, which is each struct's first member: const char * */
	JSON_REFUSED, /* of the specification, but not supported: -ENOTSUP unless it asks for nothing (null, {}, [], "") */
};

enum json_flags {
	JSON_REQUIRED = 1, /* -EINVAL when absent, or empty text or texts; printed always */
	JSON_ZERO = 2,     /* an absent number is 0 rather than JSON_UNSET */
	JSON_ALWAYS = 4,   /* printed also when zero, false or empty */
	JSON_NULL = 16,    /* JSON_TEXT, JSON_I64, JSON_LIMIT: an absent one is printed, as null */
	JSON_SIGNED = 8,   /* JSON_U64 with Docker's -1 for "no limit": UINT64_MAX is printed as -1, and read from it */
};

/* Text with a meaning: an enum, a digest. */
struct json_codec {
	size_t size;
	int (*parse)(struct sv text, void *ret, struct err *e);
	const char *(*print)(const void *value, char scratch[128]); /* NULL: leave the field out */
};

struct json_row {
	const char *key;
	enum json_kind kind;
	unsigned flags;
	size_t offset;
	const struct json_table *table;
	const struct json_codec *codec;
};

struct json_table {
	const struct json_row *rows; /* at most 64 */
	size_t count, size;          /* size of the struct */
	bool has_present;            /* a bool of the struct tells whether the object was there */
	size_t present;
};

/* What every list of these structs looks like: struct { T *v; size_t n; }. */
struct json_list {
	void *v;
	size_t n;
};

/* JSON_TABLE(rows, type), JSON_TABLE_PRESENT(rows, type, member) - initialisers of a struct json_table */
#define JSON_TABLE(rows_, type) { .rows = rows_, .count = sizeof(rows_) / sizeof(*(rows_)), .size = sizeof(type) }
#define JSON_TABLE_PRESENT(rows_, type, member)                                                                        \
	{ .rows = rows_, .count = sizeof(rows_) / sizeof(*(rows_)), .size = sizeof(type), .has_present = true,         \
	  .present = offsetof(type, member) }

/* json_init - every field as if absent */
void json_init(const struct json_table *t, void *obj);

/* json_decode - the whole text is one document of this table. Memory comes from the arena; *ret is untouched on failure.
 * -EINVAL: malformed ("line 3, column 7: …"), mistyped, out of range or missing, with the JSON path
 *          ("process.rlimits[2].hard: expected an integer, got \"64m\"").
 * -ENOTSUP: a JSON_REFUSED field asks for something ("hooks.prestart: not supported").
 * -ENOMEM: out of memory, or past the arena's ceiling. */
int json_decode(struct sv text, const struct json_table *t, struct arena *a, void *ret, struct err *e);

/* json_merge - into *obj, whose fields it leaves as they are where the document has none: lists are replaced whole. Errors as
 * json_decode(); then *obj is what it was, or half of what it would be. */
int json_merge(struct sv text, const struct json_table *t, struct arena *a, void *obj, struct err *e);

/* json_encode - append the document; pretty: a line per field, indented by tabs, and a newline at the end. */
int json_encode(const struct json_table *t, const void *obj, bool pretty, struct buf *out, struct err *e);

/* json_put_text - append a JSON string with its quotes */
void json_put_text(struct buf *out, struct sv text);
