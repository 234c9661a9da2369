/* SPDX-License-Identifier: Apache-2.0 */
/* progress_lines.h - what several things at once are at: on a terminal a line for each that changes in place, with a bar;
 * elsewhere a line for each step. May be used by several threads. */
#pragma once

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct progress_lines;

/* progress_lines_new - quiet: nothing is shown. plain: a line for each step, though it is a terminal. */
int progress_lines_new(int fd, bool quiet, bool plain, struct progress_lines **ret, struct err *e);
/* progress_lines_free - what is shown is up to date then. */
void progress_lines_free(struct progress_lines *l);

/* progress_lines_set - the thing `id` is at `step`, done of total bytes of it; total 0: there is nothing to count. A step
 * that is `minor` is shown on a terminal only. */
void progress_lines_set(struct progress_lines *l, const char *id, const char *step, bool minor, int64_t done,
			int64_t total);

/* progress_lines_say - a line of text of its own. */
void progress_lines_say(struct progress_lines *l, const char *text);
