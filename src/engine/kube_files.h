/* SPDX-License-Identifier: Apache-2.0 */
/* kube_files.h - the files of a volume that shows objects: configMap, secret, downwardAPI, and projected, which joins
 * them. */
#pragma once

#include "engine/kube_config.h"

/* kube_files_write - into its folder. Other volumes have none. -ENOENT: "configmap \"conf\" not found"; -EINVAL: a path
 * that leads out of it */
int kube_files_write(const struct kube_build *b, int dir, const struct volume_spec_kube *v);
