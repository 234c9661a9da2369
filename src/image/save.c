/* SPDX-License-Identifier: Apache-2.0 */
#include "image/save.h"

#include "base/buf.h"
#include "base/io.h"
#include "base/limits.h"
#include "base/scope.h"
#include "oci/image_spec.h"
#include "oci/json.h"
#include "oci/reference.h"
#include "storage/content.h"

#include <archive.h>
#include <archive_entry.h>
#include <search.h>
#include <string.h>
#include <sys/stat.h>

#define CHUNK (256u << 10)

struct saved {
	const struct save_item *item;
	struct sv manifest_json;
	struct image_manifest manifest;
};

struct save {
	int content, fd;
	struct arena arena;
	struct archive *archive;
	struct err write_err; /* what writing said behind libarchive's back */
	struct saved *images;
	size_t n;
	save_told_fn *told;
	void *arg;
	int64_t bytes;
	void *written; /* tsearch(3): digests that are in the archive */
};

/* ---- the archive --------------------------------------------------------------------------------------------- */

static la_ssize_t on_write(struct archive *a, void *arg, const void *data, size_t n)
{
	struct save *s = arg;
	int r = io_write_all(s->fd, data, n, &s->write_err);

	if (r < 0)
		archive_set_error(a, -r, "%s", s->write_err.msg);
	s->bytes += (int64_t)n;
	s->told(s->arg, s->bytes);
	return r < 0 ? -1 : (la_ssize_t)n;
}

static int archive_err(const struct save *s, struct err *e)
{
	const char *text = archive_error_string(s->archive);

	if (s->write_err.code)
		return err_set(e, s->write_err.code, "%s", s->write_err.msg);
	return err_set(e, EIO, "archive: %s", text ? text : "failed");
}

/* Times are those of 1970, as Docker's: the same images make the same archive. */
static int begin_entry(struct save *s, const char *path, mode_t type, int64_t size, struct err *e)
{
	struct archive_entry *entry = archive_entry_new();
	int r;

	if (!entry)
		return err_oom(e);
	archive_entry_set_pathname(entry, path);
	archive_entry_set_filetype(entry, type);
	archive_entry_set_perm(entry, type == AE_IFDIR ? 0755 : 0644);
	archive_entry_set_size(entry, size);
	archive_entry_set_mtime(entry, 0, 0);
	r = archive_write_header(s->archive, entry);
	archive_entry_free(entry);
	return r < ARCHIVE_WARN ? archive_err(s, e) : 0;
}

static int put_data(struct save *s, const void *data, size_t n, struct err *e)
{
	return archive_write_data(s->archive, data, n) != (la_ssize_t)n ? archive_err(s, e) : 0;
}

static int put_text(struct save *s, const char *path, struct sv text, struct err *e)
{
	int r = begin_entry(s, path, AE_IFREG, (int64_t)text.n, e);

	return r == 0 ? put_data(s, text.p, text.n, e) : r;
}

static int copy_blob(struct save *s, int fd, int64_t size, struct err *e)
{
	scoped_free char *chunk = malloc(CHUNK);

	if (!chunk)
		return err_oom(e);
	while (size > 0) {
		ssize_t n = read(fd, chunk, CHUNK);
		int r;

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? err_sys(e, "read") : err_set(e, EIO, "it became shorter");
		r = put_data(s, chunk, (size_t)(n < size ? n : size), e);
		if (r < 0)
			return r;
		size -= n;
	}
	return 0;
}

static int by_hex(const void *a, const void *b)
{
	return strcmp(((const struct digest *)a)->hex, ((const struct digest *)b)->hex);
}

/* Each once. */
static int put_blob(struct save *s, const struct digest *d, struct err *e)
{
	char path[BLOB_PATH_SIZE];
	scoped_fd fd = -1;
	int64_t size;
	int r;

	if (tfind(d, &s->written, by_hex))
		return 0;
	r = blob_open(s->content, d, &fd, &size, e);
	if (r < 0)
		return r;
	blob_path(d, path);
	r = begin_entry(s, path, AE_IFREG, size, e);
	if (r == 0)
		r = copy_blob(s, fd, size, e);
	if (r < 0)
		return err_wrap(e, r, "blob sha256:%.12s", d->hex);
	return tsearch(d, &s->written, by_hex) ? 0 : err_oom(e);
}

/* ---- documents ----------------------------------------------------------------------------------------------- */

static int read_manifest(struct save *s, struct saved *image, struct err *e)
{
	scoped_buf b = BUF(LIMIT_MANIFEST);
	scoped_fd fd = -1;
	int64_t size;
	char *text;
	int r = blob_open(s->content, &image->item->manifest, &fd, &size, e);

	if (r == 0)
		r = io_read_fd(fd, &b, e);
	if (r < 0)
		return r;
	text = arena_sv(&s->arena, buf_sv(&b));
	if (!text)
		return err_oom(e);
	image->manifest_json = sv_from(text);
	return image_manifest_parse(image->manifest_json, &s->arena, &image->manifest, e);
}

static const char *tag_of(const char *name)
{
	const char *colon = strrchr(name, ':');

	return colon ? colon + 1 : name;
}

static void put_descriptor(struct buf *b, const struct saved *image, const char *name)
{
	const char *type = image->manifest.media_type;

	buf_puts(b, b->len && b->p[b->len - 1] != '[' ? "," : ""); /* no memory: there is nothing in it */
	buf_puts(b, "{\"mediaType\":");
	json_put_text(b, sv_from(type ? type : MEDIA_OCI_MANIFEST));
	buf_putf(b, ",\"digest\":\"sha256:%s\",\"size\":%zu", image->item->manifest.hex, image->manifest_json.n);
	if (name) {
		buf_puts(b, ",\"annotations\":{\"io.containerd.image.name\":");
		json_put_text(b, sv_from(name));
		buf_puts(b, ",\"org.opencontainers.image.ref.name\":");
		json_put_text(b, sv_from(tag_of(name)));
		buf_puts(b, "}");
	}
	buf_puts(b, "}");
}

static void put_index(const struct save *s, struct buf *b)
{
	buf_puts(b, "{\"schemaVersion\":2,\"mediaType\":\"" MEDIA_OCI_INDEX "\",\"manifests\":[");
	for (size_t i = 0; i < s->n; i++) {
		const struct saved *image = &s->images[i];

		for (size_t k = 0; k < image->item->names.n; k++)
			put_descriptor(b, image, image->item->names.v[k]);
		if (image->item->names.n == 0)
			put_descriptor(b, image, NULL);
	}
	buf_puts(b, "]}");
}

static const char *familiar(const char *name, char ret[REFERENCE_SIZE])
{
	struct reference ref;

	return reference_parse(sv_from(name), &ref, NULL) < 0 ? name : reference_print_familiar(&ref, ret);
}

/* manifest.json */
static void put_docker(const struct save *s, struct buf *b)
{
	char name[REFERENCE_SIZE];

	buf_puts(b, "[");
	for (size_t i = 0; i < s->n; i++) {
		const struct saved *image = &s->images[i];

		buf_putf(b, "%s{\"Config\":\"blobs/sha256/%s\",\"RepoTags\":[", i ? "," : "",
			 image->manifest.config.digest.hex);
		for (size_t k = 0; k < image->item->names.n; k++) {
			buf_puts(b, k ? "," : "");
			json_put_text(b, sv_from(familiar(image->item->names.v[k], name)));
		}
		buf_puts(b, "],\"Layers\":[");
		for (size_t k = 0; k < image->manifest.layers.n; k++)
			buf_putf(b, "%s\"blobs/sha256/%s\"", k ? "," : "", image->manifest.layers.v[k].digest.hex);
		buf_puts(b, "]}");
	}
	buf_puts(b, "]\n");
}

static int put_documents(struct save *s, struct err *e)
{
	scoped_buf index = BUF(LIMIT_MANIFEST), docker = BUF(LIMIT_MANIFEST);
	int r;

	put_index(s, &index);
	put_docker(s, &docker);
	r = buf_status(&index, e);
	if (r == 0)
		r = buf_status(&docker, e);
	if (r == 0)
		r = put_text(s, "index.json", buf_sv(&index), e);
	if (r == 0)
		r = put_text(s, "manifest.json", buf_sv(&docker), e);
	return r == 0 ? put_text(s, "oci-layout", SV("{\"imageLayoutVersion\":\"1.0.0\"}"), e) : r;
}

/* ---- all ----------------------------------------------------------------------------------------------------- */

static int put_image(struct save *s, const struct saved *image, struct err *e)
{
	int r = put_blob(s, &image->manifest.config.digest, e);

	for (size_t i = 0; r == 0 && i < image->manifest.layers.n; i++)
		r = put_blob(s, &image->manifest.layers.v[i].digest, e);
	return r == 0 ? put_blob(s, &image->item->manifest, e) : r;
}

static int put_all(struct save *s, struct err *e)
{
	int r = begin_entry(s, "blobs/", AE_IFDIR, 0, e);

	if (r == 0)
		r = begin_entry(s, "blobs/sha256/", AE_IFDIR, 0, e);
	for (size_t i = 0; r == 0 && i < s->n; i++)
		r = put_image(s, &s->images[i], e);
	return r == 0 ? put_documents(s, e) : r;
}

static int write_archive(struct save *s, struct err *e)
{
	int r;

	s->archive = archive_write_new();
	if (!s->archive)
		return err_oom(e);
	if (archive_write_set_format_pax_restricted(s->archive) != ARCHIVE_OK ||
	    archive_write_set_bytes_in_last_block(s->archive, 1) != ARCHIVE_OK ||
	    archive_write_open(s->archive, s, NULL, on_write, NULL) != ARCHIVE_OK)
		r = archive_err(s, e);
	else
		r = put_all(s, e);
	if (r == 0 && archive_write_close(s->archive) != ARCHIVE_OK)
		r = archive_err(s, e);
	if (r < 0)
		(void)archive_write_fail(s->archive);
	(void)archive_write_free(s->archive);
	return r;
}

static void nothing(void *digest)
{
}

int image_save(int content, const struct save_item *items, size_t n, int fd, save_told_fn *told, void *arg,
	       struct err *e)
{
	struct save s = {
		.content = content, .fd = fd, .arena = ARENA(LIMIT_ARENA_IMAGE), .n = n, .told = told, .arg = arg
	};
	int r = 0;

	s.images = arena_array(&s.arena, n + 1, sizeof *s.images);
	if (!s.images)
		r = err_oom(e);
	for (size_t i = 0; r == 0 && i < n; i++) {
		s.images[i].item = &items[i];
		r = read_manifest(&s, &s.images[i], e);
	}
	if (r == 0)
		r = write_archive(&s, e);
	tdestroy(s.written, nothing); /* the digests are the manifests' */
	arena_done(&s.arena);
	return r;
}
