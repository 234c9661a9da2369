/* SPDX-License-Identifier: Apache-2.0 */
/* inspect.h - a container as it is shown: its row, what happened to it, its configuration with the image's defaults.
 *
 * One inspector serves a list of containers: the configuration of an image is read once for neighbours that share it. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "spec/config.h"
#include "records/containers.h"
#include "engine/document.h"
#include "engine/engine.h"
#include "engine/recover.h"
#include "oci/image_spec.h"

struct inspector {
	struct engine *en;
	struct arena *a;
	const char *image_id; /* whose configuration `image` is; NULL: none was read */
	struct image_config image;
	int64_t image_bytes;
};

struct container_view {
	struct container_row row;
	struct container_state state;
	struct container_config config;
	struct oci_strings entrypoint, command; /* with the image's, as they were started */
};

void inspector_init(struct inspector *in, struct engine *en, struct arena *a);

/* inspector_view - looks at the container (container_look()), so it may put something right.
 * -ENOENT: it is gone. Memory belongs to the arena; row's text is borrowed from *row. */
int inspector_view(struct inspector *in, const struct container_row *row, struct container_view *ret, struct err *e);

/* inspector_view_of - the same, of a container whose state is known; row->config is read when it is NULL. */
int inspector_view_of(struct inspector *in, const struct container_row *row, const struct container_state *state,
		      struct container_view *ret, struct err *e);
/* inspector_size - bytes that it wrote into its root, and these with its image's. */
int inspector_size(struct inspector *in, const struct container_row *row, int64_t *ret_own, int64_t *ret_root,
		   struct err *e);

/* inspector_document - the object of `docker inspect`, fields in Docker's order; what only tare has is under "Tare".
 * sizes: with SizeRw and SizeRootFs. */
int inspector_document(struct inspector *in, const struct container_view *v, bool sizes, struct document **ret,
		       struct err *e);
