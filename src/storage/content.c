/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/content.h"

#include "base/io.h"
#include "base/scope.h"
#include "storage/partial.h"

#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#define BLOBS "blobs/sha256"
#define PARTIAL_AGE_S 86400

void blob_path(const struct digest *d, char ret[BLOB_PATH_SIZE])
{
	(void)snprintf(ret, BLOB_PATH_SIZE, BLOBS "/%s", d->hex);
}

int content_open(int data_root, int *ret_fd, struct err *e)
{
	scoped_fd content = -1, blobs = -1, sha256 = -1;
	int r = io_mkdir_at(data_root, "content", 0700, &content, e);

	if (r == 0)
		r = io_mkdir_at(content, "blobs", 0700, &blobs, e);
	if (r == 0)
		r = io_mkdir_at(blobs, "sha256", 0700, &sha256, e);
	if (r < 0)
		return err_wrap(e, r, "content");
	*ret_fd = fd_take(&content);
	return 0;
}

int content_hold(int content, struct err *e)
{
	while (flock(content, LOCK_SH) < 0)
		if (errno != EINTR)
			return err_sys(e, "lock content");
	return 0;
}

void content_release(int content)
{
	(void)flock(content, LOCK_UN);
}

/* 1: locked and there; 0: a living process has it, or it is gone. Its maker may use the name again: between the open and
 * the lock it may have become another's. */
int content_lock_new(int content, const char *name, int *ret_fd, struct err *e)
{
	scoped_fd dir = openat(content, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (dir < 0)
		return errno == ENOENT ? 0 : err_sys(e, "open content/%s", name);
	if (flock(dir, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? 0 : err_sys(e, "lock content/%s", name);
	if (!io_is_still_at(content, name, dir))
		return 0;
	*ret_fd = fd_take(&dir);
	return 1;
}

int blob_open(int content, const struct digest *d, int *ret_fd, int64_t *ret_size, struct err *e)
{
	char path[BLOB_PATH_SIZE];
	struct stat st;
	scoped_fd fd = -1;

	blob_path(d, path);
	fd = openat(content, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(e, "blob sha256:%s", d->hex);
	*ret_fd = fd_take(&fd);
	*ret_size = st.st_size;
	return 0;
}

int blob_remove(int content, const struct digest *d, struct err *e)
{
	char path[BLOB_PATH_SIZE];

	blob_path(d, path);
	return unlinkat(content, path, 0) < 0 && errno != ENOENT ? err_sys(e, "remove content/%s", path) : 0;
}

/* ---- what crashes left -------------------------------------------------------------------------------------- */

static int sweep_folder(int content, const char *name, struct err *e)
{
	scoped_fd lock = -1;
	int r = content_lock_new(content, name, &lock, e);

	return r == 1 ? io_remove_tree_at(content, name, e) : r;
}

/* each - fn for every name in content/path; the directory may change meanwhile. */
static int each(int content, const char *path, int (*fn)(int content, const char *name, void *arg, struct err *e),
		void *arg, struct err *e)
{
	int fd = openat(content, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;
	scoped_dir d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *ent;

	if (!d) {
		r = err_sys(e, "open content/%s", path);
		if (fd >= 0)
			close(fd);
		return r;
	}
	while (r == 0 && (ent = readdir(d)))
		r = fn(content, ent->d_name, arg, e);
	return r;
}

static int sweep_new(int content, const char *name, void *arg, struct err *e)
{
	return strncmp(name, CONTENT_NEW, strlen(CONTENT_NEW)) == 0 ? sweep_folder(content, name, e) : 0;
}

struct known {
	content_known_fn *fn;
	void *arg;
};

static int sweep_blob(int content, const char *name, void *arg, struct err *e)
{
	const struct known *known = arg;
	struct digest d;
	int r;

	if (strlen(name) != DIGEST_HEX)
		return 0; /* not ours */
	(void)snprintf(d.hex, sizeof d.hex, "%s", name);
	r = known->fn(known->arg, &d, e);
	return r == 0 ? blob_remove(content, &d, e) : r < 0 ? r : 0;
}

/* A load in progress has blobs that no row tells of yet: it holds the lock, and the next sweep is soon enough. */
int content_sweep(int content, content_known_fn *is_known, void *arg, struct err *e)
{
	scoped_fd lock = openat(content, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct known known = { is_known, arg };
	int r = lock < 0 ? err_sys(e, "open content") : each(content, ".", sweep_new, NULL, e);

	if (r == 0)
		r = partials_sweep(content, PARTIAL_AGE_S, e);
	if (r < 0 || !is_known)
		return r;
	if (flock(lock, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? 0 : err_sys(e, "lock content");
	return each(content, BLOBS, sweep_blob, &known, e);
}
