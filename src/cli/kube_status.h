/* SPDX-License-Identifier: Apache-2.0 */
/* kube_status.h - what kubectl says of a pod, from its containers. */
#pragma once

#include "engine/kube.h"

struct pod_summary {
	int ready, containers, restarts; /* containers that stay, and how many of them run */
	char status[64];		 /* Pending, Running, Completed, Error, OOMKilled, Init:0/1 … */
	const char *phase;		 /* Pending, Running, Succeeded, Failed */
};

void pod_summary_make(const struct kube_running *p, const struct kube_status *v, size_t n, struct pod_summary *ret);

/* kube_end_reason - of a life that ended with this code: Completed, Error, OOMKilled */
const char *kube_end_reason(const struct outcome *o, int code);

/* kube_age - how long ago, as kubectl has it: "5s", "3m20s", "4h", "12d". NULL: out of memory */
const char *kube_age(struct arena *a, int64_t created_ns);
