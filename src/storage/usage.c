/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/usage.h"

#include "base/arena.h"
#include "base/scope.h"
#include "kernel/sys.h"

#include <fcntl.h>
#include <limits.h>
#include <search.h>
#include <string.h>
#include <sys/stat.h>

#define ARENA_MAX (256u << 20)

/* A file of several names. */
struct link {
	dev_t dev;
	ino_t ino;
};

struct usage_counter {
	void *seen; /* tsearch(3) of struct link */
	struct arena arena; /* of them */
};

/* Directories that are still to be read, by their paths in the tree. */
struct pending {
	struct pending *next;
	const char *path;
};

struct walk {
	struct usage_counter *c;
	struct usage *to;
	int top;
	dev_t dev;
	struct arena arena;
	struct pending *pending;
};

int usage_counter_new(struct usage_counter **ret, struct err *e)
{
	struct usage_counter *c = calloc(1, sizeof *c);

	if (!c)
		return err_oom(e);
	c->arena = ARENA(ARENA_MAX);
	*ret = c;
	return 0;
}

static void nothing(void *link)
{
}

void usage_counter_free(struct usage_counter *c)
{
	if (!c)
		return;
	tdestroy(c->seen, nothing); /* they are the arena's */
	arena_done(&c->arena);
	free(c);
}

static int by_inode(const void *a, const void *b)
{
	const struct link *x = a, *y = b;

	if (x->dev != y->dev)
		return x->dev < y->dev ? -1 : 1;
	return x->ino < y->ino ? -1 : x->ino > y->ino;
}

/* 1: for the first time. */
static int is_new(struct usage_counter *c, const struct stat *st, struct err *e)
{
	struct link key = { st->st_dev, st->st_ino }, *link;

	if (st->st_nlink < 2 || S_ISDIR(st->st_mode))
		return 1;
	if (tfind(&key, &c->seen, by_inode))
		return 0;
	link = arena_alloc(&c->arena, sizeof *link);
	if (!link)
		return err_oom(e);
	*link = key;
	return tsearch(link, &c->seen, by_inode) ? 1 : err_oom(e);
}

static int add_one(struct usage_counter *c, const struct stat *st, struct usage *to, struct err *e)
{
	int r = is_new(c, st, e);

	if (r <= 0)
		return r;
	to->disk += (int64_t)st->st_blocks * 512;
	if (S_ISDIR(st->st_mode))
		return 0;
	to->bytes += st->st_size;
	to->files++;
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
	int r;

	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return 0;
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return 0; /* it went while we looked */
	if (st.st_dev != w->dev)
		return 0; /* mounted there */
	r = add_one(w->c, &st, w->to, e);
	return r == 0 && S_ISDIR(st.st_mode) ? add_directory(w, path, name, e) : r;
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

static int add_below(struct usage_counter *c, int top, dev_t dev, struct usage *to, struct err *e)
{
	struct walk w = { .c = c, .to = to, .top = top, .dev = dev, .arena = ARENA(ARENA_MAX) };
	int r = add_directory(&w, ".", ".", e);

	while (r == 0 && w.pending) {
		const char *path = w.pending->path;

		w.pending = w.pending->next;
		r = read_directory(&w, path, e);
	}
	arena_done(&w.arena);
	return r;
}

int usage_add_self(struct usage_counter *c, int dir, const char *name, struct usage *to, struct err *e)
{
	struct stat st;

	return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ? 0 : add_one(c, &st, to, e);
}

int usage_add(struct usage_counter *c, int dir, const char *name, struct usage *to, struct err *e)
{
	scoped_fd top = -1;
	struct stat st;
	int r;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	r = add_one(c, &st, to, e);
	if (r < 0 || !S_ISDIR(st.st_mode))
		return r;
	top = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return top < 0 ? 0 : add_below(c, top, st.st_dev, to, e);
}

int usage_count(int dir, const char *name, int64_t *ret_bytes, struct err *e)
{
	scoped_fd top = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	scoped_usage_counter c = NULL;
	struct usage all = { 0 };
	struct stat st;
	int r;

	if (top < 0 || fstat(top, &st) < 0)
		return err_sys(e, "open %s", name);
	r = usage_counter_new(&c, e);
	if (r == 0)
		r = add_below(c, top, st.st_dev, &all, e);
	if (r == 0)
		*ret_bytes = all.bytes;
	return r;
}
