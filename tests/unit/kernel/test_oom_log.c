/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel log says about the OOM killer: messages as kernels print them, names that try to be something else, and
 * a log that is read while it is written. */
#include "../test.h"
#include "base/scope.h"
#include "kernel/oom_log.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define TARE "/tare/64aa57a34773a6cde21d019c9cf20f572fc85a088946529e2e459a3d4de36b1e"
#define HEAD "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=x,mems_allowed=0"
#define TAIL ",task=probe,pid=17269,uid=0"

static void same(const char *want, struct sv got)
{
	if (!sv_is(got, want))
		fail_msg("want \"%s\", got \"" SV_FMT "\"", want, SV_ARG(got));
}

static const struct {
	const char *text;
	const char *owner, *group, *task; /* owner "": the host's memory */
	int pid;
} messages[] = {
	{ HEAD ",oom_memcg=" TARE ",task_memcg=" TARE TAIL, TARE, TARE, "probe", 17269 },
	{ HEAD ",oom_memcg=/tare,task_memcg=" TARE "/sub" TAIL "\n", "/tare", TARE "/sub", "probe", 17269 },
	{ "oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0,global_oom,task_memcg=/a/b,task=mem "
	  "hog,pid=2147483647,uid=4294967295",
	  "", "/a/b", "mem hog", 2147483647 },
	{ "oom-kill:constraint=CONSTRAINT_CPUSET,nodemask=0,cpuset=x,mems_allowed=0,global_oom,task_memcg=/,task=a,pid=1,uid="
	  "0",
	  "", "/", "a", 1 },
	/* commas, and the words of the message, in names of groups and tasks */
	{ HEAD ",oom_memcg=/a,b,task_memcg=/a,b/c,d,task=t,pid=1,pid=2,uid=0", "/a,b", "/a,b/c,d", "t,pid=1", 2 },
	{ HEAD ",oom_memcg=/t,task_memcg=/t/g,task=,pid=7,uid=0", "/t", "/t/g", "", 7 },
	{ HEAD ",oom_memcg=/t,task_memcg=/t/g,task=x,task=y,pid=7,uid=0", "/t", "/t/g", "x,task=y", 7 },
	{ HEAD ",oom_memcg=/t,task_memcg=/t/g,task=long-enough-name,task=y,pid=7,uid=0", "/t",
	  "/t/g,task=long-enough-name", "y", 7 },
	/* a group that wants to look as if another one's process had been taken */
	{ HEAD ",oom_memcg=/tare/evil,task_memcg=/tare/good,task_memcg=/tare/evil,task_memcg=/tare/good/x" TAIL,
	  "/tare/evil,task_memcg=/tare/good", "/tare/evil,task_memcg=/tare/good/x", "probe", 17269 },
	{ "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=,oom_memcg=,mems_allowed=0,oom_memcg=/t,task_memcg=/t/g" TAIL,
	  "/t", "/t/g", "probe", 17269 },
	{ "oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=,global_oom,task_memcg=,mems_allowed=0,global_oom,"
	  "task_memcg=/t" TAIL,
	  "", "/t", "probe", 17269 },
};

TEST(messages_of_kernels)
{
	for (size_t i = 0; i < ARRAY_LEN(messages); i++) {
		struct oom_record r;

		if (!oom_record_parse(sv_from(messages[i].text), &r))
			fail_msg("%s", messages[i].text);
		same(messages[i].owner, r.owner);
		same(messages[i].group, r.group);
		same(messages[i].task, r.task);
		assert_int_equal(messages[i].pid, r.pid);
		assert_int_equal(!*messages[i].owner, r.host_wide);
	}
}

static const char *const others[] = {
	"",
	"oom-kill:",
	"Memory cgroup out of memory: Killed process 17269 (probe) total-vm:132076kB",
	HEAD ",oom_memcg=/t,task_memcg=/t",
	HEAD ",oom_memcg=/t,task_memcg=/t,task=a,pid=1",
	HEAD ",oom_memcg=/t,task_memcg=/t,task=a,pid=0,uid=0",
	HEAD ",oom_memcg=/t,task_memcg=/t,task=a,pid=2147483648,uid=0",
	HEAD ",oom_memcg=/t,task_memcg=/t,task=a,pid=x,uid=0",
	HEAD ",oom_memcg=/t,task_memcg=/t,pid=1,uid=0",
	HEAD ",oom_memcg=/t,task_memcg=/u" TAIL, /* no kernel takes a process outside of the group that is full */
	HEAD ",oom_memcg=/t,task_memcg=/tt" TAIL,
	HEAD ",oom_memcg=t,task_memcg=t" TAIL,
	HEAD TAIL,
	"x" HEAD ",oom_memcg=/t,task_memcg=/t" TAIL,
	("oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg=/t,task_memcg=/t" TAIL),
};

TEST(other_messages_are_none)
{
	for (size_t i = 0; i < ARRAY_LEN(others); i++) {
		struct oom_record r = { .pid = 7 };

		if (oom_record_parse(sv_from(others[i]), &r))
			fail_msg("%s", others[i]);
		assert_int_equal(7, r.pid);
	}
}

TEST(records_are_unescaped_and_say_who_wrote_them)
{
	char raw[] = "6,1161,2440020939,-;a\\x5cx2d\\xc3\\xa4\\xzz\\x4\n SUBSYSTEM=x\n";
	char user[] = "12,5,1,c,caller=T1;text";
	char *bad[] = { (char[]){ "" }, (char[]){ "6,1,2,-" }, (char[]){ "x,1,2,-;t" }, (char[]){ "6,y,2,-;t" },
			(char[]){ "6;t" } };
	struct kmsg_record r;

	assert_true(kmsg_parse(raw, strlen(raw), &r));
	assert_true(r.kernel && !r.continued);
	assert_int_equal(1161, r.seq);
	same("a\\x2d\xc3\xa4\\xzz\\x4", r.text);
	assert_true(kmsg_parse(user, strlen(user), &r));
	assert_true(!r.kernel && r.continued);
	same("text", r.text);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(kmsg_parse(bad[i], strlen(bad[i]), &r));
}

/* ---- the log: a socket that keeps records apart, as the device does -------------------------------------------- */

static int log_end;

static struct oom_log *open_log(uint64_t after)
{
	static struct oom_log l;
	int pair[2];

	assert_int_equal(0, socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair));
	log_end = pair[1];
	oom_log_init(&l, pair[0], after);
	return &l;
}

static void put(const char *record)
{
	assert_int_equal(strlen(record), send(log_end, record, strlen(record), 0));
}

static void close_log(struct oom_log *l)
{
	oom_log_close(l);
	close(log_end);
}

TEST(kills_are_found_among_other_records_and_after_a_position)
{
	struct oom_log *l = open_log(20);
	struct oom_record r;
	struct err e = { 0 };

	put("6,19,1,-;" HEAD ",oom_memcg=/a,task_memcg=/a" TAIL);
	put("6,20,1,-;" HEAD ",oom_memcg=/b,task_memcg=/b" TAIL);
	put("garbage");
	put("4,21,1,-;probe invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0\n");
	put("6,22,1,-;" HEAD ",oom_memcg=/c,task_memcg=/c/\\xc3\\xa4" TAIL "\n");
	put("14,23,1,-;" HEAD ",oom_memcg=/forged,task_memcg=/forged" TAIL "\n");
	put("6,24,1,-;" HEAD ",oom_memcg=/d,task_memcg=/d" TAIL "\n");
	assert_int_equal(1, oom_log_next(l, &r, &e));
	same("/c/\xc3\xa4", r.group);
	assert_int_equal(22, l->seq);
	assert_int_equal(1, oom_log_next(l, &r, &e));
	same("/d", r.group);
	assert_int_equal(0, oom_log_next(l, &r, &e));
	put("6,25,1,-;" HEAD ",oom_memcg=/e,task_memcg=/e" TAIL "\n");
	assert_int_equal(1, oom_log_next(l, &r, &e));
	same("/e", r.owner);
	assert_int_equal(25, l->seq);
	close_log(l);
}

TEST(a_description_in_pieces_is_put_together)
{
	struct oom_log *l = open_log(0);
	struct oom_record r;
	struct err e = { 0 };

	put("6,1,1,c;stray");
	put("6,2,1,-;oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null)\n");
	put("4,3,1,-;another processor says something\n");
	put("6,4,1,c;,cpuset=x,mems_allowed=0\n");
	put("14,5,1,c;,oom_memcg=/forged,task_memcg=/forged" TAIL);
	put("6,6,1,c;,oom_memcg=/a,task_memcg=/a/b\n");
	put("6,7,1,c;" TAIL "\n");
	assert_int_equal(1, oom_log_next(l, &r, &e));
	same("/a", r.owner);
	same("/a/b", r.group);
	put("6,8,1,c;" TAIL "\n"); /* of nothing */
	assert_int_equal(0, oom_log_next(l, &r, &e));
	close_log(l);
}

TEST(a_description_that_never_ends_is_dropped)
{
	struct oom_log *l = open_log(0);
	struct oom_record r;
	struct err e = { 0 };
	char part[1100];

	put("6,1,1,-;oom-kill:constraint=CONSTRAINT_MEMCG\n");
	for (int i = 0; i < 10; i++) {
		(void)snprintf(part, sizeof part, "6,%d,1,c;%01000d", i + 2, 0);
		put(part);
		assert_int_equal(0, oom_log_next(l, &r, &e));
	}
	put("6,20,1,-;" HEAD ",oom_memcg=/a,task_memcg=/a" TAIL);
	assert_int_equal(1, oom_log_next(l, &r, &e));
	close_log(l);
}

TEST(a_log_that_is_filled_all_the_time_is_left)
{
	struct oom_log *l = open_log(0);
	struct oom_record r;
	struct err e = { 0 };

	l->left = 3;
	for (int i = 1; i < 6; i++) {
		char text[32];

		(void)snprintf(text, sizeof text, "6,%d,1,-;noise", i);
		put(text);
	}
	assert_int_equal(0, oom_log_next(l, &r, &e));
	assert_int_equal(3, l->seq);
	close_log(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(messages_of_kernels),
		RUN(other_messages_are_none),
		RUN(records_are_unescaped_and_say_who_wrote_them),
		RUN(kills_are_found_among_other_records_and_after_a_position),
		RUN(a_description_in_pieces_is_put_together),
		RUN(a_description_that_never_ends_is_dropped),
		RUN(a_log_that_is_filled_all_the_time_is_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
