/* SPDX-License-Identifier: Apache-2.0 */
/* init_layer.h - layers/0: what every container has above its image, made once and shared by all.
 *
 * The targets of the mounts that each container gets (proc, sys, dev, etc/hosts …), empty: so they need not be made in
 * every container's own layer, and an image that has a symbolic link in such a place does not decide where they go. As
 * Docker's init layer, which each container has of its own. */
#pragma once

#include "base/err.h"

#define INIT_LAYER "0"

/* init_layer_ensure - make it where it is missing. Safe beside other processes, and when killed half way. */
int init_layer_ensure(int layers, struct err *e);
