/* SPDX-License-Identifier: Apache-2.0 */
/* What a filter says about one call: the classic BPF that kernel/seccomp.c makes, run here. */
#include "kernel/seccomp.h"

#include "kernel/syscalls.h"

#include <linux/seccomp.h>
#include <string.h>

static bool jump(const struct sock_filter *f, uint32_t a, size_t *pc)
{
	switch (f->code) {
	case BPF_JMP | BPF_JA:
		*pc += f->k;
		return true;
	case BPF_JMP | BPF_JEQ | BPF_K:
		*pc += a == f->k ? f->jt : f->jf;
		return true;
	case BPF_JMP | BPF_JGE | BPF_K:
		*pc += a >= f->k ? f->jt : f->jf;
		return true;
	case BPF_JMP | BPF_JGT | BPF_K:
		*pc += a > f->k ? f->jt : f->jf;
		return true;
	default:
		return false;
	}
}

static bool step(const struct sock_filter *f, const struct seccomp_data *d, uint32_t *a, size_t *pc)
{
	if (f->code == (BPF_ALU | BPF_AND | BPF_K)) {
		*a &= f->k;
		return true;
	}
	if (f->code != (BPF_LD | BPF_W | BPF_ABS))
		return jump(f, *a, pc);
	if (f->k > sizeof *d - sizeof *a)
		return false;
	memcpy(a, (const char *)d + f->k, sizeof *a);
	return true;
}

bool seccomp_allows(const struct sock_fprog *prog, long nr, const uint64_t args[6])
{
	int arch = syscall_arch_native();
	struct seccomp_data d = { .nr = (int)nr };
	uint32_t a = 0;

	if (arch < 0)
		return false;
	d.arch = syscall_arch_info((enum syscall_arch)arch)->audit;
	memcpy(d.args, args, sizeof d.args);
	for (size_t pc = 0; pc < prog->len; pc++) {
		const struct sock_filter *f = &prog->filter[pc];

		if (f->code == (BPF_RET | BPF_K))
			return f->k == SECCOMP_RET_ALLOW;
		if (!step(f, &d, &a, &pc))
			return false;
	}
	return false;
}
