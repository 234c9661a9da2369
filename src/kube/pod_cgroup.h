/* SPDX-License-Identifier: Apache-2.0 */
/* pod_cgroup.h - the tree of groups that Kubernetes makes on a node, and what is written into each: kubepods, the tiers
 * burstable and besteffort, a pod, a container. Pure: names and texts, for cgroup v1 and v2, with the names of cgroupfs
 * or of systemd. Everything given is of the arena; all functions: -ENOMEM. */
#pragma once

#include "base/buf.h"
#include "kernel/cgroup.h"
#include "kube/qos.h"

/* What the node has. */
struct kube_node {
	int64_t memory_bytes, swap_bytes; /* capacity */
	struct resource_list allocatable; /* cpu, memory, pids, hugepages-*; before eviction thresholds */
	int64_t page_bytes;
	const int64_t *hugepages; /* page sizes of the host, bytes */
	size_t n_hugepages;
};

/* How its groups are made. */
struct kube_policy {
	bool v2, systemd;
	bool swap_account; /* v1: memory.memsw.limit_in_bytes is there */
	bool limited_swap; /* swapBehavior: LimitedSwap */
	bool memory_qos;   /* the feature gate MemoryQoS (v2) */
	bool tiered;       /* its memoryReservationPolicy: TieredReservation */
	unsigned throttling_permille; /* its memoryThrottlingFactor, 900 */
	int64_t pod_pids_limit;       /* 0: none */
	const char *
		root; /* the group above kubepods: "" or "/tare/test"; with systemd a slice: "tare.slice", NULL is "-.slice" */
};

/* kube_policy_of - names alone: systemd's, when the group above kubepods has the name of a slice. */
struct kube_policy kube_policy_of(const char *root);
bool kube_root_is_slice(const char *root);
/* kube_root_of_path - the group above kubepods of one that is below it; NULL: it is not, or there is no memory. */
const char *kube_root_of_path(const char *path, struct arena *a);

struct kube_write {
	enum cgroup_controller controller; /* of v1 hierarchies */
	const char *file, *value;
};

struct kube_level {
	const char *path;
	struct kube_write *v;
	size_t n;
	bool has_oom_score_adj; /* of the processes of a container */
	int oom_score_adj;
};

/* kubepods_path - of kubepods itself, or of the tier of Burstable or BestEffort pods. */
const char *kubepods_path(const struct kube_policy *p, struct arena *a);
const char *tier_path(const struct kube_policy *p, enum qos q, struct arena *a);
const char *pod_path(const struct kube_policy *p, const struct kube_pod *pod, struct arena *a);
const char *container_path(const struct kube_policy *p, const struct kube_pod *pod, const char *id, struct arena *a);

/* kubepods_plan - kubepods, burstable and besteffort, with these pods on the node. */
int kubepods_plan(const struct kube_policy *p, const struct kube_node *node, const struct kube_pod *const *pods,
		  size_t n, struct arena *a, struct kube_level ret[3]);
/* exclusive: CPUs of its own (the static CPU manager), and so no quota. */
int pod_plan(const struct kube_policy *p, const struct kube_node *node, const struct kube_pod *pod, bool exclusive,
	     struct arena *a, struct kube_level *ret);
int container_plan(const struct kube_policy *p, const struct kube_node *node, const struct kube_pod *pod,
		   const struct kube_container *c, const char *id, bool exclusive, struct arena *a,
		   struct kube_level *ret);

/* kube_level_print - the path, then "  file value" for each write. */
void kube_level_print(const struct kube_level *l, struct buf *out);

/* swap_limit - of a container of a Burstable pod under LimitedSwap; 0: none. */
int64_t swap_limit(const struct kube_node *node, const struct kube_pod *pod, const struct kube_container *c);
/* memory_high - of a container under MemoryQoS; 0: none. */
int64_t memory_high(const struct kube_policy *p, const struct kube_node *node, const struct kube_container *c);
/* hugepages_name - 2097152 is "2MB", as the kernel's files have it. */
const char *hugepages_name(int64_t bytes, char ret[24]);
