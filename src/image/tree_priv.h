/* SPDX-License-Identifier: Apache-2.0 */
/* tree_priv.h - what tree.c and tree_meta.c share. */
#pragma once

#include "image/tree.h"

const struct tree_options *tree_options_of(const struct tree *t);

/* tree_set_meta - of an open file or directory. made NULL: nothing is known of it. */
int tree_set_meta(const struct tree_options *o, int fd, const struct tree_made *made, const struct tree_meta *m,
		  struct err *e);
/* tree_set_meta_at - of what parent/leaf names; no link is followed. */
int tree_set_meta_at(const struct tree_options *o, int parent, const char *leaf, const struct tree_meta *m,
		     bool chmod_too, struct err *e);
