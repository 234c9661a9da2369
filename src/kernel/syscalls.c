/* SPDX-License-Identifier: Apache-2.0 */
/* syscalls.c - the table as one pool of names, 16-bit offsets into it, and one column of 16-bit slots per
 * architecture: 20 KB, of which a native filter touches a third. */
#include "kernel/syscalls.h"

#include "base/hash.h"
#include "base/scope.h"

#include <assert.h>
#include <linux/audit.h>

#define HASH_SLOTS 1024 /* as tools/gen-syscalls */
#define ARM_PRIVATE 0xf0000u

static const struct pool {
#define SYSCALL(name, ...) char of_##name[sizeof #name];
#include "kernel/syscalls.tbl"
#undef SYSCALL
} pool = {
#define SYSCALL(name, ...) #name,
#include "kernel/syscalls.tbl"
#undef SYSCALL
};

static const uint16_t offsets[] = {
#define SYSCALL(name, ...) offsetof(struct pool, of_##name),
#include "kernel/syscalls.tbl"
#undef SYSCALL
	sizeof(struct pool),
};
#define COUNT (ARRAY_LEN(offsets) - 1)
static_assert(COUNT <= SYSCALL_ROWS_MAX && COUNT < HASH_SLOTS / 4 * 3, "the table outgrew its indices");

enum {
#define SYSCALL(name, ...) ROW_##name,
#include "kernel/syscalls.tbl"
#undef SYSCALL
};

/* SYSCALL_DEFINEn(2) of the kernel; clone(2) takes the lower half of its unsigned long itself. */
static const struct {
	uint16_t row;
	uint8_t args;
} int_args[] = {
	{ ROW_bpf, 5 },	       { ROW_clone, 1 },      { ROW_fcntl, 3 },	   { ROW_futex, 6 },  { ROW_getsockopt, 7 },
	{ ROW_ioctl, 3 },      { ROW_keyctl, 1 },     { ROW_kill, 3 },	   { ROW_madvise, 4 }, { ROW_personality, 1 },
	{ ROW_prctl, 1 },      { ROW_seccomp, 3 },    { ROW_setns, 3 },	   { ROW_setsockopt, 23 },
	{ ROW_socket, 7 },     { ROW_socketpair, 7 }, { ROW_tgkill, 7 },   { ROW_tkill, 3 },
};

static const int16_t slots[SYSCALL_ARCHES][COUNT] = {
#define SYSCALL(name, x86_64, ...) x86_64,
	{
#include "kernel/syscalls.tbl"
#undef SYSCALL
	},
#define SYSCALL(name, x86_64, x32, ...) x32,
	{
#include "kernel/syscalls.tbl"
#undef SYSCALL
	},
#define SYSCALL(name, x86_64, x32, x86, ...) x86,
	{
#include "kernel/syscalls.tbl"
#undef SYSCALL
	},
#define SYSCALL(name, x86_64, x32, x86, aarch64, ...) aarch64,
	{
#include "kernel/syscalls.tbl"
#undef SYSCALL
	},
#define SYSCALL(name, x86_64, x32, x86, aarch64, arm, ...) arm,
	{
#include "kernel/syscalls.tbl"
#undef SYSCALL
	},
#define SYSCALL(name, x86_64, x32, x86, aarch64, arm, riscv64, ...) riscv64,
	{
#include "kernel/syscalls.tbl"
#undef SYSCALL
	},
#define SYSCALL(name, x86_64, x32, x86, aarch64, arm, riscv64, s390x, ...) s390x,
	{
#include "kernel/syscalls.tbl"
#undef SYSCALL
	},
#define SYSCALL(name, x86_64, x32, x86, aarch64, arm, riscv64, s390x, s390, ...) s390,
	{
#include "kernel/syscalls.tbl"
#undef SYSCALL
	},
#define SYSCALL(name, x86_64, x32, x86, aarch64, arm, riscv64, s390x, s390, ppc64le) ppc64le,
	{
#include "kernel/syscalls.tbl"
#undef SYSCALL
	},
};

static const uint16_t hash_slots[HASH_SLOTS] = {
#include "kernel/syscalls_hash.inc"
};

static const struct syscall_arch_info arches[SYSCALL_ARCHES] = {
	[SYSCALL_ARCH_X86_64] = { "SCMP_ARCH_X86_64", AUDIT_ARCH_X86_64, .wide = true },
	[SYSCALL_ARCH_X32] = { "SCMP_ARCH_X32", AUDIT_ARCH_X86_64, .base = SYSCALL_X32_BIT },
	[SYSCALL_ARCH_X86] = { "SCMP_ARCH_X86", AUDIT_ARCH_I386 },
	[SYSCALL_ARCH_AARCH64] = { "SCMP_ARCH_AARCH64", AUDIT_ARCH_AARCH64, .wide = true },
	[SYSCALL_ARCH_ARM] = { "SCMP_ARCH_ARM", AUDIT_ARCH_ARM },
	[SYSCALL_ARCH_RISCV64] = { "SCMP_ARCH_RISCV64", AUDIT_ARCH_RISCV64, .wide = true },
	[SYSCALL_ARCH_S390X] = { "SCMP_ARCH_S390X", AUDIT_ARCH_S390X, .wide = true, .big_endian = true },
	[SYSCALL_ARCH_S390] = { "SCMP_ARCH_S390", AUDIT_ARCH_S390, .big_endian = true },
	[SYSCALL_ARCH_PPC64LE] = { "SCMP_ARCH_PPC64LE", AUDIT_ARCH_PPC64LE, .wide = true },
};

const struct syscall_arch_info *syscall_arch_info(enum syscall_arch arch)
{
	return &arches[arch];
}

int syscall_arch_from_name(struct sv name)
{
	for (int i = 0; i < SYSCALL_ARCHES; i++)
		if (sv_is(name, arches[i].name))
			return i;
	return -1;
}

int syscall_arch_native(void)
{
#if defined(__x86_64__) && defined(__ILP32__)
	return SYSCALL_ARCH_X32;
#elif defined(__x86_64__)
	return SYSCALL_ARCH_X86_64;
#elif defined(__i386__)
	return SYSCALL_ARCH_X86;
#elif defined(__aarch64__)
	return SYSCALL_ARCH_AARCH64;
#elif defined(__arm__)
	return SYSCALL_ARCH_ARM;
#elif defined(__riscv) && __riscv_xlen == 64
	return SYSCALL_ARCH_RISCV64;
#elif defined(__s390x__)
	return SYSCALL_ARCH_S390X;
#elif defined(__powerpc64__) && defined(__LITTLE_ENDIAN__)
	return SYSCALL_ARCH_PPC64LE;
#else
	return -1;
#endif
}

unsigned syscall_count(void)
{
	return COUNT;
}

/* FNV-1a, its halves folded: as tools/gen-syscalls computes it. */
static unsigned hash(struct sv name)
{
	uint32_t h = hash_of(name);

	return (h ^ h >> 16) % HASH_SLOTS;
}

int syscall_index(struct sv name)
{
	for (unsigned at = hash(name); hash_slots[at]; at = (at + 1) % HASH_SLOTS) {
		unsigned i = hash_slots[at] - 1u;
		size_t n = offsets[i + 1] - offsets[i] - 1u;

		if (n == name.n && memcmp(syscall_name(i), name.p, n) == 0)
			return (int)i;
	}
	return -1;
}

const char *syscall_name(unsigned index)
{
	return (const char *)&pool + offsets[index];
}

int syscall_slot(enum syscall_arch arch, unsigned index)
{
	return slots[arch][index];
}

uint32_t syscall_slot_number(enum syscall_arch arch, unsigned slot)
{
	if (arch == SYSCALL_ARCH_ARM && slot >= SYSCALL_SLOT_ARM)
		return ARM_PRIVATE + (slot - SYSCALL_SLOT_ARM);
	return arches[arch].base + slot;
}

unsigned syscall_int_args(enum syscall_arch arch, unsigned index)
{
	if (index == ROW_clone && arch == SYSCALL_ARCH_S390X)
		return 2; /* there the flags come second */
	for (size_t i = 0; i < ARRAY_LEN(int_args); i++)
		if (int_args[i].row == index)
			return int_args[i].args;
	return 0;
}
