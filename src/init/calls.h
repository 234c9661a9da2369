/* SPDX-License-Identifier: Apache-2.0 */
/* calls.h - syscall(2) without a C library: the result, or -errno. */
#pragma once

#include <stdint.h>
#include <sys/syscall.h>

#if defined __x86_64__
static inline long call6(long n, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d, r8 __asm__("r8") = e, r9 __asm__("r9") = f;
	long r;

	__asm__ volatile("syscall"
			 : "=a"(r)
			 : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return r;
}
#elif defined __aarch64__
static inline long call6(long n, long a, long b, long c, long d, long e, long f)
{
	register long x8 __asm__("x8") = n, x0 __asm__("x0") = a, x1 __asm__("x1") = b, x2 __asm__("x2") = c,
			  x3 __asm__("x3") = d, x4 __asm__("x4") = e, x5 __asm__("x5") = f;

	__asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
	return x0;
}
#else
#error "tare-init: system calls of this architecture"
#endif

#define CALL0(n) call6((n), 0, 0, 0, 0, 0, 0)
#define CALL1(n, a) call6((n), (long)(a), 0, 0, 0, 0, 0)
#define CALL2(n, a, b) call6((n), (long)(a), (long)(b), 0, 0, 0, 0)
#define CALL3(n, a, b, c) call6((n), (long)(a), (long)(b), (long)(c), 0, 0, 0)
#define CALL4(n, a, b, c, d) call6((n), (long)(a), (long)(b), (long)(c), (long)(d), 0, 0)
