/* SPDX-License-Identifier: Apache-2.0 */
/* cgroup_devices.c - device rules as cgroup v1's exceptions and as a BPF program for v2.
 *
 * The rules are a list in which a later one wins, for each kind of access by itself. v1's controller knows only a
 * default and exceptions to it, so the list is played through and what remains is written. v2 has no files for it: a
 * program of BPF_PROG_TYPE_CGROUP_DEVICE gets (type and access, major, minor) and returns 1 or 0. */
#include "kernel/cgroup_priv.h"
#include "kernel/sys.h"

#include "base/scope.h"

#include <errno.h>

#define ACCESS_ALL (unsigned)(DEVICE_READ | DEVICE_WRITE | DEVICE_MKNOD)

/* ---- the list ------------------------------------------------------------------------------------------------- */

static bool is_everything(const struct device_rule *r)
{
	return r->type == 'a' && r->major == CG_MAX && r->minor == CG_MAX && r->access == ACCESS_ALL;
}

static bool number_is_valid(int64_t n)
{
	return n == CG_MAX || (n >= 0 && n <= UINT32_MAX);
}

static int rule_check(const struct device_rule *r, struct err *e)
{
	char text[DEVICE_RULE_TEXT];

	if (r->type != 'a' && r->type != 'b' && r->type != 'c')
		return err_set(e, EINVAL, "device rule of type '%c': a, b or c", r->type);
	if (r->access == 0 || r->access & ~ACCESS_ALL)
		return err_set(e, EINVAL, "device rule %s: no access named", device_rule_print(r, text));
	if (!number_is_valid(r->major) || !number_is_valid(r->minor))
		return err_set(e, EINVAL, "device rule %s: number out of range", device_rule_print(r, text));
	return 0;
}

int device_list_make(const struct device_rule *rules, size_t n, struct arena *a, struct device_list *ret, struct err *e)
{
	struct device_list l = { .v = arena_array(a, 2 * n + 1, sizeof *l.v) };

	if (!l.v)
		return err_oom(e);
	for (size_t i = 0; i < n; i++) {
		int r = rule_check(&rules[i], e);

		if (r < 0)
			return r;
		if (is_everything(&rules[i])) { /* nothing before it counts any more */
			l.allow = rules[i].allow;
			l.n = 0;
			continue;
		}
		l.v[l.n++] = rules[i];
		if (rules[i].type == 'a') { /* "all" for a part of the accesses: v1 would take it for everything */
			l.v[l.n - 1].type = 'b';
			l.v[l.n] = rules[i];
			l.v[l.n++].type = 'c';
		}
	}
	*ret = l;
	return 0;
}

const char *device_rule_print(const struct device_rule *r, char ret[DEVICE_RULE_TEXT])
{
	char major[24] = "*", minor[24] = "*", access[4] = "";
	size_t n = 0;

	if (r->major != CG_MAX)
		(void)snprintf(major, sizeof major, "%lld", (long long)r->major);
	if (r->minor != CG_MAX)
		(void)snprintf(minor, sizeof minor, "%lld", (long long)r->minor);
	if (r->access & DEVICE_READ)
		access[n++] = 'r';
	if (r->access & DEVICE_WRITE)
		access[n++] = 'w';
	if (r->access & DEVICE_MKNOD)
		access[n] = 'm';
	(void)snprintf(ret, DEVICE_RULE_TEXT, "%c %s:%s %s", r->type, major, minor, access);
	return ret;
}

/* ---- v1 ------------------------------------------------------------------------------------------------------- */

static bool number_covers(int64_t whole, int64_t part)
{
	return whole == CG_MAX || whole == part;
}

static bool covers(const struct device_rule *whole, const struct device_rule *part)
{
	return whole->type == part->type && number_covers(whole->major, part->major) &&
	       number_covers(whole->minor, part->minor);
}

static bool meets(const struct device_rule *a, const struct device_rule *b)
{
	return a->type == b->type && (number_covers(a->major, b->major) || number_covers(b->major, a->major)) &&
	       (number_covers(a->minor, b->minor) || number_covers(b->minor, a->minor));
}

/* The same devices again: more kinds of access, as the kernel would merge them. */
static void exception_add(struct device_list *l, const struct device_rule *r)
{
	for (size_t i = 0; i < l->n; i++)
		if (covers(&l->v[i], r) && covers(r, &l->v[i])) {
			l->v[i].access |= r->access;
			return;
		}
	l->v[l->n++] = *r;
}

static int exception_remove(struct device_list *l, const struct device_rule *r, struct err *e)
{
	char taken[DEVICE_RULE_TEXT], from[DEVICE_RULE_TEXT];

	for (size_t i = 0; i < l->n; i++) {
		struct device_rule *x = &l->v[i];

		if (!meets(x, r) || !(x->access & r->access))
			continue;
		if (!covers(r, x))
			return err_set(e, EINVAL, "devices: cgroup v1 cannot %s \"%s\" after it was told to %s \"%s\"",
				       r->allow ? "allow" : "deny", device_rule_print(r, taken),
				       r->allow ? "deny" : "allow", device_rule_print(x, from));
		x->access &= ~r->access;
	}
	return 0;
}

int device_list_v1(const struct device_list *l, struct arena *a, struct device_list *ret, struct err *e)
{
	struct device_list out = { .allow = l->allow, .v = arena_array(a, l->n + 1, sizeof *out.v) };
	size_t n = 0;

	if (!out.v)
		return err_oom(e);
	for (size_t i = 0; i < l->n; i++) {
		int r = 0;

		if (l->v[i].allow != l->allow)
			exception_add(&out, &l->v[i]);
		else
			r = exception_remove(&out, &l->v[i], e);
		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < out.n; i++)
		if (out.v[i].access)
			out.v[n++] = out.v[i];
	out.n = n;
	*ret = out;
	return 0;
}

/* ---- v2: a little assembler -------------------------------------------------------------------------------------
 *
 * Later rules first: the first that decides wins. Rules of one type share one comparison of the type, neighbours of
 * one major number one of the major; both verdicts stand once, at the end. The fewer branches, the less the kernel's
 * verifier has to explore: a rule a time it took 110 us for Docker's list. */

enum { R0, R_CTX, R_TYPE, R_ACCESS, R_MAJOR, R_MINOR };
enum {
	OP_LDXW = 0x61,	 /* dst = *(u32 *)(src + off) */
	OP_AND = 0x54,	 /* 32-bit dst &= imm */
	OP_RSH = 0x74,	 /* 32-bit dst >>= imm */
	OP_MOV = 0xb4,	 /* 32-bit dst = imm */
	OP_MOV_R = 0xbc, /* 32-bit dst = src */
	OP_JA = 0x05,
	OP_JNE = 0x55,
	OP_JEQ = 0x15,
	OP_EXIT = 0x95,
};

/* Jumps to a verdict hold one of these until its place is known; all others go forward, so no real offset is below 0. */
enum { TO_DENY = -1, TO_ALLOW = -2 };

#define RULE_INSNS 5 /* the longest: two comparisons, three for the access */
#define FRAME_INSNS 14

struct assembler {
	struct bpf_insn *v;
	size_t n;
	bool wanted[2]; /* deny, allow: something jumps there */
};

static size_t emit(struct assembler *s, uint8_t code, uint8_t dst, uint8_t src, int16_t off, int32_t imm)
{
	s->v[s->n] = (struct bpf_insn){ .code = code, .dst_reg = dst, .src_reg = src, .off = off, .imm = imm };
	return s->n++;
}

static void emit_jump_to_verdict(struct assembler *s, uint8_t code, uint8_t reg, int32_t imm, bool allow)
{
	s->wanted[allow] = true;
	(void)emit(s, code, reg, 0, allow ? TO_ALLOW : TO_DENY, imm);
}

static void land_here(struct assembler *s, size_t jump)
{
	s->v[jump].off = (int16_t)(s->n - jump - 1);
}

static int32_t bpf_access(unsigned access)
{
	return (access & DEVICE_READ ? BPF_DEVCG_ACC_READ : 0) | (access & DEVICE_WRITE ? BPF_DEVCG_ACC_WRITE : 0) |
	       (access & DEVICE_MKNOD ? BPF_DEVCG_ACC_MKNOD : 0);
}

/* R_ACCESS holds the kinds of access that no rule has decided yet. An allowed kind is taken out, and when none is left
 * the answer is yes; one denied kind is enough for a no. */
static void emit_access(struct assembler *s, const struct device_rule *r)
{
	if (r->allow) {
		emit(s, OP_AND, R_ACCESS, 0, 0, ~bpf_access(r->access));
		emit_jump_to_verdict(s, OP_JEQ, R_ACCESS, 0, true);
	} else {
		emit(s, OP_MOV_R, R0, R_ACCESS, 0, 0);
		emit(s, OP_AND, R0, 0, 0, bpf_access(r->access));
		emit_jump_to_verdict(s, OP_JNE, R0, 0, false);
	}
}

/* true: whatever gets here is decided, what follows is never reached (and the verifier refuses such code) */
static bool emit_rule(struct assembler *s, const struct device_rule *r)
{
	bool any = r->minor == CG_MAX;
	size_t other = 0;

	if (r->access == ACCESS_ALL) {
		emit_jump_to_verdict(s, any ? OP_JA : OP_JEQ, any ? 0 : R_MINOR, any ? 0 : (int32_t)r->minor, r->allow);
		return any;
	}
	if (!any)
		other = emit(s, OP_JNE, R_MINOR, 0, 0, (int32_t)r->minor);
	emit_access(s, r);
	if (!any)
		land_here(s, other);
	return false;
}

/* No device has a number of more than 20 bits; and an immediate above 31 bits would be compared as a negative one. */
static bool can_match(const struct device_rule *r, char type)
{
	return r->type == type && (r->major == CG_MAX || r->major <= INT32_MAX) &&
	       (r->minor == CG_MAX || r->minor <= INT32_MAX);
}

/* The rules of one type before index *i that come one after the other with one major. true: all is decided, as above. */
static bool emit_group(struct assembler *s, const struct device_list *l, char type, size_t *i)
{
	int64_t major = l->v[*i - 1].major;
	bool any = major == CG_MAX, decided = false;
	size_t other = any ? 0 : emit(s, OP_JNE, R_MAJOR, 0, 0, (int32_t)major);

	for (; *i > 0; --*i) {
		const struct device_rule *r = &l->v[*i - 1];

		if (!can_match(r, type))
			continue;
		if (r->major != major)
			break;
		decided = decided || emit_rule(s, r);
	}
	if (!any)
		land_here(s, other);
	return any && decided;
}

static void emit_type(struct assembler *s, const struct device_list *l, char type)
{
	size_t i = l->n, other;

	while (i > 0 && !can_match(&l->v[i - 1], type))
		i--;
	if (i == 0)
		return;
	other = emit(s, OP_JNE, R_TYPE, 0, 0, type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR);
	while (i > 0 && !emit_group(s, l, type, &i))
		continue;
	land_here(s, other);
}

/* The default's verdict first: what no rule decided falls into it. */
static void emit_verdicts(struct assembler *s, bool allow_default)
{
	size_t at[2] = { 0 };

	for (int i = 0; i < 2; i++) {
		bool allow = i == 0 ? allow_default : !allow_default;

		if (i == 1 && !s->wanted[allow])
			continue;
		at[allow] = emit(s, OP_MOV, R0, 0, 0, allow);
		emit(s, OP_EXIT, 0, 0, 0, 0);
	}
	for (size_t i = 0; i < s->n; i++)
		if (s->v[i].off < 0)
			s->v[i].off = (int16_t)(at[s->v[i].off == TO_ALLOW] - i - 1);
}

int device_program(const struct device_list *l, struct arena *a, struct bpf_insn **ret, size_t *ret_n, struct err *e)
{
	struct assembler s = { .v = arena_array(a, l->n * RULE_INSNS + FRAME_INSNS, sizeof *s.v) };

	if (l->n * RULE_INSNS + FRAME_INSNS > INT16_MAX)
		return err_set(e, E2BIG, "%zu device rules: no jump is that long", l->n);
	if (!s.v)
		return err_oom(e);
	emit(&s, OP_LDXW, R_TYPE, R_CTX, offsetof(struct bpf_cgroup_dev_ctx, access_type), 0);
	emit(&s, OP_MOV_R, R_ACCESS, R_TYPE, 0, 0);
	emit(&s, OP_RSH, R_ACCESS, 0, 0, 16);
	emit(&s, OP_AND, R_TYPE, 0, 0, 0xffff);
	emit(&s, OP_LDXW, R_MAJOR, R_CTX, offsetof(struct bpf_cgroup_dev_ctx, major), 0);
	emit(&s, OP_LDXW, R_MINOR, R_CTX, offsetof(struct bpf_cgroup_dev_ctx, minor), 0);
	emit_type(&s, l, 'c');
	emit_type(&s, l, 'b');
	emit_verdicts(&s, l->allow);
	*ret = s.v;
	*ret_n = s.n;
	return 0;
}

static int program_load(const struct bpf_insn *insns, size_t n, struct err *e)
{
	struct bpf_attr_load attr = { .prog_type = BPF_PROG_TYPE_CGROUP_DEVICE,
				      .insn_cnt = (uint32_t)n,
				      .insns = (uintptr_t)insns,
				      .license = (uintptr_t) "Apache-2.0",
				      .prog_name = "tare_devices" };
	int fd = sys_bpf(BPF_PROG_LOAD, &attr, sizeof attr);

	return fd < 0 ? err_sys(e, "bpf: load the device program") : fd;
}

/* The program that is attached to exactly this group; -1: none, or not to be had. */
static int program_attached(int dir)
{
	uint32_t id = 0;
	struct bpf_attr_query query = {
		.target_fd = (uint32_t)dir, .attach_type = BPF_CGROUP_DEVICE, .prog_ids = (uintptr_t)&id, .prog_cnt = 1
	};
	struct bpf_attr_get_fd get = { 0 };

	if (sys_bpf(BPF_PROG_QUERY, &query, sizeof query) < 0 || query.prog_cnt != 1)
		return -1;
	get.prog_id = id;
	return sys_bpf(BPF_PROG_GET_FD_BY_ID, &get, sizeof get);
}

int device_program_attach(int dir, const struct bpf_insn *insns, size_t n, struct err *e)
{
	scoped_fd prog = program_load(insns, n, e), old = -1;
	struct bpf_attr_attach attr = { .target_fd = (uint32_t)dir,
					.attach_bpf_fd = (uint32_t)prog,
					.attach_type = BPF_CGROUP_DEVICE,
					.attach_flags = BPF_F_ALLOW_MULTI };

	if (prog < 0)
		return prog;
	old = program_attached(dir);
	if (old >= 0) { /* all attached programs must agree: beside the old one, the new could only forbid more */
		attr.attach_flags |= BPF_F_REPLACE;
		attr.replace_bpf_fd = (uint32_t)old;
	}
	if (sys_bpf(BPF_PROG_ATTACH, &attr, sizeof attr) < 0)
		return err_sys(e, "bpf: attach the device program");
	return 0;
}
