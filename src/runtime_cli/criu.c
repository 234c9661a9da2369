/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime_cli/criu.h"

#include "base/fault.h"
#include "base/io.h"
#include "base/scope.h"
#include "kernel/scm_rights.h"
#include "kernel/signal.h"
#include "kernel/sys.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

#define SOCKET_AT 3
#define MESSAGE_MAX (64u << 10)
#define LOG_MAX (4u << 20)

const char *criu_log_name(enum criu_type type)
{
	return type == CRIU_RESTORE ? "restore.log" : "dump.log";
}

/* ---- the request ------------------------------------------------------------------------------------------------- */

void criu_inherit(struct criu_call *c, const char *key, int fd)
{
	scoped_buf b = BUF(4096);

	pb_text(&b, 1, key);
	pb_number(&b, 2, (unsigned)fd);
	if (b.failed)
		c->opts.failed = b.failed;
	pb_bytes(&c->opts, CRIU_INHERIT_FD, buf_sv(&b));
}

void criu_external(struct criu_call *c, const char *fmt, ...)
{
	scoped_buf b = BUF(16384);
	va_list ap;

	va_start(ap, fmt);
	buf_vputf(&b, fmt, ap);
	va_end(ap);
	if (b.failed)
		c->opts.failed = b.failed;
	pb_bytes(&c->opts, CRIU_EXTERNAL, buf_sv(&b));
}

/* dirs: as criu's process sees them. criu opens them as descriptors of ours. */
static int ask(struct criu_call *c, int sock, const int dirs[2], struct err *e)
{
	scoped_buf b = BUF(MESSAGE_MAX);
	int r;

	pb_number(&c->opts, CRIU_IMAGES_DIR_FD, (unsigned)dirs[0]);
	pb_number(&c->opts, CRIU_WORK_DIR_FD, (unsigned)dirs[1]);
	r = buf_status(&c->opts, e);
	pb_number(&b, 1, c->type);
	pb_bytes(&b, 2, buf_sv(&c->opts));
	if (r == 0)
		r = buf_status(&b, e);
	if (r < 0)
		return err_wrap(e, r, "request to criu");
	return send(sock, b.p, b.len, MSG_NOSIGNAL) < 0 ? err_sys(e, "request to criu") : 0;
}

static int say_go_on(int sock, bool good, struct err *e)
{
	scoped_buf b = BUF(64);

	pb_number(&b, 1, CRIU_NOTIFY);
	pb_number(&b, 3, good);
	return send(sock, b.p, b.len, MSG_NOSIGNAL) < 0 ? err_sys(e, "answer to criu") : 0;
}

/* ---- its words --------------------------------------------------------------------------------------------------- */

struct response {
	unsigned type;
	bool success;
	struct sv script; /* of a notification; valid until the next message */
	pid_t pid;        /* of the notification, or restored */
};

static int take_inner(struct sv data, bool notify, struct response *ret)
{
	struct pb_field f;
	int r;

	while ((r = pb_next(&data, &f)) > 0) {
		if (notify && f.number == 1)
			ret->script = f.data;
		else if (f.number == (notify ? 2 : 1))
			ret->pid = (pid_t)f.value;
	}
	return r;
}

static int parse(struct sv data, struct response *ret)
{
	struct pb_field f;
	int r;

	*ret = (struct response){ 0 };
	while ((r = pb_next(&data, &f)) > 0) {
		if (f.number == 1)
			ret->type = (unsigned)f.value;
		else if (f.number == 2)
			ret->success = f.value != 0;
		else if (f.number == 4 || f.number == 5)
			r = take_inner(f.data, f.number == 5, ret);
		if (r < 0)
			break;
	}
	return r < 0 || !ret->type ? -EINVAL : 0;
}

/* No message of criu's begins with a zero: what its process says before it is criu. */
#define OWN_WORD 0

static int own_word(const char *data, ssize_t n, struct err *e)
{
	if (n != 1 + (ssize_t)sizeof *e)
		return err_set(e, EPROTO, "half a message");
	memcpy(e, data + 1, sizeof *e);
	return e->code > 0 ? -e->code : err_set(e, EPROTO, "an error without a code");
}

static int notified(const struct criu_call *c, int sock, const struct response *m, int *fd, struct err *own,
		    struct err *e)
{
	struct err now = { 0 };
	int r = c->notify ? c->notify(c->arg, m->script, m->pid, fd, &now) : 0;

	if (r < 0 && !own->code)
		*own = now;
	r = say_go_on(sock, r == 0, e);
	return r < 0 ? r : 1;
}

/* Its first word: the directories, or what went wrong before it could open them. */
static int hear_first(int sock, int dirs[2], struct err *e)
{
	char data[1 + sizeof *e];
	ssize_t n = scm_receive(sock, data, sizeof data, dirs, 2, NULL, 0);

	if (n == 1 && data[0] == OWN_WORD && dirs[1] >= 0)
		return 0;
	return n > 0 && data[0] == OWN_WORD ? own_word(data, n, e) : err_set(e, EPROTO, "criu's process ended");
}

/* 1: it asked for something and goes on; 0: it has answered. -EPIPE: it ended without a word. */
static int hear(const struct criu_call *c, int sock, struct response *ret, struct err *own, struct err *e)
{
	char data[4096];
	int fds[2];
	ssize_t n = scm_receive(sock, data, sizeof data, fds, 2, NULL, 0);
	scoped_fd fd = fds[0], other = fds[1];

	if (n <= 0)
		return err_set(e, EPIPE, "criu ended without an answer");
	if (data[0] == OWN_WORD)
		return own_word(data, n, e);
	if (parse((struct sv){ data, (size_t)n }, ret) < 0)
		return err_set(e, EPROTO, "criu: an answer that cannot be read");
	return ret->type == CRIU_NOTIFY ? notified(c, sock, ret, &fd, own, e) : 0;
}

/* ---- why it failed ----------------------------------------------------------------------------------------------- */

/* "(00.041) Error (criu/mount.c:689): mnt: …". Those of util.c may be of a program that it can do without. */
static bool first_error(struct sv log, struct sv *ret)
{
	static const char mark[] = "Error (", doubtful[] = "Error (criu/util.c";
	struct sv line, first = { 0 };

	while (sv_next(&log, '\n', &line)) {
		const char *at = memmem(line.p, line.n, mark, sizeof mark - 1);

		if (!at)
			continue;
		line = (struct sv){ at, line.n - (size_t)(at - line.p) };
		if (!first.p)
			first = line;
		if (line.n < sizeof doubtful || memcmp(line.p, doubtful, sizeof doubtful - 1) != 0) {
			*ret = line;
			return true;
		}
	}
	*ret = first;
	return first.p;
}

static int failed(const struct criu_call *c, struct err *e)
{
	const char *what = c->type == CRIU_RESTORE ? "restore" : "dump", *name = criu_log_name(c->type);
	scoped_buf log = BUF(LOG_MAX);
	struct sv line;

	if (io_read_at(c->work, name, &log, NULL) == 0 && first_error(buf_sv(&log), &line))
		return err_set(e, EIO, "criu %s: %.*s (log: %s/%s)", what, (int)(line.n < 240 ? line.n : 240), line.p,
			       c->work_name, name);
	return err_set(e, EIO, "criu %s: failed before it could say why: `criu check` may (log: %s/%s)", what,
		       c->work_name, name);
}

/* ---- its process ------------------------------------------------------------------------------------------------- */

/* Stdio, the socket, and whom criu tells that it is ready. */
static int keep_only(const struct criu_call *c, int sock, struct err *e)
{
	int status = c->status_fd < 0 ? -1 : fcntl(c->status_fd, F_DUPFD_CLOEXEC, CRIU_STATUS_AT + 1);
	int high = fcntl(sock, F_DUPFD_CLOEXEC, CRIU_STATUS_AT + 1);

	if (high < 0 || dup2(high, SOCKET_AT) < 0 || (status >= 0 && dup2(status, CRIU_STATUS_AT) < 0))
		return err_sys(e, "dup2");
	if (sys_close_range(SOCKET_AT + 1 + (status >= 0), ~0u, CLOSE_RANGE_CLOEXEC) < 0)
		return err_sys(e, "close_range");
	for (size_t i = 0; i < ARRAY_LEN(c->held); i++)
		if (c->held[i] >= 0 && fcntl(c->held[i], F_SETFD, 0) < 0)
			return err_sys(e, "fcntl");
	return 0;
}

static int open_directories(const struct criu_call *c, int sock, struct err *e)
{
	const char word = OWN_WORD;
	int dirs[2] = { open(c->images_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC),
			open(c->work_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC) };

	if (dirs[0] < 0 || dirs[1] < 0)
		return err_sys(e, "open %s", dirs[0] < 0 ? c->images_name : c->work_name);
	return scm_send(sock, &word, 1, dirs, 2, 0) < 0 ? err_sys(e, "hand over the directories") : 0;
}

static _Noreturn void become_criu(struct criu_call *c, int sock)
{
	char number[] = { '0' + SOCKET_AT, '\0' }, swrk[] = "swrk", word[1 + sizeof(struct err)] = { OWN_WORD };
	char *argv[] = { (char *)c->program, swrk, number, NULL };
	struct err e = { 0 };
	int r = c->cgroup ? cgroup_join(c->cgroup, &e) : 0;

	fault_role("criu");
	signal_defaults(~UINT64_C(0));
	if (r == 0 && c->before)
		r = c->before(c->arg, &e);
	if (r == 0)
		r = open_directories(c, sock, &e);
	if (r == 0)
		r = keep_only(c, sock, &e);
	if (r == 0) {
		sock = SOCKET_AT;
		(void)execvp(c->program, argv);
		(void)err_sys(&e, "%s", c->program);
	}
	memcpy(word + 1, &e, sizeof e);
	(void)send(sock, word, sizeof word, MSG_NOSIGNAL);
	_exit(125);
}

static pid_t start(struct criu_call *c, int pair[2], struct err *e)
{
	int into = c->cgroup ? cgroup_clone_fd(c->cgroup) : -1;
	struct clone_args args = { .exit_signal = SIGCHLD };
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(e, "socketpair");
	if (into >= 0) {
		args.flags = CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)into;
	}
	pid = sys_clone3(&args);
	if (pid == 0)
		become_criu(c, pair[1]);
	close(pair[1]);
	if (pid < 0) {
		(void)err_sys(e, "clone3");
		close(pair[0]);
		return -e->code;
	}
	return pid;
}

static void reap(pid_t pid)
{
	while (waitpid(pid, NULL, __WALL) < 0 && errno == EINTR)
		;
}

/* Until it has answered. What notify() failed with counts more than that criu gives up then. */
static int talk(struct criu_call *c, int sock, struct response *answer, struct err *e)
{
	struct err own = { 0 };
	int dirs[2], r = hear_first(sock, dirs, e);
	scoped_fd images = dirs[0], work = dirs[1];

	if (r == 0)
		r = ask(c, sock, dirs, e);
	if (r == -EPIPE) /* it has ended: what it said before that is still there */
		r = 0;
	if (r == 0)
		do
			r = hear(c, sock, answer, &own, e);
		while (r > 0);
	if (own.code) {
		*e = own;
		return -own.code;
	}
	return r == -EPIPE || (r == 0 && !answer->success) ? failed(c, e) : r;
}

int criu_run(struct criu_call *c, pid_t *ret_pid, struct err *e)
{
	struct response answer = { 0 };
	int pair[2], r;
	pid_t pid = start(c, pair, e);

	if (pid < 0)
		return pid;
	r = talk(c, pair[0], &answer, e);
	close(pair[0]);
	reap(pid);
	if (r == 0 && c->type == CRIU_RESTORE && answer.pid <= 0)
		r = err_set(e, EPROTO, "criu: it does not say what it restored");
	if (r == 0 && c->type == CRIU_RESTORE)
		*ret_pid = answer.pid;
	return r;
}
