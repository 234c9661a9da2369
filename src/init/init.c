/* SPDX-License-Identifier: Apache-2.0 */
/* Theory of operation: all signals are blocked and taken one by one with rt_sigtimedwait(2), so that nothing interrupts
 * anything. SIGCHLD means: reap all that have ended, and if the command is among them, end as it did; the kernel then kills
 * what is left in the namespace. Any other signal goes on to the command, which runs in a process group of its own, in the
 * foreground of the terminal if there is one. */
#include "init/init.h"

#include "init/calls.h"

#include <errno.h>
#include <linux/limits.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

#define FALLBACK_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" /* Docker's */
#define STDERR 2

/* ---- text --------------------------------------------------------------------------------------------------- */

static size_t length(const char *s)
{
	size_t n = 0;

	while (s[n])
		n++;
	return n;
}

static bool has_slash(const char *s)
{
	for (; *s; s++)
		if (*s == '/')
			return true;
	return false;
}

static const char *value_of(char **envp, const char *name)
{
	size_t n = length(name), i;

	for (; *envp; envp++) {
		for (i = 0; i < n && (*envp)[i] == name[i]; i++)
			;
		if (i == n && (*envp)[n] == '=')
			return *envp + n + 1;
	}
	return NULL;
}

static void put(const char *text)
{
	(void)CALL3(SYS_write, STDERR, text, length(text));
}

static int complain(const char *what, const char *why, int status)
{
	put("tare-init: ");
	put(what);
	put(": ");
	put(why);
	put("\n");
	return status;
}

static const char *reason(long code)
{
	switch (code) {
	case -ENOENT:
		return "No such file or directory";
	case -EACCES:
		return "Permission denied";
	case -ENOEXEC:
		return "Exec format error";
	case -E2BIG:
		return "Argument list too long";
	default:
		return "cannot be executed";
	}
}

/* ---- the command -------------------------------------------------------------------------------------------- */

char **init_command(char **argv)
{
	if (!argv[0] || !argv[1])
		return NULL;
	argv++;
	if (argv[0][0] == '-' && argv[0][1] == '-' && !argv[0][2])
		argv++;
	return argv[0] ? argv : NULL;
}

/* An empty component is the working directory. */
bool init_next_path(const char **rest, const char *name, char *ret, size_t cap)
{
	size_t name_len = length(name);

	while (*rest) {
		const char *dir = *rest;
		size_t n = 0;

		while (dir[n] && dir[n] != ':')
			n++;
		*rest = dir[n] ? dir + n + 1 : NULL;
		if (n + name_len + 3 > cap)
			continue;
		for (size_t i = 0; i < n; i++)
			ret[i] = dir[i];
		if (n == 0)
			ret[n++] = '.';
		ret[n++] = '/';
		for (size_t i = 0; i <= name_len; i++)
			ret[n + i] = name[i];
		return true;
	}
	return false;
}

/* Returns only when it could not: -errno. What cannot be executed weighs more than what is not there, as in execvp(3). */
static long execute(char **argv, char **envp)
{
	const char *rest = value_of(envp, "PATH");
	char path[PATH_MAX];
	long r, denied = 0;

	if (!argv[0][0])
		return -ENOENT;
	if (has_slash(argv[0]))
		return CALL3(SYS_execve, argv[0], argv, envp);
	if (!rest)
		rest = FALLBACK_PATH;
	while (init_next_path(&rest, argv[0], path, sizeof path)) {
		r = CALL3(SYS_execve, path, argv, envp);
		if (r == -EACCES)
			denied = r;
		else if (r != -ENOENT && r != -ENOTDIR)
			return r;
	}
	return denied ? denied : -ENOENT;
}

static _Noreturn void leave(int status)
{
	for (;;)
		(void)CALL1(SYS_exit_group, status);
}

/* All signals are blocked until it has the terminal: TIOCSPGRP from the background would stop it. */
static _Noreturn void become(char **argv, char **envp, const uint64_t *mask)
{
	int group = (int)CALL0(SYS_getpid);
	long r;

	(void)CALL2(SYS_setpgid, 0, 0);
	(void)CALL3(SYS_ioctl, 0, TIOCSPGRP, &group); /* no terminal, no foreground */
	(void)CALL4(SYS_rt_sigprocmask, SIG_SETMASK, mask, NULL, sizeof *mask);
	r = execute(argv, envp);
	leave(complain(argv[0], reason(r), r == -ENOENT ? 127 : 126));
}

/* ---- the wait ----------------------------------------------------------------------------------------------- */

static int exit_code(int status)
{
	return status & 0x7f ? 128 + (status & 0x7f) : status >> 8 & 0xff;
}

/* true: the command has ended, *ret as it did. */
static bool reap(long command, int *ret)
{
	int status = 0;
	long pid;

	while ((pid = CALL4(SYS_wait4, -1, &status, WNOHANG, NULL)) > 0)
		if (pid == command) {
			*ret = exit_code(status);
			return true;
		}
	return false;
}

static bool is_pause(char **argv)
{
	const char *text = "--pause", *arg = argv[0] ? argv[1] : NULL;

	while (arg && *arg && *arg == *text)
		arg++, text++;
	return arg && !*arg && !*text && !argv[2];
}

/* No command: it holds the namespace that others live in, and reaps what they leave, until it is told to end. */
static int pause_until_told(const uint64_t *all)
{
	for (;;) {
		long signo = CALL4(SYS_rt_sigtimedwait, all, NULL, NULL, sizeof *all);

		if (signo == SIGTERM || signo == SIGINT)
			return 0;
		while (signo == SIGCHLD && CALL4(SYS_wait4, -1, NULL, WNOHANG, NULL) > 0)
			;
	}
}

int init_run(char **argv, char **envp)
{
	uint64_t all = ~UINT64_C(0), before = 0;
	char **command = init_command(argv);
	long pid, signo;
	int code = 0;

	if (!command)
		return complain("usage", "tare-init [--] COMMAND [ARG...] | --pause", 125);
	(void)CALL4(SYS_rt_sigprocmask, SIG_SETMASK, &all, &before, sizeof all);
	if (is_pause(argv))
		return pause_until_told(&all);
	pid = call6(SYS_clone, SIGCHLD, 0, 0, 0, 0, 0);
	if (pid == 0)
		become(command, envp, &before);
	if (pid < 0)
		return complain(command[0], "no process can be made for it", 125);
	for (;;) {
		signo = CALL4(SYS_rt_sigtimedwait, &all, NULL, NULL, sizeof all);
		if (signo == SIGCHLD && reap(pid, &code))
			return code;
		if (signo > 0 && signo != SIGCHLD)
			(void)CALL2(SYS_kill, pid, signo);
	}
}
