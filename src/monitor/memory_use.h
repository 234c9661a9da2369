/* SPDX-License-Identifier: Apache-2.0 */
/* memory_use.h - the last samples of a container's use of memory, so that a kill for lack of it can be seen coming in hindsight.
 *
 * Nobody polls. v1 wakes us as use passes shares of the limit (memory.rst, "Memory thresholds"), a second after the start, v2 when the limit is met
 * (memory.events); from then on there is a look a second while something changes. What else wakes the monitor, such as
 * output, is a look too, once a second at most. Only of a container that was started with a limit of memory. */
#pragma once

#include "base/sv.h"
#include "kernel/cgroup_event.h"

#include <stdbool.h>
#include <stdint.h>

struct host;

#define MEMORY_SAMPLES 12
#define MEMORY_SAMPLES_TEXT 400 /* each "1795775064043:268435456 ": milliseconds since 1970, bytes */

struct memory_sample {
	int64_t time_ms, bytes;
};

struct memory_use {
	bool on;
	struct cgroup_memory_watch watch;
	int64_t limit_bytes;
	int64_t looked_ns, again_ns; /* monotonic; again_ns 0: when something happens */
	int64_t events, kills;       /* counted so far; v1: as often as it woke us */
	unsigned n;
	struct memory_sample v[MEMORY_SAMPLES];
};

/* memory_use_begin - a life begins in the group; limit_bytes 0 or less: none. What cannot be watched is not. */
void memory_use_begin(struct memory_use *u, const struct host *h, const struct cgroup_layout *l, const char *cgroup,
		      int64_t limit_bytes);
/* memory_use_end - before the group goes; the samples stay */
void memory_use_end(struct memory_use *u);
/* memory_use_fd - to poll(2) for watch.wait_for; -1: nothing to wait for at the moment */
int memory_use_fd(const struct memory_use *u);
/* memory_use_run - after each wait; revents of the descriptor. true: there was an OOM kill since the last look */
bool memory_use_run(struct memory_use *u, short revents, int64_t now_ns);

/* memory_samples_add - by time; of a level that lasts the first and the last one are kept. Pure. */
void memory_samples_add(struct memory_use *u, struct memory_sample s);
/* memory_samples_print - as one line, the oldest first. memory_samples_next - 1: the next one; 0: the end, or not one. Pure. */
void memory_samples_print(const struct memory_use *u, char ret[MEMORY_SAMPLES_TEXT]);
int memory_samples_next(struct sv *rest, struct memory_sample *ret);
