/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/old_kernel.h"

#include "base/scope.h"
#include "base/sv.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/close_range.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>

/* ---- openat2(2) -------------------------------------------------------------------------------------------------- */

#define LINKS_MAX 40 /* as the kernel has it */

struct walk {
	int root, at;          /* at: O_PATH, owned */
	unsigned resolve, links;
	dev_t device;          /* of the root: RESOLVE_NO_XDEV */
	char done[PATH_MAX];   /* how `at` was reached from the root: "a/b" */
	size_t done_len;
	char rest[PATH_MAX];   /* what is still to be walked */
};

static int fail(int code)
{
	errno = code;
	return -1;
}

static int step_to(struct walk *w, int fd)
{
	struct stat st;

	if (fd < 0)
		return -1;
	close(w->at);
	w->at = fd;
	if (w->resolve & RESOLVE_NO_XDEV && (fstat(fd, &st) < 0 || st.st_dev != w->device))
		return fail(EXDEV);
	return 0;
}

static int go_to_root(struct walk *w)
{
	w->done_len = 0;
	return step_to(w, openat(w->root, ".", O_PATH | O_DIRECTORY | O_CLOEXEC));
}

/* All of `done` but its last component were directories, and no links. */
static int go_up(struct walk *w)
{
	size_t n = w->done_len;
	struct sv rest, name;

	if (n == 0)
		return w->resolve & RESOLVE_BENEATH ? fail(EXDEV) : 0; /* the root is its own parent */
	while (n > 0 && w->done[n - 1] != '/')
		n--;
	rest = (struct sv){ w->done, n ? n - 1 : 0 };
	if (go_to_root(w) < 0)
		return -1;
	w->done_len = rest.n;
	while (rest.n && sv_next(&rest, '/', &name)) {
		char one[NAME_MAX + 1];

		if (sv_copy(name, one, sizeof one) < 0)
			return fail(ENAMETOOLONG);
		if (step_to(w, openat(w->at, one, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)) < 0)
			return -1;
	}
	return 0;
}

static int note_done(struct walk *w, const char *name)
{
	size_t n = strlen(name);

	if (w->done_len + n + 2 > sizeof w->done)
		return fail(ENAMETOOLONG);
	if (w->done_len)
		w->done[w->done_len++] = '/';
	memcpy(w->done + w->done_len, name, n);
	w->done_len += n;
	return 0;
}

/* The link's text comes before what was still to be walked. */
static int follow(struct walk *w, int link)
{
	char text[PATH_MAX];
	ssize_t n = readlinkat(link, "", text, sizeof text - 1);
	size_t rest = strlen(w->rest);

	if (n < 0)
		return -1;
	if (w->resolve & RESOLVE_NO_SYMLINKS || ++w->links > LINKS_MAX)
		return fail(ELOOP);
	if (n == 0)
		return fail(ENOENT);
	if (w->resolve & RESOLVE_BENEATH && text[0] == '/')
		return fail(EXDEV);
	if ((size_t)n + rest + 2 > sizeof w->rest)
		return fail(ENAMETOOLONG);
	memmove(w->rest + n + (rest > 0), w->rest, rest + 1);
	memcpy(w->rest, text, (size_t)n);
	if (rest)
		w->rest[n] = '/';
	return text[0] == '/' ? go_to_root(w) : 0;
}

/* The next component of `rest` into name; false: there is none. ret_last: nothing but slashes comes after it. */
static bool take_name(struct walk *w, char name[static NAME_MAX + 1], bool *ret_last, bool *ret_slash)
{
	size_t skip = strspn(w->rest, "/"), n = strcspn(w->rest + skip, "/"), after;

	if (n == 0 || n > NAME_MAX)
		return false;
	memcpy(name, w->rest + skip, n);
	name[n] = '\0';
	after = skip + n + strspn(w->rest + skip + n, "/");
	*ret_slash = after > skip + n;
	*ret_last = w->rest[after] == '\0';
	memmove(w->rest, w->rest + after, strlen(w->rest + after) + 1);
	return true;
}

static int one_step(struct walk *w, const char *name, bool follows)
{
	struct stat st;
	int fd;

	if (strcmp(name, ".") == 0)
		return 0;
	if (strcmp(name, "..") == 0)
		return go_up(w);
	fd = openat(w->at, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -1;
	if (fstat(fd, &st) == 0 && S_ISLNK(st.st_mode) && follows) {
		int r = follow(w, fd), code = errno;

		close(fd);
		return r < 0 ? fail(code) : r;
	}
	return step_to(w, fd) < 0 ? -1 : note_done(w, name);
}

/* `at` is what was asked for, as O_PATH. For a file descriptor that can be read, its name is opened once more: no link. */
static int open_last(struct walk *w, int flags)
{
	const char *slash = memrchr(w->done, '/', w->done_len);
	struct stat st;
	char name[NAME_MAX + 1];
	size_t n;

	if (fstat(w->at, &st) < 0)
		return -1;
	if (flags & O_DIRECTORY && !S_ISDIR(st.st_mode))
		return fail(ENOTDIR);
	if (flags & O_PATH)
		return fd_take(&w->at);
	if (S_ISDIR(st.st_mode))
		return openat(w->at, ".", flags);
	n = w->done_len - (slash ? (size_t)(slash - w->done) + 1 : 0);
	memcpy(name, w->done + w->done_len - n, n);
	name[n] = '\0';
	return go_up(w) < 0 ? -1 : openat(w->at, name, flags | O_NOFOLLOW);
}

static int walk_all(struct walk *w, int flags)
{
	char name[NAME_MAX + 1];
	bool last = false, slash = false;

	while (take_name(w, name, &last, &slash)) {
		if (one_step(w, name, !last || slash || !(flags & O_NOFOLLOW)) < 0)
			return -1;
		flags |= last && slash ? O_DIRECTORY : 0;
	}
	return w->rest[strspn(w->rest, "/")] ? fail(ENAMETOOLONG) : open_last(w, flags);
}

int old_openat2(int dir, const char *path, int flags, unsigned resolve)
{
	struct walk w = { .root = dir, .at = -1, .resolve = resolve };
	struct stat st;
	int fd, code;

	if (!(resolve & (RESOLVE_IN_ROOT | RESOLVE_BENEATH)))
		return fail(EINVAL);
	if (!*path)
		return fail(ENOENT);
	if (resolve & RESOLVE_BENEATH && *path == '/')
		return fail(EXDEV);
	if (sv_copy(sv_from(path), w.rest, sizeof w.rest) < 0)
		return fail(ENAMETOOLONG);
	w.at = openat(dir, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (w.at < 0)
		return -1;
	if (fstat(w.at, &st) == 0)
		w.device = st.st_dev;
	fd = walk_all(&w, flags);
	code = errno;
	if (w.at >= 0)
		close(w.at);
	errno = code;
	return fd;
}

/* ---- mount_setattr(2) -------------------------------------------------------------------------------------------- */

static const struct {
	uint64_t attr;
	unsigned long shown, mount; /* ST_x of statvfs(3), MS_x of mount(2) */
} flags_of[] = {
	{ MOUNT_ATTR_RDONLY, ST_RDONLY, MS_RDONLY },   { MOUNT_ATTR_NOSUID, ST_NOSUID, MS_NOSUID },
	{ MOUNT_ATTR_NODEV, ST_NODEV, MS_NODEV },      { MOUNT_ATTR_NOEXEC, ST_NOEXEC, MS_NOEXEC },
	{ MOUNT_ATTR_NODIRATIME, ST_NODIRATIME, MS_NODIRATIME },
};

static unsigned long atime_now(unsigned long shown)
{
	return shown & ST_NOATIME ? MS_NOATIME : shown & ST_RELATIME ? MS_RELATIME : MS_STRICTATIME;
}

static unsigned long atime_wanted(uint64_t set)
{
	return (set & MOUNT_ATTR__ATIME) == MOUNT_ATTR_NOATIME	   ? MS_NOATIME :
	       (set & MOUNT_ATTR__ATIME) == MOUNT_ATTR_STRICTATIME ? MS_STRICTATIME :
								     MS_RELATIME;
}

static int change_attributes(int fd, const char *path, const struct mount_attr *attr)
{
	unsigned long flags = MS_REMOUNT | MS_BIND;
	struct statvfs fs;

	if (fstatvfs(fd, &fs) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_LEN(flags_of); i++)
		if (attr->attr_set & flags_of[i].attr ||
		    (fs.f_flag & flags_of[i].shown && !(attr->attr_clr & flags_of[i].attr)))
			flags |= flags_of[i].mount;
	flags |= attr->attr_clr & MOUNT_ATTR__ATIME ? atime_wanted(attr->attr_set) : atime_now(fs.f_flag);
	return mount(NULL, path, NULL, flags, NULL);
}

/* Is there a mount below this one? "36 35 98:0 / /at …" of mountinfo: whose parent has our number. */
static int has_below(int fd)
{
	char text[8192], path[48], parent[16];
	scoped_fd info = -1, list = -1;
	const char *id;
	size_t have = 0;
	ssize_t n;

	(void)snprintf(path, sizeof path, "/proc/self/fdinfo/%d", fd);
	info = open(path, O_RDONLY | O_CLOEXEC);
	n = info < 0 ? -1 : read(info, text, sizeof text - 1);
	if (n < 0)
		return -1;
	text[n] = '\0';
	id = strstr(text, "mnt_id:\t");
	if (!id)
		return fail(EINVAL);
	(void)snprintf(parent, sizeof parent, " %.*s ", (int)strspn(id + 8, "0123456789"), id + 8);
	list = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
	while (list >= 0 && (n = read(list, text + have, sizeof text - 1 - have)) > 0) {
		char *line = text, *end;

		have += (size_t)n;
		text[have] = '\0';
		for (; (end = strchr(line, '\n')); line = end + 1)
			if (strncmp(line + strspn(line, "0123456789"), parent, strlen(parent)) == 0)
				return 1;
		have -= (size_t)(line - text);
		memmove(text, line, have);
		if (have == sizeof text - 1)
			return fail(EOVERFLOW);
	}
	return list < 0 || n < 0 ? -1 : 0;
}

int old_mount_setattr(int dir, const char *path, unsigned flags, const struct mount_attr *attr)
{
	char name[48];
	int below;

	if (attr->attr_set & ~(uint64_t)(MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC |
					 MOUNT_ATTR_NODIRATIME | MOUNT_ATTR__ATIME))
		return fail(EOPNOTSUPP);
	if (*path)
		(void)snprintf(name, sizeof name, "%s", path);
	else
		(void)snprintf(name, sizeof name, "/proc/self/fd/%d", dir);
	if (attr->propagation &&
	    mount(NULL, name, NULL, attr->propagation | (flags & AT_RECURSIVE ? MS_REC : 0), NULL) < 0)
		return -1;
	if (!attr->attr_set && !attr->attr_clr)
		return 0;
	below = flags & AT_RECURSIVE ? has_below(dir) : 0;
	if (below)
		return below < 0 ? -1 : fail(EOPNOTSUPP);
	return change_attributes(dir, name, attr);
}

/* ---- close_range(2) ---------------------------------------------------------------------------------------------- */

static int close_one(int fd, unsigned flags)
{
	if (!(flags & CLOSE_RANGE_CLOEXEC)) {
		close(fd);
		return 0;
	}
	return fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 && errno != EBADF ? -1 : 0;
}

static int close_to_limit(unsigned first, unsigned last, unsigned flags)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return -1;
	if (limit.rlim_max < last)
		last = (unsigned)limit.rlim_max;
	for (unsigned fd = first; fd <= last; fd++)
		if (close_one((int)fd, flags) < 0)
			return -1;
	return 0;
}

struct entry64 {
	uint64_t ino, off;
	unsigned short len;
	unsigned char type;
	char name[];
};

/* To the end once and again: what is closed moves the rest of the list. */
static int close_listed(int list, unsigned first, unsigned last, unsigned flags)
{
	_Alignas(struct entry64) char data[4096];
	bool some = true;

	while (some) {
		long n;

		some = false;
		if (lseek(list, 0, SEEK_SET) < 0)
			return -1;
		while ((n = syscall(SYS_getdents64, list, data, sizeof data)) > 0)
			for (long at = 0; at < n;) {
				const struct entry64 *ent = (const void *)(data + at);
				uint64_t fd;

				at += ent->len;
				if (sv_u64(sv_from(ent->name), &fd) < 0 || fd < first || fd > last ||
				    fd == (unsigned)list)
					continue;
				some = !(flags & CLOSE_RANGE_CLOEXEC);
				if (close_one((int)fd, flags) < 0)
					return -1;
			}
		if (n < 0)
			return -1;
	}
	return 0;
}

/* All of them counts: where they cannot be listed, all that could be are tried. */
int old_close_range(int proc, unsigned first, unsigned last, unsigned flags)
{
	int list, r;

	if (first > last)
		return fail(EINVAL);
	list = openat(proc, "self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (list < 0)
		return close_to_limit(first, last, flags);
	r = close_listed(list, first, last, flags);
	close(list);
	return r;
}
