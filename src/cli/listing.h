/* SPDX-License-Identifier: Apache-2.0 */
/* listing.h - objects as lines, in every way that --format and --quiet may ask for: `tare ps`, `tare images`, ….
 *
 *     (nothing), table      the columns of the kind
 *     table TEMPLATE        columns parted by \t, their titles above
 *     json                  one object a line, all fields
 *     TEMPLATE              a line each: '{{.ID}} {{json .}}' (engine/document.h)
 *
 * --quiet turns a table into ids, as in Docker. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/table.h"
#include "cli/option.h"

#include <stdbool.h>
#include <stddef.h>

#define LISTING_FIELDS 24

struct listing_field {
	const char *name;           /* Docker's: "CreatedAt" */
	struct table_column column; /* its title, and the least width that it may be cut to */
};

struct listing_kind {
	const struct listing_field *fields; /* sorted by name: the order in JSON */
	unsigned n_fields;
	const unsigned char *columns; /* of the table: indices of fields */
	unsigned n_columns;
	unsigned id; /* the field of --quiet */
};

struct listing_options {
	const char *format; /* NULL: table */
	bool quiet, no_trunc;
};

/* The three rows of options; their structure holds a struct listing_options `how`. Sorted: filter, format, no-trunc,
 * quiet. */
#define LISTING_FORMAT(type)                                                                          \
	{ "format", 0, "FORMAT", "table (default), json, or a template as '{{.ID}}', 'table {{.ID}}'", option_text, \
	  offsetof(type, how.format), .words = "table json" }
#define LISTING_NO_TRUNC(type) \
	{ "no-trunc", 0, NULL, "cut nothing", option_switch, offsetof(type, how.no_trunc) }
#define LISTING_QUIET(type) { "quiet", 'q', NULL, "ids only", option_switch, offsetof(type, how.quiet) }

struct listing {
	const struct listing_kind *kind;
	const struct listing_options *how;
	struct arena *arena;
	struct buf *out; /* gets the lines; of a table at the end */
	struct sv template; /* p NULL: none */
	bool is_table;
	struct table table;
	struct table_column columns[TABLE_COLUMNS];
};

/* listing_begin - -EINVAL: --format is none; -E2BIG: a table of too many columns. */
int listing_begin(struct listing *l, const struct listing_kind *kind, const struct listing_options *how,
		  struct arena *a, struct buf *out, struct err *e);
/* listing_add - one object; values of all fields, NULL: there was no memory for one. */
int listing_add(struct listing *l, const char *const *values, struct err *e);
/* listing_shows - whether the table may have room for a field; true of what is no table of our own columns. */
bool listing_shows(const struct listing_kind *kind, const struct listing_options *how, unsigned field);
int listing_end(struct listing *l, struct err *e);
