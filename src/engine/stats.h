/* SPDX-License-Identifier: Apache-2.0 */
/* stats.h - what containers use at a moment: `tare stats`. Numbers only; kernel/cgroup_stat.h says what each means. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "engine/engine.h"
#include "insight/levels.h"
#include "insight/limits.h"
#include "kernel/cgroup_stat.h"
#include "kernel/net_dev.h"
#include "oci/runtime_spec.h"

#include <stdbool.h>
#include <stdint.h>

struct stats_sample {
	const char *id, *name, *cgroup;
	bool running;       /* else all that follows says nothing */
	int64_t taken_ns;   /* monotonic */
	int64_t lived_ns;   /* since this life of it began */
	const struct cgroup_stat *st;
	struct net_totals net;
	struct limit memory; /* the tightest one, of the container, a group above it or the whole host */
	int64_t memory_total_bytes; /* of the host */
};

struct stats_samples {
	struct stats_sample *v;
	size_t n;
};

/* stats_read - of those that are named, in this order; no names: of all that run, the newest first, with `all` of every one.
 * brief: half the files, those of numbers that a table shows (CGROUP_STAT_LINE, pressure). What ended while it was looked at
 * is not running. Of many, several threads look. -ENOENT: one that is named is not there. */
int stats_read(struct engine *en, const struct oci_strings *names, bool all, bool brief, struct arena *a,
	       struct stats_samples *ret, struct err *e);
