/* SPDX-License-Identifier: Apache-2.0 */
/* trace.h - when each step ended. Memory shared with the child, so that its part is seen too; NULL traces nothing. */
#pragma once

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

#define TRACE_STEPS 512

struct trace {
	int64_t begun_ns, ended_ns;   /* CLOCK_MONOTONIC: of the whole */
	int64_t step_ns[TRACE_STEPS]; /* end of the plan's step i; 0: not reached */
};

int trace_new(struct trace **ret, struct err *e); /* mmap(2), shared; as long as the process lives */
void trace_step(struct trace *t, size_t step); /* now; callable after clone3(2) */
