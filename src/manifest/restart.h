/* SPDX-License-Identifier: Apache-2.0 */
/* restart.h - whether a pod's container that has ended begins again: its own restartPolicy, else the pod's, and its
 * restartPolicyRules. Pure. */
#pragma once

#include "manifest/objects.h"

enum pod_restart { POD_RESTART_ALWAYS, POD_RESTART_ON_FAILURE, POD_RESTART_NEVER };

/* pod_restart_of - without its rules. A sidecar's is Always; of other init containers of a pod with Always it is OnFailure, as
 * they have to end once. */
enum pod_restart pod_restart_of(const struct pod_spec *p, const struct container_spec *s);
bool container_is_init(const struct pod_spec *p, const struct container_spec *s);
bool pod_restarts(const struct pod_spec *p, const struct container_spec *s, int exit_code);
/* pod_may_end - none of its main containers begins again for ever */
bool pod_may_end(const struct pod_spec *p);
