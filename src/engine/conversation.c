/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/conversation.h"

#include "base/io.h"
#include "base/log.h"
#include "base/scope.h"
#include "kernel/nowait.h"
#include "kernel/terminal.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>

#define IMPATIENT 3 /* so many interrupts, and the client leaves the container alone, as Docker's does */
#define TERMINAL_CHUNK 256
#define DETACHED_TEXT "read escape sequence\n"

/* ---- the beginning ---------------------------------------------------------------------------------------------- */

int conversation_check(struct conversation *c, struct err *e)
{
	c->signals = c->input = c->shows[0].from = c->shows[1].from = -1;
	if (c->tty && c->attach & CONTROL_STDIN && !isatty(STDIN_FILENO))
		return err_set(e, EINVAL, "the input device is not a TTY");
	return detach_keys_parse(c->detach_keys, &c->keys, e);
}

/* Those that would end us, or that mean something to a command; SIGTSTP and its like stop us as they stop anybody. Who does not
 * read what passes here ends that, not us. */
static int open_signals(struct conversation *c, struct err *e)
{
	static const int forwarded[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGCONT, SIGALRM };
	sigset_t set;

	if (!c->sig_proxy && !c->passes)
		return 0;
	sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_LEN(forwarded) && (c->sig_proxy || c->tty); i++)
		sigaddset(&set, forwarded[i]);
	if (c->tty)
		sigaddset(&set, SIGWINCH);
	if (c->passes)
		sigaddset(&set, SIGPIPE);
	if (sigprocmask(SIG_BLOCK, &set, &c->mask) < 0)
		return err_sys(e, "sigprocmask");
	c->masked = true;
	c->signals = signalfd(-1, &set, SFD_CLOEXEC);
	return c->signals < 0 ? err_sys(e, "signalfd") : 0;
}

static int open_pipe(int *ret_ours, int *ret_theirs, bool we_write, struct err *e)
{
	int p[2];

	if (pipe2(p, O_CLOEXEC) < 0)
		return err_sys(e, "pipe");
	*ret_ours = p[we_write];
	*ret_theirs = p[!we_write];
	return fcntl(p[we_write], F_SETFL, O_NONBLOCK) < 0 ? err_sys(e, "pipe") : 0;
}

static bool passes_here(const struct conversation *c, int fd)
{
	return c->tty || nowait_of(fd) == NOWAIT_POLL;
}

/* fds: what the monitor gets for each bit of c->attach. Those of pipes are ours to close: *ret_made */
static int open_streams(struct conversation *c, int fds[3], int ret_made[3], struct err *e)
{
	int r = 0;

	if (c->tty)
		c->attach &= CONTROL_STDIN | CONTROL_STDOUT;
	for (int i = 0; r == 0 && i < 3; i++) {
		int *ours = i == STDIN_FILENO ? &c->input : &c->shows[i - STDOUT_FILENO].from;

		if (!(c->attach >> i & 1) || !passes_here(c, i))
			continue;
		c->passes = true;
		r = open_pipe(ours, &ret_made[i], i == STDIN_FILENO, e);
		fds[i] = ret_made[i];
	}
	return r;
}

static int send_request(const struct conversation *c, const struct control_message *request, const int fds[3],
			struct err *e)
{
	struct control_message m = *request;
	int pass[3], n = 0, r = 0;

	m.value = c->attach;
	m.session = c->session;
	for (int i = 0; i < 3; i++)
		if (c->attach >> i & 1)
			pass[n++] = fds[i];
	if (n || m.type != CONTROL_ATTACH)
		r = control_send(c->sock, &m, pass, n, e);
	if (r != -EPIPE)
		return r;
	(void)shutdown(c->sock, SHUT_WR); /* nothing is said on it any more, so that it ends for sure */
	return 0;			  /* why it has gone it has said before: conversation_run() hears it */
}

bool conversation_size(uint16_t *ret_rows, uint16_t *ret_columns)
{
	return terminal_size(STDOUT_FILENO, ret_rows, ret_columns);
}

static int resize(const struct conversation *c, struct err *e)
{
	struct control_message m = { .type = CONTROL_RESIZE, .session = c->session };
	uint16_t rows, columns;

	if (!conversation_size(&rows, &columns))
		return 0;
	m.value = CONTROL_SIZE(rows, columns);
	return control_send(c->sock, &m, NULL, 0, e);
}

/* A program draws its screen anew when its size changes: it does so twice. */
static int first_size(const struct conversation *c, struct err *e)
{
	struct control_message m = { .type = CONTROL_RESIZE, .session = c->session };
	uint16_t rows, columns;
	int r = 0;

	if (c->redraw && conversation_size(&rows, &columns)) {
		m.value = CONTROL_SIZE(rows + 1, columns + 1);
		r = control_send(c->sock, &m, NULL, 0, e);
	}
	return r < 0 ? r : resize(c, e);
}

/* Its mode last: nothing that fails before leaves it changed. */
static int begin_terminal(struct conversation *c, struct err *e)
{
	int r = first_size(c, e);

	if (r == 0 && c->attach & CONTROL_STDIN) {
		r = terminal_raw(STDIN_FILENO, &c->mode, e);
		c->raw = r == 0;
	}
	return r;
}

int conversation_begin(struct conversation *c, const struct control_message *request, struct err *e)
{
	int fds[3] = { STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO }, made[3] = { -1, -1, -1 };
	int r = open_streams(c, fds, made, e);

	if (r == 0)
		r = open_signals(c, e);
	if (r == 0)
		r = send_request(c, request, fds, e);
	for (int i = 0; i < 3; i++)
		if (made[i] >= 0)
			close(made[i]);
	return r == 0 && c->tty ? begin_terminal(c, e) : r;
}

/* ---- what the monitor says -------------------------------------------------------------------------------------- */

static void over(struct conversation *c, enum conversation_outcome outcome, int status)
{
	c->over = true;
	c->outcome = outcome;
	c->status = status;
}

static void started(struct conversation *c)
{
	c->has_started = true;
	c->status = 0;
	if (c->started)
		c->started(c->arg);
	if (!c->attach)
		c->over = true;
}

static int failed(struct conversation *c, const struct control_message *m, struct err *e)
{
	over(c, CONVERSATION_FAILED, m->value);
	return err_set(e, m->err.code ? m->err.code : EIO, "%s", m->err.msg);
}

/* That a signal or a size came too late is nobody's trouble; what else it is is told, at the latest when it has gone. */
static void refused(struct conversation *c, const struct err *why)
{
	c->refusal = *why;
	if (why->code != ESRCH && why->code != ENOTTY && why->code != EBUSY && why->code != EAGAIN)
		log_warning("%s", why->msg);
}

static int understand(struct conversation *c, const struct control_message *m, struct err *e)
{
	switch (m->type) {
	case CONTROL_STARTED:
	case CONTROL_EXEC_STARTED:
		started(c);
		return 0;
	case CONTROL_EXITED:
		c->flag = m->flag;
		c->left = m->err;
		over(c, CONVERSATION_ENDED, m->value);
		return 0;
	case CONTROL_EXEC_EXITED:
		over(c, CONVERSATION_ENDED, m->value);
		return 0;
	case CONTROL_RESTARTING:
		over(c, CONVERSATION_RESTARTING, m->value);
		return 0;
	case CONTROL_FAILED:
	case CONTROL_EXEC_FAILED:
		return failed(c, m, e);
	case CONTROL_REFUSED:
		if (m->flag & CONTROL_FINAL)
			return failed(c, m, e);
		refused(c, &m->err);
		return 0;
	case CONTROL_WARNING:
		log_warning("%s", m->err.msg);
		c->lost |= (m->flag & CONTROL_LOST) != 0;
		return 0;
	default:
		return 0;
	}
}

static int hear(struct conversation *c, struct err *e)
{
	struct control_message m;
	int fds[3], r = control_receive(c->sock, &m, fds, e);

	if (r < 0)
		return r;
	if (r == 0)
		return c->refusal.code ? err_set(e, c->refusal.code, "%s", c->refusal.msg) :
					 err_set(e, EPIPE, "the container's monitor has gone");
	for (int i = 0; i < 3; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	return m.session == c->session ? understand(c, &m, e) : 0;
}

/* ---- signals ---------------------------------------------------------------------------------------------------- */

static bool ends_us(int signo)
{
	return signo == SIGINT || signo == SIGTERM || signo == SIGHUP || signo == SIGQUIT;
}

static int pass_signal(struct conversation *c, int signo, struct err *e)
{
	struct control_message m = { .type = CONTROL_SIGNAL, .value = signo, .session = c->session };

	if ((signo == SIGINT || signo == SIGTERM) && ++c->interrupts >= IMPATIENT)
		return err_set(e, EINTR, "got %d interrupts, leaving; the container goes on", IMPATIENT);
	return control_send(c->sock, &m, NULL, 0, e);
}

static int take_signal(struct conversation *c, struct err *e)
{
	struct signalfd_siginfo info;
	int signo, r = 0;

	if (read(c->signals, &info, sizeof info) != (ssize_t)sizeof info)
		return err_sys(e, "read a signal");
	signo = (int)info.ssi_signo;
	if (signo == SIGPIPE)
		return 0;
	if (signo == SIGWINCH)
		return resize(c, e);
	if (c->sig_proxy)
		r = pass_signal(c, signo, e);
	if (r == 0 && ends_us(signo) && (!c->sig_proxy || (c->tty && signo == SIGHUP))) /* its terminal has gone */
		over(c, CONVERSATION_LEFT, 128 + signo);
	return r;
}

/* ---- bytes that pass here --------------------------------------------------------------------------------------- */

/* true: over for good */
static bool pass(int fd, const char *text, size_t *at, size_t end, size_t most)
{
	ssize_t n = write(fd, text + *at, end - *at < most ? end - *at : most);

	if (n >= 0)
		*at += (size_t)n;
	return n < 0 && errno != EAGAIN && errno != EINTR;
}

static void end_input(struct conversation *c)
{
	c->input_over = true;
	c->in_at = c->in_end = 0;
	close(fd_take(&c->input));
}

static void pass_keys(struct conversation *c)
{
	if (pass(c->input, c->in, &c->in_at, c->in_end, CONVERSATION_CHUNK))
		end_input(c);
}

/* true: those that mean to detach. What was typed before them is in c->in. */
static bool take_keys(struct conversation *c, const char *typed, size_t n)
{
	c->in_at = 0;
	if (c->tty)
		return detach_keys_filter(&c->keys, typed, n, c->in, &c->in_end);
	memcpy(c->in, typed, n);
	c->in_end = n;
	return false;
}

static void read_keys(struct conversation *c)
{
	char typed[CONVERSATION_CHUNK];
	ssize_t n = read(STDIN_FILENO, typed, sizeof typed);

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0)
		return end_input(c);
	if (take_keys(c, typed, (size_t)n)) {
		over(c, CONVERSATION_DETACHED, 0);
		pass_keys(c);
	}
}

static int shown_on(const struct conversation *c, const struct showing *s)
{
	return STDOUT_FILENO + (int)(s - c->shows);
}

static void leave(struct conversation *c)
{
	over(c, CONVERSATION_LEFT, 128 + SIGPIPE);
}

/* Nobody shows it any more: we go, as if SIGPIPE had ended us, or where it is one of several things that we do the command is
 * told as by a pipe. */
static void end_output(struct conversation *c, struct showing *s)
{
	if (c->tty || (c->watch_output && shown_on(c, s) == STDOUT_FILENO))
		return leave(c);
	if (errno != EPIPE)
		log_warning("standard %s: %s", shown_on(c, s) == STDOUT_FILENO ? "output" : "error", strerror(errno));
	c->lost |= errno != EPIPE;
	s->at = s->end = 0;
	if (s->from >= 0)
		close(fd_take(&s->from));
}

static void read_output(struct showing *s)
{
	ssize_t n = read(s->from, s->text, sizeof s->text);

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0)
		close(fd_take(&s->from));
	s->at = 0;
	s->end = n > 0 ? (size_t)n : 0;
}

/* What is ready takes so much without making us wait: a terminal less than a pipe. */
static void show_output(struct conversation *c, struct showing *s)
{
	int to = shown_on(c, s);

	if (pass(to, s->text, &s->at, s->end, isatty(to) ? TERMINAL_CHUNK : PIPE_BUF))
		end_output(c, s);
}

/* The monitor has delivered everything before it said that this is the end. */
static void show_rest(struct conversation *c, struct showing *s)
{
	do {
		if (s->at < s->end && io_write_all(shown_on(c, s), s->text + s->at, s->end - s->at, NULL) < 0)
			return end_output(c, s);
		s->at = s->end = 0;
		if (s->from >= 0)
			read_output(s);
	} while (s->end);
}

/* Success is what it is not when the output did not arrive. */
static void show_rests(struct conversation *c)
{
	enum conversation_outcome outcome = c->outcome;
	int status = c->status;

	for (size_t i = 0; i < ARRAY_LEN(c->shows); i++)
		show_rest(c, &c->shows[i]);
	over(c, outcome, status || !c->lost || outcome != CONVERSATION_ENDED ? status : 125);
}

/* ---- the loop --------------------------------------------------------------------------------------------------- */

enum { P_SOCK, P_SIGNALS, P_KEYS, P_INPUT, P_OUTPUTS, P_SHOWS = P_OUTPUTS + 2, P_COUNT = P_SHOWS + 2 };

static void wanted_output(const struct conversation *c, const struct showing *s, struct pollfd *from, struct pollfd *to)
{
	bool shown = s->at < s->end, watched = c->watch_output && shown_on(c, s) == STDOUT_FILENO;

	if (!shown)
		from->fd = s->from;
	if (shown || watched)
		*to = (struct pollfd){ .fd = shown_on(c, s), .events = shown ? POLLOUT : 0 };
}

static void wanted(const struct conversation *c, struct pollfd p[P_COUNT])
{
	bool keys = c->in_at < c->in_end;

	for (int i = 0; i < P_COUNT; i++)
		p[i] = (struct pollfd){ .fd = -1, .events = POLLIN };
	p[P_SOCK].fd = c->sock;
	p[P_SIGNALS].fd = c->signals;
	if (c->input >= 0 && !keys)
		p[P_KEYS].fd = STDIN_FILENO;
	if (keys)
		p[P_INPUT] = (struct pollfd){ .fd = c->input, .events = POLLOUT };
	for (size_t i = 0; i < ARRAY_LEN(c->shows); i++)
		wanted_output(c, &c->shows[i], &p[P_OUTPUTS + i], &p[P_SHOWS + i]);
}

static void pass_output(struct conversation *c, struct showing *s, const struct pollfd *from, const struct pollfd *to)
{
	if (from->revents)
		read_output(s);
	if (to->revents && s->at < s->end)
		show_output(c, s);
	else if (to->revents & POLLERR)
		leave(c);
}

static void pass_bytes(struct conversation *c, const struct pollfd p[P_COUNT])
{
	if (p[P_KEYS].revents)
		read_keys(c);
	if (p[P_INPUT].revents)
		pass_keys(c);
	for (size_t i = 0; i < ARRAY_LEN(c->shows); i++)
		pass_output(c, &c->shows[i], &p[P_OUTPUTS + i], &p[P_SHOWS + i]);
}

int conversation_run(struct conversation *c, struct err *e)
{
	struct pollfd p[P_COUNT];
	int r = 0;

	while (r == 0 && !c->over) {
		wanted(c, p);
		if (poll(p, P_COUNT, -1) < 0) {
			if (errno == EINTR)
				continue;
			return err_sys(e, "poll");
		}
		pass_bytes(c, p);
		if (p[P_SOCK].revents && !c->over)
			r = hear(c, e);
		else if (p[P_SIGNALS].revents && !c->over)
			r = take_signal(c, e);
	}
	if (r == 0 && (c->outcome == CONVERSATION_ENDED || c->outcome == CONVERSATION_RESTARTING))
		show_rests(c);
	return r;
}

void conversation_end(struct conversation *c)
{
	int *const fds[] = { &c->signals, &c->input, &c->shows[0].from, &c->shows[1].from };

	if (c->raw)
		terminal_restore(STDIN_FILENO, &c->mode);
	if (c->masked)
		(void)sigprocmask(SIG_SETMASK, &c->mask, NULL);
	c->raw = c->masked = false;
	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		if (*fds[i] >= 0)
			close(fd_take(fds[i]));
	if (c->over && c->outcome == CONVERSATION_DETACHED)
		(void)io_write_all(STDERR_FILENO, DETACHED_TEXT, sizeof DETACHED_TEXT - 1, NULL);
}
