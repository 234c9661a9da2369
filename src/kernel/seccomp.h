/* SPDX-License-Identifier: Apache-2.0 */
/* seccomp.h - seccomp(2): rules by name become a BPF program; the program is installed in the calling process.
 *
 * Our own generator: per architecture the syscall numbers are sorted, neighbours with one verdict merged, and the
 * ranges laid out as a binary tree of jumps; rules with argument conditions are leaves of that tree. A number with a
 * constant verdict is thus decided without a look at the arguments, which is what the kernel's bitmap of allowed calls
 * asks for.
 *
 * Verdicts agree with libseccomp's (a test compares them), but where the text below says otherwise:
 *  - A rule without conditions beats those with, and among such rules for one call the first wins. Of rules with
 *    conditions the first that matches wins (libseccomp leaves open what happens where such rules overlap).
 *  - A rule whose action is the default action has no effect, but its names count as known to the policy.
 *  - The native architecture is always included. SCMP_ARCH_X32 adds the x32 numbers to x86_64's; without it they end
 *    the process, as does an architecture that is not listed (libseccomp ends the thread).
 *  - Where the architecture has the low 32 bits of arguments only (x86, x32, arm, s390), only those are compared.
 *  - So it is with arguments that the kernel itself reads as int (syscall_int_args()). libseccomp compares all 64 bits,
 *    and a program passes by Docker's profile with socket(0x100000026, …), which is AF_ALG to the kernel; tried.
 *  - On an architecture with socketcall(2) and ipc(2), a rule for, say, connect also covers socketcall's connect. The
 *    conditions of such a rule cannot be seen there: it covers the whole subcall. (libseccomp does this only for
 *    calls that have a number of their own besides; and it can be passed by with the version bits of ipc.) */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/sv.h"

#include <linux/filter.h>
#include <stdbool.h>
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
	const struct seccomp_arg
		*args; /* all must hold; if any two have the same index each is an alternative (runc) */
	size_t arg_count;
};

struct seccomp_policy {
	uint32_t default_action;
	const char *const *archs; /* "SCMP_ARCH_X86_64" …; none: the native one */
	size_t arch_count;
	const struct seccomp_rule *rules;
	size_t rule_count;
};

/* seccomp_compile - the program, in the arena. Pure.
 *
 * Names that no table knows on an architecture are skipped there. A call newer than the newest one that the policy
 * names gets ENOSYS rather than the default action, as runc does (a libc then falls back): per architecture, every
 * number above the highest named one, whatever that rule's action; also number 0 on s390 and s390x, which is how the
 * kernel shows a number that it does not know. Not if the default action is ALLOW, LOG or TRACE, and not on an
 * architecture on which no name is known. (ARM's private calls are a range of their own here; runc takes
 * set_tls, 0xf0005, for the newest call and so never says ENOSYS on arm.)
 *
 * An architecture without a syscall table adds nothing: no machine that has a table runs its programs.
 *
 * -EINVAL: unknown architecture, bad argument index or comparison, NOTIFY by default or for write (the runtime itself
 * must still send the listener). -E2BIG: above BPF_MAXINSNS. -ENOMEM. */
int seccomp_compile(const struct seccomp_policy *p, struct arena *a, struct sock_fprog *ret, struct err *e);

/* seccomp_install - flags: SECCOMP_FILTER_FLAG_x. Returns 0, or the listener descriptor with FLAG_NEW_LISTENER.
 * Needs CAP_SYS_ADMIN or no_new_privs (-EACCES). Callable after clone3(2), from the only thread: TSYNC, which has
 * nothing to do there and which the kernel refuses together with NEW_LISTENER, is left out. */
int seccomp_install(const struct sock_fprog *prog, unsigned flags, struct err *e);

/* seccomp_allows - would the program, one of seccomp_compile(), let this call of the native architecture pass? */
bool seccomp_allows(const struct sock_fprog *prog, long nr, const uint64_t args[6]);

/* The runtime-spec's names as constants. All: -EINVAL and the name in *e when there is no such name. */

/* seccomp_action_from_name - "SCMP_ACT_ERRNO" -> SECCOMP_RET_ERRNO | errno_ret. errno_ret < 0: not given, EPERM for
 * ERRNO and TRACE. -EINVAL also for an errno_ret above 65535, and for one that is given for another action than ERRNO
 * and TRACE (the runtime-spec demands an error). KILL is KILL_THREAD. */
int seccomp_action_from_name(const char *name, int64_t errno_ret, uint32_t *ret, struct err *e);
/* seccomp_op_from_name - "SCMP_CMP_EQ" -> SECCOMP_CMP_EQ */
int seccomp_op_from_name(const char *name, enum seccomp_op *ret, struct err *e);
/* seccomp_flag_from_name - "SECCOMP_FILTER_FLAG_LOG" -> SECCOMP_FILTER_FLAG_LOG. Also TSYNC, SPEC_ALLOW, NEW_LISTENER,
 * WAIT_KILLABLE_RECV. A document without `flags` means SPEC_ALLOW to runc; an empty list means none. */
int seccomp_flag_from_name(const char *name, unsigned *ret, struct err *e);

/* seccomp_arch_is_known - "SCMP_ARCH_X86_64" and the runtime-spec's others, those without a syscall table included. */
bool seccomp_arch_is_known(struct sv name);

/* The i-th name of each kind, for a runtime's `features`; NULL past the last. */
const char *seccomp_action_name(size_t i);
const char *seccomp_op_name(size_t i);
const char *seccomp_flag_name(size_t i);
