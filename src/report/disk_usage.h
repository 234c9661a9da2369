/* SPDX-License-Identifier: Apache-2.0 */
/* disk_usage.h - whose every byte below the data root is: `tare system df`.
 *
 * Nothing is put right meanwhile: what a crash left is found, and stays for who removes it. What a living process is making
 * or removing is no orphan. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "engine/engine.h"
#include "storage/usage.h"

#include <stdbool.h>
#include <stddef.h>

enum disk_part {
	DISK_LAYER,     /* of one image alone */
	DISK_SHARED,    /* a layer of several images */
	DISK_BLOB,      /* stored bytes of images, as they came; half ones on their way, too */
	DISK_CONTAINER, /* what it wrote, and its records */
	DISK_LOG,       /* what it said: all files of a container's log */
	DISK_VOLUME,
	DISK_DATABASE,
	DISK_ORPHAN,    /* nobody's: a crash left it */
	DISK_OTHER,     /* folders of the store, locks, what is being made */
	DISK_PARTS
};

struct disk_item {
	enum disk_part part;
	const char *name; /* a layer's number, a digest, an id, a volume; of an orphan its path below the data root */
	bool active;      /* used: by a container that is there (images), that runs (containers, logs) */
	struct usage used;
};

struct disk_usage {
	struct disk_item *v;
	size_t n;
	struct usage parts[DISK_PARTS];
};

/* disk_usage_read - text belongs to a. */
int disk_usage_read(struct engine *en, struct arena *a, struct disk_usage *ret, struct err *e);
