/* SPDX-License-Identifier: Apache-2.0 */
/* kube_site.h - this host as a Kubernetes node: what it has, and its groups kubepods, tier and pod.
 *
 * A host may have v1 and v2 beside each other: of each level both plans are made, and each controller's files come from the
 * one of its hierarchy. A controller that the host lacks is left out. */
#pragma once

#include "engine/engine.h"
#include "kube/pod_cgroup.h"

struct kube_site {
	struct engine *en;
	const struct cgroup_layout *layout;
	struct kube_policy v1, v2;
	bool systemd; /* the administrator wants units of systemd's */
	struct kube_node node;
	int64_t sizes[8]; /* of its huge pages */
	const char *network; /* that pods are in: "none" or a network's name */
};

/* kube_site_read - root: the group above kubepods; NULL: as the administrator has it, KUBE_ROOT or systemd's uppermost slice.
 * Text belongs to a, root is borrowed. */
int kube_site_read(struct engine *en, const char *root, struct arena *a, struct kube_site *ret, struct err *e);

/* kube_site_write_tiers - kubepods and its tiers, for these pods; made when they are missing. No pods: they are removed,
 * unless something else is in them. */
int kube_site_write_tiers(struct kube_site *s, const struct kube_pod *const *pods, size_t n, struct arena *a,
			  struct err *e);
/* kube_site_make_pod - the pod's group with its values. kube_site_remove_pod - it and what is below; gone is success. */
int kube_site_make_pod(struct kube_site *s, const struct kube_pod *pod, struct arena *a, struct err *e);
int kube_site_remove_pod(struct kube_site *s, const struct kube_pod *pod, struct arena *a, struct err *e);
/* kube_site_remove_path - likewise, for who has the path of the pod's group and no site */
int kube_site_remove_path(struct engine *en, const struct cgroup_layout *l, const char *path, struct err *e);

/* kube_site_change_pod - a part of what its group has, while processes run in it. -EBUSY: more memory is used than a new limit
 * leaves, and cannot be taken back without killing. Nothing is changed then. */
enum kube_part { KUBE_PART_ALL, KUBE_PART_MEMORY, KUBE_PART_SHARES, KUBE_PART_QUOTA };
int kube_site_change_pod(struct kube_site *s, const struct kube_pod *from, const struct kube_pod *to,
			 enum kube_part part, struct arena *a, struct err *e);

/* kube_site_serves_v2 - are this controller's files those of v2 here? false: of v1, or there is none. */
bool kube_site_serves_v2(const struct kube_site *s, enum cgroup_controller c);
