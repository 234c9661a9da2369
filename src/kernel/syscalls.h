/* SPDX-License-Identifier: Apache-2.0 */
/* syscalls.h - syscalls(2): names and numbers of every architecture whose programs a seccomp filter may meet.
 *
 * The table (syscalls.tbl) is made by tools/gen-syscalls from the kernel's headers. Two of its properties serve the
 * filter generator: a name is found once, by a hash, and then has a number per architecture; and the numbers of an
 * architecture are given as slots, small integers in the order of the numbers. All data is const, without pointers. */
#pragma once

#include "base/sv.h"

#include <stdbool.h>
#include <stdint.h>

enum syscall_arch {
	SYSCALL_ARCH_X86_64,
	SYSCALL_ARCH_X32,
	SYSCALL_ARCH_X86,
	SYSCALL_ARCH_AARCH64,
	SYSCALL_ARCH_ARM,
	SYSCALL_ARCH_RISCV64,
	SYSCALL_ARCH_S390X,
	SYSCALL_ARCH_S390,
	SYSCALL_ARCH_PPC64LE,
};
#define SYSCALL_ARCHES (SYSCALL_ARCH_PPC64LE + 1)

#define SYSCALL_SLOT_ARM 1024 /* slots from here on are ARM's private calls, 0xf0000 and on */
#define SYSCALL_SLOTS 1032
#define SYSCALL_ROWS_MAX 1024
#define SYSCALL_X32_BIT 0x40000000u

struct syscall_arch_info {
	char name[20];   /* "SCMP_ARCH_X86_64", as the runtime-spec has it */
	uint32_t audit;  /* AUDIT_ARCH_x: what seccomp_data.arch holds */
	uint32_t base;   /* a number's offset: SYSCALL_X32_BIT or 0 */
	bool wide;       /* arguments are compared as 64 bits; otherwise the low 32 */
	bool big_endian; /* the high half of an argument comes first */
};

const struct syscall_arch_info *syscall_arch_info(enum syscall_arch arch);
int syscall_arch_from_name(struct sv name); /* "SCMP_ARCH_X86_64" -> SYSCALL_ARCH_X86_64; -1: not in the table */
int syscall_arch_native(void);              /* of this program; -1: not in the table */

unsigned syscall_count(void);             /* names of the table; indices are below this */
int syscall_index(struct sv name);        /* -1: no such name */
const char *syscall_name(unsigned index); /* static text */

/* syscall_slot - the slot of the call on an architecture: its number but for ARM's private calls. -1: it has none. */
int syscall_slot(enum syscall_arch arch, unsigned index);
/* syscall_slot_number - as seccomp_data.nr holds it, the x32 bit included. */
uint32_t syscall_slot_number(enum syscall_arch arch, unsigned slot);

/* syscall_int_args - the arguments (a bit each) that the kernel declares as int, on every architecture: it reads their
 * low 32 bits, whatever the high ones are. Known for the calls whose arguments policies compare. */
unsigned syscall_int_args(enum syscall_arch arch, unsigned index);
