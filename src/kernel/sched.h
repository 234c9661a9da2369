/* SPDX-License-Identifier: Apache-2.0 */
/* sched.h - how a process gets its turns: sched_setattr(2), ioprio_set(2), set_mempolicy(2), personality(2),
 * sched_setaffinity(2). All of them for the calling thread; the names are those of the OCI runtime-spec.
 *
 * The *_from_* functions are pure; the others are callable after clone3(2). */
#pragma once

#include "base/err.h"
#include "base/sv.h"
#include "kernel/cpulist.h"

#include <stdbool.h>
#include <stdint.h>

struct sched_attr_v1 { /* struct sched_attr of Linux 5.3 */
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period; /* nanoseconds */
	uint32_t util_min, util_max;
};

int sched_policy_from_name(const char *name, uint32_t *ret, struct err *e); /* "SCHED_FIFO". -EINVAL */
int sched_flag_from_name(const char *name, uint64_t *ret, struct err *e);   /* "SCHED_FLAG_RESET_ON_FORK". -EINVAL */
int sched_apply(const struct sched_attr_v1 *attr, struct err *e);

/* ioprio_from_name - class "IOPRIO_CLASS_BE" and priority 0 to 7 as one number. -EINVAL */
int ioprio_from_name(const char *class, int64_t priority, int *ret, struct err *e);
int ioprio_apply(int ioprio, struct err *e);

#define MEMPOLICY_NODES 1024 /* MAX_NUMNODES of the largest kernels */

/* mempolicy_mode_from_name - "MPOL_BIND"; mempolicy_flag_from_name - "MPOL_F_STATIC_NODES". -EINVAL */
int mempolicy_mode_from_name(const char *name, int *ret, struct err *e);
int mempolicy_flag_from_name(const char *name, int *ret, struct err *e);
int mempolicy_apply(int mode_and_flags, const struct cpulist *nodes, struct err *e);

/* personality_from_name - "LINUX", "LINUX32". -EINVAL */
int personality_from_name(const char *domain, unsigned long *ret, struct err *e);
int personality_apply(unsigned long domain, struct err *e);

int affinity_apply(const struct cpulist *cpus, struct err *e);
