/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/partial.h"

#include "../test.h"
#include "../scratch.h"
#include "storage/content.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>

static struct digest digest_of(char c)
{
	struct digest d;

	memset(d.hex, c, DIGEST_HEX);
	d.hex[DIGEST_HEX] = '\0';
	return d;
}

static int new_content(struct scratch *s)
{
	int content = -1;

	assert_int_equal(0, content_open(s->dir, &content, NULL));
	return content;
}

static bool has_partial(int content, char c)
{
	struct digest d = digest_of(c);
	char path[sizeof "partial/" + DIGEST_HEX];

	(void)snprintf(path, sizeof path, "partial/%s", d.hex);
	return scratch_has(content, path);
}

static off_t size_of(int fd)
{
	struct stat st;

	assert_int_equal(0, fstat(fd, &st));
	return st.st_size;
}

TEST(what_was_written_is_there_for_the_next_one)
{
	scoped_scratch s = scratch_new();
	scoped_fd content = new_content(&s);
	struct digest a = digest_of('a');
	struct partial p;

	assert_int_equal(0, partial_obtain(content, &a, NULL, &p, NULL));
	assert_false(p.whole);
	assert_int_equal(3, write(p.fd, "abc", 3));
	partial_done(&p);
	assert_int_equal(0, partial_obtain(content, &a, NULL, &p, NULL));
	assert_int_equal(3, size_of(p.fd));
	partial_done(&p);
}

TEST(an_adopted_one_is_the_blob)
{
	scoped_scratch s = scratch_new();
	scoped_fd content = new_content(&s);
	struct digest a = digest_of('a');
	struct partial p, again;

	assert_int_equal(0, partial_obtain(content, &a, NULL, &p, NULL));
	assert_int_equal(3, write(p.fd, "abc", 3));
	assert_int_equal(0, partial_adopt(content, &a, &p, NULL));
	assert_int_equal(0, partial_obtain(content, &a, NULL, &again, NULL)); /* nobody has to wait any more */
	assert_true(again.whole);
	assert_int_equal(3, size_of(again.fd));
	assert_int_equal(0, partial_drop(content, &a, &again, NULL));
	partial_done(&p);
	partial_done(&again);
	assert_int_equal(0, partial_obtain(content, &a, NULL, &p, NULL));
	assert_false(p.whole);
	partial_done(&p);
}

TEST(a_damaged_blob_goes_once_and_not_the_next_one)
{
	scoped_scratch s = scratch_new();
	scoped_fd content = new_content(&s);
	struct digest a = digest_of('a');
	struct partial p, one, two;

	assert_int_equal(0, partial_obtain(content, &a, NULL, &p, NULL));
	assert_int_equal(0, partial_adopt(content, &a, &p, NULL));
	partial_done(&p);
	assert_int_equal(0, partial_obtain(content, &a, NULL, &one, NULL));
	assert_int_equal(0, partial_obtain(content, &a, NULL, &two, NULL));
	assert_true(one.whole && two.whole);
	assert_int_equal(0, partial_drop(content, &a, &one, NULL));
	assert_int_equal(0, partial_obtain(content, &a, NULL, &p, NULL));
	assert_int_equal(0, partial_adopt(content, &a, &p, NULL));
	partial_done(&p);
	assert_int_equal(0, partial_drop(content, &a, &two, NULL));
	assert_int_equal(0, partial_obtain(content, &a, NULL, &p, NULL));
	assert_true(p.whole);
	partial_done(&p);
	partial_done(&one);
	partial_done(&two);
}

TEST(who_waits_can_be_stopped)
{
	scoped_scratch s = scratch_new();
	scoped_fd content = new_content(&s);
	struct digest a = digest_of('a');
	struct partial p, other = { -1, false };
	atomic_bool stop = true;
	struct err e = { 0 };

	assert_int_equal(0, partial_obtain(content, &a, NULL, &p, NULL));
	assert_int_equal(-ECANCELED, partial_obtain(content, &a, &stop, &other, &e));
	assert_int_equal(-1, other.fd);
	partial_done(&p);
}

#define RACES 3000

/* Two want each blob in the same moment. */
struct race {
	int content;
	atomic_uint arrived;
	atomic_uint parts; /* what was not whole, of all blobs */
};

static void *want_each(void *arg)
{
	struct race *race = arg;

	for (unsigned i = 0; i < RACES; i++) {
		struct partial p = { -1, false };
		struct digest d;

		(void)snprintf(d.hex, sizeof d.hex, "%0*x", DIGEST_HEX, i);
		atomic_fetch_add(&race->arrived, 1);
		while (atomic_load(&race->arrived) < 2 * (i + 1))
			(void)sched_yield();
		if (partial_obtain(race->content, &d, NULL, &p, NULL) < 0)
			continue;
		if (!p.whole)
			atomic_fetch_add(&race->parts, 1);
		(void)partial_adopt(race->content, &d, &p, NULL);
		partial_done(&p);
	}
	return NULL;
}

TEST(of_two_at_once_one_brings_it_and_the_other_finds_it)
{
	scoped_scratch s = scratch_new();
	scoped_fd content = new_content(&s);
	struct race race = { .content = content };
	pthread_t other;

	assert_int_equal(0, pthread_create(&other, NULL, want_each, &race));
	(void)want_each(&race);
	(void)pthread_join(other, NULL);
	assert_int_equal(RACES, race.parts);
	assert_int_equal(2 * RACES, race.arrived);
}

static void *sweep_all(void *arg)
{
	struct race *race = arg;

	while (atomic_load(&race->arrived) < RACES)
		(void)partials_sweep(race->content, 0, NULL);
	return NULL;
}

/* One fetches and removes the same blob all the time. */
TEST(a_sweep_takes_none_that_was_begun_since_it_looked)
{
	scoped_scratch s = scratch_new();
	scoped_fd content = new_content(&s);
	struct race race = { .content = content };
	struct digest a = digest_of('a');
	unsigned lost = 0;
	pthread_t other;

	assert_int_equal(0, pthread_create(&other, NULL, sweep_all, &race));
	for (unsigned i = 0; i < RACES; i++) {
		struct partial p = { -1, false };

		assert_int_equal(0, partial_obtain(content, &a, NULL, &p, NULL));
		(void)sched_yield();
		lost += partial_adopt(content, &a, &p, NULL) < 0;
		partial_done(&p);
		(void)blob_remove(content, &a, NULL);
		atomic_fetch_add(&race.arrived, 1);
	}
	(void)pthread_join(other, NULL);
	assert_int_equal(0, lost);
}

TEST(the_sweep_takes_old_ones_that_nobody_has)
{
	scoped_scratch s = scratch_new();
	scoped_fd content = new_content(&s);
	struct digest a = digest_of('a'), b = digest_of('b');
	struct partial p;

	assert_int_equal(0, partials_sweep(content, 0, NULL)); /* no folder yet */
	assert_int_equal(0, partial_obtain(content, &a, NULL, &p, NULL));
	partial_done(&p);
	assert_int_equal(0, partial_obtain(content, &b, NULL, &p, NULL));
	assert_int_equal(0, partials_sweep(content, 3600, NULL));
	assert_true(has_partial(content, 'a'));
	assert_int_equal(0, partials_sweep(content, 0, NULL));
	assert_false(has_partial(content, 'a'));
	assert_true(has_partial(content, 'b'));
	partial_done(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(what_was_written_is_there_for_the_next_one),
		RUN(an_adopted_one_is_the_blob),
		RUN(a_damaged_blob_goes_once_and_not_the_next_one),
		RUN(who_waits_can_be_stopped),
		RUN(of_two_at_once_one_brings_it_and_the_other_finds_it),
		RUN(a_sweep_takes_none_that_was_begun_since_it_looked),
		RUN(the_sweep_takes_old_ones_that_nobody_has),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
