/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/stdio.h"

#include "base/scope.h"
#include "monitor/control.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <termios.h>

void stdio_init(struct stdio *s)
{
	*s = (struct stdio){ .sink = -1, .slave = -1 };
	relay_init(&s->out, -1);
	relay_init(&s->err, -1);
}

/* ---- input --------------------------------------------------------------------------------------------------- */

static void input_remove(struct input **at)
{
	struct input *in = *at;

	*at = in->next;
	relay_done(&in->relay);
	free(in);
}

/* Its process reads the end of its input when nobody has the sink any more. */
static void close_input(struct stdio *s)
{
	while (s->inputs)
		input_remove(&s->inputs);
	if (s->sink >= 0)
		close(fd_take(&s->sink));
}

static int input_add(struct stdio *s, const void *owner, int fd, struct err *e)
{
	struct input *in = calloc(1, sizeof *in);
	struct taker t = { .owner = s, .fd = fcntl(s->sink, F_DUPFD_CLOEXEC, 0) };
	int r;

	if (!in || t.fd < 0) {
		r = in ? err_sys(e, "duplicate a descriptor") : err_oom(e);
		free(in);
		if (t.fd >= 0)
			close(t.fd);
		return r;
	}
	relay_init(&in->relay, -1);
	r = relay_add(&in->relay, &t, e);
	if (r < 0) {
		close(t.fd);
		free(in);
		return r;
	}
	in->relay.from = fd;
	in->relay.how = nowait_of(fd);
	in->owner = owner;
	in->next = s->inputs;
	s->inputs = in;
	return 0;
}

/* An input that has ended is let go when all of it was taken; with it the session's own, if it was to be attached once.
 * A terminal's input does not end. */
static void run_inputs(struct stdio *s, const struct pollset *p)
{
	struct input **at = &s->inputs;

	while (*at) {
		struct relay *r = &(*at)->relay;

		(void)relay_run(r, p);
		if (r->to[0].fd >= 0 && (r->from >= 0 || !relay_is_idle(r))) {
			at = &(*at)->next;
			continue;
		}
		input_remove(at);
		if (s->stdin_once && !s->tty) {
			close_input(s);
			return;
		}
	}
}

/* ---- opening ------------------------------------------------------------------------------------------------- */

static int open_pipe(int *ret_ours, int *ret_theirs, bool inward, struct err *e)
{
	int p[2];

	if (pipe2(p, O_CLOEXEC) < 0)
		return err_sys(e, "pipe");
	(void)fcntl(p[inward], F_SETFL, O_NONBLOCK);
	*ret_ours = p[inward];
	*ret_theirs = p[!inward];
	return 0;
}

static int open_input(struct stdio *s, int *ret_theirs, struct err *e)
{
	if (s->open_stdin)
		return open_pipe(&s->sink, ret_theirs, true, e);
	*ret_theirs = open("/dev/null", O_RDONLY | O_CLOEXEC);
	return *ret_theirs < 0 ? err_sys(e, "open /dev/null") : 0;
}

void stdio_close(int fds[3])
{
	for (int i = 0; i < 3; i++)
		if (fds[i] >= 0)
			close(fd_take(&fds[i]));
}

int stdio_open(struct stdio *s, int ret_child[3], struct err *e)
{
	scoped_fd in = -1, out = -1, err = -1;
	int r = 0;

	if (!s->tty) {
		r = open_input(s, &in, e);
		if (r == 0)
			r = open_pipe(&s->out.from, &out, false, e);
		if (r == 0)
			r = open_pipe(&s->err.from, &err, false, e);
	}
	if (r < 0)
		return r;
	ret_child[0] = fd_take(&in);
	ret_child[1] = fd_take(&out);
	ret_child[2] = fd_take(&err);
	return 0;
}

int stdio_set_master(struct stdio *s, int master, struct err *e)
{
	int flags = fcntl(master, F_GETFL);

	s->out.from = master;
	if (flags < 0 || fcntl(master, F_SETFL, flags | O_NONBLOCK) < 0)
		return err_sys(e, "the terminal's descriptor");
	s->slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (s->slave < 0)
		return err_sys(e, "open the terminal's other side");
	if (s->open_stdin)
		s->sink = fcntl(master, F_DUPFD_CLOEXEC, 0);
	return s->open_stdin && s->sink < 0 ? err_sys(e, "duplicate the terminal's descriptor") : 0;
}

/* ---- clients ------------------------------------------------------------------------------------------------- */

int stdio_attach(struct stdio *s, const void *owner, int bits, int fds[3], bool breaks, struct err *e)
{
	struct taker t = { .owner = owner, .breaks = breaks };
	int next = 0, r = 0;

	if (bits & CONTROL_STDIN) {
		if (fds[next] >= 0 && s->sink >= 0)
			r = input_add(s, owner, fds[next], e);
		if (r == 0 && s->sink >= 0)
			fds[next] = -1;
		next++;
	}
	for (int bit = CONTROL_STDOUT; r == 0 && bit <= CONTROL_STDERR; bit <<= 1) {
		if (!(bits & bit) || next > 2)
			continue;
		t.fd = fds[next];
		t.how = nowait_of(t.fd);
		if (t.fd >= 0)
			r = relay_add(bit == CONTROL_STDOUT ? &s->out : &s->err, &t, e);
		if (r == 0)
			fds[next++] = -1;
	}
	return r;
}

void stdio_detach(struct stdio *s, const void *owner)
{
	struct input **at = &s->inputs;

	while (*at)
		if ((*at)->owner == owner)
			input_remove(at);
		else
			at = &(*at)->next;
	relay_drop(&s->out, owner);
	relay_drop(&s->err, owner);
}

int stdio_resize(struct stdio *s, uint16_t rows, uint16_t columns, struct err *e)
{
	struct winsize size = { .ws_row = rows, .ws_col = columns };

	if (!s->tty || s->out.from < 0)
		return err_set(e, ENOTTY, "it has no terminal");
	return ioctl(s->out.from, TIOCSWINSZ, &size) < 0 ? err_sys(e, "set the terminal's size") : 0;
}

/* ---- at work ------------------------------------------------------------------------------------------------- */

void stdio_poll(struct stdio *s, struct pollset *p)
{
	for (struct input *in = s->inputs; in; in = in->next)
		relay_poll(&in->relay, p);
	relay_poll(&s->out, p);
	relay_poll(&s->err, p);
}

static void log_end(struct stdio *s, const struct relay *r, enum jsonlog_stream stream)
{
	if (s->log && r->from < 0)
		jsonlog_end(s->log, stream);
}

static void run_output(struct stdio *s, struct relay *r, enum jsonlog_stream stream, const struct pollset *p)
{
	if (relay_run(r, p) && s->log)
		jsonlog_put(s->log, stream, r->chunk, r->have);
	log_end(s, r, stream);
}

void stdio_run(struct stdio *s, const struct pollset *p)
{
	run_inputs(s, p);
	run_output(s, &s->out, JSONLOG_STDOUT, p);
	run_output(s, &s->err, JSONLOG_STDERR, p);
	if (s->log)
		jsonlog_flush(s->log);
}

void stdio_hang_up(struct stdio *s)
{
	close_input(s);
	if (s->slave >= 0)
		close(fd_take(&s->slave));
}

bool stdio_has_output(const struct stdio *s)
{
	return s->out.from >= 0 || s->err.from >= 0 || !relay_is_idle(&s->out) || !relay_is_idle(&s->err);
}

bool stdio_owes(const struct stdio *s, const void *owner)
{
	return relay_owes(&s->out, owner) || relay_owes(&s->err, owner);
}

bool stdio_lost(const struct stdio *s, const void *owner, struct err *why)
{
	int out = relay_lost(&s->out, owner), code = out ? out : relay_lost(&s->err, owner);

	if (code)
		(void)err_set(why, code, "standard %s: %s", out ? "output" : "error", strerror(code));
	return code != 0;
}

static void finish_output(struct stdio *s, struct relay *r, enum jsonlog_stream stream)
{
	size_t at;

	if (relay_slurp(r, &at) && s->log)
		jsonlog_put(s->log, stream, r->chunk + at, r->have - at);
	if (r->from >= 0)
		close(fd_take(&r->from));
	log_end(s, r, stream);
}

void stdio_finish(struct stdio *s)
{
	finish_output(s, &s->out, JSONLOG_STDOUT);
	finish_output(s, &s->err, JSONLOG_STDERR);
	if (s->log)
		jsonlog_flush(s->log);
}

void stdio_rest(struct stdio *s)
{
	for (struct input *in = s->inputs; in; in = in->next)
		relay_rest(&in->relay);
	relay_rest(&s->out);
	relay_rest(&s->err);
	if (s->log)
		jsonlog_rest(s->log);
}

void stdio_done(struct stdio *s)
{
	stdio_hang_up(s);
	relay_done(&s->out);
	relay_done(&s->err);
}
