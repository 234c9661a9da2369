/* SPDX-License-Identifier: Apache-2.0 */
/* tree_priv.h - what tree.c, tree_meta.c and tree_dirs.c share. */
#pragma once

#include "base/arena.h"
#include "image/tree.h"

const struct tree_options *tree_options_of(const struct tree *t);

/* tree_set_meta - of an open file or directory. made NULL: nothing is known of it. */
int tree_set_meta(const struct tree_options *o, int fd, const struct tree_made *made, const struct tree_meta *m,
		  struct err *e);
/* tree_set_meta_at - of what parent/leaf names; no link is followed. */
int tree_set_meta_at(const struct tree_options *o, int parent, const char *leaf, const struct tree_meta *m,
		     bool chmod_too, struct err *e);

/* ---- directories, whose looks are settled at the end ------------------------------------------------------------ */

#define TREE_IMPLIED_MODE 0755 /* of one that the archive leaves out, unless it is in a layer below */

struct tree_dir;

/* Every directory that was made or named, in the archive's order. */
struct tree_dirs {
	struct tree_dir *first, **end;
	size_t n, n_implied;
	struct arena arena;
};

void tree_dirs_init(struct tree_dirs *d);
void tree_dirs_done(struct tree_dirs *d);

/* tree_dirs_add - parent/leaf, with the time that its entry says; NULL: it is implied. -EFBIG: too many names */
int tree_dirs_add(struct tree_dirs *d, const char *parent, const char *leaf, const struct timespec *mtime,
		  struct err *e);

/* tree_dirs_finish - the times, which every later entry had changed; and who was implied and never named becomes as in below
 * (the merged view of the layers below; -1: there is none). resolve: RESOLVE_… for opening them below root. */
int tree_dirs_finish(struct tree_dirs *d, int root, unsigned resolve, int below, struct err *e);
