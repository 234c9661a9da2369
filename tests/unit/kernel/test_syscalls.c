/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/syscalls.h"

#include "../seccomp_run.h"
#include "../test.h"

#include <string.h>
#include <sys/syscall.h>

TEST(each_name_is_found_at_its_row)
{
	for (unsigned i = 0; i < syscall_count(); i++) {
		assert_int_equal((int)i, syscall_index(sv_from(syscall_name(i))));
		if (i > 0)
			assert_true(strcmp(syscall_name(i - 1), syscall_name(i)) < 0);
	}
	assert_int_equal(-1, syscall_index(SV("")));
	assert_int_equal(-1, syscall_index(SV("reads")));
	assert_int_equal(-1, syscall_index(SV("rea")));
	assert_int_equal(-1, syscall_index((struct sv){ NULL, 0 }));
}

TEST(numbers_are_libseccomps_wherever_both_have_one)
{
	unsigned compared = 0;

	for (int arch = 0; arch < SYSCALL_ARCHES; arch++) {
		for (unsigned i = 0; i < syscall_count(); i++) {
			int slot = syscall_slot((enum syscall_arch)arch, i);
			int theirs = libseccomp_number((enum syscall_arch)arch, syscall_name(i));
			uint32_t ours = slot < 0 ? 0 : syscall_slot_number((enum syscall_arch)arch, (unsigned)slot);

			if (slot < 0 || theirs < 0)
				continue;
			if ((ours & ~SYSCALL_X32_BIT) != (uint32_t)theirs)
				fail_msg("%s %s: %u, libseccomp %d", syscall_arch_info((enum syscall_arch)arch)->name,
					 syscall_name(i), ours, theirs);
			compared++;
		}
	}
	assert_true(compared > 2500);
}

static const struct {
	const char *name;
	enum syscall_arch arch;
	int slot;
} known[] = {
	{ "cachestat", SYSCALL_ARCH_X86_64, 451 },     { "fchmodat2", SYSCALL_ARCH_X86, 452 },
	{ "map_shadow_stack", SYSCALL_ARCH_X32, -1 },  { "map_shadow_stack", SYSCALL_ARCH_AARCH64, 453 },
	{ "futex_requeue", SYSCALL_ARCH_ARM, 456 },    { "statmount", SYSCALL_ARCH_X86_64, 457 },
	{ "listmount", SYSCALL_ARCH_X32, 458 },	       { "lsm_get_self_attr", SYSCALL_ARCH_S390X, 459 },
	{ "mseal", SYSCALL_ARCH_AARCH64, 462 },	       { "removexattrat", SYSCALL_ARCH_PPC64LE, 466 },
	{ "open_tree_attr", SYSCALL_ARCH_X86_64, 467 }, { "file_setattr", SYSCALL_ARCH_RISCV64, 469 },
	{ "uretprobe", SYSCALL_ARCH_X86_64, 335 },     { "uretprobe", SYSCALL_ARCH_X86, -1 },
	{ "riscv_hwprobe", SYSCALL_ARCH_RISCV64, 258 }, { "execve", SYSCALL_ARCH_X32, 520 },
};

TEST(newest_calls_have_the_kernels_numbers)
{
	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		int row = syscall_index(sv_from(known[i].name));

		assert_true(row >= 0);
		assert_int_equal(known[i].slot, syscall_slot(known[i].arch, (unsigned)row));
	}
}

TEST(arm_private_calls_have_their_numbers)
{
	int row = syscall_index(SV("set_tls"));

	assert_true(row >= 0);
	assert_int_equal(0xf0005, syscall_slot_number(SYSCALL_ARCH_ARM,
						      (unsigned)syscall_slot(SYSCALL_ARCH_ARM, (unsigned)row)));
	for (unsigned i = 0; i < syscall_count(); i++)
		for (int arch = 0; arch < SYSCALL_ARCHES; arch++)
			assert_true(syscall_slot((enum syscall_arch)arch, i) < SYSCALL_SLOTS);
}

TEST(native_numbers_are_the_compilers)
{
	int native = syscall_arch_native();

	assert_true(native >= 0);
	assert_int_equal(SYS_openat, syscall_slot((enum syscall_arch)native, (unsigned)syscall_index(SV("openat"))));
	assert_int_equal(SYS_execve, syscall_slot((enum syscall_arch)native, (unsigned)syscall_index(SV("execve"))));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(each_name_is_found_at_its_row),
		RUN(numbers_are_libseccomps_wherever_both_have_one),
		RUN(newest_calls_have_the_kernels_numbers),
		RUN(arm_private_calls_have_their_numbers),
		RUN(native_numbers_are_the_compilers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
