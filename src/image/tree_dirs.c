/* SPDX-License-Identifier: Apache-2.0 */
#include "image/tree_priv.h"

#include "base/io.h"
#include "base/limits.h"
#include "base/scope.h"
#include "kernel/sys.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

struct tree_dir {
	struct tree_dir *next;
	size_t number; /* in the archive's order */
	struct timespec mtime;
	bool implied; /* by the name of something in it */
	char path[];
};

void tree_dirs_init(struct tree_dirs *d)
{
	*d = (struct tree_dirs){ .arena = ARENA(LIMIT_LAYER_NAMES) };
	d->end = &d->first;
}

void tree_dirs_done(struct tree_dirs *d)
{
	arena_done(&d->arena);
}

int tree_dirs_add(struct tree_dirs *d, const char *parent, const char *leaf, const struct timespec *mtime,
		  struct err *e)
{
	size_t n = strlen(parent) + 1 + strlen(leaf) + 1;
	struct tree_dir *dir = arena_alloc(&d->arena, sizeof *dir + n);

	if (!dir && arena_fits(&d->arena, sizeof *dir + n))
		return err_oom(e);
	if (!dir)
		return err_set(e, EFBIG, "more than %u bytes of directory names", LIMIT_LAYER_NAMES);
	(void)snprintf(dir->path, n, "%s%s%s", parent, parent[0] ? "/" : "", leaf);
	dir->number = d->n++;
	dir->implied = !mtime;
	d->n_implied += dir->implied;
	if (mtime)
		dir->mtime = *mtime;
	*d->end = dir;
	d->end = &dir->next;
	return 0;
}

/* By path; of the same path what an entry said comes last, the last entry very last. */
static int compare(const void *a, const void *b)
{
	const struct tree_dir *x = *(struct tree_dir *const *)a, *y = *(struct tree_dir *const *)b;
	int r = strcmp(x->path, y->path);

	if (r == 0)
		r = y->implied - x->implied;
	return r ? r : (x->number > y->number) - (x->number < y->number);
}

/* One that an entry named by another way, through a link, no longer looks as it was made. */
static int become_as_below(int dir, const char *path, int below, struct err *e)
{
	scoped_fd there = sys_openat2(below, path, O_PATH | O_DIRECTORY, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
	struct stat now, like;

	if (there < 0 || fstat(there, &like) < 0)
		return 0;
	if (fstat(dir, &now) < 0)
		return err_sys(e, "stat");
	if ((now.st_mode & 07777) != TREE_IMPLIED_MODE || now.st_uid || now.st_gid)
		return 0;
	if (fchown(dir, like.st_uid, like.st_gid) < 0 || fchmod(dir, like.st_mode & 07777) < 0)
		return err_sys(e, "owner and mode as below");
	return futimens(dir, (const struct timespec[]){ like.st_mtim, like.st_mtim }) < 0 ? err_sys(e, "set times") : 0;
}

/* A name that something else has taken since is left alone. */
static int settle(const struct tree_dir *d, int root, unsigned resolve, int below, struct err *e)
{
	const char *path = d->path[0] ? d->path : ".";
	scoped_fd dir = sys_openat2(root, path, O_RDONLY | O_DIRECTORY, resolve);
	int r = 0;

	if (dir < 0 && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP))
		return 0;
	if (dir < 0)
		r = err_sys(e, "open");
	else if (d->implied)
		r = below < 0 ? 0 : become_as_below(dir, d->path, below, e);
	else if (futimens(dir, (const struct timespec[]){ d->mtime, d->mtime }) < 0)
		r = err_sys(e, "set times");
	return r < 0 ? err_wrap(e, r, "%.120s", path) : 0;
}

int tree_dirs_finish(struct tree_dirs *d, int root, unsigned resolve, int below, struct err *e)
{
	struct tree_dir **all;
	size_t n = 0;
	int r = 0;

	if (d->n == 0)
		return 0;
	all = calloc(d->n, sizeof(struct tree_dir *));
	if (!all)
		return err_oom(e);
	for (struct tree_dir *dir = d->first; dir; dir = dir->next)
		all[n++] = dir;
	qsort(all, n, sizeof(struct tree_dir *), compare);
	for (size_t i = 0; r == 0 && i < n; i++)
		if (i + 1 == n || strcmp(all[i]->path, all[i + 1]->path) != 0)
			r = settle(all[i], root, resolve, below, e);
	free(all);
	return r;
}
