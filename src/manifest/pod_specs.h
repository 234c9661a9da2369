/* SPDX-License-Identifier: Apache-2.0 */
/* pod_specs.h - the pods that a file of Kubernetes' objects speaks of, whatever the kinds: of a Pod, and of the templates of
 * Deployment, StatefulSet, DaemonSet, Job, CronJob and their like. For looking only: other objects are passed over, and
 * nothing but the form of a pod is checked. */
#pragma once

#include "manifest/objects.h"

struct pod_of {
	const char *kind, *name; /* of the object: "StatefulSet", "db"; name "?" when it has none */
	unsigned line;
	struct pod_spec *pod;
};

struct pods_of {
	struct pod_of *v;
	size_t n;
};

/* pod_specs_read - everything is of the arena. -EINVAL "line 9, column 14: ...", -E2BIG past a ceiling, -ENOMEM */
int pod_specs_read(struct sv text, struct arena *a, struct pods_of *ret, struct err *e);
