/* SPDX-License-Identifier: Apache-2.0 */
/* layout_docker.c - manifest.json names the config and the layers by their paths. Each image gets the manifest that it
 * lacks, so that from here on it is one of an OCI layout. */
#include "image/layout_priv.h"

#include "base/io.h"
#include "base/limits.h"
#include "base/scope.h"
#include "oci/docker_archive.h"
#include "storage/content.h"

#include <string.h>

/* The blob may also be asked for by its digest from now on. */
static int add_blob(struct layout *l, const struct staged *staged, struct err *e)
{
	char path[BLOB_PATH_SIZE];

	blob_path(&staged->digest, path);
	return layout_add_file(l, path, NULL, staged, e);
}

/* A manifest must say how a layer is packed: a push sends it on. */
static int layer_media_type(struct layout *l, const struct staged *staged, const char **ret, struct err *e)
{
	unsigned char magic[4] = { 0 };
	scoped_fd fd = -1;
	int r = staging_open(&l->staging, staged, &fd, e);

	if (r < 0)
		return r;
	if (pread(fd, magic, sizeof magic, 0) < 0)
		return err_sys(e, "read");
	*ret = memcmp(magic, "\x1f\x8b", 2) == 0	     ? MEDIA_OCI_LAYER_GZIP
	       : memcmp(magic, "\x28\xb5\x2f\xfd", 4) == 0 ? MEDIA_OCI_LAYER_ZSTD
							   : MEDIA_OCI_LAYER;
	return 0;
}

static void put_descriptor(struct buf *out, const char *media_type, const struct staged *staged)
{
	(void)buf_putf(out, "{\"mediaType\":\"%s\",\"digest\":\"sha256:%s\",\"size\":%lld}", media_type,
		       staged->digest.hex, (long long)staged->size);
}

static int put_layer(struct layout *l, struct buf *out, const char *path, struct err *e)
{
	const char *media_type = NULL;
	struct staged staged;
	int r = layout_stage_file(l, path, &staged, e);

	if (r == 0)
		r = layer_media_type(l, &staged, &media_type, e);
	if (r == 0)
		r = add_blob(l, &staged, e);
	if (r == 0)
		put_descriptor(out, media_type, &staged);
	return r;
}

static int manifest_text(struct layout *l, const struct docker_archive_image *img, struct buf *out, struct err *e)
{
	struct staged config;
	int r = layout_stage_file(l, img->config, &config, e);

	if (r == 0)
		r = add_blob(l, &config, e);
	if (r < 0)
		return r;
	(void)buf_puts(out, "{\"schemaVersion\":2,\"mediaType\":\"" MEDIA_OCI_MANIFEST "\",\"config\":");
	put_descriptor(out, MEDIA_OCI_CONFIG, &config);
	(void)buf_puts(out, ",\"layers\":[");
	for (size_t i = 0; r == 0 && i < img->layers.n; i++) {
		(void)buf_puts(out, i ? "," : "");
		r = put_layer(l, out, img->layers.v[i], e);
	}
	(void)buf_puts(out, "]}");
	return r < 0 ? r : buf_status(out, e);
}

static ssize_t read_text(void *arg, void *to, size_t n, struct err *e)
{
	struct sv *text = arg;

	if (n > text->n)
		n = text->n;
	memcpy(to, text->p, n);
	text->p += n;
	text->n -= n;
	return (ssize_t)n;
}

static int add_docker_image(struct layout *l, const struct docker_archive_image *img, struct err *e)
{
	scoped_buf text = BUF(LIMIT_MANIFEST);
	struct staged manifest;
	struct sv left;
	int r = manifest_text(l, img, &text, e);

	if (r < 0)
		return r;
	left = buf_sv(&text);
	r = staging_write(&l->staging, (struct byte_source){ read_text, &left }, LIMIT_MANIFEST, &manifest, e);
	if (r == 0)
		r = add_blob(l, &manifest, e);
	if (r == 0 && img->repo_tags.n == 0)
		r = layout_add_image(l, &manifest.digest, NULL, e);
	for (size_t i = 0; r == 0 && i < img->repo_tags.n; i++)
		r = layout_add_image(l, &manifest.digest, img->repo_tags.v[i], e);
	return r;
}

int layout_docker_images(struct layout *l, struct err *e)
{
	struct docker_archive archive;
	struct sv json;
	int r = layout_read_file(l, "manifest.json", LIMIT_MANIFEST, &json, e);

	if (r < 0)
		return r;
	r = docker_archive_parse(json, &l->arena, &archive, e);
	for (size_t i = 0; r == 0 && i < archive.images.n; i++)
		r = add_docker_image(l, &archive.images.v[i], e);
	return r < 0 ? err_wrap(e, r, "manifest.json") : 0;
}
