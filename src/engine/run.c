/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/run.h"

#include "base/io.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/scope.h"
#include "engine/create.h"
#include "engine/launch.h"
#include "engine/recover.h"
#include "engine/timeline.h"
#include "monitor/control.h"
#include "runtime/plan.h"

#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>

#define REMOVE_LOCK_MS 10000
#define IMPATIENT 3 /* so many interrupts, and the client leaves the container alone, as Docker's does */

/* ---- --plan ------------------------------------------------------------------------------------------------------- */

static void print_warnings(const struct creation *cr)
{
	for (size_t i = 0; i < cr->warnings.n; i++)
		log_warning("%s", cr->warnings.v[i]);
}

static int run_plan(struct engine *en, const struct host *host, struct container_config *c, struct arena *a,
		    struct err *e)
{
	static const struct handed_mount shm = { "/dev/shm", -1 }; /* of another container: its monitor has it */
	scoped_buf out = BUF(LIMIT_CONTROL_MSG);
	struct creation cr;
	struct plan_inputs in;
	struct plan p;
	int r = engine_plan(en, host, c, a, &cr, e);

	if (r < 0)
		return r;
	print_warnings(&cr);
	in = (struct plan_inputs){ .id = cr.id.hex, .root = cr.charter.root, .copy_up = cr.charter.copy_up,
				   .copy_up_count = cr.charter.copy_up_count, .handed = &shm,
				   .handed_count = config_mode_container(c->ipc_mode) != NULL,
				   .die_with_parent = true };
	r = plan_make(&cr.spec, &cr.facts, &in, a, &p, e);
	if (r == 0)
		r = plan_make_filter(&p, e);
	if (r == 0)
		r = plan_print(&p, &out, e);
	if (r == 0)
		r = io_write_all(STDOUT_FILENO, out.p, out.len, e);
	return r;
}

/* ---- the foreground ----------------------------------------------------------------------------------------------- */

struct session {
	struct creation *cr;
	struct timeline *timeline;
	int sock, signals;
	unsigned interrupts;
	bool started, over, left; /* left: something of it could not be removed by its monitor */
	int status; /* when over */
};

static int open_signals(struct session *s, struct err *e)
{
	static const int forwarded[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGCONT, SIGALRM };
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_LEN(forwarded); i++)
		sigaddset(&set, forwarded[i]);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return err_sys(e, "sigprocmask");
	s->signals = signalfd(-1, &set, SFD_CLOEXEC);
	return s->signals < 0 ? err_sys(e, "signalfd") : 0;
}

static int attach_and_start(struct session *s, struct err *e)
{
	const struct container_config *c = s->cr->config;
	int fds[3], n = 0, bits = 0, r = 0;

	if (c->open_stdin && c->attach_stdin) {
		bits |= CONTROL_STDIN;
		fds[n++] = STDIN_FILENO;
	}
	if (c->attach_stdout) {
		bits |= CONTROL_STDOUT;
		fds[n++] = STDOUT_FILENO;
	}
	if (c->attach_stderr) {
		bits |= CONTROL_STDERR;
		fds[n++] = STDERR_FILENO;
	}
	if (n)
		r = control_send(s->sock, &(struct control_message){ .type = CONTROL_ATTACH, .value = bits }, fds, n,
				 e);
	return r < 0 ? r : control_tell(s->sock, CONTROL_START, 0, 0, e);
}

static int forward_signal(struct session *s, struct err *e)
{
	struct signalfd_siginfo info;

	if (read(s->signals, &info, sizeof info) != (ssize_t)sizeof info)
		return err_sys(e, "read a signal");
	if ((info.ssi_signo == SIGINT || info.ssi_signo == SIGTERM) && ++s->interrupts >= IMPATIENT)
		return err_set(e, EINTR, "got %d interrupts, leaving; the container goes on", IMPATIENT);
	return control_tell(s->sock, CONTROL_SIGNAL, (int)info.ssi_signo, 0, e);
}

static int hear(struct session *s, struct err *e)
{
	struct control_message m;
	int fds[3];
	int r = control_receive(s->sock, &m, fds, e);

	if (r < 0)
		return r;
	if (r == 0)
		return err_set(e, EPIPE, "the container's monitor has gone");
	switch (m.type) {
	case CONTROL_CREATED:
	case CONTROL_DONE:
		return 0;
	case CONTROL_STARTED:
		s->started = true;
		timeline_read(s->timeline, s->cr->state_dir);
		timeline_mark(s->timeline, "tare: command runs");
		lock_release(&s->cr->lock);
		s->over = s->cr->config->detach;
		return 0;
	case CONTROL_EXITED:
		timeline_mark(s->timeline, "tare: command has ended");
		s->over = true;
		s->status = m.value;
		s->left = m.err.code;
		return 0;
	case CONTROL_FAILED:
		s->over = true;
		s->status = m.value;
		return err_set(e, m.err.code ? m.err.code : EIO, "%s", m.err.msg);
	default:
		log_warning("%s", m.err.msg);
		return 0;
	}
}

static int converse(struct session *s, struct err *e)
{
	int r = 0;

	while (r == 0 && !s->over) {
		struct pollfd p[] = { { .fd = s->sock, .events = POLLIN }, { .fd = s->signals, .events = POLLIN } };

		if (poll(p, 2, -1) < 0 && errno != EINTR)
			return err_sys(e, "poll");
		if (p[0].revents)
			r = hear(s, e);
		else if (p[1].revents)
			r = forward_signal(s, e);
	}
	return r;
}

static int print_id(const struct creation *cr, struct err *e)
{
	char line[ID_LEN + 2];
	int n = snprintf(line, sizeof line, "%s\n", cr->id.hex);

	return io_write_all(STDOUT_FILENO, line, (size_t)n, e);
}

static bool has_anonymous_volume(const struct creation *cr)
{
	for (size_t i = 0; i < cr->volumes.n; i++)
		if (cr->volumes.v[i].kind == VOLUME_OF_CONTAINER)
			return true;
	return false;
}

/* The monitor has said that it ended; for a container that is removed it leaves the record of it out. Without anything
 * that only the engine can remove, the folders are left to the monitor: nobody needs to wait for the disk. */
static int remove_ended(struct session *s, bool *ret_sweep, struct err *e)
{
	struct creation *cr = s->cr;
	struct lock l = LOCK_NONE;
	scoped_fd dir = -1;
	int r = container_lock(cr->en, cr->id.hex, "remove", REMOVE_LOCK_MS, &l, &dir, NULL, e);

	if (r == -ENOENT) /* `tare rm -f` was quicker */
		return 0;
	if (r < 0)
		return r;
	*ret_sweep = !s->left && !has_anonymous_volume(cr);
	return *ret_sweep ? container_leave_locked(cr->en, cr->id.hex, &l, e) :
			    container_remove_locked(cr->en, cr->id.hex, true, &l, e);
}

/* What stays of a container that did not start: nothing after an engine's error; after 126 and 127 it stays, as with
 * Docker, to be looked at. Its lock is still ours then. */
static int clean_up(struct session *s, int rc, struct err *e)
{
	struct creation *cr = s->cr;
	bool sweep = false;
	int r = 0;

	if (rc < 0 && !s->started) {
		if (s->status == 125 || cr->config->auto_remove)
			r = container_remove_locked(cr->en, cr->id.hex, true, &cr->lock, e);
	} else if (cr->config->auto_remove && s->over && !cr->config->detach) {
		r = remove_ended(s, &sweep, e);
	} else {
		return 0;
	}
	(void)control_tell(s->sock, CONTROL_REAPED, 0, sweep, NULL);
	timeline_mark(s->timeline, "tare: removed");
	return r;
}

static int run_created(struct creation *cr, struct timeline *t, int *ret_status, struct err *e)
{
	struct session s = { .cr = cr, .timeline = t, .sock = -1, .signals = -1, .status = 125 };
	struct err ignored;
	int r = open_signals(&s, e);

	s.sock = fd_take(&cr->monitor);
	if (r == 0)
		r = monitor_proceed(s.sock, e);
	timeline_mark(t, "tare: monitor may go on");
	if (r == 0)
		r = attach_and_start(&s, e);
	if (r == 0)
		r = converse(&s, e);
	if (r == 0 && cr->config->detach)
		r = print_id(cr, e);
	if (r < 0)
		(void)clean_up(&s, r, &ignored);
	else
		r = clean_up(&s, r, e);
	if (s.sock >= 0)
		close(s.sock);
	close(s.signals);
	*ret_status = cr->config->detach && r == 0 ? 0 : s.status;
	return r;
}

static int make_container(struct engine *en, struct container_config *c, const struct run_flags *flags,
			  struct arena *a, struct creation *cr, struct err *e)
{
	int r = engine_create(en, c, true, a, cr, e);

	if (r < 0)
		return r;
	r = creation_write_bundle(cr, flags->trace, e);
	if (r == 0 && flags->created)
		r = flags->created(flags->created_arg, cr->id.hex, e);
	if (r < 0)
		creation_undo(cr);
	return r;
}

static int run_container(struct engine *en, struct container_config *c, const struct run_flags *flags,
			 struct arena *a, int *ret_status, struct err *e)
{
	scoped_buf out = BUF(LIMIT_CONTROL_MSG);
	struct creation cr;
	struct timeline t;
	int r;

	timeline_begin(&t, flags->trace);
	r = make_container(en, c, flags, a, &cr, e);
	timeline_mark(&t, "tare: looked up, checked, recorded");
	if (r == 0) {
		print_warnings(&cr);
		r = run_created(&cr, &t, ret_status, e);
		creation_done(&cr);
	}
	if (flags->trace && timeline_print(&t, &out, NULL) == 0)
		(void)io_write_all(STDERR_FILENO, out.p, out.len, NULL);
	timeline_done(&t);
	return r;
}

int engine_run(struct engine *en, const struct host *host, struct container_config *c, const struct run_flags *flags,
	       int *ret_status, struct err *e)
{
	struct arena a = ARENA(LIMIT_ARENA_SPEC);
	int status = 125, r;

	if (flags->plan) {
		r = run_plan(en, host, c, &a, e);
		status = r < 0 ? 125 : 0;
	} else {
		r = run_container(en, c, flags, &a, &status, e);
	}
	*ret_status = status;
	arena_done(&a);
	return r;
}
