/* SPDX-License-Identifier: Apache-2.0 */
/* This program is its own sample: with arguments it says how it was started. Where it can it is linked with the entry
 * point of tare-runtime (-DENTRY), which hops for `run` and not for `state`; `protect` hops in main(). */
#include "kernel/self_exe.h"

#include "base/buf.h"
#include "base/io.h"
#include "base/scope.h"

#include "../test.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

#ifndef ENTRY
#define ENTRY 0
#endif

static const char *exe_mount(void)
{
	struct statvfs fs;

	if (statvfs("/proc/self/exe", &fs) < 0)
		return strerror(errno);
	return fs.f_flag & ST_RDONLY ? "read-only" : "writable";
}

static int open_descriptors(void)
{
	int n = 0;

	for (int fd = 3; fd < 64; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static int sample(char **argv)
{
	const char *variable = getenv("SELF_EXE_TEST");

	if (strcmp(argv[1], "protect") == 0 && self_exe_protect(argv, environ, NULL) < 0)
		return 1;
	printf("%s %d %s:", exe_mount(), open_descriptors(), variable ? variable : "");
	while (*++argv)
		printf(" %s", *argv);
	return 0;
}

/* What the sample says, given these arguments. */
static const char *say(struct buf *b, const char *first, const char *second)
{
	char *argv[] = { "test", (char *)first, (char *)second, NULL }, *envp[] = { "SELF_EXE_TEST=there", NULL };
	posix_spawn_file_actions_t files;
	int p[2], status;
	pid_t pid;

	assert_int_equal(0, pipe2(p, O_CLOEXEC));
	assert_int_equal(0, posix_spawn_file_actions_init(&files));
	assert_int_equal(0, posix_spawn_file_actions_adddup2(&files, p[1], STDOUT_FILENO));
	assert_int_equal(0, posix_spawn(&pid, "/proc/self/exe", &files, NULL, argv, envp));
	(void)posix_spawn_file_actions_destroy(&files);
	close(p[1]);
	assert_int_equal(0, io_read_fd(p[0], b, NULL));
	close(p[0]);
	assert_int_equal(pid, waitpid(pid, &status, 0));
	assert_int_equal(0, status);
	return b->p;
}

static void need_writable_mount_and_root(void)
{
	if (geteuid() != 0 || strcmp(exe_mount(), "writable") != 0)
		skip();
}

TEST(main_hops_where_the_entry_point_did_not)
{
	scoped_buf b = BUF(4096);

	need_writable_mount_and_root();
	assert_string_equal("read-only 0 there: protect", say(&b, "protect", NULL));
}

TEST(the_entry_point_hops_for_a_command_that_starts_something)
{
	scoped_buf a = BUF(4096), b = BUF(4096);

	need_writable_mount_and_root();
	if (!ENTRY)
		skip();
	assert_string_equal("read-only 0 there: run x", say(&a, "run", "x"));
	assert_string_equal("read-only 0 there: --root exec", say(&b, "--root", "exec"));
}

TEST(the_entry_point_leaves_other_commands_alone)
{
	scoped_buf a = BUF(4096), b = BUF(4096);

	need_writable_mount_and_root();
	assert_string_equal("writable 0 there: state runner", say(&a, "state", "runner"));
	assert_string_equal("writable 0 there: ru", say(&b, "ru", NULL));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		RUN(main_hops_where_the_entry_point_did_not),
		RUN(the_entry_point_hops_for_a_command_that_starts_something),
		RUN(the_entry_point_leaves_other_commands_alone),
	};

	if (argc > 1)
		return sample(argv);
	(void)close_range(3, ~0u, 0); /* what this process was given is not the sample's */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
