/* SPDX-License-Identifier: Apache-2.0 */
/* seccomp_run.h - for tests: what a filter says about a call (the classic BPF that seccomp(2) admits, run in user
 * space), and the filter that libseccomp makes of a policy, in runc's way. */
#pragma once

#include "kernel/seccomp.h"
#include "kernel/syscalls.h"

#include <linux/seccomp.h>

struct filter {
	struct sock_filter insns[BPF_MAXINSNS * 4]; /* libseccomp's may be longer than the kernel takes */
	size_t len;
};

/* filter_run - the verdict. Fails the running test when the program does what the kernel would refuse: an unknown
 * instruction, a jump past the end, a load outside of the data. */
uint32_t filter_run(const struct sock_filter *insns, size_t len, const struct seccomp_data *d);

/* filter_steps - instructions that the last filter_run() took. */
unsigned filter_steps(void);

/* filter_is_constant - whether the kernel's seccomp_cache_prepare() would find that the number alone decides. */
bool filter_is_constant(const struct sock_filter *insns, size_t len, uint32_t arch, uint32_t nr);

/* filter_of_libseccomp - native architecture and those of the policy; rules added as runc adds them. */
void filter_of_libseccomp(const struct seccomp_policy *p, struct filter *ret);

/* filter_model - the verdict by the letter of kernel/seccomp.h, without a program. Only what is BY_POLICY is the same
 * with libseccomp. filter_model_init() resolves the policy's names; at most FILTER_MODEL_NAMES of them. */
#define FILTER_MODEL_NAMES 1024
enum filter_reason { BY_POLICY, BY_ARCHITECTURE, BY_AGE };
struct filter_model {
	const struct seccomp_policy *policy;
	bool listed[SYSCALL_ARCHES];
	struct {
		int number[FILTER_MODEL_NAMES]; /* of each name, without the x32 bit; -1: none */
		uint8_t int_args[FILTER_MODEL_NAMES];
		int newest, newest_private;
		int socketcall, ipc;
	} of[SYSCALL_ARCHES];
	int sub_socketcall[FILTER_MODEL_NAMES], sub_ipc[FILTER_MODEL_NAMES]; /* 0: none */
};
void filter_model_init(struct filter_model *m, const struct seccomp_policy *p);
uint32_t filter_model(const struct filter_model *m, const struct seccomp_data *d, enum filter_reason *ret_why);

/* filter_data_as_read - the call as the kernel reads it: without the high halves of arguments that are int to it.
 * libseccomp's verdict on that is ours on the call as it is. */
struct seccomp_data filter_data_as_read(const struct seccomp_data *d);

/* libseccomp_number - of a call on an architecture (without the x32 bit); -1: unknown to it, or no number there. */
int libseccomp_number(enum syscall_arch arch, const char *name);
bool libseccomp_knows(const char *name); /* on any architecture */
