/* SPDX-License-Identifier: Apache-2.0 */
#include "image/file_queue.h"

#include "base/io.h"
#include "base/scope.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#define FILES 16 /* of a batch: each is an open descriptor */
#define BATCH_BYTES (512u << 10)
#define NAME_SIZE 208

struct file {
	struct tree_rest rest;
	size_t at; /* its bytes */
	char name[NAME_SIZE];
};

struct batch {
	struct file files[FILES];
	size_t n, bytes;
	char *data; /* BATCH_BYTES */
};

/* One batch is filled while the other one is worked on. */
struct file_queue {
	const struct tree_options *o;
	pthread_t thread;
	struct batch batches[2];
	unsigned filling;
	atomic_bool has_failed; /* `failed` is written before it, and once */
	struct err failed;

	pthread_mutex_t lock; /* of both */
	pthread_cond_t changed;
	struct batch *given;
	bool stop;
};

static int finish_file(struct file_queue *q, const struct batch *b, const struct file *f, struct err *e)
{
	int r = io_pwrite_all(f->rest.fd, b->data + f->at, (size_t)f->rest.written, 0, e);

	if (r == 0)
		r = tree_rest_do(q->o, &f->rest, e);
	return r < 0 ? err_wrap(e, r, "entry %s", f->name) : 0;
}

static void finish_batch(struct file_queue *q, struct batch *b)
{
	for (size_t i = 0; i < b->n; i++) {
		struct err failed = { 0 };

		if (!atomic_load(&q->has_failed) && finish_file(q, b, &b->files[i], &failed) < 0) {
			q->failed = failed;
			atomic_store(&q->has_failed, true);
		}
		close(b->files[i].rest.fd);
	}
	b->n = b->bytes = 0;
}

static void *work(void *arg)
{
	struct file_queue *q = arg;

	pthread_mutex_lock(&q->lock);
	while (q->given || !q->stop) {
		if (!q->given) {
			pthread_cond_wait(&q->changed, &q->lock);
			continue;
		}
		pthread_mutex_unlock(&q->lock);
		finish_batch(q, q->given);
		pthread_mutex_lock(&q->lock);
		q->given = NULL;
		pthread_cond_signal(&q->changed);
	}
	pthread_mutex_unlock(&q->lock);
	return NULL;
}

static void wait_idle(struct file_queue *q)
{
	while (q->given)
		pthread_cond_wait(&q->changed, &q->lock);
}

static void give(struct file_queue *q)
{
	pthread_mutex_lock(&q->lock);
	wait_idle(q);
	q->given = &q->batches[q->filling];
	q->filling = !q->filling;
	pthread_cond_signal(&q->changed);
	pthread_mutex_unlock(&q->lock);
}

int file_queue_new(const struct tree_options *o, struct file_queue **ret, struct err *e)
{
	struct file_queue *q = calloc(1, sizeof *q);
	int code;

	if (!q)
		return err_oom(e);
	q->o = o;
	q->batches[0].data = malloc(2 * (size_t)BATCH_BYTES);
	if (!q->batches[0].data) {
		free(q);
		return err_oom(e);
	}
	q->batches[1].data = q->batches[0].data + BATCH_BYTES;
	(void)pthread_mutex_init(&q->lock, NULL);
	(void)pthread_cond_init(&q->changed, NULL);
	code = pthread_create(&q->thread, NULL, work, q);
	if (code != 0) {
		free(q->batches[0].data);
		free(q);
		return err_set(e, code, "start a thread: %s", strerror(code));
	}
	*ret = q;
	return 0;
}

void file_queue_add(struct file_queue *q, const char *name, const struct tree_rest *rest, const void *data)
{
	struct batch *b = &q->batches[q->filling];
	struct file *f;

	if (b->n == FILES || (size_t)rest->written > BATCH_BYTES - b->bytes) {
		give(q);
		b = &q->batches[q->filling];
	}
	f = &b->files[b->n++];
	f->rest = *rest;
	f->at = b->bytes;
	(void)snprintf(f->name, sizeof f->name, "%.200s", name);
	if (rest->written)
		memcpy(b->data + b->bytes, data, (size_t)rest->written);
	b->bytes += (size_t)rest->written;
}

int file_queue_check(struct file_queue *q, struct err *e)
{
	return atomic_load(&q->has_failed) ? err_set(e, q->failed.code, "%s", q->failed.msg) : 0;
}

int file_queue_end(struct file_queue *q, struct err *e)
{
	give(q);
	pthread_mutex_lock(&q->lock);
	wait_idle(q);
	pthread_mutex_unlock(&q->lock);
	return file_queue_check(q, e);
}

void file_queue_free(struct file_queue *q)
{
	struct batch *b;

	if (!q)
		return;
	pthread_mutex_lock(&q->lock);
	q->stop = true;
	pthread_cond_signal(&q->changed);
	pthread_mutex_unlock(&q->lock);
	(void)pthread_join(q->thread, NULL);
	b = &q->batches[q->filling];
	for (size_t i = 0; i < b->n; i++)
		close(b->files[i].rest.fd);
	(void)pthread_cond_destroy(&q->changed);
	(void)pthread_mutex_destroy(&q->lock);
	free(q->batches[0].data);
	free(q);
}
