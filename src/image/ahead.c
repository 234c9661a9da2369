/* SPDX-License-Identifier: Apache-2.0 */
#include "image/ahead.h"

#include "base/scope.h"

#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#define SLOTS 4
#define SLOT_SIZE (256u << 10)

struct ahead {
	ahead_make_fn *make;
	void *arg;
	pthread_t thread;
	unsigned char *slots; /* SLOTS of SLOT_SIZE, in turns */

	pthread_mutex_t lock; /* of all below */
	pthread_cond_t changed;
	size_t sizes[SLOTS];
	unsigned made, used;
	bool lent; /* the reader looks at slot `used` */
	bool ended, stop;
	struct err failed;
};

/* NULL: nobody wants any more. */
static unsigned char *free_slot(struct ahead *a)
{
	unsigned char *slot = NULL;

	pthread_mutex_lock(&a->lock);
	while (a->made - a->used == SLOTS && !a->stop)
		pthread_cond_wait(&a->changed, &a->lock);
	if (!a->stop)
		slot = a->slots + (size_t)(a->made % SLOTS) * SLOT_SIZE;
	pthread_mutex_unlock(&a->lock);
	return slot;
}

static bool put(struct ahead *a, const unsigned char *block, size_t n)
{
	while (n > 0) {
		size_t part = n < SLOT_SIZE ? n : SLOT_SIZE;
		unsigned char *slot = free_slot(a);

		if (!slot)
			return false;
		memcpy(slot, block, part);
		block += part;
		n -= part;
		pthread_mutex_lock(&a->lock);
		a->sizes[a->made++ % SLOTS] = part;
		pthread_cond_signal(&a->changed);
		pthread_mutex_unlock(&a->lock);
	}
	return true;
}

static void *work(void *arg)
{
	struct ahead *a = arg;
	struct err failed = { 0 };
	const void *block;
	ssize_t n;

	do
		n = a->make(a->arg, &block, &failed);
	while (n > 0 && put(a, block, (size_t)n));
	pthread_mutex_lock(&a->lock);
	if (n < 0)
		a->failed = failed;
	a->ended = true;
	pthread_cond_signal(&a->changed);
	pthread_mutex_unlock(&a->lock);
	return NULL;
}

int ahead_new(ahead_make_fn *make, void *arg, struct ahead **ret, struct err *e)
{
	struct ahead *a = calloc(1, sizeof *a);
	int code;

	if (!a)
		return err_oom(e);
	a->make = make;
	a->arg = arg;
	a->slots = malloc((size_t)SLOTS * SLOT_SIZE);
	if (!a->slots) {
		free(a);
		return err_oom(e);
	}
	(void)pthread_mutex_init(&a->lock, NULL);
	(void)pthread_cond_init(&a->changed, NULL);
	code = pthread_create(&a->thread, NULL, work, a);
	if (code != 0) {
		free(a->slots);
		free(a);
		return err_set(e, code, "start a thread: %s", strerror(code));
	}
	*ret = a;
	return 0;
}

static void give_back(struct ahead *a)
{
	if (!a->lent)
		return;
	a->lent = false;
	a->used++;
	pthread_cond_signal(&a->changed);
}

ssize_t ahead_next(struct ahead *a, const void **ret_block, struct err *e)
{
	ssize_t n = 0;

	pthread_mutex_lock(&a->lock);
	give_back(a);
	while (a->made == a->used && !a->ended)
		pthread_cond_wait(&a->changed, &a->lock);
	if (a->made != a->used) {
		a->lent = true;
		*ret_block = a->slots + (size_t)(a->used % SLOTS) * SLOT_SIZE;
		n = (ssize_t)a->sizes[a->used % SLOTS];
	} else if (a->failed.code) {
		n = err_set(e, a->failed.code, "%s", a->failed.msg);
	}
	pthread_mutex_unlock(&a->lock);
	return n;
}

void ahead_free(struct ahead *a)
{
	if (!a)
		return;
	pthread_mutex_lock(&a->lock);
	a->stop = true;
	pthread_cond_signal(&a->changed);
	pthread_mutex_unlock(&a->lock);
	(void)pthread_join(a->thread, NULL);
	(void)pthread_cond_destroy(&a->changed);
	(void)pthread_mutex_destroy(&a->lock);
	free(a->slots);
	free(a);
}
