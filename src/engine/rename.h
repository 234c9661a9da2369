/* SPDX-License-Identifier: Apache-2.0 */
/* rename.h - another name for a container, whatever it is doing. */
#pragma once

#include "base/err.h"
#include "base/sv.h"
#include "engine/engine.h"

/* engine_rename - "/web" is "web". -EEXIST, -EINVAL: with Docker's texts; -ENOENT. */
int engine_rename(struct engine *en, struct sv ref, const char *name, struct err *e);
