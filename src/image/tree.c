/* SPDX-License-Identifier: Apache-2.0 */
#include "image/tree_priv.h"

#include "base/arena.h"
#include "base/io.h"
#include "base/limits.h"
#include "base/scope.h"
#include "image/entry_name.h"
#include "kernel/sys.h"
#include "kernel/user_namespaces.h"
#include "storage/rootview.h"

#include <fcntl.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#define INSIDE (RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS)
#define PATH_FMT "%.120s" /* the cause behind it must not be cut off */
#define WHITEOUT_DEV makedev(0, 0)

struct tree {
	struct tree_options o;
	uint64_t entries, bytes;
	int parent; /* of the entry before, O_PATH: archives go folder by folder */
	bool parent_gives_group; /* to what is made in it */
	struct tree_made made; /* what a file gets that is made here, of which only the mode varies */
	bool knows_made;
	bool has_acls; /* some directory may have a default ACL, which says more of a new file's mode than who makes it */
	char parent_path[ENTRY_NAME_SIZE];
	int below; /* merged view of the layers below, opened when first needed */
	struct tree_dirs dirs;
};

int tree_open(const struct tree_options *o, struct tree **ret, struct err *e)
{
	struct tree *t = calloc(1, sizeof *t);

	if (!t)
		return err_oom(e);
	if (!o->shared)
		(void)umask(0); /* a file gets its mode when it is made */
	t->o = *o;
	t->has_acls = o->shared;
	t->parent = t->below = -1;
	tree_dirs_init(&t->dirs);
	*ret = t;
	return 0;
}

static void forget_parent(struct tree *t)
{
	if (t->parent >= 0)
		close(fd_take(&t->parent));
}

void tree_free(struct tree *t)
{
	if (!t)
		return;
	forget_parent(t);
	if (t->below >= 0)
		close(t->below);
	tree_dirs_done(&t->dirs);
	free(t);
}

const struct tree_options *tree_options_of(const struct tree *t)
{
	return &t->o;
}

uint64_t tree_bytes(const struct tree *t)
{
	return t->bytes;
}

/* ---- parents ------------------------------------------------------------------------------------------------- */

static int open_below(struct tree *t, struct err *e)
{
	int r = t->below < 0 && t->o.wait_below ? t->o.wait_below(t->o.arg, e) : 0;

	return r < 0 || t->below >= 0 ? r : rootview_open(t->o.layers, t->o.below, t->o.n_below, &t->below, e);
}

static int count_entry(struct tree *t, struct err *e)
{
	if (t->entries >= t->o.max_entries)
		return err_set(e, EFBIG, "more than %llu entries", (unsigned long long)t->o.max_entries);
	t->entries++;
	return 0;
}

static bool is_whiteout(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == WHITEOUT_DEV;
}

static int set_opaque(int fd, struct err *e)
{
	const char *mark = rootview_opaque();

	return fsetxattr(fd, mark, "y", 1, 0) < 0 ? err_sys(e, "set attribute %s", mark) : 0;
}

static int set_opaque_at(int parent, const char *leaf, struct err *e)
{
	scoped_fd dir = openat(parent, leaf, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return dir < 0 ? err_sys(e, "open") : set_opaque(dir, e);
}

/* A directory that the archive leaves out. What it looks like below is asked for at the end: the layers below may still be in
 * the making. */
static int make_implied(struct tree *t, int at, const char *leaf, const char *path, struct err *e)
{
	static const struct tree_meta plain = { .mode = TREE_IMPLIED_MODE, .mtime.tv_nsec = UTIME_NOW };
	scoped_fd dir = -1;
	int r = count_entry(t, e);

	if (r == 0 && t->o.n_below)
		r = tree_dirs_add(&t->dirs, "", path, NULL, e);
	if (r < 0)
		return r;
	if (mkdirat(at, leaf, 0700) < 0)
		return err_sys(e, PATH_FMT ": mkdir", path);
	dir = openat(at, leaf, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0)
		return err_sys(e, PATH_FMT, path);
	r = tree_set_meta(&t->o, dir, NULL, &plain, e);
	return r < 0 ? err_wrap(e, r, PATH_FMT, path) : 0;
}

static unsigned resolve_flags(const struct tree *t)
{
	if (!t->o.shared)
		return INSIDE | RESOLVE_NO_XDEV;
	return t->o.no_links ? INSIDE | RESOLVE_NO_SYMLINKS : INSIDE;
}

static int open_dir(struct tree *t, const char *path)
{
	return sys_openat2(t->o.root, path[0] ? path : ".", O_PATH | O_DIRECTORY, resolve_flags(t));
}

/* make_parent - the directory `path`, in which its own parent stands already. A whiteout of this layer gives way: the
 * directory hides the one below. */
static int make_parent(struct tree *t, const char *path, struct err *e)
{
	struct entry_split s;
	scoped_fd at = -1;
	struct stat st;
	bool hides;
	int r;

	entry_split(path, &s);
	at = open_dir(t, s.parent);
	if (at < 0)
		return err_sys(e, PATH_FMT ": open the directory it is in", path);
	hides = fstatat(at, s.leaf, &st, AT_SYMLINK_NOFOLLOW) == 0;
	if (hides && !is_whiteout(&st))
		return err_set(e, ENOTDIR, PATH_FMT ": not a directory", path);
	if (hides && unlinkat(at, s.leaf, 0) < 0)
		return err_sys(e, PATH_FMT ": remove", path);
	r = make_implied(t, at, s.leaf, path, e);
	return r == 0 && hides ? set_opaque_at(at, s.leaf, e) : r;
}

/* make_parents - each missing component of path, from the top. */
static int make_parents(struct tree *t, const char *path, struct err *e)
{
	char part[ENTRY_NAME_SIZE];

	for (size_t i = 0; path[i]; i++) {
		scoped_fd there = -1;
		int r;

		if (path[i + 1] != '/' && path[i + 1] != '\0')
			continue;
		memcpy(part, path, i + 1);
		part[i + 1] = '\0';
		there = open_dir(t, part);
		if (there >= 0)
			continue;
		if (errno != ENOENT && errno != ENOTDIR)
			return err_sys(e, PATH_FMT, part);
		r = make_parent(t, part, e);
		if (r < 0)
			return r;
	}
	return 0;
}

/* parent_of - *ret_fd stays the tree's. */
static int parent_of(struct tree *t, const struct entry_split *s, int *ret_fd, struct err *e)
{
	struct stat st;
	int fd, r;

	if (t->parent >= 0 && strcmp(t->parent_path, s->parent) == 0) {
		*ret_fd = t->parent;
		return 0;
	}
	fd = open_dir(t, s->parent);
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR)) {
		r = make_parents(t, s->parent, e);
		if (r < 0)
			return r;
		fd = open_dir(t, s->parent);
	}
	if (fd < 0)
		return err_sys(e, PATH_FMT "/", s->parent);
	forget_parent(t);
	t->parent = fd;
	t->parent_gives_group = fstat(fd, &st) < 0 || (st.st_mode & S_ISGID);
	memcpy(t->parent_path, s->parent, strlen(s->parent) + 1);
	*ret_fd = fd;
	return 0;
}

/* ---- the entry's own place ----------------------------------------------------------------------------------- */

/* place - where an entry goes: parent and last component. leaf "" is the layer's root. */
struct place {
	struct entry_split s;
	int parent;
	bool top;
};

/* path_of - below the root, from the name of an entry. */
static int path_of(const struct tree *t, const char *name, char ret[ENTRY_NAME_SIZE], struct err *e)
{
	char clean[ENTRY_NAME_SIZE];
	int r = entry_name_clean(name, t->o.prefix ? clean : ret, e), n;

	if (r < 0 || !t->o.prefix)
		return r;
	n = snprintf(ret, ENTRY_NAME_SIZE, "%s%s%s", t->o.prefix, t->o.prefix[0] && clean[0] ? "/" : "", clean);
	return n < 0 || n >= ENTRY_NAME_SIZE ? err_set(e, ENAMETOOLONG, "longer than %d bytes", ENTRY_NAME_SIZE - 1) :
					       0;
}

static int place_find(struct tree *t, const char *name, struct place *p, struct err *e)
{
	char path[ENTRY_NAME_SIZE];
	int r = count_entry(t, e);

	if (r == 0)
		r = path_of(t, name, path, e);
	if (r < 0)
		return r;
	entry_split(path, &p->s);
	p->top = strcmp(path, t->o.prefix ? t->o.prefix : "") == 0;
	return parent_of(t, &p->s, &p->parent, e);
}

static int not_the_root(const struct place *p, struct err *e)
{
	return p->s.leaf[0] ? 0 : err_set(e, EINVAL, "the layer's root must be a directory");
}

static int no_overwrite(const struct tree *t, const struct place *p, bool directory, struct err *e)
{
	return err_set(e, EISDIR, "cannot overwrite %sdirectory \"%s/%s%s%s\" with %sdirectory",
		       directory ? "non-" : "", t->o.shown ? t->o.shown : "", p->s.parent, p->s.parent[0] ? "/" : "",
		       p->s.leaf, directory ? "" : "non-");
}

/* make_room - take away what an earlier entry left at p. The parent at hand cannot be in it. */
static int make_room(const struct tree *t, const struct place *p, struct err *e)
{
	if (!t->o.shared)
		return io_remove_tree_at(p->parent, p->s.leaf, e);
	if (unlinkat(p->parent, p->s.leaf, 0) == 0 || errno == ENOENT)
		return 0;
	return errno == EISDIR ? no_overwrite(t, p, false, e) : err_sys(e, "remove");
}

/* ---- entries ------------------------------------------------------------------------------------------------- */

/* What this layer itself has at the hidden name stays: only a directory must not be merged with the one below. */
static int whiteout_name(struct tree *t, const struct place *p, const char *hidden, struct err *e)
{
	struct stat st;

	if (hidden[0] == '\0' || strcmp(hidden, ".") == 0 || strcmp(hidden, "..") == 0)
		return err_set(e, EINVAL, "a whiteout needs a name");
	if (t->o.n_below == 0)
		return 0;
	if (mknodat(p->parent, hidden, S_IFCHR, WHITEOUT_DEV) == 0)
		return 0;
	if (errno != EEXIST)
		return err_sys(e, "mknod");
	if (fstatat(p->parent, hidden, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(e, "stat");
	return S_ISDIR(st.st_mode) ? set_opaque_at(p->parent, hidden, e) : 0;
}

/* overlayfs merges the roots of all layers whatever their attributes say: each name of the root below is hidden. */
static int hide_root(struct tree *t, const struct place *p, struct err *e)
{
	int r = open_below(t, e), fd;
	struct dirent *ent;
	scoped_dir d = NULL;

	if (r < 0)
		return r;
	fd = openat(t->below, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	d = fd < 0 ? NULL : fdopendir(fd);
	if (!d) {
		r = err_sys(e, "the layers below");
		if (fd >= 0)
			close(fd);
		return r;
	}
	for (errno = 0; r == 0 && (ent = readdir(d)); errno = 0) {
		if (strcmp(ent->d_name, ".") == 0 || strcmp(ent->d_name, "..") == 0)
			continue;
		r = count_entry(t, e);
		if (r == 0)
			r = whiteout_name(t, p, ent->d_name, e);
	}
	return r == 0 && errno ? err_sys(e, "read the layers below") : r;
}

static int whiteout_opaque(struct tree *t, const struct place *p, struct err *e)
{
	scoped_fd dir = -1;

	if (t->o.n_below == 0)
		return 0;
	if (p->s.parent[0] == '\0')
		return hide_root(t, p, e);
	dir = sys_openat2(t->o.root, p->s.parent, O_RDONLY | O_DIRECTORY, resolve_flags(t));
	if (dir < 0)
		return err_sys(e, "open");
	return set_opaque(dir, e);
}

bool tree_is_whiteout(const struct tree *t, const char *name)
{
	const char *slash = strrchr(name, '/');

	return !t->o.shared &&
	       strncmp(slash ? slash + 1 : name, WHITEOUT_PREFIX, strlen(WHITEOUT_PREFIX)) == 0;
}

int tree_whiteout(struct tree *t, const char *name, struct err *e)
{
	struct place p;
	int r = place_find(t, name, &p, e);

	if (r < 0)
		return r;
	if (strcmp(p.s.leaf, WHITEOUT_OPAQUE) == 0)
		return whiteout_opaque(t, &p, e);
	if (strncmp(p.s.leaf, WHITEOUT_META, strlen(WHITEOUT_META)) == 0)
		return 0; /* aufs' own files */
	return whiteout_name(t, &p, p.s.leaf + strlen(WHITEOUT_PREFIX), e);
}

/* directory_at - there is a directory of this layer at p, and no whiteout or other thing. */
static int directory_at(const struct tree *t, const struct place *p, struct err *e)
{
	struct stat st;
	int r;

	if (p->s.leaf[0] == '\0' || mkdirat(p->parent, p->s.leaf, 0700) == 0)
		return 0;
	if (errno != EEXIST)
		return err_sys(e, "mkdir");
	if (fstatat(p->parent, p->s.leaf, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(e, "stat");
	if (S_ISDIR(st.st_mode))
		return 0;
	r = t->o.shared ? no_overwrite(t, p, true, e) : make_room(t, p, e);
	if (r < 0)
		return r;
	if (mkdirat(p->parent, p->s.leaf, 0700) < 0)
		return err_sys(e, "mkdir");
	return is_whiteout(&st) ? set_opaque_at(p->parent, p->s.leaf, e) : 0;
}

static bool has_default_acl(const struct tree_meta *m)
{
	for (size_t i = 0; i < m->n_xattrs; i++)
		if (strcmp(m->xattrs[i].name, "system.posix_acl_default") == 0)
			return true;
	return false;
}

int tree_directory(struct tree *t, const char *name, const struct tree_meta *m, struct err *e)
{
	scoped_fd dir = -1;
	struct place p;
	int r = place_find(t, name, &p, e);

	if (r < 0 || (p.top && t->o.shared))
		return r;
	r = directory_at(t, &p, e);
	if (r < 0)
		return r;
	dir = openat(p.parent, p.s.leaf[0] ? p.s.leaf : ".", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0)
		return err_sys(e, "open");
	t->has_acls = t->has_acls || has_default_acl(m);
	r = tree_set_meta(&t->o, dir, NULL, m, e);
	return r < 0 ? r : tree_dirs_add(&t->dirs, p.s.parent, p.s.leaf, &m->mtime, e);
}

int tree_symlink(struct tree *t, const char *name, const char *target, const struct tree_meta *m, struct err *e)
{
	struct place p;
	int r = place_find(t, name, &p, e);

	if (r == 0)
		r = not_the_root(&p, e);
	if (r < 0)
		return r;
	if (symlinkat(target, p.parent, p.s.leaf) < 0) {
		r = errno == EEXIST ? make_room(t, &p, e) : err_sys(e, "symlink");
		if (r < 0)
			return r;
		if (symlinkat(target, p.parent, p.s.leaf) < 0)
			return err_sys(e, "symlink");
	}
	return tree_set_meta_at(&t->o, p.parent, p.s.leaf, m, false, e);
}

int tree_node(struct tree *t, const char *name, mode_t type, dev_t dev, const struct tree_meta *m, struct err *e)
{
	struct place p;
	int r = place_find(t, name, &p, e);

	if (r == 0)
		r = not_the_root(&p, e);
	if (r < 0)
		return r;
	if (type == S_IFCHR && dev == WHITEOUT_DEV && t->o.shared)
		return err_set(e, EINVAL, "a device 0:0 means something else here");
	if (type == S_IFCHR && dev == WHITEOUT_DEV)
		return whiteout_name(t, &p, p.s.leaf, e);
	type |= t->o.shared ? m->mode & 07777 : 0600;
	if (mknodat(p.parent, p.s.leaf, type, dev) < 0) {
		if (errno == EPERM && !userns_in_first())
			return 0; /* nobody makes devices there; a container has its own /dev */
		r = errno == EEXIST ? make_room(t, &p, e) : err_sys(e, "mknod");
		if (r < 0)
			return r;
		if (mknodat(p.parent, p.s.leaf, type, dev) < 0)
			return err_sys(e, "mknod");
	}
	return tree_set_meta_at(&t->o, p.parent, p.s.leaf, m, true, e);
}

static int link_error(const struct entry_split *to, struct err *e)
{
	return err_sys(e, "hard link to " PATH_FMT "%s%s", to->parent, to->parent[0] ? "/" : "", to->leaf);
}

static bool same_file(int dir_a, const char *a, int dir_b, const char *b)
{
	struct stat x, y;

	return fstatat(dir_a, a, &x, AT_SYMLINK_NOFOLLOW) == 0 && fstatat(dir_b, b, &y, AT_SYMLINK_NOFOLLOW) == 0 &&
	       x.st_ino == y.st_ino && x.st_dev == y.st_dev;
}

/* The target's parent is found inside the tree, its last component is not followed: a link to a link. */
static int link_to(struct tree *t, const struct place *p, const struct entry_split *to, struct err *e)
{
	scoped_fd from = open_dir(t, to->parent);
	int r;

	if (from < 0)
		return link_error(to, e);
	if (linkat(from, to->leaf, p->parent, p->s.leaf, 0) == 0)
		return 0;
	if (errno != EEXIST)
		return link_error(to, e);
	if (same_file(from, to->leaf, p->parent, p->s.leaf))
		return 0;
	r = make_room(t, p, e);
	if (r < 0)
		return r;
	return linkat(from, to->leaf, p->parent, p->s.leaf, 0) < 0 ? link_error(to, e) : 0;
}

int tree_hardlink(struct tree *t, const char *name, const char *target, struct err *e)
{
	char path[ENTRY_NAME_SIZE];
	struct entry_split to;
	struct place p;
	int r = place_find(t, name, &p, e);

	if (r == 0)
		r = not_the_root(&p, e);
	if (r == 0)
		r = path_of(t, target, path, e);
	if (r < 0)
		return r;
	entry_split(path, &to);
	if (to.leaf[0] == '\0')
		return err_set(e, EINVAL, "hard link to the root");
	return link_to(t, &p, &to, e);
}

/* In a tree of others nobody may read it before it has its owner. */
static mode_t mode_of_new(const struct tree *t, const struct tree_meta *m)
{
	return t->o.shared ? 0600 : m->mode & 0777;
}

/* The first file tells whom all of them belong to, so that three system calls for each are saved. */
static int look_at_new(struct tree *t, int fd, const struct tree_meta *m, struct err *e)
{
	struct stat st;

	if (!t->knows_made && fstat(fd, &st) < 0)
		return err_sys(e, "stat");
	if (!t->knows_made) {
		t->knows_made = !t->parent_gives_group;
		t->made = (struct tree_made){ .uid = st.st_uid, .gid = st.st_gid };
	}
	t->made.mode = t->has_acls ? TREE_MODE_UNKNOWN : mode_of_new(t, m);
	return 0;
}

int tree_file(struct tree *t, const char *name, const struct tree_meta *m, int *ret_fd, struct err *e)
{
	const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
	struct place p;
	int fd, r = place_find(t, name, &p, e);

	if (r == 0)
		r = not_the_root(&p, e);
	if (r < 0)
		return r;
	fd = openat(p.parent, p.s.leaf, flags, mode_of_new(t, m));
	if (fd < 0 && errno == EEXIST) {
		r = make_room(t, &p, e);
		if (r < 0)
			return r;
		fd = openat(p.parent, p.s.leaf, flags, mode_of_new(t, m));
	}
	if (fd < 0)
		return err_sys(e, "create");
	r = look_at_new(t, fd, m, e);
	if (r < 0)
		close(fd);
	else
		*ret_fd = fd;
	return r;
}

int tree_file_rest(struct tree *t, int fd, off_t written, off_t size, const struct tree_meta *m, struct tree_rest *ret,
		   struct err *e)
{
	if (size < 0 || (uint64_t)size > INT64_MAX - t->bytes)
		return err_set(e, EFBIG, "more than %lld bytes in one layer", (long long)INT64_MAX);
	t->bytes += (uint64_t)size;
	*ret = (struct tree_rest){ fd, written, size, t->knows_made && !t->parent_gives_group, t->made, *m };
	return 0;
}

int tree_file_end(struct tree *t, int fd, off_t written, off_t size, const struct tree_meta *m, struct err *e)
{
	struct tree_rest rest;
	scoped_fd file = fd;
	int r = tree_file_rest(t, file, written, size, m, &rest, e);

	return r == 0 ? tree_rest_do(&t->o, &rest, e) : r;
}

int tree_finish(struct tree *t, struct err *e)
{
	int r;

	forget_parent(t);
	r = t->dirs.n_implied ? open_below(t, e) : 0;
	return r < 0 ? r : tree_dirs_finish(&t->dirs, t->o.root, resolve_flags(t) | RESOLVE_NO_SYMLINKS, t->below, e);
}
