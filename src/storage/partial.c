/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/partial.h"

#include "base/clock.h"
#include "base/io.h"
#include "base/scope.h"
#include "storage/content.h"

#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#define FOLDER "partial"
#define PARTIAL_PATH_SIZE (sizeof FOLDER "/" + DIGEST_HEX)
#define LOOK_AGAIN_NS 50000000

static void partial_path(const struct digest *d, char ret[PARTIAL_PATH_SIZE])
{
	(void)snprintf(ret, PARTIAL_PATH_SIZE, FOLDER "/%s", d->hex);
}

static int open_partial(int content, const char *path, struct err *e)
{
	scoped_fd folder = -1;
	int fd, r = io_mkdir_at(content, FOLDER, 0700, &folder, e);

	if (r < 0)
		return r;
	fd = openat(content, path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	return fd < 0 ? err_sys(e, "open content/%s", path) : fd;
}

/* The lock, sooner or later. */
static int lock_partial(int fd, const char *path, const atomic_bool *stop, struct err *e)
{
	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return err_sys(e, "lock content/%s", path);
		if (stop && atomic_load(stop))
			return err_set(e, ECANCELED, "content/%s: somebody else has it", path);
		(void)nanosleep(&(struct timespec){ .tv_nsec = LOOK_AGAIN_NS }, NULL);
	}
	return 0;
}

/* 1: the blob is there. */
static int find_whole(int content, const struct digest *d, struct partial *ret, struct err *e)
{
	struct err missing = { 0 };
	scoped_fd fd = -1;
	int64_t size;
	int r = blob_open(content, d, &fd, &size, &missing);

	if (r < 0)
		return r == -ENOENT ? 0 : err_set(e, -r, "%s", missing.msg);
	*ret = (struct partial){ fd_take(&fd), true };
	return 1;
}

/* Looked for again when the lock is had: who had it before us may have adopted the blob since the first look, and then the
 * file is a new one that we made. From now on nobody else adopts it. 0: renamed or removed while we waited. */
static int find_locked(int content, const struct digest *d, const char *path, const atomic_bool *stop,
		       struct partial *ret, struct err *e)
{
	scoped_fd fd = open_partial(content, path, e);
	int r = fd < 0 ? fd : lock_partial(fd, path, stop, e);

	if (r < 0 || !io_is_still_at(content, path, fd))
		return r;
	r = find_whole(content, d, ret, e);
	if (r == 1)
		(void)unlinkat(content, path, 0); /* else the sweep does */
	if (r != 0)
		return r;
	*ret = (struct partial){ fd_take(&fd), false };
	return 1;
}

int partial_obtain(int content, const struct digest *d, const atomic_bool *stop, struct partial *ret, struct err *e)
{
	char path[PARTIAL_PATH_SIZE];
	int r = 0;

	partial_path(d, path);
	while (r == 0) {
		r = find_whole(content, d, ret, e);
		if (r == 0)
			r = find_locked(content, d, path, stop, ret, e);
	}
	return r < 0 ? r : 0;
}

void partial_done(struct partial *p)
{
	if (p->fd >= 0)
		close(fd_take(&p->fd));
}

int partial_adopt(int content, const struct digest *d, struct partial *p, struct err *e)
{
	char path[PARTIAL_PATH_SIZE], blob[BLOB_PATH_SIZE];

	if (p->whole)
		return 0;
	partial_path(d, path);
	blob_path(d, blob);
	if (renameat(content, path, content, blob) < 0)
		return err_sys(e, "rename to content/%s", blob);
	(void)flock(p->fd, LOCK_UN); /* whoever waits finds the blob now */
	return 0;
}

int partial_drop(int content, const struct digest *d, struct partial *p, struct err *e)
{
	char path[PARTIAL_PATH_SIZE], blob[BLOB_PATH_SIZE];

	blob_path(d, blob);
	if (p->whole) /* another who found it damaged may have fetched it anew by now */
		return io_is_still_at(content, blob, p->fd) ? blob_remove(content, d, e) : 0;
	partial_path(d, path);
	if (unlinkat(content, path, 0) < 0 && errno != ENOENT)
		return err_sys(e, "remove content/%s", path);
	(void)flock(p->fd, LOCK_UN);
	return 0;
}

static bool is_old(int fd, int64_t max_age_s)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	       clock_real_ns() / 1000000000 - st.st_mtim.tv_sec >= max_age_s;
}

/* All is asked again with the lock: meanwhile somebody may have gone on with it, or adopted it and another have begun. */
static int sweep_one(int folder, const char *name, int64_t max_age_s, struct err *e)
{
	scoped_fd fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOENT ? 0 : err_sys(e, "open content/" FOLDER "/%s", name);
	if (!is_old(fd, max_age_s) || flock(fd, LOCK_EX | LOCK_NB) < 0 || !is_old(fd, max_age_s) ||
	    !io_is_still_at(folder, name, fd))
		return 0;
	return unlinkat(folder, name, 0) < 0 && errno != ENOENT ? err_sys(e, "remove content/" FOLDER "/%s", name) : 0;
}

int partials_sweep(int content, int64_t max_age_s, struct err *e)
{
	scoped_fd fd = openat(content, FOLDER, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	scoped_dir d = NULL;
	struct dirent *ent;
	int r = 0;

	if (fd < 0)
		return errno == ENOENT ? 0 : err_sys(e, "open content/" FOLDER);
	d = fdopendir(fd);
	if (!d)
		return err_sys(e, "open content/" FOLDER);
	while (r == 0 && (ent = readdir(d)))
		if (strlen(ent->d_name) == DIGEST_HEX)
			r = sweep_one(fd, ent->d_name, max_age_s, e);
	(void)fd_take(&fd); /* the folder's stream has it */
	return r;
}
