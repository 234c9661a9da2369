/* SPDX-License-Identifier: Apache-2.0 */
#include "../test.h"

#include "report/watch_list.h"

#include "../scratch.h"

#define SECOND INT64_C(1000000000)

/* how often it is read, by somebody who looks every 100 ms from *now on */
static unsigned reads(struct watch_list *l, int64_t *now, int64_t how_long)
{
	unsigned n = 0;

	for (int64_t end = *now + how_long; *now < end; *now += SECOND / 10)
		n += watch_list_is_due(l, *now);
	return n;
}

TEST(a_calm_list_is_read_every_five_seconds)
{
	struct watch_list l = WATCH_LIST_NONE;
	int64_t now = 100 * SECOND;

	assert_int_equal(1, reads(&l, &now, SECOND)); /* the first time */
	assert_int_equal(12, reads(&l, &now, 60 * SECOND));
}

TEST(what_comes_or_goes_is_read_soon_and_then_less_and_less)
{
	scoped_scratch s = scratch_new();
	struct watch_list l;
	int64_t now = 100 * SECOND;

	watch_list_open(&l, s.dir);
	SKIP_UNLESS(l.fd >= 0, "no inotify here");
	assert_true(watch_list_is_due(&l, now));
	watch_list_hear(&l);
	assert_int_equal(WATCH_LIST_CALM_NS, watch_list_left_ns(&l, now));
	assert_int_equal(0, mkdirat(s.dir, "container", 0700));
	watch_list_hear(&l);
	assert_int_equal(WATCH_LIST_SOON_NS, watch_list_left_ns(&l, now));
	assert_int_equal(0, watch_list_left_ns(&l, now + SECOND));
	assert_int_equal(5, reads(&l, &now, 7 * SECOND)); /* 0.2, 0.6, 1.4, 3.0, 6.2 */
	assert_int_equal(12, reads(&l, &now, 60 * SECOND));
	assert_int_equal(0, unlinkat(s.dir, "container", AT_REMOVEDIR));
	watch_list_hear(&l);
	assert_int_equal(5, reads(&l, &now, 7 * SECOND));
	watch_list_close(&l);
	assert_int_equal(-1, l.fd);
}

/* a host where containers come all the time */
TEST(constant_change_does_not_make_it_read_all_the_time)
{
	struct watch_list l = WATCH_LIST_NONE;
	int64_t now = 100 * SECOND;
	unsigned n = 0;

	for (unsigned i = 0; i < 1000; i++, now += SECOND / 100) { /* ten seconds */
		watch_list_changed(&l);
		n += watch_list_is_due(&l, now);
	}
	assert_true(n >= 40 && n <= 50);
}

int main(void)
{
	static const struct CMUnitTest tests[] = { RUN(a_calm_list_is_read_every_five_seconds),
						   RUN(what_comes_or_goes_is_read_soon_and_then_less_and_less),
						   RUN(constant_change_does_not_make_it_read_all_the_time) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
