/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/signal.h"

#include "base/scope.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/syscall.h>
#include <unistd.h>

#define RT_FIRST 34 /* the kernel's first, 32, and the next belong to the C library */
#define RT_LAST 64

static const struct {
	const char *name;
	int signo;
} names[] = {
	{ "HUP", SIGHUP },   { "INT", SIGINT },	      { "QUIT", SIGQUIT },   { "ILL", SIGILL },	  { "TRAP", SIGTRAP },
	{ "ABRT", SIGABRT }, { "BUS", SIGBUS },	      { "FPE", SIGFPE },     { "KILL", SIGKILL }, { "USR1", SIGUSR1 },
	{ "SEGV", SIGSEGV }, { "USR2", SIGUSR2 },     { "PIPE", SIGPIPE },   { "ALRM", SIGALRM }, { "TERM", SIGTERM },
	{ "CHLD", SIGCHLD }, { "CONT", SIGCONT },     { "STOP", SIGSTOP },   { "TSTP", SIGTSTP }, { "TTIN", SIGTTIN },
	{ "TTOU", SIGTTOU }, { "URG", SIGURG },	      { "XCPU", SIGXCPU },   { "XFSZ", SIGXFSZ }, { "PROF", SIGPROF },
	{ "POLL", SIGPOLL }, { "VTALRM", SIGVTALRM }, { "WINCH", SIGWINCH }, { "PWR", SIGPWR },	  { "SYS", SIGSYS },
#ifdef SIGSTKFLT
	{ "STKFLT", SIGSTKFLT },
#endif
	/* other names of the same */
	{ "IOT", SIGIOT },   { "CLD", SIGCHLD },      { "IO", SIGIO },
};

static bool is_same(struct sv s, const char *name)
{
	return s.n == strlen(name) && strncasecmp(s.p, name, s.n) == 0;
}

/* "RTMIN", "RTMIN+3", "RTMAX-2" */
static int realtime(struct sv s)
{
	bool min = s.n >= 5 && strncasecmp(s.p, "RTMIN", 5) == 0, max = s.n >= 5 && strncasecmp(s.p, "RTMAX", 5) == 0;
	uint64_t n = 0;

	if (!min && !max)
		return -1;
	s = (struct sv){ s.p + 5, s.n - 5 };
	if (s.n && (s.p[0] != (min ? '+' : '-') || sv_u64((struct sv){ s.p + 1, s.n - 1 }, &n) < 0))
		return -1;
	if (n > RT_LAST - RT_FIRST)
		return -1;
	return min ? RT_FIRST + (int)n : RT_LAST - (int)n;
}

int signal_from_name(struct sv name)
{
	uint64_t n;

	if (sv_u64(name, &n) == 0)
		return n >= 1 && n <= RT_LAST ? (int)n : -1;
	if (name.n > 3 && strncasecmp(name.p, "SIG", 3) == 0)
		name = (struct sv){ name.p + 3, name.n - 3 };
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (is_same(name, names[i].name))
			return names[i].signo;
	return realtime(name);
}

const char *signal_name(int signo, char ret[static SIGNAL_NAME_MAX])
{
	(void)snprintf(ret, SIGNAL_NAME_MAX, "%d", signo >= 1 && signo <= RT_LAST ? signo : 0);
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (names[i].signo == signo) {
			(void)snprintf(ret, SIGNAL_NAME_MAX, "SIG%s", names[i].name);
			return ret;
		}
	if (signo == RT_FIRST)
		(void)snprintf(ret, SIGNAL_NAME_MAX, "SIGRTMIN");
	else if (signo > RT_FIRST && signo <= RT_LAST)
		(void)snprintf(ret, SIGNAL_NAME_MAX, "SIGRTMIN+%d", signo - RT_FIRST);
	return ret;
}

void signal_defaults(uint64_t ignored)
{
	/* The C libraries do not touch their own two, 32 and 33, but a caller without one may have. */
	static const char dfl[32]; /* the kernel's struct sigaction: SIG_DFL, no flags */
	static const uint64_t none;

	for (int signo = 1; signo <= RT_LAST; signo++)
		if (ignored >> (signo - 1) & 1)
			(void)syscall(SYS_rt_sigaction, signo, dfl, NULL, sizeof none);
	(void)syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, NULL, sizeof none);
}
