/* SPDX-License-Identifier: Apache-2.0 */
/* tare_init.c - the entry of tare-init: the kernel leaves argc, argv and envp on the stack. No C library begins before. */
#include "init/calls.h"
#include "init/init.h"

#include <string.h>

/* What the compiler may call by itself. */
__attribute__((used)) void *memcpy(void *dest, const void *src, size_t n)
{
	for (size_t i = 0; i < n; i++)
		((volatile char *)dest)[i] = ((const char *)src)[i];
	return dest;
}

__attribute__((used)) void *memset(void *s, int c, size_t n)
{
	for (size_t i = 0; i < n; i++)
		((volatile char *)s)[i] = (char)c;
	return s;
}

__attribute__((used, noreturn)) static void begin(long *stack)
{
	long argc = stack[0];
	char **argv = (char **)(stack + 1);

	for (int status = init_run(argv, argv + argc + 1);;)
		(void)CALL1(SYS_exit_group, status);
}

#if defined __x86_64__
__asm__(".globl _start\n_start:\n\txor %ebp, %ebp\n\tmov %rsp, %rdi\n\tand $-16, %rsp\n\tcall begin\n\thlt\n");
#elif defined __aarch64__
__asm__(".globl _start\n_start:\n\tmov x29, #0\n\tmov x0, sp\n\tbl begin\n\tbrk #0\n");
#endif
