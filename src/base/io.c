/* SPDX-License-Identifier: Apache-2.0 */
#include "base/io.h"

#include "base/rename.h"
#include "base/scope.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define CHUNK ((size_t)4096)

/* By way of the stack: most files are small, and what the heap gives for one that might not be is mapped and unmapped each
 * time. One byte past the ceiling tells a file that just fits from one that does not. */
static int read_some(int fd, struct buf *b, size_t *ret_n, struct err *e)
{
	char chunk[CHUNK];
	size_t left = b->max > b->len ? b->max - b->len : 0;
	ssize_t n;

	do
		n = read(fd, chunk, left < CHUNK ? left + 1 : CHUNK);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_sys(e, "read");
	*ret_n = (size_t)n;
	return buf_put(b, chunk, (size_t)n) < 0 ? buf_status(b, e) : 0;
}

/* Of a file that was not over with the first piece: as much as it says that it has, in one call. */
static int read_rest(int fd, struct buf *b, size_t *ret_n, struct err *e)
{
	struct stat st;
	size_t left = b->max - b->len, rest;
	ssize_t n;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size <= (off_t)b->len)
		return read_some(fd, b, ret_n, e);
	rest = (size_t)st.st_size - b->len;
	if (rest > left || buf_room(b, rest) < 0)
		return read_some(fd, b, ret_n, e);
	do
		n = read(fd, b->p + b->len, rest);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_sys(e, "read");
	b->len += (size_t)n;
	b->p[b->len] = '\0';
	*ret_n = (size_t)n;
	return 0;
}

int io_read_fd(int fd, struct buf *b, struct err *e)
{
	size_t n = 0;
	int r = read_some(fd, b, &n, e);

	if (r == 0 && n == CHUNK)
		r = read_rest(fd, b, &n, e);
	while (r == 0 && n > 0)
		r = read_some(fd, b, &n, e);
	return r;
}

int io_read_at(int dir, const char *path, struct buf *b, struct err *e)
{
	scoped_fd fd = openat(dir, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	int r;

	if (fd < 0)
		return err_sys(e, "open %s", path);
	r = io_read_fd(fd, b, e);
	return r < 0 ? err_wrap(e, r, "%s", path) : 0;
}

int io_write_all(int fd, const void *data, size_t n, struct err *e)
{
	const char *p = data;

	while (n) {
		ssize_t w = write(fd, p, n);

		if (w < 0 && errno == EINTR)
			continue;
		if (w < 0)
			return err_sys(e, "write");
		p += w;
		n -= (size_t)w;
	}
	return 0;
}

int io_pwrite_all(int fd, const void *data, size_t n, off_t at, struct err *e)
{
	const char *p = data;

	while (n) {
		ssize_t w = pwrite(fd, p, n, at);

		if (w < 0 && errno == EINTR)
			continue;
		if (w < 0)
			return err_sys(e, "write");
		p += w;
		at += w;
		n -= (size_t)w;
	}
	return 0;
}

static int write_new(int dir, const char *name, const void *data, size_t n, mode_t mode, bool sync, struct err *e)
{
	scoped_fd fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode);
	int r;

	if (fd < 0)
		return err_sys(e, "open %s", name);
	r = io_write_all(fd, data, n, e);
	if (r < 0)
		return err_wrap(e, r, "%s", name);
	if (sync && fsync(fd) < 0)
		return err_sys(e, "fsync %s", name);
	return 0;
}

/* What has nothing to stand in for yet is renamed, as everything is where two files cannot be exchanged. */
static int put_in_place(int dir, const char *tmp, const char *path, enum io_disk disk, struct err *e)
{
	if (disk == IO_DISK_LATER && rename_swap_at(dir, tmp, path) == 0) {
		(void)unlinkat(dir, tmp, 0);
		return 0;
	}
	return renameat(dir, tmp, dir, path) < 0 ? err_sys(e, "rename %s to %s", tmp, path) : 0;
}

int io_replace_at(int dir, const char *path, const void *data, size_t n, mode_t mode, enum io_disk disk, struct err *e)
{
	char tmp[512];
	int r;

	if ((size_t)snprintf(tmp, sizeof tmp, "%s.new.%d", path, (int)getpid()) >= sizeof tmp)
		return err_set(e, ENAMETOOLONG, "%s: name too long", path);
	r = write_new(dir, tmp, data, n, mode, disk == IO_DISK_NOW, e);
	if (r == 0)
		r = put_in_place(dir, tmp, path, disk, e);
	if (r < 0)
		(void)unlinkat(dir, tmp, 0);
	return r;
}

bool io_is_still_at(int dir, const char *name, int fd)
{
	struct stat held, named;

	return fstat(fd, &held) == 0 && fstatat(dir, name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
	       held.st_ino == named.st_ino && held.st_dev == named.st_dev;
}

int io_mkdir_at(int dir, const char *name, mode_t mode, int *ret_fd, struct err *e)
{
	int fd;

	if (mkdirat(dir, name, mode) < 0 && errno != EEXIST)
		return err_sys(e, "mkdir %s", name);
	fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, "open %s", name);
	*ret_fd = fd;
	return 0;
}

int io_mkdirs(const char *path, mode_t mode, int *ret_fd, struct err *e)
{
	char part[4096];
	size_t n = strlen(path);
	int fd;

	if (n == 0 || n >= sizeof part)
		return err_set(e, n ? ENAMETOOLONG : EINVAL, "mkdir %s: not a usable path", path);
	for (size_t i = 1; i <= n; i++) {
		if (path[i] != '/' && path[i] != '\0')
			continue;
		memcpy(part, path, i);
		part[i] = '\0';
		if (mkdir(part, mode) < 0 && errno != EEXIST)
			return err_sys(e, "mkdir %s", part);
	}
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, "open %s", path);
	*ret_fd = fd;
	return 0;
}

/* One removal. A tree may be deeper than the descriptor table and the stack: directories from REMOVE_DEPTH on are moved
 * up into the top one, and taken from there in the next pass. */
#define REMOVE_DEPTH 32

struct removal {
	int top;
	dev_t dev;
	unsigned moved;
};

static int remove_inside(struct removal *rm, int dir, unsigned depth, struct err *e);

static int move_up(struct removal *rm, int dir, const char *name, struct err *e)
{
	char up[32];

	do {
		(void)snprintf(up, sizeof up, ".deep.%u", rm->moved++);
		if (rename_new_at(dir, name, rm->top, up) == 0)
			return 0;
	} while (errno == EEXIST);
	return err_sys(e, "move %s up", name);
}

static int remove_entry(struct removal *rm, int dir, const char *name, unsigned depth, struct err *e)
{
	scoped_fd fd = -1;
	struct stat st;
	int r;

	if (unlinkat(dir, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return err_sys(e, "remove %s", name);
	fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return 0; /* somebody else removes it, too */
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(e, "open %s", name);
	if (depth == 0)
		*rm = (struct removal){ .top = fd, .dev = st.st_dev };
	if (st.st_dev != rm->dev)
		return err_set(e, EXDEV, "remove %s: another file system is mounted there", name);
	if (depth == REMOVE_DEPTH)
		return move_up(rm, dir, name, e);
	r = remove_inside(rm, fd, depth + 1, e);
	if (r < 0)
		return err_wrap(e, r, "%s", name);
	if (unlinkat(dir, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
		return err_sys(e, "rmdir %s", name);
	return 0;
}

static int remove_pass(struct removal *rm, int dir, unsigned depth, struct err *e)
{
	int copy = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;
	scoped_dir d = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *ent;

	if (!d) {
		r = err_sys(e, "opendir");
		if (copy >= 0)
			close(copy);
		return r;
	}
	while (r == 0 && (ent = readdir(d)))
		if (strcmp(ent->d_name, ".") != 0 && strcmp(ent->d_name, "..") != 0)
			r = remove_entry(rm, dir, ent->d_name, depth, e);
	return r;
}

static int remove_inside(struct removal *rm, int dir, unsigned depth, struct err *e)
{
	unsigned before;
	int r;

	do {
		before = rm->moved;
		r = remove_pass(rm, dir, depth, e);
	} while (r == 0 && depth == 1 && rm->moved != before);
	return r;
}

int io_remove_tree_at(int dir, const char *name, struct err *e)
{
	struct removal rm = { -1, 0, 0 };

	return remove_entry(&rm, dir, name, 0, e);
}
