/* SPDX-License-Identifier: Apache-2.0 */
#include "image/pull.h"

#include "base/io.h"
#include "base/limits.h"
#include "base/scope.h"
#include "image/staging.h"
#include "storage/content.h"

#include <string.h>

#define DOWNLOADS 3 /* Docker's */
#define INDEX_DEPTH 4

struct pull {
	struct pull_options o;
	atomic_bool stop;
	struct arena arena;
	struct http *http;
	struct registry *reg;
	struct digest top; /* what the name stands for */
	struct sv index;   /* its bytes, if that is an index */
	struct image_descriptor manifest;
	struct sv manifest_json;
	/* of one pull_image() */
	struct fetch *fetch;
	int content;
};

/* ---- what the name means ------------------------------------------------------------------------------------- */

static int keep_text(struct pull *p, const struct buf *b, struct sv *ret, struct err *e)
{
	char *text = arena_alloc(&p->arena, b->len + 1);

	if (!text)
		return err_oom(e);
	if (b->len)
		memcpy(text, b->p, b->len);
	*ret = (struct sv){ text, b->len };
	return 0;
}

/* The one that fits best; of equals the first. */
static const struct image_descriptor *choose(const struct pull *p, const struct image_index *index)
{
	const struct image_descriptor *best = NULL;
	int best_fits = 0;

	for (size_t i = 0; i < index->manifests.n; i++) {
		const struct image_descriptor *d = &index->manifests.v[i];
		int fits = platform_fits(&p->o.platform, d->os, d->architecture, d->variant);

		if (fits > best_fits) {
			best = d;
			best_fits = fits;
		}
	}
	return best;
}

static int no_platform(const struct pull *p, struct err *e)
{
	char text[PLATFORM_SIZE];

	return err_set(e, ENOTSUP, "no matching manifest for %s in the manifest list entries",
		       platform_print(&p->o.platform, text));
}

static bool is_index(const char *type)
{
	return strcmp(type, MEDIA_OCI_INDEX) == 0 || strcmp(type, MEDIA_DOCKER_INDEX) == 0;
}

static int get_document(struct pull *p, const char *which, char type[128], struct digest *ret_digest, struct sv *ret,
			struct err *e)
{
	scoped_buf b = BUF(LIMIT_MANIFEST);
	int r = registry_manifest(p->reg, p->http, which, &b, type, ret_digest, e);

	return r == 0 ? keep_text(p, &b, ret, e) : r;
}

/* The registry's word counts before the document's: both are checked by the parser. */
static int resolve(struct pull *p, const char *name, struct err *e)
{
	char type[128], which[REFERENCE_TAG_MAX + DIGEST_HEX];
	struct digest digest;
	struct sv text;

	(void)snprintf(which, sizeof which, "%s", name);
	for (int depth = 0; depth < INDEX_DEPTH; depth++) {
		const struct image_descriptor *d;
		struct image_index index;
		int r = get_document(p, which, type, &digest, &text, e);

		if (r < 0)
			return r;
		if (depth == 0)
			p->top = digest;
		if (!is_index(type)) {
			p->manifest = (struct image_descriptor){ .digest = digest, .size = (int64_t)text.n };
			p->manifest_json = text;
			return 0;
		}
		r = image_index_parse(text, &p->arena, &index, e);
		if (r < 0)
			return err_wrap(e, r, "manifest list");
		if (depth == 0)
			p->index = text;
		d = choose(p, &index);
		if (!d)
			return no_platform(p, e);
		(void)snprintf(which, sizeof which, "sha256:%s", d->digest.hex);
	}
	return err_set(e, ELOOP, "more than %d manifest lists in each other", INDEX_DEPTH);
}

static void which_of(const struct reference *ref, char ret[REFERENCE_TAG_MAX + DIGEST_HEX])
{
	if (ref->digest.hex[0])
		(void)snprintf(ret, REFERENCE_TAG_MAX + DIGEST_HEX, "sha256:%s", ref->digest.hex);
	else
		(void)snprintf(ret, REFERENCE_TAG_MAX + DIGEST_HEX, "%s", ref->tag);
}

/* What one of several addresses says counts more than that another one cannot be reached. */
static bool tells_more(int r)
{
	return r == -ENOENT || r == -EACCES || r == -ENOTSUP || r == -EBADMSG || r == -EINVAL || r == -EMSGSIZE ||
	       r == -EIO || r == -ELOOP;
}

static int try_address(struct pull *p, const char *address, const struct reference *ref, struct err *e)
{
	char which[REFERENCE_TAG_MAX + DIGEST_HEX];
	int r = registry_open(&p->o.registry, address, ref->domain, ref->path, "pull", p->http, &p->reg, e);

	which_of(ref, which);
	if (r == 0 && which[0])
		r = resolve(p, which, e);
	if (r < 0) {
		registry_free(p->reg);
		p->reg = NULL;
	}
	return r;
}

static int find_address(struct pull *p, const struct reference *ref, struct err *e)
{
	struct oci_strings addresses;
	struct err first = { 0 };
	int r = registry_addresses(&p->o.registry, ref->domain, &p->arena, &addresses, e), found = -ENOENT;

	if (r < 0)
		return r;
	for (size_t i = 0; i < addresses.n; i++) {
		struct err failed = { 0 };

		r = try_address(p, addresses.v[i], ref, &failed);
		if (r == 0)
			return 0;
		if (i == 0 || !tells_more(found) || tells_more(r)) {
			first = failed;
			found = r;
		}
	}
	if (e)
		*e = first;
	return found;
}

static int pull_open(const struct pull_options *o, const struct reference *ref, struct pull **ret, struct err *e)
{
	struct pull *p = calloc(1, sizeof *p);
	int r;

	if (!p)
		return err_oom(e);
	p->o = *o;
	p->o.registry.stop = &p->stop;
	p->content = -1;
	p->arena = ARENA(LIMIT_ARENA_IMAGE);
	r = http_new(&p->http, e);
	if (r == 0)
		r = find_address(p, ref, e);
	if (r < 0) {
		pull_free(p);
		return r;
	}
	*ret = p;
	return 0;
}

int pull_begin(const struct pull_options *o, const struct reference *ref, struct pull **ret, struct err *e)
{
	struct image_manifest manifest;
	struct pull *p = NULL;
	int r = pull_open(o, ref, &p, e);

	if (r == 0)
		r = image_manifest_parse(p->manifest_json, &p->arena, &manifest, e);
	if (r < 0) {
		if (p)
			(void)err_wrap(e, r, "manifest");
		pull_free(p);
		return r;
	}
	if (o->resolved)
		o->resolved(o->arg, &manifest, &p->top);
	*ret = p;
	return 0;
}

int pull_tags(const struct pull_options *o, const struct reference *ref, struct arena *a, struct oci_strings *ret,
	      struct err *e)
{
	struct reference repository = *ref;
	scoped_pull p = NULL;
	int r;

	repository.tag[0] = repository.digest.hex[0] = '\0';
	r = pull_open(o, &repository, &p, e);
	return r == 0 ? registry_tags(p->reg, p->http, a, ret, e) : r;
}

void pull_free(struct pull *p)
{
	if (!p)
		return;
	fetch_free(p->fetch);
	registry_free(p->reg);
	http_free(p->http);
	arena_done(&p->arena);
	free(p);
}

const struct digest *pull_digest(const struct pull *p)
{
	return &p->top;
}

/* ---- a source ------------------------------------------------------------------------------------------------ */

static int source_read(void *arg, const struct image_descriptor *d, struct buf *b, struct err *e)
{
	struct pull *p = arg;

	if (strcmp(d->digest.hex, p->manifest.digest.hex) == 0)
		return buf_putsv(b, p->manifest_json) < 0 ? buf_status(b, e) : 0;
	return fetch_document(p->fetch, p->http, d, b, e);
}

static int source_announce(void *arg, const struct image_descriptor *const *layers, size_t n, struct err *e)
{
	struct pull *p = arg;

	return fetch_start(p->fetch, layers, n, p->o.downloads ? p->o.downloads : DOWNLOADS, e);
}

static int source_open(void *arg, const struct image_descriptor *d, struct layer_stream *ret, struct err *e)
{
	return fetch_open(((struct pull *)arg)->fetch, d, ret, e);
}

static int source_close(void *arg, const struct image_descriptor *d, struct layer_stream *s, struct err *e)
{
	return fetch_close(((struct pull *)arg)->fetch, s, e);
}

static void source_cancel(void *arg)
{
	fetch_stop(((struct pull *)arg)->fetch);
}

static int keep_document(struct pull *p, struct sv text, struct err *e)
{
	struct staging staging = { .dir = -1 };
	struct staged staged;
	int r = staging_begin(p->content, &staging, e);

	if (r == 0)
		r = staging_text(&staging, text, &staged, e);
	if (r == 0)
		r = staging_adopt(&staging, &staged, e);
	staging_end(&staging);
	return r;
}

/* Blobs are where they belong when they were fetched. */
static int source_keep(void *arg, const struct digest *d, struct err *e)
{
	struct pull *p = arg;
	scoped_fd fd = -1;
	int64_t size;

	if (strcmp(d->hex, p->manifest.digest.hex) == 0)
		return keep_document(p, p->manifest_json, e);
	return blob_open(p->content, d, &fd, &size, e);
}

static const struct image_source_ops source_ops = {
	.read = source_read,
	.announce = source_announce,
	.open = source_open,
	.close = source_close,
	.cancel = source_cancel,
	.keep = source_keep,
};

static int load_image(struct pull *p, const char *reference, const struct image_store *store, struct arena *a,
		      struct image_loaded *ret, struct err *e)
{
	const struct image_source source = { &source_ops, p, p->o.workers };
	struct image_loaded img;
	int r = image_load_from(&source, &p->manifest, reference, store, a, &img, e);

	if (r < 0)
		return r;
	if (p->index.n) {
		r = keep_document(p, p->index, e);
		img.index = p->top;
	}
	if (r < 0)
		image_loaded_done(&img);
	else
		*ret = img;
	return r;
}

int pull_image(struct pull *p, const char *reference, const struct image_store *store, struct arena *a,
	       struct image_loaded *ret, struct err *e)
{
	int r;

	p->content = store->content;
	atomic_store(&p->stop, false);
	r = fetch_new(p->reg, store->content, &p->stop, p->o.told, p->o.arg, &p->fetch, e);
	if (r == 0)
		r = load_image(p, reference, store, a, ret, e);
	fetch_free(PTR_TAKE(p->fetch));
	return r;
}
