/* SPDX-License-Identifier: Apache-2.0 */
#include "base/parallel.h"

#include "../test.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

struct seen {
	atomic_uint times[1000];
	atomic_uint busy[PARALLEL_MAX];
	atomic_bool twice, signals;
};

static void look(void *context, unsigned worker, size_t i)
{
	struct seen *s = context;
	sigset_t set;

	if (atomic_fetch_add(&s->busy[worker], 1))
		atomic_store(&s->twice, true);
	atomic_fetch_add(&s->times[i], 1);
	if (worker && pthread_sigmask(SIG_BLOCK, NULL, &set) == 0 && !sigismember(&set, SIGTERM))
		atomic_store(&s->signals, true);
	atomic_fetch_sub(&s->busy[worker], 1);
}

TEST(each_item_is_done_once_and_a_worker_does_one_at_a_time)
{
	for (unsigned workers = 1; workers <= PARALLEL_MAX; workers++) {
		static struct seen s;

		memset(&s, 0, sizeof s);
		parallel_for(999, workers, look, &s);
		for (size_t i = 0; i < 1000; i++)
			assert_int_equal(i < 999, atomic_load(&s.times[i]));
		assert_false(atomic_load(&s.twice));
		assert_false(atomic_load(&s.signals));
	}
}

TEST(signals_stay_as_they_were_for_the_caller)
{
	static struct seen s;
	sigset_t before, after;

	assert_int_equal(0, pthread_sigmask(SIG_BLOCK, NULL, &before));
	parallel_for(100, 2, look, &s);
	assert_int_equal(0, pthread_sigmask(SIG_BLOCK, NULL, &after));
	for (int n = 1; n < NSIG; n++)
		assert_int_equal(sigismember(&before, n), sigismember(&after, n));
}

TEST(few_items_are_one_workers)
{
	assert_int_equal(1, parallel_workers(0));
	assert_int_equal(1, parallel_workers(10));
	assert_in_range(parallel_workers(100000), 1, PARALLEL_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(each_item_is_done_once_and_a_worker_does_one_at_a_time),
		RUN(signals_stay_as_they_were_for_the_caller),
		RUN(few_items_are_one_workers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
