/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/signal.h"

#include "../test.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct {
	const char *text;
	int signo;
} cases[] = {
	{ "SIGTERM", SIGTERM }, { "TERM", SIGTERM }, { "term", SIGTERM },   { "sigTerm", SIGTERM }, { "15", 15 },
	{ "9", 9 },		{ "KILL", SIGKILL }, { "64", 64 },	    { "RTMIN", 34 },	    { "RTMIN+0", 34 },
	{ "SIGRTMIN+3", 37 },	{ "RTMIN+30", 64 },  { "rtmax", 64 },	    { "RTMAX-14", 50 },	    { "IO", SIGPOLL },
	{ "SIGCLD", SIGCHLD },	{ "WINCH", SIGWINCH },
	{ "0", -1 },		{ "65", -1 },	     { "-1", -1 },	    { "", -1 },		    { "SIG", -1 },
	{ "SIGSIGTERM", -1 },	{ "TERMX", -1 },     { "RTMIN+", -1 },	    { "RTMIN-1", -1 },	    { "RTMAX+1", -1 },
	{ "RTMIN+31", -1 },	{ "RTMAX-31", -1 },  { "99999999999999999999", -1 }, { "1 ", -1 },  { "RTMIN+x", -1 },
};

TEST(signals_are_known_by_name_and_number)
{
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		if (signal_from_name(sv_from(cases[i].text)) != cases[i].signo)
			fail_msg("%s: %d, not %d", cases[i].text, signal_from_name(sv_from(cases[i].text)),
				 cases[i].signo);
}

TEST(every_number_has_a_name_that_means_it)
{
	char name[SIGNAL_NAME_MAX];

	for (int i = 1; i <= 64; i++)
		assert_int_equal(i, signal_from_name(sv_from(signal_name(i, name))));
	assert_string_equal("SIGTERM", signal_name(SIGTERM, name));
	assert_string_equal("SIGCHLD", signal_name(SIGCHLD, name));
	assert_string_equal("SIGRTMIN+3", signal_name(37, name));
	assert_string_equal("0", signal_name(0, name));
	assert_string_equal("0", signal_name(65, name));
}

/* Runs in a child; its exit status is the number of the first check that failed. */
static int ignore_some(void)
{
	struct sigaction now;
	sigset_t all;

	sigfillset(&all);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(64, SIG_IGN);
	(void)sigprocmask(SIG_BLOCK, &all, NULL);
	signal_defaults(UINT64_C(1) << (SIGPIPE - 1) | UINT64_C(1) << 63);
	if (sigaction(SIGPIPE, NULL, &now) < 0 || now.sa_handler != SIG_DFL)
		return 1;
	if (sigaction(64, NULL, &now) < 0 || now.sa_handler != SIG_DFL)
		return 2;
	(void)sigprocmask(SIG_BLOCK, NULL, &all);
	return sigismember(&all, SIGTERM) ? 3 : 0;
}

TEST(what_was_ignored_and_blocked_is_not_any_more)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(ignore_some());
	assert_int_equal(pid, waitpid(pid, &status, 0));
	assert_int_equal(0, status);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(what_was_ignored_and_blocked_is_not_any_more),
		RUN(signals_are_known_by_name_and_number),
		RUN(every_number_has_a_name_that_means_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
