/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/runtime_spec.h"

#include "base/limits.h"
#include "base/scope.h"

#include "../test.h"

#include <errno.h>
#include <string.h>

#define DOC(fields) "{\"ociVersion\":\"1.0.2\"," fields "}"
#define PROCESS(fields) DOC("\"process\":{\"cwd\":\"/\"," fields "}")
#define LINUX(fields) DOC("\"linux\":{" fields "}")

static const struct {
	const char *json;
	int rc;
	const char *msg;
} refused[] = {
	{ "", -EINVAL, "not JSON: line 1, column 1: the text ends too early" },
	{ "{", -EINVAL, "not JSON: line 1, column 2: the text ends too early" },
	{ "{}", -EINVAL, "ociVersion: missing" },
	{ "[]", -EINVAL, "document: expected an object, got an array" },
	{ "{\"ociVersion\":\"2.0\"}", -EINVAL, "ociVersion: \"2.0\" is not a version 1 of the specification" },
	{ "{\"ociVersion\":\"1.0\"} x", -EINVAL, "not JSON: line 1, column 22: unexpected character" },
	{ "{\n \"ociVersion\":\"1.0\",\n}", -EINVAL, "not JSON: line 3, column 1: a quoted name expected" },
	{ DOC("\"root\":{}"), -EINVAL, "root.path: missing" },
	{ DOC("\"root\":{\"path\":\"\"}"), -EINVAL, "root.path: empty" },
	{ DOC("\"hostname\":\"a\\u0000b\""), -EINVAL, "hostname: text with a NUL byte" },
	{ DOC("\"mounts\":[{}]"), -EINVAL, "mounts[0].destination: missing" },
	{ DOC("\"mounts\":[null]"), -EINVAL, "mounts[0]: expected an object, got null" },
	{ DOC("\"mounts\":{}"), -EINVAL, "mounts: expected an array, got an object" },
	{ DOC("\"annotations\":{\"a.b\":1}"), -EINVAL, "annotations.a.b: expected a string, got 1" },
	{ DOC("\"hooks\":{\"prestart\":[{\"args\":[\"/x\"]}]}"), -EINVAL, "hooks.prestart[0].path: missing" },
	{ DOC("\"process\":{}"), -EINVAL, "process.cwd: missing" },
	{ PROCESS("\"terminal\":1"), -EINVAL, "process.terminal: expected true or false, got 1" },
	{ PROCESS("\"args\":[\"a\",2]"), -EINVAL, "process.args[1]: expected a string, got 2" },
	{ PROCESS("\"user\":{\"uid\":4294967296}"), -EINVAL,
	  "process.user.uid: 4294967296 is not between 0 and 4294967295" },
	{ PROCESS("\"user\":{\"uid\":-1}"), -EINVAL, "process.user.uid: -1 is not between 0 and 4294967295" },
	{ PROCESS("\"user\":{\"additionalGids\":[1,-1]}"), -EINVAL,
	  "process.user.additionalGids[1]: -1 is not between 0 and 4294967295" },
	{ PROCESS("\"rlimits\":[{\"type\":\"RLIMIT_CPU\",\"soft\":1,\"hard\":\"64m\"}]"), -EINVAL,
	  "process.rlimits[0].hard: expected an integer, got \"64m\"" },
	{ PROCESS("\"rlimits\":[{\"type\":\"RLIMIT_CPU\",\"soft\":-1,\"hard\":1}]"), -EINVAL,
	  "process.rlimits[0].soft: a number below 0" },
	{ PROCESS("\"rlimits\":[{\"type\":\"RLIMIT_CPU\",\"soft\":1}]"), -EINVAL, "process.rlimits[0].hard: missing" },
	{ PROCESS("\"scheduler\":{\"nice\":1}"), -EINVAL, "process.scheduler.policy: missing" },
	{ PROCESS("\"execCPUAffinity\":{\"initial\":0}"), -EINVAL,
	  "process.execCPUAffinity.initial: expected a string, got 0" },
	{ PROCESS("\"ioPriority\":{}"), -EINVAL, "process.ioPriority.class: missing" },
	{ LINUX("\"uidMappings\":[{\"containerID\":0}]"), -EINVAL, "linux.uidMappings[0].hostID: missing" },
	{ LINUX("\"gidMappings\":[{\"containerID\":0,\"hostID\":1,\"size\":4294967296}]"), -EINVAL,
	  "linux.gidMappings[0].size: 4294967296 is not between 0 and 4294967295" },
	{ DOC("\"mounts\":[{\"destination\":\"/x\",\"uidMappings\":[{}]}]"), -EINVAL,
	  "mounts[0].uidMappings[0].containerID: missing" },
	{ LINUX("\"personality\":{}"), -EINVAL, "linux.personality.domain: missing" },
	{ LINUX("\"intelRdt\":{\"closID\":1}"), -EINVAL, "linux.intelRdt.closID: expected a string, got 1" },
	{ LINUX("\"netDevices\":{\"eth0\":{\"name\":1}}"), -EINVAL,
	  "linux.netDevices.eth0.name: expected a string, got 1" },
	{ LINUX("\"netDevices\":{\"b\":{},\"a\":{},\"b\":{}}"), -EINVAL, "linux.netDevices.b: given twice" },
	{ LINUX("\"resources\":{\"memory\":{\"limit\":\"64m\"}}"), -EINVAL,
	  "linux.resources.memory.limit: expected an integer, got \"64m\"" },
	{ LINUX("\"resources\":{\"memory\":{\"limit\":1.5}}"), -EINVAL,
	  "linux.resources.memory.limit: expected an integer, got 1.5" },
	{ LINUX("\"resources\":{\"memory\":{\"limit\":1e3}}"), -EINVAL,
	  "linux.resources.memory.limit: expected an integer, got 1e3" },
	{ LINUX("\"resources\":{\"memory\":{\"limit\":9223372036854775808}}"), -EINVAL,
	  "linux.resources.memory.limit: 9223372036854775808 is not between -9223372036854775807 and "
	  "9223372036854775807" },
	{ LINUX("\"resources\":{\"cpu\":{\"shares\":-2}}"), -EINVAL,
	  "linux.resources.cpu.shares: -2 is not between 0 and 9223372036854775807" },
	{ LINUX("\"resources\":{\"blockIO\":{\"weight\":65536}}"), -EINVAL,
	  "linux.resources.blockIO.weight: 65536 is not between 0 and 65535" },
	{ LINUX("\"resources\":{\"hugepageLimits\":[{\"pageSize\":\"2MB\"}]}"), -EINVAL,
	  "linux.resources.hugepageLimits[0].limit: missing" },
	{ LINUX("\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[],\"action\":\"x\"}]}"),
	  -EINVAL, "linux.seccomp.syscalls[0].names: empty" },
	{ DOC("\"vm\":{\"kernel\":{\"path\":\"/k\"}}"), -ENOTSUP, "vm.kernel.path: not supported" },
	{ DOC("\"windows\":{\"layerFolders\":[\"c\"]}"), -ENOTSUP, "windows.layerFolders: not supported" },
};

TEST(what_is_wrong_is_named_by_its_path)
{
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
		scoped_arena a = ARENA(LIMIT_ARENA_SPEC);
		struct runtime_spec s;
		struct err e = { 0 };

		memset(&s, 7, sizeof s);
		assert_int_equal(refused[i].rc, runtime_spec_parse(sv_from(refused[i].json), &a, &s, &e));
		assert_string_equal(refused[i].msg, e.msg);
		for (size_t k = 0; k < sizeof s; k++)
			assert_int_equal(7, ((const char *)&s)[k]);
	}
}

static const char *const nothing_asked[] = {
	DOC("\"hooks\":{}"),
	DOC("\"hooks\":{\"prestart\":null,\"poststop\":[]}"),
	DOC("\"hooks\":null,\"windows\":null,\"solaris\":{},\"vm\":{\"kernel\":{\"path\":\"\"}}"),
	LINUX("\"uidMappings\":[],\"gidMappings\":null,\"intelRdt\":{\"closID\":\"\"},\"netDevices\":{}"),
	LINUX("\"resources\":{\"hugepageLimits\":[],\"network\":{},\"rdma\":{}}"),
	DOC("\"mounts\":[{\"destination\":\"/x\",\"uidMappings\":null,\"gidMappings\":[]}]"),
	DOC("\"x-unknown\":{\"deep\":[1,2,3]}"),
	DOC("\"annotations\":{\"a\":null}"),
};

TEST(empty_sections_ask_for_nothing)
{
	for (size_t i = 0; i < sizeof nothing_asked / sizeof *nothing_asked; i++) {
		scoped_arena a = ARENA(LIMIT_ARENA_SPEC);
		struct runtime_spec s;
		struct err e = { 0 };

		assert_int_equal(0, runtime_spec_parse(sv_from(nothing_asked[i]), &a, &s, &e));
	}
}

TEST(absent_is_not_zero)
{
	scoped_arena a = ARENA(LIMIT_ARENA_SPEC);
	struct runtime_spec s;

	assert_int_equal(0, runtime_spec_parse(SV("{\"ociVersion\":\"1.0\"}\n"), &a, &s, NULL));
	assert_true(s.resources.memory.limit == OCI_UNSET && s.resources.memory.disable_oom_killer == OCI_UNSET);
	assert_true(s.resources.pids_limit == OCI_UNSET && s.resources.cpu.shares == OCI_UNSET);
	assert_true(s.process.umask == OCI_UNSET && s.process.oom_score_adj == OCI_UNSET);
	assert_true(s.seccomp.default_errno_ret == OCI_UNSET);
	assert_true(s.process.uid == 0 && s.process.gid == 0 && s.process.console_width == 0);
	assert_false(s.process.present || s.root.present || s.seccomp.present || s.process.capabilities.present);
	assert_null(s.hostname);
	assert_int_equal(0, s.mounts.n);
}

/* Every field that there is, in the order and form in which it is printed. */
static const char everything[] =
	"{\"ociVersion\":\"1.3.0\",\"process\":{\"terminal\":true,\"consoleSize\":{\"height\":24,\"width\":80},"
	"\"user\":{\"uid\":1000,\"gid\":0,\"umask\":18,\"additionalGids\":[5,6]},\"args\":[\"sh\",\"-c\","
	"\"echo \\\"\\t\\\\\\u0001\\\"\"],\"env\":[\"PATH=/bin\"],\"cwd\":\"/\",\"capabilities\":{\"bounding\":["
	"\"CAP_KILL\"],\"effective\":[\"CAP_KILL\"],\"inheritable\":[\"CAP_KILL\"],\"permitted\":[\"CAP_KILL\"],"
	"\"ambient\":[\"CAP_KILL\"]},\"rlimits\":[{\"type\":\"RLIMIT_NOFILE\",\"hard\":18446744073709551615,"
	"\"soft\":0}],\"noNewPrivileges\":true,\"apparmorProfile\":\"p\",\"oomScoreAdj\":-1,\"selinuxLabel\":\"l\"},"
	"\"root\":{\"path\":\"rootfs\",\"readonly\":true},\"hostname\":\"h\",\"domainname\":\"d\",\"mounts\":[{"
	"\"destination\":\"/proc\",\"type\":\"proc\",\"source\":\"proc\",\"options\":[\"nosuid\",\"noexec\"]}],"
	"\"annotations\":{\"b\":\"1\",\"a\":\"\"},\"linux\":{\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"time\","
	"\"path\":\"/proc/1/ns/time\"}],\"timeOffsets\":{\"monotonic\":{\"secs\":-5,\"nanosecs\":7},\"boottime\":{"
	"\"secs\":1}},\"devices\":[{\"path\":\"/dev/x\",\"type\":\"c\",\"major\":1,\"minor\":0,\"fileMode\":438,"
	"\"uid\":0,\"gid\":5}],\"cgroupsPath\":\"/tare/x\",\"resources\":{\"devices\":[{\"allow\":false,\"access\":"
	"\"rwm\"},{\"allow\":true,\"type\":\"c\",\"major\":1,\"minor\":-1,\"access\":\"r\"}],\"memory\":{\"limit\":-1,"
	"\"reservation\":2,\"swap\":3,\"kernel\":4,\"kernelTCP\":5,\"swappiness\":0,\"disableOOMKiller\":false,"
	"\"useHierarchy\":true,\"checkBeforeUpdate\":true},\"cpu\":{\"shares\":1024,\"quota\":-1,\"burst\":1,"
	"\"period\":100000,\"realtimeRuntime\":1,\"realtimePeriod\":2,\"cpus\":\"0-1\",\"mems\":\"0\",\"idle\":0},"
	"\"pids\":{\"limit\":0},\"blockIO\":{\"weight\":10,\"leafWeight\":11,\"weightDevice\":[{\"major\":8,\"minor\":0,"
	"\"weight\":500,\"leafWeight\":300}],\"throttleReadBpsDevice\":[{\"major\":8,\"minor\":0,\"rate\":600}],"
	"\"throttleWriteBpsDevice\":[{\"major\":8,\"minor\":1,\"rate\":1}],\"throttleReadIOPSDevice\":[{\"major\":8,"
	"\"minor\":2,\"rate\":2}],\"throttleWriteIOPSDevice\":[{\"major\":8,\"minor\":3,\"rate\":3}]},\"unified\":{"
	"\"memory.high\":\"1\"}},\"rootfsPropagation\":\"slave\",\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ERRNO\","
	"\"defaultErrnoRet\":1,\"architectures\":[\"SCMP_ARCH_X86_64\"],\"flags\":[\"SECCOMP_FILTER_FLAG_LOG\"],"
	"\"listenerPath\":\"/s\",\"listenerMetadata\":\"m\",\"syscalls\":[{\"names\":[\"clone\",\"kill\"],\"action\":"
	"\"SCMP_ACT_ALLOW\",\"errnoRet\":38,\"args\":[{\"index\":0,\"value\":18446744073709551615,\"valueTwo\":1,"
	"\"op\":\"SCMP_CMP_MASKED_EQ\"}]}]},\"sysctl\":{\"kernel.domainname\":\"x\"},\"maskedPaths\":[\"/proc/kcore\"],"
	"\"readonlyPaths\":[\"/proc/sys\"],\"mountLabel\":\"ml\"}}";

TEST(every_field_survives_the_way_there_and_back)
{
	scoped_arena a = ARENA(LIMIT_ARENA_SPEC);
	scoped_buf out = BUF(LIMIT_CONFIG_JSON), pretty = BUF(LIMIT_CONFIG_JSON), again = BUF(LIMIT_CONFIG_JSON);
	struct runtime_spec s;
	struct err e = { 0 };

	assert_int_equal(0, runtime_spec_parse(sv_from(everything), &a, &s, &e));
	assert_true(s.process.rlimits.v[0].hard == UINT64_MAX);
	assert_true(s.seccomp.syscalls.v[0].args.v[0].value == UINT64_MAX);
	assert_true(s.resources.devices.v[0].major == OCI_UNSET && s.resources.devices.v[1].minor == -1);
	assert_int_equal(0, s.resources.memory.disable_oom_killer);
	assert_int_equal(0, runtime_spec_print(&s, false, &out, &e));
	assert_string_equal(everything, out.p);
	assert_int_equal(0, runtime_spec_print(&s, true, &pretty, &e));
	assert_int_equal(0, runtime_spec_parse(buf_sv(&pretty), &a, &s, &e));
	assert_int_equal(0, runtime_spec_print(&s, false, &again, &e));
	assert_string_equal(everything, again.p);
}

TEST(frames_without_fields_are_left_out)
{
	scoped_buf out = BUF(4096);
	struct runtime_spec s;
	struct err e = { 0 };

	runtime_spec_init(&s);
	s.oci_version = OCI_VERSION;
	s.process.present = true;
	s.process.cwd = "/";
	assert_int_equal(0, runtime_spec_print(&s, true, &out, &e));
	assert_string_equal("{\n\t\"ociVersion\": \"1.3.0\",\n\t\"process\": {\n\t\t\"user\": {\n\t\t\t\"uid\": 0,\n"
			    "\t\t\t\"gid\": 0\n\t\t},\n\t\t\"cwd\": \"/\"\n\t}\n}\n",
			    out.p);
}

TEST(a_process_alone_is_a_document_too)
{
	scoped_arena a = ARENA(LIMIT_ARENA_SPEC);
	scoped_buf out = BUF(4096);
	struct oci_process p = { .cwd = "untouched" };
	struct err e = { 0 };

	assert_int_equal(-EINVAL, oci_process_parse(SV("{\"args\":[\"sh\"]}"), &a, &p, &e));
	assert_string_equal("process: cwd: missing", e.msg);
	assert_string_equal("untouched", p.cwd);
	assert_int_equal(0, oci_process_parse(SV("{\"args\":[\"sh\"],\"cwd\":\"/\",\"user\":{\"uid\":7,\"gid\":0}}"),
					      &a, &p, &e));
	assert_int_equal(7, p.uid);
	assert_true(p.oom_score_adj == OCI_UNSET && !p.capabilities.present);
	assert_int_equal(0, oci_process_print(&p, &out, &e));
	assert_string_equal("{\"user\":{\"uid\":7,\"gid\":0},\"args\":[\"sh\"],\"cwd\":\"/\"}", out.p);
}

TEST(the_arena_has_the_last_word)
{
	scoped_arena a = ARENA(1000);
	struct runtime_spec s;
	struct err e = { 0 };

	assert_int_equal(-ENOMEM, runtime_spec_parse(sv_from(everything), &a, &s, &e));
}

TEST(nesting_has_a_floor)
{
	scoped_arena a = ARENA(LIMIT_ARENA_SPEC);
	scoped_buf deep = BUF(1 << 20);
	struct runtime_spec s;
	struct err e = { 0 };

	(void)buf_puts(&deep, "{\"x\":");
	for (int i = 0; i < 5000; i++)
		(void)buf_puts(&deep, "[");
	assert_int_equal(-EINVAL, runtime_spec_parse(buf_sv(&deep), &a, &s, &e));
	assert_string_equal("not JSON: line 1, column 37: nesting too deep", e.msg);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(what_is_wrong_is_named_by_its_path),
		RUN(empty_sections_ask_for_nothing),
		RUN(absent_is_not_zero),
		RUN(every_field_survives_the_way_there_and_back),
		RUN(frames_without_fields_are_left_out),
		RUN(a_process_alone_is_a_document_too),
		RUN(the_arena_has_the_last_word),
		RUN(nesting_has_a_floor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
