/* SPDX-License-Identifier: Apache-2.0 */
#include "init/init.h"

#include "../test.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

TEST(the_command_comes_after_the_name_or_two_dashes)
{
	char *dashes[] = { "init", "--", "sh", "--", NULL }, *plain[] = { "init", "sh", NULL };
	char *none[] = { "init", "--", NULL }, *alone[] = { "init", NULL }, *nothing[] = { NULL };

	assert_ptr_equal(dashes + 2, init_command(dashes));
	assert_ptr_equal(plain + 1, init_command(plain));
	assert_null(init_command(none));
	assert_null(init_command(alone));
	assert_null(init_command(nothing));
}

TEST(a_path_is_searched_as_execvp_does)
{
	static const char *const want[] = { "/a/x", "./x", "b/x", "./x" };
	const char *rest = "/a::b:";
	char path[16];

	for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
		assert_true(init_next_path(&rest, "x", path, sizeof path));
		assert_string_equal(want[i], path);
	}
	assert_false(init_next_path(&rest, "x", path, sizeof path));
}

TEST(what_does_not_fit_is_left_out)
{
	const char *rest = "/0123456789abcdef:/a";
	char path[10] = "";

	assert_true(init_next_path(&rest, "name", path, sizeof path));
	assert_string_equal("/a/name", path);
	rest = "/abc:/abcd";
	assert_false(init_next_path(&rest, "name", path, sizeof path));
}

static const struct {
	const char *argv[6];
	int status;
} runs[] = {
	{ { "init", "--", "/bin/sh", "-c", "exit 7", NULL }, 7 },
	{ { "init", "sh", "-c", "exit 0", NULL }, 0 },
	{ { "init", "--", "sh", "-c", "kill -KILL $$", NULL }, 137 },
	{ { "init", "--", "sh", "-c", "(exit 3) & sleep 0.05; exit 4", NULL }, 4 },
	{ { "init", "--", "no-such-command", NULL }, 127 },
	{ { "init", "--", "/no/such/command", NULL }, 127 },
	{ { "init", "--", "/etc/passwd", NULL }, 126 },
	{ { "init", "--", "", NULL }, 127 },
	{ { "init", "--", NULL }, 125 },
};

static pid_t start(const char *const argv[])
{
	pid_t pid = fork();

	if (pid == 0) {
		(void)signal(SIGHUP, SIG_DFL); /* nohup(1): no shell can trap what was ignored when it began */
		(void)dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
		_exit(init_run((char **)argv, environ));
	}
	return pid;
}

TEST(it_ends_as_the_command_ends)
{
	for (size_t i = 0; i < sizeof runs / sizeof *runs; i++) {
		int status;

		assert_true(waitpid(start(runs[i].argv), &status, 0) > 0);
		if (!WIFEXITED(status) || WEXITSTATUS(status) != runs[i].status)
			fail_msg("run %zu: %x, not %d", i, (unsigned)status, runs[i].status);
	}
}

/* The command says when its traps are there. */
TEST(signals_go_on_to_the_command)
{
	static const int signals[] = { SIGTERM, SIGUSR1, SIGHUP, SIGWINCH };

	for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
		char script[160], byte;
		const char *argv[] = { "init", "--", "sh", "-c", script, NULL };
		int pair[2], status, n = signals[i];
		pid_t pid;

		assert_int_equal(0, pipe(pair));
		(void)snprintf(script, sizeof script, "trap 'exit %d' %d; echo >&%d; while :; do sleep 0.02; done",
			       40 + n, n, pair[1]);
		pid = start(argv);
		assert_int_equal(1, read(pair[0], &byte, 1));
		assert_int_equal(0, kill(pid, n));
		assert_int_equal(pid, waitpid(pid, &status, 0));
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 40 + n);
		close(pair[0]);
		close(pair[1]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(the_command_comes_after_the_name_or_two_dashes),
		RUN(a_path_is_searched_as_execvp_does),
		RUN(what_does_not_fit_is_left_out),
		RUN(it_ends_as_the_command_ends),
		RUN(signals_go_on_to_the_command),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
