/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/trace.h"

#include "base/clock.h"

#include <sys/mman.h>

int trace_new(struct trace **ret, struct err *e)
{
	void *p = mmap(NULL, sizeof(struct trace), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return err_sys(e, "mmap of the trace");
	*ret = p;
	(*ret)->begun_ns = clock_monotonic_ns();
	return 0;
}

void trace_step(struct trace *t, size_t step)
{
	if (t && step < TRACE_STEPS)
		t->step_ns[step] = clock_monotonic_ns();
}
