/* SPDX-License-Identifier: Apache-2.0 */
/* entry_name.h - names of archive entries, by their text alone. Pure. */
#pragma once

#include "base/err.h"

#include <stddef.h>

#define WHITEOUT_PREFIX ".wh."
#define WHITEOUT_META ".wh..wh."
#define WHITEOUT_OPAQUE ".wh..wh..opq"

#define ENTRY_NAME_SIZE 4096   /* PATH_MAX: longer ones could not be opened */
#define ENTRY_COMPONENT_MAX 255 /* NAME_MAX */

/* entry_name_clean - relative, without ".", ".." and double slashes; "" is the layer's root. A leading slash means the
 * layer's root, as tar(1) reads it. -EINVAL: ".." leads out of the layer. -ENAMETOOLONG. */
int entry_name_clean(const char *name, char ret[ENTRY_NAME_SIZE], struct err *e);

struct entry_split {
	char parent[ENTRY_NAME_SIZE]; /* "" is the root */
	char leaf[ENTRY_COMPONENT_MAX + 1];
};

/* entry_split - of a clean name. The root's leaf is "". */
void entry_split(const char *clean, struct entry_split *ret);
