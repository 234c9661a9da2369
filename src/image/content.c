/* SPDX-License-Identifier: Apache-2.0 */
#include "image/content.h"

#include "base/io.h"
#include "base/scope.h"
#include "image/inflate.h"
#include "image/sha256.h"

#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#define PREFIX "new."
#define ATTEMPTS 1000
#define CHUNK (128u << 10)
#define BLOBS "blobs/sha256"
#define BLOB_PATH_SIZE (sizeof BLOBS + 1 + DIGEST_HEX)

static void blob_path(const struct digest *d, char ret[BLOB_PATH_SIZE])
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

/* 1: locked and there; 0: a living process has it, or it is gone. */
static int lock_folder(int content, const char *name, int *ret_fd, struct err *e)
{
	scoped_fd dir = openat(content, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (dir < 0)
		return errno == ENOENT ? 0 : err_sys(e, "open content/%s", name);
	if (flock(dir, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? 0 : err_sys(e, "lock content/%s", name);
	if (faccessat(content, name, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	*ret_fd = fd_take(&dir);
	return 1;
}

int staging_begin(int content, struct staging *ret, struct err *e)
{
	struct staging s = { .content = content, .dir = -1 };

	for (int i = 0; i < ATTEMPTS; i++) {
		int r;

		(void)snprintf(s.name, sizeof s.name, PREFIX "%x.%d", (unsigned)getpid(), i);
		if (mkdirat(content, s.name, 0700) < 0) {
			if (errno == EEXIST)
				continue;
			return err_sys(e, "mkdir content/%s", s.name);
		}
		r = lock_folder(content, s.name, &s.dir, e);
		if (r < 0)
			return r;
		if (r == 1) {
			*ret = s;
			return 0;
		}
	}
	return err_set(e, EEXIST, "content: no free name for new blobs; are leftovers there that cannot be removed?");
}

void staging_end(struct staging *s)
{
	if (s->dir < 0)
		return;
	(void)io_remove_tree_at(s->content, s->name, NULL);
	close(fd_take(&s->dir));
}

static int copy_hashed(struct byte_source from, int to, int64_t max_bytes, struct staged *ret, struct err *e)
{
	scoped_free char *chunk = malloc(CHUNK);
	scoped_sha256 hash = NULL;
	int64_t size = 0;
	int r = chunk ? sha256_new(&hash, e) : err_oom(e);
	ssize_t n;

	if (r < 0)
		return r;
	while ((n = from.read(from.arg, chunk, CHUNK, e)) > 0) {
		if (n > max_bytes - size)
			return err_set(e, EFBIG, "more than %lld bytes", (long long)max_bytes);
		size += n;
		sha256_add(hash, chunk, (size_t)n);
		r = io_write_all(to, chunk, (size_t)n, e);
		if (r < 0)
			return r;
	}
	if (n < 0)
		return (int)n;
	ret->size = size;
	return sha256_end(hash, &ret->digest, e);
}

int staging_write(struct staging *s, struct byte_source from, int64_t max_bytes, struct staged *ret, struct err *e)
{
	struct staged f = { .number = s->count };
	char name[16];
	scoped_fd fd = -1;
	int r;

	(void)snprintf(name, sizeof name, "%u", f.number);
	fd = openat(s->dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_sys(e, "create content/%s/%s", s->name, name);
	s->count++;
	r = copy_hashed(from, fd, max_bytes, &f, e);
	if (r < 0)
		return err_wrap(e, r, "content/%s/%s", s->name, name);
	*ret = f;
	return 0;
}

int staging_open(const struct staging *s, const struct staged *f, int *ret_fd, struct err *e)
{
	char name[16];
	int fd;

	(void)snprintf(name, sizeof name, "%u", f->number);
	fd = openat(s->dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT) /* adopted already */
		return blob_open(s->content, &f->digest, ret_fd, &(int64_t){ 0 }, e);
	if (fd < 0)
		return err_sys(e, "open content/%s/%s", s->name, name);
	*ret_fd = fd;
	return 0;
}

int staging_adopt(const struct staging *s, const struct staged *f, struct err *e)
{
	char name[16], path[BLOB_PATH_SIZE];

	(void)snprintf(name, sizeof name, "%u", f->number);
	blob_path(&f->digest, path);
	if (renameat(s->dir, name, s->content, path) == 0)
		return 0;
	if (errno == ENOENT && faccessat(s->content, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return 0;
	return err_sys(e, "rename to content/%s", path);
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

int blob_read(int content, const struct digest *d, struct buf *b, struct err *e)
{
	size_t before = b->len;
	struct digest real;
	scoped_fd fd = -1;
	int64_t size;
	int r = blob_open(content, d, &fd, &size, e);

	if (r < 0)
		return r;
	r = io_read_fd(fd, b, e);
	if (r == 0)
		r = sha256_of(b->p + before, b->len - before, &real, e);
	if (r == 0 && strcmp(real.hex, d->hex) != 0)
		r = err_set(e, EBADMSG, "its bytes have the digest sha256:%s", real.hex);
	return r < 0 ? err_wrap(e, r, "blob sha256:%s", d->hex) : 0;
}

int blob_remove(int content, const struct digest *d, struct err *e)
{
	char path[BLOB_PATH_SIZE];

	blob_path(d, path);
	return unlinkat(content, path, 0) < 0 && errno != ENOENT ? err_sys(e, "remove content/%s", path) : 0;
}

static int sweep_one(int content, const char *name, struct err *e)
{
	scoped_fd lock = -1;
	int r = lock_folder(content, name, &lock, e);

	return r == 1 ? io_remove_tree_at(content, name, e) : r;
}

int content_sweep(int content, struct err *e)
{
	int fd = openat(content, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;
	scoped_dir d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *ent;

	if (!d) {
		r = err_sys(e, "open content");
		if (fd >= 0)
			close(fd);
		return r;
	}
	while (r == 0 && (ent = readdir(d)))
		if (strncmp(ent->d_name, PREFIX, strlen(PREFIX)) == 0)
			r = sweep_one(content, ent->d_name, e);
	return r;
}
