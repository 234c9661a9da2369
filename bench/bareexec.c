/* SPDX-License-Identifier: Apache-2.0 */
/* bareexec.c - the least that one more process in a running container can cost, from the command line.
 *
 * usage: bareexec PID PROGRAM        (as root; PID: the container's first process; PROGRAM: a path in it)
 *
 * clone3(2) of a child that joins every namespace but the user namespace by one setns(2) with a pidfd, and whose own
 * child, the first that is in the pid namespace, calls execve(2); wait for both. No cgroup is joined, nothing is dropped,
 * no filter, no terminal, no state: an engine does more, and is measured by how little more it takes. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <linux/sched.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x80
#endif

static void die(const char *what)
{
	fprintf(stderr, "bareexec: %s: %s\n", what, strerror(errno));
	_exit(125);
}

static pid_t clone_with(uint64_t flags)
{
	struct clone_args args = { .flags = flags, .exit_signal = SIGCHLD };
	pid_t pid = (pid_t)syscall(SYS_clone3, &args, sizeof args);

	if (pid < 0)
		die("clone3");
	return pid;
}

static int wait_for(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) < 0)
		die("waitpid");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int enter_and_run(int pidfd, char *program)
{
	char *const argv[] = { program, NULL }, *const envp[] = { NULL };
	pid_t pid;

	if (setns(pidfd, CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP |
				 CLONE_NEWTIME) < 0)
		die("setns");
	pid = clone_with(0);
	if (pid == 0) {
		execve(program, argv, envp);
		die(program);
	}
	return wait_for(pid);
}

int main(int argc, char **argv)
{
	int pidfd;
	pid_t pid;

	if (argc != 3) {
		fputs("usage: bareexec PID PROGRAM\n", stderr);
		return 2;
	}
	pidfd = (int)syscall(SYS_pidfd_open, atoi(argv[1]), 0);
	if (pidfd < 0)
		die("pidfd_open");
	pid = clone_with(0);
	if (pid == 0)
		_exit(enter_and_run(pidfd, argv[2]));
	return wait_for(pid);
}
