/* SPDX-License-Identifier: Apache-2.0 */
#include "image/walk.h"

#include "base/dir_names.h"
#include "base/arena.h"
#include "base/limits.h"
#include "base/scope.h"
#include "image/entry_name.h"
#include "kernel/sys.h"
#include "storage/rootview.h"

#include <fcntl.h>
#include <limits.h>
#include <search.h>
#include <string.h>
#include <sys/xattr.h>

#define INSIDE (RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS)
#define ID_OVERFLOW 65534
#define XATTRS_MAX 65536 /* of names, and of values together: xattr(7) */

/* A file of several names: the first one that it came under. */
struct link {
	dev_t dev;
	ino_t ino;
	const char *name;
};

struct walk {
	const struct walk_options *o;
	entry_fn *fn;
	void *arg;
	int top;      /* the directory that paths are below */
	size_t base;  /* bytes of name that are not of the path */
	char name[ENTRY_NAME_SIZE];
	char link[PATH_MAX];
	void *links;  /* tsearch(3) of struct link */
	struct arena arena; /* of links */
	char names[XATTRS_MAX], values[XATTRS_MAX];
	struct tree_xattr xattrs[LIMIT_ENTRY_XATTRS];
};

/* ---- what it is ---------------------------------------------------------------------------------------------- */

static uint32_t inside(const struct id_map *m, uint32_t id)
{
	for (size_t i = 0; m && i < m->n; i++)
		if (id >= m->v[i].outside && id - m->v[i].outside < m->v[i].count)
			return m->v[i].inside + (id - m->v[i].outside);
	return m ? ID_OVERFLOW : id;
}

static bool is_wanted(const char *xattr)
{
	return strcmp(xattr, "security.capability") == 0 || strncmp(xattr, "system.posix_acl_", 17) == 0 ||
	       (strncmp(xattr, "user.", 5) == 0 && strncmp(xattr, "user.overlay.", 13) != 0);
}

static bool has_overlay_mark(int fd, const char *mark)
{
	char value[PATH_MAX];

	return fgetxattr(fd, mark, value, sizeof value) > 0;
}

/* An attribute that goes meanwhile, or a file system without any: fine. */
static int read_xattrs(struct walk *w, int fd, struct tree_meta *m, struct err *e)
{
	ssize_t size = flistxattr(fd, w->names, sizeof w->names), n;
	size_t used = 0;

	for (const char *p = w->names; size > 0 && p < w->names + size; p += strlen(p) + 1) {
		if (!is_wanted(p))
			continue;
		n = fgetxattr(fd, p, w->values + used, sizeof w->values - used);
		if (n < 0)
			continue;
		if (m->n_xattrs == LIMIT_ENTRY_XATTRS)
			return err_set(e, E2BIG, "more than %d extended attributes", LIMIT_ENTRY_XATTRS);
		w->xattrs[m->n_xattrs++] = (struct tree_xattr){ p, w->values + used, (size_t)n };
		used += (size_t)n;
	}
	m->xattrs = w->xattrs;
	return 0;
}

static int check_upper(const struct walk *w, int fd, struct tree_entry *entry, struct err *e)
{
	if (!w->o->upper)
		return 0;
	if (has_overlay_mark(fd, "trusted.overlay.redirect") || has_overlay_mark(fd, "trusted.overlay.metacopy"))
		return err_set(e, ENOTSUP,
			       "%s: made with overlayfs' redirect_dir or metacopy, which is on by default here",
			       entry->name);
	entry->opaque = S_ISDIR(entry->type) && has_overlay_mark(fd, rootview_opaque());
	return 0;
}

static void describe(const struct walk *w, const struct stat *st, struct tree_entry *ret)
{
	*ret = (struct tree_entry){ .name = w->name, .type = st->st_mode & S_IFMT, .fd = -1 };
	ret->meta = (struct tree_meta){ .mode = st->st_mode & 07777, .uid = inside(w->o->uids, st->st_uid),
					.gid = inside(w->o->gids, st->st_gid), .mtime = st->st_mtim };
	if (S_ISREG(st->st_mode)) {
		ret->size = st->st_size;
		ret->stored = (off_t)st->st_blocks * 512;
	}
	if (S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode))
		ret->rdev = st->st_rdev;
}

/* ---- several names of one file ------------------------------------------------------------------------------- */

static int by_inode(const void *a, const void *b)
{
	const struct link *x = a, *y = b;

	if (x->dev != y->dev)
		return x->dev < y->dev ? -1 : 1;
	return x->ino < y->ino ? -1 : x->ino > y->ino;
}

static int find_link(struct walk *w, const struct stat *st, struct tree_entry *entry, struct err *e)
{
	struct link key = { st->st_dev, st->st_ino, NULL }, *link, **found;

	if (st->st_nlink < 2 || S_ISDIR(st->st_mode))
		return 0;
	found = tfind(&key, &w->links, by_inode);
	if (found) {
		entry->target = (*found)->name;
		entry->hardlink = true;
		entry->size = 0;
		return 0;
	}
	link = arena_alloc(&w->arena, sizeof *link);
	if (link)
		*link = (struct link){ st->st_dev, st->st_ino, arena_str(&w->arena, w->name) };
	if (!link || !link->name)
		return err_set(e, EFBIG, "more than %u bytes of names of hard links", LIMIT_LAYER_NAMES);
	return tsearch(link, &w->links, by_inode) ? 0 : err_oom(e);
}

/* ---- entries ------------------------------------------------------------------------------------------------- */

static int reopen(int look, int flags)
{
	char path[40];

	(void)snprintf(path, sizeof path, "/proc/self/fd/%d", look);
	return open(path, flags | O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

static int put_file(struct walk *w, int look, struct tree_entry *entry, struct err *e)
{
	scoped_fd fd = reopen(look, 0);
	int r;

	if (fd < 0)
		return err_sys(e, "open %s", w->name);
	entry->fd = fd;
	r = read_xattrs(w, fd, &entry->meta, e);
	if (r == 0)
		r = check_upper(w, fd, entry, e);
	return r == 0 ? w->fn(w->arg, entry, e) : r;
}

static int put_symlink(struct walk *w, int look, struct tree_entry *entry, struct err *e)
{
	ssize_t n = readlinkat(look, "", w->link, sizeof w->link - 1);

	if (n < 0)
		return err_sys(e, "read link %s", w->name);
	w->link[n] = '\0';
	entry->target = w->link;
	return w->fn(w->arg, entry, e);
}

static int put_directory(struct walk *w, int look, struct tree_entry *entry, struct err *e)
{
	scoped_fd fd = reopen(look, O_DIRECTORY);
	int r;

	if (fd < 0)
		return err_sys(e, "open %s", w->name);
	r = read_xattrs(w, fd, &entry->meta, e);
	if (r == 0)
		r = check_upper(w, fd, entry, e);
	return r == 0 ? w->fn(w->arg, entry, e) : r;
}

/* 1: a directory, whose entries are to follow. */
static int put(struct walk *w, int look, struct err *e)
{
	struct tree_entry entry;
	struct stat st;
	int r;

	if (fstat(look, &st) < 0)
		return err_sys(e, "stat %s", w->name);
	describe(w, &st, &entry);
	if (S_ISSOCK(st.st_mode))
		return 0;
	r = find_link(w, &st, &entry, e);
	if (r < 0)
		return r;
	if (S_ISDIR(st.st_mode)) {
		r = put_directory(w, look, &entry, e);
		return r < 0 ? r : 1;
	}
	if (entry.hardlink)
		return w->fn(w->arg, &entry, e);
	if (S_ISREG(st.st_mode))
		return put_file(w, look, &entry, e);
	return S_ISLNK(st.st_mode) ? put_symlink(w, look, &entry, e) : w->fn(w->arg, &entry, e);
}

/* ---- directories --------------------------------------------------------------------------------------------- */

static const char *path_of(const struct walk *w)
{
	return strlen(w->name) > w->base ? w->name + w->base : ".";
}

/* No descriptor is kept on the way down: a tree may be deeper than there are any. */
static int open_here(const struct walk *w)
{
	return sys_openat2(w->top, path_of(w), O_RDONLY | O_DIRECTORY, INSIDE);
}

static bool is_gone(void)
{
	return errno == ENOENT || errno == ENOTDIR || errno == ELOOP || errno == ENXIO;
}

static int walk_directory(struct walk *w, struct err *e);

static int append(struct walk *w, const char *name, struct err *e)
{
	size_t end = strlen(w->name), left = sizeof w->name - end;
	int n = snprintf(w->name + end, left, "%s%s", end ? "/" : "", name);

	if (n >= 0 && (size_t)n < left)
		return 0;
	return err_set(e, ENAMETOOLONG, "a path in it is longer than %d bytes", ENTRY_NAME_SIZE - 1);
}

static int walk_name(struct walk *w, int *dir, const char *name, struct err *e)
{
	scoped_fd look = -1;
	int r;

	if (*dir < 0)
		*dir = open_here(w);
	if (*dir >= 0)
		look = openat(*dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (look < 0)
		return is_gone() ? 0 : err_sys(e, "open %s/%s", w->name, name);
	r = append(w, name, e);
	if (r == 0)
		r = put(w, look, e);
	if (r != 1)
		return r;
	close(fd_take(&look));
	close(fd_take(dir));
	return walk_directory(w, e);
}

static int walk_directory(struct walk *w, struct err *e)
{
	size_t end = strlen(w->name);
	scoped_fd dir = open_here(w);
	scoped_dir_names names = { NULL, 0 };
	int r;

	if (dir < 0)
		return is_gone() ? 0 : err_sys(e, "open %s", w->name);
	r = dir_names_read(dir, &names, e);
	for (size_t i = 0; r == 0 && i < names.n; i++) {
		r = walk_name(w, &dir, names.v[i], e);
		w->name[end] = '\0';
	}
	return r;
}

static void nothing(void *link)
{
}

static int walk_start(struct walk *w, struct err *e)
{
	size_t n = strlen(w->o->name);
	int r;

	if (n >= sizeof w->name)
		return err_set(e, ENAMETOOLONG, "%.100s…: longer than %d bytes", w->o->name, ENTRY_NAME_SIZE - 1);
	memcpy(w->name, w->o->name, n + 1);
	w->base = n ? n + 1 : 0;
	r = put(w, w->o->start, e);
	if (r != 1)
		return r;
	w->top = reopen(w->o->start, O_DIRECTORY);
	return w->top < 0 ? err_sys(e, "open %s", w->name) : walk_directory(w, e);
}

int walk_tree(const struct walk_options *o, entry_fn *fn, void *arg, struct err *e)
{
	struct walk *w = calloc(1, sizeof *w);
	int r;

	if (!w)
		return err_oom(e);
	w->o = o;
	w->fn = fn;
	w->arg = arg;
	w->top = -1;
	w->arena = ARENA(LIMIT_LAYER_NAMES);
	r = walk_start(w, e);
	if (w->top >= 0)
		close(w->top);
	tdestroy(w->links, nothing); /* they are the arena's */
	arena_done(&w->arena);
	free(w);
	return r;
}
