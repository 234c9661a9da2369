/* SPDX-License-Identifier: Apache-2.0 */
/* validate.h - which requests and limits a pod may state (core/validation). Of a pod with its defaults filled in. */
#pragma once

#include "kube/complaints.h"
#include "kube/resources.h"

/* pod_validate - -EINVAL: 'Pod "web" is invalid: spec.containers[0].resources.requests: Invalid value: "2": must be less
 * than or equal to cpu limit of 1'. -ENOMEM. */
int pod_validate(const struct kube_pod *p, struct arena *a, struct err *e);

/* resource_is_extended - "example.com/gpu": counted, and never promised twice */
bool resource_is_extended(const char *name);
