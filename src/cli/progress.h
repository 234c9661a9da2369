/* SPDX-License-Identifier: Apache-2.0 */
/* progress.h - one line of a terminal that tells how far something long is: "3f2a9b01c4d5: Loading layer [==>  ] 1MB/4MB".
 *
 * Written ten times a second at most, within the terminal's width; nothing where there is no terminal. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct progress {
	int fd; /* -1: nothing is shown */
	int64_t shown_ns;
	bool open; /* the line has no end yet */
};

struct progress progress_new(int fd, bool quiet);

/* progress_step - of total bytes; 0: nobody knows how many there are. `what` names the thing and what is done with it.
 * The first and the last step are always shown. */
void progress_step(struct progress *p, const char *what, int64_t done, int64_t total);

/* progress_end - the next text begins on a line of its own. progress_clear - likewise, and the line is gone. */
void progress_end(struct progress *p);
void progress_clear(struct progress *p);

/* progress_line - the text alone, for a terminal of so many columns. Pure. Returns ret. */
#define PROGRESS_SIZE 400
const char *progress_line(const char *what, int64_t done, int64_t total, unsigned columns, char ret[PROGRESS_SIZE]);
