/* SPDX-License-Identifier: Apache-2.0 */
/* top_model.h - what `tare top` shows: containers or the tree of groups, with what they used between two looks and what they
 * used before. Pure. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "kernel/cgroup.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One group at a moment; CG_UNSET: not known. */
struct top_sample {
	const char *key;  /* path of the group */
	const char *name; /* to be shown */
	const char *id;   /* of a container; NULL */
	unsigned depth;   /* in the tree */
	bool paused;
	int64_t cpu_ns, periods, throttled_periods;
	int64_t memory_bytes, limit_bytes, pids, pids_limit, read_bytes, write_bytes;
};

#define TOP_HISTORY 24 /* looks that are remembered */

struct top_row {
	struct top_sample s;
	int64_t cpu;       /* hundredths of a percent of one CPU */
	int64_t throttled; /* of the periods in between; CG_UNSET: it has no quota */
	int64_t read_bps, write_bps;
	size_t looks; /* in the histories, at most TOP_HISTORY; the newest last */
	int32_t cpu_history[TOP_HISTORY],
		memory_history[TOP_HISTORY]; /* hundredths of a percent; memory: of the limit */
};

enum top_order { TOP_BY_NAME, TOP_BY_CPU, TOP_BY_MEMORY, TOP_BY_PIDS, TOP_BY_IO, TOP_ORDERS };
extern const char *const top_order_names[TOP_ORDERS]; /* "name" */

struct top_model {
	struct arena arena; /* of rows and order; the texts of a look belong to it */
	struct top_row *rows;     /* by key */
	struct top_row **shown;   /* as they are shown */
	size_t n;
	int64_t taken_ns;
};

void top_model_init(struct top_model *m);
void top_model_done(struct top_model *m);

/* top_model_next - a look more: n samples, whose texts are in *texts, which becomes the model's. In the order of the
 * samples when keep_order (a tree is in order already), else the largest first. -ENOMEM: the model is as it was */
int top_model_next(struct top_model *m, struct arena *texts, const struct top_sample *samples, size_t n,
		   int64_t taken_ns, bool keep_order, enum top_order by, struct err *e);

/* top_model_find - place in `shown`; n: it is not there any more */
size_t top_model_find(const struct top_model *m, const char *key);

/* top_spark - 0 to 7 of a value of a history whose largest counts as `whole` (at least). */
unsigned top_spark(int32_t value, int32_t whole);
