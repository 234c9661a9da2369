/* SPDX-License-Identifier: Apache-2.0 */
/* What a plan refuses, and the order that the child's safety rests on. */
#include "runtime/plan.h"

#include "../test.h"

#include "base/scope.h"

#include <errno.h>
#include <sched.h>
#include <string.h>

/* A document with one text put in; %s stands in the place that a case is about. */
#define BASE                                                                                                             \
	"{\"ociVersion\":\"1.3.0\",\"root\":{\"path\":\"/r\"},\"hostname\":\"h\","                                          \
	"\"process\":{\"args\":[\"sh\"],\"cwd\":\"/w\",\"env\":[\"PATH=/bin\"],\"user\":{\"uid\":7,\"gid\":8}%s},"          \
	"\"mounts\":[{\"destination\":\"/proc\",\"type\":\"proc\",\"source\":\"proc\"}%s],"                                 \
	"\"linux\":{\"namespaces\":[{\"type\":\"mount\"},{\"type\":\"pid\"},{\"type\":\"uts\"},{\"type\":\"network\"},"     \
	"{\"type\":\"cgroup\"}%s],\"maskedPaths\":[\"/proc/kcore\"],\"readonlyPaths\":[\"/proc/sys\"]%s}}"

struct made {
	struct arena a;
	struct runtime_spec spec;
	struct host_facts facts;
	struct plan plan;
	struct err e;
	int rc;
};

static void make(struct made *m, const char *process, const char *mounts, const char *namespaces, const char *linux_)
{
	const struct plan_inputs in = { .id = "id", .root = { .path = "/r" } };
	const char *json;

	*m = (struct made){ .a = ARENA(1 << 20) };
	m->facts.capabilities = cap_all();
	m->facts.kernel = kfeat_all();
	m->facts.cgroup = (struct cgroup_layout){ .mode = CGROUP_MODE_V2, .n = 1, .cpu_cfs = true };
	m->facts.cgroup.h[0] = (struct cgroup_hierarchy){ .mount = "sys/fs/cgroup", .controllers = ~0u, .v2 = true };
	json = arena_fmt(&m->a, BASE, process, mounts, namespaces, linux_);
	m->rc = runtime_spec_parse(sv_from(json), &m->a, &m->spec, &m->e);
	if (m->rc == 0)
		m->rc = plan_make(&m->spec, &m->facts, &in, &m->a, &m->plan, &m->e);
}

static const struct {
	const char *process, *mounts, *namespaces, *linux_;
	int rc;
	const char *text;
} refused[] = {
	{ "", "", ",{\"type\":\"pid\"}", "", -EINVAL, "linux.namespaces[5]: type: \"pid\" is there twice" },
	{ "", "", ",{\"type\":\"user\"}", "", -ENOTSUP, "linux.namespaces[5]: type: \"user\"" },
	{ "", "", ",{\"type\":\"tim\"}", "", -EINVAL, "linux.namespaces[5]: type: \"tim\"" },
	{ "", "", ",{\"type\":\"time\",\"path\":\"/x\"}", "", -ENOTSUP, "joining a time namespace" },
	{ "", ",{\"destination\":\"/x\",\"type\":\"bind\",\"source\":\"y\"}", "", "", -EINVAL,
	  "mounts[1]: /x: source \"y\" is not absolute" },
	{ "", ",{\"destination\":\"/proc/sys\",\"type\":\"tmpfs\"}", "", "", -EINVAL,
	  "mounts[1]: destination: \"/proc/sys\"" },
	{ "", ",{\"destination\":\"/x/../proc//self\",\"type\":\"tmpfs\"}", "", "", -EINVAL,
	  "nothing may be mounted inside /proc" },
	{ "", ",{\"destination\":\"/x\"}", "", "", -EINVAL, "mounts[1]: /x: neither a type nor the option bind" },
	{ ",\"rlimits\":[{\"type\":\"RLIMIT_X\",\"soft\":1,\"hard\":1}]", "", "", "", -EINVAL,
	  "process.rlimits[0].type: \"RLIMIT_X\"" },
	{ ",\"terminal\":true,\"consoleSize\":{\"height\":65536,\"width\":1}", "", "", "", -EINVAL,
	  "process.consoleSize" },
	{ "", "", "", ",\"cgroupsPath\":\"/a/../b\"", -EINVAL, "linux.cgroupsPath" },
	{ "", "", "", ",\"cgroupsPath\":\"a.slice:b:c\"", -ENOTSUP, "linux.cgroupsPath" },
	{ "", "", "", ",\"sysctl\":{\"kernel.shm_rmid_forced=1+kernel.core_pattern\":\"x\"}", -EINVAL, "linux.sysctl" },
	{ "", "", "", ",\"sysctl\":{\"../../x\":\"1\"}", -EINVAL, "linux.sysctl" },
	{ "", "", "", ",\"rootfsPropagation\":\"public\"", -EINVAL, "linux.rootfsPropagation: \"public\"" },
	{ "", "", "", ",\"devices\":[{\"path\":\"/dev/x\",\"type\":\"q\",\"major\":1,\"minor\":1}]", -EINVAL,
	  "linux.devices[0]: type: \"q\"" },
	{ "", "", "", ",\"resources\":{\"devices\":[{\"allow\":true,\"type\":\"c\",\"access\":\"rx\"}]}", -EINVAL,
	  "linux.resources.devices[0]: access" },
	{ "", "", "", ",\"seccomp\":{\"defaultAction\":\"SCMP_ACT_MAYBE\"}", -EINVAL, "linux.seccomp: defaultAction" },
};

TEST(what_makes_no_sense_is_refused_with_its_json_path)
{
	for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
		struct made m;

		make(&m, refused[i].process, refused[i].mounts, refused[i].namespaces, refused[i].linux_);
		if (m.rc != refused[i].rc || !strstr(m.e.msg, refused[i].text))
			print_error("case %zu: %d \"%s\"\n", i, m.rc, m.e.msg);
		assert_int_equal(refused[i].rc, m.rc);
		assert_non_null(strstr(m.e.msg, refused[i].text));
		arena_done(&m.a);
	}
}

static size_t at(const struct plan *p, enum step_op op)
{
	for (size_t i = 0; i < p->step_count; i++)
		if (p->steps[i].op == op)
			return i;
	return SIZE_MAX;
}

/* Each before the next. */
static const enum step_op order[] = {
	STEP_CGROUP_MAKE, STEP_ROOT_BIND, STEP_CLONE, STEP_CGROUP_NS, STEP_PROPAGATION, STEP_ROOT_ATTACH, STEP_MOUNT,
	STEP_SYSCTL, STEP_MASK, STEP_READONLY, STEP_PIVOT_ROOT, STEP_HOSTNAME, STEP_BOUNDING, STEP_USER, STEP_CHDIR,
	STEP_FIND, STEP_READY, STEP_SECCOMP, STEP_CAPABILITIES, STEP_EXEC,
};

#define LINUX_FULL \
	",\"sysctl\":{\"net.ipv4.ip_forward\":\"1\"},\"resources\":{\"cpu\":{\"quota\":50000,\"period\":100000}}," \
	"\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"mount\"],\"action\":\"SCMP_ACT_ERRNO\"}]}"

TEST(steps_come_in_the_order_that_is_safe)
{
	struct made m;

	make(&m, "", "", "", LINUX_FULL);
	assert_int_equal(0, m.rc);
	for (size_t i = 1; i < ARRAY_LEN(order); i++) {
		assert_true(at(&m.plan, order[i]) != SIZE_MAX);
		assert_true(at(&m.plan, order[i - 1]) < at(&m.plan, order[i]));
	}
	arena_done(&m.a);
}

TEST(a_filter_under_no_new_privs_is_the_last_thing_before_exec)
{
	struct made m;

	make(&m, ",\"noNewPrivileges\":true", "", "", LINUX_FULL);
	assert_int_equal(0, m.rc);
	assert_int_equal(at(&m.plan, STEP_EXEC), at(&m.plan, STEP_SECCOMP) + 1);
	assert_true(at(&m.plan, STEP_NO_NEW_PRIVS) < at(&m.plan, STEP_SECCOMP));
	arena_done(&m.a);
}

/* /dev has its nodes and its pts by then; the old root is still there only for the names of the host. */
TEST(a_terminal_is_made_when_dev_is_there)
{
	struct made m;
	size_t console;

	make(&m, ",\"terminal\":true,\"consoleSize\":{\"height\":24,\"width\":80}", "", "", "");
	assert_int_equal(0, m.rc);
	console = at(&m.plan, STEP_CONSOLE);
	assert_true(at(&m.plan, STEP_SYMLINK) < console && console < at(&m.plan, STEP_MASK));
	assert_string_equal("/dev/console", m.plan.steps[console].path);
	assert_int_equal(24, m.plan.steps[console].n[0]);
	assert_int_equal(80, m.plan.steps[console].n[1]);
	arena_done(&m.a);
}

TEST(no_console_is_put_into_a_dev_of_the_caller)
{
	struct made m;

	make(&m, ",\"terminal\":true", ",{\"destination\":\"/dev\",\"type\":\"bind\",\"source\":\"/dev\"}", "", "");
	assert_int_equal(0, m.rc);
	assert_null(m.plan.steps[at(&m.plan, STEP_CONSOLE)].path);
	arena_done(&m.a);
}

TEST(a_cpu_limit_is_written_when_the_set_up_is_done)
{
	struct made m;
	bool seen = false;

	make(&m, "", "", "", LINUX_FULL);
	for (size_t i = 0; i < m.plan.step_count; i++)
		if (m.plan.steps[i].op == STEP_CGROUP_WRITE && strcmp(m.plan.steps[i].path, "cpu.max") == 0) {
			seen = true;
			assert_int_equal(ACTOR_RELEASE, m.plan.steps[i].actor);
			assert_string_equal("50000 100000", m.plan.steps[i].source);
		}
	assert_true(seen);
	arena_done(&m.a);
}

TEST(capabilities_that_cannot_be_granted_are_left_out)
{
	struct made m;

	make(&m,
	     ",\"capabilities\":{\"bounding\":[\"CAP_KILL\",\"CAP_FUTURE\"],\"effective\":[\"CAP_KILL\",\"CAP_CHOWN\"],"
	     "\"permitted\":[\"CAP_KILL\"],\"inheritable\":[\"CAP_CHOWN\"],\"ambient\":[\"CAP_KILL\"]}",
	     "", "", "");
	assert_int_equal(0, m.rc);
	assert_int_equal(1u << 5, m.plan.caps.bounding);
	assert_int_equal(1u << 5, m.plan.caps.effective);
	assert_int_equal(0, m.plan.caps.inheritable); /* not in the bounding set */
	assert_int_equal(0, m.plan.caps.ambient);     /* not inheritable */
	arena_done(&m.a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(what_makes_no_sense_is_refused_with_its_json_path),
		RUN(steps_come_in_the_order_that_is_safe),
		RUN(a_filter_under_no_new_privs_is_the_last_thing_before_exec),
		RUN(a_terminal_is_made_when_dev_is_there),
		RUN(no_console_is_put_into_a_dev_of_the_caller),
		RUN(a_cpu_limit_is_written_when_the_set_up_is_done),
		RUN(capabilities_that_cannot_be_granted_are_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
