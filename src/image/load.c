/* SPDX-License-Identifier: Apache-2.0 */
#include "image/load_priv.h"

#include "base/limits.h"
#include "base/scope.h"
#include "image/sha256.h"
#include "storage/layers.h"

#include <string.h>

int image_chain_id(const struct digest *below, const struct digest *diff_id, struct digest *ret, struct err *e)
{
	char text[2 * (sizeof "sha256:" + DIGEST_HEX)];
	int n;

	if (!below || !below->hex[0]) {
		*ret = *diff_id;
		return 0;
	}
	n = snprintf(text, sizeof text, "sha256:%s sha256:%s", below->hex, diff_id->hex);
	return sha256_of(text, (size_t)n, ret, e);
}

void image_loaded_done(struct image_loaded *img)
{
	for (size_t i = 0; i < img->n_layers; i++)
		if (img->layers[i].fresh)
			close(img->layers[i].lock_fd);
	if (img->locked)
		close(img->chain_lock);
	img->n_layers = 0;
	img->locked = false;
}

/* ---- documents ----------------------------------------------------------------------------------------------- */

static int read_document(struct load *ld, const struct image_descriptor *d, size_t max_bytes, struct sv *ret,
			 struct err *e)
{
	scoped_buf b = BUF(max_bytes);
	char *text;
	int r = ld->source->ops->read(ld->source->arg, d, &b, e);

	if (r < 0)
		return r;
	text = arena_alloc(ld->arena, b.len + 1);
	if (!text)
		return err_oom(e);
	if (b.len)
		memcpy(text, b.p, b.len);
	*ret = (struct sv){ text, b.len };
	return 0;
}

static int read_manifest(struct load *ld, const struct image_descriptor *d, struct err *e)
{
	int r = read_document(ld, d, LIMIT_MANIFEST, &ld->img.manifest_json, e);

	if (r == 0)
		r = image_manifest_parse(ld->img.manifest_json, ld->arena, &ld->manifest, e);
	if (r < 0)
		return err_wrap(e, r, "manifest");
	ld->img.manifest = d->digest;
	return 0;
}

static int read_config(struct load *ld, struct err *e)
{
	int r = read_document(ld, &ld->manifest.config, LIMIT_IMAGE_CONFIG, &ld->img.config_json, e);

	if (r == 0)
		r = image_config_parse(ld->img.config_json, ld->arena, &ld->config, e);
	if (r < 0)
		return err_wrap(e, r, "config");
	ld->img.id = ld->manifest.config.digest;
	return 0;
}

static int check_documents(const struct load *ld, struct err *e)
{
	if (ld->config.os && strcmp(ld->config.os, "linux") != 0)
		return err_set(e, ENOTSUP, "image operating system \"%s\" cannot be used on this platform",
			       ld->config.os);
	if (ld->config.diff_ids.n != ld->manifest.layers.n)
		return err_set(e, EINVAL, "%zu layers in the manifest, %zu in the config", ld->manifest.layers.n,
			       ld->config.diff_ids.n);
	if (ld->manifest.layers.n > LIMIT_IMAGE_LAYERS)
		return err_set(e, EFBIG, "more than %d layers", LIMIT_IMAGE_LAYERS);
	return 0;
}

/* ---- content ------------------------------------------------------------------------------------------------- */

/* The blob of a layer that is unpacked already may be missing. */
static int keep_blobs(struct load *ld, struct err *e)
{
	const struct image_source *s = ld->source;
	int r = s->ops->keep(s->arg, &ld->img.manifest, e);

	if (r == 0)
		r = s->ops->keep(s->arg, &ld->img.id, e);
	for (size_t i = 0; r == 0 && i < ld->img.n_layers; i++) {
		r = s->ops->keep(s->arg, &ld->img.layers[i].blob, e);
		if (r == -ENOENT && !ld->img.layers[i].fresh)
			r = 0;
	}
	return r;
}

/* One sync for all: rows must not outlive what they tell of. Or they say that they might. */
static int load_content(struct load *ld, struct err *e)
{
	bool fresh = false;
	int r = load_layers(ld, &fresh, e);

	if (r == 0)
		r = keep_blobs(ld, e);
	if (r < 0)
		return r;
	ld->img.boot = ld->store->boot;
	return fresh && !ld->img.boot && syncfs(ld->store->layers) < 0 ? err_sys(e, "sync layers") : 0;
}

/* What this load unpacked is unknown to everybody else. */
static void undo(struct load *ld)
{
	for (size_t i = 0; i < ld->img.n_layers; i++) {
		struct image_layer *layer = &ld->img.layers[i];

		if (!layer->fresh)
			continue;
		layer_undo(ld->store->layers, layer->number, &layer->lock_fd);
		layer->fresh = false;
	}
	image_loaded_done(&ld->img);
}

int image_load_from(const struct image_source *source, const struct image_descriptor *manifest, const char *reference,
		    const struct image_store *store, struct arena *a, struct image_loaded *ret, struct err *e)
{
	struct load ld = { .source = source, .store = store, .arena = a,
			   .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };
	int r = read_manifest(&ld, manifest, e);

	if (r == 0)
		r = read_config(&ld, e);
	if (r == 0)
		r = check_documents(&ld, e);
	if (r == 0)
		r = load_content(&ld, e);
	if (r == 0 && reference) {
		ld.img.reference = arena_str(a, reference);
		r = ld.img.reference ? 0 : err_oom(e);
	}
	if (r < 0) {
		undo(&ld);
		return r;
	}
	*ret = ld.img;
	return 0;
}

/* ---- a layout as a source ------------------------------------------------------------------------------------ */

/* Only to open a layer: all else is done by one thread. A layout copies what of a directory it opens. */
struct layout_source {
	struct layout *layout;
	pthread_mutex_t opening;
};

static int layout_source_read(void *arg, const struct image_descriptor *d, struct buf *b, struct err *e)
{
	const struct layout_source *s = arg;

	return layout_read_blob(s->layout, &d->digest, b, e);
}

static int layout_source_open(void *arg, const struct image_descriptor *d, struct layer_stream *stream,
			      struct err *e)
{
	struct layout_source *s = arg;
	scoped_fd fd = -1;
	int64_t stored;
	int r;

	pthread_mutex_lock(&s->opening);
	r = layout_open_blob(s->layout, &d->digest, &fd, &stored, e);
	pthread_mutex_unlock(&s->opening);
	if (r == 0 && stored != d->size)
		r = err_set(e, EBADMSG, "it has %lld bytes, but the manifest says %lld", (long long)stored,
			    (long long)d->size);
	if (r < 0)
		return r;
	stream->fd = fd_take(&fd);
	stream->bytes = byte_source_fd(&stream->fd);
	return 0;
}

static int layout_source_close(void *arg, const struct image_descriptor *d, struct layer_stream *s, struct err *e)
{
	close(fd_take(&s->fd));
	return 0;
}

static int layout_source_keep(void *arg, const struct digest *d, struct err *e)
{
	const struct layout_source *s = arg;

	return layout_keep_blob(s->layout, d, e);
}

static const struct image_source_ops layout_source_ops = {
	.read = layout_source_read,
	.open = layout_source_open,
	.close = layout_source_close,
	.keep = layout_source_keep,
};

int image_load(struct layout *l, const struct layout_image *which, const char *reference,
	       const struct image_store *store, struct arena *a, struct image_loaded *ret, struct err *e)
{
	struct layout_source opened = { .layout = l, .opening = PTHREAD_MUTEX_INITIALIZER };
	const struct image_source source = { &layout_source_ops, &opened, 0 };
	const struct image_descriptor manifest = { .digest = which->manifest };

	return image_load_from(&source, &manifest, reference ? reference : which->reference, store, a, ret,
			       e);
}
