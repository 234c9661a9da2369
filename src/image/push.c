/* SPDX-License-Identifier: Apache-2.0 */
#include "image/push.h"

#include "base/limits.h"
#include "base/scope.h"
#include "image/sha256.h"
#include "storage/content.h"

#include <pthread.h>
#include <string.h>

#define UPLOADS 3
#define CHUNK (64ll << 20) /* of one request: what a broken one costs */

struct push {
	struct push_options o;
	atomic_bool stop;
	struct arena arena;
	struct registry *reg;
	struct image_manifest manifest;

	pthread_mutex_t lock; /* of what follows and of the callbacks */
	size_t taken;
	struct err failed;
};

/* A blob on its way. */
struct parcel {
	struct push *p;
	const struct image_descriptor *d;
	int fd;
	int64_t sent; /* bytes that the registry has */
	char location[HTTP_URL_MAX];
};

static void tell(struct push *p, const struct image_descriptor *d, enum push_step step, int64_t done, const char *from)
{
	pthread_mutex_lock(&p->lock);
	p->o.told(p->o.arg, d, step, done, from);
	pthread_mutex_unlock(&p->lock);
}

/* ---- one blob ------------------------------------------------------------------------------------------------ */

/* 1: it is there. */
static int is_there(struct push *p, struct http *h, const struct image_descriptor *d, struct err *e)
{
	char url[100];
	struct http_request q = { .method = "HEAD", .url = url, .body_fd = -1 };
	struct http_response response;
	scoped_buf none = BUF(1);
	int r;

	(void)snprintf(url, sizeof url, "/blobs/sha256:%s", d->digest.hex);
	r = registry_ask(p->reg, h, &q, &none, &response, e);
	return r == 0 ? 1 : r == -ENOENT ? 0 : r;
}

static void keep_location(struct parcel *x, const struct http_response *response)
{
	if (response->location[0])
		memcpy(x->location, response->location, sizeof x->location);
}

/* 1: the registry took it from another repository of its own, `from`; 0: it is to be sent to x->location. */
static int begin_upload(struct parcel *x, struct http *h, char from[REFERENCE_PATH_MAX + 1], struct err *e)
{
	struct push *p = x->p;
	scoped_buf url = BUF(HTTP_URL_MAX), none = BUF(64u << 10);
	struct http_request q = { .method = "POST", .has_body = true, .body_fd = -1 };
	struct http_response response;
	int r = 0;

	pthread_mutex_lock(&p->lock);
	p->o.elsewhere(p->o.arg, &x->d->digest, from);
	if (from[0])
		r = registry_also_from(p->reg, from, e);
	pthread_mutex_unlock(&p->lock);
	if (r < 0)
		return r;
	buf_puts(&url, "/blobs/uploads/");
	if (from[0]) {
		buf_putf(&url, "?mount=sha256%%3A%s&from=", x->d->digest.hex);
		http_encode(&url, from);
	}
	if (url.failed)
		return buf_status(&url, e);
	q.url = url.p;
	r = registry_ask(p->reg, h, &q, &none, &response, e);
	if (r < 0)
		return r;
	if (response.status == 201 && from[0])
		return 1;
	if (!response.location[0])
		return err_set(e, EPROTO, "the registry does not say where to send a blob to");
	keep_location(x, &response);
	return 0;
}

/* A chunk that broke: how far it got. */
static int ask_progress(struct parcel *x, struct http *h, struct err *e)
{
	struct http_request q = { .url = x->location, .body_fd = -1 };
	struct http_response response;
	int r = registry_do(x->p->reg, h, &q, &response, e);

	if (r < 0 || response.status / 100 != 2)
		return r < 0 ? r : registry_error(&response, "upload", e);
	keep_location(x, &response);
	x->sent = response.range_end >= 0 ? response.range_end + 1 : 0;
	if (x->sent == 1 && response.range_end == 0)
		x->sent = 0; /* "0-0" is how a registry says that it has nothing */
	return 0;
}

static void on_sent(void *arg, int64_t n)
{
	struct parcel *x = arg;

	tell(x->p, x->d, PUSH_SENDING, x->sent + n, NULL);
}

static int send_chunk(struct parcel *x, struct http *h, struct http_response *response, struct err *e)
{
	char range[100];
	int64_t left = x->d->size - x->sent, n = left < CHUNK ? left : CHUNK;
	struct http_request q = { .method = "PATCH", .url = x->location, .has_body = true, .body_fd = x->fd,
				  .body_at = x->sent, .body_size = n, .sent = on_sent, .arg = x,
				  .headers = { "Content-Type: application/octet-stream", range } };
	int r;

	(void)snprintf(range, sizeof range, "Content-Range: %lld-%lld", (long long)x->sent,
		       (long long)(x->sent + n - 1));
	r = registry_do(x->p->reg, h, &q, response, e);
	if (r == 0 && response->status / 100 == 2) {
		keep_location(x, response);
		x->sent += n;
	}
	return r;
}

/* 416: it has another number of bytes than we think, for it was still at those of a chunk that broke when we asked. */
static bool may_go_on(int rc, const struct http_response *response)
{
	return registry_passes(rc, response) || (rc == 0 && response->status == 416);
}

static int send_all(struct parcel *x, struct http *h, struct err *e)
{
	unsigned attempt = 1;

	while (x->sent < x->d->size) {
		struct http_response response;
		int64_t before = x->sent;
		int r = send_chunk(x, h, &response, e);

		if (r == 0 && response.status / 100 == 2) {
			attempt = 1;
			continue;
		}
		if (!may_go_on(r, &response) || attempt >= registry_attempts(x->p->reg))
			return r < 0 ? r : registry_error(&response, "upload", e);
		r = registry_pause(x->p->reg, attempt++, &response, e);
		if (r == 0)
			r = ask_progress(x, h, e);
		if (r < 0)
			return r;
		if (x->sent > before)
			attempt = 1;
	}
	return 0;
}

static int finish_upload(struct parcel *x, struct http *h, struct err *e)
{
	scoped_buf url = BUF(HTTP_URL_MAX), none = BUF(64u << 10);
	struct http_request q = { .method = "PUT", .has_body = true, .body_fd = -1 };
	struct http_response response;

	buf_putf(&url, "%s%cdigest=sha256%%3A%s", x->location, strchr(x->location, '?') ? '&' : '?', x->d->digest.hex);
	if (url.failed)
		return buf_status(&url, e);
	q.url = url.p;
	return registry_ask(x->p->reg, h, &q, &none, &response, e);
}

static int send_blob(struct parcel *x, struct http *h, struct err *e)
{
	char from[REFERENCE_PATH_MAX + 1] = "";
	int64_t size;
	int r = is_there(x->p, h, x->d, e);

	if (r == 1)
		tell(x->p, x->d, PUSH_THERE, 0, NULL);
	if (r != 0)
		return r < 0 ? r : 0;
	r = blob_open(x->p->o.content, &x->d->digest, &x->fd, &size, e);
	if (r == 0 && size != x->d->size)
		r = err_set(e, EBADMSG, "it has %lld bytes, but the manifest says %lld", (long long)size,
			    (long long)x->d->size);
	if (r == 0)
		r = begin_upload(x, h, from, e);
	if (r == 1)
		tell(x->p, x->d, PUSH_MOUNTED, 0, from);
	if (r != 0)
		return r < 0 ? r : 0;
	tell(x->p, x->d, PUSH_SENDING, 0, NULL);
	r = send_all(x, h, e);
	if (r == 0)
		r = finish_upload(x, h, e);
	if (r == 0)
		tell(x->p, x->d, PUSH_SENT, x->d->size, NULL);
	return r;
}

/* ---- all of them --------------------------------------------------------------------------------------------- */

/* Layers, then the config. */
static const struct image_descriptor *take_blob(struct push *p)
{
	const struct image_descriptor *d = NULL;

	pthread_mutex_lock(&p->lock);
	if (!p->failed.code && p->taken <= p->manifest.layers.n) {
		d = p->taken < p->manifest.layers.n ? &p->manifest.layers.v[p->taken] : &p->manifest.config;
		p->taken++;
	}
	pthread_mutex_unlock(&p->lock);
	return d;
}

static void fail(struct push *p, const struct err *failed)
{
	pthread_mutex_lock(&p->lock);
	if (!p->failed.code)
		p->failed = *failed;
	pthread_mutex_unlock(&p->lock);
	atomic_store(&p->stop, true);
}

static void *work(void *arg)
{
	struct push *p = arg;
	const struct image_descriptor *d;
	struct err failed = { 0 };
	scoped_http h = NULL;

	if (http_new(&h, &failed) < 0) {
		fail(p, &failed);
		return NULL;
	}
	while ((d = take_blob(p))) {
		struct parcel *x = calloc(1, sizeof *x);
		int r = x ? 0 : err_oom(&failed);

		if (x) {
			*x = (struct parcel){ .p = p, .d = d, .fd = -1 };
			r = send_blob(x, h, &failed);
			if (x->fd >= 0)
				close(x->fd);
		}
		free(x);
		if (r < 0) {
			(void)err_wrap(&failed, r, "blob sha256:%.12s", d->digest.hex);
			fail(p, &failed);
		}
	}
	return NULL;
}

static int work_all(struct push *p, struct err *e)
{
	pthread_t threads[UPLOADS];
	unsigned n = 0;

	while (n + 1 < UPLOADS && n < p->manifest.layers.n && pthread_create(&threads[n], NULL, work, p) == 0)
		n++;
	(void)work(p);
	for (unsigned i = 0; i < n; i++)
		(void)pthread_join(threads[i], NULL);
	if (p->failed.code && e)
		*e = p->failed;
	return -p->failed.code;
}

static int put_manifest(struct push *p, struct http *h, const struct reference *ref, struct sv text,
			struct digest *ret_digest, struct err *e)
{
	char url[REFERENCE_TAG_MAX + 100], type[200];
	struct http_request q = {
		.method = "PUT", .url = url, .headers = { type }, .body = text, .has_body = true, .body_fd = -1
	};
	struct http_response response;
	scoped_buf none = BUF(64u << 10);
	struct digest digest, said;
	int r = sha256_of(text.p, text.n, &digest, e);

	(void)snprintf(url, sizeof url, "/manifests/%s", ref->tag);
	(void)snprintf(type, sizeof type, "Content-Type: %.150s",
		       p->manifest.media_type ? p->manifest.media_type : MEDIA_OCI_MANIFEST);
	if (r == 0)
		r = registry_ask(p->reg, h, &q, &none, &response, e);
	if (r < 0)
		return r;
	if (digest_parse(sv_from(response.digest), &said, NULL) == 0 && strcmp(said.hex, digest.hex) != 0)
		return err_set(e, EBADMSG, "the registry keeps the manifest as sha256:%s, not as sha256:%s", said.hex,
			       digest.hex);
	*ret_digest = digest;
	return 0;
}

/* The first address that answers: mirrors are not written to. */
static int open_registry(struct push *p, const struct reference *ref, struct http *h, struct err *e)
{
	struct registry_options without = p->o.registry;
	struct oci_strings addresses;
	int r;

	without.mirrors.n = 0;
	r = registry_addresses(&without, ref->domain, &p->arena, &addresses, e);
	for (size_t i = 0; r == 0 && i < addresses.n; i++) {
		r = registry_open(&p->o.registry, addresses.v[i], ref->domain, ref->path, "pull,push", h, &p->reg, e);
		if (r == 0 || i + 1 == addresses.n || r == -EACCES)
			break;
		r = 0;
	}
	return r;
}

int push_image(const struct push_options *o, const struct reference *ref, struct sv manifest, struct digest *ret_digest,
	       struct err *e)
{
	struct push p = { .o = *o, .arena = ARENA(LIMIT_ARENA_IMAGE), .lock = PTHREAD_MUTEX_INITIALIZER };
	scoped_http h = NULL;
	int r = image_manifest_parse(manifest, &p.arena, &p.manifest, e);

	p.o.registry.stop = &p.stop;
	if (r == 0)
		r = http_new(&h, e);
	if (r == 0)
		r = open_registry(&p, ref, h, e);
	for (size_t i = 0; r == 0 && i < p.manifest.layers.n; i++)
		tell(&p, &p.manifest.layers.v[i], PUSH_PREPARING, 0, NULL);
	if (r == 0)
		r = work_all(&p, e);
	if (r == 0)
		r = put_manifest(&p, h, ref, manifest, ret_digest, e);
	registry_free(p.reg);
	arena_done(&p.arena);
	return r;
}
