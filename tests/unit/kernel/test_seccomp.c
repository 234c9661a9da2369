/* SPDX-License-Identifier: Apache-2.0 */
/* test_seccomp.c - every filter is run for every number of every architecture and the boundary values of every argument
 * that a rule names, and compared with libseccomp's filter and with a model of the written semantics. */
#include "kernel/seccomp.h"

#include "../seccomp_run.h"
#include "../test.h"
#include "base/scope.h"

#include <errno.h>
#include <linux/audit.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define ERRNO(n) (SECCOMP_RET_ERRNO | (n))
#define NAMES(...) (const char *const[]){ __VA_ARGS__ }, ARRAY_LEN(((const char *const[]){ __VA_ARGS__ }))
#define ARGS(...) (const struct seccomp_arg[]){ __VA_ARGS__ }, ARRAY_LEN(((const struct seccomp_arg[]){ __VA_ARGS__ }))

static const char *const intel[] = { "SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32" };
static const char *const arm[] = { "SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM", "SCMP_ARCH_RISCV64" };
static const char *const ibm[] = { "SCMP_ARCH_S390X", "SCMP_ARCH_S390", "SCMP_ARCH_PPC64LE" };

/* --- comparing ------------------------------------------------------------------------------------------------- */

struct comparison {
	const struct seccomp_policy *policy;
	struct filter_model model;
	struct sock_fprog ours;
	struct filter theirs; /* len 0: only the model */
};

static uint64_t random_state = 88172645463325252u;

static uint64_t random_next(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

static unsigned random_below(unsigned n)
{
	return (unsigned)(random_next() >> 20) % n;
}

static bool is_ipc_with_version(const struct seccomp_data *d)
{
	return d->arch == AUDIT_ARCH_I386 && d->nr == 117 && (uint32_t)d->args[0] > 0xffff;
}

/* The two halves of an argument change places on a big-endian architecture. */
static struct seccomp_data in_byte_order(const struct seccomp_data *d)
{
	struct seccomp_data r = *d;

	for (size_t i = 0; !(d->arch & __AUDIT_ARCH_LE) && i < ARRAY_LEN(r.args); i++)
		r.args[i] = r.args[i] << 32 | r.args[i] >> 32;
	return r;
}

static void print_policy(const struct seccomp_policy *p)
{
	for (size_t i = 0; i < p->rule_count; i++) {
		print_message("%#x:", p->rules[i].action);
		for (size_t k = 0; k < p->rules[i].arg_count; k++)
			print_message(" [%u %d %#llx %#llx]", p->rules[i].args[k].index, (int)p->rules[i].args[k].op,
				      (unsigned long long)p->rules[i].args[k].value,
				      (unsigned long long)p->rules[i].args[k].value_two);
		for (size_t k = 0; k < p->rules[i].name_count; k++)
			print_message(" %s", p->rules[i].names[k]);
		print_message("\n");
	}
	print_message("default %#x, %zu architectures\n", p->default_action, p->arch_count);
}

static void differs(const struct comparison *c, const struct seccomp_data *d, uint32_t ours, const char *other,
		    uint32_t theirs)
{
	print_policy(c->policy);
	fail_msg("arch %#x nr %d args %#llx %#llx %#llx %#llx %#llx: %#x, %s says %#x", d->arch, d->nr,
		 (unsigned long long)d->args[0], (unsigned long long)d->args[1], (unsigned long long)d->args[2],
		 (unsigned long long)d->args[3], (unsigned long long)d->args[4], ours, other, theirs);
}

static void check_call(struct comparison *c, const struct seccomp_data *d)
{
	struct seccomp_data as_read = in_byte_order(d);
	enum filter_reason why;
	uint32_t ours = filter_run(c->ours.filter, c->ours.len, &as_read), other = filter_model(&c->model, d, &why);

	if (ours != other)
		differs(c, d, ours, "the model", other);
	if (d->arch == syscall_arch_info((enum syscall_arch)syscall_arch_native())->audit)
		assert_int_equal(ours == SECCOMP_RET_ALLOW,
				 seccomp_allows(&c->ours, d->nr, (const uint64_t *)(const void *)as_read.args));
	if (!c->theirs.len || is_ipc_with_version(d))
		return;
	as_read = filter_data_as_read(d);
	other = filter_run(c->theirs.insns, c->theirs.len, &as_read);
	if (why == BY_ARCHITECTURE && ours == SECCOMP_RET_KILL_PROCESS && other == SECCOMP_RET_KILL_THREAD)
		return; /* a stray thread's end would leave the others waiting */
	if (why == BY_AGE)
		assert_int_equal(c->policy->default_action, other);
	else if (ours != other)
		differs(c, d, ours, "libseccomp", other);
}

static void check_numbers(struct comparison *c, uint32_t audit, uint32_t step)
{
	static const uint32_t more[] = { 0x3fffffff, 0x400003ff, 0x7fffffff, 0x80000000, 0xbfffffff,
					 0xc0000000, 0xfffffffe, 0xffffffff, 0xeffff,	 100000 };
	struct seccomp_data d = { .arch = audit };

	for (uint32_t nr = 0; nr < 1024; nr += step) {
		d.nr = (int)nr;
		check_call(c, &d);
		d.nr = (int)(nr | SYSCALL_X32_BIT);
		check_call(c, &d);
	}
	for (uint32_t nr = 0xf0000; nr < 0xf0010; nr++) {
		d.nr = (int)nr;
		check_call(c, &d);
	}
	for (size_t i = 0; i < ARRAY_LEN(more); i++) {
		d.nr = (int)more[i];
		check_call(c, &d);
	}
}

#define VALUES_MAX 64
struct values {
	uint64_t v[VALUES_MAX];
	unsigned n;
};

static void values_add(struct values *s, uint64_t x)
{
	const uint64_t around[] = { x, x - 1, x + 1, ~x, x | 1ull << 32, x | 1ull << 63, (uint32_t)x };

	for (size_t i = 0; i < ARRAY_LEN(around) && s->n < VALUES_MAX; i++)
		s->v[s->n++] = around[i];
}

/* What each argument is tried with: the boundaries of all conditions that name it. */
static void policy_values(const struct seccomp_policy *p, const char *name, struct values ret[6])
{
	for (size_t i = 0; i < p->rule_count; i++)
		for (size_t k = 0; k < p->rules[i].name_count; k++)
			for (size_t j = 0; j < p->rules[i].arg_count && !strcmp(p->rules[i].names[k], name); j++) {
				const struct seccomp_arg *a = &p->rules[i].args[j];

				values_add(&ret[a->index], a->value);
				if (a->op == SECCOMP_CMP_MASKED_EQ)
					values_add(&ret[a->index], a->value_two);
			}
	for (size_t i = 0; i < 6; i++) {
		values_add(&ret[i], 0);
		values_add(&ret[i], UINT64_MAX >> 1);
	}
}

static void check_arguments(struct comparison *c, uint32_t audit, uint32_t nr, const struct values values[6])
{
	struct seccomp_data d = { .arch = audit, .nr = (int)nr };

	for (unsigned index = 0; index < 6; index++) {
		for (unsigned i = 0; i < values[index].n; i++) {
			memset(d.args, 0, sizeof d.args);
			d.args[index] = values[index].v[i];
			check_call(c, &d);
		}
	}
	for (int round = 0; round < 200; round++) {
		for (unsigned index = 0; index < 6; index++)
			d.args[index] = values[index].v[random_below(values[index].n)];
		check_call(c, &d);
	}
}

static void check_rules(struct comparison *c, enum syscall_arch arch)
{
	const struct seccomp_policy *p = c->policy;

	for (size_t i = 0; i < p->rule_count; i++) {
		for (size_t k = 0; p->rules[i].arg_count && k < p->rules[i].name_count; k++) {
			int row = syscall_index(sv_from(p->rules[i].names[k]));
			int slot = row < 0 ? -1 : syscall_slot(arch, (unsigned)row);
			struct values values[6] = { 0 };

			if (slot < 0)
				continue;
			policy_values(p, p->rules[i].names[k], values);
			check_arguments(c, syscall_arch_info(arch)->audit, syscall_slot_number(arch, (unsigned)slot),
					values);
		}
	}
}

static void check_subcalls(struct comparison *c, enum syscall_arch arch)
{
	static const char *const names[] = { "socketcall", "ipc" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		int slot = syscall_slot(arch, (unsigned)syscall_index(sv_from(names[i])));
		struct seccomp_data d = { .arch = syscall_arch_info(arch)->audit, .nr = slot };

		for (unsigned number = 0; slot >= 0 && number < 40; number++) {
			for (unsigned high = 0; high < 2; high++) {
				d.args[0] = number | (uint64_t)high << 16;
				check_call(c, &d);
			}
			d.args[0] = number | 1ull << 32;
			check_call(c, &d);
		}
	}
}

/* with_libseccomp: the policy's names are known to both, and its conflicts are such that libseccomp defines. */
static void check_policy(const struct seccomp_policy *p, bool with_libseccomp)
{
	static struct comparison c;
	scoped_arena a = ARENA(1 << 20);
	struct err e = { 0 };
	int r = seccomp_compile(p, &a, &c.ours, &e);

	if (r < 0)
		fail_msg("%s", e.msg);
	c.policy = p;
	filter_model_init(&c.model, p);
	c.theirs.len = 0;
	if (with_libseccomp)
		filter_of_libseccomp(p, &c.theirs);
	for (int arch = 0; arch < SYSCALL_ARCHES; arch++) {
		const struct syscall_arch_info *info = syscall_arch_info((enum syscall_arch)arch);
		if (arch != SYSCALL_ARCH_X32)
			check_numbers(&c, info->audit, c.model.listed[arch] ? 1 : 97);
		if (!c.model.listed[arch])
			continue;
		check_rules(&c, (enum syscall_arch)arch);
		check_subcalls(&c, (enum syscall_arch)arch);
	}
}

/* --- policies -------------------------------------------------------------------------------------------------- */

TEST(rules_follow_libseccomp)
{
	const struct seccomp_rule rules[] = {
		{ NAMES("read", "write", "openat", "chown32", "socketcall", "no_such_call"), SECCOMP_RET_ALLOW },
		{ NAMES("socket"), SECCOMP_RET_ALLOW, ARGS({ 0, SECCOMP_CMP_LT, 0x26 }) },
		{ NAMES("socket"), SECCOMP_RET_ALLOW, ARGS({ 0, SECCOMP_CMP_EQ, 0x27 }) },
		{ NAMES("socket"), SECCOMP_RET_ALLOW, ARGS({ 0, SECCOMP_CMP_GT, 0x28 }) },
		{ NAMES("personality"), SECCOMP_RET_ALLOW, ARGS({ 0, SECCOMP_CMP_EQ, 0xffffffff }) },
		{ NAMES("clone"), SECCOMP_RET_ALLOW, ARGS({ 0, SECCOMP_CMP_MASKED_EQ, 0x7e020000, 0 }) },
		{ NAMES("clone3"), ERRNO(ENOSYS) },
		{ NAMES("lseek", "mprotect"), ERRNO(EACCES),
		  ARGS({ 1, SECCOMP_CMP_NE, 0x5401 }, { 0, SECCOMP_CMP_GE, 0x100000005 }) },
		{ NAMES("ioctl", "mincore"), ERRNO(EACCES),
		  ARGS({ 1, SECCOMP_CMP_NE, 0x5401 }, { 2, SECCOMP_CMP_GE, 0x100000005 }) },
		{ NAMES("fcntl"), ERRNO(EACCES), ARGS({ 1, SECCOMP_CMP_EQ, 3 }, { 1, SECCOMP_CMP_EQ, 4 }) },
		{ NAMES("mmap"), SECCOMP_RET_TRAP, ARGS({ 2, SECCOMP_CMP_LE, 7 }) },
		{ NAMES("mmap"), SECCOMP_RET_LOG },
		{ NAMES("kill"), ERRNO(EPERM) },
	};
	struct seccomp_policy p = { ERRNO(EPERM), intel, 3, rules, ARRAY_LEN(rules) };

	check_policy(&p, true);
	p.default_action = SECCOMP_RET_ALLOW;
	check_policy(&p, true);
	p.arch_count = 2;
	check_policy(&p, true);
	p.arch_count = 0;
	check_policy(&p, true);
	p.archs = arm;
	p.arch_count = 3;
	check_policy(&p, true);
}

TEST(socketcall_and_ipc_are_covered_by_the_names_of_their_subcalls)
{
	const struct seccomp_rule direct[] = {
		{ NAMES("connect", "shmat", "msgget"), ERRNO(EACCES) },
		{ NAMES("socket"), ERRNO(EAFNOSUPPORT), ARGS({ 0, SECCOMP_CMP_EQ, 38 }) },
	};
	const struct seccomp_rule indirect[] = {
		{ NAMES("accept", "send", "recv", "semop", "semtimedop"), ERRNO(EACCES) },
	};
	const struct seccomp_policy p = { SECCOMP_RET_ALLOW, intel, 3, direct, ARRAY_LEN(direct) };
	const struct seccomp_policy q = { SECCOMP_RET_ALLOW, intel, 3, indirect, ARRAY_LEN(indirect) };
	const struct seccomp_policy s = { SECCOMP_RET_ALLOW, ibm, 3, direct, ARRAY_LEN(direct) };

	check_policy(&p, true);
	check_policy(&q, false); /* libseccomp leaves these out */
	check_policy(&s, false); /* libseccomp mixes no byte orders */
}

TEST(big_endian_arguments_have_their_high_half_first)
{
	const struct seccomp_rule rules[] = {
		{ NAMES("close"), ERRNO(EACCES), ARGS({ 0, SECCOMP_CMP_EQ, 0x1122334455667788 }) },
	};
	const struct seccomp_policy p = { SECCOMP_RET_ALLOW, ibm, 2, rules, 1 };
	scoped_arena a = ARENA(1 << 20);
	struct sock_fprog prog;
	struct seccomp_data d = { .arch = AUDIT_ARCH_S390X, .nr = 6, .args = { 0x5566778811223344 } };

	assert_int_equal(0, seccomp_compile(&p, &a, &prog, NULL));
	assert_int_equal(ERRNO(EACCES), filter_run(prog.filter, prog.len, &d));
	d.args[0] = 0x1122334455667788;
	assert_int_equal(SECCOMP_RET_ALLOW, filter_run(prog.filter, prog.len, &d));
}

TEST(arguments_that_are_int_to_the_kernel_are_compared_as_int)
{
	const struct seccomp_rule rules[] = {
		{ NAMES("socket"), SECCOMP_RET_ALLOW, ARGS({ 0, SECCOMP_CMP_GT, 0x28 }) },
		{ NAMES("ioctl"), ERRNO(EACCES), ARGS({ 1, SECCOMP_CMP_EQ, 0x5412 }, { 2, SECCOMP_CMP_EQ, 1 }) },
		{ NAMES("ioctl", "lseek"), SECCOMP_RET_ALLOW, ARGS({ 1, SECCOMP_CMP_NE, 0x5412 }) },
	};
	const struct seccomp_policy p = { ERRNO(EPERM), NULL, 0, rules, ARRAY_LEN(rules) };
	static const struct {
		const char *name;
		uint64_t args[3];
		uint32_t verdict;
	} cases[] = {
		{ "socket", { 0x26 }, ERRNO(EPERM) },
		{ "socket", { 0x100000026 }, ERRNO(EPERM) },
		{ "socket", { 0x29 }, SECCOMP_RET_ALLOW },
		{ "socket", { 0xffffffff00000029 }, SECCOMP_RET_ALLOW },
		{ "ioctl", { 0, 0x5412, 1 }, ERRNO(EACCES) },
		{ "ioctl", { 0, 0xf00005412, 1 }, ERRNO(EACCES) },
		{ "ioctl", { 0, 0x5412, 0x100000001 }, ERRNO(EPERM) },
		{ "ioctl", { 0, 0x100005413, 0 }, SECCOMP_RET_ALLOW },
		{ "ioctl", { 0, 0x100005412, 0 }, ERRNO(EPERM) },
		{ "lseek", { 0, 0x100005412, 0 }, SECCOMP_RET_ALLOW },
	};
	enum syscall_arch arch = (enum syscall_arch)syscall_arch_native();
	scoped_arena a = ARENA(1 << 20);
	struct sock_fprog prog;

	assert_int_equal(0, seccomp_compile(&p, &a, &prog, NULL));
	for (size_t i = 0; syscall_arch_info(arch)->wide && i < ARRAY_LEN(cases); i++) {
		int slot = syscall_slot(arch, (unsigned)syscall_index(sv_from(cases[i].name)));
		struct seccomp_data d = { .arch = syscall_arch_info(arch)->audit, .nr = slot };

		memcpy(d.args, cases[i].args, sizeof cases[i].args);
		assert_int_equal(cases[i].verdict, filter_run(prog.filter, prog.len, &d));
	}
}

TEST(numbers_above_the_newest_named_get_enosys)
{
	const struct seccomp_rule rules[] = { { NAMES("read", "mseal"), SECCOMP_RET_ALLOW },
						     { NAMES("setxattrat"), ERRNO(EPERM) } };
	struct seccomp_policy p = { ERRNO(EPERM), NULL, 0, rules, ARRAY_LEN(rules) };
	scoped_arena a = ARENA(1 << 20);
	struct sock_fprog prog;
	struct seccomp_data d = { .arch = syscall_arch_info(SYSCALL_ARCH_X86_64)->audit };
	static const struct {
		int nr;
		uint32_t verdict;
	} cases[] = {
		{ 0, SECCOMP_RET_ALLOW }, { 461, ERRNO(EPERM) },  { 462, SECCOMP_RET_ALLOW },
		{ 463, ERRNO(EPERM) },	  { 464, ERRNO(ENOSYS) }, { 0x3fffffff, ERRNO(ENOSYS) },
	};

	if (syscall_arch_native() != SYSCALL_ARCH_X86_64)
		skip();
	assert_int_equal(0, seccomp_compile(&p, &a, &prog, NULL));
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		d.nr = cases[i].nr;
		assert_int_equal(cases[i].verdict, filter_run(prog.filter, prog.len, &d));
	}
	p.default_action = SECCOMP_RET_LOG;
	assert_int_equal(0, seccomp_compile(&p, &a, &prog, NULL));
	d.nr = 464;
	assert_int_equal(SECCOMP_RET_LOG, filter_run(prog.filter, prog.len, &d));
}

TEST(verdicts_by_number_alone_are_constant_to_the_kernel)
{
	const struct seccomp_rule rules[] = {
		{ NAMES("read", "close", "openat", "exit_group"), SECCOMP_RET_ALLOW },
		{ NAMES("ioctl"), SECCOMP_RET_ALLOW, ARGS({ 1, SECCOMP_CMP_EQ, 3 }) },
	};
	const struct seccomp_policy p = { ERRNO(EPERM), intel, 3, rules, ARRAY_LEN(rules) };
	scoped_arena a = ARENA(1 << 20);
	struct sock_fprog prog;

	assert_int_equal(0, seccomp_compile(&p, &a, &prog, NULL));
	for (uint32_t nr = 0; nr < 512; nr++) {
		assert_int_equal(nr != 16, filter_is_constant(prog.filter, prog.len, AUDIT_ARCH_X86_64, nr));
		assert_int_equal(nr != 54, filter_is_constant(prog.filter, prog.len, AUDIT_ARCH_I386, nr));
	}
}

/* --- random policies ------------------------------------------------------------------------------------------- */

#define RULES 10
#define RULE_NAMES 30
struct random_policy {
	struct seccomp_rule rules[RULES];
	const char *names[RULES][RULE_NAMES];
	struct seccomp_arg args[RULES][3];
};

static const char *const quirks[] = { "accept", "send", "recv", "semop", "semtimedop" };

static bool same_to_libseccomp(const char *name, const char *const *archs)
{
	for (size_t i = 0; i < ARRAY_LEN(quirks); i++)
		if (strcmp(name, quirks[i]) == 0)
			return false;
	for (size_t i = 0; i < 4; i++) {
		int arch = i < 3 ? syscall_arch_from_name(sv_from(archs[i])) : syscall_arch_native();
		int slot = syscall_slot((enum syscall_arch)arch, (unsigned)syscall_index(sv_from(name)));
		int ours =
			slot < 0 ?
				-1 :
				(int)(syscall_slot_number((enum syscall_arch)arch, (unsigned)slot) & ~SYSCALL_X32_BIT);

		if (!libseccomp_knows(name) || libseccomp_number((enum syscall_arch)arch, name) != ours)
			return false;
	}
	return true;
}

static uint64_t random_value(void)
{
	switch (random_below(6)) {
	case 0:
		return random_below(16);
	case 1:
		return UINT32_MAX - random_below(2);
	case 2:
		return (1ull << 32) + random_below(3);
	case 3:
		return UINT64_MAX - random_below(2);
	case 4:
		return 1ull << random_below(64);
	default:
		return random_next();
	}
}

static uint32_t random_action(void)
{
	static const uint32_t actions[] = { SECCOMP_RET_ALLOW, ERRNO(EPERM), ERRNO(EACCES), SECCOMP_RET_KILL_PROCESS,
					    SECCOMP_RET_TRAP, SECCOMP_RET_LOG };

	return actions[random_below(ARRAY_LEN(actions))];
}

static const char *random_name(const char *const *archs, bool both)
{
	for (;;) {
		const char *name = syscall_name(random_below(syscall_count()));

		if (!both || same_to_libseccomp(name, archs))
			return name;
	}
}

/* libseccomp 2.5.4 errs where several 64-bit comparisons of one argument meet in one call (it finds 0xffffffff to be GE
 * 0x720b82b56b88dead when LT 0x10000 is an alternative), and leaves open what happens where conditions of different
 * actions overlap: so there a call has one rule with conditions, and an argument that is named twice is compared for
 * equality. It also forgets to load the number, and so compares the architecture's, where all of an architecture's
 * calls have conditions: so there the first rule has none. A mask whose low half is 0 is to it no condition on a 32-bit
 * architecture. The model has no such limits. */
static bool name_is_free(const struct random_policy *r, unsigned i, const char *name)
{
	if (syscall_int_args(SYSCALL_ARCH_X86_64, (unsigned)syscall_index(sv_from(name))))
		return false; /* random values have high halves, which are dropped here */
	for (unsigned before = 0; before < i; before++)
		for (size_t k = 0; r->rules[before].arg_count && k < r->rules[before].name_count; k++)
			if (strcmp(r->names[before][k], name) == 0)
				return false;
	return true;
}

static void random_args(struct random_policy *ret, unsigned i, bool both)
{
	struct seccomp_rule *rule = &ret->rules[i];

	rule->arg_count = 1 + random_below(3);
	rule->name_count = 1 + random_below(5);
	for (size_t k = 0; k < rule->arg_count; k++)
		ret->args[i][k] = (struct seccomp_arg){ both ? (unsigned)k * 2 : random_below(6),
							(enum seccomp_op)random_below(7), random_value(),
							random_value() };
	for (size_t k = 0; both && k < rule->arg_count; k++)
		if (ret->args[i][k].op == SECCOMP_CMP_MASKED_EQ)
			ret->args[i][k].value |= 1;
	if (rule->arg_count < 2 || random_below(4) > 0)
		return;
	ret->args[i][1].index = ret->args[i][0].index;
	for (size_t k = 0; both && k < 2; k++)
		ret->args[i][k].op = SECCOMP_CMP_EQ;
}

static void random_rule(struct random_policy *ret, unsigned i, const char *const *archs, bool both)
{
	struct seccomp_rule *rule = &ret->rules[i];

	*rule = (struct seccomp_rule){ .names = ret->names[i], .name_count = 1 + random_below(RULE_NAMES),
				       .action = random_action(), .args = ret->args[i] };
	if (random_below(3) == 0 && !(both && i == 0))
		random_args(ret, i, both);
	for (size_t k = 0; k < rule->name_count; k++) {
		do {
			ret->names[i][k] = random_name(archs, both);
		} while (both && rule->arg_count && !name_is_free(ret, i, ret->names[i][k]));
	}
	if (both && i == 0)
		ret->names[0][0] = "read";
}

static void random_policies(const char *const *archs, size_t max_archs, bool both, unsigned rounds)
{
	static struct random_policy r;

	for (unsigned round = 0; round < rounds; round++) {
		struct seccomp_policy p = { random_action(), archs, random_below((unsigned)max_archs + 1), r.rules,
					    1 + random_below(RULES) };

		for (unsigned i = 0; i < p.rule_count; i++)
			random_rule(&r, i, archs, both);
		if (both && p.default_action == r.rules[0].action)
			r.rules[0].action = ERRNO(ENOTTY);
		check_policy(&p, both);
	}
}

TEST(random_policies_have_libseccomps_verdicts)
{
	random_policies(intel, 3, true, 150);
	random_policies(arm, 2, true, 50);
}

TEST(random_policies_have_the_models_verdicts)
{
	random_policies(intel, 3, false, 150);
	random_policies(arm, 3, false, 50);
	random_policies(ibm, 3, false, 50);
}

/* --- errors and limits ----------------------------------------------------------------------------------------- */

TEST(bad_policies_are_refused_and_nothing_is_returned)
{
	static const char *const no_arch[] = { "SCMP_ARCH_VAX" };
	const struct seccomp_rule index[] = { { NAMES("read"), SECCOMP_RET_ALLOW, ARGS({ .index = 6 }) } };
	const struct seccomp_rule op[] = { { NAMES("read"), SECCOMP_RET_ALLOW, ARGS({ .op = 7 }) } };
	const struct seccomp_rule notify[] = { { NAMES("read", "write"), SECCOMP_RET_USER_NOTIF } };
	const struct {
		struct seccomp_policy p;
		const char *msg;
	} cases[] = {
		{ { ERRNO(1), no_arch, 1, NULL, 0 }, "seccomp: unknown architecture SCMP_ARCH_VAX" },
		{ { ERRNO(1), NULL, 0, index, 1 }, "seccomp: rule 0: argument index 6 is above 5" },
		{ { ERRNO(1), NULL, 0, op, 1 }, "seccomp: rule 0: unknown comparison 7" },
		{ { ERRNO(1), NULL, 0, notify, 1 }, "seccomp: rule 0: SCMP_ACT_NOTIFY cannot be used for write" },
		{ { SECCOMP_RET_USER_NOTIF }, "seccomp: SCMP_ACT_NOTIFY cannot be the default action" },
	};
	scoped_arena a = ARENA(1 << 20);

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct sock_fprog prog = { .len = 7 };
		struct err e = { 0 };

		assert_int_equal(-EINVAL, seccomp_compile(&cases[i].p, &a, &prog, &e));
		assert_string_equal(cases[i].msg, e.msg);
		assert_int_equal(7, prog.len);
	}
}

/* n calls, each with its own condition: at least three instructions on each of three architectures */
static int compile_conditions(struct arena *a, unsigned n, struct sock_fprog *ret, struct err *e)
{
	static struct seccomp_rule rules[600];
	static struct seccomp_arg args[600];
	static const char *names[600];
	struct seccomp_policy p = { ERRNO(EPERM), intel, 3, rules, n };

	for (unsigned i = 0; i < n; i++) {
		names[i] = syscall_name(i);
		args[i] = (struct seccomp_arg){ 0, SECCOMP_CMP_EQ, 1000 + i, 0 };
		rules[i] = (struct seccomp_rule){ &names[i], 1, SECCOMP_RET_ALLOW, &args[i], 1 };
	}
	return seccomp_compile(&p, a, ret, e);
}

TEST(programs_that_the_kernel_would_not_take_are_refused)
{
	scoped_arena a = ARENA(8 << 20);
	struct sock_fprog prog = { .len = 7 };
	struct err e = { 0 };

	assert_int_equal(0, compile_conditions(&a, 150, &prog, &e));
	assert_in_range(prog.len, 255 * 3, BPF_MAXINSNS);
	prog.len = 7;
	assert_int_equal(-E2BIG, compile_conditions(&a, syscall_count(), &prog, &e));
	assert_string_equal("seccomp: more than 4096 instructions", e.msg);
	assert_int_equal(7, prog.len);
}

TEST(long_programs_jump_as_short_ones)
{
	static struct seccomp_rule rules[150];
	static struct seccomp_arg args[150][2];
	static const char *names[150];
	const struct seccomp_policy p = { ERRNO(EPERM), intel, 3, rules, ARRAY_LEN(rules) };

	for (unsigned i = 0; i < ARRAY_LEN(rules); i++) {
		names[i] = syscall_name(i * 3);
		args[i][0] = (struct seccomp_arg){ 0, SECCOMP_CMP_GT, 1000 + i, 0 };
		args[i][1] = (struct seccomp_arg){ 1, SECCOMP_CMP_NE, i, 0 };
		rules[i] = (struct seccomp_rule){ &names[i], 1, i % 7 ? SECCOMP_RET_ALLOW : ERRNO(i), args[i], 2 };
	}
	check_policy(&p, false);
}

TEST(running_out_of_memory_is_an_error)
{
	for (size_t max = 0; max < 6000; max += 100) {
		scoped_arena a = ARENA(max);
		struct sock_fprog prog = { .len = 7 };
		int r = compile_conditions(&a, 20, &prog, NULL);

		assert_true(r == 0 || (r == -ENOMEM && prog.len == 7));
	}
}

/* --- words ----------------------------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	int64_t errno_ret;
	int rc;
	uint32_t action;
} actions[] = {
	{ "SCMP_ACT_ALLOW", -1, 0, SECCOMP_RET_ALLOW },
	{ "SCMP_ACT_ERRNO", INT64_MIN, 0, SECCOMP_RET_ERRNO | EPERM },
	{ "SCMP_ACT_ERRNO", 38, 0, SECCOMP_RET_ERRNO | 38 },
	{ "SCMP_ACT_ERRNO", 0, 0, SECCOMP_RET_ERRNO },
	{ "SCMP_ACT_ERRNO", 65536, -EINVAL, 7 },
	{ "SCMP_ACT_TRACE", -1, 0, SECCOMP_RET_TRACE | EPERM },
	{ "SCMP_ACT_TRACE", 65535, 0, SECCOMP_RET_TRACE | 65535 },
	{ "SCMP_ACT_KILL", -1, 0, SECCOMP_RET_KILL_THREAD },
	{ "SCMP_ACT_KILL_THREAD", -1, 0, SECCOMP_RET_KILL_THREAD },
	{ "SCMP_ACT_KILL_PROCESS", -1, 0, SECCOMP_RET_KILL_PROCESS },
	{ "SCMP_ACT_TRAP", -1, 0, SECCOMP_RET_TRAP },
	{ "SCMP_ACT_LOG", -1, 0, SECCOMP_RET_LOG },
	{ "SCMP_ACT_NOTIFY", -1, 0, SECCOMP_RET_USER_NOTIF },
	{ "SCMP_ACT_ALLOW", 1, -EINVAL, 7 },
	{ "SCMP_ACT_allow", -1, -EINVAL, 7 },
	{ "", -1, -EINVAL, 7 },
	{ NULL, -1, -EINVAL, 7 },
};

TEST(actions_are_the_runtime_specs)
{
	for (size_t i = 0; i < ARRAY_LEN(actions); i++) {
		uint32_t v = 7;

		assert_int_equal(actions[i].rc,
				 seccomp_action_from_name(actions[i].name, actions[i].errno_ret, &v, NULL));
		assert_int_equal(actions[i].action, v);
	}
}

TEST(comparisons_and_flags_are_the_runtime_specs)
{
	enum seccomp_op op = SECCOMP_CMP_NE;
	unsigned flag = 7;
	struct err e;

	assert_int_equal(0, seccomp_op_from_name("SCMP_CMP_MASKED_EQ", &op, NULL));
	assert_int_equal(SECCOMP_CMP_MASKED_EQ, op);
	assert_int_equal(-EINVAL, seccomp_op_from_name("SCMP_CMP_ODD", &op, &e));
	assert_string_equal("unknown seccomp comparison SCMP_CMP_ODD", e.msg);
	assert_int_equal(-EINVAL, seccomp_flag_from_name("SECCOMP_FILTER_FLAG_X", &flag, &e));
	assert_int_equal(7, flag);
	assert_int_equal(0, seccomp_flag_from_name("SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", &flag, NULL));
	assert_int_equal(1 << 5, flag);
	for (size_t i = 0; seccomp_flag_name(i); i++)
		assert_int_equal(0, seccomp_flag_from_name(seccomp_flag_name(i), &flag, NULL));
	for (size_t i = 0; seccomp_op_name(i); i++)
		assert_int_equal(0, seccomp_op_from_name(seccomp_op_name(i), &op, NULL));
	assert_string_equal("SCMP_ACT_KILL", seccomp_action_name(0));
	assert_null(seccomp_action_name(9));
}

/* --- the kernel ------------------------------------------------------------------------------------------------ */

static int errno_of(long r)
{
	return r == -1 ? errno : 0;
}

/* In the child: 0, or the number of the check that failed. */
static int try_filter(const struct sock_fprog *prog)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || seccomp_install(prog, SECCOMP_FILTER_FLAG_TSYNC, NULL) != 0)
		return 1;
	if (errno_of(syscall(SYS_getppid)) != EACCES)
		return 2;
	if (errno_of(syscall(SYS_socket, AF_UNIX, SOCK_STREAM, 0)) != 0)
		return 3;
	if (errno_of(syscall(SYS_socket, 38, SOCK_SEQPACKET, 0)) != EACCES ||
	    errno_of(syscall(SYS_socket, 0x100000026, SOCK_SEQPACKET, 0)) != EACCES)
		return 4;
	if (errno_of(syscall(SYS_personality, 0xffffffff)) != 0 || errno_of(syscall(SYS_personality, 1)) != EPERM)
		return 5;
	if (errno_of(syscall(9999)) != ENOSYS)
		return 6;
	if (errno_of(syscall(SYS_getuid)) != EPERM)
		return 7;
	return 0;
}

TEST(an_installed_filter_answers_as_its_policy_says)
{
	const struct seccomp_rule rules[] = {
		{ NAMES("exit_group", "write", "rt_sigreturn", "prctl", "mseal"), SECCOMP_RET_ALLOW },
		{ NAMES("getppid"), ERRNO(EACCES) },
		{ NAMES("socket"), ERRNO(EACCES), ARGS({ 0, SECCOMP_CMP_EQ, 38 }) },
		{ NAMES("socket"), SECCOMP_RET_ALLOW, ARGS({ 0, SECCOMP_CMP_LT, 50 }) },
		{ NAMES("personality"), SECCOMP_RET_ALLOW, ARGS({ 0, SECCOMP_CMP_EQ, 0xffffffff }) },
	};
	const struct seccomp_policy p = { ERRNO(EPERM), NULL, 0, rules, ARRAY_LEN(rules) };
	scoped_arena a = ARENA(1 << 20);
	struct sock_fprog prog;
	int status;
	pid_t pid;

	assert_int_equal(0, seccomp_compile(&p, &a, &prog, NULL));
	pid = fork();
	if (pid == 0)
		syscall(SYS_exit_group, try_filter(&prog)); /* a sanitizer's _exit() makes calls of its own */
	assert_int_equal(pid, waitpid(pid, &status, 0));
	assert_int_equal(0, status);
}

TEST(what_the_kernel_refuses_is_an_error_with_the_programs_length)
{
	struct sock_filter bad[] = { BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 1), BPF_STMT(BPF_RET | BPF_K, 0) };
	const struct sock_fprog prog = { ARRAY_LEN(bad), bad };
	struct err e;

	assert_int_equal(0, prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	assert_int_equal(-EINVAL, seccomp_install(&prog, 0, &e));
	assert_string_equal("seccomp: install filter of 2 instructions: Invalid argument", e.msg);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(rules_follow_libseccomp),
		RUN(socketcall_and_ipc_are_covered_by_the_names_of_their_subcalls),
		RUN(big_endian_arguments_have_their_high_half_first),
		RUN(arguments_that_are_int_to_the_kernel_are_compared_as_int),
		RUN(numbers_above_the_newest_named_get_enosys),
		RUN(verdicts_by_number_alone_are_constant_to_the_kernel),
		RUN(random_policies_have_libseccomps_verdicts),
		RUN(random_policies_have_the_models_verdicts),
		RUN(bad_policies_are_refused_and_nothing_is_returned),
		RUN(programs_that_the_kernel_would_not_take_are_refused),
		RUN(long_programs_jump_as_short_ones),
		RUN(running_out_of_memory_is_an_error),
		RUN(actions_are_the_runtime_specs),
		RUN(comparisons_and_flags_are_the_runtime_specs),
		RUN(an_installed_filter_answers_as_its_policy_says),
		RUN(what_the_kernel_refuses_is_an_error_with_the_programs_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
