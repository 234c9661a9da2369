/* SPDX-License-Identifier: Apache-2.0 */
/* kube_rows.h - the rows of Kubernetes' objects: what was applied and admitted. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "records/db.h"

struct kube_row {
	const char *uid, *kind, *namespace, *name;
	const char *owner;    /* uid of the Deployment or Job that a pod is of; NULL: none */
	int64_t created_ns;
	const char *cgroup;   /* of a pod: the group above kubepods, "/tare" */
	const char *reason;   /* of a pod: why nothing was made of it yet; NULL: it was */
	const char *applied;  /* JSON as it was given: whether it has changed */
	const char *document; /* JSON as it was admitted */
};

struct kube_rows {
	struct kube_row *v;
	size_t n;
};

/* kube_rows_list - all, in the order in which they came. */
int kube_rows_list(struct db *db, struct arena *a, struct kube_rows *ret, struct err *e);
/* kube_rows_begun - pods without a reason, likewise. */
int kube_rows_begun(struct db *db, struct arena *a, struct kube_rows *ret, struct err *e);
/* kube_rows_put - -EEXIST: there is one of that kind, namespace and name. In the caller's transaction. */
int kube_rows_put(struct db *db, const struct kube_row *row, struct err *e);
/* kube_rows_replace - documents and reason of the row with its uid. */
int kube_rows_replace(struct db *db, const struct kube_row *row, struct err *e);
int kube_rows_delete(struct db *db, const char *uid, struct err *e);
