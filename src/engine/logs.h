/* SPDX-License-Identifier: Apache-2.0 */
/* logs.h - what a container wrote, from its log files (monitor/jsonlog.h), to standard output and standard error. */
#pragma once

#include "base/err.h"
#include "base/sv.h"
#include "engine/engine.h"

#include <stdbool.h>
#include <stdint.h>

struct logs_options {
	bool follow, timestamps, details;
	bool since_set, until_set;
	int64_t since_ns, until_ns; /* records from the first on, up to the second */
	bool tail_set;
	int64_t tail; /* so many records from the end; < 0: all */
};

/* engine_logs - of a running or ended container. follow: until it has ended for good, across rotations and automatic
 * restarts; woken by inotify(7), never by the clock. -ENOENT: no such container; -ENOTSUP: it keeps no log. */
int engine_logs(struct engine *en, struct sv ref, const struct logs_options *o, struct err *e);
