/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime_cli/console.h"

#include "base/io.h"
#include "base/scope.h"
#include "kernel/pty.h"
#include "kernel/scm_rights.h"
#include "kernel/sys.h"
#include "runtime_cli/notify.h"

#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>

/* ---- an engine's socket ----------------------------------------------------------------------------------------- */

int console_connect(const char *option, const char *path, int *ret_fd, struct err *e)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	scoped_fd fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return err_sys(e, "socket");
	if (sv_copy(sv_from(path), to.sun_path, sizeof to.sun_path) < 0)
		return err_set(e, ENAMETOOLONG, "%s %s: at most %zu bytes", option, path, sizeof to.sun_path - 1);
	if (connect(fd, (struct sockaddr *)&to, sizeof to) < 0)
		return err_sys(e, "%s %s", option, path);
	*ret_fd = fd_take(&fd);
	return 0;
}

/* Some data must come along. */
static int send_one(int sock, const char *name, int fd)
{
	return scm_send(sock, name, strlen(name), &fd, 1, 0) < 0 ? -1 : 0;
}

int console_send(int sock, int master, struct err *e)
{
	return send_one(sock, "/dev/ptmx", master) < 0 ? err_sys(e, "--console-socket: send the terminal") : 0;
}

int pidfd_socket_send(const char *path, pid_t pid, struct err *e)
{
	scoped_fd sock = -1, fd = -1;
	int r;

	if (!path)
		return 0;
	fd = sys_pidfd_open(pid, 0);
	if (fd < 0)
		return err_sys(e, "open process %d", (int)pid);
	r = console_connect("--pidfd-socket", path, &sock, e);
	if (r < 0)
		return r;
	return send_one(sock, "pidfd", fd) < 0 ? err_sys(e, "--pidfd-socket %s: send the descriptor", path) : 0;
}

int console_check(bool terminal, bool detach, const char *socket, struct err *e)
{
	if (terminal && detach && !socket)
		return err_set(e, EINVAL, "cannot allocate tty if runc will detach without setting console socket");
	if (socket && !(terminal && detach))
		return err_set(e, EINVAL, "cannot use console socket if runc will not detach or allocate tty");
	return 0;
}

/* ---- our own ---------------------------------------------------------------------------------------------------- */

struct shown {
	const struct foreground *f;
	bool raw;
	struct termios before;
	bool input; /* our standard input has not ended */
	int notify; /* -1: nobody waits any more */
};

static void take_size(const struct foreground *f)
{
	struct winsize size;

	if (f->console >= 0 && ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0)
		(void)pty_resize(f->console, size.ws_row, size.ws_col, NULL);
}

static void show(struct shown *s)
{
	struct termios raw;

	s->input = s->f->console >= 0;
	if (!s->input || tcgetattr(STDIN_FILENO, &s->before) < 0)
		return;
	raw = s->before;
	cfmakeraw(&raw);
	s->raw = tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
	take_size(s->f);
}

static void hide(struct shown *s)
{
	if (s->raw)
		(void)tcsetattr(STDIN_FILENO, TCSANOW, &s->before);
}

/* false: nothing more will come from there. */
static bool pass(int from, int to)
{
	char piece[4096];
	ssize_t n = read(from, piece, sizeof piece);

	if (n < 0)
		return errno == EINTR || errno == EAGAIN;
	return n > 0 && io_write_all(to, piece, (size_t)n, NULL) == 0;
}

/* Every signal that we get is the process's, but for those that are about us. */
static void pass_signals(const struct foreground *f, int signals)
{
	struct signalfd_siginfo info;

	while (read(signals, &info, sizeof info) == (ssize_t)sizeof info) {
		if (info.ssi_signo == SIGCHLD)
			continue;
		if (info.ssi_signo == SIGWINCH && f->console >= 0)
			take_size(f);
		else
			(void)sys_pidfd_send_signal(f->pidfd, (int)info.ssi_signo);
	}
}

/* What the process wrote before it ended; others may hold the terminal for longer. */
static void rest(const struct foreground *f)
{
	struct pollfd p = { f->console, POLLIN, 0 };

	while (poll(&p, 1, 0) > 0 && p.revents & POLLIN && pass(f->console, STDOUT_FILENO))
		;
}

static int look(struct shown *s, int signals, bool *ret_ended, struct err *e)
{
	struct pollfd p[] = {
		{ s->f->pidfd, POLLIN, 0 },
		{ signals, POLLIN, 0 },
		{ s->f->console, POLLIN, 0 },
		{ s->input ? STDIN_FILENO : -1, POLLIN, 0 },
		{ s->notify, POLLIN, 0 },
	};

	if (poll(p, ARRAY_LEN(p), -1) < 0)
		return errno == EINTR ? 0 : err_sys(e, "poll");
	if (p[1].revents)
		pass_signals(s->f, signals);
	if (p[2].revents & POLLIN)
		(void)pass(s->f->console, STDOUT_FILENO);
	if (p[3].revents)
		s->input = pass(STDIN_FILENO, s->f->console);
	if (p[4].revents && notify_pass(s->notify, s->f->notify_to, 0))
		s->notify = -1;
	*ret_ended = p[0].revents && !(s->notify >= 0 && p[4].revents); /* what it said before comes first */
	return 0;
}

/* Without a terminal there is nothing to look at but signals, and one call waits for them: a start is short. */
static int wait_by_signals(const struct foreground *f, struct err *e)
{
	for (;;) {
		siginfo_t info;
		int signo = sigwaitinfo(f->set, &info);

		if (signo < 0 && errno != EINTR)
			return err_sys(e, "sigwaitinfo");
		if (signo == SIGCHLD) {
			siginfo_t state = { 0 };

			if (waitid(P_PIDFD, (id_t)f->pidfd, &state, WEXITED | WNOHANG | WNOWAIT) < 0)
				return err_sys(e, "wait for the container's process");
			if (state.si_pid)
				return 0;
		} else if (signo > 0) {
			(void)sys_pidfd_send_signal(f->pidfd, signo);
		}
	}
}

static int wait_by_poll(const struct foreground *f, struct err *e)
{
	struct shown s = { .f = f, .notify = f->notify };
	scoped_fd signals = signalfd(-1, f->set, SFD_CLOEXEC | SFD_NONBLOCK);
	bool ended = false;
	int r = 0;

	if (signals < 0)
		return err_sys(e, "signalfd");
	show(&s);
	while (r == 0 && !ended)
		r = look(&s, signals, &ended, e);
	if (f->console >= 0)
		rest(f);
	hide(&s);
	return r;
}

int foreground_wait(const struct foreground *f, struct err *e)
{
	return f->console < 0 && f->notify < 0 ? wait_by_signals(f, e) : wait_by_poll(f, e);
}

int foreground_block(sigset_t *ret, struct err *e)
{
	static const int ours[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTSTP };

	sigfillset(ret);
	for (size_t i = 0; i < ARRAY_LEN(ours); i++)
		sigdelset(ret, ours[i]);
	return sigprocmask(SIG_BLOCK, ret, NULL) < 0 ? err_sys(e, "sigprocmask") : 0;
}
