/* SPDX-License-Identifier: Apache-2.0 */
/* Stage 2 of init_proc.c: sysctls, and what of the mounts is masked or read-only. */
#include "runtime/init_proc.h"

#include "base/io.h"
#include "base/protection.h"
#include "base/scope.h"
#include "kernel/mount.h"
#include "kernel/rootpath.h"
#include "kernel/sys.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>

static int duplicate(int fd, struct err *e)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);

	return copy < 0 ? err_sys(e, "duplicate the descriptor of a mount") : copy;
}

/* A procfs of ours, whatever the container has at /proc. */
static int proc_of_ours(struct init *in, struct err *e)
{
	struct statfs fs;

	if (in->proc >= 0 && fstatfs(in->proc, &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC)
		return duplicate(in->proc, e);
	if (!protects(PROTECT_SYSCTL_PROCFS))
		return rootpath_open(in->root, "/proc", e);
	return mount_new("proc", NULL, NULL, 0, e);
}

int init_sysctl(struct init *in, const struct step *s, struct err *e)
{
	scoped_fd proc = proc_of_ours(in, e), fd = -1;
	char path[256];
	size_t n = strlen(s->options);
	int r;

	if (proc < 0)
		return proc;
	if (n + sizeof "sys/" > sizeof path)
		return err_set(e, ENAMETOOLONG, "sysctl %s: name too long", s->path);
	memcpy(path, "sys/", 4);
	memcpy(path + 4, s->options, n + 1);
	fd = sys_openat2(proc, path, O_WRONLY,
			 protects(PROTECT_SYSCTL_PROCFS) ? RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV : 0);
	if (fd < 0)
		return err_sys(e, "sysctl %s", s->path);
	r = io_write_all(fd, s->source, strlen(s->source), e);
	return r < 0 ? err_wrap(e, r, "sysctl %s = %s", s->path, s->source) : 0;
}

/* ---- masks ------------------------------------------------------------------------------------------------------ */

int init_mask(struct init *in, const struct step *s, struct err *e)
{
	struct err missing = { 0 };
	int target = -1, mnt, r;
	struct stat st;

	if (!protects(PROTECT_MASKS))
		return 0;
	target = init_open_path(in, s->path, &missing);
	if (target < 0 && (missing.code == ENOENT || missing.code == ENOTDIR))
		return 0;
	if (target < 0 || fstat(target, &st) < 0) {
		if (target >= 0)
			return err_sys(e, "stat %s", s->path);
		*e = missing;
		return err_wrap(e, target, "mask %s", s->path);
	}
	if (protects(PROTECT_MASK_SOURCE))
		mnt = mount_clone(in->mask, S_ISDIR(st.st_mode) ? "dir" : "null", false, e);
	else
		mnt = mount_clone(in->root, "dev/null", false, e);
	r = mnt < 0 ? mnt : mount_attach(mnt, target, e);
	init_drop(in, target);
	init_drop(in, mnt);
	return r < 0 ? err_wrap(e, r, "mask %s", s->path) : 0;
}

int init_readonly(struct init *in, const struct step *s, struct err *e)
{
	struct err missing = { 0 };
	int target = -1, mnt, r;
	bool at_once;

	if (!protects(PROTECT_READ_ONLY_PATHS))
		return 0;
	target = init_open_path(in, s->path, &missing);
	if (target < 0 && (missing.code == ENOENT || missing.code == ENOTDIR))
		return 0;
	if (target < 0) {
		*e = missing;
		return err_wrap(e, target, "read-only %s", s->path);
	}
	at_once = in->plan->facts->kernel.detached_mounts;
	mnt = at_once ? mount_clone_read_only(target, e) : mount_clone(target, "", true, e);
	r = mnt < 0 ? mnt : mount_attach(mnt, target, e);
	if (r == 0 && !at_once)
		r = mount_change(mnt, MOUNT_ATTR_RDONLY, 0, 0, true, e);
	init_drop(in, target);
	init_drop(in, mnt);
	return r < 0 ? err_wrap(e, r, "read-only %s", s->path) : 0;
}
