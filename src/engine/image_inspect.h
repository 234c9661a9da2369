/* SPDX-License-Identifier: Apache-2.0 */
/* image_inspect.h - an image as `docker image inspect` shows it. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "engine/document.h"
#include "engine/engine.h"
#include "engine/images.h"

/* image_document - fields in Docker's order; GraphDriver.Data.LowerDir are the unpacked layers, the topmost first. The
 * caller frees it. */
int image_document(struct engine *en, const struct image_row *row, struct arena *a, struct document **ret,
		   struct err *e);
