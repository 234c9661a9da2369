/* SPDX-License-Identifier: Apache-2.0 */
#include "image/tar.h"

#include "base/io.h"
#include "base/limits.h"
#include "base/scope.h"
#include "image/file_queue.h"

#include <archive.h>
#include <archive_entry.h>
#include <locale.h>
#include <string.h>

#define ID_MAX 4294967294 /* (uid_t)-1 means "leave it" to chown(2) */

struct unpack {
	struct archive *archive;
	struct inflate *from;
	struct err from_err; /* what reading said behind libarchive's back */
	struct tree *tree;
	struct file_queue *queue; /* of small files; NULL: there is none */
};

static la_ssize_t read_block(struct archive *a, void *arg, const void **ret_block)
{
	struct unpack *u = arg;
	ssize_t n = inflate_next(u->from, ret_block, &u->from_err);

	if (n < 0)
		archive_set_error(a, -(int)n, "%s", u->from_err.msg);
	return n < 0 ? ARCHIVE_FATAL : n;
}

static int archive_err(struct unpack *u, struct err *e)
{
	const char *text = archive_error_string(u->archive);

	if (u->from_err.code)
		return err_set(e, u->from_err.code, "%s", u->from_err.msg);
	return err_set(e, EBADMSG, "tar: %s", text ? text : "not valid");
}

static int id_check(la_int64_t id, const char *what, struct err *e)
{
	return id < 0 || id > ID_MAX ? err_set(e, EINVAL, "%s %lld is out of range", what, (long long)id) : 0;
}

/* The attributes' memory is the entry's. */
static int meta_of(struct archive_entry *entry, struct tree_xattr xattrs[LIMIT_ENTRY_XATTRS], struct tree_meta *ret,
		   struct err *e)
{
	size_t n = 0;
	int r = id_check(archive_entry_uid(entry), "uid", e);

	if (r == 0)
		r = id_check(archive_entry_gid(entry), "gid", e);
	if (r < 0)
		return r;
	if (archive_entry_xattr_reset(entry) > LIMIT_ENTRY_XATTRS)
		return err_set(e, E2BIG, "more than %d extended attributes", LIMIT_ENTRY_XATTRS);
	while (n < LIMIT_ENTRY_XATTRS &&
	       archive_entry_xattr_next(entry, &xattrs[n].name, &xattrs[n].value, &xattrs[n].size) == ARCHIVE_OK)
		n++;
	*ret = (struct tree_meta){
		.mode = archive_entry_perm(entry),
		.uid = (uid_t)archive_entry_uid(entry),
		.gid = (gid_t)archive_entry_gid(entry),
		.mtime = { archive_entry_mtime(entry), archive_entry_mtime_nsec(entry) },
		.xattrs = xattrs,
		.n_xattrs = n,
	};
	return 0;
}

struct block {
	const void *p; /* libarchive's, until the next one */
	size_t n;
	la_int64_t at;
};

/* Blocks come with their place: what lies between them is a hole. 1: one more; 0: the end. */
static int next_block(struct unpack *u, struct block *ret, struct err *e)
{
	int r = archive_read_data_block(u->archive, &ret->p, &ret->n, &ret->at);

	if (r == ARCHIVE_EOF)
		return 0;
	return r < ARCHIVE_WARN ? archive_err(u, e) : 1;
}

/* From a first block on. */
static int file_data(struct unpack *u, int fd, struct block *b, off_t *ret_end, struct err *e)
{
	int r;

	do {
		r = io_pwrite_all(fd, b->p, b->n, b->at, e);
		if (r < 0)
			return r;
		if (b->n && b->at + (off_t)b->n > *ret_end)
			*ret_end = b->at + (off_t)b->n;
		r = next_block(u, b, e);
	} while (r == 1);
	return r;
}

static bool can_wait(const struct unpack *u, const struct block *b, off_t size, const struct tree_meta *m)
{
	return u->queue && m->n_xattrs == 0 && b->at == 0 && (off_t)b->n == size && size <= (off_t)FILE_QUEUE_BYTES;
}

static int file_contents(struct unpack *u, const char *name, int *fd, off_t size, const struct tree_meta *m,
			 struct err *e)
{
	struct block b = { .p = NULL };
	struct tree_rest rest;
	off_t end = 0;
	int r = next_block(u, &b, e);

	if (r >= 0 && can_wait(u, &b, size, m)) {
		r = tree_file_rest(u->tree, *fd, size, size, m, &rest, e);
		if (r == 0)
			file_queue_add(u->queue, name, &rest, b.p);
		if (r == 0)
			(void)fd_take(fd);
		return r;
	}
	if (r == 1)
		r = file_data(u, *fd, &b, &end, e);
	return r < 0 ? r : tree_file_end(u->tree, fd_take(fd), end, size, m, e);
}

static int file_entry(struct unpack *u, struct archive_entry *entry, const char *name, const struct tree_meta *m,
		      struct err *e)
{
	scoped_fd fd = -1;
	int r = tree_file(u->tree, name, m, &fd, e);

	return r == 0 ? file_contents(u, name, &fd, archive_entry_size(entry), m, e) : r;
}

static int symlink_entry(struct unpack *u, struct archive_entry *entry, const char *name, const struct tree_meta *m,
			 struct err *e)
{
	const char *target = archive_entry_symlink(entry);

	if (!target || !target[0])
		return err_set(e, EINVAL, "a symbolic link without a target");
	return tree_symlink(u->tree, name, target, m, e);
}

static int make_entry(struct unpack *u, struct archive_entry *entry, const char *name, struct err *e)
{
	struct tree_xattr xattrs[LIMIT_ENTRY_XATTRS];
	struct tree_meta m;
	int r;

	if (tree_is_whiteout(u->tree, name))
		return tree_whiteout(u->tree, name, e);
	if (archive_entry_hardlink(entry))
		return tree_hardlink(u->tree, name, archive_entry_hardlink(entry), e);
	r = meta_of(entry, xattrs, &m, e);
	if (r < 0)
		return r;
	switch (archive_entry_filetype(entry)) {
	case AE_IFREG:
		return file_entry(u, entry, name, &m, e);
	case AE_IFDIR:
		return tree_directory(u->tree, name, &m, e);
	case AE_IFLNK:
		return symlink_entry(u, entry, name, &m, e);
	case AE_IFCHR:
		return tree_node(u->tree, name, S_IFCHR, archive_entry_rdev(entry), &m, e);
	case AE_IFBLK:
		return tree_node(u->tree, name, S_IFBLK, archive_entry_rdev(entry), &m, e);
	case AE_IFIFO:
		return tree_node(u->tree, name, S_IFIFO, 0, &m, e);
	default:
		return err_set(e, EINVAL, "an entry of unknown type");
	}
}

/* 1: an entry; 0: the end. */
static int next_entry(struct unpack *u, struct archive_entry **ret, struct err *e)
{
	int r = archive_read_next_header(u->archive, ret);

	if (r == ARCHIVE_EOF)
		return 0;
	return r < ARCHIVE_WARN ? archive_err(u, e) : 1;
}

static int unpack_entries(struct unpack *u, struct err *e)
{
	struct archive_entry *entry;
	int r;

	while ((r = next_entry(u, &entry, e)) == 1) {
		const char *name = archive_entry_pathname(entry);

		r = u->queue ? file_queue_check(u->queue, e) : 0;
		if (r < 0)
			return r;
		if (!name)
			return err_set(e, EINVAL, "an entry without a name");
		r = make_entry(u, entry, name, e);
		if (r < 0)
			return err_wrap(e, r, "entry %.200s", name);
	}
	return r;
}

static int open_archive(struct unpack *u, struct err *e)
{
	u->archive = archive_read_new();
	if (!u->archive)
		return err_oom(e);
	if (archive_read_support_format_tar(u->archive) != ARCHIVE_OK ||
	    archive_read_support_format_empty(u->archive) != ARCHIVE_OK ||
	    archive_read_open(u->archive, u, NULL, read_block, NULL) != ARCHIVE_OK)
		return archive_err(u, e);
	return 0;
}

/* The times of directories come last: of what is made in them, and of what waits. */
static int unpack_tree(struct unpack *u, struct err *e)
{
	int r = open_archive(u, e);

	if (r == 0)
		r = unpack_entries(u, e);
	if (r == 0 && u->queue)
		r = file_queue_end(u->queue, e);
	return r == 0 ? tree_finish(u->tree, e) : r;
}

static int unpack_all(struct unpack *u, const struct tree_options *o, bool spread, uint64_t *ret_bytes, struct err *e)
{
	int r = tree_open(o, &u->tree, e);

	if (r < 0)
		return r;
	if (spread) {
		inflate_ahead(u->from);
		(void)file_queue_new(o, &u->queue, NULL);
	}
	r = unpack_tree(u, e);
	if (r == 0)
		*ret_bytes = tree_bytes(u->tree);
	archive_read_free(u->archive);
	file_queue_free(u->queue);
	tree_free(u->tree);
	return r;
}

/* pax names are UTF-8, and libarchive converts them to the locale's bytes: in UTF-8 they stay as they are. */
int tar_unpack(struct inflate *from, const struct tree_options *o, bool spread, uint64_t *ret_bytes, struct err *e)
{
	struct unpack u = { .from = from };
	locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", NULL), before;
	int r;

	if (!utf8)
		return err_set(e, ENOENT, "the locale C.UTF-8 is missing");
	before = uselocale(utf8);
	r = unpack_all(&u, o, spread, ret_bytes, e);
	uselocale(before);
	freelocale(utf8);
	return r;
}
