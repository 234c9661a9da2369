/* SPDX-License-Identifier: Apache-2.0 */
/* qos.h - the quality of service that a pod has, and how early the kernel takes its processes when memory runs out. */
#pragma once

#include "kube/resources.h"

#define QOS_CLASSES(X) X(GUARANTEED, "Guaranteed") X(BURSTABLE, "Burstable") X(BEST_EFFORT, "BestEffort")
enum qos {
#define X(id, text) QOS_##id,
	QOS_CLASSES(X)
#undef X
};

const char *qos_name(enum qos q);

/* pod_qos - of a pod with its defaults filled in. Only cpu and memory above zero count. */
enum qos pod_qos(const struct kube_pod *p);

/* container_oom_score_adj - of one of the pod's containers, on a node with so many bytes of memory: -997 to 1000. */
int container_oom_score_adj(const struct kube_pod *p, const struct kube_container *c, int64_t node_memory_bytes);
