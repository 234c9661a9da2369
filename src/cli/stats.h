/* SPDX-License-Identifier: Apache-2.0 */
/* stats.h - one container of `tare stats` as Docker's fields, and ours beside them. */
#pragma once

#include "cli/listing.h"
#include "report/stats.h"

extern const struct listing_kind stats_kind, stats_kind_no_pressure; /* the latter where the kernel tells none */

/* Of a table: whether there may be room for the pressure. */
bool stats_shows_pressure(const struct listing_options *how);

/* What is compared with an earlier sample of the same life; zero: with the beginning of that life. */
struct stats_before {
	const char *id; /* its group */
	int64_t taken_ns, lived_ns, usage_ns, periods, throttled_periods;
};

/* brief: only those that the table shows, of a sample that was read so */
void stats_fields(const struct stats_sample *s, const struct stats_before *before, bool whole, bool brief,
		  struct arena *a, const char **ret);
