/* SPDX-License-Identifier: Apache-2.0 */
/* old-kernel - a stand-in for Linux 5.4, of which none is at hand: a seccomp filter, inherited by all that comes after, that
 * answers as that kernel would.
 *
 * usage: old-kernel PROGRAM [ARG…]
 *
 * Every system call that came after clone3(2), the last of 5.4, is ENOSYS (openat2, close_range, mount_setattr, faccessat2,
 * pidfd_getfd, process_mrelease, …); a clone3(2) with the fields that came later is E2BIG (CLONE_INTO_CGROUP); the time
 * namespace, of 5.6, is EINVAL. What a call that was there did otherwise then is not shown: detached mounts of today's
 * kernels can do more. */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NEW_TIME 0x80
#define X32 0x40000000u

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define ANSWER(code) BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (code))
#define ALLOW BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

static struct sock_filter filter[] = {
	LOAD(nr),
	BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, X32, 1, 0),
	BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, SYS_clone3, 0, 1),
	ANSWER(ENOSYS),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone3, 0, 3),
	LOAD(args[1]),
	BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, CLONE_ARGS_SIZE_VER0, 0, 1),
	ANSWER(E2BIG),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_unshare, 0, 3),
	LOAD(args[0]),
	BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, NEW_TIME, 0, 1),
	ANSWER(EINVAL),
	ALLOW,
};

int main(int argc, char **argv)
{
	struct sock_fprog program = { sizeof filter / sizeof *filter, filter };

	if (argc < 2) {
		fprintf(stderr, "usage: old-kernel PROGRAM [ARG...]\n");
		return 125;
	}
	/* as root: no_new_privs would reach the containers */
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) < 0) {
		fprintf(stderr, "old-kernel: seccomp: %s\n", strerror(errno));
		return 125;
	}
	execvp(argv[1], argv + 1);
	fprintf(stderr, "old-kernel: %s: %s\n", argv[1], strerror(errno));
	return 125;
}
