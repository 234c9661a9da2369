/* SPDX-License-Identifier: Apache-2.0 */
/* wrap.h - texts for people, broken at blanks to fit a line. Width is counted in characters of UTF-8, one column each. */
#pragma once

#include "base/buf.h"
#include "base/sv.h"

size_t wrap_columns(struct sv text); /* how wide it is */

/* wrap_words - the words of a text from column `at` on, and a newline; the lines that follow begin at column `indent`. */
void wrap_words(struct buf *out, struct sv text, size_t at, size_t indent, size_t width);

/* wrap_row - two columns and a text beside them, below them where the second one is wider than its column; wrap_note - a text
 * that belongs to such a row, behind a mark. NULL: none. */
struct wrap_columns {
	size_t first, second, width;
};
void wrap_row(struct buf *out, const struct wrap_columns *c, const char *first, const char *second, const char *text);
void wrap_note(struct buf *out, const struct wrap_columns *c, const char *mark, const char *text, size_t indent);

/* wrap_lines - a text with newlines. Lines that fit are left as they are. Of a wider one, ids of 64 digits are cut to 12
 * and "…"; then it is broken at blanks, or else behind a "/", and goes on below its text: behind an arrow ("-> "), where
 * its second column begins, or two columns further in. A word that cannot be broken stays whole. */
void wrap_lines(struct buf *out, struct sv text, size_t width);
