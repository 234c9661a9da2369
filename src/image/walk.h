/* SPDX-License-Identifier: Apache-2.0 */
/* walk.h - all entries of a tree, parents first, names sorted, by descriptors alone.
 *
 * Somebody else works in the tree, and perhaps against us: what is opened is what was looked at, no link is followed, and no
 * name leads out of the directory where the walk began. What goes away meanwhile is left out. Sockets are left out. */
#pragma once

#include "image/entry.h"
#include "kernel/user_namespaces.h"

struct walk_options {
	int start;        /* what to begin with, O_PATH or open, borrowed: a directory, or any other thing */
	const char *name; /* that it gets: "dir", and then "dir/file"; "": a directory's entries have no prefix */
	const struct id_map *uids, *gids; /* owners become those inside a user namespace; NULL: they stay */
	bool upper; /* an overlay's upper directory: marks of whiteouts and opaque directories are wanted */
};

/* walk_tree - -ENAMETOOLONG: a path past ENTRY_NAME_SIZE. -ENOTSUP: an upper directory with what only overlayfs can read. */
int walk_tree(const struct walk_options *o, entry_fn *fn, void *arg, struct err *e);
