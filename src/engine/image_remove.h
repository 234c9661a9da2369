/* SPDX-License-Identifier: Apache-2.0 */
/* image_remove.h - names, images, layers and blobs go: `tare rmi`, `tare image prune`, and what crashes left.
 *
 * Docker's rules. By a name only this name goes, and the image with its last one; by an id the image goes, with its names
 * if they are all of one repository. A running container keeps its image from being deleted whatever is asked; a stopped
 * one, and further names, unless it is forced. An image that is force-removed while stopped containers need it is hidden
 * (images.removed) and goes with the last of them, so that they can be started and shown as before.
 *
 * In one transaction the rows go, then the trees and blobs that nothing needs any more; what a crash leaves between the two
 * is an orphan for the next sweep. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "engine/engine.h"
#include "engine/images.h"

#include <stdbool.h>
#include <stdint.h>

struct image_change {
	bool deleted;     /* an image or a layer; else a name was taken from an image */
	const char *name; /* "sha256:…", "busybox:latest" */
};

struct image_changes {
	struct image_change *v;
	size_t n;
	int64_t freed_bytes; /* of layers, unpacked */
};

/* engine_image_remove - ret: what happened, in this order; also set when a tree could not be removed after the rows were.
 * -ENOENT: no such image. -EBUSY with Docker's "conflict: …". Text belongs to the arena. */
int engine_image_remove(struct engine *en, struct sv ref, bool force, struct arena *a, struct image_changes *ret,
			struct err *e);

/* engine_image_prune - the images that no container has: those without a name, or all, for which `wanted` holds.
 * Changes are added to *ret. */
struct image_prune {
	bool all;
	bool (*wanted)(void *arg, const struct image_row *row); /* NULL: any */
	void *arg;
};
int engine_image_prune(struct engine *en, const struct image_prune *o, struct arena *a, struct image_changes *ret,
		       struct err *e);

/* engine_images_release - an image that is hidden goes when no container has it any more. For those who remove a
 * container on request; cheap when there is none. */
int engine_images_release(struct engine *en, struct err *e);

/* engine_images_sweep - the same, and the trees and blobs that a crash left behind. Costs a few system calls and a query
 * for each layer and blob: for load, rmi, images. */
int engine_images_sweep(struct engine *en, struct err *e);

/* ---- the rule alone, pure ------------------------------------------------------------------------------------ */

struct image_users {
	const char *running, *stopped; /* id of such a container; NULL: none */
};

struct image_verdict {
	struct oci_strings names; /* to be taken away */
	bool delete;              /* and then the image */
};

/* image_judge - name: as it is stored, NULL: asked by id. names: all that the image has. asked: for the message. */
int image_judge(const struct image_row *image, const char *name, const char *asked, const struct oci_strings *names,
		const struct image_users *users, bool force, struct arena *a, struct image_verdict *ret, struct err *e);
