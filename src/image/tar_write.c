/* SPDX-License-Identifier: Apache-2.0 */
#include "image/tar_write.h"

#include "base/scope.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHUNK (1u << 20)

struct tar_writer {
	struct archive *archive;
	tar_bytes_fn *fn;
	void *arg;
	struct err write_err; /* what writing said behind libarchive's back */
	char *chunk;
	locale_t utf8, before; /* names are bytes: in UTF-8 they stay as they are */
};

static la_ssize_t on_write(struct archive *a, void *arg, const void *data, size_t n)
{
	struct tar_writer *w = arg;
	int r = w->fn(w->arg, data, n, &w->write_err);

	if (r < 0)
		archive_set_error(a, -r, "%s", w->write_err.msg);
	return r < 0 ? -1 : (la_ssize_t)n;
}

static int archive_err(const struct tar_writer *w, struct err *e)
{
	const char *text = archive_error_string(w->archive);

	if (w->write_err.code)
		return err_set(e, w->write_err.code, "%s", w->write_err.msg);
	return err_set(e, EIO, "archive: %s", text ? text : "failed");
}

int tar_writer_open(tar_bytes_fn *fn, void *arg, struct tar_writer **ret, struct err *e)
{
	struct tar_writer *w = calloc(1, sizeof *w);
	int r = 0;

	if (!w)
		return err_oom(e);
	w->fn = fn;
	w->arg = arg;
	w->chunk = malloc(CHUNK);
	w->archive = archive_write_new();
	w->utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", NULL);
	if (w->utf8)
		w->before = uselocale(w->utf8);
	if (!w->chunk || !w->archive || !w->utf8)
		r = w->utf8 ? err_oom(e) : err_set(e, ENOENT, "the locale C.UTF-8 is missing");
	else if (archive_write_set_format_pax_restricted(w->archive) != ARCHIVE_OK ||
		 archive_write_set_bytes_per_block(w->archive, 0) != ARCHIVE_OK ||
		 archive_write_set_bytes_in_last_block(w->archive, 1) != ARCHIVE_OK ||
		 archive_write_open(w->archive, w, NULL, on_write, NULL) != ARCHIVE_OK)
		r = archive_err(w, e);
	if (r < 0)
		tar_writer_free(w);
	else
		*ret = w;
	return r;
}

void tar_writer_free(struct tar_writer *w)
{
	if (!w)
		return;
	if (w->archive) {
		(void)archive_write_fail(w->archive); /* nothing more is written: what was finished is whole */
		(void)archive_write_free(w->archive);
	}
	if (w->utf8) {
		(void)uselocale(w->before);
		freelocale(w->utf8);
	}
	free(w->chunk);
	free(w);
}

int tar_writer_finish(struct tar_writer *w, struct err *e)
{
	return archive_write_close(w->archive) == ARCHIVE_OK ? 0 : archive_err(w, e);
}

/* ---- entries ------------------------------------------------------------------------------------------------- */

/* What is between two pieces of data is a hole, which takes no room in the archive. */
static void describe_holes(const struct tree_entry *entry, struct archive_entry *ret)
{
	off_t at = 0;

	if (entry->stored >= entry->size)
		return;
	while (at < entry->size) {
		off_t begin = lseek(entry->fd, at, SEEK_DATA),
		      end = begin < 0 ? -1 : lseek(entry->fd, begin, SEEK_HOLE);

		if (end < 0 || begin >= entry->size)
			break;
		archive_entry_sparse_add_entry(ret, begin, (end < entry->size ? end : entry->size) - begin);
		at = end;
	}
	if (at == 0 && entry->size > 0)
		archive_entry_sparse_add_entry(ret, entry->size, 0);
	(void)lseek(entry->fd, 0, SEEK_SET);
}

static void set_meta(struct archive_entry *to, const struct tree_meta *m)
{
	archive_entry_set_perm(to, m->mode);
	archive_entry_set_uid(to, m->uid);
	archive_entry_set_gid(to, m->gid);
	archive_entry_set_mtime(to, m->mtime.tv_sec, m->mtime.tv_nsec);
	for (size_t i = 0; i < m->n_xattrs; i++)
		archive_entry_xattr_add_entry(to, m->xattrs[i].name, m->xattrs[i].value, m->xattrs[i].size);
}

static int put_header(struct tar_writer *w, struct archive_entry *entry, struct err *e)
{
	int r = archive_write_header(w->archive, entry);

	return r < ARCHIVE_WARN ? archive_err(w, e) : 0;
}

/* A directory's name ends with a slash by itself; the top's is ".". */
static void describe(const struct tree_entry *entry, struct archive_entry *to)
{
	archive_entry_set_pathname(to, entry->name[0] ? entry->name : ".");
	archive_entry_set_filetype(to, entry->type);
	set_meta(to, &entry->meta);
	if (entry->hardlink)
		archive_entry_set_hardlink(to, entry->target);
	else if (S_ISLNK(entry->type))
		archive_entry_set_symlink(to, entry->target);
	else if (S_ISCHR(entry->type) || S_ISBLK(entry->type))
		archive_entry_set_rdev(to, entry->rdev);
	archive_entry_set_size(to, entry->hardlink ? 0 : entry->size);
	if (entry->fd >= 0)
		describe_holes(entry, to);
}

static int put_data(struct tar_writer *w, const void *data, size_t n, struct err *e)
{
	return archive_write_data(w->archive, data, n) != (la_ssize_t)n ? archive_err(w, e) : 0;
}

static int put_bytes(struct tar_writer *w, const struct tree_entry *entry, struct err *e)
{
	for (off_t left = entry->size; left > 0;) {
		ssize_t n = read(entry->fd, w->chunk, left < (off_t)CHUNK ? (size_t)left : CHUNK);
		int r;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, "read %s", entry->name);
		if (n == 0)
			return 0;
		r = put_data(w, w->chunk, (size_t)n, e);
		if (r < 0)
			return r;
		left -= n;
	}
	return 0;
}

int tar_write(void *arg, const struct tree_entry *entry, struct err *e)
{
	struct tar_writer *w = arg;
	struct archive_entry *to = archive_entry_new();
	int r;

	if (!to)
		return err_oom(e);
	describe(entry, to);
	r = put_header(w, to, e);
	archive_entry_free(to);
	return r == 0 && entry->fd >= 0 ? put_bytes(w, entry, e) : r;
}

int tar_write_name(struct tar_writer *w, const char *name, const struct tree_meta *m, struct err *e)
{
	const struct tree_entry entry = { .name = name, .type = S_IFREG, .meta = *m, .fd = -1 };

	return tar_write(w, &entry, e);
}
