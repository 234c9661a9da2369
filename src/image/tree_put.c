/* SPDX-License-Identifier: Apache-2.0 */
/* An entry of one tree is made in another. */
#include "image/entry.h"
#include "image/tree_priv.h"

#include "base/io.h"
#include "base/scope.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define CHUNK (1u << 20)

/* copy_range - bytes from `at` to `end`; fewer when the file became shorter. */
static int copy_range(const struct tree_options *o, int from, int to, off_t at, off_t end, char *chunk, struct err *e)
{
	while (at < end) {
		ssize_t n = pread(from, chunk, end - at < (off_t)CHUNK ? (size_t)(end - at) : CHUNK, at);
		int r;

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? err_sys(e, "read") : 0;
		r = io_pwrite_all(to, chunk, (size_t)n, at, e);
		if (r < 0)
			return r;
		at += n;
		if (o->copied)
			o->copied(o->arg, (size_t)n);
	}
	return 0;
}

/* Holes stay holes. A file system that does not know them says that all is data. */
static int copy_data(const struct tree_options *o, const struct tree_entry *entry, int to, struct err *e)
{
	scoped_free char *chunk = malloc(CHUNK);
	off_t at = 0;
	int r = 0;

	if (!chunk)
		return err_oom(e);
	if (entry->stored >= entry->size)
		return copy_range(o, entry->fd, to, 0, entry->size, chunk, e);
	while (r == 0 && at < entry->size) {
		off_t begin = lseek(entry->fd, at, SEEK_DATA), end;

		if (begin < 0 && errno == ENXIO)
			return 0;
		end = begin < 0 ? -1 : lseek(entry->fd, begin, SEEK_HOLE);
		if (end < 0) {
			begin = at;
			end = entry->size;
		}
		if (end > entry->size)
			end = entry->size;
		r = copy_range(o, entry->fd, to, begin, end, chunk, e);
		at = end;
	}
	return r;
}

static int put_file(struct tree *t, const struct tree_entry *entry, struct err *e)
{
	scoped_fd fd = -1;
	int r = tree_file(t, entry->name, &entry->meta, &fd, e);

	if (r == 0)
		r = copy_data(tree_options_of(t), entry, fd, e);
	return r < 0 ? r : tree_file_end(t, fd_take(&fd), -1, entry->size, &entry->meta, e);
}

int tree_put(struct tree *t, const struct tree_entry *entry, struct err *e)
{
	if (entry->hardlink)
		return tree_hardlink(t, entry->name, entry->target, e);
	if (S_ISREG(entry->type))
		return put_file(t, entry, e);
	if (S_ISDIR(entry->type))
		return tree_directory(t, entry->name[0] ? entry->name : ".", &entry->meta, e);
	if (S_ISLNK(entry->type))
		return tree_symlink(t, entry->name, entry->target, &entry->meta, e);
	return tree_node(t, entry->name, entry->type, entry->rdev, &entry->meta, e);
}
