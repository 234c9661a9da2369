/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/seccomp_priv.h"

#include "base/scope.h"

#define JUMP_MAX 255 /* jt and jf are bytes */

struct word {
	unsigned offset;
	uint32_t value, mask;
};

void seccomp_code_init(struct seccomp_code *c)
{
	c->at = BPF_MAXINSNS;
	c->full = false;
	c->seen_next = 0;
	memset(c->seen, 0, sizeof c->seen);
}

struct seccomp_target seccomp_verdict(uint32_t action)
{
	return (struct seccomp_target){ .is_verdict = true, .value = action };
}

static bool same(struct seccomp_target a, struct seccomp_target b)
{
	return a.is_verdict == b.is_verdict && a.value == b.value;
}

static struct seccomp_target here(const struct seccomp_code *c)
{
	return (struct seccomp_target){ .value = c->at };
}

static void put(struct seccomp_code *c, unsigned op, unsigned jt, unsigned jf, uint32_t k)
{
	if (c->at == 0)
		c->full = true;
	else
		c->insns[--c->at] = (struct sock_filter){ (uint16_t)op, (uint8_t)jt, (uint8_t)jf, k };
}

static void remember(struct seccomp_code *c, uint32_t verdict)
{
	size_t i = 0;

	while (i < ARRAY_LEN(c->seen) && !(c->seen[i].at && c->seen[i].verdict == verdict))
		i++;
	if (i == ARRAY_LEN(c->seen))
		i = c->seen_next++ % ARRAY_LEN(c->seen);
	c->seen[i].verdict = verdict;
	c->seen[i].at = c->at;
}

/* The index of an instruction that does `t` and is at most `far` instructions after the current first one. */
static unsigned reach(struct seccomp_code *c, struct seccomp_target t, unsigned far)
{
	if (!t.is_verdict) {
		if (t.value - c->at > far)
			put(c, BPF_JMP | BPF_JA, 0, 0, t.value - c->at);
		else
			return t.value;
	} else {
		for (size_t i = 0; i < ARRAY_LEN(c->seen); i++)
			if (c->seen[i].at && c->seen[i].verdict == t.value && c->seen[i].at - c->at <= far)
				return c->seen[i].at;
		put(c, BPF_RET | BPF_K, 0, 0, t.value);
		remember(c, t.value);
	}
	return c->at;
}

struct seccomp_target seccomp_code_jump(struct seccomp_code *c, unsigned op, uint32_t k, struct seccomp_target yes,
					struct seccomp_target no)
{
	unsigned jt, jf;

	if (same(yes, no))
		return yes;
	jf = reach(c, no, JUMP_MAX - 1); /* one more instruction may come between, for `yes` */
	jt = reach(c, yes, JUMP_MAX);
	put(c, BPF_JMP | op | BPF_K, jt - c->at, jf - c->at, k);
	return here(c);
}

/* The next thing to run becomes the program's first instruction. */
static void fall_into(struct seccomp_code *c, struct seccomp_target next)
{
	if (next.is_verdict) {
		put(c, BPF_RET | BPF_K, 0, 0, next.value);
		remember(c, next.value);
	} else if (next.value != c->at) {
		put(c, BPF_JMP | BPF_JA, 0, 0, next.value - c->at);
	}
}

struct seccomp_target seccomp_code_load(struct seccomp_code *c, unsigned offset, struct seccomp_target next)
{
	fall_into(c, next);
	put(c, BPF_LD | BPF_W | BPF_ABS, 0, 0, offset);
	return here(c);
}

/* (word & mask) op value */
static struct seccomp_target word_test(struct seccomp_code *c, unsigned op, struct word w, struct seccomp_target yes,
				       struct seccomp_target no)
{
	if (w.mask == 0 || same(yes, no))
		return yes;
	seccomp_code_jump(c, op, w.value, yes, no);
	if (w.mask != UINT32_MAX)
		put(c, BPF_ALU | BPF_AND | BPF_K, 0, 0, w.mask);
	return seccomp_code_load(c, w.offset, here(c));
}

static struct seccomp_target code_equal(struct seccomp_code *c, struct word high, struct word low, bool wide,
					struct seccomp_target yes, struct seccomp_target no)
{
	yes = word_test(c, BPF_JEQ, low, yes, no);
	return wide ? word_test(c, BPF_JEQ, high, yes, no) : yes;
}

static struct seccomp_target code_greater(struct seccomp_code *c, unsigned op, struct word high, struct word low,
					  bool wide, struct seccomp_target yes, struct seccomp_target no)
{
	struct seccomp_target equal = word_test(c, op, low, yes, no);

	if (!wide)
		return equal;
	equal = seccomp_code_jump(c, BPF_JEQ, high.value, equal, no);
	return seccomp_code_load(c, high.offset, seccomp_code_jump(c, BPF_JGT, high.value, yes, equal));
}

static struct word word_of(const struct seccomp_arg *arg, bool high, bool big_endian)
{
	bool masked = arg->op == SECCOMP_CMP_MASKED_EQ;
	uint64_t mask = masked ? arg->value : UINT64_MAX, value = masked ? arg->value_two & mask : arg->value;
	unsigned base = (unsigned)offsetof(struct seccomp_data, args) + 8 * arg->index;

	return (struct word){ .offset = base + (high != big_endian ? 4 : 0),
			      .value = (uint32_t)(high ? value >> 32 : value),
			      .mask = (uint32_t)(high ? mask >> 32 : mask) };
}

struct seccomp_target seccomp_code_arg(struct seccomp_code *c, const struct seccomp_arg *arg, bool wide,
				       bool big_endian, struct seccomp_target yes, struct seccomp_target no)
{
	struct word high = word_of(arg, true, big_endian), low = word_of(arg, false, big_endian);

	if (same(yes, no))
		return yes;
	switch (arg->op) {
	case SECCOMP_CMP_EQ:
	case SECCOMP_CMP_MASKED_EQ:
		return code_equal(c, high, low, wide, yes, no);
	case SECCOMP_CMP_NE:
		return code_equal(c, high, low, wide, no, yes);
	case SECCOMP_CMP_GT:
		return code_greater(c, BPF_JGT, high, low, wide, yes, no);
	case SECCOMP_CMP_LE:
		return code_greater(c, BPF_JGT, high, low, wide, no, yes);
	case SECCOMP_CMP_GE:
		return code_greater(c, BPF_JGE, high, low, wide, yes, no);
	case SECCOMP_CMP_LT:
		return code_greater(c, BPF_JGE, high, low, wide, no, yes);
	}
	return no;
}
