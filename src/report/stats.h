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
	const char *id, *name, *cgroup; /* id NULL: no container; CGROUP_NONE: st is what proc_use_read() tells */
	bool running;       /* else all that follows says nothing */
	int64_t taken_ns;   /* monotonic */
	int64_t lived_ns;   /* since this life of it began; 0: not known */
	const struct cgroup_stat *st;
	struct net_totals net;
	struct limit memory; /* the tightest one, of the container, a group above it or the whole host */
	int64_t memory_total_bytes; /* of the host */
};

struct stats_samples {
	struct stats_sample *v;
	size_t n;
};

struct stats_request {
	struct engine *engine; /* NULL: containers are not known */
	const struct host *host;
	const struct cgroup_layout *layout;
	const struct oci_strings
		*names; /* containers, and others as subject.h has them: "/PATH", "pod/NAME", a process */
	bool all;   /* no names: also of those that do not run */
	bool no_pressure; /* brief, and without that: three files less for each */
	bool brief; /* half the files, those of numbers that a table shows (CGROUP_STAT_LINE, pressure) */
};

/* stats_read - of those that are named, in this order; no names: of all that run, the newest first. What ended while it was
 * looked at is not running. Of many, several threads look. -ENOENT: one that is named is not there. -EACCES: no names, and
 * no engine. */
int stats_read(const struct stats_request *q, struct arena *a, struct stats_samples *ret, struct err *e);
