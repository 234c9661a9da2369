/* SPDX-License-Identifier: Apache-2.0 */
#include "image/assemble.h"

#include "base/io.h"
#include "base/limits.h"
#include "base/scope.h"
#include "image/load.h"
#include "oci/list.h"
#include "storage/content.h"

#include <string.h>

#define FILES 3 /* layer, config, manifest */

/* What is new is in the staging folder, the rest among the blobs. */
struct origin {
	struct staging *staging;
	struct staged files[FILES];
	size_t n;
};

static const struct staged *find(const struct origin *o, const struct digest *d)
{
	for (size_t i = 0; i < o->n; i++)
		if (strcmp(o->files[i].digest.hex, d->hex) == 0)
			return &o->files[i];
	return NULL;
}

static int open_bytes(const struct origin *o, const struct digest *d, int *ret_fd, struct err *e)
{
	const struct staged *f = find(o, d);

	return f ? staging_open(o->staging, f, ret_fd, e) :
		   blob_open(o->staging->content, d, ret_fd, &(int64_t){ 0 }, e);
}

static int origin_read(void *arg, const struct image_descriptor *d, struct buf *b, struct err *e)
{
	scoped_fd fd = -1;
	int r = open_bytes(arg, &d->digest, &fd, e);

	return r < 0 ? r : io_read_fd(fd, b, e);
}

static int origin_open(void *arg, const struct image_descriptor *d, struct layer_stream *ret, struct err *e)
{
	int r = open_bytes(arg, &d->digest, &ret->fd, e);

	if (r == 0)
		ret->bytes = byte_source_fd(&ret->fd);
	return r;
}

static int origin_close(void *arg, const struct image_descriptor *d, struct layer_stream *s, struct err *e)
{
	close(fd_take(&s->fd));
	return 0;
}

static int origin_keep(void *arg, const struct digest *d, struct err *e)
{
	const struct origin *o = arg;
	const struct staged *f = find(o, d);
	scoped_fd fd = -1;

	return f ? staging_adopt(o->staging, f, e) :
		   blob_open(o->staging->content, d, &fd, &(int64_t){ 0 }, e);
}

static const struct image_source_ops origin_ops = {
	.read = origin_read,
	.open = origin_open,
	.close = origin_close,
	.keep = origin_keep,
};

/* ---- documents ----------------------------------------------------------------------------------------------- */

static int add_document(struct origin *o, const struct buf *b, struct image_descriptor *ret, struct err *e)
{
	struct staged *f = &o->files[o->n];
	int r = buf_status(b, e);

	if (r == 0)
		r = staging_text(o->staging, buf_sv(b), f, e);
	if (r < 0)
		return r;
	o->n++;
	ret->digest = f->digest;
	ret->size = f->size;
	return 0;
}

static bool is_docker(const struct assembly *what)
{
	return what->below && what->below->media_type && strcmp(what->below->media_type, MEDIA_DOCKER_MANIFEST) == 0;
}

static int add_layers(const struct assembly *what, struct image_manifest *m, struct arena *a, struct err *e)
{
	for (size_t i = 0; what->below && i < what->below->layers.n; i++) {
		struct image_descriptor *d = LIST_ADD(a, &m->layers);

		if (!d)
			return err_oom(e);
		*d = what->below->layers.v[i];
	}
	if (what->layer) {
		struct image_descriptor *d = LIST_ADD(a, &m->layers);

		if (!d)
			return err_oom(e);
		*d = (struct image_descriptor){ .digest = what->layer->digest, .size = what->layer->size,
						.media_type = is_docker(what) ? MEDIA_DOCKER_LAYER_GZIP :
										MEDIA_OCI_LAYER_GZIP };
	}
	return 0;
}

static int make_documents(struct origin *o, const struct assembly *what, struct arena *a,
			  struct image_descriptor *ret_manifest, struct err *e)
{
	struct image_manifest m = { .schema_version = 2 };
	scoped_buf config = BUF(LIMIT_IMAGE_CONFIG), manifest = BUF(LIMIT_MANIFEST);
	int r = image_full_config_print(what->config, &config, e);

	m.media_type = is_docker(what) ? MEDIA_DOCKER_MANIFEST : MEDIA_OCI_MANIFEST;
	m.config.media_type = is_docker(what) ? MEDIA_DOCKER_CONFIG : MEDIA_OCI_CONFIG;
	if (r == 0)
		r = add_document(o, &config, &m.config, e);
	if (r == 0)
		r = add_layers(what, &m, a, e);
	if (r == 0)
		r = image_manifest_print(&m, &manifest, e);
	return r == 0 ? add_document(o, &manifest, ret_manifest, e) : r;
}

int image_assemble(struct staging *s, const struct assembly *what, const char *reference,
		   const struct image_store *store, struct arena *a, struct image_loaded *ret, struct err *e)
{
	struct origin o = { .staging = s };
	const struct image_source source = { &origin_ops, &o, 1 };
	struct image_descriptor manifest = { .media_type = NULL };
	int r;

	if (what->layer)
		o.files[o.n++] = *what->layer;
	r = make_documents(&o, what, a, &manifest, e);
	return r < 0 ? r : image_load_from(&source, &manifest, reference, store, a, ret, e);
}

int image_load_stored(const struct digest *manifest, const struct image_store *store, struct arena *a,
		      struct image_loaded *ret, struct err *e)
{
	struct staging none = { .content = store->content, .dir = -1 };
	struct origin o = { .staging = &none };
	const struct image_source source = { &origin_ops, &o, 1 };
	const struct image_descriptor d = { .digest = *manifest };

	return image_load_from(&source, &d, NULL, store, a, ret, e);
}
