/* SPDX-License-Identifier: Apache-2.0 */
/* Device rules three ways: read off the list one access at a time, by an interpreter of the BPF program, and as the v1
 * controller would decide from its exceptions. */
#include "../test.h"
#include "base/scope.h"
#include "kernel/cgroup_priv.h"

#include <string.h>

#define RULES_MAX 12

static uint32_t seed = 12345;

static unsigned roll(unsigned n)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % n;
}

struct request {
	char type;
	uint32_t major, minor;
	unsigned access;
};

static bool names(const struct device_rule *r, const struct request *q)
{
	return (r->type == 'a' || r->type == q->type) && (r->major == CG_MAX || r->major == q->major) &&
	       (r->minor == CG_MAX || r->minor == q->minor);
}

/* The meaning, as plainly as it can be said. */
static bool allowed(const struct device_rule *rules, size_t n, const struct request *q)
{
	for (unsigned bit = 1; bit <= DEVICE_MKNOD; bit <<= 1) {
		bool yes = false;

		for (size_t i = 0; i < n; i++)
			if (names(&rules[i], q) && rules[i].access & bit)
				yes = rules[i].allow;
		if (q->access & bit && !yes)
			return false;
	}
	return true;
}

/* The few opcodes that the assembler uses; anything else fails the test, as does running out of the program. */
static uint64_t interpret(const struct bpf_insn *insns, size_t n, const struct bpf_cgroup_dev_ctx *ctx)
{
	uint64_t r[11] = { 0 };

	r[1] = (uintptr_t)ctx;
	for (size_t pc = 0; pc < n; pc++) {
		const struct bpf_insn *i = &insns[pc];
		uint64_t *dst = &r[i->dst_reg];

		switch (i->code) {
		case 0x61: {
			uint32_t v;

			assert_true(r[i->src_reg] == (uintptr_t)ctx && i->off >= 0 && i->off <= 8);
			memcpy(&v, (const char *)ctx + i->off, sizeof v);
			*dst = v;
			break;
		}
		case 0x54:
			*dst = (uint32_t)*dst & (uint32_t)i->imm;
			break;
		case 0x74:
			*dst = (uint32_t)*dst >> i->imm;
			break;
		case 0xb4:
			*dst = (uint32_t)i->imm;
			break;
		case 0xbc:
			*dst = (uint32_t)r[i->src_reg];
			break;
		case 0x55:
			assert_true(i->off >= 0);
			pc += *dst != (uint64_t)(int64_t)i->imm ? (size_t)i->off : 0;
			break;
		case 0x15:
			pc += *dst == (uint64_t)(int64_t)i->imm ? (size_t)i->off : 0;
			break;
		case 0x05:
			pc += (size_t)i->off;
			break;
		case 0x95:
			assert_true(r[0] <= 1);
			return r[0];
		default:
			fail_msg("opcode %#x", i->code);
		}
	}
	fail_msg("fell off the end");
	return 0;
}

static bool bpf_allows(const struct bpf_insn *insns, size_t n, const struct request *q)
{
	uint32_t access = (q->access & DEVICE_READ ? 2u : 0) | (q->access & DEVICE_WRITE ? 4u : 0) |
			  (q->access & DEVICE_MKNOD ? 1u : 0);
	struct bpf_cgroup_dev_ctx ctx = { access << 16 | (q->type == 'b' ? 1 : 2), q->major, q->minor };

	return interpret(insns, n, &ctx) == 1;
}

/* security/device_cgroup.c: by default allowed, one exception that shares a kind of access denies; by default denied,
 * one exception must hold all kinds. */
static bool v1_allows(const struct device_list *l, const struct request *q)
{
	for (size_t i = 0; i < l->n; i++) {
		if (!names(&l->v[i], q))
			continue;
		if (l->allow ? (l->v[i].access & q->access) != 0 : !(q->access & ~l->v[i].access))
			return !l->allow;
	}
	return l->allow;
}

static int64_t random_number(void)
{
	return roll(4) == 0 ? CG_MAX : (int64_t)roll(3);
}

static size_t random_rules(struct device_rule *rules)
{
	size_t n = 1 + roll(RULES_MAX);

	for (size_t i = 0; i < n; i++) {
		rules[i] =
			(struct device_rule){ roll(2), "abc"[roll(3)], random_number(), random_number(), 1 + roll(7) };
		if (roll(8) == 0)
			rules[i] = (struct device_rule){ roll(2), 'a', CG_MAX, CG_MAX, 7 };
	}
	return n;
}

static bool next_request(struct request *q, unsigned *at)
{
	unsigned i = (*at)++;

	*q = (struct request){ i % 2 ? 'b' : 'c', i / 2 % 4, i / 8 % 4, 1 + i / 32 % 7 };
	return i < 2 * 4 * 4 * 7;
}

/* The verifier refuses a program with code that nothing reaches. */
static void check_reachable(const struct bpf_insn *insns, size_t n)
{
	bool reached[2000] = { true };

	assert_true(n < ARRAY_LEN(reached));
	for (size_t i = 0; i < n; i++) {
		uint8_t code = insns[i].code;

		assert_true(reached[i]);
		if (code == 0x05 || code == 0x15 || code == 0x55) {
			assert_true(insns[i].off >= 0 && i + 1 + (size_t)insns[i].off < n);
			reached[i + 1 + (size_t)insns[i].off] = true;
		}
		if (code != 0x05 && code != 0x95)
			reached[i + 1] = true;
	}
}

TEST(program_decides_as_the_rules_say)
{
	for (int round = 0; round < 3000; round++) {
		scoped_arena a = ARENA(1 << 20);
		struct device_rule rules[RULES_MAX];
		size_t n = random_rules(rules), count;
		struct bpf_insn *insns;
		struct device_list l;
		struct request q;

		assert_int_equal(0, device_list_make(rules, n, &a, &l, NULL));
		assert_int_equal(0, device_program(&l, &a, &insns, &count, NULL));
		check_reachable(insns, count);
		for (unsigned at = 0; next_request(&q, &at);)
			if (allowed(rules, n, &q) != bpf_allows(insns, count, &q))
				fail_msg("round %d: %c %u:%u access %u", round, q.type, q.major, q.minor, q.access);
	}
}

/* One kind of access at a time: for several at once v1 wants them in one exception, which may deny what the rules
 * allow, never the other way round. */
TEST(v1_exceptions_decide_as_the_rules_say_or_are_refused)
{
	unsigned said = 0;

	for (int round = 0; round < 3000; round++) {
		scoped_arena a = ARENA(1 << 20);
		struct device_rule rules[RULES_MAX];
		size_t n = random_rules(rules);
		struct device_list l, v1;
		struct request q;

		assert_int_equal(0, device_list_make(rules, n, &a, &l, NULL));
		if (device_list_v1(&l, &a, &v1, NULL) < 0)
			continue;
		said++;
		for (size_t i = 0; i < v1.n; i++)
			assert_true(v1.v[i].allow != v1.allow && v1.v[i].access);
		for (unsigned at = 0; next_request(&q, &at);) {
			bool want = allowed(rules, n, &q), got = v1_allows(&v1, &q);

			if ((q.access & (q.access - 1)) == 0 ? want != got : got && !want)
				fail_msg("round %d: %c %u:%u access %u", round, q.type, q.major, q.minor, q.access);
		}
	}
	assert_true(said > 300);
}

TEST(v1_says_what_it_cannot_say)
{
	static const struct device_rule rules[] = {
		{ true, 'c', CG_MAX, CG_MAX, DEVICE_MKNOD },
		{ false, 'c', 10, 229, 7 },
	};
	scoped_arena a = ARENA(1 << 20);
	struct device_list l, v1;
	struct err e = { 0 };

	assert_int_equal(0, device_list_make(rules, 2, &a, &l, &e));
	assert_int_equal(-EINVAL, device_list_v1(&l, &a, &v1, &e));
	assert_string_equal("devices: cgroup v1 cannot deny \"c 10:229 rwm\" after it was told to allow \"c *:* m\"",
			    e.msg);
}

TEST(rules_print_as_the_controller_reads_them)
{
	static const struct {
		struct device_rule rule;
		const char *text;
	} rows[] = {
		{ { true, 'c', 1, 3, 7 }, "c 1:3 rwm" },
		{ { true, 'b', 8, CG_MAX, DEVICE_READ }, "b 8:* r" },
		{ { true, 'a', CG_MAX, CG_MAX, DEVICE_WRITE | DEVICE_MKNOD }, "a *:* wm" },
		{ { true, 'c', UINT32_MAX, UINT32_MAX, DEVICE_MKNOD }, "c 4294967295:4294967295 m" },
	};
	char text[DEVICE_RULE_TEXT];

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_string_equal(rows[i].text, device_rule_print(&rows[i].rule, text));
}

TEST(wrong_rules_are_refused)
{
	static const struct device_rule wrong[] = {
		{ true, 'x', 1, 3, 7 },	 { true, 'c', 1, 3, 0 },	    { true, 'c', 1, 3, 8 },
		{ true, 'c', -1, 3, 7 }, { true, 'c', 1, INT64_C(1) << 32, 7 },
	};

	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		scoped_arena a = ARENA(1 << 20);
		struct device_list l = { .n = 7 };
		struct err e = { 0 };

		assert_int_equal(-EINVAL, device_list_make(&wrong[i], 1, &a, &l, &e));
		assert_int_equal(7, l.n);
		assert_true(strlen(e.msg) > 10);
	}
}

TEST(a_number_beyond_any_device_matches_nothing)
{
	static const struct device_rule rule = { true, 'c', UINT32_MAX, CG_MAX, 7 };
	scoped_arena a = ARENA(1 << 20);
	struct bpf_insn *insns;
	struct device_list l;
	size_t n;

	assert_int_equal(0, device_list_make(&rule, 1, &a, &l, NULL));
	assert_int_equal(0, device_program(&l, &a, &insns, &n, NULL));
	assert_false(bpf_allows(insns, n, &(struct request){ 'c', 1, 3, 1 }));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(program_decides_as_the_rules_say),
		RUN(v1_exceptions_decide_as_the_rules_say_or_are_refused),
		RUN(v1_says_what_it_cannot_say),
		RUN(rules_print_as_the_controller_reads_them),
		RUN(wrong_rules_are_refused),
		RUN(a_number_beyond_any_device_matches_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
