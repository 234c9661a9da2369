/* SPDX-License-Identifier: Apache-2.0 */
/* limit_range.h - a namespace's LimitRange: what containers get that state nothing, and what they may state. */
#pragma once

#include "kube/complaints.h"
#include "kube/resources.h"

struct limit_item {
	const char *type; /* "Container", "Pod", "PersistentVolumeClaim" */
	struct resource_list max, min, standard /* "default" */, standard_request, ratio;
};

struct limit_range {
	const char *name;
	struct limit_item *v;
	size_t n;
};

/* limit_range_defaults - of its items: default from max, defaultRequest from default, then from min. -ENOMEM. */
int limit_range_defaults(struct limit_range *l, struct arena *a);
/* limit_range_validate - -EINVAL: 'LimitRange "x" is invalid: spec.limits[0].default: Forbidden: …' */
int limit_range_validate(const struct limit_range *l, struct arena *a, struct err *e);

/* limit_range_fill - what containers do not state, each by itself. *annotation gets what was set, as the original notes it
 * in kubernetes.io/limit-ranger; NULL: nothing was. -ENOMEM. */
int limit_range_fill(const struct limit_range *l, size_t n, struct kube_pod *p, struct arena *a,
		     const char **annotation);
/* limit_range_admit - -EACCES: 'pods "x" is forbidden: cpu max limit to request ratio per Container is 10, but provided
 * ratio is 20.000000'. */
int limit_range_admit(const struct limit_range *l, size_t n, const struct kube_pod *p, struct arena *a, struct err *e);
