/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/procfs.h"

#include "../test.h"
#include "fake_tree.h"

#include <errno.h>

#define BEFORE "S 1 7 7 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 "
#define AFTER " 2940928 230 18446744073709551615 1 1 0\n"

static const struct {
	const char *stat;
	int rc;
	uint64_t ticks;
} stats[] = {
	{ "7 (sleep) " BEFORE "123456" AFTER, 0, 123456 },
	{ "7 (a b c) " BEFORE "5" AFTER, 0, 5 },
	{ "7 () " BEFORE "5" AFTER, 0, 5 },
	{ "7 (evil) S 1 2) 9) " BEFORE "6" AFTER, 0, 6 },
	{ "7 (\n) " BEFORE "18446744073709551615" AFTER, 0, UINT64_MAX },
	{ "7 (sleep) " BEFORE "18446744073709551616" AFTER, -EINVAL, 1 },
	{ "7 (sleep) " BEFORE "-1" AFTER, -EINVAL, 1 },
	{ "7 (sleep) S 1 2 3", -EINVAL, 1 },
	{ "7 (sleep)", -EINVAL, 1 },
	{ "7 sleep S", -EINVAL, 1 },
	{ "", -EINVAL, 1 },
};

TEST(start_time_is_the_22nd_field_whatever_the_command_is_called)
{
	for (size_t i = 0; i < ARRAY_LEN(stats); i++) {
		scoped_tree t = fake_tree_new();
		scoped_host h = fake_tree_host(&t);
		uint64_t ticks = 1;
		struct err e = { 0 };

		fake_tree_put(&t, "proc/7/stat", stats[i].stat);
		assert_int_equal(stats[i].rc, procfs_start_ticks(&h, 7, &ticks, &e));
		assert_true(ticks == stats[i].ticks);
		if (stats[i].rc < 0)
			assert_string_equal("proc: 7/stat: no start time in it", e.msg);
	}
}

static struct procfs_stat stat_of(const char *line)
{
	scoped_tree t = fake_tree_new();
	scoped_host h = fake_tree_host(&t);
	struct procfs_stat st;

	fake_tree_put(&t, "proc/7/stat", line);
	assert_int_equal(0, procfs_stat_read(&h, 7, &st, NULL));
	return st;
}

TEST(a_process_says_whether_it_has_executed_and_how_it_ended)
{
	static const char rest[] =
		" 1 0 0 0 0 0 0 0 20 0 1 0 77 2940928 230 1 1 1 0 0 0 0 0 0 0 0 0 0 17 1 0 0 0 0 0 0 0 0 0 0 0 0 ";
	char line[512];
	struct procfs_stat st;

	(void)snprintf(line, sizeof line, "7 (x) S 1 7 7 0 -1 4194624%s0\n", rest); /* 0x400140 */
	st = stat_of(line);
	assert_false(st.executed);
	assert_int_equal('S', st.state);
	assert_int_equal(77, st.start_ticks);
	(void)snprintf(line, sizeof line, "7 (x) Z 1 7 7 0 -1 4194560%s2304\n", rest); /* 0x400100 */
	st = stat_of(line);
	assert_true(st.executed);
	assert_int_equal('Z', st.state);
	assert_int_equal(9 << 8, st.exit_status);
}

TEST(a_missing_process_is_ESRCH)
{
	scoped_tree t = fake_tree_new();
	scoped_host h = fake_tree_host(&t);
	uint64_t ticks = 1;
	struct err e = { 0 };

	assert_int_equal(-ESRCH, procfs_start_ticks(&h, 7, &ticks, &e));
	assert_string_equal("process 7: no such process", e.msg);
	assert_false(procfs_is_process(&h, 7, 1));
	assert_false(procfs_is_process(&h, 0, 1));
	assert_true(ticks == 1);
}

TEST(boot_id_is_a_uuid)
{
	scoped_tree t = fake_tree_new();
	scoped_host h = fake_tree_host(&t);
	char id[BOOT_ID_SIZE] = "x";

	assert_int_equal(-ENOENT, procfs_boot_id(&h, id, NULL));
	fake_tree_put(&t, "proc/sys/kernel/random/boot_id", "efb33e17-792e-46c9-a8c6-756470b8d9a2\n");
	assert_int_equal(0, procfs_boot_id(&h, id, NULL));
	assert_string_equal("efb33e17-792e-46c9-a8c6-756470b8d9a2", id);
	fake_tree_put(&t, "proc/sys/kernel/random/boot_id", "efb33e17\n");
	assert_int_equal(-EINVAL, procfs_boot_id(&h, id, NULL));
	assert_string_equal("efb33e17-792e-46c9-a8c6-756470b8d9a2", id);
}

TEST(what_ps_shows_is_in_the_same_line)
{
	struct procfs_stat st;

	assert_int_equal(
		0, procfs_stat_parse(SV("7 (a) b) R 3 7 7 34817 7 64 1 0 0 0 150 51 0 0 20 0 1 0 900 0 0\n"), &st));
	assert_string_equal("a) b", st.name);
	assert_int_equal('R', st.state);
	assert_int_equal(3, st.ppid);
	assert_int_equal(34817, st.tty);
	assert_int_equal(150, st.user_ticks);
	assert_int_equal(51, st.system_ticks);
	assert_false(st.executed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(what_ps_shows_is_in_the_same_line),
		RUN(start_time_is_the_22nd_field_whatever_the_command_is_called),
		RUN(a_process_says_whether_it_has_executed_and_how_it_ended),
		RUN(a_missing_process_is_ESRCH),
		RUN(boot_id_is_a_uuid),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
