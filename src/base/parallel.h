/* SPDX-License-Identifier: Apache-2.0 */
/* parallel.h - one loop by several threads: pthreads(7). For many small looks at the kernel that know nothing of each other.
 *
 * The threads live as long as the call; signals stay with the caller. */
#pragma once

#include <stddef.h>

#define PARALLEL_MAX 4

/* parallel_cpus - the processors that this process may use: sched_getaffinity(2). At least 1. */
unsigned parallel_cpus(void);

/* parallel_workers - how many are worth it for n items: 1 for few, never more than there are processors for us. */
unsigned parallel_workers(size_t n);

/* parallel_for - call work for each i below n, once, in no order. worker: below workers, and at one i at a time: what is
 * its own needs no lock. A thread that cannot be made is made up for by the others. */
typedef void parallel_work(void *context, unsigned worker, size_t i);
void parallel_for(size_t n, unsigned workers, parallel_work *work, void *context);
