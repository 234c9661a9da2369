/* SPDX-License-Identifier: Apache-2.0 */
#include "image/fetch.h"

#include "base/io.h"
#include "base/limits.h"
#include "base/scope.h"
#include "image/sha256.h"
#include "storage/content.h"
#include "storage/partial.h"

#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/stat.h>

#define CHUNK (256u << 10)
#define GETS_ON (64 << 10) /* bytes of an attempt that make it a success: the next one counts as the first */
#define THREADS_MAX 16

/* A blob on its way. */
struct passage {
	struct fetch *f;
	const struct image_descriptor *d;
	struct partial file;
	struct sha256 *hash;
	bool kept; /* bytes of an earlier process are in it */
	int64_t skip; /* bytes to pass over: the registry began from the start again */

	int64_t have; /* these are f->lock's */
	bool done;
	struct err failed;
};

struct fetch {
	struct registry *reg;
	int content;
	atomic_bool *stop;
	fetch_told_fn *told;
	void *arg;

	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct passage *blobs;
	size_t n_blobs, taken;
	pthread_t threads[THREADS_MAX];
	unsigned n_threads;
};

static void tell(struct passage *p, enum fetch_step step)
{
	struct fetch *f = p->f;

	if (f->told)
		f->told(f->arg, p->d, step, p->have);
}

/* ---- bytes --------------------------------------------------------------------------------------------------- */

static void announce(struct passage *p, int64_t have)
{
	pthread_mutex_lock(&p->f->lock);
	p->have = have;
	tell(p, FETCH_LOADING);
	pthread_cond_broadcast(&p->f->changed);
	pthread_mutex_unlock(&p->f->lock);
}

/* What is in the file already, digested and shown to readers. */
static int take_up(struct passage *p, int64_t size, struct err *e)
{
	scoped_free char *chunk = malloc(CHUNK);
	int64_t at = 0;

	if (!chunk)
		return err_oom(e);
	while (at < size) {
		ssize_t n = pread(p->file.fd, chunk, CHUNK, at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? err_sys(e, "read blob") : err_set(e, EIO, "read blob: it became shorter");
		if (atomic_load(p->f->stop))
			return err_set(e, ECANCELED, "stopped");
		sha256_add(p->hash, chunk, (size_t)n);
		at += n;
		announce(p, at);
	}
	p->kept = size > 0;
	return 0;
}

static int begin_response(void *arg, const struct http_response *response, struct err *e)
{
	struct passage *p = arg;

	p->skip = response->status == 206 ? 0 : p->have;
	return 0;
}

static int take_bytes(void *arg, const void *data, size_t n, struct err *e)
{
	struct passage *p = arg;
	size_t skip = p->skip < (int64_t)n ? (size_t)p->skip : n;
	int r;

	p->skip -= (int64_t)skip;
	data = (const char *)data + skip;
	n -= skip;
	if ((int64_t)n > p->d->size - p->have)
		return err_set(e, EBADMSG, "blob sha256:%.12s has more than the %lld bytes that the manifest says",
			       p->d->digest.hex, (long long)p->d->size);
	if (n == 0)
		return 0;
	r = io_write_all(p->file.fd, data, n, e);
	if (r < 0)
		return err_wrap(e, r, "content store");
	sha256_add(p->hash, data, n);
	announce(p, p->have + (int64_t)n);
	return 0;
}

/* ---- one blob ------------------------------------------------------------------------------------------------ */

static int get_rest_once(struct passage *p, struct http *h, struct http_response *response, struct err *e)
{
	char url[100];
	struct http_request q = {
		.url = url, .from = p->have, .begin = begin_response, .sink = take_bytes, .arg = p, .body_fd = -1
	};
	int r;

	(void)snprintf(url, sizeof url, "/blobs/sha256:%s", p->d->digest.hex);
	if (lseek(p->file.fd, p->have, SEEK_SET) < 0)
		return err_sys(e, "blob");
	r = registry_do(p->f->reg, h, &q, response, e);
	if (r == 0 && response->status / 100 != 2 && !registry_passes(0, response))
		return registry_error(response, url + 1, e);
	if (r == 0 && response->status / 100 == 2 && p->have < p->d->size)
		return err_set(e, ECONNRESET, "blob sha256:%.12s ended after %lld of %lld bytes", p->d->digest.hex,
			       (long long)p->have, (long long)p->d->size);
	return r;
}

static int get_rest(struct passage *p, struct http *h, struct err *e)
{
	struct http_response response = { 0 };
	unsigned attempt = 1;
	int r;

	while (p->have < p->d->size) {
		int64_t before = p->have;

		r = get_rest_once(p, h, &response, e);
		if (p->have - before >= GETS_ON)
			attempt = 0;
		if (r == 0 && response.status / 100 == 2)
			continue;
		if (!registry_passes(r, &response) || attempt >= registry_attempts(p->f->reg))
			return r < 0 ? r : registry_error(&response, "blob", e);
		attempt++;
		pthread_mutex_lock(&p->f->lock);
		tell(p, FETCH_AGAIN);
		pthread_mutex_unlock(&p->f->lock);
		r = registry_pause(p->f->reg, attempt, &response, e);
		if (r < 0)
			return r;
	}
	return 0;
}

static int verify(struct passage *p, struct err *e)
{
	struct digest real;
	int r = sha256_end(p->hash, &real, e);

	if (r < 0)
		return r;
	if (strcmp(real.hex, p->d->digest.hex) == 0)
		return partial_adopt(p->f->content, &p->d->digest, &p->file, e);
	r = partial_drop(p->f->content, &p->d->digest, &p->file, e);
	if (r < 0)
		return r;
	return err_set(e, p->kept ? ESTALE : EBADMSG, "its bytes have the digest sha256:%s, not sha256:%s", real.hex,
		       p->d->digest.hex);
}

/* A part that is too long is nobody's. */
static int existing_size(struct passage *p, int64_t *ret, struct err *e)
{
	struct stat st;

	if (fstat(p->file.fd, &st) < 0)
		return err_sys(e, "blob");
	*ret = st.st_size;
	if (st.st_size <= p->d->size)
		return 0;
	if (p->file.whole)
		return err_set(e, EBADMSG, "it has %lld bytes, but the manifest says %lld", (long long)st.st_size,
			       (long long)p->d->size);
	*ret = 0;
	return ftruncate(p->file.fd, 0) < 0 ? err_sys(e, "blob") : 0;
}

static int obtain(struct passage *p, struct err *e)
{
	struct partial file;
	int r;

	if (p->d->size > (int64_t)LIMIT_LAYER_BYTES)
		return err_set(e, EFBIG, "%lld bytes are more than the %llu allowed", (long long)p->d->size,
			       (unsigned long long)LIMIT_LAYER_BYTES);
	r = partial_obtain(p->f->content, &p->d->digest, p->f->stop, &file, e);
	if (r < 0)
		return r;
	pthread_mutex_lock(&p->f->lock);
	p->file = file;
	pthread_mutex_unlock(&p->f->lock);
	return 0;
}

static int pass(struct passage *p, struct http *h, struct err *e)
{
	int64_t size = 0;
	int r = obtain(p, e);

	if (r == 0)
		r = sha256_new(&p->hash, e);
	if (r == 0)
		r = existing_size(p, &size, e);
	if (r == 0)
		r = take_up(p, size, e);
	if (r == 0 && p->file.whole && size < p->d->size) { /* a blob is whole or damaged */
		r = partial_drop(p->f->content, &p->d->digest, &p->file, e);
		r = r < 0 ? r : err_set(e, ESTALE, "it was cut off in the content store");
	}
	if (r == 0)
		r = get_rest(p, h, e);
	if (r == 0)
		r = verify(p, e);
	sha256_free(p->hash);
	p->hash = NULL;
	return r;
}

static void pass_and_tell(struct passage *p, struct http *h)
{
	struct err failed = { 0 };
	int r = pass(p, h, &failed);

	pthread_mutex_lock(&p->f->lock);
	if (r < 0)
		p->failed = failed;
	else
		tell(p, FETCH_VERIFIED);
	p->done = true;
	pthread_cond_broadcast(&p->f->changed);
	pthread_mutex_unlock(&p->f->lock);
}

/* ---- threads ------------------------------------------------------------------------------------------------- */

static struct passage *take_blob(struct fetch *f)
{
	struct passage *p = NULL;

	pthread_mutex_lock(&f->lock);
	if (f->taken < f->n_blobs)
		p = &f->blobs[f->taken++];
	pthread_mutex_unlock(&f->lock);
	return p;
}

static void *work(void *arg)
{
	struct fetch *f = arg;
	struct http *h = NULL;
	struct err failed = { 0 };
	struct passage *p;
	int r = http_new(&h, &failed);

	while ((p = take_blob(f))) {
		if (r == 0) {
			pass_and_tell(p, h);
			continue;
		}
		pthread_mutex_lock(&f->lock);
		p->failed = failed;
		p->done = true;
		pthread_cond_broadcast(&f->changed);
		pthread_mutex_unlock(&f->lock);
	}
	http_free(h);
	return NULL;
}

int fetch_new(struct registry *reg, int content, atomic_bool *stop, fetch_told_fn *told, void *arg, struct fetch **ret,
	      struct err *e)
{
	struct fetch *f = calloc(1, sizeof *f);

	if (!f)
		return err_oom(e);
	f->reg = reg;
	f->content = content;
	f->stop = stop;
	f->told = told;
	f->arg = arg;
	(void)pthread_mutex_init(&f->lock, NULL);
	(void)pthread_cond_init(&f->changed, NULL);
	*ret = f;
	return 0;
}

int fetch_start(struct fetch *f, const struct image_descriptor *const *blobs, size_t n, unsigned threads, struct err *e)
{
	f->blobs = calloc(n + 1, sizeof *f->blobs);
	if (!f->blobs)
		return err_oom(e);
	f->n_blobs = n;
	for (size_t i = 0; i < n; i++) {
		f->blobs[i] = (struct passage){ .f = f, .d = blobs[i], .file.fd = -1 };
		tell(&f->blobs[i], FETCH_WAITING);
	}
	while (f->n_threads < threads && f->n_threads < THREADS_MAX && f->n_threads < n) {
		int code = pthread_create(&f->threads[f->n_threads], NULL, work, f);

		if (code != 0 && f->n_threads == 0)
			return err_set(e, code, "start a thread: %s", strerror(code));
		if (code != 0)
			break;
		f->n_threads++;
	}
	return 0;
}

void fetch_stop(struct fetch *f)
{
	atomic_store(f->stop, true);
	pthread_mutex_lock(&f->lock);
	pthread_cond_broadcast(&f->changed);
	pthread_mutex_unlock(&f->lock);
}

void fetch_free(struct fetch *f)
{
	if (!f)
		return;
	if (f->n_threads)
		fetch_stop(f);
	for (unsigned i = 0; i < f->n_threads; i++)
		(void)pthread_join(f->threads[i], NULL);
	for (size_t i = 0; i < f->n_blobs; i++)
		partial_done(&f->blobs[i].file);
	(void)pthread_cond_destroy(&f->changed);
	(void)pthread_mutex_destroy(&f->lock);
	free(f->blobs);
	free(f);
}

/* ---- readers ------------------------------------------------------------------------------------------------- */

/* Up to this place there are bytes, or it is the end, or it failed. */
static int wait_for(struct passage *p, int64_t at, int64_t *ret_have, struct err *e)
{
	struct fetch *f = p->f;
	int r = 0;

	pthread_mutex_lock(&f->lock);
	while (p->have <= at && !p->done && !p->failed.code && !atomic_load(f->stop))
		pthread_cond_wait(&f->changed, &f->lock);
	if (p->have > at || (p->done && !p->failed.code))
		*ret_have = p->have;
	else if (p->failed.code)
		r = err_set(e, p->failed.code, "%s", p->failed.msg);
	else
		r = err_set(e, ECANCELED, "stopped");
	pthread_mutex_unlock(&f->lock);
	return r;
}

struct reader {
	struct passage *p;
	int64_t at;
};

static ssize_t read_passage(void *arg, void *to, size_t n, struct err *e)
{
	struct reader *reader = arg;
	int64_t have = 0;
	int r = wait_for(reader->p, reader->at, &have, e);
	ssize_t got;

	if (r < 0 || have == reader->at)
		return r;
	if ((int64_t)n > have - reader->at)
		n = (size_t)(have - reader->at);
	do
		got = pread(reader->p->file.fd, to, n, reader->at);
	while (got < 0 && errno == EINTR);
	if (got <= 0)
		return got < 0 ? err_sys(e, "read blob") : err_set(e, EIO, "read blob: it became shorter");
	reader->at += got;
	return got;
}

int fetch_open(struct fetch *f, const struct image_descriptor *d, struct layer_stream *ret, struct err *e)
{
	struct reader *reader = calloc(1, sizeof *reader);

	if (!reader)
		return err_oom(e);
	for (size_t i = 0; i < f->n_blobs; i++)
		if (f->blobs[i].d == d)
			reader->p = &f->blobs[i];
	if (!reader->p) {
		free(reader);
		return err_set(e, ENOENT, "blob sha256:%s was not announced", d->digest.hex);
	}
	ret->handle = reader;
	ret->bytes = (struct byte_source){ read_passage, reader };
	return 0;
}

int fetch_close(struct fetch *f, struct layer_stream *s, struct err *e)
{
	struct reader *reader = s->handle;
	struct passage *p = reader->p;
	int r = 0;

	pthread_mutex_lock(&f->lock);
	while (!p->done && !atomic_load(f->stop))
		pthread_cond_wait(&f->changed, &f->lock);
	if (p->failed.code)
		r = err_set(e, p->failed.code, "%s", p->failed.msg);
	else if (!p->done)
		r = err_set(e, ECANCELED, "stopped");
	if (p->done)
		partial_done(&p->file);
	pthread_mutex_unlock(&f->lock);
	free(reader);
	s->handle = NULL;
	return r;
}

/* ---- documents ----------------------------------------------------------------------------------------------- */

int fetch_document(struct fetch *f, struct http *h, const struct image_descriptor *d, struct buf *b, struct err *e)
{
	struct passage p = { .f = f, .d = d, .file.fd = -1 };
	int r = d->size > (int64_t)b->max ? err_set(e, EMSGSIZE, "more than %zu bytes", b->max) : 0;
	fetch_told_fn *told = f->told;

	f->told = NULL;
	if (r == 0)
		r = pass(&p, h, e);
	if (r == -ESTALE) { /* from nothing then */
		partial_done(&p.file);
		p = (struct passage){ .f = f, .d = d, .file.fd = -1 };
		r = pass(&p, h, e);
	}
	if (r == 0)
		r = lseek(p.file.fd, 0, SEEK_SET) < 0 ? err_sys(e, "blob") : io_read_fd(p.file.fd, b, e);
	f->told = told;
	partial_done(&p.file);
	return r < 0 ? err_wrap(e, r, "blob sha256:%.12s", d->digest.hex) : 0;
}
