/* SPDX-License-Identifier: Apache-2.0 */
/* One kill as the kernel told of it, in the forms that kernels have. */
#include "../test.h"
#include "insight/oom_report.h"

#include <string.h>

static struct oom_report collect(struct arena *a, const char *text, const char *kill)
{
	struct oom_collector c;
	struct oom_record r;
	struct oom_report report = { 0 };

	oom_collector_init(&c, a);
	oom_collector_line(&c, sv_from(text));
	assert_true(oom_record_parse(sv_from(kill), &r));
	assert_int_equal(0, oom_collector_take(&c, &r, 5, &report, NULL));
	return report;
}

#define KILL                                                                                                        \
	"oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg=/a,task_memcg=/a/b,task=probe,pid=12,uid=0"

TEST(a_kill_of_linux_6_on_v1)
{
	struct arena a = ARENA(1 << 20);
	struct oom_report r = collect(
		&a,
		"[  9 ] 0 9 1 1 1 1 0 1 stale\nprobe invoked oom-killer: gfp_mask=0xcc0\n"
		"memory: usage 32768kB, limit 32768kB, failcnt 37\n"
		"memory+swap: usage 32768kB, limit 9007199254740988kB, failcnt 0\n"
		"kmem: usage 176kB, limit 9007199254740988kB, failcnt 0\n"
		"Memory cgroup stats for /a:\ncache 4096\nrss 33030144\nrss_huge 1\nshmem 0\n"
		"Tasks state (memory values in pages):\n"
		"[  pid  ]   uid  tgid total_vm      rss rss_anon rss_file rss_shmem pgtables_bytes swapents oom_score_adj name\n"
		"[     11]     0    11      327      300        0      300         0    40960        0             0 sh\n"
		"[     12]  1000    12     9000     8200     8100      100         0    98304        3          -500 probe\n",
		KILL);

	assert_string_equal("/a", r.owner);
	assert_string_equal("/a/b", r.group);
	assert_string_equal("probe", r.victim);
	assert_int_equal(12, r.victim_pid);
	assert_int_equal(32 << 20, r.usage_bytes);
	assert_int_equal(32 << 20, r.limit_bytes);
	assert_int_equal(37, r.limit_hits);
	assert_int_equal(176 << 10, r.kernel_bytes);
	assert_int_equal(33030144, r.anon);
	assert_int_equal(4096, r.file);
	assert_int_equal(0, r.shmem);
	assert_int_equal(2, r.n_tasks);
	assert_int_equal(8200 * 4096, r.tasks[1].rss_bytes);
	assert_int_equal(8100 * 4096, r.tasks[1].anon_bytes);
	assert_int_equal(3 * 4096, r.tasks[1].swap_bytes);
	assert_int_equal(-500, r.tasks[1].score_adj);
	assert_int_equal(1000, r.tasks[1].uid);
	assert_string_equal("probe", r.tasks[1].name);
	arena_done(&a);
}

TEST(a_kill_of_linux_6_1_on_v2_has_its_statistics_in_one_record)
{
	struct arena a = ARENA(1 << 20);
	struct oom_report r =
		collect(&a,
			"probe invoked oom-killer: x\nmemory: usage 16384kB, limit 16384kB, failcnt 5\n"
			"swap: usage 8kB, limit 0kB, failcnt 0\nMemory cgroup stats for /a:\n"
			"anon 8192\nfile 12288\nkernel 4096\nshmem 4096\n"
			"Tasks state (memory values in pages):\n"
			"[  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name\n"
			"[     12]     0    12     9000     8200    98304        0             0 a name 7\n",
			KILL);

	assert_int_equal(8192, r.anon);
	assert_int_equal(12288, r.file);
	assert_int_equal(4096, r.kernel_bytes);
	assert_int_equal(8192, r.swap_bytes);
	assert_int_equal(1, r.n_tasks);
	assert_int_equal(CG_UNSET, r.tasks[0].anon_bytes);
	assert_string_equal("a name 7", r.tasks[0].name);
	arena_done(&a);
}

TEST(a_kill_that_is_only_named_has_no_table_and_no_numbers_of_another_one)
{
	struct arena a = ARENA(1 << 20);
	struct oom_report r = collect(&a, "eth0: link up\n[ 1 ] x\n", KILL);

	assert_int_equal(0, r.n_tasks);
	assert_int_equal(CG_UNSET, r.usage_bytes);
	assert_int_equal(CG_UNSET, r.anon);
	assert_int_equal(5, r.time_us);
	arena_done(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(a_kill_of_linux_6_on_v1),
		RUN(a_kill_of_linux_6_1_on_v2_has_its_statistics_in_one_record),
		RUN(a_kill_that_is_only_named_has_no_table_and_no_numbers_of_another_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
