/* SPDX-License-Identifier: Apache-2.0 */
/* page.h - what people read fits their lines: tables lose or cut columns (base/table.h), texts are broken at blanks
 * (base/wrap.h). `whole`: --no-trunc, nothing is cut or broken. */
#pragma once

#include "base/buf.h"
#include "base/err.h"
#include "base/table.h"

/* page_width - of a line on standard output, in columns: $COLUMNS, else the terminal's, else 80, as for what reads from a
 * pipe. whole: 0, no bound. */
unsigned page_width(bool whole);

/* page_table - titles and rows. */
int page_table(struct table *t, bool whole, struct buf *out, struct err *e);

/* page_print - a text to standard output. */
int page_print(const struct buf *text, bool whole, struct err *e);
