/* SPDX-License-Identifier: Apache-2.0 */
#include "base/parallel.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>

#define LEAST 48 /* items of a worker: fewer are done before a thread is made */
#define CHUNK 16 /* neighbours stay with one worker */

struct loop {
	size_t n;
	atomic_size_t next;
	parallel_work *work;
	void *context;
};

struct worker {
	struct loop *loop;
	unsigned number;
	pthread_t thread;
};

unsigned parallel_cpus(void)
{
	cpu_set_t set;
	int cpus = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;

	return cpus < 1 ? 1 : (unsigned)cpus;
}

unsigned parallel_workers(size_t n)
{
	size_t best = n / LEAST, cpus = parallel_cpus();

	if (best > PARALLEL_MAX)
		best = PARALLEL_MAX;
	if (best > cpus)
		best = cpus;
	return best ? (unsigned)best : 1;
}

static void *run(void *arg)
{
	struct worker *w = arg;
	struct loop *l = w->loop;
	size_t from;

	while ((from = atomic_fetch_add(&l->next, CHUNK)) < l->n)
		for (size_t i = from; i < l->n && i < from + CHUNK; i++)
			l->work(l->context, w->number, i);
	return NULL;
}

void parallel_for(size_t n, unsigned workers, parallel_work *work, void *context)
{
	struct loop l = { .n = n, .work = work, .context = context };
	struct worker w[PARALLEL_MAX] = { { .loop = &l } };
	unsigned made = 1;
	sigset_t all, before;

	sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	for (; made < workers && made < PARALLEL_MAX; made++) {
		w[made] = (struct worker){ .loop = &l, .number = made };
		if (pthread_create(&w[made].thread, NULL, run, &w[made]) != 0)
			break;
	}
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	(void)run(&w[0]);
	while (--made)
		(void)pthread_join(w[made].thread, NULL);
}
