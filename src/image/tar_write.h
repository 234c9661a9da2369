/* SPDX-License-Identifier: Apache-2.0 */
/* tar_write.h - entries of a tree become a tar archive: pax, with what it takes (long names, times, ids, extended attributes,
 * holes), plain ustar where that does. */
#pragma once

#include "image/entry.h"

#include <stddef.h>
#include <stdint.h>

typedef int tar_bytes_fn(void *arg, const void *data, size_t n, struct err *e);

struct tar_writer;

/* tar_writer_open - the archive's bytes go to fn, in order. One is used by one thread. */
int tar_writer_open(tar_bytes_fn *fn, void *arg, struct tar_writer **ret, struct err *e);
/* tar_write - an entry_fn of walk.h: arg is the writer. A file that became shorter is filled up with zeros. */
int tar_write(void *arg, const struct tree_entry *entry, struct err *e);
/* tar_write_name - an empty regular file: the mark of a whiteout. */
int tar_write_name(struct tar_writer *w, const char *name, const struct tree_meta *m, struct err *e);
/* tar_writer_finish - the archive's end. Without it nothing but tar_writer_free() is to follow. */
int tar_writer_finish(struct tar_writer *w, struct err *e);
void tar_writer_free(struct tar_writer *w);

static inline void tar_writer_scope_end(struct tar_writer **w)
{
	tar_writer_free(*w);
}

#define scoped_tar_writer SCOPED(tar_writer_scope_end) struct tar_writer *
