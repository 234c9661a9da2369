/* SPDX-License-Identifier: Apache-2.0 */
/* kube_document.h - a pod's `status`, in the words of the API. */
#pragma once

#include "cli/kube_status.h"
#include "engine/kube_network.h"
#include "manifest/node_text.h"

/* kube_document_of - the pod's document with its status. -ENOMEM */
int kube_document_of(struct engine *en, const struct kube_running *p, const struct kube_addresses *l, struct arena *a,
		     const struct node **ret, struct err *e);
