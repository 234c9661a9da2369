/* SPDX-License-Identifier: Apache-2.0 */
/* What is told of the OOM killer, from trees of plain files; dev/kmsg is a file with one record there. */
#include "../test.h"
#include "../kernel/fake_tree.h"
#include "monitor/oom.h"

#define RECORD(owner, group, task, pid)                                                                                \
	"6,50,1,-;oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=x,mems_allowed=0,oom_memcg=" owner       \
	",task_memcg=" group ",task=" task ",pid=" pid ",uid=0\n"

static void put_v1(const struct fake_tree *t, const char *kills)
{
	fake_tree_put(t, "proc/self/mountinfo", "32 31 0:29 / /cg/memory rw - cgroup cgroup rw,memory\n");
	fake_tree_put(t, "cg/memory/tare/x/memory.oom_control", kills);
	fake_tree_put(t, "cg/memory/tare/x/memory.limit_in_bytes", "67108864\n");
	fake_tree_put(t, "cg/memory/tare/memory.limit_in_bytes", "9223372036854771712\n");
}

static void put_v2(const struct fake_tree *t, const char *events, const char *local)
{
	fake_tree_put(t, "sys/fs/cgroup/cgroup.controllers", "memory\n");
	fake_tree_put(t, "sys/fs/cgroup/tare/x/memory.events", events);
	fake_tree_put(t, "sys/fs/cgroup/tare/x/memory.events.local", local);
	fake_tree_put(t, "sys/fs/cgroup/tare/x/memory.max", "67108864\n");
	fake_tree_put(t, "sys/fs/cgroup/tare/memory.max", "134217728\n");
}

static void look_again(const struct fake_tree *t, bool nested, struct outcome *o)
{
	scoped_host h = fake_tree_host(t);
	struct cgroup_layout l;
	struct err e = { 0 };

	if (cgroup_layout_read(&h, &l, &e) < 0)
		fail_msg("%s", e.msg);
	oom_look(&h, &l, "/tare/x", nested, o);
}

static struct outcome look(const struct fake_tree *t, bool nested, uint64_t seq)
{
	struct outcome o = { .pid = 7, .oom_log_seq = seq, .oom_owner = "old", .oom_kills = 99 };

	look_again(t, nested, &o);
	return o;
}

TEST(without_a_kill_nothing_is_told)
{
	scoped_tree t = fake_tree_new();
	struct outcome o;

	put_v2(&t, "oom 3\noom_kill 0\n", "oom 3\noom_kill 0\n");
	fake_tree_put(&t, "dev/kmsg", RECORD("/tare/x", "/tare/x", "old", "5")); /* not looked at */
	o = look(&t, false, 0);
	assert_false(o.oom_killed);
	assert_int_equal(0, o.oom_kills);
	assert_string_equal("", o.oom_owner);
	assert_int_equal(0, o.oom_log_seq);
}

TEST(a_kill_is_told_with_owner_limit_and_victim)
{
	scoped_tree t = fake_tree_new();
	struct outcome o;

	put_v2(&t, "oom 1\noom_kill 2\n", "oom 0\noom_kill 2\n");
	fake_tree_put(&t, "dev/kmsg", RECORD("/tare", "/tare/x/sub", "a\\x1b\\xc3b c", "7"));
	o = look(&t, false, 0);
	assert_true(o.oom_killed);
	assert_int_equal(2, o.oom_kills);
	assert_string_equal("/tare", o.oom_owner);
	assert_int_equal(134217728, o.oom_limit_bytes);
	assert_string_equal("a??b c", o.oom_victim); /* it is printed to terminals */
	assert_int_equal(7, o.oom_victim_pid);
	assert_int_equal(50, o.oom_log_seq);
}

TEST(the_log_of_others_and_of_the_last_life_is_no_news)
{
	scoped_tree t = fake_tree_new();
	struct outcome o;

	put_v1(&t, "oom_kill_disable 0\nunder_oom 0\noom_kill 1\n");
	fake_tree_put(&t, "dev/kmsg", RECORD("/tare", "/tare/x2", "other", "9"));
	o = look(&t, false, 0);
	assert_true(o.oom_killed);
	assert_string_equal("", o.oom_owner);
	assert_int_equal(0, o.oom_victim_pid);
	fake_tree_put(&t, "dev/kmsg", RECORD("/tare/x", "/tare/x", "mine", "9"));
	assert_string_equal("", look(&t, false, 50).oom_victim);
	o = look(&t, false, 49);
	assert_string_equal("mine", o.oom_victim);
	assert_int_equal(67108864, o.oom_limit_bytes);
}

TEST(v2_knows_its_own_limit_without_a_log)
{
	scoped_tree t = fake_tree_new();
	struct outcome o;

	put_v2(&t, "oom 1\noom_kill 1\n", "oom 1\noom_kill 1\n");
	o = look(&t, false, 0);
	assert_true(o.oom_killed);
	assert_string_equal("/tare/x", o.oom_owner);
	assert_int_equal(67108864, o.oom_limit_bytes);
	assert_int_equal(0, o.oom_victim_pid);
	put_v2(&t, "oom 0\noom_kill 1\n", "oom 0\noom_kill 1\n"); /* somebody's above */
	assert_string_equal("", look(&t, false, 0).oom_owner);
}

TEST(a_group_of_v1_that_the_container_removed_is_in_the_log_alone)
{
	scoped_tree t = fake_tree_new();
	struct outcome o;

	put_v1(&t, "oom_kill_disable 0\nunder_oom 0\noom_kill 0\n");
	fake_tree_put(&t, "dev/kmsg", RECORD("/tare/x/gone", "/tare/x/gone", "p", "9"));
	assert_false(look(&t, false, 0).oom_killed);
	o = look(&t, true, 0);
	assert_true(o.oom_killed);
	assert_int_equal(1, o.oom_kills);
	assert_string_equal("/tare/x/gone", o.oom_owner);
	assert_int_equal(0, o.oom_limit_bytes);
	assert_false(look(&t, true, 50).oom_killed);
}

TEST(a_later_look_adds_to_what_the_log_told)
{
	scoped_tree t = fake_tree_new();
	struct outcome o;

	put_v1(&t, "oom_kill_disable 0\nunder_oom 0\noom_kill 0\n");
	fake_tree_put(&t, "dev/kmsg", RECORD("/tare/x/gone", "/tare/x/gone", "p", "9"));
	o = look(&t, true, 0);
	look_again(&t, true, &o);
	assert_int_equal(1, o.oom_kills);
	assert_string_equal("p", o.oom_victim);
	fake_tree_put(&t, "dev/kmsg",
		      "6,70,1,-;oom-kill:constraint=CONSTRAINT_MEMCG,oom_memcg=/tare/x/b,task_memcg=/tare/x/b,"
		      "task=q,pid=10,uid=0\n");
	look_again(&t, true, &o);
	assert_int_equal(2, o.oom_kills);
	assert_string_equal("q", o.oom_victim);
}

TEST(a_group_that_is_gone_leaves_what_was_known)
{
	scoped_tree t = fake_tree_new();
	struct outcome o;

	put_v2(&t, "oom 1\noom_kill 1\n", "oom 1\noom_kill 1\n");
	o = look(&t, false, 0);
	assert_int_equal(0, io_remove_tree_at(t.fd, "sys/fs/cgroup/tare/x", NULL));
	look_again(&t, false, &o);
	assert_true(o.oom_killed);
	assert_int_equal(1, o.oom_kills);
	assert_string_equal("/tare/x", o.oom_owner);
	assert_int_equal(67108864, o.oom_limit_bytes);
}

TEST(the_host_ran_out)
{
	scoped_tree t = fake_tree_new();
	struct outcome o;

	put_v2(&t, "oom_kill 1\n", "oom_kill 1\n");
	fake_tree_put(&t, "dev/kmsg",
		      "6,50,1,-;oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0,global_oom,"
		      "task_memcg=/tare/x,task=p,pid=7,uid=0\n");
	o = look(&t, false, 0);
	assert_string_equal("/", o.oom_owner);
	assert_int_equal(0, o.oom_limit_bytes);
}

/* ---- who can make groups --------------------------------------------------------------------------------------- */

static const struct {
	const char *type, *source, *option;
	bool may;
} mounts[] = {
	{ "cgroup", "cgroup", "rw", true },
	{ "cgroup", "cgroup", "ro", false },
	{ "cgroup", "cgroup", NULL, true },
	{ "bind", "/sys/fs/cgroup/memory", "rbind", true },
	{ NULL, "/sys/fs/cgroup", "ro", false },
	{ "tmpfs", "tmpfs", NULL, false },
	{ NULL, NULL, NULL, false },
};

TEST(who_can_make_groups_on_v1)
{
	struct cgroup_layout v1 = { .n = 1, .h = { { .controllers = 1u << CGROUP_MEMORY } } };
	struct cgroup_layout v2 = { .n = 1, .h = { { .controllers = 1u << CGROUP_MEMORY, .v2 = true } } };

	for (size_t i = 0; i < ARRAY_LEN(mounts); i++) {
		const char *option = mounts[i].option;
		struct oci_mount m = { .type = mounts[i].type,
				       .source = mounts[i].source,
				       .options = { .v = &option, .n = option ? 1 : 0 } };

		assert_int_equal(mounts[i].may, oom_may_nest(&v1, &m, 1));
		assert_false(oom_may_nest(&v2, &m, 1));
	}
}

/* ---- texts ------------------------------------------------------------------------------------------------------- */

static const struct {
	struct outcome o;
	const char *text;
} texts[] = {
	{ { .oom_kills = 1 }, "killed for lack of memory" },
	{ { .oom_owner = "/" }, "killed for lack of memory, the host ran out of it" },
	{ { .oom_owner = "/tare/x", .oom_limit_bytes = 64 << 20, .oom_victim = "hog", .oom_victim_pid = 7 },
	  "killed for lack of memory: process 7 (hog), at the memory limit of 64 MiB of the container" },
	{ { .oom_owner = "/tare", .oom_limit_bytes = 6148 << 10, .oom_victim = "hog", .oom_victim_pid = 7 },
	  "killed for lack of memory: process 7 (hog), at the memory limit of 6148 KiB of cgroup /tare" },
	{ { .oom_owner = "/tare" }, "killed for lack of memory, at the limit of cgroup /tare" },
};

TEST(one_line_for_a_person)
{
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct err e = { 0 };

		oom_tell(&texts[i].o, "/tare/x", &e);
		assert_string_equal(texts[i].text, e.msg);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(without_a_kill_nothing_is_told),
		RUN(a_kill_is_told_with_owner_limit_and_victim),
		RUN(the_log_of_others_and_of_the_last_life_is_no_news),
		RUN(v2_knows_its_own_limit_without_a_log),
		RUN(a_group_of_v1_that_the_container_removed_is_in_the_log_alone),
		RUN(a_later_look_adds_to_what_the_log_told),
		RUN(a_group_that_is_gone_leaves_what_was_known),
		RUN(the_host_ran_out),
		RUN(who_can_make_groups_on_v1),
		RUN(one_line_for_a_person),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
