/* SPDX-License-Identifier: Apache-2.0 */
/* seccomp.c - the front half of the generator.
 *
 * Per architecture: every slot of the number table gets a class, 0 being the default. A class is a verdict, or a chain
 * of rules with conditions; adding a rule to a chain makes (or finds) the child class of that chain, so that calls with
 * the same rules share one class and its code. Runs of one class are ranges, ranges become a tree of jumps. */
#include "kernel/seccomp.h"

#include "base/scope.h"
#include "kernel/seccomp_priv.h"
#include "kernel/sys.h"
#include "kernel/syscalls.h"

#include <linux/seccomp.h>

#define CLASS_MAX BPF_MAXINSNS /* each costs an instruction at least */
#define UNKNOWN UINT16_MAX
#define ISLANDS_MAX 3 /* comparisons in a row before the tree branches once more */
#define ENOSYS_VERDICT (SECCOMP_RET_ERRNO | ENOSYS)
#define SUBCALL_IPC 0x80 /* in a subcall number: of ipc(2), not socketcall(2) */

struct class
{
	const struct seccomp_rule *rule; /* NULL: a verdict */
	uint32_t verdict;
	uint16_t parent; /* the chain that this rule was added to */
	uint8_t subcall; /* instead of the rule's conditions: the first argument is this subcall */
	uint8_t narrow;  /* arguments of which only the low halves are compared, a bit each */
	uint16_t child;  /* the child made last, for the next call of the same rule */
	bool placed;
	struct seccomp_target code;
};

struct range {
	uint32_t first;
	uint16_t class;
};

struct compiler {
	const struct seccomp_policy *policy;
	struct arena *arena;
	struct err *e;
	const uint16_t *rows; /* of all rules' names, in order; UNKNOWN: skip */
	bool enosys;          /* newer calls get ENOSYS */

	/* of the architecture at hand */
	enum syscall_arch arch;
	struct class *classes;
	unsigned class_count, class_cap;
	uint16_t slots[SYSCALL_SLOTS];
	int newest, newest_private; /* slots; -1: none */

	struct range ranges[SYSCALL_SLOTS + 8];
	unsigned range_count;
	struct seccomp_code code;
};

static const struct {
	char name[12];
	uint8_t subcall; /* <linux/net.h> SYS_x, <linux/ipc.h> */
} subcalls[] = {
	{ "socket", 1 },      { "bind", 2 },        { "connect", 3 },     { "listen", 4 },
	{ "accept", 5 },      { "getsockname", 6 }, { "getpeername", 7 }, { "socketpair", 8 },
	{ "send", 9 },        { "recv", 10 },       { "sendto", 11 },     { "recvfrom", 12 },
	{ "shutdown", 13 },   { "setsockopt", 14 }, { "getsockopt", 15 }, { "sendmsg", 16 },
	{ "recvmsg", 17 },    { "accept4", 18 },    { "recvmmsg", 19 },   { "sendmmsg", 20 },
	{ "semop", 0x81 },    { "semget", 0x82 },   { "semctl", 0x83 },   { "semtimedop", 0x84 },
	{ "msgsnd", 0x8b },   { "msgrcv", 0x8c },   { "msgget", 0x8d },   { "msgctl", 0x8e },
	{ "shmat", 0x95 },    { "shmdt", 0x96 },    { "shmget", 0x97 },   { "shmctl", 0x98 },
};

static int class_new(struct compiler *c, const struct class *what)
{
	if (c->class_count == CLASS_MAX)
		return err_set(c->e, E2BIG, "more than %d instructions", BPF_MAXINSNS);
	if (c->class_count == c->class_cap) {
		unsigned cap = c->class_cap ? 2 * c->class_cap : 32;
		struct class *grown = arena_array(c->arena, cap, sizeof *grown);

		if (!grown)
			return err_oom(c->e);
		if (c->class_count)
			memcpy(grown, c->classes, c->class_count * sizeof *grown);
		c->classes = grown;
		c->class_cap = cap;
	}
	c->classes[c->class_count] = *what;
	return (int)c->class_count++;
}

static int class_verdict(struct compiler *c, uint32_t verdict)
{
	for (unsigned i = 0; i < c->class_count; i++)
		if (!c->classes[i].rule && c->classes[i].verdict == verdict)
			return (int)i;
	return class_new(c, &(struct class){ .verdict = verdict });
}

static bool is_same_link(const struct class *a, const struct class *b)
{
	return a->rule == b->rule && a->subcall == b->subcall && a->narrow == b->narrow;
}

/* One more rule (link's rule, subcall, narrow) for the call in `slot`, unless a rule without conditions has it. */
static int slot_add(struct compiler *c, int slot, const struct class *link)
{
	uint16_t parent = c->slots[slot];
	const struct class *top = &c->classes[parent];
	struct class new = *link;
	int r;

	if ((parent && !top->rule) || is_same_link(top, link))
		return 0;
	if (top->child && is_same_link(&c->classes[top->child], link)) {
		c->slots[slot] = top->child;
		return 0;
	}
	new.parent = parent;
	r = class_new(c, &new);
	if (r < 0)
		return r;
	c->classes[parent].child = (uint16_t)r;
	c->slots[slot] = (uint16_t)r;
	return 0;
}

static bool has_effect(const struct compiler *c, const struct seccomp_rule *rule)
{
	return rule->action != c->policy->default_action;
}

static void note_newest(struct compiler *c, int slot)
{
	int *newest = slot >= SYSCALL_SLOT_ARM ? &c->newest_private : &c->newest;

	if (slot > *newest)
		*newest = slot;
}

static int add_verdicts(struct compiler *c)
{
	const uint16_t *row = c->rows;

	for (size_t i = 0; i < c->policy->rule_count; i++) {
		const struct seccomp_rule *rule = &c->policy->rules[i];
		bool counts = rule->arg_count == 0 && has_effect(c, rule);
		int class = counts ? class_verdict(c, rule->action) : 0;

		if (class < 0)
			return class;
		for (size_t k = 0; k < rule->name_count; k++, row++) {
			int slot = *row == UNKNOWN ? -1 : syscall_slot(c->arch, *row);

			if (slot < 0)
				continue;
			note_newest(c, slot);
			if (!c->slots[slot])
				c->slots[slot] = (uint16_t)class;
		}
	}
	return 0;
}

static int slot_of(enum syscall_arch arch, const char *name)
{
	int row = syscall_index(sv_from(name));

	return row < 0 ? -1 : syscall_slot(arch, (unsigned)row);
}

/* Fills the subcall of every row. false: nothing to do: no such calls here, or they have their verdicts. */
static bool subcall_rows(const struct compiler *c, uint8_t *subcall_of, int slot[2])
{
	slot[0] = slot_of(c->arch, "socketcall");
	slot[1] = slot_of(c->arch, "ipc");
	if (slot[0] < 0 || slot[1] < 0 || (c->slots[slot[0]] && c->slots[slot[1]]))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(subcalls); i++) {
		int row = syscall_index(sv_from(subcalls[i].name));

		if (row >= 0)
			subcall_of[row] = subcalls[i].subcall;
	}
	return true;
}

static int subcall_add(struct compiler *c, const int multiplexers[2], const struct seccomp_rule *rule, uint8_t subcall)
{
	int slot = multiplexers[subcall & SUBCALL_IPC ? 1 : 0];

	note_newest(c, slot);
	return slot_add(c, slot, &(struct class){ .rule = rule, .subcall = subcall });
}

static int conditions_add(struct compiler *c, unsigned row, const struct seccomp_rule *rule)
{
	int slot = syscall_slot(c->arch, row);
	struct class link = { .rule = rule, .narrow = (uint8_t)syscall_int_args(c->arch, row) };

	return slot < 0 ? 0 : slot_add(c, slot, &link);
}

static int add_conditions(struct compiler *c)
{
	uint8_t subcall_of[SYSCALL_ROWS_MAX] = { 0 };
	int multiplexers[2], r = 0; /* slots */
	bool multiplexed;
	const uint16_t *row = c->rows;

	multiplexed = subcall_rows(c, subcall_of, multiplexers);
	for (size_t i = 0; i < c->policy->rule_count; i++) {
		const struct seccomp_rule *rule = &c->policy->rules[i];

		if (!has_effect(c, rule) || (!rule->arg_count && !multiplexed)) {
			row += rule->name_count;
			continue;
		}
		for (size_t k = 0; r == 0 && k < rule->name_count; k++, row++) {
			if (*row == UNKNOWN)
				continue;
			if (rule->arg_count)
				r = conditions_add(c, *row, rule);
			if (r == 0 && subcall_of[*row])
				r = subcall_add(c, multiplexers, rule, subcall_of[*row]);
		}
	}
	return r;
}

static void range_add(struct compiler *c, uint32_t first, unsigned class)
{
	if (c->range_count && c->ranges[c->range_count - 1].class == class)
		return;
	c->ranges[c->range_count++] = (struct range){ first, (uint16_t)class };
}

static void range_slots(struct compiler *c, int from, int to)
{
	for (int slot = from; slot <= to; slot++)
		range_add(c, syscall_slot_number(c->arch, (unsigned)slot), c->slots[slot]);
}

static int make_ranges(struct compiler *c)
{
	bool enosys = c->enosys && c->newest >= 0;
	int newer = enosys ? class_verdict(c, ENOSYS_VERDICT) : 0;

	if (newer < 0)
		return newer;
	if (enosys && (c->arch == SYSCALL_ARCH_S390X || c->arch == SYSCALL_ARCH_S390))
		c->slots[0] = (uint16_t)newer;
	c->range_count = 0;
	range_slots(c, 0, c->newest);
	range_add(c, syscall_slot_number(c->arch, (unsigned)(c->newest + 1)), (unsigned)newer);
	if (c->newest_private >= 0) {
		range_add(c, syscall_slot_number(c->arch, SYSCALL_SLOT_ARM), 0);
		range_slots(c, SYSCALL_SLOT_ARM, c->newest_private);
		range_add(c, syscall_slot_number(c->arch, (unsigned)(c->newest_private + 1)), (unsigned)newer);
	}
	return 0;
}

static bool rule_has_alternatives(const struct seccomp_rule *rule)
{
	unsigned seen = 0;

	for (size_t i = 0; i < rule->arg_count; i++) {
		if (seen & 1u << rule->args[i].index)
			return true;
		seen |= 1u << rule->args[i].index;
	}
	return false;
}

static struct seccomp_target code_rule(struct compiler *c, const struct class *class, struct seccomp_target no)
{
	const struct syscall_arch_info *arch = syscall_arch_info(c->arch);
	const struct seccomp_rule *rule = class->rule;
	struct seccomp_target verdict = seccomp_verdict(rule->action), yes = verdict;
	bool alternatives = rule_has_alternatives(rule);
	struct seccomp_arg subcall = {
		.op = SECCOMP_CMP_MASKED_EQ,
		.value = class->subcall & SUBCALL_IPC ? 0xffff : UINT32_MAX, /* above them: ipc's version */
		.value_two = class->subcall & ~SUBCALL_IPC,
	};

	if (class->subcall)
		return seccomp_code_arg(&c->code, &subcall, false, arch->big_endian, verdict, no);
	for (size_t i = rule->arg_count; i-- > 0;) {
		const struct seccomp_arg *arg = &rule->args[i];
		bool wide = arch->wide && !(class->narrow >> arg->index & 1);

		if (alternatives)
			no = seccomp_code_arg(&c->code, arg, wide, arch->big_endian, verdict, no);
		else
			yes = seccomp_code_arg(&c->code, arg, wide, arch->big_endian, yes, no);
	}
	return alternatives ? no : yes;
}

static struct seccomp_target code_class(struct compiler *c, unsigned class)
{
	struct class *top = &c->classes[class];
	struct seccomp_target t = seccomp_verdict(c->policy->default_action);

	if (!top->rule)
		return seccomp_verdict(top->verdict);
	if (top->placed)
		return top->code;
	for (const struct class *k = top; k->rule; k = &c->classes[k->parent])
		t = code_rule(c, k, t);
	top->placed = true;
	top->code = t;
	return t;
}

/* Where a range begins that halves the numbers best: the kernel tries every number at installation, so numbers weigh
 * the same. The last range counts as short: it is mostly numbers that nobody has. */
static unsigned tree_middle(const struct range *r, unsigned n)
{
	uint32_t middle = r[0].first + (r[n - 1].first + 4 - r[0].first) / 2;
	unsigned m = 1;

	while (m < n - 1 && r[m].first < middle)
		m++;
	if (m > 1 && middle - r[m - 1].first < r[m].first - middle)
		m--;
	return m;
}

/* One number with the same verdict on both sides: an exception that a single comparison tells. */
static bool is_island(const struct range *r, unsigned n, unsigned i)
{
	return i > 0 && i + 1 < n && r[i - 1].class == r[i + 1].class && r[i].first + 1 == r[i + 1].first;
}

/* All odd ranges are islands, and few. */
static bool is_sea(const struct range *r, unsigned n)
{
	if (n % 2 == 0 || n > 2 * ISLANDS_MAX + 1)
		return false;
	for (unsigned i = 1; i < n; i += 2)
		if (!is_island(r, n, i))
			return false;
	return true;
}

static struct seccomp_target code_sea(struct compiler *c, const struct range *r, unsigned n)
{
	struct seccomp_target no = code_class(c, r[0].class);

	for (unsigned i = n; i > 1; i -= 2)
		no = seccomp_code_jump(&c->code, BPF_JEQ, r[i - 2].first, code_class(c, r[i - 2].class), no);
	return no;
}

/* Where to branch: not beside an island if that can be helped, so that it stays between its two shores. n is 2, or 4 and
 * more: three ranges around an island are a sea. */
static unsigned tree_branch(const struct range *r, unsigned n)
{
	unsigned m = tree_middle(r, n);

	if (is_island(r, n, m))
		m = m > 1 ? m - 1 : 2;
	if (m == n - 1 && is_island(r, n, m - 1))
		m -= 2; /* the other shore would be all that is left of the upper half */
	return m;
}

/* The accumulator holds the number. */
static struct seccomp_target code_tree(struct compiler *c, const struct range *r, unsigned n)
{
	struct seccomp_target high, low;
	unsigned m;

	if (is_sea(r, n))
		return code_sea(c, r, n);
	m = tree_branch(r, n);
	high = code_tree(c, r + m, n - m);
	low = code_tree(c, r, is_island(r, n, m - 1) ? m + 1 : m); /* an island keeps its other shore, here empty */
	return seccomp_code_jump(&c->code, BPF_JGE, r[m].first, high, low);
}

static int code_numbers(struct compiler *c, enum syscall_arch arch, struct seccomp_target *ret)
{
	int r;

	c->arch = arch;
	c->class_count = 0;
	c->newest = c->newest_private = -1;
	memset(c->slots, 0, sizeof c->slots);
	r = class_verdict(c, c->policy->default_action);
	if (r >= 0)
		r = add_verdicts(c);
	if (r >= 0)
		r = add_conditions(c);
	if (r >= 0)
		r = make_ranges(c);
	if (r >= 0)
		*ret = code_tree(c, c->ranges, c->range_count);
	return r;
}

/* x86_64 and x32 are one architecture to the kernel; a bit of the number parts them. Without x32 the numbers with the
 * bit end the process, all but -1: with that a tracer skips a call. */
static int code_x86_64(struct compiler *c, unsigned arches, struct seccomp_target *ret)
{
	struct seccomp_target end = seccomp_verdict(SECCOMP_RET_KILL_PROCESS), x32, low = end;
	int r = 0;

	if (arches & 1u << SYSCALL_ARCH_X32)
		r = code_numbers(c, SYSCALL_ARCH_X32, &x32);
	else
		x32 = seccomp_code_jump(&c->code, BPF_JEQ, UINT32_MAX, seccomp_verdict(c->policy->default_action), end);
	if (r >= 0 && arches & 1u << SYSCALL_ARCH_X86_64)
		r = code_numbers(c, SYSCALL_ARCH_X86_64, &low);
	if (r >= 0)
		*ret = seccomp_code_jump(&c->code, BPF_JGE, SYSCALL_X32_BIT, x32, low);
	return r;
}

/* One link of the chain of architectures, before those that are there. */
static int code_arch(struct compiler *c, enum syscall_arch arch, unsigned arches, struct seccomp_target *next)
{
	struct seccomp_target body;
	int r;

	if (arch == SYSCALL_ARCH_X86_64 || arch == SYSCALL_ARCH_X32)
		r = code_x86_64(c, arches, &body);
	else
		r = code_numbers(c, arch, &body);
	if (r < 0)
		return r;
	if (!body.is_verdict)
		body = seccomp_code_load(&c->code, offsetof(struct seccomp_data, nr), body);
	*next = seccomp_code_jump(&c->code, BPF_JEQ, syscall_arch_info(arch)->audit, body, *next);
	return 0;
}

static int code_program(struct compiler *c, unsigned arches)
{
	struct seccomp_target next = seccomp_verdict(SECCOMP_RET_KILL_PROCESS);
	int native = syscall_arch_native(), r = 0;
	unsigned both = 1u << SYSCALL_ARCH_X86_64 | 1u << SYSCALL_ARCH_X32, rest = arches & ~(1u << native);

	if (1u << native & both)
		rest &= ~both;
	else if ((rest & both) == both)
		rest &= ~(1u << SYSCALL_ARCH_X32);
	for (int arch = SYSCALL_ARCHES - 1; r == 0 && arch >= 0; arch--)
		if (rest & 1u << arch)
			r = code_arch(c, (enum syscall_arch)arch, arches, &next);
	if (r == 0)
		r = code_arch(c, (enum syscall_arch)native, arches, &next); /* last written, first met */
	if (r == 0)
		seccomp_code_load(&c->code, offsetof(struct seccomp_data, arch), next);
	if (r == 0 && c->code.full)
		r = err_set(c->e, E2BIG, "more than %d instructions", BPF_MAXINSNS);
	return r;
}

static int policy_arches(const struct seccomp_policy *p, unsigned *ret, struct err *e)
{
	int native = syscall_arch_native();
	unsigned arches;

	if (native < 0)
		return err_set(e, EINVAL, "no syscall table for this architecture");
	arches = 1u << native;
	for (size_t i = 0; i < p->arch_count; i++) {
		struct sv name = sv_from(p->archs[i]);
		int arch = syscall_arch_from_name(name);

		if (arch >= 0)
			arches |= 1u << arch;
		else if (!seccomp_arch_is_known(name))
			return err_set(e, EINVAL, "unknown architecture " SV_FMT, SV_ARG(name));
	}
	*ret = arches;
	return 0;
}

static bool is_notify(uint32_t action)
{
	return (action & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_USER_NOTIF;
}

static int rule_check(const struct seccomp_rule *rule, struct err *e)
{
	for (size_t i = 0; i < rule->arg_count; i++) {
		if (rule->args[i].index > 5)
			return err_set(e, EINVAL, "argument index %u is above 5", rule->args[i].index);
		if ((unsigned)rule->args[i].op > SECCOMP_CMP_MASKED_EQ)
			return err_set(e, EINVAL, "unknown comparison %u", (unsigned)rule->args[i].op);
	}
	for (size_t i = 0; is_notify(rule->action) && i < rule->name_count; i++)
		if (sv_is(sv_from(rule->names[i]), "write"))
			return err_set(e, EINVAL, "SCMP_ACT_NOTIFY cannot be used for write");
	return 0;
}

static int policy_check(const struct seccomp_policy *p, struct err *e)
{
	if (is_notify(p->default_action))
		return err_set(e, EINVAL, "SCMP_ACT_NOTIFY cannot be the default action");
	for (size_t i = 0; i < p->rule_count; i++) {
		int r = rule_check(&p->rules[i], e);

		if (r < 0)
			return err_wrap(e, r, "rule %zu", i);
	}
	return 0;
}

static const uint16_t *policy_rows(const struct seccomp_policy *p, struct arena *a)
{
	size_t n = 0;
	uint16_t *rows, *row;

	for (size_t i = 0; i < p->rule_count; i++)
		n += p->rules[i].name_count;
	rows = row = arena_array(a, n, sizeof *rows);
	for (size_t i = 0; rows && i < p->rule_count; i++) {
		for (size_t k = 0; k < p->rules[i].name_count; k++) {
			int index = syscall_index(sv_from(p->rules[i].names[k]));

			*row++ = index < 0 ? UNKNOWN : (uint16_t)index;
		}
	}
	return rows;
}

static bool wants_enosys(uint32_t default_action)
{
	uint32_t kind = default_action & SECCOMP_RET_ACTION_FULL;

	return kind != SECCOMP_RET_ALLOW && kind != SECCOMP_RET_LOG && kind != SECCOMP_RET_TRACE;
}

static int program_keep(const struct seccomp_code *code, struct arena *a, struct sock_fprog *ret, struct err *e)
{
	unsigned n = BPF_MAXINSNS - code->at;
	struct sock_filter *insns = arena_array(a, n, sizeof *insns);

	if (!insns)
		return err_oom(e);
	memcpy(insns, code->insns + code->at, n * sizeof *insns);
	*ret = (struct sock_fprog){ .len = (unsigned short)n, .filter = insns };
	return 0;
}

int seccomp_compile(const struct seccomp_policy *p, struct arena *a, struct sock_fprog *ret, struct err *e)
{
	struct compiler c; /* 44 KB, of which a small policy touches a part: no initializer */
	unsigned arches = 0;
	int r = policy_check(p, e);

	if (r == 0)
		r = policy_arches(p, &arches, e);
	if (r < 0)
		return err_wrap(e, r, "seccomp");
	c.policy = p;
	c.arena = a;
	c.e = e;
	c.enosys = wants_enosys(p->default_action);
	c.classes = NULL;
	c.class_cap = 0;
	c.rows = policy_rows(p, a);
	if (!c.rows)
		return err_oom(e);
	seccomp_code_init(&c.code);
	r = code_program(&c, arches);
	if (r < 0)
		return err_wrap(e, r, "seccomp");
	return program_keep(&c.code, a, ret, e);
}

int seccomp_install(const struct sock_fprog *prog, unsigned flags, struct err *e)
{
	int r = sys_seccomp(SECCOMP_SET_MODE_FILTER, flags & ~(unsigned)SECCOMP_FILTER_FLAG_TSYNC, (void *)prog);

	return r < 0 ? err_sys(e, "seccomp: install filter of %u instructions", prog->len) : r;
}
