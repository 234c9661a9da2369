/* SPDX-License-Identifier: Apache-2.0 */
/* metrics_before.h - what the containers' numbers were at the last scrape, and which of them cannot have changed since: half
 * of a group's files are limits, which last until somebody writes, or kills, which the whole host counts in one file. What a
 * file costs is to open it.
 *
 * A kilobyte for each container. One scrape after the other; within one, several threads may look. */
#pragma once

#include "kernel/cgroup_stat.h"
#include "kernel/cgroup_written.h"

struct metrics_before;

/* metrics_before_new - nothing is known yet. Where the kernel does not tell of writes, limits never are. *h and *l are borrowed. NULL: no memory */
struct metrics_before *metrics_before_new(const struct host *h, const struct cgroup_layout *l);
void metrics_before_free(struct metrics_before *b);

/* metrics_before_begin - a scrape begins: what happened until now is taken note of */
void metrics_before_begin(struct metrics_before *b, const struct host *h);

/* One container in one life. */
struct metrics_life {
	const char *id, *cgroup;
	int64_t started_ns; /* 0: it is never known */
	struct cgroup_folders folders; /* metrics_before_look()'s */
};

/* metrics_before_look - *ret_same are CGROUP_STAT_SAME_…. NULL: not known; then the group's numbers are to be read after this. */
const struct cgroup_stat *metrics_before_look(const struct metrics_before *b, struct metrics_life *life,
					      unsigned *ret_same);

/* metrics_before_end - from now on it is these that were there; lives[i] had stats[i]. All is copied. Without memory less is
 * known. */
void metrics_before_end(struct metrics_before *b, const struct metrics_life *const *lives,
			const struct cgroup_stat *const *stats, size_t n);
