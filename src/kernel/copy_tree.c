/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/copy_tree.h"

#include "base/scope.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <time.h>

#define DEPTH_MAX 64
#define TURN_PAUSE_NS 5000000
#define TURN_PAUSES 1000

/* getdents64(2) into a buffer on the stack: readdir(3) would want the heap. */
struct entries {
	int dir;
	long have, at;
	char data[2048] __attribute__((aligned(8)));
};

static const struct dirent64 *entries_next(struct entries *it, long *ret_error)
{
	const struct dirent64 *d;

	for (;;) {
		if (it->at >= it->have) {
			it->have = syscall(SYS_getdents64, it->dir, it->data, sizeof it->data);
			it->at = 0;
			if (it->have <= 0) {
				*ret_error = it->have;
				return NULL;
			}
		}
		d = (const struct dirent64 *)(const void *)(it->data + it->at);
		it->at += d->d_reclen;
		if (strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0)
			return d;
	}
}

static bool is_empty(int dir)
{
	struct entries it = { .dir = dir };
	long error = 0;

	return lseek(dir, 0, SEEK_SET) == 0 && !entries_next(&it, &error) && error == 0;
}

/* Attributes that the target's file system does not take are left out: a tmpfs has no user.* before Linux 6.6. */
static void copy_xattrs(int from, int to)
{
	char names[4096], value[4096];
	ssize_t n = flistxattr(from, names, sizeof names);

	for (ssize_t at = 0; n > 0 && at < n; at += (ssize_t)strlen(names + at) + 1) {
		ssize_t size = fgetxattr(from, names + at, value, sizeof value);

		if (size >= 0 && strncmp(names + at, "trusted.overlay.", 16) != 0)
			(void)fsetxattr(to, names + at, value, (size_t)size, 0);
	}
}

static int copy_owner(int fd, const struct stat *st, struct err *e)
{
	struct timespec times[2] = { st->st_atim, st->st_mtim };

	if (fchown(fd, st->st_uid, st->st_gid) < 0 || fchmod(fd, st->st_mode & 07777) < 0)
		return err_sys(e, "owner and mode");
	(void)futimens(fd, times);
	return 0;
}

static int copy_data(int from, int to, struct err *e)
{
	char block[16384];
	ssize_t n;

	while ((n = copy_file_range(from, NULL, to, NULL, 1 << 30, 0)) > 0)
		;
	if (n == 0)
		return 0;
	while ((n = read(from, block, sizeof block)) > 0)
		if (write(to, block, (size_t)n) != n)
			return err_sys(e, "write");
	return n < 0 ? err_sys(e, "read") : 0;
}

static int copy_file(int from, int to, const char *name, const struct stat *st, struct err *e)
{
	scoped_fd in = openat(from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC), out = -1;
	int r;

	if (in < 0)
		return err_sys(e, "open %s", name);
	out = openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (out < 0)
		return err_sys(e, "create %s", name);
	r = copy_data(in, out, e);
	if (r < 0)
		return err_wrap(e, r, "copy %s", name);
	r = copy_owner(out, st, e); /* before the attributes: a change of owner drops security.capability */
	copy_xattrs(in, out);
	return r < 0 ? err_wrap(e, r, "copy %s", name) : 0;
}

static int copy_link(int from, int to, const char *name, const struct stat *st, struct err *e)
{
	char text[PATH_MAX];
	ssize_t n = readlinkat(from, name, text, sizeof text - 1);

	if (n < 0)
		return err_sys(e, "readlink %s", name);
	text[n] = '\0';
	if (symlinkat(text, to, name) < 0 || fchownat(to, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(e, "symlink %s", name);
	return 0;
}

static int copy_node(int to, const char *name, const struct stat *st, struct err *e)
{
	if (mknodat(to, name, st->st_mode, st->st_rdev) < 0 ||
	    fchownat(to, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0 ||
	    fchmodat(to, name, st->st_mode & 07777, 0) < 0)
		return err_sys(e, "mknod %s", name);
	return 0;
}

static int copy_inside(int from, int to, dev_t dev, unsigned depth, struct err *e);

static int copy_directory(int from, int to, const char *name, const struct stat *st, unsigned depth, struct err *e)
{
	scoped_fd in = openat(from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), out = -1;
	int r;

	if (in < 0)
		return err_sys(e, "open %s", name);
	if (mkdirat(to, name, 0700) < 0)
		return err_sys(e, "mkdir %s", name);
	out = openat(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (out < 0)
		return err_sys(e, "open %s", name);
	r = copy_inside(in, out, st->st_dev, depth + 1, e);
	if (r == 0)
		r = copy_owner(out, st, e);
	copy_xattrs(in, out);
	return r < 0 ? err_wrap(e, r, "%s", name) : 0;
}

static int copy_entry(int from, int to, const char *name, dev_t dev, unsigned depth, struct err *e)
{
	struct stat st;

	if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(e, "stat %s", name);
	switch (st.st_mode & S_IFMT) {
	case S_IFREG:
		return copy_file(from, to, name, &st, e);
	case S_IFDIR:
		return copy_directory(from, to, name, &st, st.st_dev == dev ? depth : DEPTH_MAX, e);
	case S_IFLNK:
		return copy_link(from, to, name, &st, e);
	case S_IFSOCK:
		return 0; /* a socket without its server means nothing */
	default:
		return copy_node(to, name, &st, e);
	}
}

static int copy_inside(int from, int to, dev_t dev, unsigned depth, struct err *e)
{
	struct entries it = { .dir = from };
	const struct dirent64 *d;
	long error = 0;

	if (depth > DEPTH_MAX)
		return err_set(e, ELOOP, "more than %d directories deep, or another file system", DEPTH_MAX);
	while ((d = entries_next(&it, &error))) {
		int r = copy_entry(from, to, d->d_name, dev, depth, e);

		if (r < 0)
			return r;
	}
	return error < 0 ? err_sys(e, "getdents") : 0;
}

/* Of several who find it empty one fills it, and the others wait for that. Not for ever: whoever has the folder already can
 * have this lock too. It goes with the descriptor. */
static void wait_for_turn(int to)
{
	const struct timespec pause = { .tv_nsec = TURN_PAUSE_NS };

	for (int i = 0; i < TURN_PAUSES && flock(to, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK; i++)
		(void)nanosleep(&pause, NULL);
}

int copy_tree(int from, int to, struct err *e)
{
	struct stat st;
	int r;

	wait_for_turn(to);
	if (!is_empty(to))
		return 0;
	if (fstat(from, &st) < 0)
		return err_sys(e, "stat");
	r = copy_inside(from, to, st.st_dev, 0, e);
	if (r == 0)
		r = copy_owner(to, &st, e);
	if (r == 0)
		copy_xattrs(from, to);
	return r;
}
