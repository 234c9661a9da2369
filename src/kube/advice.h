/* SPDX-License-Identifier: Apache-2.0 */
/* advice.h - requests and limits from what a container was seen to use. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What was seen. Of limits and requests 0: none. */
struct observed {
	int64_t *cpu_milli; /* of each interval; sorted by advise() */
	size_t n;
	int64_t working_set_bytes, peak_bytes; /* at most while it was watched; of its whole life, the cache too */
	int64_t throttled, periods;            /* of its quota, in its whole life */
	int64_t oom_kills;
	int64_t cpu_request_milli, cpu_limit_milli, memory_request_bytes, memory_limit_bytes; /* as they are */
};

struct advice {
	int64_t cpu_p50, cpu_p95, cpu_most; /* milli, seen */
	int64_t cpu_request_milli, cpu_limit_milli; /* limit 0: none is better */
	int64_t memory_request_bytes, memory_limit_bytes;
	const char *why; /* of a limit that was too low; NULL: nothing was */
};

/* advise - the request of CPU is what is enough in 95 of 100 intervals, and a limit leaves twice the most that was seen, twice
 * of itself when it held the container back; memory is asked for as the working set and a tenth, its limit a quarter above the
 * peak, half as much again when it killed. Rounded up: 10m, 1Mi. */
void advise(struct observed *o, struct advice *ret);
