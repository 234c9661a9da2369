/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_seccomp_profile.c - any bytes as a seccomp profile; what is taken must compile, and the program must be one that
 * the kernel would take: it ends, jumps forward within itself and returns a verdict for every number. */
#include "spec/seccomp_default.h"
#include "kernel/seccomp.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool ok)
{
	if (!ok)
		abort();
}

static int64_t given(int64_t errno_ret)
{
	return errno_ret == OCI_UNSET ? -1 : errno_ret;
}

static const struct seccomp_arg *take_args(const struct oci_syscall *c, struct arena *a)
{
	struct seccomp_arg *args = arena_array(a, c->args.n, sizeof *args);

	require(args);
	for (size_t i = 0; i < c->args.n; i++) {
		args[i].index = (unsigned)c->args.v[i].index;
		args[i].value = c->args.v[i].value;
		args[i].value_two = c->args.v[i].value_two;
		require(seccomp_op_from_name(c->args.v[i].op, &args[i].op, NULL) == 0);
	}
	return args;
}

static struct seccomp_policy take_policy(const struct oci_seccomp *s, struct arena *a)
{
	struct seccomp_rule *rules = arena_array(a, s->syscalls.n, sizeof *rules);
	struct seccomp_policy p = { .archs = (const char *const *)s->architectures.v,
				    .arch_count = s->architectures.n,
				    .rules = rules,
				    .rule_count = s->syscalls.n };

	require(rules &&
		seccomp_action_from_name(s->default_action, given(s->default_errno_ret), &p.default_action, NULL) == 0);
	for (size_t i = 0; i < s->syscalls.n; i++) {
		const struct oci_syscall *c = &s->syscalls.v[i];

		rules[i] = (struct seccomp_rule){ .names = (const char *const *)c->names.v,
						  .name_count = c->names.n,
						  .args = take_args(c, a),
						  .arg_count = c->args.n };
		require(seccomp_action_from_name(c->action, given(c->errno_ret), &rules[i].action, NULL) == 0);
	}
	return p;
}

static bool is_jump_inside(const struct sock_filter *f, size_t left)
{
	if (f->code == (BPF_JMP | BPF_JA))
		return f->k < left;
	return BPF_CLASS(f->code) != BPF_JMP || (f->jt < left && f->jf < left);
}

static void check_program(const struct sock_fprog *prog)
{
	require(prog->len > 0 && prog->len <= BPF_MAXINSNS);
	require(prog->filter[prog->len - 1].code == (BPF_RET | BPF_K));
	for (size_t i = 0; i < prog->len; i++) {
		const struct sock_filter *f = &prog->filter[i];

		require(is_jump_inside(f, prog->len - 1 - i));
		if (BPF_CLASS(f->code) == BPF_LD)
			require(f->k % 4 == 0 && f->k < sizeof(struct seccomp_data));
	}
}

static void compile(const struct oci_seccomp *s, struct arena *a)
{
	struct seccomp_policy p = take_policy(s, a);
	struct sock_fprog prog = { .len = 7 };
	struct err e = { 0 };
	int r = seccomp_compile(&p, a, &prog, &e);

	if (r == 0)
		check_program(&prog);
	else
		require(prog.len == 7 && e.msg[0] && (r == -E2BIG || r == -EINVAL)); /* -EINVAL: NOTIFY for write */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint64_t cap_sets[] = { 0, 0xa80425fb, UINT64_MAX };

	for (size_t i = 0; i < 3; i++) {
		struct arena a = ARENA(64 << 20);
		struct oci_seccomp s = { .default_errno_ret = 7 };
		struct err e = { 0 };
		struct sv text = { (const char *)data, size };

		if (seccomp_profile_from_json(text, cap_sets[i], &a, &s, &e) < 0)
			require(e.code > 0 && e.msg[0] && s.default_errno_ret == 7 && !s.present);
		else if (s.present)
			compile(&s, &a);
		arena_done(&a);
	}
	return 0;
}
