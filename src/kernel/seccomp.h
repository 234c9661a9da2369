/* SPDX-License-Identifier: Apache-2.0 */
/* seccomp.h - seccomp(2): rules by name become a BPF program; the program is installed in the calling process.
 *
 * Our own generator: per architecture the syscall numbers are sorted, neighbours with one verdict merged, and the
 * ranges laid out as a binary tree of jumps; rules with argument conditions are leaves of that tree. */
#pragma once

#include "base/arena.h"
#include "base/err.h"

#include <linux/filter.h>
#include <stdint.h>

enum seccomp_op {
	SECCOMP_CMP_NE,
	SECCOMP_CMP_LT,
	SECCOMP_CMP_LE,
	SECCOMP_CMP_EQ,
	SECCOMP_CMP_GE,
	SECCOMP_CMP_GT,
	SECCOMP_CMP_MASKED_EQ
};

struct seccomp_arg {
	unsigned index; /* 0..5 */
	enum seccomp_op op;
	uint64_t value;     /* MASKED_EQ: the mask */
	uint64_t value_two; /* MASKED_EQ: the result wanted */
};

struct seccomp_rule {
	const char *const *names;
	size_t name_count;
	uint32_t action; /* SECCOMP_RET_x with its data (errno) */
	const struct seccomp_arg *args; /* all must hold; two of the same index are alternatives, as in runc */
	size_t arg_count;
};

struct seccomp_policy {
	uint32_t default_action;
	const char *const *archs; /* "SCMP_ARCH_X86_64" …; none: the native one */
	size_t arch_count;
	const struct seccomp_rule *rules;
	size_t rule_count;
};

/* seccomp_compile - names that no table knows on an architecture are skipped there. A syscall newer than the newest
 * one that the policy names gets ENOSYS rather than the default errno, as runc does (a libc then falls back).
 * -EINVAL: unknown architecture, bad argument index. -E2BIG: above BPF_MAXINSNS. */
int seccomp_compile(const struct seccomp_policy *p, struct arena *a, struct sock_fprog *ret, struct err *e);

/* seccomp_install - flags: SECCOMP_FILTER_FLAG_x. Returns 0, or the listener descriptor with FLAG_NEW_LISTENER.
 * Needs CAP_SYS_ADMIN or no_new_privs. Callable after clone3(2). */
int seccomp_install(const struct sock_fprog *prog, unsigned flags, struct err *e);
