/* SPDX-License-Identifier: Apache-2.0 */
/* network_connect.h - a container that is there joins or leaves a network, whether it runs or not. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/sv.h"
#include "spec/config.h"
#include "engine/engine.h"
#include "engine/recover.h"

/* network_connect - -ENOENT: no such container or network; -EEXIST: it is in it; -EINVAL, -EPERM: not that container or
 * network, with Docker's texts; -EADDRINUSE, -ENOSPC. On failure it is in no more networks than before. */
int network_connect(struct engine *en, struct sv container, const struct network_config *wanted, struct arena *a,
		    struct err *e);
/* network_publish - `update --publish-add, --publish-rm`: texts of ports_print(). Of one that runs at once, else from its next
 * start on. What is to go goes first; all of it or nothing. The caller holds the container's lock, row and state are those under
 * it. -ENOENT: it publishes no such port; -EADDRINUSE; -EINVAL: it is in no network. */
int network_publish(struct engine *en, const struct container_row *row, const struct container_state *state,
		    const struct oci_strings *add, const struct oci_strings *drop, struct arena *a, struct err *e);
/* network_disconnect - -ENOTCONN: it is not in it. */
int network_disconnect(struct engine *en, struct sv container, const char *network, struct arena *a, struct err *e);
