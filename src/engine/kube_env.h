/* SPDX-License-Identifier: Apache-2.0 */
/* kube_env.h - what a pod's containers are told of other objects and of the pod itself: their variables, and the same as
 * texts for files. */
#pragma once

#include "engine/kube_config.h"

/* kube_env_read - the variables of a container, in their order. -ENOENT: no such ConfigMap, Secret, key, container. */
int kube_env_read(const struct kube_build *b, const struct container_spec *s, struct oci_pairs *ret);
/* kube_env_expand - $(NAME) is the variable, $$ a dollar; a name that is not known stays as it is, and *ret_known (NULL:
 * nobody asks) becomes false. NULL: out of memory. */
const char *kube_env_expand(const struct kube_build *b, const struct oci_pairs *vars, const char *text,
			    bool *ret_known);

/* kube_field_read - fieldPath of a downwardAPI's file. -ENOTSUP
 * kube_amount_read - resourceFieldRef, in units of the divisor, rounded up; a limit that is not there is what the node has.
 * own: the container when none is named, or NULL. -ENOENT */
int kube_field_read(const struct kube_build *b, const char *path, const char **ret, struct err *e);
int kube_amount_read(const struct kube_build *b, const char *own, const struct amount_ref *f, const char **ret,
		     struct err *e);
