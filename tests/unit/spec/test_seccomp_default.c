/* SPDX-License-Identifier: Apache-2.0 */
/* test_seccomp_default.c - the built-in profile against Docker's own file of it, against libseccomp, and installed. */
#include "spec/seccomp_default.h"

#include "../seccomp_run.h"
#include "../test.h"
#include "base/io.h"
#include "base/limits.h"
#include "base/scope.h"
#include "kernel/capability.h"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define BIT(cap) (1ull << (cap))

static const uint64_t cap_sets[] = {
	0,
	UINT64_MAX,
	0xa80425fb, /* Docker's default set */
	BIT(CAP_SYS_ADMIN),
	BIT(CAP_SYS_PTRACE) | BIT(CAP_BPF),
	BIT(CAP_PERFMON) | BIT(CAP_SYSLOG) | BIT(CAP_SYS_TIME),
	~BIT(CAP_SYS_ADMIN),
};

static int from_text(const char *text, uint64_t caps, struct arena *a, struct oci_seccomp *ret, struct err *e)
{
	return seccomp_profile_from_json(sv_from(text), caps, a, ret, e);
}

static void read_docker_json(struct buf *b)
{
	struct err e = { 0 };

	if (io_read_at(AT_FDCWD, SECCOMP_DIR "/docker.json", b, &e) < 0)
		fail_msg("%s", e.msg);
}

/* --- documents ------------------------------------------------------------------------------------------------- */

static void assert_same_texts(const struct oci_strings *a, const struct oci_strings *b)
{
	assert_int_equal(a->n, b->n);
	for (size_t i = 0; i < a->n; i++)
		assert_string_equal(a->v[i], b->v[i]);
}

static void assert_same_call(const struct oci_syscall *a, const struct oci_syscall *b)
{
	assert_same_texts(&a->names, &b->names);
	assert_string_equal(a->action, b->action);
	assert_true(a->errno_ret == b->errno_ret);
	assert_int_equal(a->args.n, b->args.n);
	for (size_t i = 0; i < a->args.n; i++) {
		assert_true(a->args.v[i].index == b->args.v[i].index);
		assert_true(a->args.v[i].value == b->args.v[i].value);
		assert_true(a->args.v[i].value_two == b->args.v[i].value_two);
		assert_string_equal(a->args.v[i].op, b->args.v[i].op);
	}
}

TEST(the_built_in_profile_is_dockers_file)
{
	scoped_buf b = BUF(LIMIT_SECCOMP_PROFILE);

	read_docker_json(&b);
	for (size_t i = 0; i < ARRAY_LEN(cap_sets); i++) {
		scoped_arena a = ARENA(1 << 20);
		struct oci_seccomp ours, file;
		struct err e = { 0 };

		assert_int_equal(0, seccomp_default(cap_sets[i], &a, &ours, &e));
		if (seccomp_profile_from_json(buf_sv(&b), cap_sets[i], &a, &file, &e) < 0)
			fail_msg("%s", e.msg);
		assert_true(ours.present && file.present);
		assert_string_equal(ours.default_action, file.default_action);
		assert_true(ours.default_errno_ret == file.default_errno_ret);
		assert_same_texts(&ours.architectures, &file.architectures);
		assert_int_equal(ours.syscalls.n, file.syscalls.n);
		for (size_t k = 0; k < ours.syscalls.n; k++)
			assert_same_call(&ours.syscalls.v[k], &file.syscalls.v[k]);
	}
}

static const struct oci_syscall *find_call(const struct oci_seccomp *s, const char *name)
{
	for (size_t i = 0; i < s->syscalls.n; i++)
		for (size_t k = 0; k < s->syscalls.v[i].names.n; k++)
			if (strcmp(s->syscalls.v[i].names.v[k], name) == 0)
				return &s->syscalls.v[i];
	return NULL;
}

TEST(conditions_are_the_containers)
{
	scoped_arena a = ARENA(1 << 20);
	struct oci_seccomp s;

	assert_int_equal(0, seccomp_default_for(SYSCALL_ARCH_X86_64, 0, &a, &s, NULL));
	assert_int_equal(361, s.syscalls.v[0].names.n);
	assert_int_equal(3, s.architectures.n);
	assert_null(find_call(&s, "mount"));
	assert_null(find_call(&s, "riscv_flush_icache"));
	assert_non_null(find_call(&s, "modify_ldt"));
	assert_true(find_call(&s, "clone3")->errno_ret == ENOSYS);
	assert_true(find_call(&s, "clone")->args.v[0].index == 0);

	assert_int_equal(0, seccomp_default_for(SYSCALL_ARCH_X86_64, BIT(CAP_SYS_ADMIN), &a, &s, NULL));
	assert_non_null(find_call(&s, "mount"));
	assert_string_equal("SCMP_ACT_ALLOW", find_call(&s, "clone3")->action);
	assert_int_equal(0, find_call(&s, "clone")->args.n);

	assert_int_equal(0, seccomp_default_for(SYSCALL_ARCH_S390X, 0, &a, &s, NULL));
	assert_true(find_call(&s, "clone")->args.v[0].index == 1);
	assert_non_null(find_call(&s, "s390_runtime_instr"));
	assert_null(find_call(&s, "modify_ldt"));
	assert_string_equal("SCMP_ARCH_S390", s.architectures.v[1]);

	assert_int_equal(0, seccomp_default_for(SYSCALL_ARCH_PPC64LE, 0, &a, &s, NULL));
	assert_non_null(find_call(&s, "swapcontext"));
	assert_int_equal(0, s.architectures.n);
}

TEST(every_name_of_the_profile_is_in_the_syscall_table)
{
	for (int arch = 0; arch < SYSCALL_ARCHES; arch++) {
		scoped_arena a = ARENA(1 << 20);
		struct oci_seccomp s;

		assert_int_equal(0, seccomp_default_for((enum syscall_arch)arch, UINT64_MAX, &a, &s, NULL));
		for (size_t i = 0; i < s.syscalls.n; i++)
			for (size_t k = 0; k < s.syscalls.v[i].names.n; k++)
				assert_true(syscall_index(sv_from(s.syscalls.v[i].names.v[k])) >= 0);
	}
}

TEST(a_small_arena_is_an_error)
{
	for (size_t max = 0; max < 6000; max += 250) {
		scoped_arena a = ARENA(max);
		struct oci_seccomp s = { .default_errno_ret = 7 };
		int r = seccomp_default(UINT64_MAX, &a, &s, NULL);

		assert_true(r == 0 || (r == -ENOMEM && s.default_errno_ret == 7));
	}
}

/* --- profiles from files --------------------------------------------------------------------------------------- */

#define CALLS(text) "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[" text "]}"

static const struct {
	const char *text, *msg;
} bad[] = {
	{ "{", NULL },
	{ "[]", NULL },
	{ "{\"defaultAction\":1}", "seccomp profile: defaultAction: expected a string, got 1" },
	{ "{\"defaultAction\":\"ALLOW\"}", "seccomp profile: defaultAction: unknown seccomp action ALLOW" },
	{ "{\"syscalls\":[{\"names\":[\"read\"],\"action\":\"SCMP_ACT_ALLOW\"}]}",
	  "seccomp profile: defaultAction: unknown seccomp action (none)" },
	{ CALLS("{\"names\":[\"read\"],\"name\":\"write\",\"action\":\"SCMP_ACT_TRAP\"}"),
	  "seccomp profile: syscalls[0]: both 'name' and 'names' are specified in the seccomp profile, "
	  "use either 'name' or 'names'" },
	{ CALLS("{\"names\":[\"read\"],\"action\":\"SCMP_ACT_TRAP\",\"errnoRet\":1}"),
	  "seccomp profile: syscalls[0]: action: seccomp action SCMP_ACT_TRAP takes no errno" },
	{ CALLS("{\"names\":[\"read\"],\"action\":\"SCMP_ACT_TRAP\",\"args\":[{\"index\":6,\"op\":\"SCMP_CMP_EQ\"}]}"),
	  "seccomp profile: syscalls[0]: args[0].index: 6 is above 5" },
	{ CALLS("{\"names\":[\"read\"],\"action\":\"SCMP_ACT_TRAP\",\"args\":[{\"index\":0,\"op\":\"EQ\"}]}"),
	  "seccomp profile: syscalls[0]: args[0].op: unknown seccomp comparison EQ" },
	{ CALLS("{\"names\":[\"read\"],\"action\":\"SCMP_ACT_TRAP\",\"includes\":{\"minKernel\":\"five\"}}"),
	  "seccomp profile: syscalls[0]: includes: minKernel: \"five\" is not of the form 4.8" },
	{ "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"architectures\":[\"SCMP_ARCH_X86\"],"
	  "\"archMap\":[{\"architecture\":\"SCMP_ARCH_X86_64\"}]}",
	  "seccomp profile: both 'architectures' and 'archMap' are specified in the seccomp profile, "
	  "use either 'architectures' or 'archMap'" },
	{ "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"architectures\":[\"SCMP_ARCH_VAX\"]}",
	  "seccomp profile: unknown architecture SCMP_ARCH_VAX" },
	{ "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"flags\":[\"LOG\"]}",
	  "seccomp profile: flags[0]: unknown seccomp flag LOG" },
};

TEST(bad_profiles_are_refused_by_their_place)
{
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		scoped_arena a = ARENA(1 << 20);
		struct oci_seccomp s = { .default_errno_ret = 7 };
		struct err e = { 0 };

		assert_int_equal(-EINVAL, from_text(bad[i].text, 0, &a, &s, &e));
		if (bad[i].msg)
			assert_string_equal(bad[i].msg, e.msg);
		assert_true(s.default_errno_ret == 7);
	}
}

static const struct {
	const char *conditions;
	bool with_admin, without;
} conditional[] = {
	{ "", true, true },
	{ ",\"includes\":{},\"excludes\":{}", true, true },
	{ ",\"includes\":{\"caps\":[\"CAP_SYS_ADMIN\"]}", true, false },
	{ ",\"excludes\":{\"caps\":[\"CAP_SYS_ADMIN\"]}", false, true },
	{ ",\"includes\":{\"caps\":[\"CAP_SYS_ADMIN\",\"CAP_CHOWN\"]}", false, false },
	{ ",\"excludes\":{\"caps\":[\"CAP_CHOWN\",\"CAP_SYS_ADMIN\"]}", false, true },
	{ ",\"includes\":{\"caps\":[\"CAP_NO_SUCH\"]}", false, false },
	{ ",\"excludes\":{\"caps\":[\"CAP_NO_SUCH\"]}", true, true },
	{ ",\"includes\":{\"minKernel\":\"4.8\"}", true, true },
	{ ",\"excludes\":{\"minKernel\":\"4.8\"}", false, false },
	{ ",\"includes\":{\"minKernel\":\"999.0\"}", false, false },
	{ ",\"excludes\":{\"minKernel\":\"999.0\"}", true, true },
	{ ",\"includes\":{\"arches\":[\"vax\"]}", false, false },
	{ ",\"excludes\":{\"arches\":[\"vax\"]}", true, true },
	{ ",\"includes\":{\"arches\":[\"vax\",\"NATIVE\"]}", true, true },
	{ ",\"excludes\":{\"arches\":[\"NATIVE\"]}", false, false },
};

TEST(includes_and_excludes_hold_as_in_docker)
{
	for (size_t i = 0; i < ARRAY_LEN(conditional); i++) {
		scoped_arena a = ARENA(1 << 20);
		const char *arch = strstr(conditional[i].conditions, "NATIVE");
		int n = arch ? (int)(arch - conditional[i].conditions) : (int)strlen(conditional[i].conditions);
		const char *text = arena_fmt(&a, CALLS("{\"name\":\"read\",\"action\":\"SCMP_ACT_LOG\"%.*s%s%s}"), n,
					     conditional[i].conditions,
					     arch ? seccomp_docker_arch((enum syscall_arch)syscall_arch_native()) : "",
					     arch ? arch + strlen("NATIVE") : "");
		struct oci_seccomp s;

		assert_int_equal(0, from_text(text, BIT(CAP_SYS_ADMIN), &a, &s, NULL));
		assert_int_equal(conditional[i].with_admin, s.syscalls.n);
		assert_int_equal(0, from_text(text, 0, &a, &s, NULL));
		assert_int_equal(conditional[i].without, s.syscalls.n);
	}
}

TEST(the_old_form_and_all_fields_are_read)
{
	scoped_arena a = ARENA(1 << 20);
	struct oci_seccomp s;

	assert_int_equal(0, from_text("{\"defaultAction\":\"SCMP_ACT_TRACE\",\"defaultErrnoRet\":9,"
				      "\"architectures\":[\"SCMP_ARCH_X86_64\",\"SCMP_ARCH_MIPS\"],"
				      "\"flags\":[\"SECCOMP_FILTER_FLAG_LOG\"],\"listenerPath\":\"/l\","
				      "\"listenerMetadata\":\"m\",\"syscalls\":[{\"name\":\"read\","
				      "\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":5,\"comment\":\"x\",\"args\":"
				      "[{\"index\":1,\"value\":18446744073709551615,\"valueTwo\":2,"
				      "\"op\":\"SCMP_CMP_MASKED_EQ\"}]}]}",
				      0, &a, &s, NULL));
	assert_true(s.present && s.default_errno_ret == 9 && s.architectures.n == 2 && s.flags.n == 1);
	assert_string_equal("/l", s.listener_path);
	assert_string_equal("m", s.listener_metadata);
	assert_int_equal(1, s.syscalls.n);
	assert_string_equal("read", s.syscalls.v[0].names.v[0]);
	assert_true(s.syscalls.v[0].errno_ret == 5 && s.syscalls.v[0].args.v[0].value == UINT64_MAX);
	assert_true(s.syscalls.v[0].args.v[0].value_two == 2 && s.syscalls.v[0].args.v[0].index == 1);
}

TEST(an_empty_profile_is_none)
{
	scoped_arena a = ARENA(1 << 20);
	struct oci_seccomp s = { .present = true };

	assert_int_equal(0, from_text("{}", 0, &a, &s, NULL));
	assert_false(s.present);
	assert_int_equal(0, from_text("{\"defaultAction\":\"SCMP_ACT_KILL\"}", 0, &a, &s, NULL));
	assert_true(s.present);
}

/* --- the filter that it becomes -------------------------------------------------------------------------------- */

static int64_t given(int64_t errno_ret)
{
	return errno_ret == OCI_UNSET ? -1 : errno_ret;
}

static void policy_from(const struct oci_seccomp *s, struct arena *a, struct seccomp_policy *ret)
{
	struct seccomp_rule *rules = arena_array(a, s->syscalls.n, sizeof *rules);

	for (size_t i = 0; i < s->syscalls.n; i++) {
		const struct oci_syscall *c = &s->syscalls.v[i];
		struct seccomp_arg *args = arena_array(a, c->args.n, sizeof *args);

		for (size_t k = 0; k < c->args.n; k++) {
			args[k] = (struct seccomp_arg){ .index = (unsigned)c->args.v[k].index,
							.value = c->args.v[k].value,
							.value_two = c->args.v[k].value_two };
			assert_int_equal(0, seccomp_op_from_name(c->args.v[k].op, &args[k].op, NULL));
		}
		rules[i] = (struct seccomp_rule){ .names = (const char *const *)c->names.v, .name_count = c->names.n,
						  .args = args, .arg_count = c->args.n };
		assert_int_equal(0, seccomp_action_from_name(c->action, given(c->errno_ret), &rules[i].action, NULL));
	}
	*ret = (struct seccomp_policy){ .archs = (const char *const *)s->architectures.v,
					.arch_count = s->architectures.n, .rules = rules, .rule_count = s->syscalls.n };
	assert_int_equal(0, seccomp_action_from_name(s->default_action, given(s->default_errno_ret),
						     &ret->default_action, NULL));
}

/* The number means a call that libseccomp does not know, or knows by another architecture only. */
static bool is_unknown_to_libseccomp(enum syscall_arch arch, uint32_t nr)
{
	for (unsigned i = 0; i < syscall_count(); i++)
		if (syscall_slot(arch, i) >= 0 && syscall_slot_number(arch, (unsigned)syscall_slot(arch, i)) == nr &&
		    libseccomp_number(arch, syscall_name(i)) < 0)
			return true;
	return false;
}

static void check_number(const struct sock_fprog *ours, const struct filter *theirs, const struct filter_model *m,
			 enum syscall_arch arch, uint32_t nr)
{
	static const uint64_t values[] = { 0,          1,          7,          8,           9,
					   37,         38,         39,         40,          41,
					   0x1ffff,    0x20000,    0x20001,    0x20007,     0x20008,
					   0x20009,    0xfffffffe, 0xffffffff, 0x100000000, 0x100000026,
					   UINT64_MAX, 0x7e020000, 0x7e01ffff, 0x10000000,  0x80000000 };
	struct seccomp_data d = { .arch = syscall_arch_info(arch)->audit, .nr = (int)nr };
	bool unknown = is_unknown_to_libseccomp(arch, nr);

	for (size_t i = 0; i < ARRAY_LEN(values); i++) {
		enum filter_reason why;
		struct seccomp_data as_read;
		uint32_t verdict;

		d.args[0] = values[i];
		verdict = filter_run(ours->filter, ours->len, &d);
		if (verdict != filter_model(m, &d, &why))
			fail_msg("nr %#x argument %#llx: %#x", nr, (unsigned long long)values[i], verdict);
		as_read = filter_data_as_read(&d);
		if (why == BY_POLICY && !unknown && verdict != filter_run(theirs->insns, theirs->len, &as_read))
			fail_msg("nr %#x argument %#llx: %#x, not so libseccomp", nr, (unsigned long long)values[i],
				 verdict);
	}
}

TEST(the_profiles_filter_is_libseccomps)
{
	static const enum syscall_arch arches[] = { SYSCALL_ARCH_X86_64, SYSCALL_ARCH_X86, SYSCALL_ARCH_X32 };
	static struct filter theirs;
	static struct filter_model model;

	if (syscall_arch_native() != SYSCALL_ARCH_X86_64)
		skip();
	for (size_t i = 0; i < ARRAY_LEN(cap_sets); i++) {
		scoped_arena a = ARENA(1 << 20);
		struct oci_seccomp s;
		struct seccomp_policy p;
		struct sock_fprog prog;

		assert_int_equal(0, seccomp_default(cap_sets[i], &a, &s, NULL));
		policy_from(&s, &a, &p);
		assert_int_equal(0, seccomp_compile(&p, &a, &prog, NULL));
		assert_in_range(prog.len, 100, 600);
		filter_of_libseccomp(&p, &theirs);
		filter_model_init(&model, &p);
		for (size_t k = 0; k < ARRAY_LEN(arches); k++)
			for (uint32_t nr = 0; nr < 1024; nr++)
				check_number(&prog, &theirs, &model, arches[k],
					     nr | syscall_arch_info(arches[k])->base);
	}
}

static const struct {
	const char *name;
	bool allowed;
} newest[] = {
	{ "cachestat", true },     { "mseal", true },           { "statmount", true },
	{ "listmount", true },     { "setxattrat", true },      { "map_shadow_stack", true },
	{ "futex_requeue", true }, { "uretprobe", true },       { "lsm_list_modules", false },
	{ "memfd_secret", true },  { "io_uring_setup", false }, { "keyctl", false },
};

TEST(names_that_libseccomp_lacks_have_their_verdict_by_number)
{
	scoped_arena a = ARENA(1 << 20);
	struct oci_seccomp s;
	struct seccomp_policy p;
	struct sock_fprog prog;

	assert_int_equal(0, seccomp_default(0xa80425fb, &a, &s, NULL));
	policy_from(&s, &a, &p);
	assert_int_equal(0, seccomp_compile(&p, &a, &prog, NULL));
	for (size_t i = 0; i < ARRAY_LEN(newest); i++) {
		enum syscall_arch arch = (enum syscall_arch)syscall_arch_native();
		int slot = syscall_slot(arch, (unsigned)syscall_index(sv_from(newest[i].name)));
		struct seccomp_data d = { .arch = syscall_arch_info(arch)->audit, .nr = slot };

		if (slot >= 0)
			assert_int_equal(newest[i].allowed ? SECCOMP_RET_ALLOW : SECCOMP_RET_ERRNO | EPERM,
					 filter_run(prog.filter, prog.len, &d));
	}
}

static int errno_of(long r)
{
	return r == -1 ? errno : 0;
}

static int try_profile(const struct sock_fprog *prog)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return 1;
	if (seccomp_install(prog, SECCOMP_FILTER_FLAG_SPEC_ALLOW, NULL) != 0)
		return 2;
	if (errno_of(syscall(SYS_unshare, 0)) != EPERM || errno_of(syscall(SYS_keyctl, 0, 0)) != EPERM)
		return 3;
	if (errno_of(syscall(SYS_clone3, NULL, 0)) != ENOSYS || errno_of(syscall(1023)) != ENOSYS)
		return 4;
	if (errno_of(syscall(SYS_socket, 38, SOCK_SEQPACKET, 0)) != EPERM ||
	    errno_of(syscall(SYS_socket, 0x100000026, SOCK_SEQPACKET, 0)) != EPERM ||
	    errno_of(syscall(SYS_socket, AF_UNIX, SOCK_STREAM, 0)) != 0)
		return 5;
	if (errno_of(syscall(SYS_getpid)) != 0 || errno_of(syscall(SYS_personality, 0xffffffff)) != 0 ||
	    errno_of(syscall(SYS_personality, 0x40000)) != EPERM)
		return 6;
	return 0;
}

TEST(the_kernel_takes_the_profile_and_keeps_to_it)
{
	scoped_arena a = ARENA(1 << 20);
	struct oci_seccomp s;
	struct seccomp_policy p;
	struct sock_fprog prog;
	int status;
	pid_t pid;

	assert_int_equal(0, seccomp_default(0xa80425fb, &a, &s, NULL));
	policy_from(&s, &a, &p);
	assert_int_equal(0, seccomp_compile(&p, &a, &prog, NULL));
	pid = fork();
	if (pid == 0)
		syscall(SYS_exit_group, try_profile(&prog));
	assert_int_equal(pid, waitpid(pid, &status, 0));
	assert_int_equal(0, status);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(the_built_in_profile_is_dockers_file),
		RUN(conditions_are_the_containers),
		RUN(every_name_of_the_profile_is_in_the_syscall_table),
		RUN(a_small_arena_is_an_error),
		RUN(bad_profiles_are_refused_by_their_place),
		RUN(includes_and_excludes_hold_as_in_docker),
		RUN(the_old_form_and_all_fields_are_read),
		RUN(an_empty_profile_is_none),
		RUN(the_profiles_filter_is_libseccomps),
		RUN(names_that_libseccomp_lacks_have_their_verdict_by_number),
		RUN(the_kernel_takes_the_profile_and_keeps_to_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
