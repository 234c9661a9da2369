/* SPDX-License-Identifier: Apache-2.0 */
#include "image/layout_priv.h"

#include "base/io.h"
#include "base/limits.h"
#include "base/scope.h"
#include "image/entry_name.h"
#include "kernel/sys.h"
#include "storage/content.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <search.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#define INDEX_DEPTH 4
#define LINK_DEPTH 8

static int layout_new(int content, struct layout **ret, struct err *e)
{
	struct layout *l = calloc(1, sizeof *l);
	int r;

	if (!l)
		return err_oom(e);
	l->dir = -1;
	l->arena = ARENA(LIMIT_ARENA_IMAGE);
	r = staging_begin(content, &l->staging, e);
	if (r < 0) {
		free(l);
		return r;
	}
	*ret = l;
	return 0;
}

static void nothing(void *file)
{
}

void layout_free(struct layout *l)
{
	if (!l)
		return;
	staging_end(&l->staging);
	tdestroy(l->files, nothing); /* the files are the arena's */
	arena_done(&l->arena);
	free(l->images);
	free(l);
}

/* ---- files --------------------------------------------------------------------------------------------------- */

static int grow(void *list, size_t n, size_t *cap, size_t size, struct err *e)
{
	void **v = list;
	size_t more = *cap ? *cap * 2 : 16;
	void *p;

	if (n < *cap)
		return 0;
	p = reallocarray(*v, more, size);
	if (!p)
		return err_oom(e);
	*v = p;
	*cap = more;
	return 0;
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct layout_file *)a)->path, ((const struct layout_file *)b)->path);
}

int layout_add_file(struct layout *l, const char *path, const char *link, const struct staged *staged, struct err *e)
{
	struct layout_file *f = arena_alloc(&l->arena, sizeof *f), **there;

	if (l->n_files++ >= LIMIT_LAYOUT_FILES)
		return err_set(e, EFBIG, "more than %u files", LIMIT_LAYOUT_FILES);
	if (!f)
		return err_oom(e);
	f->path = arena_str(&l->arena, path);
	if (link)
		f->link = arena_str(&l->arena, link);
	else
		f->staged = *staged;
	there = f->path && (!link || f->link) ? tsearch(f, &l->files, by_path) : NULL;
	if (!there)
		return err_oom(e);
	*there = f;
	return 0;
}

static const struct layout_file *find_name(const struct layout *l, const char *path)
{
	const struct layout_file wanted = { .path = path }, *const *there = tfind(&wanted, &l->files, by_path);

	return there ? *there : NULL;
}

static const struct layout_file *find_file(const struct layout *l, const char *path)
{
	const struct layout_file *f = find_name(l, path);

	for (int i = 0; f && f->link; i++)
		f = i < LINK_DEPTH ? find_name(l, f->link) : NULL;
	return f;
}

static int open_in_dir(const struct layout *l, const char *path, int *ret_fd, struct err *e)
{
	scoped_fd fd = sys_openat2(l->dir, path, O_RDONLY | O_NONBLOCK | O_NOCTTY,
				   RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(e, "open %s", path);
	if (!S_ISREG(st.st_mode))
		return err_set(e, EINVAL, "%s: not a regular file", path);
	*ret_fd = fd_take(&fd);
	return 0;
}

static int open_file(const struct layout *l, const char *path, int *ret_fd, struct err *e)
{
	const struct layout_file *f;

	if (l->dir >= 0)
		return open_in_dir(l, path, ret_fd, e);
	f = find_file(l, path);
	if (!f)
		return err_set(e, ENOENT, "%s is missing", path);
	return staging_open(&l->staging, &f->staged, ret_fd, e);
}

static int keep_text(struct layout *l, const struct buf *b, struct sv *ret, struct err *e)
{
	char *text = arena_alloc(&l->arena, b->len + 1);

	if (!text)
		return err_oom(e);
	if (b->len)
		memcpy(text, b->p, b->len);
	*ret = (struct sv){ text, b->len };
	return 0;
}

int layout_read_file(struct layout *l, const char *path, size_t max_bytes, struct sv *ret, struct err *e)
{
	scoped_buf b = BUF(max_bytes);
	scoped_fd fd = -1;
	int r = open_file(l, path, &fd, e);

	if (r < 0)
		return r;
	r = io_read_fd(fd, &b, e);
	return r < 0 ? err_wrap(e, r, "%s", path) : keep_text(l, &b, ret, e);
}

/* ---- blobs --------------------------------------------------------------------------------------------------- */

/* The ceiling is of all files together. */
static int stage(struct layout *l, struct byte_source from, struct staged *ret, struct err *e)
{
	int r = staging_write(&l->staging, from, (int64_t)LIMIT_ARCHIVE_BYTES - l->bytes, ret, e);

	if (r == 0)
		l->bytes += ret->size;
	return r;
}

int layout_stage_file(struct layout *l, const char *path, struct staged *ret, struct err *e)
{
	const struct layout_file *f = find_file(l, path);
	struct staged staged;
	scoped_fd fd = -1;
	int r;

	if (f) {
		*ret = f->staged;
		return 0;
	}
	r = open_file(l, path, &fd, e);
	if (r == 0)
		r = stage(l, byte_source_fd(&fd), &staged, e);
	if (r == 0)
		r = layout_add_file(l, path, NULL, &staged, e);
	if (r == 0)
		*ret = staged;
	return r;
}

static int stage_blob(struct layout *l, const struct digest *d, struct staged *ret, struct err *e)
{
	char path[BLOB_PATH_SIZE];
	struct staged staged;
	int r;

	blob_path(d, path);
	r = layout_stage_file(l, path, &staged, e);
	if (r < 0)
		return r;
	if (strcmp(staged.digest.hex, d->hex) != 0)
		return err_set(e, EBADMSG, "%s: its bytes have the digest sha256:%s", path, staged.digest.hex);
	*ret = staged;
	return 0;
}

int layout_open_blob(struct layout *l, const struct digest *d, int *ret_fd, int64_t *ret_size, struct err *e)
{
	struct staged staged;
	int r = stage_blob(l, d, &staged, e);

	if (r == 0)
		r = staging_open(&l->staging, &staged, ret_fd, e);
	if (r == 0)
		*ret_size = staged.size;
	return r;
}

int layout_read_blob(struct layout *l, const struct digest *d, struct buf *b, struct err *e)
{
	scoped_fd fd = -1;
	int64_t size;
	int r = layout_open_blob(l, d, &fd, &size, e);

	if (r < 0)
		return r;
	r = io_read_fd(fd, b, e);
	return r < 0 ? err_wrap(e, r, "blob sha256:%s", d->hex) : 0;
}

int layout_keep_blob(struct layout *l, const struct digest *d, struct err *e)
{
	struct staged staged;
	int r = stage_blob(l, d, &staged, e);

	return r < 0 ? r : staging_adopt(&l->staging, &staged, e);
}

static int read_index_blob(struct layout *l, const struct digest *d, struct sv *ret, struct err *e)
{
	scoped_buf b = BUF(LIMIT_MANIFEST);
	int r = layout_read_blob(l, d, &b, e);

	return r < 0 ? r : keep_text(l, &b, ret, e);
}

/* ---- what is in it ------------------------------------------------------------------------------------------- */

static const char *annotation(const struct image_descriptor *d, const char *key)
{
	for (size_t i = 0; i < d->annotations.n; i++)
		if (strcmp(d->annotations.v[i].key, key) == 0 && d->annotations.v[i].value[0])
			return d->annotations.v[i].value;
	return NULL;
}

/* "org.opencontainers.image.ref.name" is often a bare tag: that names no image. */
static const char *reference_of(const struct image_descriptor *d)
{
	const char *name = annotation(d, "io.containerd.image.name");

	if (name)
		return name;
	name = annotation(d, "org.opencontainers.image.ref.name");
	return name && strpbrk(name, ":/") ? name : NULL;
}

static const char *machine_architecture(void)
{
	static const struct {
		const char *machine, *oci;
	} names[] = { { "x86_64", "amd64" }, { "aarch64", "arm64" }, { "riscv64", "riscv64" }, { "armv7l", "arm" } };
	static struct utsname u;

	if (uname(&u) < 0)
		return "";
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (strcmp(u.machine, names[i].machine) == 0)
			return names[i].oci;
	return u.machine;
}

/* An entry that says nothing may be for any machine. */
static bool platform_fits(const struct image_descriptor *d)
{
	return (!d->os || strcmp(d->os, "linux") == 0) &&
	       (!d->architecture || strcmp(d->architecture, machine_architecture()) == 0);
}

int layout_add_image(struct layout *l, const struct digest *manifest, const char *reference, struct err *e)
{
	int r;

	if (l->n_images >= LIMIT_LAYOUT_IMAGES)
		return err_set(e, EFBIG, "more than %u images", LIMIT_LAYOUT_IMAGES);
	r = grow(&l->images, l->n_images, &l->cap_images, sizeof *l->images, e);
	if (r == 0)
		l->images[l->n_images++] = (struct layout_image){ *manifest, reference };
	return r;
}

static bool is_index(const struct image_descriptor *d)
{
	return strcmp(d->media_type, MEDIA_OCI_INDEX) == 0 || strcmp(d->media_type, MEDIA_DOCKER_INDEX) == 0;
}

static bool is_manifest(const struct image_descriptor *d)
{
	return strcmp(d->media_type, MEDIA_OCI_MANIFEST) == 0 || strcmp(d->media_type, MEDIA_DOCKER_MANIFEST) == 0;
}

static int walk_index(struct layout *l, struct sv json, const char *reference, int depth, struct err *e);

static int walk_nested(struct layout *l, const struct image_descriptor *d, const char *reference, int depth,
		       struct err *e)
{
	struct sv json;
	int r;

	if (depth == INDEX_DEPTH)
		return err_set(e, ELOOP, "more than %d indexes in each other", INDEX_DEPTH);
	r = read_index_blob(l, &d->digest, &json, e);
	return r < 0 ? r : walk_index(l, json, reference, depth + 1, e);
}

/* Inside a nested index all entries are one image for several platforms: the first that fits is taken. */
static int walk_index(struct layout *l, struct sv json, const char *reference, int depth, struct err *e)
{
	struct image_index index;
	int r = image_index_parse(json, &l->arena, &index, e);

	if (r < 0)
		return r;
	for (size_t i = 0; i < index.manifests.n; i++) {
		const struct image_descriptor *d = &index.manifests.v[i];
		const char *name = reference_of(d) ? reference_of(d) : reference;
		size_t before = l->n_images;

		if (l->walked++ >= LIMIT_LAYOUT_ENTRIES)
			return err_set(e, EFBIG, "more than %u entries in its indexes", LIMIT_LAYOUT_ENTRIES);
		if (!platform_fits(d))
			continue;
		if (is_index(d))
			r = walk_nested(l, d, name, depth, e);
		else if (is_manifest(d))
			r = layout_add_image(l, &d->digest, name, e);
		if (r < 0)
			return r;
		if (depth > 0 && l->n_images > before)
			break;
	}
	return 0;
}

static int oci_images(struct layout *l, struct err *e)
{
	struct sv json;
	int r = layout_read_file(l, "index.json", LIMIT_MANIFEST, &json, e);

	if (r < 0)
		return r;
	r = walk_index(l, json, NULL, 0, e);
	return r < 0 ? err_wrap(e, r, "index.json") : 0;
}

static bool has_file(const struct layout *l, const char *path)
{
	return l->dir >= 0 ? faccessat(l->dir, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0 : find_file(l, path) != NULL;
}

int layout_images(struct layout *l, const struct layout_image **ret, size_t *ret_n, struct err *e)
{
	int r = 0;

	if (l->n_images == 0 && has_file(l, "index.json"))
		r = oci_images(l, e);
	else if (l->n_images == 0 && has_file(l, "manifest.json"))
		r = layout_docker_images(l, e);
	else if (l->n_images == 0)
		r = err_set(e, EINVAL, "no image in it: neither index.json nor manifest.json");
	if (r < 0)
		return r;
	if (l->n_images == 0)
		return err_set(e, ENOENT, "no image for linux/%s in it", machine_architecture());
	*ret = l->images;
	*ret_n = l->n_images;
	return 0;
}

/* ---- opening ------------------------------------------------------------------------------------------------- */

int layout_open_dir(int dir, int content, struct layout **ret, struct err *e)
{
	struct layout *l;
	int r = layout_new(content, &l, e);

	if (r < 0)
		return r;
	l->dir = dir;
	*ret = l;
	return 0;
}

struct archive_stream {
	struct archive *archive;
	struct inflate *from;
	struct err from_err;
};

static la_ssize_t read_block(struct archive *a, void *arg, const void **ret_block)
{
	struct archive_stream *s = arg;
	ssize_t n = inflate_next(s->from, ret_block, &s->from_err);

	if (n < 0)
		archive_set_error(a, -(int)n, "%s", s->from_err.msg);
	return n < 0 ? ARCHIVE_FATAL : n;
}

static int stream_err(struct archive_stream *s, struct err *e)
{
	const char *text = archive_error_string(s->archive);

	if (s->from_err.code)
		return err_set(e, s->from_err.code, "%s", s->from_err.msg);
	return err_set(e, EINVAL, "not an image archive, or a damaged one: %s", text ? text : "not a tar archive");
}

static ssize_t read_entry(void *arg, void *to, size_t n, struct err *e)
{
	struct archive_stream *s = arg;
	la_ssize_t got = archive_read_data(s->archive, to, n);

	return got < 0 ? stream_err(s, e) : got;
}

/* The file that a link of the archive means: a hard link by its full name, a symbolic one seen from its folder. */
static int link_path(struct archive_entry *entry, const char *path, char ret[ENTRY_NAME_SIZE], struct err *e)
{
	const char *hard = archive_entry_hardlink(entry), *target = hard ? hard : archive_entry_symlink(entry);
	scoped_buf text = BUF(2 * ENTRY_NAME_SIZE);
	struct entry_split s;

	if (!target || !target[0])
		return err_set(e, EINVAL, "a link without a target");
	entry_split(path, &s);
	if (hard || target[0] == '/')
		return entry_name_clean(target, ret, e);
	if (buf_putf(&text, "%s/%s", s.parent, target) < 0)
		return buf_status(&text, e);
	return entry_name_clean(text.p, ret, e);
}

static int stage_entry(struct layout *l, struct archive_stream *s, struct archive_entry *entry, const char *name,
		       struct err *e)
{
	bool is_link = archive_entry_hardlink(entry) || archive_entry_filetype(entry) == AE_IFLNK;
	char path[ENTRY_NAME_SIZE], target[ENTRY_NAME_SIZE];
	struct staged staged;
	int r;

	if (!is_link && archive_entry_filetype(entry) != AE_IFREG)
		return 0;
	r = entry_name_clean(name, path, e);
	if (r == 0 && is_link)
		r = link_path(entry, path, target, e);
	else if (r == 0)
		r = stage(l, (struct byte_source){ read_entry, s }, &staged, e);
	return r < 0 ? r : layout_add_file(l, path, is_link ? target : NULL, &staged, e);
}

static int stage_entries(struct layout *l, struct archive_stream *s, struct err *e)
{
	struct archive_entry *entry;
	const char *name;
	int r;

	if (archive_read_support_format_tar(s->archive) != ARCHIVE_OK ||
	    archive_read_open(s->archive, s, NULL, read_block, NULL) != ARCHIVE_OK)
		return stream_err(s, e);
	while ((r = archive_read_next_header(s->archive, &entry)) != ARCHIVE_EOF) {
		if (r < ARCHIVE_WARN)
			return stream_err(s, e);
		name = archive_entry_pathname(entry);
		if (!name)
			return err_set(e, EINVAL, "an entry without a name");
		r = stage_entry(l, s, entry, name, e);
		if (r < 0)
			return err_wrap(e, r, "entry %.200s", name);
	}
	return 0;
}

static int stage_archive(struct layout *l, struct byte_source from, struct err *e)
{
	struct archive_stream s = { archive_read_new(), NULL, { 0 } };
	scoped_inflate in = NULL;
	int r = s.archive ? inflate_open(from, LIMIT_ARCHIVE_BYTES, &in, e) : err_oom(e);

	s.from = in;
	if (r == 0)
		r = stage_entries(l, &s, e);
	archive_read_free(s.archive);
	return r;
}

int layout_open_archive(struct byte_source from, int content, struct layout **ret, struct err *e)
{
	struct layout *l;
	int r = layout_new(content, &l, e);

	if (r < 0)
		return r;
	r = stage_archive(l, from, e);
	if (r < 0) {
		layout_free(l);
		return r;
	}
	*ret = l;
	return 0;
}
