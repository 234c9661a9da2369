/* SPDX-License-Identifier: Apache-2.0 */
#include "image/repack.h"

#include "base/buf.h"
#include "base/limits.h"
#include "base/scope.h"
#include "image/pack.h"
#include "oci/image_spec.h"
#include "storage/content.h"
#include "storage/layers.h"

#include <string.h>

struct repacking {
	struct staging *s;
	const struct image_store *store;
	const struct repack *what;
	struct image_manifest manifest;
	struct image_full_config config;
	const struct digest *lost; /* that is at work */
};

static bool is_missing(int content, const struct digest *d)
{
	scoped_fd fd = -1;

	return blob_open(content, d, &fd, &(int64_t){ 0 }, NULL) == -ENOENT;
}

static bool any_missing(const struct repacking *p)
{
	for (size_t i = 0; i < p->manifest.layers.n; i++)
		if (is_missing(p->store->content, &p->manifest.layers.v[i].digest))
			return true;
	return false;
}

static void told(void *arg, int64_t bytes)
{
	const struct repacking *p = arg;

	if (p->what->told)
		p->what->told(p->what->arg, p->lost, bytes);
}

static const char *layer_type(const struct image_manifest *m)
{
	return m->media_type && strcmp(m->media_type, MEDIA_DOCKER_MANIFEST) == 0 ? MEDIA_DOCKER_LAYER_GZIP :
										    MEDIA_OCI_LAYER_GZIP;
}

static int pack_layer(struct repacking *p, size_t i, struct err *e)
{
	struct image_descriptor *d = &p->manifest.layers.v[i];
	struct pack_options o = { .top = true, .told = told, .arg = p };
	scoped_fd tree = -1;
	struct staged blob;
	bool any;
	int r = layer_open(p->store->layers, p->what->numbers[i], &tree, e);

	p->lost = &d->digest;
	o.upper = tree;
	if (r == 0)
		r = pack_upper(p->s, &o, &p->config.base.diff_ids.v[i], &blob, &any, e);
	if (r == 0)
		r = staging_adopt(p->s, &blob, e);
	if (r < 0)
		return err_wrap(e, r, "layer %zu (sha256:%.12s)", i + 1, d->digest.hex);
	*d = (struct image_descriptor){ .digest = blob.digest,
					.size = blob.size,
					.media_type = layer_type(&p->manifest) };
	return 0;
}

static int put_document(struct repacking *p, const struct buf *text, struct digest *ret, int64_t *ret_size,
			struct err *e)
{
	struct staged file;
	int r = buf_status(text, e);

	if (r == 0)
		r = staging_text(p->s, buf_sv(text), &file, e);
	if (r == 0)
		r = staging_adopt(p->s, &file, e);
	if (r < 0)
		return r;
	*ret = file.digest;
	*ret_size = file.size;
	return 0;
}

static int put_documents(struct repacking *p, struct digest *ret_manifest, struct err *e)
{
	scoped_buf config = BUF(LIMIT_IMAGE_CONFIG), manifest = BUF(LIMIT_MANIFEST);
	struct image_descriptor *d = &p->manifest.config;
	int r = image_full_config_print(&p->config, &config, e);

	if (r == 0)
		r = put_document(p, &config, &d->digest, &d->size, e);
	if (r == 0)
		r = image_manifest_print(&p->manifest, &manifest, e);
	return r == 0 ? put_document(p, &manifest, ret_manifest, &(int64_t){ 0 }, e) : r;
}

static int parse(struct repacking *p, struct arena *a, struct err *e)
{
	int r = image_manifest_parse(p->what->manifest, a, &p->manifest, e);

	if (r == 0)
		r = image_full_config_parse(p->what->config, a, &p->config, e);
	if (r == 0 && (p->manifest.layers.n != p->what->n || p->config.base.diff_ids.n != p->what->n))
		r = err_set(e, EINVAL, "%zu layers in the manifest, %zu in the config, %zu in the store",
			    p->manifest.layers.n, p->config.base.diff_ids.n, p->what->n);
	return r;
}

int image_repack(struct staging *s, const struct image_store *store, const struct repack *what, struct arena *a,
		 struct digest *ret_manifest, struct err *e)
{
	struct repacking p = { .s = s, .store = store, .what = what };
	int r = parse(&p, a, e);

	if (r < 0 || !any_missing(&p))
		return r;
	for (size_t i = 0; r == 0 && i < what->n; i++)
		if (is_missing(store->content, &p.manifest.layers.v[i].digest))
			r = pack_layer(&p, i, e);
	if (r == 0)
		r = put_documents(&p, ret_manifest, e);
	return r < 0 ? r : 1;
}
