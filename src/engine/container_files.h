/* SPDX-License-Identifier: Apache-2.0 */
/* container_files.h - the files of a container, from outside, whether it runs or not.
 *
 * The root is only to be used with openat2(2) RESOLVE_IN_ROOT, or with names that are no links: the container, and whoever
 * shares a volume with it, works in it meanwhile. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "records/containers.h"
#include "engine/engine.h"
#include "engine/lock.h"
#include "spec/userns.h"

#include <stdbool.h>

struct container_files {
	int root;         /* directory; -1: none */
	int upper;        /* what differs from its image, if there is one; ids are the container's. Else -1 */
	bool alive;       /* it runs, or is paused */
	bool mapped;      /* it has a user namespace of its own: */
	struct userns_ids ids;
	int64_t uid, gid; /* its user's, inside */
	struct lock lock; /* of one that does not run: nobody starts or removes it meanwhile */
	struct arena arena; /* of ids */
};

enum container_files_mode {
	/* as the container sees them, with its volumes. One that does not run: in a mount namespace that this process has
	 * for itself from then on; files are made with the ids of the container's root (setfsuid(2)) */
	CONTAINER_FILES_ALL,
	CONTAINER_FILES_OWN, /* without what is mounted in it, to be read only */
	CONTAINER_FILES_UPPER, /* only `upper` */
};

/* container_files_open - -ENOENT: gone. -EINVAL: being removed. -EAGAIN: locked, the text says by whom. */
int container_files_open(struct engine *en, const struct container_row *row, enum container_files_mode mode,
			 struct container_files *ret, struct err *e);
void container_files_close(struct container_files *f);

#define CONTAINER_FILES_NONE ((struct container_files){ .root = -1, .upper = -1, .lock = LOCK_NONE })
#define scoped_container_files SCOPED(container_files_close) struct container_files
