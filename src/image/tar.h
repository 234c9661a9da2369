/* SPDX-License-Identifier: Apache-2.0 */
/* tar.h - a layer's tar stream becomes a tree: every dialect that libarchive reads (ustar, pax, GNU; sparse files, long
 * names, extended attributes), every entry made by image/tree.h. */
#pragma once

#include "base/err.h"
#include "image/inflate.h"
#include "image/tree.h"

/* tar_unpack - the whole archive into o->root. The stream may go on behind the archive's end: inflate_end() reads it.
 * The error names the entry. -EBADMSG: not a tar archive, or cut off. What was made stays: the caller drops the draft.
 * spread: over more than one processor, as far as threads can be had. */
int tar_unpack(struct inflate *from, const struct tree_options *o, bool spread, uint64_t *ret_bytes, struct err *e);
