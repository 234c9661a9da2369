/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/user_net.h"

#include "base/fault.h"
#include "base/io.h"
#include "base/scope.h"
#include "kernel/mount.h"
#include "kernel/sys.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#define READY_MS 30000
#define SAID_MAX 65536

/* ---- the helper ---------------------------------------------------------------------------------------------------- */

static _Noreturn void become_helper(const char *const *argv, const int stdio[3], int ready)
{
	char *const envp[] = { (char *)"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", NULL };
	sigset_t none;

	sigemptyset(&none);
	(void)signal(SIGPIPE, SIG_DFL);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	for (int i = 0; i < 3; i++)
		if (dup2(stdio[i], i) < 0)
			_exit(127);
	if (ready == USER_NET_READY_FD ? fcntl(ready, F_SETFD, 0) < 0 : dup2(ready, USER_NET_READY_FD) < 0)
		_exit(127);
	(void)sys_close_range(USER_NET_READY_FD + 1, ~0u, 0);
	(void)execve(argv[0], (char *const *)argv, envp);
	_exit(127);
}

/* The first process of the pid namespace: with it the kernel ends all others. */
static _Noreturn void stand_over(const char *const *argv, const int stdio[3], int ready)
{
	int status = 0;
	pid_t pid;

	fault_role("usernet");
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		_exit(127);
	pid = fork();
	if (pid == 0)
		become_helper(argv, stdio, ready);
	(void)sys_close_range(0, ~0u, 0);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	_exit(pid > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : 127);
}

static int launch(struct user_net *n, const char *const *argv, int ready, struct err *e)
{
	scoped_fd null = open("/dev/null", O_RDWR | O_CLOEXEC);
	scoped_fd said = open(USER_NET_SAID, O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
	const int stdio[3] = { null, null, said };
	int pidfd = -1;
	struct clone_args args = { .flags = CLONE_NEWPID | CLONE_PIDFD, .exit_signal = SIGCHLD,
				   .pidfd = (uint64_t)(uintptr_t)&pidfd };
	pid_t pid;

	if (null < 0 || said < 0)
		return err_sys(e, "open " USER_NET_SAID);
	pid = sys_clone3(&args);
	if (pid == 0)
		stand_over(argv, stdio, ready);
	if (pid < 0)
		return err_sys(e, "clone3");
	n->pidfd = pidfd;
	return 0;
}

/* ---- until it is ready ------------------------------------------------------------------------------------------- */

static int bind_netns(int proc, pid_t pid, struct err *e)
{
	char path[32];
	scoped_fd file = open(USER_NET_NETNS, O_RDONLY | O_CREAT | O_CLOEXEC, 0600), mnt = -1;
	int r;

	(void)snprintf(path, sizeof path, "%d/ns/net", (int)pid);
	if (file < 0)
		return err_sys(e, "open " USER_NET_NETNS);
	mnt = mount_clone(proc, path, false, e);
	r = mnt < 0 ? mnt : mount_attach(mnt, file, e);
	return r < 0 ? err_wrap(e, r, USER_NET_NETNS) : 0;
}

/* Its own last line, without what it says of a missing syslog. */
static int why_not(struct err *e, const char *program)
{
	scoped_buf text = BUF(SAID_MAX);
	struct sv rest, line, last = SV("it ended");

	(void)io_read_at(AT_FDCWD, USER_NET_SAID, &text, NULL);
	rest = buf_sv(&text);
	while (sv_next(&rest, '\n', &line))
		if (line.n && !sv_has_prefix(line, "Failed to send "))
			last = line;
	return err_set(e, EIO, "%s: " SV_FMT, program, (int)(last.n < 300 ? last.n : 300), last.p);
}

static int await(const struct user_net *n, int ready, const char *program, struct err *e)
{
	struct pollfd p[] = { { ready, POLLIN, 0 }, { n->pidfd, POLLIN, 0 } };
	char word[64];
	int r;

	do
		r = poll(p, ARRAY_LEN(p), READY_MS);
	while (r < 0 && errno == EINTR);
	if (r < 0)
		return err_sys(e, "poll");
	if (r == 0)
		return err_set(e, ETIMEDOUT, "%s: not ready after %d s", program, READY_MS / 1000);
	if (p[0].revents & POLLIN && read(ready, word, sizeof word) > 0)
		return 0;
	return why_not(e, program);
}

static int ask(const char *request, struct err *e)
{
	static const struct timeval patience = { .tv_sec = READY_MS / 1000 };
	struct sockaddr_un a = { .sun_family = AF_UNIX, .sun_path = USER_NET_SOCKET };
	scoped_fd s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	scoped_buf answer = BUF(4096);
	int r;

	if (s < 0 || setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) < 0 ||
	    connect(s, (struct sockaddr *)&a, sizeof a) < 0)
		return err_sys(e, "connect to " USER_NET_SOCKET);
	r = io_write_all(s, request, strlen(request), e);
	if (r == 0 && shutdown(s, SHUT_WR) < 0)
		r = err_sys(e, "shutdown");
	if (r == 0)
		r = io_read_fd(s, &answer, e);
	if (r == 0 && (!answer.len || memmem(answer.p, answer.len, "\"error\"", 7)))
		r = err_set(e, EADDRINUSE, "%s: refused: " SV_FMT, request, SV_ARG(buf_sv(&answer)));
	return r;
}

static int begin(struct user_net *n, int proc, pid_t pid, const char *const *argv, const char *const *requests,
		 struct err *e)
{
	scoped_fd ready = -1, theirs = -1;
	int r;

	(void)unlink(USER_NET_READY);
	(void)unlink(USER_NET_SOCKET);
	if (mknodat(AT_FDCWD, USER_NET_READY, S_IFIFO | 0600, 0) < 0)
		return err_sys(e, "make " USER_NET_READY);
	ready = open(USER_NET_READY, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	theirs = ready < 0 ? -1 : open(USER_NET_READY, O_WRONLY | O_CLOEXEC);
	if (theirs < 0)
		return err_sys(e, "open " USER_NET_READY);
	r = bind_netns(proc, pid, e);
	if (r == 0)
		r = launch(n, argv, theirs, e);
	close(fd_take(&theirs));
	if (r == 0)
		r = await(n, ready, argv[0], e);
	for (; r == 0 && *requests; requests++)
		r = ask(*requests, e);
	return r;
}

int user_net_begin(struct user_net *n, int proc, pid_t pid, const char *const *argv, const char *const *requests,
		   struct err *e)
{
	int r = begin(n, proc, pid, argv, requests, e);

	(void)umount2(USER_NET_NETNS, MNT_DETACH);
	(void)unlink(USER_NET_NETNS);
	if (r < 0)
		user_net_end(n);
	return r;
}

/* Its process is reaped with all others. */
void user_net_end(struct user_net *n)
{
	if (n->pidfd < 0)
		return;
	(void)sys_pidfd_send_signal(n->pidfd, SIGKILL);
	close(fd_take(&n->pidfd));
}
