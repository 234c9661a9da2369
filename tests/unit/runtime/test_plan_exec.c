/* SPDX-License-Identifier: Apache-2.0 */
/* The plan of one more process: whole, as text, and the order that its safety rests on. */
#include "runtime/exec.h"

#include "../test.h"

#include "base/scope.h"
#include "kernel/capability.h"

#include <errno.h>
#include <string.h>

/* %s: more of process, %s: the filter */
#define CONTAINER                                                                                                        \
	"{\"ociVersion\":\"1.3.0\",\"root\":{\"path\":\"/r\"},\"process\":{\"args\":[\"sleep\"],\"cwd\":\"/\","          \
	"\"capabilities\":{\"bounding\":[\"CAP_KILL\"],\"effective\":[\"CAP_KILL\"],\"permitted\":[\"CAP_KILL\"]},"      \
	"\"rlimits\":[{\"type\":\"RLIMIT_NOFILE\",\"soft\":7,\"hard\":8}],\"oomScoreAdj\":5,\"user\":{\"umask\":63}%s}," \
	"\"linux\":{\"namespaces\":[{\"type\":\"mount\"},{\"type\":\"pid\"},{\"type\":\"cgroup\"},"                      \
	"{\"type\":\"network\",\"path\":\"/run/n\"}]%s}}"

struct made {
	struct arena a;
	struct runtime_spec spec;
	struct host_facts facts;
	struct exec_context context;
	struct plan plan;
	struct err e;
	int rc;
};

static void begin(struct made *m, enum cgroup_mode mode, const char *process, const char *filter)
{
	const struct plan_inputs in = { .id = "id", .root = { .path = "/r" }, .die_with_parent = true };
	struct plan p;

	*m = (struct made){ .a = ARENA(1 << 20) };
	m->facts.capabilities = cap_all();
	m->facts.kernel = kfeat_all();
	m->facts.cgroup = (struct cgroup_layout){ .mode = mode, .n = 1, .cpu_cfs = true };
	m->facts.cgroup.h[0] =
		(struct cgroup_hierarchy){ .mount = "c", .controllers = ~0u, .v2 = mode == CGROUP_MODE_V2 };
	assert_int_equal(
		0, runtime_spec_parse(sv_from(arena_fmt(&m->a, CONTAINER, process, filter)), &m->a, &m->spec, &m->e));
	assert_int_equal(0, plan_make(&m->spec, &m->facts, &in, &m->a, &p, &m->e));
	assert_int_equal(0, plan_make_filter(&p, &m->e));
	assert_int_equal(0, exec_context_make(&p, &m->a, &m->context, &m->e));
}

static void make(struct made *m, const char *process, bool privileged)
{
	struct oci_process pr;

	assert_int_equal(0, oci_process_parse(sv_from(process), &m->a, &pr, &m->e));
	m->rc = exec_plan_make(&m->context, &pr, privileged, &m->facts, &m->a, &m->plan, &m->e);
}

static size_t at(const struct plan *p, enum step_op op)
{
	for (size_t i = 0; i < p->step_count; i++)
		if (p->steps[i].op == op)
			return i;
	return SIZE_MAX;
}

#define LS "{\"args\":[\"ls\",\"-l\"],\"cwd\":\"/w\",\"env\":[\"PATH=/bin\"],\"user\":{\"uid\":7,\"gid\":8,\"additionalGids\":[9]}"
#define ALLOW_ALL_BUT(name) \
	",\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"" name "\"],\"action\":\"SCMP_ACT_ERRNO\"}]}"

TEST(what_the_document_does_not_say_is_the_containers)
{
	scoped_buf out = BUF(4096);
	struct made m;

	begin(&m, CGROUP_MODE_V2, "", "");
	make(&m, LS "}", false);
	assert_int_equal(0, m.rc);
	assert_int_equal(0, plan_print(&m.plan, &out, NULL));
	assert_string_equal("host    clone into-cgroup\n"
			    "child   oom-score-adj 5\n"
			    "child   rlimit RLIMIT_NOFILE 7 8\n"
			    "child   session\n"
			    "child   enter-namespaces mount pid network cgroup\n"
			    "child   bounding-set KILL\n"
			    "child   user 7:8 groups=9\n"
			    "child   chdir /w\n"
			    "child   umask 0077\n"
			    "child   find ls\n"
			    "child   capabilities KILL\n"
			    "child   process\n"
			    "process lead-session\n"
			    "process exec ls -l\n",
			    out.p);
	arena_done(&m.a);
}

TEST(what_it_says_counts)
{
	scoped_buf out = BUF(4096);
	struct made m;

	begin(&m, CGROUP_MODE_V1, "", "");
	make(&m,
	     LS
	     ",\"terminal\":true,\"consoleSize\":{\"height\":2,\"width\":3},\"oomScoreAdj\":6,\"noNewPrivileges\":true,"
	     "\"capabilities\":{\"bounding\":[\"CAP_CHOWN\"]},\"rlimits\":[{\"type\":\"RLIMIT_CORE\",\"soft\":1,\"hard\":1}]}",
	     false);
	assert_int_equal(0, m.rc);
	assert_int_equal(0, plan_print(&m.plan, &out, NULL));
	assert_string_equal("host    clone\n"
			    "child   cgroup-join\n"
			    "child   oom-score-adj 6\n"
			    "child   rlimit RLIMIT_CORE 1 1\n"
			    "child   session\n"
			    "child   enter-namespaces mount pid network cgroup\n"
			    "child   console rows=2 columns=3\n"
			    "child   no-new-privs\n"
			    "child   bounding-set CHOWN\n"
			    "child   user 7:8 groups=9\n"
			    "child   chdir /w\n"
			    "child   umask 0077\n"
			    "child   find ls\n"
			    "child   capabilities none\n"
			    "child   process\n"
			    "process lead-session\n"
			    "process exec ls -l\n",
			    out.p);
	arena_done(&m.a);
}

TEST(privileged_has_all_capabilities_and_no_filter)
{
	struct made m;

	begin(&m, CGROUP_MODE_V2, ",\"noNewPrivileges\":true", ALLOW_ALL_BUT("mount"));
	make(&m, LS "}", true);
	assert_int_equal(0, m.rc);
	assert_true(m.plan.caps.bounding == cap_all() && m.plan.caps.effective == cap_all());
	assert_true(at(&m.plan, STEP_SECCOMP) == SIZE_MAX && at(&m.plan, STEP_NO_NEW_PRIVS) == SIZE_MAX);
	arena_done(&m.a);
}

static const struct {
	const char *process, *filter;
	enum step_actor actor;
	size_t caps_after; /* of the filter, in steps that are CAPABILITIES */
	const char *caps;  /* those that the helper goes on with */
} filters[] = {
	/* nothing that is still to be done is in it: the helper has CAP_SYS_ADMIN and the process never */
	{ "", ALLOW_ALL_BUT("mount"), ACTOR_CHILD, 1, "child   capabilities KILL" },
	{ "", ALLOW_ALL_BUT("setsid"), ACTOR_PROCESS, 1, "child   capabilities KILL,SYS_ADMIN" },
	{ "", ALLOW_ALL_BUT("clone"), ACTOR_PROCESS, 1, "child   capabilities KILL,SYS_ADMIN" },
	/* needs no capability: after everything else */
	{ ",\"noNewPrivileges\":true", ALLOW_ALL_BUT("mount"), ACTOR_PROCESS, 0, "child   capabilities KILL" },
};

TEST(the_filter_comes_where_no_process_of_the_container_needs_a_privilege_for_it)
{
	for (size_t i = 0; i < ARRAY_LEN(filters); i++) {
		scoped_buf out = BUF(4096);
		size_t filter, caps = 0;
		struct made m;

		begin(&m, CGROUP_MODE_V2, filters[i].process, filters[i].filter);
		make(&m, LS "}", false);
		assert_int_equal(0, m.rc);
		filter = at(&m.plan, STEP_SECCOMP);
		assert_int_equal(filters[i].actor, m.plan.steps[filter].actor);
		for (size_t k = filter; k < m.plan.step_count; k++)
			caps += m.plan.steps[k].op == STEP_CAPABILITIES;
		assert_int_equal(filters[i].caps_after, caps);
		plan_print_step(&m.plan, &m.plan.steps[at(&m.plan, STEP_CAPABILITIES)], &out);
		assert_string_equal(filters[i].caps, out.p);
		assert_int_equal(at(&m.plan, STEP_EXEC), m.plan.step_count - 1);
		arena_done(&m.a);
	}
}

static const struct {
	const char *process;
	int rc;
	const char *text;
} refused[] = {
	{ "{\"args\":[],\"cwd\":\"/\"}", -EINVAL, "process.args: no command" },
	{ "{\"args\":[\"x\"],\"cwd\":\"w\"}", -EINVAL, "process.cwd: \"w\" is not absolute" },
	{ "{\"args\":[\"x\"],\"cwd\":\"/\",\"user\":{\"uid\":4294967295,\"gid\":0}}", -EINVAL, "process.user" },
	{ "{\"args\":[\"x\"],\"cwd\":\"/\",\"terminal\":true,\"consoleSize\":{\"height\":70000,\"width\":1}}", -EINVAL,
	  "process.consoleSize" },
};

TEST(what_makes_no_sense_is_refused_by_its_path)
{
	for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
		struct made m;

		begin(&m, CGROUP_MODE_V2, "", "");
		make(&m, refused[i].process, false);
		assert_int_equal(refused[i].rc, m.rc);
		assert_non_null(strstr(m.e.msg, refused[i].text));
		arena_done(&m.a);
	}
}

TEST(a_context_lives_without_its_plan)
{
	scoped_arena own = ARENA(1 << 16);
	const struct plan_inputs in = { .id = "id", .root = { .path = "/r" } };
	struct exec_context kept;
	struct plan p;
	struct made m;

	begin(&m, CGROUP_MODE_V2, "", ALLOW_ALL_BUT("mount"));
	assert_int_equal(0, plan_make(&m.spec, &m.facts, &in, &m.a, &p, &m.e));
	assert_int_equal(0, plan_make_filter(&p, &m.e));
	assert_int_equal(0, exec_context_make(&p, &own, &kept, &m.e));
	arena_done(&m.a);
	assert_string_equal("RLIMIT_NOFILE", kept.process.rlimits.v[0].type);
	assert_true(kept.seccomp.len > 0 && kept.seccomp.filter[0].code != 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(what_the_document_does_not_say_is_the_containers),
		RUN(what_it_says_counts),
		RUN(privileged_has_all_capabilities_and_no_filter),
		RUN(the_filter_comes_where_no_process_of_the_container_needs_a_privilege_for_it),
		RUN(what_makes_no_sense_is_refused_by_its_path),
		RUN(a_context_lives_without_its_plan),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
