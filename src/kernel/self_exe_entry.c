/* SPDX-License-Identifier: Apache-2.0 */
/* The hop of self_exe.h, taken before libc starts.
 *
 * Starting glibc asks the processor dozens of times what it is (cpuid), and in a virtual machine each question is an
 * exit to the hypervisor: half a millisecond for each execve(2), a tenth of a container's whole start. So the entry point
 * of tare-runtime, where it is static, is here: it hops with four raw system calls, and libc starts once, on the other
 * side. Everything that does not go as expected falls through to the usual entry point: main() then does the same by
 * self_exe_protect() and says what is wrong. So this file is never needed, only faster.
 *
 * Nothing is set up yet: no thread pointer (errno, the stack protector), no relocations (memset and the like are found
 * through them). Hence its own strings and system calls, and the compiler's flags in meson.build. Whatever other machine
 * than x86_64 starts at the usual place. */
#include "kernel/self_exe.h"

#if defined(__x86_64__) && defined(__LP64__)

#include "kernel/sys.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <stdbool.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>

void self_exe_early(char **stack);

static long raw(long number, long a, long b, long c, long d, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = f;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8)
			 : "rcx", "r11", "memory");
	return result;
}

static bool is(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a == *b;
}

/* A command that starts a process in a container. Options may stand before it; what only looks like one costs a hop. */
static bool starts_something(char **argv)
{
	for (; *argv; argv++)
		if (is(*argv, "run") || is(*argv, "create") || is(*argv, "exec"))
			return true;
	return false;
}

/* stack: as execve(2) leaves it: argc, argv[], NULL, envp[], NULL */
__attribute__((used)) void self_exe_early(char **stack)
{
	static const char exe[] = "/proc/self/exe", empty[] = "";
	char **argv = stack + 1, **envp = argv + (long)stack[0] + 1;
	struct mount_attr attr;
	struct statfs fs;
	long mnt;

	if (!starts_something(argv) || raw(SYS_statfs, (long)exe, (long)&fs, 0, 0, 0) < 0 || fs.f_flags & ST_RDONLY)
		return;
	mnt = raw(SYS_open_tree, AT_FDCWD, (long)exe, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC, 0, 0);
	if (mnt < 0)
		return;
	attr.attr_set = MOUNT_ATTR_RDONLY;
	attr.attr_clr = attr.propagation = attr.userns_fd = 0;
	if (raw(SYS_mount_setattr, mnt, (long)empty, AT_EMPTY_PATH, (long)&attr, sizeof attr) == 0)
		(void)raw(SYS_execveat, mnt, (long)empty, (long)argv, (long)envp, AT_EMPTY_PATH);
	(void)raw(SYS_close, mnt, 0, 0, 0, 0);
}

/* rdx and the stack pointer are the usual entry point's arguments. */
__asm__(".globl self_exe_entry\n"
	".type self_exe_entry, @function\n"
	"self_exe_entry:\n"
	"	xor %ebp, %ebp\n"
	"	mov %rdx, %rbx\n"
	"	mov %rsp, %rdi\n"
	"	call self_exe_early\n"
	"	mov %rbx, %rdx\n"
	"	jmp _start\n"
	".size self_exe_entry, . - self_exe_entry\n");

#endif
