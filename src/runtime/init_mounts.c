/* SPDX-License-Identifier: Apache-2.0 */
/* Stage 2 of init_proc.c: the container's tree, by descriptor. */
#include "runtime/init_proc.h"

#include "base/io.h"
#include "base/protection.h"
#include "base/scope.h"
#include "kernel/copy_tree.h"
#include "kernel/cgroup.h"
#include "kernel/mount.h"
#include "kernel/rootpath.h"
#include "kernel/sys.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

int init_propagation(struct init *in, const struct step *s, struct err *e)
{
	struct mount_attr attr = { .propagation = s->propagation };

	(void)in;
	if (!protects(PROTECT_MOUNTS_STAY))
		return 0;
	if (sys_mount_setattr(AT_FDCWD, "/", s->recursive ? AT_RECURSIVE : 0, &attr) < 0)
		return err_sys(e, "mount_setattr /: propagation");
	return 0;
}

/* By path here: a descriptor from before the clone belongs to the other mount namespace. Unless this process may
 * not: then the host side did it, in this namespace. */
static int attach_at(const struct init *in, int mnt, const char *path, struct err *e)
{
	if (in->anchor >= 0)
		return mount_attach(mnt, in->anchor, e);
	if (sys_move_mount(mnt, "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_SYMLINKS) < 0)
		return err_sys(e, "move_mount to %s", path);
	return 0;
}

/* One small tmpfs of ours is the source of every mask: a null device and an empty directory, nobody else's. Below the
 * root it is in nobody's way and leaves with the old one. Linux before 6.15 clones only what is attached in the caller's
 * namespace; later ones would let go of it at execve(2), and wait once more until no CPU looks at it. Not over "/", where
 * it would be detached instead of the old root (init_pivot_root), and not where there is none that leaves. */
/* Where no device can be made an empty file that cannot be written to reads the same. */
int init_make_null(const struct plan *p, int dir)
{
	bool device = !p->facts->user_namespace;

	return mknodat(dir, "null", device ? S_IFCHR | 0666 : S_IFREG | 0444, device ? makedev(1, 3) : 0);
}

static int mask_source(struct init *in, struct err *e)
{
	int mnt = mount_new_run("tmpfs", NULL, NULL, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, &in->done, e);

	if (mnt < 0)
		return mnt;
	in->mask = mnt;
	if (init_make_null(in->plan, mnt) < 0 || mkdirat(mnt, "dir", 0555) < 0)
		return err_sys(e, "make the masks' source");
	return 0;
}

static int attach_mask_source(struct init *in, const char *root_path, struct err *e)
{
	struct stat root, at;
	int r = 0;

	if (in->plan->mount_ns_path && in->plan->facts->kernel.detached_mounts)
		return mount_change(in->mask, MOUNT_ATTR_RDONLY, 0, 0, false, e);
	if (stat("/", &root) < 0 || (in->anchor >= 0 ? fstat(in->anchor, &at) : stat(root_path, &at)) < 0)
		return err_sys(e, "stat %s", root_path);
	if (root.st_dev != at.st_dev || root.st_ino != at.st_ino)
		r = attach_at(in, in->mask, root_path, e);
	return r < 0 ? r : mount_change(in->mask, MOUNT_ATTR_RDONLY, 0, 0, false, e);
}

int init_bind_source(struct init *in, const struct step *s, struct err *e)
{
	int r = mount_clone(AT_FDCWD, s->path, s->recursive, e);

	if (r < 0)
		return err_wrap(e, r, "bind %s", s->path);
	in->binds[s->n[2]] = r;
	return 0;
}

int init_root_attach(struct init *in, const struct step *s, struct err *e)
{
	int r = in->mask < 0 && in->plan->spec->masked_paths.n ? mask_source(in, e) : 0;

	if (r == 0 && in->mask >= 0)
		r = attach_mask_source(in, s->source, e);

	if (r == 0)
		r = attach_at(in, in->root_mount, s->source, e);
	/* a bind of a shared mount is shared itself, and pivot_root(2) takes no such root */
	if (r == 0)
		r = mount_change(in->root_mount, 0, 0, MS_SLAVE, true, e);
	if (r < 0)
		return err_wrap(e, r, "attach the root");
	in->root = in->root_mount;
	return 0;
}

/* ---- where a mount goes --------------------------------------------------------------------------------------- */

static bool is_under(const char *path, const char *dir, const char **ret_rest)
{
	size_t n = strlen(dir);

	if (strncmp(path, dir, n) != 0 || path[n] != '/')
		return false;
	*ret_rest = path + n + 1;
	return true;
}

/* What is at a path: below /proc and /sys from the mounts that we made ourselves, where no link is followed. */
int init_open_path(struct init *in, const char *path, struct err *e)
{
	const char *rest;

	if (in->proc >= 0 && is_under(path, "/proc", &rest))
		return rootpath_open_real(in->proc, rest, e);
	if (in->sys >= 0 && is_under(path, "/sys", &rest))
		return rootpath_open_real(in->sys, rest, e);
	return rootpath_open(in->root, path, e);
}

/* Right below a /dev of ours most folders are still to be made, and no link can be in the way. -1: as any other path. */
static int make_in_dev(const struct init *in, const char *path)
{
	const char *name;

	if (in->dev < 0 || strcmp(in->dev_path, "/dev") != 0 || !is_under(path, "/dev", &name) || !*name ||
	    strchr(name, '/'))
		return -1;
	if (mkdirat(in->dev, name, 0755) < 0 && errno != EEXIST)
		return -1;
	return sys_openat2(in->dev, name, O_PATH | O_DIRECTORY, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
}

static int open_target(struct init *in, const char *path, bool directory, struct err *e)
{
	const char *rest;
	int fd = directory ? make_in_dev(in, path) : -1;

	if (fd >= 0)
		return fd;

	if ((in->proc >= 0 && is_under(path, "/proc", &rest)) || (in->sys >= 0 && is_under(path, "/sys", &rest)))
		return init_open_path(in, path, e);
	return directory ? rootpath_mkdirs(in->root, path, 0755, e) : rootpath_file(in->root, path, e);
}

static int attach(struct init *in, int mnt, const char *path, bool directory, struct err *e)
{
	int target = open_target(in, path, directory, e);
	int r = target < 0 ? target : mount_attach(mnt, target, e);

	init_drop(in, target);
	return r < 0 ? err_wrap(e, r, "mount %s", path) : 0;
}

/* /proc and /sys are looked at again later: they must be where their name says, not behind a link of the image. */
static int attach_pseudo(struct init *in, int mnt, const char *path, struct err *e)
{
	int target = rootpath_open_real(in->root, path, e), made, r;

	if (target == -ENOENT) {
		made = rootpath_mkdirs(in->root, path, 0755, e);
		if (made < 0)
			return made;
		init_drop(in, made);
		target = rootpath_open_real(in->root, path, e);
	}
	if (target < 0)
		return err_wrap(e, target, "%s is a symbolic link in the image", path);
	r = mount_attach(mnt, target, e);
	init_drop(in, target);
	return r;
}

/* ---- mounts --------------------------------------------------------------------------------------------------- */

/* What a mount is like is set when it has its place: an old kernel (kernel/old_kernel.h) cannot do it before. Nobody but this
 * process is in this mount namespace. */

int init_change_mount(int mnt, const struct step *s, uint64_t propagation, struct err *e)
{
	uint64_t clear = s->clear;
	int r;

	if (s->set & MOUNT_ATTR__ATIME)
		clear |= MOUNT_ATTR__ATIME;
	r = mount_change(mnt, s->set, clear, propagation, false, e);
	if (r == 0)
		r = mount_change(mnt, s->set_recursive, s->clear_recursive, 0, true, e);
	return r;
}

/* Propagation of a mount that has its place; a bind is private unless it asks for something else. */
static int propagate(int mnt, const struct step *s, bool bind, struct err *e)
{
	uint64_t want = s->propagation ? s->propagation : bind ? MS_PRIVATE : 0;

	return mount_change(mnt, 0, 0, want, s->propagation ? s->n[0] : true, e);
}

/* Whatever is mounted at /proc is a procfs: labels and sysctls are not written into somebody's folder. */
static int check_procfs(int mnt, struct err *e)
{
	struct statfs fs;

	if (fstatfs(mnt, &fs) < 0)
		return err_sys(e, "statfs");
	return fs.f_type == PROC_SUPER_MAGIC ? 0 : err_set(e, EINVAL, "only a procfs may be mounted at /proc");
}

/* A /dev of ours is the folder of the devices, whatever the image has there. */
static void keep_dev(struct init *in, int *mnt, const struct step *s)
{
	if (strcmp(s->path, "/dev") != 0)
		return;
	init_drop(in, fd_take(&in->dev));
	if (s->op != STEP_MOUNT)
		return;
	in->dev = fd_take(mnt);
	memcpy(in->dev_path, "/dev", sizeof "/dev");
}

/* The mounts at /proc and /sys stay open for what comes later, any other one until the step is over: *mnt, to be dropped. */
int init_mounted(struct init *in, int *mnt, const struct step *s, bool directory, struct err *e)
{
	bool proc = strcmp(s->path, "/proc") == 0, sys = strcmp(s->path, "/sys") == 0;
	int r = proc && protects(PROTECT_PROCFS_REAL) ? check_procfs(*mnt, e) : 0;

	if (r < 0)
		return r;
	r = proc || sys ? attach_pseudo(in, *mnt, s->path, e) : attach(in, *mnt, s->path, directory, e);
	if (r == 0)
		r = propagate(*mnt, s, s->op == STEP_BIND, e);
	if (r == 0 && (proc || sys))
		*(proc ? &in->proc : &in->sys) = fd_take(mnt);
	if (r == 0)
		keep_dev(in, mnt, s);
	return r;
}

static int fill(struct init *in, int mnt, const char *path, struct err *e);

int init_mount(struct init *in, const struct step *s, struct err *e)
{
	int mnt = mount_new_run(s->fstype, s->source, s->options, s->set, &in->done, e), r, fd;

	if (mnt < 0)
		return err_wrap(e, mnt, "mount %s", s->path);
	fd = mnt;
	r = s->n[1] ? fill(in, mnt, s->path, e) : 0;
	if (r < 0)
		return err_wrap(e, r, "mount %s", s->path);
	r = init_mounted(in, &mnt, s, true, e);
	if (r == 0 && (r = mount_change(fd, s->set_recursive, s->clear_recursive, 0, true, e)) < 0)
		return err_wrap(e, r, "mount %s", s->path);
	init_drop(in, mnt);
	return r;
}

int init_bind(struct init *in, const struct step *s, struct err *e)
{
	int mnt = in->binds[s->n[2]], fd = mnt, r;
	struct stat st;

	if (fstat(mnt, &st) < 0)
		return err_sys(e, "stat %s", s->source);
	r = init_mounted(in, &mnt, s, S_ISDIR(st.st_mode), e);
	if (r == 0)
		r = init_change_mount(fd, s, 0, e);
	init_drop(in, mnt);
	return r < 0 ? err_wrap(e, r, "bind %s to %s", s->source, s->path) : 0;
}

/* ---- filling an empty volume with what the image has there ------------------------------------------------------ */

static int copy_into(struct init *in, int mnt, const char *path, struct err *e)
{
	scoped_fd at = rootpath_open(in->root, path, NULL), from = -1;

	if (at < 0 && errno == ENOENT)
		return 0; /* nothing there to copy */
	if (at < 0)
		return err_sys(e, "open %s in the root", path);
	from = openat(at, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (from < 0 && errno == ENOTDIR)
		return 0;
	return from < 0 ? err_sys(e, "open %s in the root", path) : copy_tree(from, mnt, e);
}

/* The descriptor of a mount is O_PATH: whether the directory is empty cannot be read from it. */
static int fill(struct init *in, int mnt, const char *path, struct err *e)
{
	scoped_fd to = openat(mnt, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return to < 0 ? err_sys(e, "open the mount for %s", path) : copy_into(in, to, path, e);
}

int init_copy_up(struct init *in, const struct step *s, struct err *e)
{
	int r = fill(in, in->binds[s->n[2]], s->path, e);

	return r < 0 ? err_wrap(e, r, "copy %s to its volume", s->path) : 0;
}

/* ---- the end of the stage --------------------------------------------------------------------------------------- */

int init_workdir(struct init *in, const struct step *s, struct err *e)
{
	struct err there = { 0 };
	scoped_fd fd = init_open_path(in, s->path, &there);

	if (fd >= 0 || !protects(PROTECT_WORKING_FOLDER))
		return 0;
	fd = rootpath_mkdirs(in->root, s->path, 0755, e);
	return fd < 0 ? err_wrap(e, fd, "working directory") : 0;
}

int init_root_readonly(struct init *in, const struct step *s, struct err *e)
{
	(void)s;
	return mount_change(in->root, MOUNT_ATTR_RDONLY, 0, 0, false, e);
}

/* "/.." shows what lies over the root, if anything does: then the old root is still there. */
static int root_is_bare(const struct init *in, struct err *e)
{
	struct stat over, root;

	if (stat("/..", &over) < 0 || fstat(in->root, &root) < 0)
		return err_sys(e, "stat the root");
	if (over.st_dev != root.st_dev || over.st_ino != root.st_ino)
		return err_set(e, EBUSY, "the old root is not detached");
	return 0;
}

int init_pivot_root(struct init *in, const struct step *s, struct err *e)
{
	(void)s;
	if (fchdir(in->root) < 0)
		return err_sys(e, "fchdir to the root");
	if (sys_pivot_root(".", ".") < 0)
		return err_sys(e, "pivot_root");
	if (umount2(".", MNT_DETACH) < 0)
		return err_sys(e, "detach the old root");
	if (chdir("/") < 0)
		return err_sys(e, "chdir /");
	return root_is_bare(in, e);
}

/* In a mount namespace of others pivot_root(2) would take their root away. */
int init_chroot(struct init *in, const struct step *s, struct err *e)
{
	(void)s;
	if (fchdir(in->root) < 0)
		return err_sys(e, "fchdir to the root");
	return chroot(".") < 0 ? err_sys(e, "chroot") : 0;
}
