/* SPDX-License-Identifier: Apache-2.0 */
#include "image/load.h"

#include "base/limits.h"
#include "base/scope.h"
#include "image/sha256.h"
#include "image/tar.h"
#include "storage/layers.h"

#include <string.h>

struct load {
	struct layout *layout;
	const struct image_store *store;
	const struct image_ceilings *ceilings;
	struct arena *arena;
	struct image_config config;
	struct image_manifest manifest;
	struct image_loaded img;
	unsigned *numbers; /* of the layers below the one at hand */
};

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

static int read_document(struct load *ld, const struct digest *d, size_t max_bytes, struct sv *ret, struct err *e)
{
	scoped_buf b = BUF(max_bytes);
	char *text;
	int r = layout_read_blob(ld->layout, d, &b, e);

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

static int read_manifest(struct load *ld, const struct digest *d, struct err *e)
{
	int r = read_document(ld, d, LIMIT_MANIFEST, &ld->img.manifest_json, e);

	if (r == 0)
		r = image_manifest_parse(ld->img.manifest_json, ld->arena, &ld->manifest, e);
	if (r < 0)
		return err_wrap(e, r, "manifest");
	ld->img.manifest = *d;
	return 0;
}

static int read_config(struct load *ld, struct err *e)
{
	int r = read_document(ld, &ld->manifest.config.digest, LIMIT_IMAGE_CONFIG, &ld->img.config_json, e);

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

/* ---- layers -------------------------------------------------------------------------------------------------- */

/* A layer's stored bytes on their way, counted. */
struct counted {
	const struct load *ld;
	const struct image_layer *layer;
	int fd;
	int64_t done;
};

static ssize_t read_counted(void *arg, void *to, size_t n, struct err *e)
{
	struct counted *c = arg;
	const struct image_store *s = c->ld->store;
	struct byte_source file = byte_source_fd(&c->fd);
	ssize_t got = file.read(file.arg, to, n, e);

	if (got > 0)
		c->done += got;
	if (got >= 0 && s->progress)
		s->progress(s->progress_arg, &c->layer->diff_id, c->done, c->layer->blob_bytes);
	return got;
}

/* unpack_into - the blob's tree into an empty directory; the stream must have the digest that the config promises. */
static int unpack_into(struct load *ld, size_t i, int dir, int blob, int64_t *ret_size, struct err *e)
{
	struct counted from = { ld, &ld->img.layers[i], blob, 0 };
	const struct tree_options o = { dir, ld->store->layers, ld->numbers, i, ld->ceilings->layer_entries };
	scoped_inflate in = NULL;
	struct digest real;
	uint64_t bytes = 0;
	int r = inflate_open((struct byte_source){ read_counted, &from }, ld->ceilings->layer_bytes, &in, e);

	if (r == 0)
		r = tar_unpack(in, &o, &bytes, e);
	if (r == 0)
		r = inflate_end(in, &real, e);
	if (r < 0)
		return r;
	if (strcmp(real.hex, ld->config.diff_ids.v[i].hex) != 0)
		return err_set(e, EBADMSG, "unpacked it has the digest sha256:%s, but the config says sha256:%s",
			       real.hex, ld->config.diff_ids.v[i].hex);
	*ret_size = (int64_t)bytes;
	return 0;
}

static int unpack_layer(struct load *ld, size_t i, struct image_layer *layer, struct err *e)
{
	struct layer_draft draft = { .dir = -1 };
	scoped_fd blob = -1;
	int64_t stored;
	int r = layout_open_blob(ld->layout, &layer->blob, &blob, &stored, e);

	if (r == 0 && stored != layer->blob_bytes)
		r = err_set(e, EBADMSG, "it has %lld bytes, but the manifest says %lld", (long long)stored,
			    (long long)layer->blob_bytes);
	if (r == 0)
		r = layer_draft_begin(ld->store->layers, &draft, e);
	if (r < 0)
		return r;
	r = unpack_into(ld, i, draft.dir, blob, &layer->size_bytes, e);
	if (r == 0)
		r = layer_draft_finish(ld->store->layers, &draft, &layer->number, &layer->lock_fd, e);
	if (r == 0)
		layer->fresh = true;
	layer_draft_drop(ld->store->layers, &draft);
	return r;
}

/* 62 bits of the chain id: enough that two different ones do not wait for each other. */
static uint64_t chain_key(const struct digest *chain)
{
	uint64_t key = 0;

	for (int i = 0; i < 16; i++)
		key = key << 4 | (uint64_t)(chain->hex[i] <= '9' ? chain->hex[i] - '0' : chain->hex[i] - 'a' + 10);
	return key;
}

/* Known already: without a lock. Else with it, and asked again: another loader may just have recorded it. */
static int find_or_unpack(struct load *ld, size_t i, struct image_layer *layer, struct err *e)
{
	const struct image_store *s = ld->store;
	int fd = ld->img.locked ? ld->img.chain_lock : -1;
	int r = s->find_layer(s->arg, &layer->chain_id, &layer->number, e);

	if (r != 0)
		return r < 0 ? r : 0;
	r = layer_lock_chain(s->layers, chain_key(&layer->chain_id), &fd, e);
	ld->img.locked = fd >= 0;
	ld->img.chain_lock = fd;
	if (r == 0)
		r = s->find_layer(s->arg, &layer->chain_id, &layer->number, e);
	if (r != 0)
		return r < 0 ? r : 0;
	return unpack_layer(ld, i, layer, e);
}

static int load_layer(struct load *ld, size_t i, struct err *e)
{
	struct image_layer *layer = &ld->img.layers[i];
	const struct image_descriptor *d = &ld->manifest.layers.v[i];
	int r;

	*layer = (struct image_layer){ .diff_id = ld->config.diff_ids.v[i], .blob = d->digest, .lock_fd = -1,
				       .media_type = d->media_type, .blob_bytes = d->size };
	r = image_chain_id(i ? &layer[-1].chain_id : NULL, &layer->diff_id, &layer->chain_id, e);
	if (r == 0)
		r = find_or_unpack(ld, i, layer, e);
	if (r < 0)
		return err_wrap(e, r, "layer %zu (sha256:%.12s)", i + 1, d->digest.hex);
	ld->numbers[i] = layer->number;
	ld->img.n_layers = i + 1;
	return 0;
}

static int load_layers(struct load *ld, bool *ret_fresh, struct err *e)
{
	size_t n = ld->manifest.layers.n;
	bool fresh = false;

	ld->img.layers = arena_array(ld->arena, n + 1, sizeof *ld->img.layers);
	ld->numbers = arena_array(ld->arena, n + 1, sizeof *ld->numbers);
	if (!ld->img.layers || !ld->numbers)
		return err_oom(e);
	for (size_t i = 0; i < n; i++) {
		int r = load_layer(ld, i, e);

		if (r < 0)
			return r;
		fresh |= ld->img.layers[i].fresh;
	}
	*ret_fresh = fresh;
	return 0;
}

/* The blob of a layer that is unpacked already may be missing. */
static int keep_blobs(struct load *ld, struct err *e)
{
	int r = layout_keep_blob(ld->layout, &ld->img.manifest, e);

	if (r == 0)
		r = layout_keep_blob(ld->layout, &ld->img.id, e);
	for (size_t i = 0; r == 0 && i < ld->img.n_layers; i++) {
		r = layout_keep_blob(ld->layout, &ld->img.layers[i].blob, e);
		if (r == -ENOENT && !ld->img.layers[i].fresh)
			r = 0;
	}
	return r;
}

/* One sync for all: rows must not outlive what they tell of. */
static int load_content(struct load *ld, struct err *e)
{
	bool fresh = false;
	int r = load_layers(ld, &fresh, e);

	if (r == 0)
		r = keep_blobs(ld, e);
	if (r < 0)
		return r;
	return fresh && syncfs(ld->store->layers) < 0 ? err_sys(e, "sync layers") : 0;
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

static const struct image_ceilings defaults = { LIMIT_LAYER_BYTES, LIMIT_LAYER_ENTRIES };

int image_load(struct layout *l, const struct layout_image *which, const char *reference,
	       const struct image_store *store, const struct image_ceilings *ceilings, struct arena *a,
	       struct image_loaded *ret, struct err *e)
{
	struct load ld = { .layout = l, .store = store, .ceilings = ceilings ? ceilings : &defaults, .arena = a };
	int r = read_manifest(&ld, &which->manifest, e);

	if (r == 0)
		r = read_config(&ld, e);
	if (r == 0)
		r = check_documents(&ld, e);
	if (r == 0)
		r = load_content(&ld, e);
	if (r == 0 && (reference || which->reference)) {
		ld.img.reference = arena_str(a, reference ? reference : which->reference);
		r = ld.img.reference ? 0 : err_oom(e);
	}
	if (r < 0) {
		undo(&ld);
		return r;
	}
	*ret = ld.img;
	return 0;
}
