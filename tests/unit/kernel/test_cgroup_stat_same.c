/* SPDX-License-Identifier: Apache-2.0 */
/* A group that is read again and again: what cannot have changed is not read, whatever its file says meanwhile. */
#include "../test.h"
#include "fake_tree.h"
#include "kernel/cgroup_stat.h"

#define WHAT                                                                                                           \
	(CGROUP_STAT_AT_LIMITS | CGROUP_STAT_MEMORY | CGROUP_STAT_EVENTS | CGROUP_STAT_PIDS | CGROUP_STAT_PRESSURE)
#define PRESSURE(n) "some avg10=0.00 avg60=0.00 avg300=0.00 total=" n "\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=" n "\n"
#define WANT(field) [offsetof(struct cgroup_stat, field) / sizeof(int64_t)] = true

static const bool wanted[CGROUP_STAT_FIELDS] = {
	WANT(cpu.usage_ns),	      WANT(cpu.user_ns),
	WANT(cpu.system_ns),	      WANT(cpu.quota_us),
	WANT(cpu.period_us),	      WANT(memory.usage_bytes),
	WANT(memory.limit_bytes),     WANT(memory_events.oom_kill),
	WANT(pids.current),	      WANT(pids.limit),
	WANT(io.pressure.some.total_us), WANT(io.pressure.full.total_us),
	WANT(cpu.pressure.some.total_us),
};

static void put_v1(const struct fake_tree *t, const char *usage, const char *n)
{
	char text[64];

	fake_tree_put(
		t, "proc/self/mountinfo",
		"30 23 0:29 / /cg/u rw - cgroup2 cgroup2 rw\n31 23 0:30 / /cg/cpu rw - cgroup cgroup rw,cpu,cpuacct\n"
		"32 23 0:31 / /cg/memory rw - cgroup cgroup rw,memory\n33 23 0:32 / /cg/pids rw - cgroup cgroup rw,pids\n");
	fake_tree_put(t, "cg/u/cgroup.controllers", "");
	fake_tree_put(t, "cg/cpu/a/g/cpuacct.usage", usage);
	(void)snprintf(text, sizeof text, "user %s\nsystem %s\n", n, n);
	fake_tree_put(t, "cg/cpu/a/g/cpuacct.stat", text);
	fake_tree_put(t, "cg/cpu/a/g/cpu.cfs_quota_us", n);
	fake_tree_put(t, "cg/cpu/a/g/cpu.cfs_period_us", n);
	fake_tree_put(t, "cg/memory/a/g/memory.usage_in_bytes", n);
	fake_tree_put(t, "cg/memory/a/g/memory.limit_in_bytes", n);
	(void)snprintf(text, sizeof text, "oom_kill_disable 0\noom_kill %s\n", n);
	fake_tree_put(t, "cg/memory/a/g/memory.oom_control", text);
	fake_tree_put(t, "cg/pids/a/g/pids.current", n);
	fake_tree_put(t, "cg/pids/a/g/pids.max", n);
	fake_tree_put(t, "cg/u/a/g/cpu.pressure", *n == '1' ? PRESSURE("1") : PRESSURE("2"));
	fake_tree_put(t, "cg/u/a/g/io.pressure", *n == '1' ? PRESSURE("1") : PRESSURE("2"));
}

static void put_v2(const struct fake_tree *t, const char *usage, const char *n)
{
	char text[64];

	fake_tree_put(t, "sys/fs/cgroup/cgroup.controllers", "cpu memory pids\n");
	(void)snprintf(text, sizeof text, "usage_usec %s\nuser_usec %s\nsystem_usec %s\n", usage, n, n);
	fake_tree_put(t, "sys/fs/cgroup/a/g/cpu.stat", text);
	(void)snprintf(text, sizeof text, "%s %s\n", n, n);
	fake_tree_put(t, "sys/fs/cgroup/a/g/cpu.max", text);
	fake_tree_put(t, "sys/fs/cgroup/a/g/memory.current", n);
	fake_tree_put(t, "sys/fs/cgroup/a/g/memory.max", n);
	(void)snprintf(text, sizeof text, "low 0\nmax %s\noom_kill %s\n", n, n);
	fake_tree_put(t, "sys/fs/cgroup/a/g/memory.events", text);
	fake_tree_put(t, "sys/fs/cgroup/a/g/pids.current", n);
	fake_tree_put(t, "sys/fs/cgroup/a/g/pids.max", n);
	fake_tree_put(t, "sys/fs/cgroup/a/g/cpu.pressure", *n == '1' ? PRESSURE("1") : PRESSURE("2"));
	fake_tree_put(t, "sys/fs/cgroup/a/g/io.pressure", *n == '1' ? PRESSURE("1") : PRESSURE("2"));
}

typedef void (*put)(const struct fake_tree *t, const char *usage, const char *n);

/* Of a group whose numbers all were 1 and are 2, but its CPU time is `usage` then. */
static struct cgroup_stat second(put to, const char *usage, unsigned same, const bool *fields)
{
	scoped_tree t = fake_tree_new();
	struct cgroup_stat before, st;
	struct cgroup_layout l;
	struct err e = { 0 };

	to(&t, "1", "1");
	scoped_host h = fake_tree_host(&t);
	assert_int_equal(0, cgroup_layout_read(&h, &l, &e));
	scoped_stat_reader rd;
	cgroup_stat_reader_init(&rd, &h, &l);
	rd.wanted = fields;
	assert_int_equal(0, cgroup_stat_reader_read(&rd, "/a/g", WHAT, &before, &e));
	to(&t, usage, "2");
	rd.before = &before;
	rd.same = same;
	assert_int_equal(0, cgroup_stat_reader_read(&rd, "/a/g", WHAT, &st, &e));
	return st;
}

static void check_limits(const struct cgroup_stat *st, int64_t want)
{
	assert_int_equal(want, st->cpu.quota_us);
	assert_int_equal(want, st->cpu.period_us);
	assert_int_equal(want, st->memory.limit_bytes);
	assert_int_equal(want, st->pids.limit);
}

static const put layouts[] = { put_v1, put_v2 };

TEST(without_a_reason_everything_is_read)
{
	for (size_t i = 0; i < 2; i++) {
		struct cgroup_stat st = second(layouts[i], "2", 0, wanted);

		check_limits(&st, 2);
		assert_int_equal(2, st.memory_events.oom_kill);
		assert_int_equal(2, st.io.pressure.full.total_us);
		assert_true(st.cpu.user_ns == 2000 || st.cpu.user_ns == 20000000);
	}
}

TEST(limits_that_nobody_wrote_are_not_read)
{
	for (size_t i = 0; i < 2; i++) {
		struct cgroup_stat st = second(layouts[i], "2", CGROUP_STAT_SAME_LIMITS, wanted);

		check_limits(&st, 1);
		assert_int_equal(2, st.memory.usage_bytes);
		assert_int_equal(2, st.pids.current);
		assert_int_equal(2, st.memory_events.oom_kill);
		st = second(layouts[i], "2", CGROUP_STAT_SAME_LIMITS, NULL);
		check_limits(&st, 1);
	}
}

TEST(kills_are_not_read_where_there_was_none_and_nothing_else_is_asked_of_the_file)
{
	for (size_t i = 0; i < 2; i++) {
		struct cgroup_stat st = second(layouts[i], "2", CGROUP_STAT_SAME_KILLS, wanted);

		check_limits(&st, 2);
		assert_int_equal(1, st.memory_events.oom_kill);
	}
	assert_int_equal(2, second(put_v2, "2", CGROUP_STAT_SAME_KILLS, NULL).memory_events.max);
}

TEST(who_did_not_run_has_its_ticks_and_began_no_wait)
{
	struct cgroup_stat st = second(put_v1, "1", 0, wanted);

	assert_int_equal(10000000, st.cpu.user_ns);
	assert_int_equal(10000000, st.cpu.system_ns);
	assert_int_equal(2, st.io.pressure.some.total_us); /* it may have been waiting all the time */
	st = second(put_v1, "2", CGROUP_STAT_SAME_STALLS, wanted);
	assert_int_equal(20000000, st.cpu.user_ns);
	assert_int_equal(2, st.io.pressure.some.total_us);
	for (size_t i = 0; i < 2; i++) {
		st = second(layouts[i], "1", CGROUP_STAT_SAME_STALLS, wanted);
		assert_int_equal(1, st.io.pressure.some.total_us);
		assert_int_equal(1, st.io.pressure.full.total_us);
		assert_int_equal(2, st.cpu.pressure.some.total_us); /* for a processor it waits without having run */
	}
}

TEST(who_rests_neither_ran_nor_waited)
{
	struct cgroup_stat a, b;

	cgroup_stat_init(&a);
	assert_false(cgroup_stat_rests(&a, &a)); /* nothing is known */
	a.cpu.usage_ns = 5;
	assert_true(cgroup_stat_rests(&a, &a));
	b = a;
	b.cpu.usage_ns = 6;
	assert_false(cgroup_stat_rests(&a, &b));
	b = a;
	b.memory.pressure.full.total_us = 1;
	assert_false(cgroup_stat_rests(&a, &b));
	b = a;
	b.io.pressure.some.total_us = 1;
	assert_false(cgroup_stat_rests(&a, &b));
	b = a;
	b.cpu.pressure.some.total_us = 1;
	assert_true(cgroup_stat_rests(&a, &b));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(without_a_reason_everything_is_read),
		RUN(limits_that_nobody_wrote_are_not_read),
		RUN(kills_are_not_read_where_there_was_none_and_nothing_else_is_asked_of_the_file),
		RUN(who_did_not_run_has_its_ticks_and_began_no_wait),
		RUN(who_rests_neither_ran_nor_waited),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
