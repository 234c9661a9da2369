/* SPDX-License-Identifier: Apache-2.0 */
/* seccomp_priv.h - the back half of the generator: BPF instructions, written from the program's end to its start.
 *
 * BPF jumps only forward, so a target is always written before the jump to it, its distance is known at once, and one
 * RET serves every jump that reaches it. */
#pragma once

#include "kernel/seccomp.h"

#include <linux/seccomp.h>
#include <stdbool.h>

struct seccomp_target {
	bool is_verdict;
	uint32_t value; /* the verdict, or the instruction's index in insns */
};

struct seccomp_code {
	unsigned at; /* insns[at] is the program's first instruction so far; it moves down */
	bool full;
	struct {
		uint32_t verdict;
		unsigned at; /* 0: none */
	} seen[8];           /* the RET written last, for the verdicts seen last */
	unsigned seen_next;
	struct sock_filter insns[BPF_MAXINSNS];
};

void seccomp_code_init(struct seccomp_code *c);
struct seccomp_target seccomp_verdict(uint32_t action);

/* Each puts code before all that there is, and returns how to get there. When the program is full they do nothing
 * but set c->full. */

/* op: BPF_JEQ, BPF_JGT, BPF_JGE. Returns `yes` itself, and writes nothing, if both targets are one. */
struct seccomp_target seccomp_code_jump(struct seccomp_code *c, unsigned op, uint32_t k, struct seccomp_target yes,
					struct seccomp_target no);
struct seccomp_target seccomp_code_load(struct seccomp_code *c, unsigned offset, struct seccomp_target next);

/* seccomp_code_arg - one comparison. wide: all 64 bits, else the low 32. */
struct seccomp_target seccomp_code_arg(struct seccomp_code *c, const struct seccomp_arg *arg, bool wide,
				       bool big_endian, struct seccomp_target yes, struct seccomp_target no);
