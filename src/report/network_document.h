/* SPDX-License-Identifier: Apache-2.0 */
/* network_document.h - a network as `docker network inspect` shows it. */
#pragma once

#include "engine/document.h"
#include "engine/network.h"

/* network_document - its object. The caller frees it. */
int network_document(struct engine *en, const struct network *net, struct arena *a, struct document **ret,
		     struct err *e);
