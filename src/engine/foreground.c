/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/foreground.h"

#include "base/scope.h"
#include "kernel/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

struct failure {
	int status; /* of ours, then */
	struct err err;
};

static volatile pid_t child_pid; /* for the handler */

static void hand_on(int signo)
{
	if (child_pid > 0)
		(void)kill(child_pid, signo);
}

static _Noreturn void become(const struct foreground *f, int report)
{
	struct failure why = { .status = 1 };
	int r = f->prepare ? f->prepare(f->context, &why.err) : 0;

	if (r == 0) {
		(void)execvp(f->argv[0], f->argv);
		why.status = errno == ENOENT || errno == ENOTDIR ? 127 : 126;
		(void)err_sys(&why.err, "exec %.200s", f->argv[0]);
	}
	if (write(report, &why, sizeof why) < 0)
		_exit(why.status);
	_exit(why.status);
}

static pid_t start(const struct foreground *f, int report, struct err *e)
{
	struct clone_args args = { .exit_signal = SIGCHLD };
	int pid;

	if (f->cgroup >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)f->cgroup;
	}
	pid = sys_clone3(&args);
	if (pid == 0)
		become(f, report);
	return pid < 0 ? err_sys(e, "clone3 of the command") : pid;
}

static int wait_for(pid_t pid, struct err *e)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return err_sys(e, "wait for the command");
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int foreground_run(const struct foreground *f, int *ret_status, struct err *e)
{
	static const int passed_on[] = { SIGTERM, SIGHUP }, ignored[] = { SIGINT, SIGQUIT };
	const struct sigaction pass = { .sa_handler = hand_on }, ignore = { .sa_handler = SIG_IGN };
	struct failure why = { 0 };
	scoped_fd ours = -1, theirs = -1;
	int pair[2], r;
	ssize_t n;

	*ret_status = 1;
	if (pipe2(pair, O_CLOEXEC) < 0)
		return err_sys(e, "pipe");
	ours = pair[0];
	theirs = pair[1];
	r = start(f, theirs, e);
	if (r < 0)
		return r;
	child_pid = r;
	for (size_t i = 0; i < 2; i++) {
		(void)sigaction(passed_on[i], &pass, NULL);
		(void)sigaction(ignored[i], &ignore, NULL);
	}
	close(fd_take(&theirs));
	do
		n = read(ours, &why, sizeof why);
	while (n < 0 && errno == EINTR);
	r = wait_for(child_pid, e);
	child_pid = 0;
	if (r < 0)
		return r;
	*ret_status = r;
	if (n != (ssize_t)sizeof why)
		return 0;
	*ret_status = why.status;
	return err_set(e, why.err.code, "%s", why.err.msg);
}
