/* SPDX-License-Identifier: Apache-2.0 */
/* json_text.h - the text of a JSON document (RFC 8259), read value by value, without a tree.
 *
 * It is read in place, in a copy that the reader owns: a string loses its escapes where it stands, and its closing quote
 * becomes a NUL, so what a string or a key gives is a C string as well as a view, and lives as long as the copy. A
 * start of a container reads 17 KB of config.json, most of it names of system calls; a tree of them took ten times the
 * instructions and thirty pages.
 *
 * The caller asks what comes (json_text_kind()) and takes or skips it. All int results: -EINVAL with the error
 * "not JSON: line 3, column 7: …". */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/sv.h"

#include <stdbool.h>
#include <stddef.h>

struct json_text {
	struct sv original; /* untouched: for errors */
	char *copy, *p, *end;
	unsigned depth;
	struct err *e;
};

enum json_value {
	JSON_VALUE_NONE, /* neither: json_text_skip() says what is wrong */
	JSON_VALUE_NULL,
	JSON_VALUE_BOOL,
	JSON_VALUE_NUMBER,
	JSON_VALUE_STRING,
	JSON_VALUE_ARRAY,
	JSON_VALUE_OBJECT,
};

/* json_text_init - before the document's one value. The copy is the arena's. -ENOMEM. */
int json_text_init(struct json_text *t, struct sv document, struct arena *a, struct err *e);
/* json_text_end - after it: that nothing more comes */
int json_text_end(struct json_text *t);

/* json_text_kind - of the value that comes; looks at its first byte only */
enum json_value json_text_kind(struct json_text *t);

/* Each takes the value of its kind; what it gives is untouched on failure. */
int json_text_string(struct json_text *t, struct sv *ret); /* NUL bytes inside are possible: \u0000 */
int json_text_number(struct json_text *t, struct sv *ret); /* as it is written */
int json_text_bool(struct json_text *t, bool *ret);
int json_text_null(struct json_text *t);
int json_text_skip(struct json_text *t); /* whatever it is */

/* json_text_enter - into the object or array that comes. Then json_text_key() or json_text_item() until it says 0; each
 * time it says 1 a value comes, which must be taken or skipped. *first: true before the first call. Values nested
 * deeper than LIMIT_DEPTH are refused. */
int json_text_enter(struct json_text *t);
int json_text_key(struct json_text *t, bool *first, struct sv *ret);
int json_text_item(struct json_text *t, bool *first);

/* json_text_since - what the document says from `from`, a value of json_text_at(), to here */
size_t json_text_at(struct json_text *t);
struct sv json_text_since(const struct json_text *t, size_t from);
