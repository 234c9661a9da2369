/* SPDX-License-Identifier: Apache-2.0 */
#include "kube/advice.h"

#include <stdlib.h>

#define CPU_STEP 10
#define MEMORY_STEP (1 << 20)
#define MEMORY_LEAST (4 << 20)

static int compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/* The smallest that is enough for so many of 100. */
static int64_t percentile(const struct observed *o, size_t of_100)
{
	size_t at = (o->n * of_100 + 99) / 100;

	return o->n ? o->cpu_milli[at ? at - 1 : 0] : 0;
}

static int64_t larger(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static int64_t round_up(int64_t n, int64_t step)
{
	return n <= 0 ? step : (n + step - 1) / step * step;
}

static void advise_cpu(const struct observed *o, struct advice *a)
{
	bool throttled = o->throttled > 0 && o->periods > 0 && o->throttled * 100 / o->periods >= 1;
	int64_t limit = o->cpu_limit_milli;

	a->cpu_request_milli = round_up(a->cpu_p95, CPU_STEP);
	if (!limit)
		return;
	if (throttled)
		a->why = "held back by its CPU limit";
	limit = throttled ? larger(limit * 2, a->cpu_most * 2) : a->cpu_most * 2;
	a->cpu_limit_milli = round_up(larger(limit, a->cpu_request_milli), CPU_STEP);
}

static void advise_memory(const struct observed *o, struct advice *a)
{
	int64_t most = larger(o->peak_bytes, o->working_set_bytes);
	int64_t limit = o->oom_kills > 0 ? larger(most, o->memory_limit_bytes) / 2 * 3 : most / 4 * 5;

	if (o->oom_kills > 0)
		a->why = "killed for lack of memory";
	a->memory_request_bytes = round_up(larger(o->working_set_bytes / 10 * 11, MEMORY_LEAST), MEMORY_STEP);
	a->memory_limit_bytes = round_up(larger(limit, a->memory_request_bytes), MEMORY_STEP);
}

void advise(struct observed *o, struct advice *ret)
{
	struct advice a = { 0 };

	if (o->n)
		qsort(o->cpu_milli, o->n, sizeof *o->cpu_milli, compare);
	a.cpu_p50 = percentile(o, 50);
	a.cpu_p95 = percentile(o, 95);
	a.cpu_most = percentile(o, 100);
	advise_cpu(o, &a);
	advise_memory(o, &a);
	*ret = a;
}
