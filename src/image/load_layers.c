/* SPDX-License-Identifier: Apache-2.0 */
/* load_layers.c - the layers of an image become trees, several at a time.
 *
 * Layers are taken from the lowest up. One that needs a look at those below it (image/tree.h) waits until they are ready:
 * they were taken earlier, so somebody is at them. */
#include "base/limits.h"
#include "base/parallel.h"
#include "base/scope.h"
#include "image/load_priv.h"
#include "image/tar.h"
#include "storage/layers.h"

#include <string.h>

#define WORKERS_MAX 32

/* A layer's stored bytes on their way, counted. */
struct counted {
	struct load *ld;
	const struct image_layer *layer;
	struct layer_stream stream;
	int64_t done;
};

static ssize_t read_counted(void *arg, void *to, size_t n, struct err *e)
{
	struct counted *c = arg;
	const struct image_store *s = c->ld->store;
	ssize_t got = c->stream.bytes.read(c->stream.bytes.arg, to, n, e);

	if (got > 0)
		c->done += got;
	if (got >= 0 && s->progress) {
		pthread_mutex_lock(&c->ld->lock);
		s->progress(s->progress_arg, c->layer, c->done);
		pthread_mutex_unlock(&c->ld->lock);
	}
	return got;
}

/* ---- one layer ----------------------------------------------------------------------------------------------- */

struct below {
	struct load *ld;
	size_t n;
};

static int wait_below(void *arg, struct err *e)
{
	const struct below *b = arg;
	struct load *ld = b->ld;
	int r = 0;

	pthread_mutex_lock(&ld->lock);
	for (size_t i = 0; r == 0 && i < b->n; i++) {
		while (!ld->ready[i] && !ld->failed.code)
			pthread_cond_wait(&ld->changed, &ld->lock);
		r = ld->ready[i] ? 0 : err_set(e, ECANCELED, "a layer below failed");
	}
	pthread_mutex_unlock(&ld->lock);
	return r;
}

static unsigned workers_of(const struct image_source *s)
{
	return s->workers ? s->workers : parallel_cpus();
}

/* When so much of all is in this layer, the others will be done while it still is at work: then processors are free. */
static bool is_the_most(const struct load *ld, size_t i)
{
	unsigned workers = workers_of(ld->source);

	return workers > 1 && ld->manifest.layers.v[i].size > ld->todo_bytes / workers;
}

static uint64_t or_default(uint64_t ceiling, uint64_t otherwise)
{
	return ceiling ? ceiling : otherwise;
}

/* unpack_into - the blob's tree into an empty directory; the stream must have the digest that the config promises. */
static int unpack_into(struct counted *from, size_t i, int dir, int64_t *ret_size, struct err *e)
{
	struct load *ld = from->ld;
	struct below below = { ld, i };
	const struct tree_options o = { .root = dir,
					.layers = ld->store->layers,
					.below = ld->numbers,
					.n_below = i,
					.max_entries =
						or_default(ld->store->ceilings.layer_entries, LIMIT_LAYER_ENTRIES),
					.wait_below = wait_below,
					.arg = &below };
	scoped_inflate in = NULL;
	struct digest real;
	uint64_t bytes = 0;
	int r = inflate_open((struct byte_source){ read_counted, from },
			     or_default(ld->store->ceilings.layer_bytes, LIMIT_LAYER_BYTES), &in, e);

	if (r == 0)
		r = tar_unpack(in, &o, is_the_most(ld, i), &bytes, e);
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

/* What the source says of its bytes explains better than what they became; that somebody else failed explains nothing. */
static int close_stream(struct counted *from, const struct image_descriptor *d, int r, struct err *e)
{
	const struct image_source *s = from->ld->source;
	struct err said = { 0 };
	int closed = s->ops->close(s->arg, d, &from->stream, &said);

	if (closed < 0 && (r == 0 || closed != -ECANCELED)) {
		if (e)
			*e = said;
		return closed;
	}
	return r;
}

static int unpack_layer(struct load *ld, size_t i, struct err *e)
{
	struct image_layer *layer = &ld->img.layers[i];
	const struct image_descriptor *d = &ld->manifest.layers.v[i];
	struct counted from = { .ld = ld, .layer = layer };
	struct layer_draft draft = { .dir = -1 };
	int r = ld->source->ops->open(ld->source->arg, d, &from.stream, e);

	if (r < 0)
		return r;
	r = layer_draft_begin(ld->store->layers, &draft, e);
	if (r == 0)
		r = unpack_into(&from, i, draft.dir, &layer->size_bytes, e);
	r = close_stream(&from, d, r, e);
	if (r == 0)
		r = layer_draft_finish(ld->store->layers, &draft, &layer->number, &layer->lock_fd, e);
	if (r == 0)
		layer->fresh = true;
	layer_draft_drop(ld->store->layers, &draft);
	return r;
}

/* ---- all of them --------------------------------------------------------------------------------------------- */

static bool take_layer(struct load *ld, size_t *ret)
{
	bool there;

	pthread_mutex_lock(&ld->lock);
	there = !ld->failed.code && ld->taken < ld->n_todo;
	if (there)
		*ret = ld->todo[ld->taken++];
	pthread_mutex_unlock(&ld->lock);
	return there;
}

static void *work(void *arg)
{
	struct load *ld = arg;
	size_t i;

	while (take_layer(ld, &i)) {
		struct err failed = { 0 };
		int r = unpack_layer(ld, i, &failed);
		bool first = false;

		if (r < 0)
			(void)err_wrap(&failed, r, "layer %zu (sha256:%.12s)", i + 1, ld->img.layers[i].blob.hex);
		pthread_mutex_lock(&ld->lock);
		ld->ready[i] = r == 0;
		ld->numbers[i] = ld->img.layers[i].number;
		if (r == 0 && ld->store->ready)
			ld->store->ready(ld->store->progress_arg, &ld->img.layers[i]);
		if (r < 0 && !ld->failed.code) {
			ld->failed = failed;
			first = true;
		}
		pthread_cond_broadcast(&ld->changed);
		pthread_mutex_unlock(&ld->lock);
		if (first && ld->source->ops->cancel)
			ld->source->ops->cancel(ld->source->arg);
	}
	return NULL;
}

/* The caller's thread works too: when no thread can be had, it does all. */
static int work_all(struct load *ld, struct err *e)
{
	pthread_t threads[WORKERS_MAX];
	unsigned n = 0, more = workers_of(ld->source) - 1;

	while (n < more && n < WORKERS_MAX && n + 1 < ld->n_todo && pthread_create(&threads[n], NULL, work, ld) == 0)
		n++;
	(void)work(ld);
	for (unsigned i = 0; i < n; i++)
		(void)pthread_join(threads[i], NULL);
	if (ld->failed.code && e)
		*e = ld->failed;
	return -ld->failed.code;
}

static int announce(struct load *ld, struct err *e)
{
	const struct image_descriptor **list = arena_array(ld->arena, ld->n_todo + 1, sizeof *list);

	if (!list)
		return err_oom(e);
	for (size_t i = 0; i < ld->n_todo; i++)
		list[i] = &ld->manifest.layers.v[ld->todo[i]];
	if (!ld->source->ops->announce || ld->n_todo == 0)
		return 0;
	return ld->source->ops->announce(ld->source->arg, list, ld->n_todo, e);
}

/* 62 bits of the chain id: enough that two different ones do not wait for each other. */
static uint64_t chain_key(const struct digest *chain)
{
	uint64_t key = 0;

	for (int i = 0; i < 16; i++)
		key = key << 4 | (uint64_t)(chain->hex[i] <= '9' ? chain->hex[i] - '0' : chain->hex[i] - 'a' + 10);
	return key;
}

/* Known already: without a lock, 1. Else with it, and asked again: another loader may just have recorded it. */
static int find_layer(struct load *ld, struct image_layer *layer, struct err *e)
{
	const struct image_store *s = ld->store;
	int fd = ld->img.locked ? ld->img.chain_lock : -1;
	int r = s->find_layer(s->arg, &layer->chain_id, &layer->number, e);

	if (r != 0)
		return r;
	r = layer_lock_chain(s->layers, chain_key(&layer->chain_id), &fd, e);
	ld->img.locked = fd >= 0;
	ld->img.chain_lock = fd;
	return r == 0 ? s->find_layer(s->arg, &layer->chain_id, &layer->number, e) : r;
}

static int look_at_layer(struct load *ld, size_t i, size_t *todo, struct err *e)
{
	struct image_layer *layer = &ld->img.layers[i];
	const struct image_descriptor *d = &ld->manifest.layers.v[i];
	int r;

	*layer = (struct image_layer){ .diff_id = ld->config.diff_ids.v[i], .blob = d->digest, .lock_fd = -1,
				       .media_type = d->media_type, .blob_bytes = d->size };
	ld->img.n_layers = i + 1;
	r = image_chain_id(i ? &layer[-1].chain_id : NULL, &layer->diff_id, &layer->chain_id, e);
	if (r == 0)
		r = find_layer(ld, layer, e);
	if (r < 0)
		return err_wrap(e, r, "layer %zu (sha256:%.12s)", i + 1, d->digest.hex);
	ld->ready[i] = r == 1;
	ld->numbers[i] = layer->number;
	if (r == 0)
		todo[ld->n_todo++] = i;
	if (r == 0)
		ld->todo_bytes += (double)d->size;
	if (r == 1 && ld->store->ready)
		ld->store->ready(ld->store->progress_arg, layer);
	return 0;
}

int load_layers(struct load *ld, bool *ret_fresh, struct err *e)
{
	size_t n = ld->manifest.layers.n, *todo = arena_array(ld->arena, n + 1, sizeof *todo);
	int r = 0;

	ld->img.layers = arena_array(ld->arena, n + 1, sizeof *ld->img.layers);
	ld->numbers = arena_array(ld->arena, n + 1, sizeof *ld->numbers);
	ld->ready = arena_array(ld->arena, n + 1, sizeof *ld->ready);
	if (!ld->img.layers || !ld->numbers || !ld->ready || !todo)
		return err_oom(e);
	ld->todo = todo;
	for (size_t i = 0; r == 0 && i < n; i++)
		r = look_at_layer(ld, i, todo, e);
	if (r == 0)
		r = announce(ld, e);
	if (r == 0)
		r = work_all(ld, e);
	*ret_fresh = ld->n_todo > 0;
	return r;
}
