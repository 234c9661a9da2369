/* SPDX-License-Identifier: Apache-2.0 */
/* What one scrape leaves for the next; of limits tests/system/see_metrics.bats, which has a kernel that tells of writes. */
#include "../test.h"
#include "../kernel/fake_tree.h"
#include "observe/metrics_before.h"

static struct metrics_before *before;

#define NOT_KNOWN (-1)

/* A scrape that finds one container, and what it may take over. *ret_usage_ns: that of the scrape before. */
static unsigned scrape(const struct fake_tree *t, int64_t started_ns, int64_t usage_ns, const char *kills,
		       int64_t *ret_usage_ns)
{
	struct metrics_life life = { .id = "c0ffee", .cgroup = "/tare/c0ffee", .started_ns = started_ns };
	const struct metrics_life *lives[] = { &life };
	struct cgroup_stat st;
	const struct cgroup_stat *stats[] = { &st }, *was;
	unsigned same;

	fake_tree_put(t, "proc/vmstat", kills);
	scoped_host h = fake_tree_host(t);
	metrics_before_begin(before, &h);
	was = metrics_before_look(before, &life, &same);
	*ret_usage_ns = was ? was->cpu.usage_ns : NOT_KNOWN;
	cgroup_stat_init(&st);
	st.cpu.usage_ns = usage_ns;
	metrics_before_end(before, lives, stats, started_ns ? 1 : 0);
	return same;
}

static void begin(const struct fake_tree *t)
{
	struct cgroup_layout l;

	fake_tree_put(t, "proc/self/mountinfo", "");
	scoped_host h = fake_tree_host(t);
	assert_int_equal(0, cgroup_layout_read(&h, &l, NULL));
	before = metrics_before_new(&h, &l);
	assert_non_null(before);
}

#define CALM "nr_free_pages 1\noom_kill 3\n"
#define KILL "nr_free_pages 1\noom_kill 4\n"

TEST(kills_are_believed_after_two_scrapes_without_one)
{
	scoped_tree t = fake_tree_new();
	int64_t was;

	begin(&t);
	assert_int_equal(0, scrape(&t, 1, 1, CALM, &was));
	assert_int_equal(NOT_KNOWN, was);
	assert_int_equal(0, scrape(&t, 1, 2, CALM, &was));
	assert_int_equal(1, was);
	assert_int_equal(CGROUP_STAT_SAME_KILLS, scrape(&t, 1, 3, CALM, &was));
	assert_int_equal(2, was);
	assert_int_equal(0, scrape(&t, 1, 4, KILL, &was));
	assert_int_equal(0, scrape(&t, 1, 5, KILL, &was));
	assert_int_equal(CGROUP_STAT_SAME_KILLS, scrape(&t, 1, 6, KILL, &was));
	assert_int_equal(0, scrape(&t, 1, 7, "nr_free_pages 1\n", &was)); /* before Linux 4.13 */
	metrics_before_free(before);
}

TEST(another_life_is_not_known)
{
	scoped_tree t = fake_tree_new();
	int64_t was;

	begin(&t);
	(void)scrape(&t, 1, 1, CALM, &was);
	assert_int_equal(0, scrape(&t, 2, 5, CALM, &was));
	assert_int_equal(NOT_KNOWN, was);
	assert_int_equal(CGROUP_STAT_SAME_KILLS, scrape(&t, 2, 6, CALM, &was));
	assert_int_equal(5, was);
	(void)scrape(&t, 0, 6, CALM, &was); /* it has gone */
	assert_int_equal(NOT_KNOWN, was);
	(void)scrape(&t, 2, 6, CALM, &was);
	assert_int_equal(NOT_KNOWN, was);
	metrics_before_free(before);
}

TEST(who_rested_once_began_no_wait_until_it_runs)
{
	scoped_tree t = fake_tree_new();
	int64_t was;

	begin(&t);
	(void)scrape(&t, 1, 9, "", &was);
	assert_int_equal(0, scrape(&t, 1, 9, "", &was));
	assert_int_equal(CGROUP_STAT_SAME_STALLS, scrape(&t, 1, 9, "", &was));
	assert_int_equal(CGROUP_STAT_SAME_STALLS, scrape(&t, 1, 10, "", &was));
	assert_int_equal(0, scrape(&t, 1, 10, "", &was));
	metrics_before_free(before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(kills_are_believed_after_two_scrapes_without_one),
		RUN(another_life_is_not_known),
		RUN(who_rested_once_began_no_wait_until_it_runs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
