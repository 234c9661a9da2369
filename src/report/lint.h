/* SPDX-License-Identifier: Apache-2.0 */
/* lint.h - a container's configuration, and what was observed of it, as insight/lint.h judges them. */
#pragma once

#include "spec/config.h"
#include "report/subject.h"
#include "insight/lint.h"

/* lint_of_config - what was asked for. Borrows from *c and a. -ENOMEM */
int lint_of_config(const struct container_config *c, struct arena *a, struct lint_subject *ret, struct err *e);

/* lint_of_container - also peak, throttled share and OOM kills of one that runs; the image's user when it has none. */
int lint_of_container(struct engine *en, const struct cgroup_layout *l, const struct subject *s, struct arena *a,
		      struct lint_subject *ret, struct err *e);

/* One container of a file, or of a pod. */
struct lint_target {
	const char *name; /* "Pod web, container app" */
	unsigned line;    /* 0: of no file */
	struct lint_subject subject;
};

struct lint_targets {
	struct lint_target *v;
	size_t n;
};

/* lint_of_manifest - every container of the file's pods and of their templates. Memory belongs to a. -EINVAL: it is no such
 * file, or has no pod. */
int lint_of_manifest(struct sv text, struct arena *a, struct lint_targets *ret, struct err *e);

/* lint_of_pod - every container of the pod "NAME" or "NAMESPACE/NAME" that was applied: by its manifest, and what was
 * observed of those that run or ran. -ENOENT: No such pod */
int lint_of_pod(struct engine *en, const struct cgroup_layout *l, const char *name, struct arena *a,
		struct lint_targets *ret, struct err *e);
