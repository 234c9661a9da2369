/* SPDX-License-Identifier: Apache-2.0 */
/* kube_pod.h - an admitted pod becomes containers: one of tare's for each of its own, below the pod's group, with the
 * namespaces of the first one that stays. */
#pragma once

#include "records/containers.h"
#include "records/kube_rows.h"
#include "engine/kube_site.h"
#include "engine/recover.h"
#include "manifest/objects.h"

/* A pod with everything that is known of it. */
struct kube_running {
	const struct kube_row *row;
	struct object object;
	struct kube_pod pod;
	struct container_rows known; /* all containers when it was loaded, sorted by name */
};

/* What else it may ask for: config maps and secrets of its namespace. */
struct kube_sources {
	const struct object *v;
	size_t n;
};

/* kube_pod_remarks - what of the pod tare does not do: named, or an error when strict. */
int kube_pod_remarks(const struct object *o, struct arena *a, struct remarks *remarks, struct err *e);

/* kube_pod_start - group, folders, containers and their monitor (kube_sandbox.h), which begins them. One that runs, or has
 * ended for good, is left as it is. *ret_sock: for kube_sandbox_settled(), or -1. Warnings of containers go to log_warning().
 * On failure what was made stays, for kube_pod_end(). */
int kube_pod_start(struct kube_site *s, const struct kube_running *p, const struct kube_sources *sources,
		   struct arena *a, int *ret_sock, struct err *e);

/* kube_pod_has_ended - for good: every main container has done what it was for, or must not be started again, or an init container has
 * failed that must not be. */
int kube_pod_has_ended(struct engine *en, const struct kube_running *p, struct arena *a, bool *ret, struct err *e);

/* kube_pod_ended_ns - when that was, since 1970; 0: it has not. */
int kube_pod_ended_ns(struct engine *en, const struct kube_running *p, struct arena *a, int64_t *ret, struct err *e);

/* kube_pod_end - its containers are stopped (grace_s < 0: as the pod says) and removed, group and folders too. */
int kube_pod_end(struct kube_site *s, const struct kube_running *p, int grace_s, struct arena *a, struct err *e);

/* The name that a container of a pod has among tare's. NULL: out of memory. */
const char *kube_container_name(const char *uid, const char *container, struct arena *a);
bool kube_container_is(const char *name); /* has it such a name */

/* kube_known - of the containers that it was loaded with; NULL: there is none of that name */
const struct container_row *kube_known(const struct kube_running *p, const char *name);

/* One container of a pod, as it is now. */
struct kube_status {
	const char *name, *id; /* id NULL: there is none (yet) */
	struct container_state state;
};

/* kube_pod_look - its containers in the order of the manifest, init containers first. */
int kube_pod_look(struct engine *en, const struct kube_running *p, struct arena *a, struct kube_status **ret,
		  size_t *ret_n, struct err *e);
