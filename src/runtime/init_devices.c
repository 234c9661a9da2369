/* SPDX-License-Identifier: Apache-2.0 */
/* Stage 2 of init_proc.c: the nodes and links of /dev. */
#include "runtime/init_proc.h"

#include "base/protection.h"
#include "base/scope.h"
#include "kernel/rootpath.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

/* The directory of the last device, opened inside the root, serves the next ones. Borrowed, not to be closed. */
static int device_dir(struct init *in, const char *path, const char **ret_name, struct err *e)
{
	const char *slash = strrchr(path, '/');
	size_t n = (size_t)(slash - path);
	int fd;

	if (in->dev >= 0 && n < sizeof in->dev_path && strncmp(in->dev_path, path, n) == 0 && !in->dev_path[n]) {
		*ret_name = slash + 1;
		return in->dev;
	}
	fd = rootpath_parent(in->root, path, ret_name, e);
	if (fd < 0)
		return fd;
	if (in->dev >= 0)
		init_drop(in, in->dev);
	in->dev = fd;
	in->dev_path[0] = '\0';
	if (n < sizeof in->dev_path) {
		memcpy(in->dev_path, path, n);
		in->dev_path[n] = '\0';
	}
	return fd;
}

/* A node that the image brought stays only if it is the very device. */
static int device_there(int dir, const char *name, mode_t type, dev_t dev, struct err *e)
{
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(e, "stat %s", name);
	if (((st.st_mode & S_IFMT) == type && (type == S_IFIFO || st.st_rdev == dev)) || !protects(PROTECT_DEVICE_REAL))
		return 0;
	return err_set(e, EEXIST, "something else is there");
}

int init_device(struct init *in, const struct step *s, struct err *e)
{
	mode_t type = *s->fstype == 'b' ? S_IFBLK : *s->fstype == 'p' ? S_IFIFO : S_IFCHR;
	dev_t dev = type == S_IFIFO ? 0 : makedev((unsigned)s->n[0], (unsigned)s->n[1]);
	const char *name;
	int dir = device_dir(in, s->path, &name, e), r;

	if (dir < 0)
		return err_wrap(e, dir, "device %s", s->path);
	if ((in->plan->userns || s->set) && type != S_IFIFO)
		return init_bind_device(in, s, dir, name, e);
	if (mknodat(dir, name, type | (mode_t)s->n[2], dev) < 0) {
		if (errno != EEXIST)
			return err_sys(e, "mknod %s", s->path);
		r = device_there(dir, name, type, dev, e);
		return r < 0 ? err_wrap(e, r, "device %s", s->path) : 0;
	}
	if (s->n[3] &&
	    fchownat(dir, name, (uid_t)(s->n[3] >> 32), (gid_t)(s->n[3] & 0xffffffff), AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(e, "chown %s", s->path);
	return 0;
}

int init_symlink(struct init *in, const struct step *s, struct err *e)
{
	const char *name;
	int dir = device_dir(in, s->path, &name, e);

	if (dir < 0)
		return err_wrap(e, dir, "symlink %s", s->path);
	if (symlinkat(s->source, dir, name) < 0 && errno != EEXIST)
		return err_sys(e, "symlink %s", s->path);
	return 0;
}
