/* SPDX-License-Identifier: Apache-2.0 */
/* kube_message.h - what a container says of its end: terminationMessagePath, a file of each life outside of the container. */
#pragma once

#include "engine/kube_config.h"

/* kube_messages_make - their files, empty; folder: of the pod's volumes. kube_message_mount - that of one container */
int kube_messages_make(const struct kube_build *b, int folder);
int kube_message_mount(const struct kube_build *b, const struct container_spec *s, struct container_config *c);

/* kube_message_read - of the life that ended last; by its policy the end of its log instead, when it failed and said nothing.
 * NULL: it said nothing, has not ended, or there is no memory */
const char *kube_message_read(struct engine *en, const struct kube_running *p, const struct container_spec *s,
			      const struct kube_status *status, struct arena *a);
