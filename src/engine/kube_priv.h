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
/* kube_admit_resize - one that is there, among the others, with what its object says now. -ENOSPC: the node has no room for it */
int kube_admit_resize(const struct kube_world *others, const struct kube_site *site, struct kube_change *c,
		      struct arena *a, struct err *e);
/* kube_admit_other - limit ranges and quotas: whether they contradict themselves. */
int kube_admit_other(const struct object *o, struct arena *a, struct err *e);

/* kube_admit_pending - one that waits: *ret_reason is NULL when there is room for it now. */
int kube_admit_pending(const struct kube_world *w, const struct kube_site *site, size_t pod, const char **ret_reason,
		       struct arena *a, struct err *e);
/* kube_pending_begin - those that fit now. The caller holds the lock. */
int kube_pending_begin(struct engine *en, const struct kube_options *o, struct arena *a, struct err *e);

/* kube_lock, kube_look, kube_begin - the lock; what there is, with pods that have ended marked; both. kube_set_namespace - of an object that does not say its own. kube_write_tiers -
 * kubepods and its tiers for the pods that are there. */
int kube_lock(struct engine *en, int *ret_fd, struct err *e);
int kube_look(struct engine *en, const struct kube_options *o, struct arena *a, struct kube_world *ret,
	      struct kube_site *ret_site, struct err *e);
int kube_begin(struct engine *en, const struct kube_options *o, struct arena *a, int *ret_lock, struct kube_world *ret,
	       struct kube_site *ret_site, struct err *e);
int kube_set_namespace(const struct kube_options *o, struct object *obj, struct err *e);
int kube_write_tiers(struct kube_site *s, const struct kube_world *w, struct arena *a, struct err *e);
