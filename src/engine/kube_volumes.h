/* SPDX-License-Identifier: Apache-2.0 */
/* kube_volumes.h - a pod's volumes: folders below the data root, and what its monitor brings itself: those in memory, and parts of
 * any (subPath). */
#pragma once

#include "engine/kube_config.h"
#include "monitor/pod_charter.h"

/* kube_volumes_make - the folders, with what is in them from the beginning. -ENOENT: no such ConfigMap or Secret */
int kube_volumes_make(const struct kube_build *b);

const struct volume_spec_kube *kube_volume_find(const struct kube_build *b, const char *name); /* NULL: none */
/* kube_volume_folder - where it is on the disk; one in memory has an empty folder there. NULL: out of memory */
const char *kube_volume_folder(const struct kube_build *b, const struct volume_spec_kube *v);
bool kube_volume_is_in_memory(const struct volume_spec_kube *v); /* emptyDir's medium: Memory, HugePages */

/* kube_volumes_charter - what its monitor is told of a container's mounts, and of the volumes that they are of. -EINVAL: "volume
 * cache: medium HugePages: …" */
int kube_volumes_charter(const struct kube_build *b, const struct container_spec *s, struct pod_charter *c,
			 struct pod_container *to);
