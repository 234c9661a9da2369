/* SPDX-License-Identifier: Apache-2.0 */
#include "image/staging.h"

#include "base/io.h"
#include "base/scope.h"
#include "image/inflate.h"
#include "image/sha256.h"
#include "storage/content.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define ATTEMPTS 1000
#define CHUNK (128u << 10)

int staging_begin(int content, struct staging *ret, struct err *e)
{
	struct staging s = { .content = content, .dir = -1 };

	for (int i = 0; i < ATTEMPTS; i++) {
		int r;

		(void)snprintf(s.name, sizeof s.name, CONTENT_NEW "%x.%d", (unsigned)getpid(), i);
		if (mkdirat(content, s.name, 0700) < 0) {
			if (errno == EEXIST)
				continue;
			return err_sys(e, "mkdir content/%s", s.name);
		}
		r = content_lock_new(content, s.name, &s.dir, e);
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
			return err_wrap(e, r, "content store");
	}
	if (n < 0)
		return (int)n;
	ret->size = size;
	return sha256_end(hash, &ret->digest, e);
}

int staging_create(struct staging *s, unsigned *ret_number, int *ret_fd, struct err *e)
{
	char name[16];
	int fd;

	(void)snprintf(name, sizeof name, "%u", s->count);
	fd = openat(s->dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_sys(e, "create content/%s/%s", s->name, name);
	*ret_number = s->count++;
	*ret_fd = fd;
	return 0;
}

int staging_write(struct staging *s, struct byte_source from, int64_t max_bytes, struct staged *ret, struct err *e)
{
	struct staged f = { .number = 0 };
	scoped_fd fd = -1;
	int r = staging_create(s, &f.number, &fd, e);

	if (r < 0)
		return r;
	r = copy_hashed(from, fd, max_bytes, &f, e);
	if (r < 0)
		return r;
	*ret = f;
	return 0;
}

static ssize_t read_text(void *arg, void *to, size_t n, struct err *e)
{
	struct sv *left = arg;

	if (n > left->n)
		n = left->n;
	if (n)
		memcpy(to, left->p, n);
	*left = (struct sv){ left->p + n, left->n - n };
	return (ssize_t)n;
}

int staging_text(struct staging *s, struct sv text, struct staged *ret, struct err *e)
{
	struct sv left = text;

	return staging_write(s, (struct byte_source){ read_text, &left }, INT64_MAX, ret, e);
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
