/* SPDX-License-Identifier: Apache-2.0 */
/* entry.h - one thing of a tree on its way: from a walk (walk.h) into an archive (tar_write.h) or another tree (tree.h). */
#pragma once

#include "base/err.h"
#include "image/tree.h"

#include <stdbool.h>

struct tree_entry {
	const char *name; /* below the top: "etc/hosts"; "": the top itself, a directory */
	mode_t type;      /* S_IFREG … */
	struct tree_meta meta;
	off_t size;         /* of a regular file, else 0 */
	off_t stored;       /* bytes that it takes on the disk: fewer than size, and it has holes */
	dev_t rdev;         /* of a device */
	const char *target; /* of a symbolic link, as it is; hard link: the name that the file came under before */
	bool hardlink;
	bool opaque;        /* a directory of an overlay's upper side that hides what is below */
	int fd;             /* a regular file, open for reading, which is the walk's; -1: none */
};

/* An entry's memory and descriptor are good during the call. < 0 ends the walk. */
typedef int entry_fn(void *arg, const struct tree_entry *entry, struct err *e);
