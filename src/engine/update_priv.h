/* SPDX-License-Identifier: Apache-2.0 */
/* update_priv.h - update_merge.c for update.c and its test. */
#pragma once

#include "engine/update.h"

/* update_merge - *c becomes what it is with the update. -EINVAL: Docker's refusals; ranges are config_check()'s. */
int update_merge(struct container_config *c, const struct update *u, struct arena *a, struct err *e);
