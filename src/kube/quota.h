/* SPDX-License-Identifier: Apache-2.0 */
/* quota.h - a namespace's ResourceQuota: which pods it counts, what they use of it, and whether one more fits. */
#pragma once

#include "kube/complaints.h"
#include "kube/qos.h"

struct quota_scope {
	const char *scope; /* "BestEffort", "NotBestEffort", "Terminating", "NotTerminating", "PriorityClass" */
	const char *op;	   /* of a selector: "In", "NotIn", "Exists", "DoesNotExist"; NULL: a plain scope */
	const char *const *values;
	size_t n_values;
};

struct kube_quota {
	const char *name;
	struct resource_list hard;
	const struct quota_scope *scopes;
	size_t n_scopes;
};

/* quota_validate - -EINVAL: 'ResourceQuota "x" is invalid: spec.scopes: Invalid value: ["BestEffort"]: unsupported scope
 * applied to resource' */
int quota_validate(const struct kube_quota *q, struct arena *a, struct err *e);

/* quota_counts - is this pod one of those that it is about? */
bool quota_counts(const struct kube_quota *q, const struct kube_pod *p);
/* pod_usage - what a pod takes of any quota: "pods", "requests.cpu" and its short name "cpu", … -ENOMEM. */
int pod_usage(const struct kube_pod *p, struct arena *a, struct resource_list *ret);

/* quota_admit - may the pod be added to what is used? -EACCES: 'pods "x" is forbidden: exceeded quota: rq, requested:
 * pods=1, used: pods=3, limited: pods=3', or that it must state something. */
int quota_admit(const struct kube_quota *q, const struct resource_list *used, const struct kube_pod *p, struct arena *a,
		struct err *e);
/* quota_charge - adds what the pod uses of what the quota limits. -ENOMEM. */
int quota_charge(const struct kube_quota *q, const struct kube_pod *p, struct arena *a, struct resource_list *used);
