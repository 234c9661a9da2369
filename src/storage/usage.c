/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/usage.h"

#include "base/arena.h"
#include "base/scope.h"
#include "kernel/sys.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define ARENA_MAX (256u << 20)

/* A file of several names: counted when all of them are known. */
struct link {
	ino_t ino;
	int64_t size;
};

/* Directories that are still to be read, by their paths in the tree. */
struct pending {
	struct pending *next;
	const char *path;
};

struct walk {
	int top;
	struct arena arena;
	struct pending *pending;
	struct link *links;
	size_t n, cap;
	int64_t bytes;
};

static int add_link(struct walk *w, const struct stat *st, struct err *e)
{
	if (w->n == w->cap) {
		size_t cap = w->cap ? 2 * w->cap : 64;
		struct link *more = reallocarray(w->links, cap, sizeof *more);

		if (!more)
			return err_oom(e);
		w->links = more;
		w->cap = cap;
	}
	w->links[w->n++] = (struct link){ st->st_ino, st->st_size };
	return 0;
}

static int add_directory(struct walk *w, const char *above, const char *name, struct err *e)
{
	struct pending *p;

	if (strlen(above) + strlen(name) + 2 > PATH_MAX)
		return 0;
	p = arena_alloc(&w->arena, sizeof *p);
	if (p)
		p->path = arena_fmt(&w->arena, "%s/%s", above, name);
	if (!p || !p->path)
		return err_oom(e);
	p->next = w->pending;
	w->pending = p;
	return 0;
}

static int add_entry(struct walk *w, int dir, const char *path, const char *name, struct err *e)
{
	struct stat st;

	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return 0;
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return 0; /* it went while we looked */
	if (S_ISDIR(st.st_mode))
		return add_directory(w, path, name, e);
	if (st.st_nlink > 1)
		return add_link(w, &st, e);
	w->bytes += st.st_size;
	return 0;
}

static int read_directory(struct walk *w, const char *path, struct err *e)
{
	int fd = sys_openat2(w->top, path, O_RDONLY | O_DIRECTORY,
			     RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV);
	int r = 0;
	scoped_dir d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *ent;

	if (!d) {
		if (fd >= 0)
			close(fd);
		return 0; /* gone, replaced, or another file system */
	}
	while (r == 0 && (ent = readdir(d)))
		r = add_entry(w, fd, path, ent->d_name, e);
	return r;
}

static int by_inode(const void *a, const void *b)
{
	const struct link *x = a, *y = b;

	return x->ino < y->ino ? -1 : x->ino > y->ino;
}

static void add_links(struct walk *w)
{
	if (w->n)
		qsort(w->links, w->n, sizeof *w->links, by_inode);
	for (size_t i = 0; i < w->n; i++)
		if (i == 0 || w->links[i].ino != w->links[i - 1].ino)
			w->bytes += w->links[i].size;
}

int usage_count(int dir, const char *name, int64_t *ret_bytes, struct err *e)
{
	scoped_fd top = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct walk w = { .top = top, .arena = ARENA(ARENA_MAX) };
	int r;

	if (top < 0)
		return err_sys(e, "open %s", name);
	r = add_directory(&w, ".", ".", e);
	while (r == 0 && w.pending) {
		const char *path = w.pending->path;

		w.pending = w.pending->next;
		r = read_directory(&w, path, e);
	}
	add_links(&w);
	arena_done(&w.arena);
	free(w.links);
	if (r == 0)
		*ret_bytes = w.bytes;
	return r;
}
