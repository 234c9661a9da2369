/* SPDX-License-Identifier: Apache-2.0 */
/* json_priv.h - decoding in two files: json.c walks lists, maps and objects, json_scalar.c takes what is in them; nobody else
 * includes it. Failures name the place: "linux.resources.memory.limit: expected a number, got "x"". */
#pragma once

#include "oci/json.h"
#include "oci/json_text.h"

/* Where we are in the document, as a chain of frames on the stack: costs nothing until there is an error. */
struct json_path {
	const struct json_path *up;
	const char *key; /* NULL: an index */
	size_t index;
};

struct json_decoder {
	struct json_text text;
	struct arena *arena;
	struct err *e;
};

/* json_fail - text behind the path of the place */
int json_fail(struct json_decoder *d, const struct json_path *p, int code, const char *text);
/* json_mistyped - the value that is next is not `what`; it is skipped */
int json_mistyped(struct json_decoder *d, const struct json_path *p, const char *what);

/* One value each. *ret is left alone on failure. */
int json_get_text(struct json_decoder *d, const struct json_path *p, const char **ret);
int json_get_int(struct json_decoder *d, const struct json_path *p, int64_t min, int64_t max, int64_t *ret);
int json_get_u64(struct json_decoder *d, const struct json_path *p, const struct json_row *row, uint64_t *ret);
int json_get_bool(struct json_decoder *d, const struct json_path *p, bool *ret);
int json_get_coded(struct json_decoder *d, const struct json_path *p, const struct json_codec *c, void *ret);
int json_get_limit(struct json_decoder *d, const struct json_path *p, int64_t *ret);
int json_get_choice(struct json_decoder *d, const struct json_path *p, int64_t *ret);
