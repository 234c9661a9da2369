/* SPDX-License-Identifier: Apache-2.0 */
#include "seccomp_run.h"

#include "base/scope.h"
#include "test.h"

#include <fcntl.h>
#include <seccomp.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>

static unsigned steps;

static unsigned jump(const struct sock_filter *f, uint32_t a)
{
	switch (f->code) {
	case BPF_JMP | BPF_JA:
		return f->k;
	case BPF_JMP | BPF_JEQ | BPF_K:
		return a == f->k ? f->jt : f->jf;
	case BPF_JMP | BPF_JGE | BPF_K:
		return a >= f->k ? f->jt : f->jf;
	case BPF_JMP | BPF_JGT | BPF_K:
		return a > f->k ? f->jt : f->jf;
	case BPF_JMP | BPF_JSET | BPF_K:
		return a & f->k ? f->jt : f->jf;
	default:
		fail_msg("instruction %#x", f->code);
		return 0;
	}
}

static uint32_t load(const struct seccomp_data *d, uint32_t offset)
{
	uint32_t v;

	assert_true(offset % 4 == 0 && offset <= sizeof *d - 4);
	memcpy(&v, (const char *)d + offset, 4);
	return v;
}

uint32_t filter_run(const struct sock_filter *insns, size_t len, const struct seccomp_data *d)
{
	uint32_t a = 0;

	steps = 0;
	for (size_t pc = 0; pc < len; pc++) {
		const struct sock_filter *f = &insns[pc];

		steps++;
		if (f->code == (BPF_RET | BPF_K))
			return f->k;
		if (f->code == (BPF_LD | BPF_W | BPF_ABS))
			a = load(d, f->k);
		else if (f->code == (BPF_ALU | BPF_AND | BPF_K))
			a &= f->k;
		else
			pc += jump(f, a);
	}
	fail_msg("the program ended without a verdict");
	return 0;
}

unsigned filter_steps(void)
{
	return steps;
}

bool filter_is_constant(const struct sock_filter *insns, size_t len, uint32_t arch, uint32_t nr)
{
	uint32_t a = 0;

	for (size_t pc = 0; pc < len; pc++) {
		const struct sock_filter *f = &insns[pc];

		if (f->code == (BPF_RET | BPF_K))
			return true;
		if (f->code == (BPF_LD | BPF_W | BPF_ABS) && f->k == offsetof(struct seccomp_data, nr))
			a = nr;
		else if (f->code == (BPF_LD | BPF_W | BPF_ABS) && f->k == offsetof(struct seccomp_data, arch))
			a = arch;
		else if (BPF_CLASS(f->code) == BPF_LD)
			return false;
		else if (f->code == (BPF_ALU | BPF_AND | BPF_K))
			a &= f->k;
		else
			pc += jump(f, a);
	}
	return false;
}

static uint32_t scmp_arch(enum syscall_arch arch)
{
	static const uint32_t tokens[SYSCALL_ARCHES] = {
		[SYSCALL_ARCH_X86_64] = SCMP_ARCH_X86_64,   [SYSCALL_ARCH_X32] = SCMP_ARCH_X32,
		[SYSCALL_ARCH_X86] = SCMP_ARCH_X86,	    [SYSCALL_ARCH_AARCH64] = SCMP_ARCH_AARCH64,
		[SYSCALL_ARCH_ARM] = SCMP_ARCH_ARM,	    [SYSCALL_ARCH_RISCV64] = SCMP_ARCH_RISCV64,
		[SYSCALL_ARCH_S390X] = SCMP_ARCH_S390X,	    [SYSCALL_ARCH_S390] = SCMP_ARCH_S390,
		[SYSCALL_ARCH_PPC64LE] = SCMP_ARCH_PPC64LE,
	};

	return tokens[arch];
}

int libseccomp_number(enum syscall_arch arch, const char *name)
{
	int nr = seccomp_syscall_resolve_name_arch(scmp_arch(arch), name);

	return nr < 0 ? -1 : nr & (int)~SYSCALL_X32_BIT;
}

bool libseccomp_knows(const char *name)
{
	return seccomp_syscall_resolve_name(name) != __NR_SCMP_ERROR;
}

static bool any_index_twice(const struct seccomp_rule *rule)
{
	for (size_t i = 0; i < rule->arg_count; i++)
		for (size_t k = 0; k < i; k++)
			if (rule->args[i].index == rule->args[k].index)
				return true;
	return false;
}

static struct scmp_arg_cmp scmp_arg(const struct seccomp_arg *a)
{
	static const enum scmp_compare ops[] = {
		[SECCOMP_CMP_NE] = SCMP_CMP_NE, [SECCOMP_CMP_LT] = SCMP_CMP_LT,
		[SECCOMP_CMP_LE] = SCMP_CMP_LE, [SECCOMP_CMP_EQ] = SCMP_CMP_EQ,
		[SECCOMP_CMP_GE] = SCMP_CMP_GE, [SECCOMP_CMP_GT] = SCMP_CMP_GT,
		[SECCOMP_CMP_MASKED_EQ] = SCMP_CMP_MASKED_EQ,
	};

	return (struct scmp_arg_cmp){ a->index, ops[a->op], a->value, a->value_two };
}

static void oracle_add(scmp_filter_ctx ctx, const struct seccomp_rule *rule, const char *name)
{
	struct scmp_arg_cmp args[16];
	int nr = seccomp_syscall_resolve_name(name), r = 0;

	if (nr == __NR_SCMP_ERROR)
		return;
	assert_true(rule->arg_count <= ARRAY_LEN(args));
	for (size_t i = 0; i < rule->arg_count; i++)
		args[i] = scmp_arg(&rule->args[i]);
	if (!any_index_twice(rule))
		r = seccomp_rule_add_array(ctx, rule->action, nr, (unsigned)rule->arg_count, args);
	else
		for (size_t i = 0; (r == 0 || r == -EEXIST) && i < rule->arg_count; i++)
			r = seccomp_rule_add_array(ctx, rule->action, nr, 1, &args[i]);
	if (r != 0 && r != -EEXIST)
		fail_msg("libseccomp: %s: %d", name, r);
}

void filter_of_libseccomp(const struct seccomp_policy *p, struct filter *ret)
{
	scmp_filter_ctx ctx = seccomp_init(p->default_action);
	int fd = memfd_create("filter", MFD_CLOEXEC);
	ssize_t n;

	assert_true(ctx && fd >= 0);
	for (size_t i = 0; i < p->arch_count; i++) {
		int arch = syscall_arch_from_name(sv_from(p->archs[i]));

		assert_true(arch >= 0);
		if (arch != syscall_arch_native())
			assert_int_equal(0, seccomp_arch_add(ctx, scmp_arch((enum syscall_arch)arch)));
	}
	for (size_t i = 0; i < p->rule_count; i++)
		for (size_t k = 0; p->rules[i].action != p->default_action && k < p->rules[i].name_count; k++)
			oracle_add(ctx, &p->rules[i], p->rules[i].names[k]);
	assert_int_equal(0, seccomp_export_bpf(ctx, fd));
	n = pread(fd, ret->insns, sizeof ret->insns, 0);
	assert_true(n > 0 && (size_t)n < sizeof ret->insns && (size_t)n % sizeof *ret->insns == 0);
	ret->len = (size_t)n / sizeof *ret->insns;
	close(fd);
	seccomp_release(ctx);
}

static bool arg_holds(const struct seccomp_arg *a, bool wide, const struct seccomp_data *d)
{
	uint64_t keep = wide ? UINT64_MAX : UINT32_MAX;
	uint64_t v = d->args[a->index] & keep, value = a->value & keep;

	switch (a->op) {
	case SECCOMP_CMP_NE:
		return v != value;
	case SECCOMP_CMP_LT:
		return v < value;
	case SECCOMP_CMP_LE:
		return v <= value;
	case SECCOMP_CMP_EQ:
		return v == value;
	case SECCOMP_CMP_GE:
		return v >= value;
	case SECCOMP_CMP_GT:
		return v > value;
	case SECCOMP_CMP_MASKED_EQ:
		return (v & value) == (a->value_two & value);
	}
	return false;
}

static bool rule_holds(const struct seccomp_rule *rule, bool wide, unsigned int_args, const struct seccomp_data *d)
{
	bool any = any_index_twice(rule);
	size_t hold = 0;

	for (size_t i = 0; i < rule->arg_count; i++)
		hold += arg_holds(&rule->args[i], wide && !(int_args >> rule->args[i].index & 1), d);
	return any ? hold > 0 : hold == rule->arg_count;
}

static const char *const socketcalls[] = { "",		   "socket",	  "bind",	 "connect",    "listen",
					   "accept",	   "getsockname", "getpeername", "socketpair", "send",
					   "recv",	   "sendto",	  "recvfrom",	 "shutdown",   "setsockopt",
					   "getsockopt",   "sendmsg",	  "recvmsg",	 "accept4",    "recvmmsg",
					   "sendmmsg" };
static const char *const ipcs[] = {
	[1] = "semop",   [2] = "semget",  [3] = "semctl", [4] = "semtimedop", [11] = "msgsnd", [12] = "msgrcv",
	[13] = "msgget", [14] = "msgctl", [21] = "shmat", [22] = "shmdt",     [23] = "shmget", [24] = "shmctl"
};

static int place_of(const char *const *names, size_t n, const char *name)
{
	for (size_t i = 1; i < n; i++)
		if (names[i] && strcmp(names[i], name) == 0)
			return (int)i;
	return 0;
}

static int number_of(int arch, const char *name)
{
	int row = syscall_index(sv_from(name));
	int slot = row < 0 ? -1 : syscall_slot((enum syscall_arch)arch, (unsigned)row);

	if (slot < 0)
		return -1;
	return (int)(syscall_slot_number((enum syscall_arch)arch, (unsigned)slot) &
		     ~syscall_arch_info((enum syscall_arch)arch)->base);
}

static unsigned int_args(int arch, const char *name)
{
	int row = syscall_index(sv_from(name));

	return row < 0 ? 0 : syscall_int_args((enum syscall_arch)arch, (unsigned)row);
}

static unsigned int_args_of_number(const struct seccomp_data *d)
{
	static unsigned rows[64], count, looked_at;

	for (; looked_at < syscall_count(); looked_at++)
		if (syscall_int_args(SYSCALL_ARCH_X86_64, looked_at) && count < ARRAY_LEN(rows))
			rows[count++] = looked_at;
	for (unsigned i = 0; i < count; i++) {
		for (int arch = 0; arch < SYSCALL_ARCHES; arch++) {
			unsigned row = rows[i];
			int slot = syscall_slot((enum syscall_arch)arch, row);

			if (slot >= 0 && d->arch == syscall_arch_info((enum syscall_arch)arch)->audit &&
			    (uint32_t)d->nr == syscall_slot_number((enum syscall_arch)arch, (unsigned)slot))
				return syscall_int_args((enum syscall_arch)arch, row);
		}
	}
	return 0;
}

struct seccomp_data filter_data_as_read(const struct seccomp_data *d)
{
	struct seccomp_data r = *d;
	uint64_t any = 0;
	unsigned args;

	for (size_t i = 0; i < ARRAY_LEN(r.args); i++)
		any |= r.args[i];
	args = any >> 32 ? int_args_of_number(d) : 0;
	for (size_t i = 0; i < ARRAY_LEN(r.args); i++)
		if (args >> i & 1)
			r.args[i] = (uint32_t)r.args[i];
	return r;
}

static void model_newest(struct filter_model *m, int arch, int nr)
{
	int *newest = arch == SYSCALL_ARCH_ARM && nr >= 0xf0000 ? &m->of[arch].newest_private : &m->of[arch].newest;

	if (nr > *newest)
		*newest = nr;
}

static void model_name(struct filter_model *m, size_t at, const struct seccomp_rule *rule, const char *name)
{
	m->sub_socketcall[at] = place_of(socketcalls, ARRAY_LEN(socketcalls), name);
	m->sub_ipc[at] = place_of(ipcs, ARRAY_LEN(ipcs), name);
	for (int arch = 0; arch < SYSCALL_ARCHES; arch++) {
		m->of[arch].number[at] = number_of(arch, name);
		m->of[arch].int_args[at] = (uint8_t)int_args(arch, name);
		model_newest(m, arch, m->of[arch].number[at]);
		if (m->sub_socketcall[at] && rule->action != m->policy->default_action)
			model_newest(m, arch, m->of[arch].socketcall);
		if (m->sub_ipc[at] && rule->action != m->policy->default_action)
			model_newest(m, arch, m->of[arch].ipc);
	}
}

void filter_model_init(struct filter_model *m, const struct seccomp_policy *p)
{
	size_t at = 0;

	m->policy = p;
	for (int arch = 0; arch < SYSCALL_ARCHES; arch++) {
		m->listed[arch] = arch == syscall_arch_native();
		for (size_t i = 0; i < p->arch_count; i++)
			m->listed[arch] |= syscall_arch_from_name(sv_from(p->archs[i])) == arch;
		m->of[arch].newest = m->of[arch].newest_private = -1;
		m->of[arch].socketcall = number_of(arch, "socketcall");
		m->of[arch].ipc = number_of(arch, "ipc");
	}
	for (size_t i = 0; i < p->rule_count; i++) {
		for (size_t k = 0; k < p->rules[i].name_count; k++, at++) {
			assert_true(at < FILTER_MODEL_NAMES);
			model_name(m, at, &p->rules[i], p->rules[i].names[k]);
		}
	}
}

static int arch_of(const struct filter_model *m, const struct seccomp_data *d)
{
	bool x32 = d->arch == syscall_arch_info(SYSCALL_ARCH_X32)->audit && (uint32_t)d->nr >= SYSCALL_X32_BIT;

	for (int arch = 0; arch < SYSCALL_ARCHES; arch++)
		if (m->listed[arch] && syscall_arch_info((enum syscall_arch)arch)->audit == d->arch &&
		    (arch == SYSCALL_ARCH_X32) == x32)
			return arch;
	return -1;
}

static bool is_newer(const struct filter_model *m, int arch, uint32_t nr)
{
	uint32_t kind = m->policy->default_action & SECCOMP_RET_ACTION_FULL;
	int newest = m->of[arch].newest;

	if (kind == SECCOMP_RET_ALLOW || kind == SECCOMP_RET_LOG || kind == SECCOMP_RET_TRACE || newest < 0)
		return false;
	if (nr == 0 && (arch == SYSCALL_ARCH_S390X || arch == SYSCALL_ARCH_S390))
		return true;
	if (m->of[arch].newest_private >= 0 && nr >= 0xf0000)
		newest = m->of[arch].newest_private;
	return nr > (uint32_t)newest;
}

static bool has_number(const struct filter_model *m, int arch, size_t at, uint32_t nr)
{
	return m->of[arch].number[at] >= 0 && (uint32_t)m->of[arch].number[at] == nr;
}

static bool is_subcall(const struct filter_model *m, int arch, size_t at, const struct seccomp_data *d)
{
	if (d->nr < 0)
		return false;
	if (d->nr == m->of[arch].socketcall && m->sub_socketcall[at])
		return (uint32_t)d->args[0] == (uint32_t)m->sub_socketcall[at];
	return d->nr == m->of[arch].ipc && m->sub_ipc[at] && (d->args[0] & 0xffff) == (uint64_t)m->sub_ipc[at];
}

static uint32_t by_policy(const struct filter_model *m, int arch, const struct seccomp_data *d, bool conditions)
{
	const struct seccomp_policy *p = m->policy;
	uint32_t nr = (uint32_t)d->nr & ~syscall_arch_info((enum syscall_arch)arch)->base;
	size_t at = 0;

	for (size_t i = 0; i < p->rule_count; i++) {
		const struct seccomp_rule *rule = &p->rules[i];

		for (size_t k = 0; k < rule->name_count; k++, at++) {
			bool meant = has_number(m, arch, at, nr) && conditions == (rule->arg_count > 0);

			if (rule->action == p->default_action)
				continue;
			if (meant && rule_holds(rule, syscall_arch_info((enum syscall_arch)arch)->wide,
						m->of[arch].int_args[at], d))
				return rule->action;
			if (conditions && is_subcall(m, arch, at, d))
				return rule->action;
		}
	}
	return p->default_action;
}

static bool has_verdict(const struct filter_model *m, int arch, uint32_t nr)
{
	const struct seccomp_policy *p = m->policy;
	size_t at = 0;

	nr &= ~syscall_arch_info((enum syscall_arch)arch)->base;
	for (size_t i = 0; i < p->rule_count; i++)
		for (size_t k = 0; k < p->rules[i].name_count; k++, at++)
			if (p->rules[i].arg_count == 0 && p->rules[i].action != p->default_action &&
			    has_number(m, arch, at, nr))
				return true;
	return false;
}

uint32_t filter_model(const struct filter_model *m, const struct seccomp_data *d, enum filter_reason *ret_why)
{
	uint32_t nr = (uint32_t)d->nr;
	int arch = arch_of(m, d);

	*ret_why = BY_ARCHITECTURE;
	if (arch < 0 && nr == UINT32_MAX && d->arch == syscall_arch_info(SYSCALL_ARCH_X86_64)->audit)
		return m->policy->default_action;
	if (arch < 0)
		return SECCOMP_RET_KILL_PROCESS;
	*ret_why = BY_AGE;
	if (is_newer(m, arch, nr & ~syscall_arch_info((enum syscall_arch)arch)->base))
		return SECCOMP_RET_ERRNO | ENOSYS;
	*ret_why = BY_POLICY;
	return by_policy(m, arch, d, !has_verdict(m, arch, nr));
}
