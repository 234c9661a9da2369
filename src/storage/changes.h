/* SPDX-License-Identifier: Apache-2.0 */
/* changes.h - what a container's writable side says about its image: overlayfs' upper directory compared with the tree
 * below it (docs: filesystems/overlayfs). Names are the container's: no link of either tree is followed. */
#pragma once

#include "base/err.h"

enum change {
	CHANGE_ADDED,
	CHANGE_CHANGED, /* also a directory in which something did */
	CHANGE_DELETED,
};

/* fn is called for each change, parents first, names sorted; path: "/etc/hosts". < 0 ends the walk. */
typedef int changes_fn(void *arg, enum change change, const char *path, struct err *e);

/* changes_list - upper, below: directories, borrowed. A tree that changes meanwhile is told as it is found.
 * -ENAMETOOLONG: a path longer than PATH_MAX. */
int changes_list(int upper, int below, changes_fn *fn, void *arg, struct err *e);
