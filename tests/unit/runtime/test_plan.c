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

#define USER ",{\"type\":\"user\"}"
#define MAP(c, h, n) "[{\"containerID\":" c ",\"hostID\":" h ",\"size\":" n "}]"
#define MAPS(c, h, n) ",\"uidMappings\":" MAP(c, h, n) ",\"gidMappings\":" MAP(c, h, n)
#define BIND(options) ",{\"destination\":\"/x\",\"type\":\"bind\",\"source\":\"/y\",\"options\":[\"" options "\"]}"

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
	if (m->rc == 0)
		m->rc = plan_make_filter(&m->plan, &m->e);
}

static const struct {
	const char *process, *mounts, *namespaces, *linux_;
	int rc;
	const char *text;
} refused[] = {
	{ "", "", ",{\"type\":\"pid\"}", "", -EINVAL, "linux.namespaces[5]: type: \"pid\" is there twice" },
	{ "", "", ",{\"type\":\"user\"}", "", -EINVAL, "linux.uidMappings: 0 ranges of ids" },
	{ "", "", ",{\"type\":\"user\",\"path\":\"/x\"}", "", -EINVAL, "linux.uidMappings: 0 ranges of ids" },
	{ "", "", "", MAPS("0", "9", "9"), -EINVAL, "linux.uidMappings: there is no user namespace" },
	{ "", "", USER, MAPS("1", "9", "9"), -EINVAL, "linux.uidMappings: containerID 0 is not mapped" },
	{ "", "", USER, MAPS("0", "9", "0"), -EINVAL, "linux.uidMappings: 0:9:0: no ids" },
	{ "", "", USER, MAPS("0", "9", "7"), -EINVAL, "process.user: uid 7 is not mapped in the user namespace" },
	{ "", "", USER, MAPS("0", "9", "8"), -EINVAL, "process.user: gid 8 is not mapped in the user namespace" },
	{ "", "", USER, MAPS("0", "9", "99") ",\"devices\":[{\"path\":\"/dev/x\",\"type\":\"c\",\"uid\":99}]", -EINVAL,
	  "linux.devices[0]: uid 99 is not mapped" },
	{ "", BIND("idmap"), "", "", -EINVAL, "mounts[1]: idmap: there is neither a user namespace nor uidMappings" },
	{ "", ",{\"destination\":\"/x\",\"type\":\"tmpfs\",\"options\":[\"idmap\"]}", "", "", -ENOTSUP,
	  "mounts[1]: /x: only a bind can be idmapped" },
	{ "", "", ",{\"type\":\"tim\"}", "", -EINVAL, "linux.namespaces[5]: type: \"tim\"" },
	{ "", "", ",{\"type\":\"time\",\"path\":\"/x\"}", ",\"timeOffsets\":{\"boottime\":{\"secs\":1}}", -EINVAL,
	  "linux.timeOffsets: needs a new time namespace" },
	{ "", "", ",{\"type\":\"time\"}", ",\"timeOffsets\":{\"boottime\":{\"nanosecs\":1000000000}}", -EINVAL,
	  "linux.timeOffsets: nanosecs: allowed are 0 to 999999999" },
	{ ",\"scheduler\":{\"policy\":\"SCHED_FIRST\"}", "", "", "", -EINVAL,
	  "process.scheduler: policy: \"SCHED_FIRST\"" },
	{ ",\"scheduler\":{\"policy\":\"SCHED_FIFO\"}", "", "", "", -EINVAL,
	  "process.scheduler: priority: 0: allowed are 1 to 99" },
	{ ",\"scheduler\":{\"policy\":\"SCHED_BATCH\",\"nice\":20}", "", "", "", -EINVAL,
	  "process.scheduler: nice: 20: allowed are -20 to 19" },
	{ ",\"scheduler\":{\"policy\":\"SCHED_BATCH\",\"flags\":[\"SCHED_FLAG_X\"]}", "", "", "", -EINVAL,
	  "process.scheduler: flags[0]: \"SCHED_FLAG_X\" is not known" },
	{ ",\"ioPriority\":{\"class\":\"IOPRIO_CLASS_NONE\"}", "", "", "", -EINVAL,
	  "process.ioPriority: class: \"IOPRIO_CLASS_NONE\"" },
	{ ",\"ioPriority\":{\"class\":\"IOPRIO_CLASS_BE\",\"priority\":8}", "", "", "", -EINVAL,
	  "process.ioPriority: priority: 8: allowed are 0 to 7" },
	{ "", "", "", ",\"memoryPolicy\":{\"mode\":\"MPOL_ALL\"}", -EINVAL, "linux.memoryPolicy: mode: \"MPOL_ALL\"" },
	{ "", "", "", ",\"memoryPolicy\":{\"mode\":\"MPOL_BIND\",\"nodes\":\"0-1024\"}", -EINVAL,
	  "linux.memoryPolicy: nodes: \"0-1024\": allowed are 0 to 1023" },
	{ "", "", "", ",\"personality\":{\"domain\":\"BSD\"}", -EINVAL,
	  "linux.personality: domain: \"BSD\" is not known" },
	{ "", "", "", ",\"resources\":{\"hugepageLimits\":[{\"pageSize\":\"2M\",\"limit\":1}]}", -EINVAL,
	  "linux.resources.hugepageLimits[0]: pageSize: \"2M\" is none of the form 2MB" },
	{ "", "", "", ",\"resources\":{\"rdma\":{\"mlx\":{}}}", -EINVAL, "linux.resources.rdma: mlx: neither" },
	{ "", "", "", ",\"resources\":{\"network\":{\"priorities\":[{\"name\":\"a b\",\"priority\":1}]}}", -EINVAL,
	  "linux.resources.network.priorities[0]: name: \"a b\"" },
	{ "", "", "", ",\"resources\":{\"network\":{\"classID\":1}}", -ENOTSUP,
	  "linux.resources: network class: this version of cgroups has none" },
	{ "", "", "", ",\"sysctl\":{\"kernel.msgmax\":\"1\"}", -EINVAL,
	  "linux.sysctl: \"kernel.msgmax\": needs a ipc namespace in linux.namespaces" },
	{ "", "", "", ",\"sysctl\":{\"kernel.panic\":\"1\"}", -EINVAL,
	  "linux.sysctl: \"kernel.panic\": is not a namespace's own" },
	{ "", "", "", ",\"sysctl\":{\"kernel/msgmaxx\":\"1\"}", -EINVAL, "is not a namespace's own" },
	{ "", "", "", ",\"sysctl\":{\"net//x\":\"1\"}", -EINVAL, "is not the name of a sysctl" },
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

static const char *sysctl_path(struct made *m, const char *key)
{
	char json[128];

	(void)snprintf(json, sizeof json, ",\"sysctl\":{\"%s\":\"1\"}", key);
	make(m, "", "", "", json);
	assert_int_equal(0, m->rc);
	return m->plan.steps[at(&m->plan, STEP_SYSCTL)].options;
}

TEST(a_sysctls_name_is_read_as_sysctl_8_reads_it)
{
	struct made m;

	assert_string_equal("net/ipv4/ip_forward", sysctl_path(&m, "net.ipv4.ip_forward"));
	arena_done(&m.a);
	assert_string_equal("net/ipv4/conf/eth0.5/mtu", sysctl_path(&m, "net.ipv4.conf.eth0/5.mtu"));
	arena_done(&m.a);
	assert_string_equal("net/ipv4/conf/eth0.5/mtu", sysctl_path(&m, "net/ipv4/conf/eth0.5/mtu"));
	arena_done(&m.a);
}

TEST(what_the_specification_wants_ignored_is_a_warning)
{
	struct made m;

	make(&m, ",\"capabilities\":{\"bounding\":[\"CAP_CHOWN\",\"CAP_FLY\"]}", "", "",
	     ",\"personality\":{\"domain\":\"LINUX\",\"flags\":[\"X\"]},\"resources\":{\"memory\":{\"kernel\":5}}");
	assert_int_equal(0, m.rc);
	assert_int_equal(3, m.plan.warning_count);
	assert_non_null(strstr(m.plan.warnings[0], "linux.resources.memory.kernel: "));
	assert_non_null(strstr(m.plan.warnings[1], "linux.personality.flags: "));
	assert_string_equal("process.capabilities.bounding[1]: \"CAP_FLY\" is not known, it is left out",
			    m.plan.warnings[2]);
	assert_int_equal(1, m.plan.caps.bounding);
	arena_done(&m.a);
}

/* ---- a user namespace ------------------------------------------------------------------------------------------- */

#define MAPPED USER, MAPS("0", "100000", "65536")

/* What only the host's root may, after the clone and before the child goes on; then the child is the namespace's root
 * before it makes anything. */
static const enum step_op userns_order[] = {
	STEP_CLONE, STEP_ID_MAP, STEP_STDIO_OWNER, STEP_ROOT_BIND, STEP_BIND_SOURCE, STEP_DEVICE_SOURCE, STEP_HAND_OVER,
	STEP_USERNS_ROOT, STEP_CGROUP_NS, STEP_SESSION, STEP_LOOPBACK, STEP_PROPAGATION, STEP_ROOT_ATTACH, STEP_MOUNT,
	STEP_BIND, STEP_DEVICE, STEP_PIVOT_ROOT, STEP_USER,
};

TEST(with_a_user_namespace_the_host_side_hands_over_what_it_opened)
{
	struct made m;

	make(&m, "", BIND("rbind"), MAPPED);
	assert_int_equal(0, m.rc);
	for (size_t i = 1; i < ARRAY_LEN(userns_order); i++) {
		assert_true(at(&m.plan, userns_order[i]) != SIZE_MAX);
		assert_true(at(&m.plan, userns_order[i - 1]) < at(&m.plan, userns_order[i]));
	}
	for (size_t i = 0; i < m.plan.step_count; i++)
		if (i > at(&m.plan, STEP_CLONE) && i <= at(&m.plan, STEP_HAND_OVER))
			assert_int_equal(ACTOR_HOST, m.plan.steps[i].actor);
	assert_true(m.plan.clone_flags & CLONE_NEWUSER);
	assert_string_equal("0 100000 65536\n", m.plan.maps.uid);
	assert_int_equal(100007, m.plan.steps[at(&m.plan, STEP_STDIO_OWNER)].n[0]);
	arena_done(&m.a);
}

TEST(a_writable_cgroup_of_its_own_belongs_to_the_namespaces_root)
{
#define CGROUP(more) ",{\"destination\":\"/sys/fs/cgroup\",\"type\":\"cgroup\",\"options\":[\"nosuid\"" more "]}"
	struct made m;

	make(&m, "", CGROUP(""), MAPPED);
	assert_int_equal(0, m.rc);
	assert_int_equal(100000, m.plan.steps[at(&m.plan, STEP_CGROUP_OWNER)].n[0]);
	arena_done(&m.a);
	make(&m, "", CGROUP(",\"ro\""), MAPPED);
	assert_int_equal(0, m.rc);
	assert_true(at(&m.plan, STEP_CGROUP_OWNER) == SIZE_MAX);
	arena_done(&m.a);
	make(&m, "", CGROUP(""), "", "");
	assert_int_equal(0, m.rc);
	assert_true(at(&m.plan, STEP_CGROUP_OWNER) == SIZE_MAX);
	arena_done(&m.a);
}

/* The child would be limited in its set-up, and could raise neither. */
TEST(with_a_user_namespace_limits_are_set_by_the_host_side_at_the_release)
{
	struct made m;

	make(&m, ",\"oomScoreAdj\":-5,\"rlimits\":[{\"type\":\"RLIMIT_NOFILE\",\"soft\":1,\"hard\":2}]", "", MAPPED);
	assert_int_equal(0, m.rc);
	assert_int_equal(ACTOR_RELEASE, m.plan.steps[at(&m.plan, STEP_RLIMIT)].actor);
	assert_int_equal(ACTOR_RELEASE, m.plan.steps[at(&m.plan, STEP_OOM_SCORE_ADJ)].actor);
	arena_done(&m.a);
}

TEST(with_a_user_namespace_others_are_joined_before_the_clone)
{
	struct made m;

	make(&m, "", "", ",{\"type\":\"ipc\",\"path\":\"/x\"}" MAPPED);
	assert_int_equal(0, m.rc);
	assert_true(at(&m.plan, STEP_NS_JOIN) < at(&m.plan, STEP_CLONE));
	assert_int_equal(ACTOR_HOST, m.plan.steps[at(&m.plan, STEP_NS_JOIN)].actor);
	arena_done(&m.a);
}

static const struct step *bind_source(const struct made *m)
{
	return &m->plan.steps[at(&m->plan, STEP_BIND_SOURCE)];
}

/* Its own ids need a namespace of their own, but for those of the container. */
TEST(an_idmapped_bind_is_the_host_sides)
{
#define OWN(n) ",{\"destination\":\"/x\",\"type\":\"bind\",\"source\":\"/y\",\"options\":[\"ridmap\"]" \
	MAPS("0", "100000", n) "}"
	struct made m;

	make(&m, "", OWN("5"), "", "");
	assert_int_equal(0, m.rc);
	assert_int_equal(ACTOR_HOST, bind_source(&m)->actor);
	assert_true(at(&m.plan, STEP_BIND_SOURCE) < at(&m.plan, STEP_CLONE));
	assert_string_equal("0 100000 5\n", ((const struct step_idmap *)bind_source(&m)->data)->maps.gid);
	arena_done(&m.a);
	make(&m, "", OWN("5"), MAPPED);
	assert_int_equal(0, m.rc);
	assert_non_null(bind_source(&m)->data);
	arena_done(&m.a);
	make(&m, "", OWN("65536"), MAPPED);
	assert_int_equal(0, m.rc);
	assert_null(bind_source(&m)->data);
	arena_done(&m.a);
}

/* Index by index: a BIND finds the mount of its own source, whoever opened it. */
TEST(each_bind_has_the_place_of_its_source)
{
	struct made m;
	int64_t sources[2], binds[2];
	size_t n = 0, k = 0;

	make(&m, "", BIND("rbind") OWN("5"), "", "");
	assert_int_equal(0, m.rc);
	assert_int_equal(2, m.plan.bind_count);
	for (size_t i = 0; i < m.plan.step_count; i++) {
		if (m.plan.steps[i].op == STEP_BIND_SOURCE)
			sources[n++] = m.plan.steps[i].n[2];
		if (m.plan.steps[i].op == STEP_BIND)
			binds[k++] = m.plan.steps[i].n[2];
	}
	assert_true(n == 2 && k == 2);
	assert_int_equal(1, sources[0]); /* the host side's comes first */
	assert_int_equal(0, sources[1]);
	assert_int_equal(0, binds[0]);
	assert_int_equal(1, binds[1]);
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

/* Only children of who joins a pid namespace are in it: so the host side does, before the clone. */
TEST(a_pid_namespace_is_joined_before_the_clone_and_another_by_the_child)
{
	static const char json[] =
		"{\"ociVersion\":\"1.3.0\",\"root\":{\"path\":\"/r\"},\"process\":{\"args\":[\"sh\"],\"cwd\":\"/\"},"
		"\"mounts\":[{\"destination\":\"/dev/shm\",\"type\":\"bind\",\"source\":\"container:x\"}],\"linux\":{"
		"\"namespaces\":[{\"type\":\"mount\"},{\"type\":\"pid\",\"path\":\"/p\"},{\"type\":\"ipc\",\"path\":\"/i\"}]}}";
	static const struct handed_mount shm = { "/dev/shm", 9 };
	struct plan_inputs in = { .id = "id", .root = { .path = "/r" }, .handed = &shm, .handed_count = 1 };
	struct made m;
	size_t clone;

	make(&m, "", "", "", "");
	assert_int_equal(0, runtime_spec_parse(sv_from(json), &m.a, &m.spec, &m.e));
	if (plan_make(&m.spec, &m.facts, &in, &m.a, &m.plan, &m.e) < 0)
		fail_msg("%s", m.e.msg);
	clone = at(&m.plan, STEP_CLONE);
	assert_int_equal(0, m.plan.steps[clone].set & (CLONE_NEWPID | CLONE_NEWIPC));
	for (size_t i = 0; i < m.plan.step_count; i++) {
		const struct step *s = &m.plan.steps[i];

		if (s->op == STEP_NS_JOIN && s->set == CLONE_NEWPID)
			assert_true(i < clone && s->actor == ACTOR_HOST);
		else if (s->op == STEP_NS_JOIN)
			assert_true(i > clone && s->actor == ACTOR_CHILD && s->set == CLONE_NEWIPC);
		else if (s->op == STEP_BIND_SOURCE) /* what the caller has, only the host side can take */
			assert_true(i < clone && s->actor == ACTOR_HOST && s->n[0] == 9);
	}
	in.handed_count = 0;
	assert_int_equal(-EINVAL, plan_make(&m.spec, &m.facts, &in, &m.a, &m.plan, &m.e));
	assert_non_null(strstr(m.e.msg, "source \"container:x\" is not absolute"));
	arena_done(&m.a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(a_pid_namespace_is_joined_before_the_clone_and_another_by_the_child),
		RUN(what_makes_no_sense_is_refused_with_its_json_path),
		RUN(steps_come_in_the_order_that_is_safe),
		RUN(a_sysctls_name_is_read_as_sysctl_8_reads_it),
		RUN(what_the_specification_wants_ignored_is_a_warning),
		RUN(with_a_user_namespace_the_host_side_hands_over_what_it_opened),
		RUN(a_writable_cgroup_of_its_own_belongs_to_the_namespaces_root),
		RUN(with_a_user_namespace_limits_are_set_by_the_host_side_at_the_release),
		RUN(with_a_user_namespace_others_are_joined_before_the_clone),
		RUN(an_idmapped_bind_is_the_host_sides),
		RUN(each_bind_has_the_place_of_its_source),
		RUN(a_filter_under_no_new_privs_is_the_last_thing_before_exec),
		RUN(a_terminal_is_made_when_dev_is_there),
		RUN(no_console_is_put_into_a_dev_of_the_caller),
		RUN(a_cpu_limit_is_written_when_the_set_up_is_done),
		RUN(capabilities_that_cannot_be_granted_are_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
