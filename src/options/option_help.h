/* SPDX-License-Identifier: Apache-2.0 */
/* option_help.h - the rows of options as text: --help within 80 columns, and mdoc(7) for the manual pages. */
#pragma once

#include "base/buf.h"
#include "options/option.h"

#include <stdbool.h>

/* help_wrap - words of text from column `at` on, wrapped before the 80th, following lines indented by `indent` */
void help_wrap(struct buf *out, const char *text, size_t at, size_t indent);

/* help_group - title and rows, without those that are hidden or refused; nothing when there is no other */
void help_group(const struct option_group *g, struct buf *out);

/* help_man_group - an mdoc(7) list; sections: under the group's title */
void help_man_group(const struct option_group *g, bool sections, struct buf *out);

/* help_man_text - a summary as a sentence */
void help_man_text(const char *summary, struct buf *out);
