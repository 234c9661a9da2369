/* SPDX-License-Identifier: Apache-2.0 */
/* kube_use.h - what many groups of pods have and use, read by several threads from the folder of kubepods. */
#pragma once

#include "base/err.h"
#include "engine/engine.h"
#include "kernel/cgroup_stat.h"

/* Of one group. What it lacks, or one that is gone, is CG_UNSET. */
struct kube_use {
	const char *path;			     /* NULL: nothing is looked at */
	int64_t at_ns;				     /* monotonic: when */
	int64_t cpu_ns;				     /* KUBE_USE_CPU */
	int64_t memory_bytes,
		working_set_bytes; /* KUBE_USE_MEMORY, KUBE_USE_WORKING_SET: without pages nobody looks at */
	int64_t shares, weight, quota_us, period_us; /* KUBE_USE_LIMITS */
	int64_t memory_limit_bytes;
};

enum {
	KUBE_USE_CPU = 1 << 0,
	KUBE_USE_MEMORY = 1 << 1,
	KUBE_USE_WORKING_SET = 1 << 2,
	KUBE_USE_LIMITS = 1 << 3,
};

/* kube_use_read - of n groups, in or below that of kubepods; `path` is given, what was asked for is set. -ENAMETOOLONG, -ENOMEM */
int kube_use_read(const struct engine *en, const struct cgroup_layout *l, const char *kubepods, unsigned what,
		  struct kube_use *v, size_t n, struct err *e);
