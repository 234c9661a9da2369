/* SPDX-License-Identifier: Apache-2.0 */
/* kube_priv.h - between those that change objects, and kube_admit.c (may it be?). */
#pragma once

#include "base/scope.h"
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
/* kube_admit_ended - one that has ended, when it is to run again. -EACCES, -ENOSPC */
int kube_admit_ended(const struct kube_world *w, const struct kube_site *site, size_t pod, struct arena *a,
		     struct err *e);
/* kube_admit_other - limit ranges and quotas: whether they contradict themselves. */
int kube_admit_other(const struct object *o, struct arena *a, struct err *e);

/* kube_admit_pending - one that waits: *ret_reason is NULL when there is room for it now. */
int kube_admit_pending(const struct kube_world *w, const struct kube_site *site, size_t pod, const char **ret_reason,
		       struct arena *a, struct err *e);
/* kube_pending_begin - those that fit now. The caller holds the lock. */
int kube_pending_begin(struct engine *en, const struct kube_options *o, struct arena *a, struct err *e);

/* One change of what there is: everything that it needs, from the look to the report. */
struct kube_work {
	struct engine *en;
	const struct kube_options *o;
	struct arena *a;
	struct remarks *remarks;  /* NULL: they interest nobody */
	struct oci_strings *done; /* a line for each object */
	struct err *e;
	int lock; /* -1: not held */
	struct kube_world world;
	struct kube_site site;
};

/* kube_work_open - the lock, and what there is. kube_work_read - a file's objects with their namespaces, then the same.
 * kube_work_close - lets the lock go. */
int kube_work_open(struct kube_work *k);
int kube_work_read(struct kube_work *k, struct sv text, struct objects *ret);
void kube_work_close(struct kube_work *k);
/* kube_delete_row - an object of k's world, with what is of it, and what was made of that. */
int kube_delete_row(struct kube_work *k, size_t row);
#define scoped_work SCOPED(kube_work_close) struct kube_work

/* kube_lock, kube_unlock - the lock. kube_look - what there is, with pods that have ended marked. kube_write_tiers - kubepods and its
 * tiers for the pods that are there. kube_store, kube_forget - a row by itself. kube_row_index - rows.n: there is none. kube_json - NULL: out of memory. */
int kube_lock(struct engine *en, int *ret_fd, struct err *e);
void kube_unlock(struct engine *en, int *fd);
int kube_look(struct engine *en, const struct kube_options *o, struct arena *a, struct kube_world *ret,
	      struct kube_site *ret_site, struct err *e);
int kube_write_tiers(struct kube_site *s, const struct kube_world *w, struct arena *a, struct err *e);
int kube_store(struct engine *en, const struct kube_row *row, struct err *e);
int kube_forget(struct engine *en, const char *uid, struct err *e);
size_t kube_row_index(const struct kube_world *w, enum object_kind kind, const char *namespace, const char *name);
/* kube_check_kept - inside of a transaction: all that there would be after it. -E2BIG: that could not be read any more. */
int kube_check_kept(struct engine *en, struct arena *a, struct kube_world *ret, struct err *e);
const char *kube_json(const struct node *n, struct arena *a);
