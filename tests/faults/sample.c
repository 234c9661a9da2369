/* SPDX-License-Identifier: Apache-2.0 */
/* sample.c - a program with few and known calls, to test wrap.c.
 *
 * sample steps: opens /dev/null (call 1), reads it (2), takes memory (3), names the step that failed.
 * sample keep: opens a descriptor and ends; sample pass ARGS: hands one to a program.
 * sample loop: opens it three times in one place. sample child: forks (1), the child opens /dev/null (child 1); sample exec ARGS: call 1, with an empty environment. */
#include "base/fault.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* By syscall(2): what is said is not counted. */
static void say(const char *a, const char *b)
{
	(void)syscall(SYS_write, 1, a, strlen(a));
	(void)syscall(SYS_write, 1, b, strlen(b));
	(void)syscall(SYS_write, 1, "\n", 1);
}

static int complain(const char *step)
{
	const char *name = strerrorname_np(errno);

	say(step, name ? name : " ?");
	return 1;
}

static int steps(void)
{
	int fd = open("/dev/null", O_RDONLY);
	char byte, *memory;

	if (fd < 0)
		return complain("open ");
	if (read(fd, &byte, 1) < 0)
		return complain("read ");
	memory = malloc(1);
	if (!memory)
		return complain("malloc ");
	free(memory);
	close(fd);
	say("fine", "");
	return 0;
}

static int loop(void)
{
	for (int i = 0; i < 3; i++) {
		int fd = open("/dev/null", O_RDONLY);

		if (fd < 0)
			return complain("loop ");
		close(fd);
	}
	say("fine", "");
	return 0;
}

static int child(void)
{
	int status = 0;
	pid_t pid = fork();

	if (pid < 0)
		return complain("fork ");
	if (pid == 0) {
		fault_role("child");
		_exit(open("/dev/null", O_RDONLY) < 0 ? complain("child open ") : 0);
	}
	if (waitpid(pid, &status, 0) < 0)
		return complain("waitpid ");
	say("child ", WIFSIGNALED(status) ? "killed" : WEXITSTATUS(status) ? "failed" : "fine");
	return 0;
}

int main(int argc, char **argv)
{
	char *none[] = { NULL };

	fault_role("tare");
	if (argc > 1 && strcmp(argv[1], "steps") == 0)
		return steps();
	if (argc > 1 && strcmp(argv[1], "loop") == 0)
		return loop();
	if (argc > 1 && strcmp(argv[1], "child") == 0)
		return child();
	if (argc > 2 && strcmp(argv[1], "exec") == 0) {
		execve(argv[2], argv + 2, none);
		return complain("execve ");
	}
	if (argc > 1 && strcmp(argv[1], "keep") == 0)
		return open("/dev/null", O_RDONLY | O_CLOEXEC) < 0;
	if (argc > 2 && strcmp(argv[1], "pass") == 0) {
		(void)dup(open("/dev/null", O_RDONLY)); /* 3 is a monitor's, in general */
		execve(argv[2], argv + 2, none);
	}
	return 2;
}
