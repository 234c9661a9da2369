/* SPDX-License-Identifier: Apache-2.0 */
/* kube.h - Kubernetes' objects on this node: applied, deleted, looked at.
 *
 * Who changes something holds <root>/kube.lock. All objects of a file are looked at before anything is made, and their rows
 * are written in one transaction; then containers are made. An apply that was killed is finished by applying the file again,
 * or undone by deleting it. A Deployment or a Job is its pods, NAME-0, NAME-1 …, made when it is applied: nothing watches
 * them. */
#pragma once

#include "engine/kube_pod.h"

#define KUBE_ROOT "/tare" /* the group above kubepods */
#define KUBE_ROOT_SLICE "tare.slice" /* and with systemd: kubepods.slice itself is the kubelet's */

struct kube_options {
	const char *namespace; /* NULL: what the objects say, or default */
	bool strict;
	const char *cgroup_root; /* NULL: KUBE_ROOT */
	int grace_s;		 /* of delete; < 0: as the pods say */
};

/* Everything there is, with what the rows become. Text belongs to the arena. */
struct kube_world {
	struct kube_rows rows;
	struct container_rows containers; /* all of tare's, sorted by their names */
	struct object *objects;	  /* of each row */
	struct kube_running *pods; /* of the rows that are pods */
	size_t n_pods;
};

/* kube_load - needs no lock. What should have gone by itself goes first (kube_expire.h). */
int kube_load(struct engine *en, struct arena *a, struct kube_world *ret, struct err *e);
/* kube_load_begun - nothing but the pods of which something was made: those that wait may be many. */
int kube_load_begun(struct engine *en, struct arena *a, struct kube_world *ret, struct err *e);

/* kube_apply - done has a line for each object: "pod/web created". remarks: what was left aside.
 * -EINVAL, -EACCES …: nothing was changed. */
int kube_apply(struct engine *en, struct sv text, const struct kube_options *o, struct arena *a,
	       struct remarks *remarks, struct oci_strings *done, struct err *e);

/* kube_delete_file, kube_delete - likewise, 'pod "web" deleted'. -ENOENT 'pods "web" not found'. */
int kube_delete_file(struct engine *en, struct sv text, const struct kube_options *o, struct arena *a,
		     struct oci_strings *done, struct err *e);
int kube_delete(struct engine *en, enum object_kind kind, const char *name, const struct kube_options *o,
		struct arena *a, struct oci_strings *done, struct err *e);

/* kube_resize - pods that run get the requests and limits of the file, in place; 'pod/web resized'. -EINVAL: anything else of them
 * is other than it was. -EBUSY: a limit below what is used, and cannot be taken back: all pods are as they were. */
int kube_resize(struct engine *en, struct sv text, const struct kube_options *o, struct arena *a,
		struct remarks *remarks, struct oci_strings *done, struct err *e);

/* kube_settle - a pod has ended: who waited for room begins. cgroup: that of a container of it which is gone, to find the
 * group above kubepods by; NULL: pods tell. */
int kube_settle(struct engine *en, const char *cgroup, struct err *e);

/* kube_kind - "pod", "pods", "Pod", "po" … -EINVAL: the server doesn't have a resource type "x" */
int kube_kind(const char *word, enum object_kind *ret, struct err *e);
/* kube_kind_word - "pod", "deployment.apps" */
const char *kube_kind_word(enum object_kind k);
