/* SPDX-License-Identifier: Apache-2.0 */
/* table.h - rows of text in columns that fit a terminal: `tare ps`, `tare info`.
 *
 * Two blanks between columns, none at the end of a line. What is too wide is cut and ends with "…", the widest cuttable
 * column first, down to its least width; then columns are left out, and when none is left that may be, those that may be
 * cut go down to 8. Width is counted in characters of UTF-8, one column each; control characters and broken UTF-8 are shown
 * as "?", so that a name cannot write to a terminal. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>

struct table_column {
	const char *title;
	unsigned least; /* may be cut, to less than this only when no other column can give; 0: is never cut */
	unsigned drop;  /* is left out when cutting is not enough, the highest one first; 0: never */
};

#define TABLE_COLUMNS 16

struct table {
	struct arena *arena;
	const struct table_column *columns;
	unsigned n;
	struct table_row *first, *last;
	unsigned width[TABLE_COLUMNS];
	bool left_out[TABLE_COLUMNS];
	int failed;
};

void table_init(struct table *t, struct arena *a, const struct table_column *columns, unsigned n);
/* table_row - n cells, copied; NULL is an empty one. A failure sticks; table_print() tells it. */
void table_row(struct table *t, const char *const *cells);
/* table_left_out - of the n columns in a line of that width (0: without end), those that are left out whatever their cells
 * will be: what they would show need not be looked for. */
void table_left_out(const struct table_column *columns, unsigned n, unsigned width, bool ret[TABLE_COLUMNS]);
/* table_print - title line and rows. width: of a line, in columns; 0: nothing is cut. titles false: rows only. */
int table_print(struct table *t, unsigned width, bool titles, struct buf *out, struct err *e);
