/* SPDX-License-Identifier: Apache-2.0 */
/* resources.h - lists of resources ("cpu": "500m"), and a pod as its arithmetic sees it.
 *
 * A list is sorted by name, without a name twice. Everything lives in arenas; names are borrowed. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "kube/quantity.h"

#include <stdbool.h>
#include <stddef.h>

struct resource {
	const char *name; /* "cpu", "memory", "hugepages-2Mi", "example.com/gpu" */
	struct quantity amount;
};

struct resource_list {
	struct resource *v;
	size_t n;
};

struct resources {
	struct resource_list requests, limits;
};

struct kube_container {
	const char *name;
	struct resources resources;
	bool sidecar; /* an init container with restartPolicy: Always */
};

struct kube_pod {
	const char *name, *namespace, *uid;
	struct kube_container *containers, *inits;
	size_t n_containers, n_inits;
	bool has_resources; /* at pod level */
	struct resources resources;
	struct resource_list overhead;
	int64_t priority;
	const char *priority_class; /* NULL: none */
	bool has_deadline;	    /* activeDeadlineSeconds */
	bool ended;		    /* Succeeded or Failed */
	bool critical; /* node-critical, or static: the kubelet never evicts it, nor gives it swap */
};

const struct quantity *resource_find(const struct resource_list *l, const char *name); /* NULL: not in it */
int64_t resource_milli(const struct resource_list *l, const char *name);             /* 0: not in it */
int64_t resource_value(const struct resource_list *l, const char *name);

/* All: -ENOMEM. */
int resource_set(struct arena *a, struct resource_list *l, const char *name, const struct quantity *amount);
int resource_copy(struct arena *a, struct resource_list *to, const struct resource_list *from);
int resource_add(struct arena *a, struct resource_list *to, const struct resource_list *from);
int resource_max(struct arena *a, struct resource_list *to, const struct resource_list *from);

/* resource_hugepages - the page size of "hugepages-2Mi" in bytes; 0: not such a name. */
int64_t resource_hugepages(const char *name);

/* pod_defaults - what the API server fills in: a container's missing request is its limit, amounts are rounded up to
 * thousandths; at pod level a missing request is what the containers ask for together, or else the limit. -ENOMEM. */
int pod_defaults(struct kube_pod *p, struct arena *a);

/* pod_requests, pod_limits - what the pod takes of its node: the larger of containers and sidecars together, and of each
 * init container with the sidecars started before it; overridden at pod level; and its overhead. -ENOMEM. */
int pod_requests(const struct kube_pod *p, struct arena *a, struct resource_list *ret);
int pod_limits(const struct kube_pod *p, struct arena *a, struct resource_list *ret);
/* pod_containers_requests - of the containers alone. */
int pod_containers_requests(const struct kube_pod *p, struct arena *a, struct resource_list *ret);
/* pod_limits_all - each container, and each step before them, states a limit above zero, or the pod does. */
bool pod_limits_all(const struct kube_pod *p, const char *name);
