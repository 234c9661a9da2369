/* SPDX-License-Identifier: Apache-2.0 */
/* image_session.c - what several commands of tare-image do. */
#include "main/image_session.h"

#include "base/io.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/scope.h"
#include "image/repack.h"
#include "storage/content.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

static void layer_progress(void *arg, const struct image_layer *layer, int64_t done)
{
	struct session *s = arg;
	char what[64];

	(void)snprintf(what, sizeof what, "%.12s: Loading layer", layer->diff_id.hex);
	progress_step(&s->progress, what, done, layer->blob_bytes);
	if (done == layer->blob_bytes)
		progress_end(&s->progress);
}

void session_show_layers(struct session *s)
{
	s->store.progress = layer_progress;
	s->store.progress_arg = s;
}

void session_doing(struct session *s, const char *what, int64_t bytes, bool quiet)
{
	s->progress = progress_new(STDERR_FILENO, quiet);
	s->doing = what;
	s->doing_bytes = bytes;
	session_show_layers(s);
}

void session_told(void *arg, int64_t bytes)
{
	struct session *s = arg;

	progress_step(&s->progress, s->doing, bytes, s->doing_bytes);
}

static void packing(void *arg, const struct digest *lost, int64_t bytes)
{
	struct session *s = arg;
	char what[64];

	(void)snprintf(what, sizeof what, "%.12s: Packing layer", lost->hex);
	progress_step(&s->progress, what, bytes, 0);
}

static int repack(struct session *s, const struct repack *what, struct arena *a, struct digest *ret, struct err *e)
{
	struct staging staging = { .dir = -1 };
	int r = staging_begin(s->store.content, &staging, e);

	if (r == 0)
		r = image_repack(&staging, &s->store, what, a, ret, e);
	staging_end(&staging);
	progress_clear(&s->progress);
	s->repacked |= r != 0;
	return r;
}

/* Who removes an image deletes its rows before its trees: with the same rows the trees were whole. 1, or -ESTALE */
static int still_there(struct session *s, const struct image_row *row, const struct image_numbers *packed,
		       struct arena *a, struct err *e)
{
	struct image_numbers now;
	int r = images_layers(s->db, row->id, a, &now, e);

	if (r < 0)
		return r;
	if (now.n != packed->n || memcmp(now.v, packed->v, now.n * sizeof *now.v) != 0)
		return err_set(e, ESTALE, "image %.12s was removed while it was packed", row->id);
	return 1;
}

int session_repack(struct session *s, const struct image_row *row, struct digest *ret_manifest, struct err *e)
{
	struct repack what = { .config = row->config, .told = packing, .arg = s };
	scoped_buf manifest = BUF(LIMIT_MANIFEST);
	scoped_arena a = ARENA(LIMIT_ARENA_IMAGE);
	struct image_numbers layers;
	struct digest own, new;
	scoped_fd fd = -1;
	int64_t size;
	int r = images_layers(s->db, row->id, &a, &layers, e);

	(void)snprintf(own.hex, sizeof own.hex, "%s", row->manifest ? row->manifest : "");
	if (r == 0)
		r = blob_open(s->store.content, &own, &fd, &size, e);
	if (r == 0)
		r = io_read_fd(fd, &manifest, e);
	if (r < 0)
		return r;
	what.manifest = buf_sv(&manifest);
	what.numbers = layers.v;
	what.n = layers.n;
	r = repack(s, &what, &a, &new, e);
	if (r < 0)
		return err_wrap(e, r, "image %.12s", row->id);
	if (r == 1)
		r = still_there(s, row, &layers, &a, e);
	if (r < 0)
		return r;
	if (r == 1)
		log_warning(
			"image %.12s: its layers were not kept (keep-blobs) and are packed anew: its digest is sha256:%s, not sha256:%s",
			row->id, new.hex, own.hex);
	*ret_manifest = r == 1 ? new : own;
	return 0;
}

const char *session_odd_file(mode_t mode)
{
	if (S_ISCHR(mode) || S_ISBLK(mode))
		return "got a device";
	return S_ISREG(mode) || S_ISDIR(mode) ? NULL : "got an irregular file";
}

/* A rename would put a file in the place of /dev/null. */
static int check_output(const char *path, const char *folder, struct err *e)
{
	struct stat st;

	if (stat(folder, &st) < 0 && errno == ENOENT)
		return err_set(e, EINVAL, "invalid output path: directory \"%s\" does not exist", folder);
	if (stat(path, &st) < 0)
		return errno == ENOENT ? 0 : err_sys(e, "stat %s", path);
	if (session_odd_file(st.st_mode))
		return err_set(e, EINVAL, "invalid output path: \"%s\" must be a directory or a regular file: %s", path,
			       session_odd_file(st.st_mode));
	return 0;
}

static char *folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return !slash ? strdup(".") : strndup(path, slash == path ? 1 : (size_t)(slash - path));
}

/* A file without a name, in the folder: nothing of it is left of who is killed meanwhile. Not every file system
 * has such. */
static int open_unnamed(const char *folder)
{
	return open(folder, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
}

static int give_name(int fd, const char *path)
{
	char link[40];

	(void)snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	return linkat(AT_FDCWD, link, AT_FDCWD, path, AT_SYMLINK_FOLLOW);
}

/* What is there already stays until all of the new one is: that takes a name beside it. */
static int write_file(const char *path, int (*write)(void *arg, int fd, struct err *e), void *arg, struct err *e)
{
	scoped_free char *new = NULL, *folder = folder_of(path);
	scoped_fd fd = -1;
	bool named;
	int r;

	if (!folder || asprintf(&new, "%s.tmp-%d", path, (int)getpid()) < 0)
		return err_oom(e);
	r = check_output(path, folder, e);
	if (r < 0)
		return r;
	fd = open_unnamed(folder);
	named = fd < 0;
	if (named)
		fd = open(new, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_sys(e, "open %s", new);
	r = write(arg, fd, e);
	if (r == 0 && !named) {
		if (give_name(fd, path) == 0)
			return 0;
		named = give_name(fd, new) == 0;
		r = named ? 0 : err_sys(e, "link %s", new);
	}
	if (r == 0 && rename(new, path) < 0)
		r = err_sys(e, "rename to %s", path);
	if (r < 0 && named)
		(void)unlink(new);
	return r;
}

int session_output(const char *path, int (*write)(void *arg, int fd, struct err *e), void *arg, struct err *e)
{
	return path ? write_file(path, write, arg, e) : write(arg, STDOUT_FILENO, e);
}
