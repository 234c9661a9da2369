/* SPDX-License-Identifier: Apache-2.0 */
/* node.h - what a node has to give, and whom it sends away when that runs out. */
#pragma once

#include "kube/resources.h"

/* node_allocatable - capacity less what is kept (kube-reserved, system-reserved, eviction thresholds), of each resource
 * at least zero. -ENOMEM. */
int node_allocatable(const struct resource_list *capacity, const struct resource_list *kept, size_t n, struct arena *a,
		     struct resource_list *ret);

/* eviction_threshold - "100Mi", or "10%" of a capacity. -EINVAL. */
int eviction_threshold(struct sv text, const struct quantity *capacity, struct quantity *ret, struct err *e);

struct eviction_candidate {
	const struct kube_pod *pod;
	int64_t usage, request; /* of what ran out: bytes, or processes */
};

/* eviction_rank - the first goes first. Memory and disk: who uses more than it asked for, then the lower priority, then who
 * uses most more than it asked for (disk: most at all). Processes: the lower priority, then who has most. */
enum eviction_signal { EVICTION_MEMORY, EVICTION_DISK, EVICTION_PIDS };
void eviction_rank(struct eviction_candidate *v, size_t n, enum eviction_signal signal);

/* node_fits - may a pod with these requests be added to what is asked for already? -ENOSPC: the
 * scheduler's words, "1 Insufficient cpu, 1 Insufficient memory, 1 Too many pods". `asked` has "pods" too. */
int node_fits(const struct resource_list *allocatable, const struct resource_list *asked,
	      const struct resource_list *requests, struct err *e);
