/* SPDX-License-Identifier: Apache-2.0 */
/* kube_priv.h - between kube.c (rows, locks, order) and kube_admit.c (may it be?). */
#pragma once

#include "engine/kube.h"

/* A row that is to be written. */
struct kube_change {
	struct kube_row row;
	struct object object;
	bool is_new, same; /* neither: it replaces one */
	struct kube_pod pod; /* of a pod */
};

struct kube_changes {
	struct kube_change *v;
	size_t n;
};

/* kube_admit - a new pod, among what there is and the changes before it: defaults of limit ranges are filled into object and
 * row.document, row.reason says when it does not fit the node. -EINVAL, -EACCES: the server's words. */
int kube_admit(const struct kube_world *w, const struct kube_changes *before, const struct kube_site *site,
	       struct kube_change *c, struct arena *a, struct err *e);
/* kube_admit_other - limit ranges and quotas: whether they contradict themselves. */
int kube_admit_other(const struct object *o, struct arena *a, struct err *e);
