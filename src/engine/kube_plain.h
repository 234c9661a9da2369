/* SPDX-License-Identifier: Apache-2.0 */
/* kube_plain.h - a container of `tare run` that says what it asks for (--namespace, --cpu-request, --memory-request) is a pod
 * of one: it has a class, a place below kubepods and a row among Kubernetes' objects, whose uid is the container's id. Limit
 * ranges, quotas and the node are asked as for any other pod. It counts as long as it is not Succeeded or Failed, and is
 * asked about again when it is started once more. */
#pragma once

#include "engine/create.h"

bool kube_plain_is(const struct container_config *c);
bool kube_plain_has_uid(const char *uid); /* of such a pod */

/* kube_plain_check - its options, before anything is looked up for it. -EINVAL */
int kube_plain_check(const struct creation *cr, struct err *e);
/* kube_plain_admit - before the configuration is checked: its limits, oom_score_adj and cgroup become those of the class.
 * Nobody else is admitted until creation_done() or kube_plain_admitted(). -EACCES, -EINVAL, -ENOSPC: the server's words. */
int kube_plain_admit(struct creation *cr, struct err *e);
void kube_plain_admitted(struct creation *cr);
/* kube_plain_record - its row, in the transaction that inserts the container's */
int kube_plain_record(const struct creation *cr, struct db *db, struct err *e);
/* kube_plain_groups - before each start: kubepods, its tiers and the pod's own group */
int kube_plain_groups(struct creation *cr, struct err *e);
/* kube_plain_remove_group - the group of the pod, after that of its container. kube_plain_gone - the container, whose row is
 * deleted, was one: who waited for room begins */
int kube_plain_remove_group(struct engine *en, const char *cgroup, struct err *e);
int kube_plain_gone(struct engine *en, const char *cgroup, struct err *e);
