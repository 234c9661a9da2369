/* SPDX-License-Identifier: Apache-2.0 */
/* timeline.h - `--trace`: what a start did and how many microseconds each part of it took. */
#pragma once

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

#define TIMELINE_MARKS 24

struct timeline {
	bool on;
	int64_t begun_ns; /* CLOCK_MONOTONIC */
	unsigned n;
	struct {
		int64_t ns;
		const char *what; /* what was done since the mark before */
	} marks[TIMELINE_MARKS];
	struct buf monitor; /* the monitor's and the child's part, as it wrote them: "<ns> <step>" lines */
};

void timeline_begin(struct timeline *t, bool on);
void timeline_mark(struct timeline *t, const char *what); /* text must live on; nothing when off */
/* timeline_read - the monitor's part, from its state directory */
void timeline_read(struct timeline *t, int state_dir);
/* timeline_print - one line a step: microseconds since the one before, and the step */
int timeline_print(const struct timeline *t, struct buf *out, struct err *e);
void timeline_done(struct timeline *t);
